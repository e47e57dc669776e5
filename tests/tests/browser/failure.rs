//! Somebody comes upon a fault of the page itself: what they were at is not lost, and they can report it.

use ackscope_tests::browser::Page;
use serde_json::json;

#[tokio::test]
async fn a_panic_shows_its_message_the_scenario_with_its_changes_and_how_to_report_it() {
    let page = Page::open("").await;
    page.wake().await;
    page.fill("setting-acks", "all").await;
    page.until("no loss", "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'")
        .await;
    let changed = page.script("return ackscope.traceHash()").await;

    // A canvas that cannot be drawn on is one of the few things that the page does not expect of any browser.
    page.script(
        "HTMLCanvasElement.prototype.getContext = () => null; \
         document.querySelector('[data-testid=gallery] .thumbnail').scrollIntoView()",
    )
    .await;
    page.until("the panel", "return !!document.querySelector('[role=alertdialog]')").await;
    let report = page.script("return document.querySelector('#failure pre').textContent").await;
    let report = report.as_str().unwrap_or_default().to_owned();
    assert!(report.contains("draws on a canvas"), "{report}");
    let words = page.script("return document.querySelector('#failure').innerText").await.to_string();
    assert!(words.contains("copy it into an issue") && words.contains("Reload"), "{words}");

    let (_, link) = report.split_once("scenario: ").expect("the report names the scenario");
    page.load(link.trim()).await;
    page.ready().await;
    assert_eq!(page.script("return ackscope.traceHash()").await, changed, "the link leads to the same run");
}

/// After the page's own code has begun, this ends it as the browser does where memory or stack run out: no panic, no word.
const TRAP: &str = "const read = Element.prototype.getAttribute; Element.prototype.getAttribute = function (name) { \
    if (name === 'data-theme' && document.body && !document.getElementById('boot')) throw new WebAssembly.RuntimeError('unreachable'); \
    return read.call(this, name) }";

#[tokio::test]
async fn where_the_browser_stops_the_first_run_that_is_said() {
    let page = Page::blank().await;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": TRAP })).await;
    for (fragment, sign) in
        [("#healthy", ""), ("?embed#healthy", ""), ("", "dispatchEvent(new PointerEvent('pointermove'))")]
    {
        page.load(&format!("{}{fragment}", page.site().url())).await;
        page.script(sign).await;
        page.until(
            "the panel",
            "return document.querySelector('#failure')?.innerText.includes('more memory than a page gets')",
        )
        .await;
        let report =
            page.script("return document.querySelector('#failure pre').textContent").await.to_string();
        assert!(report.contains("unreachable") && report.contains(fragment), "{report}");
    }
}

#[tokio::test]
async fn where_the_browser_stops_a_later_one_that_is_said_and_other_errors_are_not_taken_for_it() {
    let page = Page::open("#healthy").await;
    page.script("setTimeout(() => { throw new Error('of an extension') })").await;
    page.script("setTimeout(() => document.body.dataset.later = 'yes')").await;
    page.until("the error has passed", "return document.body.dataset.later === 'yes'").await;
    assert_eq!(page.script("return document.querySelector('#failure')").await, json!(null));
    // More memory than there is at all.
    page.script(
        "const module = new URL(document.querySelector('meta[name=page-script]').content, location.href).href; \
         import(module).then(page => page.default()).then(wasm => setTimeout(() => wasm.__wbindgen_malloc(-1, 1)))",
    )
    .await;
    page.until("the panel", "return !!document.querySelector('#failure')").await;
    let report = page.script("return document.querySelector('#failure pre').textContent").await.to_string();
    assert!(report.contains("unreachable") && report.contains("#healthy"), "{report}");
}

#[tokio::test]
async fn its_buttons_work_without_the_page() {
    let page = Page::open("#healthy").await;
    let fail = "failed('of a test')";
    let button = |place: usize| format!("document.querySelectorAll('#failure button')[{place}].click()");
    page.script("navigator.clipboard.writeText = text => window.copied = text").await;
    page.script(fail).await;
    page.script(&button(1)).await;
    let copied = page.script("return window.copied").await.to_string();
    assert!(copied.contains("of a test") && copied.contains("#healthy"), "{copied}");
    page.script(&button(0)).await;
    page.until("the page again", "return !window.copied && !document.querySelector('#failure') && document.documentElement.dataset.ready === 'true'").await;
    page.script(fail).await;
    page.script(&button(2)).await;
    page.until("the first scenario", "return !!document.getElementById('landing') && location.hash === ''")
        .await;
}
