//! Somebody opens the page in a browser that cannot run it: the page says what is needed instead of staying blank.

use ackscope_tests::browser::{Page, dist};
use ackscope_tests::site::Site;
use fantoccini::Locator;
use serde_json::json;
use std::path::PathBuf;

#[tokio::test]
async fn without_javascript_the_page_says_that_it_needs_it() {
    let page = Page::blank().await;
    page.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    page.load(&page.site().url()).await;
    let body = page.client().find(Locator::Css("body")).await.expect("a body");
    let words = body.text().await.expect("its text");
    assert!(words.contains("It needs JavaScript and WebAssembly"), "{words}");
    assert!(!words.contains("Opening"), "nothing will come, so nothing may be promised: {words}");
}

#[tokio::test]
async fn without_webassembly_the_page_says_that_it_needs_it() {
    let page = Page::blank().await;
    let remove = json!({ "source": "delete window.WebAssembly" });
    page.devtools("Page.addScriptToEvaluateOnNewDocument", remove).await;
    page.load(&page.site().url()).await;
    page.until("the reason", "return document.body.innerText.includes('This page needs WebAssembly')").await;
}

/// The site, with half of every module whose name begins like that.
fn broken_site(beginning: &str) -> PathBuf {
    let broken = std::env::temp_dir().join(format!("ackscope-broken-{beginning}{}", std::process::id()));
    std::fs::create_dir_all(&broken).expect("a folder for the broken site");
    for entry in std::fs::read_dir(dist()).expect("the site").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).expect("a file has a name");
        if entry.is_file() {
            let bytes = std::fs::read(&entry).expect("a file of the site");
            let part = if name.starts_with(beginning) && name.ends_with(".wasm") { 2 } else { 1 };
            std::fs::write(broken.join(name), &bytes[..bytes.len() / part]).expect("a copy");
        }
    }
    broken
}

#[tokio::test]
async fn an_engine_that_does_not_arrive_whole_is_told() {
    let broken = broken_site("engine");
    for without_workers in [false, true] {
        let page = Page::beside(Site::serve(&broken, "/")).await;
        if without_workers {
            let remove = json!({ "source": "delete window.Worker" });
            page.devtools("Page.addScriptToEvaluateOnNewDocument", remove).await;
        }
        page.load(&format!("{}#healthy", page.site().url())).await;
        page.until("the panel", "return document.querySelector('#failure')?.innerText.includes('Reload')")
            .await;
        let report =
            page.script("return document.querySelector('#failure pre').textContent").await.to_string();
        assert!(report.contains("CompileError") && report.contains("#healthy"), "{report}");
    }
    std::fs::remove_dir_all(&broken).expect("the copy can go");
}

#[tokio::test]
async fn a_module_that_does_not_arrive_whole_is_told() {
    let broken = broken_site("");
    let page = Page::beside(Site::serve(&broken, "/")).await;
    // Where a scenario is addressed, and where the landing page is drawn already and somebody begins to use it.
    for (fragment, sign) in [("#healthy", ""), ("", "document.querySelector('[data-testid=play]').click()")] {
        page.load(&format!("{}{fragment}", page.site().url())).await;
        page.script(sign).await;
        page.until(
            "the message",
            "return document.body.innerText.includes('The simulator could not be started')",
        )
        .await;
        let detail = page.script("return document.querySelector('#boot pre').textContent").await;
        assert!(
            detail.as_str().is_some_and(|text| !text.is_empty()),
            "the reason is there for a report: {detail}"
        );
    }

    std::fs::remove_dir_all(&broken).expect("the copy can go");
}
