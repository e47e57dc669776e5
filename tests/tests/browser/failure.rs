//! Somebody comes upon a fault of the page itself: what they were at is not lost, and they can report it.

use ackscope_tests::browser::Page;

#[tokio::test]
async fn a_panic_shows_its_message_the_scenario_with_its_changes_and_how_to_report_it() {
    let page = Page::open("").await;
    page.wake().await;
    page.fill("setting-acks", "all").await;
    page.until("no loss", "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'")
        .await;
    let changed = page.script("return ackscope.traceHash()").await;

    // A canvas that cannot be drawn on is one of the few things that the page does not expect of any browser.
    page.script(
        "HTMLCanvasElement.prototype.getContext = () => null; \
         document.querySelector('[data-testid=gallery] .thumbnail').scrollIntoView()",
    )
    .await;
    page.until("the panel", "return !!document.querySelector('[role=alertdialog]')").await;
    let report = page.script("return document.querySelector('#failure pre').textContent").await;
    let report = report.as_str().unwrap_or_default().to_owned();
    assert!(report.contains("draws on a canvas"), "{report}");
    let words = page.script("return document.querySelector('#failure').innerText").await.to_string();
    assert!(words.contains("copy it into an issue") && words.contains("Reload"), "{words}");

    let (_, link) = report.split_once("scenario: ").expect("the report names the scenario");
    page.load(link.trim()).await;
    page.ready().await;
    assert_eq!(page.script("return ackscope.traceHash()").await, changed, "the link leads to the same run");
}
