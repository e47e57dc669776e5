//! Somebody looks at a stretch of the run again and again.

use ackscope_tests::browser::Page;
use serde_json::json;

/// The present, in seconds.
const NOW: &str = "parseFloat(document.querySelector('[data-testid=time]').textContent)";

async fn now(page: &Page) -> f64 {
    page.script(&format!("return {NOW}")).await.as_f64().expect("a time")
}

async fn is_pressed(page: &Page) -> bool {
    page.attribute("repeat", "aria-pressed").await.as_deref() == Some("true")
}

#[tokio::test]
async fn a_stretch_is_chosen_with_keys_repeated_and_let_go() {
    let page = Page::open("#acks-1-leader-crash?t=2200ms").await;
    page.press('b').await;
    for _ in 0..6 {
        page.press(ackscope_tests::browser::Key::Right).await;
    }
    let end = now(&page).await;
    assert!(end > 2.2 && end < 2.4, "{end}");
    page.press('n').await;
    assert!(is_pressed(&page).await);
    // From its end it begins anew, and never leaves.
    page.script(&format!(
        "window.seen = []; (function look() {{ window.seen.push({NOW}); requestAnimationFrame(look); }})()"
    ))
    .await;
    page.script("document.querySelectorAll('[data-testid=speed] button')[2].click()").await;
    page.click("play").await;
    page.until(
        "it has begun anew twice",
        "return window.seen.filter((time, i, all) => i && time < all[i - 1]).length > 2",
    )
    .await;
    page.click("play").await;
    let range = page.script("return [Math.min(...window.seen), Math.max(...window.seen)]").await;
    let (least, most) = (range[0].as_f64().unwrap_or_default(), range[1].as_f64().unwrap_or_default());
    assert!(least >= 2.2 && most <= end, "{range} beyond 2.2 to {end}");
    page.press('p').await;
    assert!(!is_pressed(&page).await);
}

#[tokio::test]
async fn a_stretch_is_chosen_with_the_mouse_and_its_edge_moved() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    let frame = page
        .script(
            "document.querySelectorAll('.playback [aria-label=Axis] button')[1].click(); \
             const box = document.querySelector('[data-testid=timeline] .drawing').getBoundingClientRect(); \
             return [box.left + 118, box.right - 14, box.top + 43]",
        )
        .await;
    let (left, right, y) = (
        frame[0].as_f64().unwrap_or_default(),
        frame[1].as_f64().unwrap_or_default(),
        frame[2].as_f64().unwrap_or_default(),
    );
    let x = |second: f64| left + (right - left) * second / 16.0;
    let mouse = async |kind: &str, second: f64, shift: bool| {
        let event = json!({ "type": kind, "x": x(second), "y": y, "button": "left", "buttons": i32::from(kind != "mouseReleased"),
                            "clickCount": 1, "modifiers": if shift { 8 } else { 0 } });
        page.devtools("Input.dispatchMouseEvent", event).await;
    };
    page.settled().await;
    mouse("mousePressed", 4.0, true).await;
    mouse("mouseMoved", 6.0, true).await;
    mouse("mouseMoved", 8.0, true).await;
    mouse("mouseReleased", 8.0, true).await;
    assert!(is_pressed(&page).await);
    assert_eq!(now(&page).await, 16.0, "choosing is not scrubbing");

    // The right edge on to 12 s; playing from the end of the run then begins at 4 s.
    mouse("mousePressed", 8.0, false).await;
    mouse("mouseMoved", 10.0, false).await;
    mouse("mouseMoved", 12.0, false).await;
    mouse("mouseReleased", 12.0, false).await;
    page.click("play").await;
    page.click("play").await;
    let begun = now(&page).await;
    assert!((3.9..12.1).contains(&begun), "{begun}");
    page.click("repeat").await;
    assert!(!is_pressed(&page).await);
    assert_eq!(page.console_errors().await, [""; 0]);
}
