//! Everything that outside checks rely on is there, without a click, at 1280 × 800.

use ackscope_tests::browser::Page;
use serde_json::json;

#[tokio::test]
async fn a_scenario_shows_its_parts_without_a_click() {
    let page = Page::open("#acks-1-leader-crash").await;
    for id in [
        "stage",
        "timeline",
        "play",
        "step-forward",
        "step-back",
        "scrubber",
        "time",
        "speed",
        "next-moment",
        "previous-moment",
        "narration",
        "verdict",
        "record-grid",
        "record-0",
        "why",
        "share-link",
        "transcript",
        "lane-broker-1",
        "lane-broker-2",
        "lane-controller",
        "lane-producer-p",
        "lane-consumer-c",
    ] {
        let there = format!(
            "const it = document.querySelector(\"[data-testid='{id}']\"); return !!it && it.checkVisibility()"
        );
        assert_eq!(page.script(&there).await, json!(true), "{id} is not there");
    }
    for id in [
        "stage",
        "timeline",
        "play",
        "scrubber",
        "time",
        "speed",
        "narration",
        "verdict",
        "record-grid",
        "why",
    ] {
        let inside = format!(
            "const box = document.querySelector(\"[data-testid='{id}']\").getBoundingClientRect(); \
                              return box.top >= 0 && box.top < innerHeight - 20 && box.left >= 0 && box.right <= innerWidth"
        );
        assert_eq!(page.script(&inside).await, json!(true), "{id} is not in sight at 1280 × 800");
    }
    let cut = "const it = document.querySelector('h1'); return it.scrollWidth > it.clientWidth + 1 || it.scrollHeight > it.clientHeight + 3";
    assert_eq!(page.script(cut).await, json!(false), "the question is cut off");
}

#[tokio::test]
async fn every_view_says_when_it_is_complete_and_what_it_is() {
    let page = Page::open("").await;
    for (route, title, part) in [
        ("#gallery", "Library · Ackscope", "gallery"),
        ("#about", "About · Ackscope", "agreement"),
        ("#healthy", "", "stage"),
    ] {
        page.follow(route).await;
        page.find(part).await;
        let shown = page.client().title().await.expect("a title");
        assert!(shown.contains(title) && shown.ends_with("· Ackscope"), "{route}: {shown}");
    }
}
