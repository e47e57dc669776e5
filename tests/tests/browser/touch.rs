//! Somebody pinches and drags the timeline with their fingers.

use ackscope_tests::browser::Page;
use serde_json::{Value, json};

async fn touch(page: &Page, kind: &str, fingers: &[(f64, f64)]) {
    let points: Vec<Value> =
        fingers.iter().zip(0..).map(|(&(x, y), id)| json!({ "x": x, "y": y, "id": id })).collect();
    page.devtools("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })).await;
}

/// The window that the timeline shows, as its element says it.
async fn window(page: &Page) -> (f64, f64) {
    let data = page
        .script(
            "const it = document.querySelector('[data-testid=timeline]').dataset; return [+it.from, +it.to]",
        )
        .await;
    (data[0].as_f64().expect("a time"), data[1].as_f64().expect("a time"))
}

#[tokio::test]
async fn two_fingers_zoom_and_one_finger_pans() {
    let page = Page::blank().await;
    page.size(360, 740).await;
    page.with_touch().await;
    page.go("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    page.script("document.querySelector('[data-testid=timeline]').scrollIntoView({ block: 'center' })").await;
    let place = page
        .script("const it = document.querySelector('[data-testid=timeline]').getBoundingClientRect(); return [it.left, it.top, it.height]")
        .await;
    let y = place[1].as_f64().unwrap_or_default() + place[2].as_f64().unwrap_or_default() / 2.0;

    let whole = window(&page).await;
    touch(&page, "touchStart", &[(180.0, y), (220.0, y)]).await;
    for spread in [20.0, 40.0, 60.0] {
        touch(&page, "touchMove", &[(180.0 - spread, y), (220.0 + spread, y)]).await;
    }
    touch(&page, "touchEnd", &[]).await;
    let near = window(&page).await;
    assert!(near.1 - near.0 < (whole.1 - whole.0) * 0.9, "{near:?} of {whole:?}");

    touch(&page, "touchStart", &[(200.0, y)]).await;
    for x in [190.0, 160.0, 120.0] {
        touch(&page, "touchMove", &[(x, y)]).await;
    }
    touch(&page, "touchEnd", &[]).await;
    let panned = window(&page).await;
    assert!(panned.0 > near.0 && panned.1 > near.1, "{near:?} became {panned:?}");
}
