//! Somebody looks through the library and opens one after the other.

use ackscope_scenario::library::{Entry, library};
use ackscope_scene::narration::verdict;
use ackscope_sim::run::Run;
use ackscope_tests::browser::Page;
use serde_json::json;

#[tokio::test]
async fn the_gallery_is_grouped_can_be_searched_and_draws_each_run() {
    let page = Page::open("#gallery").await;
    let cards = "return document.querySelectorAll('[data-testid=gallery] a.card').length";
    assert_eq!(page.script(cards).await, json!(library().len()));
    assert!(
        page.script("return document.querySelectorAll('[data-testid=gallery] h3').length").await.as_u64()
            > Some(3)
    );
    page.until("the first pictures", "return document.querySelectorAll('.thumbnail canvas').length > 0")
        .await;

    let field =
        page.client().find(fantoccini::Locator::Css("[data-testid=gallery] input")).await.expect("a field");
    field.send_keys("unclean election").await.expect("typing");
    page.until("fewer cards", "return document.querySelectorAll('[data-testid=gallery] a.card').length < 15")
        .await;
    page.script("document.querySelector('[data-testid=gallery] a.card').click()").await;
    page.until("a scenario", "return !!document.querySelector('[data-testid=stage]')").await;
}

/// Opens each, plays its last part to the end, and compares with what the engine says natively.
async fn open_and_play(entries: impl Iterator<Item = &'static Entry>) {
    let page = Page::open("#healthy").await;
    page.script("[...document.querySelectorAll('[data-testid=speed] button')].at(-1).click()").await;
    for entry in entries {
        let id = entry.id;
        let document = entry.document();
        let run = Run::new(document.variants[0].spec.clone());
        page.follow("#about").await;
        page.follow(&format!("#{id}")).await;
        page.scrub(0.97).await;
        page.click("play").await;
        page.until_text("play", "Again").await;

        let words =
            page.script("return document.querySelector('[data-testid=verdict] h2').textContent").await;
        assert_eq!(words, json!(verdict(&run.audit).text()), "{id}");
        assert_eq!(
            page.script("return window.ackscope.traceHash()").await,
            json!(run.trace_hash().to_string()),
            "{id}"
        );
        let title = page.client().title().await.expect("a title");
        assert!(title.starts_with(&document.variants[0].title), "{id}: {title:?}");
        assert_eq!(page.console_errors().await, [""; 0], "{id}");
    }
}

#[tokio::test]
async fn every_scenario_opens_plays_to_its_end_and_says_what_the_engine_says_natively() {
    open_and_play(library().iter().step_by(2)).await;
}

#[tokio::test]
async fn every_other_scenario_does_so_too() {
    open_and_play(library().iter().skip(1).step_by(2)).await;
}
