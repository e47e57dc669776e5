//! Somebody changes how the timeline is looked at: axis, zoom, lanes, kinds of messages.

use ackscope_tests::browser::Page;
use serde_json::json;

async fn picture(page: &Page) -> String {
    page.settled().await;
    page.script("return document.querySelector('[data-testid=timeline] canvas').toDataURL()")
        .await
        .to_string()
}

async fn width(page: &Page) -> f64 {
    let width = page
        .script("const it = document.querySelector('[data-testid=timeline]').dataset; return it.to - it.from")
        .await;
    width.as_f64().expect("a length of time")
}

#[tokio::test]
async fn zoom_goes_in_at_the_pointer_and_fit_shows_everything_again() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    let whole = width(&page).await;
    page.script(
        "const it = document.querySelector('[data-testid=timeline] .drawing'), box = it.getBoundingClientRect(); \
         it.dispatchEvent(new WheelEvent('wheel', { deltaY: -400, ctrlKey: true, bubbles: true, cancelable: true, clientX: box.left + 500, clientY: box.top + 150 }))",
    )
    .await;
    let near = width(&page).await;
    assert!(near < whole * 0.8, "{near} of {whole}");
    page.press('s').await;
    assert!(width(&page).await > near);
    page.click("fit").await;
    assert_eq!(width(&page).await, whole);
}

#[tokio::test]
async fn axis_lanes_and_kinds_can_be_changed_and_come_back() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    let first = picture(&page).await;

    for button in [1, 2] {
        page.script(&format!(
            "document.querySelectorAll('.playback [aria-label=Axis] button')[{button}].click()"
        ))
        .await;
        assert_ne!(picture(&page).await, first, "another axis, another picture");
    }
    page.script("document.querySelectorAll('.playback [aria-label=Axis] button')[0].click()").await;
    assert_eq!(picture(&page).await, first);

    page.click("viewing").await;
    page.click("kind-produce").await;
    assert_ne!(picture(&page).await, first, "without requests");
    page.click("kind-produce").await;
    page.click("shows-broker-3").await;
    page.until("one lane less", "return !document.querySelector('[data-testid=lane-broker-3]')").await;
    page.click("shows-broker-3").await;
    page.until("all lanes", "return !!document.querySelector('[data-testid=lane-broker-3]')").await;
    page.press(ackscope_tests::browser::Key::Escape).await;

    let fold =
        "document.querySelector('[data-testid=lane-broker-2] :is([aria-label^=Fold], [aria-label^=Unfold])')";
    let height = "return document.querySelector('[data-testid=lane-broker-2]').offsetHeight";
    let tall = page.script(height).await;
    page.script(&format!("{fold}.click()")).await;
    assert!(page.script(height).await.as_f64() < tall.as_f64(), "a folded lane is slim");
    page.script(&format!("{fold}.click()")).await;
    assert_eq!(page.script(height).await, tall);
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn what_is_selected_is_the_same_on_stage_timeline_and_grid() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(0.5).await;
    let before = picture(&page).await;
    page.click("record-7").await;
    assert_ne!(picture(&page).await, before, "the timeline shows it too");
    assert_eq!(page.attribute("record-7", "aria-pressed").await, Some("true".to_owned()));
    page.press(ackscope_tests::browser::Key::Escape).await;
    assert_eq!(picture(&page).await, before);
    let pressed = page
        .script("return document.querySelectorAll('[data-testid=record-grid] [aria-pressed=true]').length")
        .await;
    assert_eq!(pressed, json!(0));
}
