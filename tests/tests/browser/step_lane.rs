//! Somebody follows one node, event by event.

use ackscope_tests::browser::{Key, Page};

async fn time(page: &Page) -> f64 {
    let time =
        page.script("return parseFloat(document.querySelector('[data-testid=time]').textContent)").await;
    time.as_f64().expect("a time")
}

#[tokio::test]
async fn buttons_in_the_gutter_and_keys_step_along_one_lane() {
    let page = Page::open("#acks-1-leader-crash").await;
    let next = "document.querySelector('[data-testid=lane-controller] [aria-label^=Next]').click()";
    page.script(next).await;
    let first = time(&page).await;
    page.script(next).await;
    let second = time(&page).await;
    let events = "return +document.querySelector('[data-testid=time]').textContent.match(/event (\\d+)/)[1]";
    let events = page.script(events).await.as_u64();
    assert!(events > Some(10), "what others did in between was passed by: {events:?}");
    assert!(0.0 < first && first < second, "{first}, {second}");
    // The keys go on where the buttons were.
    page.press('h').await;
    assert_eq!(time(&page).await, first);
    page.press('j').await;
    assert_eq!(time(&page).await, second);

    // Another lane has other events: the producer's first is its first send, long before.
    page.press(Key::Home).await;
    page.script("document.querySelector('[data-testid=lane-producer-p] .lane-name').focus()").await;
    page.press('j').await;
    assert_eq!(time(&page).await, 0.1);
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn the_gutter_is_one_stop_for_tab_and_arrows_go_about_in_it() {
    let page = Page::open("#acks-1-leader-crash?t=2s").await;
    let stops =
        "return [...document.querySelectorAll('.lanes button')].filter(it => it.tabIndex === 0).length";
    assert_eq!(page.script(stops).await, 1);
    page.script("[...document.querySelectorAll('.lanes button')].find(it => it.tabIndex === 0).focus()")
        .await;
    let focused = "const it = document.activeElement; return it.ariaLabel || it.textContent";
    assert_eq!(page.script(focused).await, "Producer");
    for (key, want) in [
        (Key::Down, "Broker 1"),
        (Key::Right, "Previous event of Broker 1"),
        (Key::Down, "Previous event of Broker 2"),
        (Key::Left, "Broker 2"),
        (Key::Left, "Broker 2"),
        (Key::End, "Consumer"),
        (Key::Down, "Consumer"),
        (Key::Home, "Producer"),
        (Key::Up, "Producer"),
        (Key::Down, "Broker 1"),
    ] {
        page.press(key).await;
        assert_eq!(page.script(focused).await, want);
        assert_eq!(page.script(stops).await, 1);
    }
    assert!(page.time().await.contains("2.000 s"), "arrows went about in the gutter, not through the run");
    // What is pressed there stays under the finger, though the lanes are drawn anew.
    for _ in 0..3 {
        page.press(Key::Right).await;
    }
    assert_eq!(page.script(focused).await, "Fold Broker 1");
    page.press(Key::Enter).await;
    page.until("it is folded", "return document.activeElement.ariaLabel === 'Unfold Broker 1'").await;
    page.press(Key::Right).await;
    page.press(Key::Enter).await;
    page.until(
        "it went up",
        "return document.activeElement.ariaLabel === 'Move up Broker 1' && document.querySelector('.lanes').firstElementChild.contains(document.activeElement)",
    )
    .await;
    assert_eq!(page.script(stops).await, 1);
}
