//! Somebody finds a point of the lab's chart worth looking at, and opens its run.

use ackscope_tests::browser::{Key, Page};

#[tokio::test]
async fn a_cell_opens_its_run_with_a_click_and_with_enter() {
    let page = Page::open("#lab").await;
    let open = "return document.activeElement.dataset.testid";
    page.script("document.querySelector('[data-testid=run-5-16384]').focus()").await;
    page.press(Key::Right).await;
    page.press(Key::Up).await;
    assert_eq!(page.script(open).await, "run-10-32768");
    page.press(Key::Enter).await;
    page.until("a scenario", "return location.hash.startsWith('#v1.') && document.documentElement.dataset.ready === 'true' && !!document.querySelector('[data-testid=verdict]')").await;
    let value = |key: &str| format!("return document.querySelector('[data-testid=\"setting-{key}\"]').value");
    assert_eq!(page.script(&value("linger.ms")).await, "10");
    assert_eq!(page.script(&value("batch.size")).await, "32768");
    assert_eq!(page.attribute("verdict", "data-kept").await.as_deref(), Some("4000"), "all that were sent");

    // Back in the lab, with the mouse, from the other chart.
    page.go("#lab").await;
    page.script("document.querySelector('[data-testid=dot-0-1024]').click()").await;
    page.until(
        "a scenario",
        "return location.hash.startsWith('#v1.') && document.documentElement.dataset.ready === 'true' && !!document.querySelector('[data-testid=verdict]')",
    )
    .await;
    assert_eq!(page.script(&value("linger.ms")).await, "0");
    assert_eq!(page.script(&value("batch.size")).await, "1024");
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_load_of_a_scenario_is_taken_to_the_lab() {
    let page = Page::open("#batch-size-underfilled").await;
    page.click("to-lab").await;
    page.until(
        "the lab",
        "return location.hash === '#lab' && !!document.querySelector('[data-testid=chart]')",
    )
    .await;
    let field = |label: &str| format!("return document.querySelector('[aria-label=\"{label}\"]').value");
    assert_eq!(page.script(&field("Records per second of each producer")).await, "500");
    assert_eq!(page.script(&field("Bytes of a record")).await, "100");
    // A story has no load to take along.
    page.go("#healthy").await;
    assert_eq!(
        page.script("return document.querySelector('[data-testid=to-lab]')").await,
        serde_json::Value::Null
    );
}
