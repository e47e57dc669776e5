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

#[tokio::test]
async fn a_browser_that_keeps_the_clipboard_to_itself_has_the_link_in_its_address() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.script("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))").await;
    page.scrub(0.5).await;
    page.click("share-link").await;
    page.until("the address", "return location.hash.includes('t=')").await;
    page.until_text("share-link", "Copied").await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn the_scrubber_is_wide_enough_to_aim_with() {
    let page = Page::open("#acks-1-leader-crash").await;
    for (width, height) in [(1280, 800), (1440, 900), (1920, 1080), (820, 1180)] {
        page.size(width, height).await;
        page.settled().await;
        let wide = page.script("return document.querySelector('[data-testid=scrubber]').clientWidth").await;
        assert!(wide.as_u64() >= Some(200), "{width}: {wide}");
    }
}
