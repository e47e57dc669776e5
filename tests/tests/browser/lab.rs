//! Somebody opens the batching lab.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn the_chart_fills_in_and_another_seed_draws_another() {
    let page = Page::open("#lab").await;
    let drawn = "return document.querySelector('[data-testid=chart] svg') !== null";
    page.until("a chart", drawn).await;
    let picture = "return document.querySelector('[data-testid=chart]').innerHTML";
    let first = page.script(picture).await;
    page.click("another-seed").await;
    page.until("it begins anew", "return document.documentElement.dataset.ready !== 'true'").await;
    page.click("cancel").await;
    page.until(
        "it stops",
        "return document.querySelector('[data-testid=progress]').innerText.includes('stopped')",
    )
    .await;
    assert!(first.as_str().is_some_and(|svg| svg.contains("linger")), "the axes have names");
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn nothing_of_the_lab_is_fetched_before_it_is_opened() {
    let page = Page::open("#healthy").await;
    assert!(page.requested().await.iter().all(|address| !address.contains("lab-worker")));
    page.go("#lab").await;
    assert!(page.requested().await.iter().any(|address| address.contains("lab-worker")));
}
