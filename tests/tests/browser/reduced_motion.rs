//! Somebody has asked their system for less motion.

use ackscope_tests::browser::Page;
use serde_json::json;

#[tokio::test]
async fn nothing_moves_by_itself_and_playing_still_works() {
    let page = Page::blank().await;
    page.prefers(&[("prefers-reduced-motion", "reduce")]).await;
    page.go("#acks-1-leader-crash").await;

    let moving = "return [...document.querySelectorAll('*')].filter(it => { const style = getComputedStyle(it); \
                  return style.animationName !== 'none' || style.transitionDuration.split(',').some(time => parseFloat(time) > 0) }).length";
    assert_eq!(page.script(moving).await, json!(0), "transitions and animations");

    let start = page.time().await;
    page.script("[...document.querySelectorAll('[data-testid=speed] button')].at(-1).click()").await;
    page.click("play").await;
    page.until_text("play", "Again").await;
    assert_ne!(page.time().await, start);
}
