//! Somebody looks for how far a scenario can be trusted: only the library's own, unchanged, says that it was recorded.

use ackscope_scenario::link::{self, View};
use ackscope_tests::browser::Page;
use serde_json::json;

const BADGE: &str = "return !!document.querySelector('[data-testid=badge]')";
const NONE: &str = "return !document.querySelector('[data-testid=badge]') && !!document.querySelector('[data-testid=no-badge]')";

#[tokio::test]
async fn it_goes_with_the_first_change_and_comes_back_with_its_undoing() {
    let page = Page::open("#acks-1-leader-crash").await;
    let words = page.text("badge").await;
    assert_eq!(
        words,
        "Checked against a recorded run of real Kafka 4.3.1: acks1-followers-paused-leader-killed"
    );
    page.fill("setting-linger.ms", "7").await;
    page.until("no badge", NONE).await;
    page.script("document.querySelector('[data-testid=keep-run]').click()").await;
    page.settled().await;
    assert_eq!(page.script(NONE).await, json!(true), "what is kept is no more recorded than before");
    page.script("document.querySelector('[data-testid=undo]').click()").await;
    page.until("the badge", BADGE).await;
    page.fill("setting-kafka.version", "3.9").await;
    page.until("no badge", NONE).await;
}

#[tokio::test]
async fn it_leads_to_its_row_of_the_table() {
    let page = Page::open("#kip-101-loss").await;
    assert!(page.text("badge").await.ends_with("kip101-loss@0.10.2.2"), "of the release that is shown");
    page.script("document.querySelector('[data-testid=badge] a').click()").await;
    page.until("the row", "return document.querySelector('[aria-current]')?.closest('[data-testid=agreement]') !== undefined && !!document.querySelector('[aria-current]')").await;
    let row = page.script("return [...document.querySelectorAll('tr[aria-current]')].map(row => row.cells[0].textContent + ' ' + row.cells[1].textContent)").await;
    assert_eq!(row, json!(["kip101-loss@0.10.2.2 0.10.2.2"]));
    page.until("it is in sight", "const box = document.querySelector('tr[aria-current]').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight").await;
}

#[tokio::test]
async fn a_link_cannot_forge_it() {
    let text = "ackscope = 1\nid = \"acks-1-leader-crash\"\ntitle = \"Forged\"\nuntil = \"1 s\"\nrecorded = [\"verified by Apache\"]\n[topic.t]\n";
    let page = Page::open(&format!("#{}", link::to_text(text, &View::default()))).await;
    page.until("no badge", NONE).await;
    let words = page.script("return document.body.innerText").await.to_string();
    assert!(!words.contains("verified by Apache") && !words.contains("Checked against"), "{words}");
    page.follow("#acks-1-leader-crash?seed=2").await;
    page.until("no badge", NONE).await;
    page.follow("#acks-1-leader-crash").await;
    page.until("the badge", BADGE).await;
}
