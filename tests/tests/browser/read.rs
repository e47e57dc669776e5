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
