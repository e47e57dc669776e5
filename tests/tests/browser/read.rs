//! Somebody reads the run instead of watching it.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn the_transcript_is_a_table_and_its_times_lead_to_their_moments() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.until("rows", "return document.querySelectorAll('[data-testid=transcript] tbody tr').length > 20")
        .await;
    let told = page
        .script("return document.querySelector('[data-testid=transcript] table').textContent")
        .await
        .to_string();
    for words in ["Time", "Where", "broker-1", "is killed", "truncates"] {
        assert!(told.contains(words), "the transcript lacks {words:?}");
    }
    let start = page.time().await;
    page.script("[...document.querySelectorAll('[data-testid=transcript] tbody button')].at(-1).click()")
        .await;
    assert_ne!(page.time().await, start);
    let live =
        page.script("return document.querySelector('[data-testid=narration]').getAttribute('role')").await;
    assert_eq!(live, "status", "narration is read out");
}

#[tokio::test]
async fn a_chosen_node_says_what_it_is_and_has_at_this_moment() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    let says = |words: &str| {
        format!("return document.querySelector('[data-testid=why]').textContent.includes('{words}')")
    };
    for (name, words) in [
        ("broker 2", "orders-0: leader, epoch 1, in the ISR, high watermark 10, log end 10."),
        ("producer", "acks=1: 15 sent, 15 acknowledged, 0 failed."),
        ("controller", "orders-0: ISR [1, 2, 3]."),
        ("consumer", "10 read, x4 the last."),
    ] {
        page.press('/').await;
        page.fill("search-field", name).await;
        page.script("document.querySelector('[data-testid=search] li button').click()").await;
        page.until(words, &says(words)).await;
    }
    page.scrub(0.0).await;
    page.until("the start", &says("Nothing read yet.")).await;
    assert_eq!(page.console_errors().await, [""; 0]);
}
