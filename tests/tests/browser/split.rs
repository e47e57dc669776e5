//! Somebody wants more room for the settings.

use ackscope_tests::browser::{Key, Page};
use serde_json::json;

#[tokio::test]
async fn the_bar_between_verdict_and_changes_is_dragged_and_moved_with_keys() {
    let page = Page::open("#healthy").await;
    let height = "return Math.round(document.querySelector('.change').getBoundingClientRect().height)";
    let usual = page.script(height).await.as_u64().expect("a height");
    let place = page
        .script("const box = document.querySelector('[data-testid=split]').getBoundingClientRect(); return [box.x + box.width / 2, box.y + 6]")
        .await;
    let mouse = async |kind: &str, up: f64| {
        let y = place[1].as_f64().expect("a place") - up;
        let event =
            json!({ "type": kind, "x": place[0], "y": y, "button": "left", "buttons": 1, "clickCount": 1 });
        page.devtools("Input.dispatchMouseEvent", event).await;
    };
    mouse("mousePressed", 0.0).await;
    mouse("mouseMoved", 80.0).await;
    mouse("mouseMoved", 160.0).await;
    mouse("mouseReleased", 160.0).await;
    let tall = page.script(height).await.as_u64().expect("a height");
    assert!(tall.abs_diff(usual + 160) < 24, "{usual} became {tall}");

    page.script("document.querySelector('[data-testid=split]').focus()").await;
    page.press(Key::Down).await;
    let lower = page.script(height).await.as_u64().expect("a height");
    assert!(lower < tall, "{tall} became {lower}");
    page.press(Key::Enter).await;
    assert_eq!(page.script(height).await.as_u64(), Some(usual));
    assert_eq!(page.console_errors().await, [""; 0]);
}
