//! Somebody follows one node, event by event.

use ackscope_tests::browser::Page;

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
    page.press(ackscope_tests::browser::Key::Home).await;
    page.script("document.querySelector('[data-testid=lane-producer-p] .lane-name').focus()").await;
    page.press('j').await;
    assert_eq!(time(&page).await, 0.1);
    assert_eq!(page.console_errors().await, [""; 0]);
}
