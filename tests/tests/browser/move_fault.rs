//! Somebody takes a fault by its pin on the timeline, or by its entry, and moves it to another time.

use ackscope_tests::browser::{Key, Page};
use serde_json::{Value, json};

async fn hash(page: &Page) -> String {
    page.script("return window.ackscope.traceHash()").await.as_str().expect("a hash").to_owned()
}

async fn until_run(page: &Page, hash: &str, same: bool) {
    let comparison = if same { "===" } else { "!==" };
    page.until("the run", &format!("return window.ackscope.traceHash() {comparison} '{hash}'")).await;
}

/// When the fault list says that an entry happens, in seconds.
async fn at(page: &Page, name: &str) -> f64 {
    let body = "return parseFloat([...document.querySelectorAll('[data-testid=fault]')] \
                .find(entry => entry.querySelector('b').textContent === arguments[0]).querySelector('.done').textContent)";
    page.script_with(body, vec![json!(name)]).await.as_f64().expect("a time")
}

/// Where the pin of broker 2's pause hangs: at the top of its lane, where the axis has 1.2 s. The scenario ends at 16 s, so
/// in true proportion that is a matter of the lane's width.
async fn pin(page: &Page) -> (f64, f64, f64) {
    let place = page
        .script(
            "document.querySelectorAll('.playback [aria-label=Axis] button')[1].click(); \
             const lane = document.querySelector('[data-testid=lane-broker-2]').getBoundingClientRect(); \
             const frame = document.querySelector('[data-testid=timeline] .drawing').getBoundingClientRect(); \
             const [left, right] = [frame.left + 118, frame.right - 14]; \
             return [left + (right - left) * 1.2 / 16, lane.top + 3, (right - left) / 16]",
        )
        .await;
    let number = |index: usize| place[index].as_f64().expect("a place");
    (number(0), number(1), number(2))
}

async fn mouse(page: &Page, kind: &str, (x, y): (f64, f64)) {
    let buttons = i32::from(kind != "mouseReleased");
    let event =
        json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
    page.devtools("Input.dispatchMouseEvent", event).await;
}

#[tokio::test]
async fn a_pin_is_dragged_along_the_timeline_in_one_step() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    let untouched = hash(&page).await;
    assert_eq!(at(&page, "followers stall").await, 1.2);

    let (x, y, second) = pin(&page).await;
    page.settled().await;
    mouse(&page, "mousePressed", (x, y)).await;
    for part in [0.2, 0.6, 1.2] {
        mouse(&page, "mouseMoved", (x + part * second, y + 4.0)).await;
    }
    assert_eq!(hash(&page).await, untouched, "nothing is run while it is carried");
    mouse(&page, "mouseReleased", (x + 1.2 * second, y + 4.0)).await;
    until_run(&page, &untouched, false).await;
    let moved = at(&page, "followers stall").await;
    assert!((moved - 2.4).abs() < 0.05, "{moved}");
    assert_eq!(
        page.attribute("verdict", "data-acked-lost").await.as_deref(),
        Some("0"),
        "too late to lose any"
    );
    // What was moved is what is selected, there and in the list.
    page.until(
        "its entry is marked",
        "return document.querySelector('.faults .selected b')?.textContent === 'followers stall'",
    )
    .await;

    page.click("undo").await;
    until_run(&page, &untouched, true).await;
    assert_eq!(at(&page, "followers stall").await, 1.2);
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_finger_moves_it_too() {
    let page = Page::blank().await;
    page.with_touch().await;
    page.go("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    let untouched = hash(&page).await;
    let (x, y, second) = pin(&page).await;
    page.settled().await;
    let touch = async |kind: &str, points: Value| {
        page.devtools("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })).await;
    };
    // Not quite on it, as fingers are.
    touch("touchStart", json!([{ "x": x + 6.0, "y": y + 6.0 }])).await;
    for part in [0.3, 0.7, 1.0] {
        touch("touchMove", json!([{ "x": x + part * second, "y": y + 6.0 }])).await;
    }
    touch("touchEnd", json!([])).await;
    until_run(&page, &untouched, false).await;
    let moved = at(&page, "followers stall").await;
    assert!((moved - 2.2).abs() < 0.05, "{moved}");
}

#[tokio::test]
async fn keys_move_what_has_the_focus_and_what_is_selected_as_one_step() {
    let page = Page::open("#acks-1-leader-crash").await;
    let untouched = hash(&page).await;
    let focus = "[...document.querySelectorAll('[data-testid=fault]')].find(entry => entry.querySelector('b').textContent === 'leader dies').querySelector('.done').focus()";
    page.script(focus).await;
    let before = at(&page, "leader dies").await;
    for _ in 0..3 {
        page.chord(&[Key::Control.into()], Key::Right).await;
    }
    page.chord(&[Key::Control.into(), Key::Shift.into()], Key::Right).await;
    until_run(&page, &untouched, false).await;
    let after = at(&page, "leader dies").await;
    assert!((after - before - 0.130).abs() < 0.0015, "{before} became {after}");
    page.press('u').await;
    until_run(&page, &untouched, true).await;

    // It waits for something, and cannot come before that.
    page.script(focus).await;
    page.chord(&[Key::Control.into(), Key::Shift.into()], Key::Left).await;
    until_run(&page, &untouched, false).await;
    let earliest = at(&page, "leader dies").await;
    assert!((before - earliest - 0.025).abs() < 0.0015, "{before} became {earliest}");
}
