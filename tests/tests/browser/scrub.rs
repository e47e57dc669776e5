//! Somebody drags the scrubber and shares what they found.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn scrubbing_shows_another_moment_of_the_same_run_and_its_link_leads_back_there() {
    let page = Page::open("#acks-1-leader-crash").await;
    let hash = page.script("return window.ackscope.traceHash()").await;

    page.scrub(0.5).await;
    let half = page.time().await;
    assert!(half.contains("8.0"), "half of sixteen seconds: {half}");
    page.scrub(0.25).await;
    let quarter = page.time().await;
    assert_ne!(quarter, half);
    assert_eq!(page.script("return window.ackscope.traceHash()").await, hash, "time changes nothing");

    page.click("share-link").await;
    let link = page.script("return location.hash").await;
    page.go(link.as_str().expect("a fragment")).await;
    assert_eq!(page.time().await, quarter);
    assert_eq!(page.script("return window.ackscope.traceHash()").await, hash);
}
