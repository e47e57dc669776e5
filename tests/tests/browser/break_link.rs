//! Somebody takes a link on the stage and does something to it.

use ackscope_tests::browser::{Key, Page};
use serde_json::json;

async fn hash(page: &Page) -> String {
    page.script("return window.ackscope.traceHash()").await.as_str().expect("a hash").to_owned()
}

async fn entries(page: &Page) -> String {
    let names =
        "return [...document.querySelectorAll('.faults .new b')].map(name => name.textContent).join()";
    page.script(names).await.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_link_is_cut_one_way_with_the_mouse() {
    let page = Page::open("#healthy?t=450ms").await;
    let untouched = hash(&page).await;
    let place = page
        .script("const box = document.querySelector('[data-testid=link-producer-p-broker-1]').getBoundingClientRect(); return [box.x + 8, box.y + 8]")
        .await;
    for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
        let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
        page.devtools("Input.dispatchMouseEvent", event).await;
    }
    page.find("link-verbs").await;
    page.script("document.querySelector('[data-testid=way-broker-1-producer-p] [data-testid=verb-cut-one-way]').click()").await;
    page.until("another run", &format!("return window.ackscope.traceHash() !== '{untouched}'")).await;
    assert_eq!(entries(&page).await, "cut broker-1 to producer-p");
    page.until("the menu makes room", "return !document.querySelector('[data-testid=link-verbs]')").await;
    page.click("undo").await;
    page.until("the run before", &format!("return window.ackscope.traceHash() === '{untouched}'")).await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn every_verb_of_a_link_can_be_reached_with_keys() {
    let page = Page::open("#healthy?t=450ms").await;
    let untouched = hash(&page).await;
    // One stop for Tab, arrows from link to link.
    let stops = page.script("const stops = [...document.querySelectorAll('.links button')].filter(it => it.tabIndex === 0); stops[0].focus(); return stops.length").await;
    assert_eq!(stops, json!(1));
    let focused = "return document.activeElement.dataset.testid";
    assert_eq!(page.script(focused).await, json!("link-producer-p-broker-1"));
    page.press(Key::Right).await;
    assert_eq!(page.script(focused).await, json!("link-producer-p-broker-2"));
    page.press(Key::Left).await;
    assert!(page.time().await.contains("0.450 s"), "arrows went from link to link, not from event to event");
    let label = page.script("return document.activeElement.ariaLabel").await;
    assert_eq!(label, json!("Link between producer-p and broker-1"));

    page.press(Key::Enter).await;
    page.find("link-verbs").await;
    let verbs = page
        .script("return [...document.querySelectorAll('[data-testid=link-verbs] button')].map(verb => verb.textContent)")
        .await;
    for verb in
        ["Cut", "Cut one way", "Heal", "Slow link", "Close connection", "Drop", "Delay", "Hold", "Duplicate"]
    {
        assert!(verbs.as_array().is_some_and(|all| all.contains(&json!(verb))), "{verb} is not in {verbs}");
    }
    page.press(Key::Escape).await;
    page.until("it is closed", "return !document.querySelector('[data-testid=link-verbs]')").await;
    page.press(Key::Enter).await;
    page.press(Key::Tab).await;
    page.press(Key::Tab).await;
    assert_eq!(page.script(focused).await, json!("verb-cut"), "the menu comes next");
    page.press(Key::Enter).await;
    page.until("another run", &format!("return window.ackscope.traceHash() !== '{untouched}'")).await;
    assert_eq!(entries(&page).await, "cut producer-p and broker-1");
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn the_next_message_of_a_kind_is_held_and_a_connection_closed() {
    let page = Page::open("#healthy?t=450ms").await;
    for (place, verb, entry) in [
        ("[data-testid=way-producer-p-broker-1]", "verb-hold", "hold produce request of producer-p"),
        ("[data-testid=link-verbs]", "verb-close", "close producer-p and broker-1"),
    ] {
        let before = hash(&page).await;
        page.script("document.querySelector('[data-testid=link-producer-p-broker-1]').click()").await;
        page.find("link-verbs").await;
        page.script(&format!("document.querySelector('{place} [data-testid={verb}]').click()")).await;
        page.until("another run", &format!("return window.ackscope.traceHash() !== '{before}'")).await;
        assert!(entries(&page).await.contains(entry), "{}", entries(&page).await);
    }
}

/// A phone's stage has no room for handles: it lists the links by name.
#[tokio::test]
async fn on_a_phone_a_link_is_cut_with_a_finger() {
    let page = Page::blank().await;
    page.size(360, 740).await;
    page.with_touch().await;
    page.go("#healthy?t=450ms").await;
    let untouched = hash(&page).await;
    for id in ["break-link", "link-broker-1-broker-2", "verb-cut"] {
        let place = page
            .script(&format!(
                "const it = document.querySelector('.stage [data-testid={id}]'); it.scrollIntoView({{ block: 'center' }}); \
                 const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2, Math.min(box.width, box.height)]"
            ))
            .await;
        assert!(place[2].as_f64() >= Some(44.0), "{id} is too small for a finger: {place}");
        let finger = json!([{ "x": place[0], "y": place[1] }]);
        page.devtools("Input.dispatchTouchEvent", json!({ "type": "touchStart", "touchPoints": finger }))
            .await;
        page.devtools("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await;
        if id == "link-broker-1-broker-2" {
            page.find("way-broker-1-broker-2").await;
        } else if id == "break-link" {
            let all = "return document.querySelectorAll('.links button').length";
            page.until(
                "the links are listed",
                "return !document.querySelector('.links').classList.contains('shut')",
            )
            .await;
            assert_eq!(page.script(all).await, json!(12));
        }
    }
    page.until("another run", &format!("return window.ackscope.traceHash() !== '{untouched}'")).await;
    assert_eq!(entries(&page).await, "cut broker-1 and broker-2");
    assert_eq!(page.console_errors().await, [""; 0]);
}
