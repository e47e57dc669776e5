//! Somebody has no mouse.

use ackscope_tests::browser::{Key, Page};
use serde_json::json;

#[tokio::test]
async fn keys_alone_play_step_jump_zoom_and_help() {
    let page = Page::open("#acks-1-leader-crash").await;

    let start = page.time().await;
    page.press(Key::Right).await;
    let one = page.time().await;
    assert_ne!(one, start);
    page.press(Key::Left).await;
    assert_eq!(page.time().await, start);
    page.press(Key::End).await;
    let end = page.time().await;
    page.press(Key::Home).await;
    assert_eq!(page.time().await, start);
    page.press(']').await;
    let moment = page.time().await;
    assert!(moment != start && moment != end);
    page.press('[').await;
    assert_eq!(page.time().await, start);

    page.press(' ').await;
    page.until_text("play", "Pause").await;
    page.press(' ').await;
    page.until_text("play", "Play").await;

    page.press('?').await;
    page.until("the help", "return document.querySelector('dialog.help').open").await;
    page.press(Key::Escape).await;
    page.until("no help", "return !document.querySelector('dialog.help').open").await;

    page.press('/').await;
    page.until("the search", "return document.activeElement.dataset.testid === 'search-field'").await;
    for letter in ['w', '2'] {
        page.press(letter).await;
    }
    page.press(Key::Enter).await;
    page.until(
        "w2 is explained",
        "return document.querySelector('[data-testid=why]').textContent.startsWith('w2')",
    )
    .await;
}

#[tokio::test]
async fn the_first_tab_leads_past_the_bar_and_every_stop_shows_where_it_is() {
    let page = Page::open("#acks-1-leader-crash").await;

    page.press(Key::Tab).await;
    assert_eq!(page.script("return document.activeElement.className").await, "skip");
    page.press(Key::Enter).await;
    assert_eq!(page.script("return document.activeElement.id").await, "main");

    let mut stops = Vec::new();
    for _ in 0..40 {
        page.press(Key::Tab).await;
        let stop = page
            .script(
                "const it = document.activeElement, style = getComputedStyle(it); \
                 return [it.tagName + ' ' + (it.dataset.testid || it.getAttribute('aria-label') || it.textContent.trim().slice(0, 20)), \
                 style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]",
            )
            .await;
        assert_eq!(stop[1], json!(true), "no focus ring on {}", stop[0]);
        stops.push(stop[0].to_string());
    }
    for wanted in ["play", "step-forward", "scrubber"] {
        assert!(stops.iter().any(|stop| stop.contains(wanted)), "Tab never reaches {wanted}: {stops:#?}");
    }
}
