//! Somebody opens the page on a phone.

use ackscope_tests::browser::Page;
use serde_json::json;

#[tokio::test]
async fn at_360_pixels_nothing_runs_out_sideways_and_everything_is_large_enough_for_a_finger() {
    let page = Page::blank().await;
    page.size(360, 740).await;
    page.with_touch().await;
    for view in ["", "#acks-1-leader-crash", "#gallery", "#lab", "#about", "#keys-and-partitions"] {
        page.go(view).await;
        let width = page.script("return document.documentElement.scrollWidth").await;
        assert_eq!(width, json!(360), "{view:?} scrolls sideways");
        let small = "return [...document.querySelectorAll('.player button:not(.skip), .player a, .player select, .top a')].filter(it => { \
                     const box = it.getBoundingClientRect(); return it.checkVisibility() && box.width > 0 && !it.closest('p, .change, .dense') \
                     && (box.height < 43.5 || box.width < 43.5) }).map(it => it.outerHTML.slice(0, 120))";
        assert_eq!(page.script(small).await, json!([]), "{view:?}: too small for a finger");
    }
    page.go("#acks-1-leader-crash").await;
    let inside = "const box = document.querySelector('[data-testid=play]').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight";
    assert_eq!(page.script(inside).await, json!(true), "Play is in reach at once");
}
