//! Somebody brings code of their own onto the page: its policy lets none of it run, and the page itself never offends it.

use ackscope_tests::browser::{Page, dist};
use ackscope_tests::site::Site;
use serde_json::json;

/// Goes through all views and the parts that come later.
async fn go_everywhere(page: &Page) {
    let nothing = json!([]);
    for view in [
        "#gallery",
        "#about",
        "#about?select=kip101-loss",
        "#no-such-scenario",
        "#v1.%%%",
        "?embed#healthy",
        "?embed#v9.x",
    ] {
        page.go(view).await;
        page.settled().await;
        assert_eq!(page.refusals().await, nothing, "{view}");
    }
    page.go("#lab").await;
    page.script("document.querySelector('[data-testid=run-5-16384]').focus()").await;
    assert_eq!(page.refusals().await, nothing, "the lab");

    // The page that is drawn already, then the one that runs in its place.
    page.go("").await;
    assert_eq!(page.refusals().await, nothing, "the landing page");
    page.wake().await;
    page.scrub(1.0).await;
    page.script("document.querySelector('[data-testid=\"link-broker-1-broker-2\"]').click()").await;
    page.find("link-verbs").await;
    page.fill("setting-acks", "all").await;
    page.until("no loss", "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'")
        .await;
    page.click("viewing").await;
    page.settled().await;
    assert_eq!(page.refusals().await, nothing, "a scenario, broken and changed");

    page.script(
        "HTMLCanvasElement.prototype.getContext = () => null; \
         document.querySelector('[data-testid=gallery] .thumbnail').scrollIntoView()",
    )
    .await;
    page.until("the panel", "return !!document.querySelector('[role=alertdialog]')").await;
    assert_eq!(page.refusals().await, nothing, "the panel of a failure");
}

#[tokio::test]
async fn no_view_offends_the_pages_own_policy() {
    let page = Page::blank().await;
    page.watch_policy().await;
    go_everywhere(&page).await;
}

#[tokio::test]
async fn nor_does_any_with_the_headers_that_hosts_are_advised_to_send() {
    let advice = include_str!("../../../docs/hosting.md");
    let (_, block) = advice.split_once("```text\n").expect("a block of headers");
    let (block, _) = block.split_once("```").expect("its end");
    let mut end = "";
    let mut headers = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("/*") {
            Some(rest) => end = rest,
            None => headers.push((end, line.trim())),
        }
    }
    assert!(headers.len() >= 6 && headers.iter().any(|&(end, _)| end == ".js"), "{headers:?}");
    let page = Page::beside(Site::serve_with(dist(), "/some/where/", &headers)).await;
    page.watch_policy().await;
    go_everywhere(&page).await;
}

/// Each tries to set `window.ran`, or to look different.
const INTRUSIONS: &[&str] = &[
    "const it = document.createElement('script'); it.textContent = 'window.ran = true'; document.head.append(it)",
    "const it = document.createElement('script'); it.src = 'data:text/javascript,window.ran=true'; document.head.append(it)",
    "const it = document.createElement('script'); it.src = URL.createObjectURL(new Blob(['window.ran=true'], { type: 'text/javascript' })); document.head.append(it)",
    "const it = document.createElement('script'); it.src = 'https://example.org/x.js'; document.head.append(it)",
    "const it = document.createElement('b'); it.setAttribute('onclick', 'window.ran = true'); document.body.append(it); it.click()",
    "const it = document.createElement('p'); it.innerHTML = '<img src=\"x:\" onerror=\"window.ran = true\">'; document.body.append(it)",
    "const it = document.createElement('a'); it.href = 'javascript:window.ran = true'; document.body.append(it); it.click()",
    "const it = document.createElement('iframe'); it.src = 'https://example.org/'; document.body.append(it)",
    "const it = document.createElement('style'); it.textContent = 'body { display: none }'; document.head.append(it)",
    "document.body.setAttribute('style', 'display: none')",
    "const it = document.createElement('base'); it.href = 'https://example.org/'; document.head.append(it)",
    "const it = document.createElement('form'); it.action = 'https://example.org/'; document.body.append(it); it.submit()",
    "fetch('https://example.org/').catch(() => 0)",
    "try { new Worker(URL.createObjectURL(new Blob(['']))) } catch {}",
    // Later, for what a test runs itself may do so.
    "setTimeout(() => { try { eval('window.ran = true') } catch {} })",
];

#[tokio::test]
async fn what_is_put_into_the_page_neither_runs_nor_restyles_it() {
    let page = Page::blank().await;
    page.watch_policy().await;
    page.go("#healthy").await;
    for intrusion in INTRUSIONS {
        page.script("refusals.length = 0").await;
        page.script(intrusion).await;
        page.until(&format!("a refusal of {intrusion}"), "return refusals.length > 0").await;
        let harmed =
            page.script("return !!window.ran || getComputedStyle(document.body).display === 'none'").await;
        assert_eq!(harmed, json!(false), "{intrusion}");
    }
}

#[tokio::test]
async fn the_policy_names_its_own_scripts_and_nothing_that_is_open_to_all() {
    let page = Page::open("#healthy").await;
    let policy = page
        .script("return document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
        .await;
    let policy = policy.as_str().unwrap_or_default();
    for loose in ["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "blob:", "http:", "https:", "*"] {
        assert!(!policy.contains(loose), "{loose}: {policy}");
    }
    let of =
        |directive: &str| policy.split("; ").find_map(|part| part.strip_prefix(&format!("{directive} ")));
    for directive in ["default-src", "base-uri", "form-action"] {
        assert_eq!(of(directive), Some("'none'"), "{policy}");
    }
    for directive in ["script-src", "style-src"] {
        let sources = of(directive).unwrap_or_default();
        assert!(sources.contains("'sha256-") && !sources.contains("data:"), "{policy}");
    }
    // As early as it can be: what stands before a policy is not held to it.
    let before = "return [...document.head.children].findIndex(it => it.httpEquiv) < [...document.head.children].findIndex(it => it.matches('script, style, link'))";
    assert_eq!(page.script(before).await, json!(true));
}
