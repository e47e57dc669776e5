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

#[tokio::test]
async fn speed_search_and_the_other_views_are_in_reach_of_a_thumb() {
    let page = Page::blank().await;
    page.size(360, 740).await;
    page.with_touch().await;
    page.go("#acks-1-leader-crash").await;
    page.click("viewing").await;
    page.script(
        "[...document.querySelectorAll('[data-testid=viewing-panel] [aria-label=Speed] button')].find(it => it.innerText === '4×').click()",
    )
    .await;
    let fast = "return [...document.querySelectorAll('[data-testid=viewing-panel] [aria-label=Speed] button')].find(it => it.innerText === '4×').ariaPressed === 'true'";
    page.until("four times as fast", fast).await;
    page.script("document.querySelector('[data-testid=viewing-panel]').hidePopover()").await;

    page.script("document.querySelector('.top [aria-label=Search]').click()").await;
    page.fill("search-field", "about").await;
    page.script("[...document.querySelectorAll('[data-testid=search] li button')].find(it => it.innerText.includes('view')).click()").await;
    page.until("the page about it", "return document.querySelector('main.about') !== null").await;
    let links = page
        .script(
            "return [...document.querySelectorAll('.top nav a')].filter(it => it.checkVisibility()).length",
        )
        .await;
    assert_eq!(links, json!(3), "and a way on from there");
}

#[tokio::test]
async fn the_labs_charts_are_drawn_for_the_narrow_screen() {
    let page = Page::blank().await;
    page.size(390, 844).await;
    page.go("#lab").await;
    let scale = "const chart = document.querySelector('[data-testid=chart] svg'); return chart.getBoundingClientRect().width / chart.viewBox.baseVal.width";
    let scale = page.script(scale).await;
    assert!(scale.as_f64() > Some(0.9), "its text is as small as {scale} of what it should be");
}
