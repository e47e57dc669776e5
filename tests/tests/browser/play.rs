//! Somebody arrives and presses Play.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn the_landing_page_waits_at_the_start_and_tells_the_verdict_only_when_it_is_reached() {
    let page = Page::open("").await;
    page.wake().await;

    let question = page.client().find(fantoccini::Locator::Css("h1")).await.expect("a heading");
    assert!(question.text().await.expect("its text").ends_with('?'));
    page.until_text("play", "Play").await;
    assert!(page.text("time").await.starts_with("0"));
    assert_eq!(
        page.attribute("verdict", "data-acked-lost").await.as_deref(),
        Some("5"),
        "the totals are there at once"
    );
    assert!(!page.text("verdict").await.contains('5'), "and its words are not");

    page.script("[...document.querySelectorAll('[data-testid=speed] button')].at(-1).click()").await;
    page.click("play").await;
    page.until_text("play", "Pause").await;
    page.until_text("play", "Again").await;
    assert!(page.text("verdict").await.contains("5 of 15 acknowledged records are lost"));
    let totals = page.script("return [...document.querySelectorAll('[data-testid=totals] tr')].map(row => [...row.cells].map(cell => cell.innerText))").await;
    assert_eq!(totals, serde_json::json!([["offered", "kept", "acknowledged, lost"], ["15", "10", "5"]]));
    assert_eq!(page.console_errors().await, [""; 0]);
}
