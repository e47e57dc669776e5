//! Somebody opens the landing page.

use ackscope_tests::browser::{Page, initial_download};
use std::collections::BTreeMap;

#[tokio::test]
async fn opening_fetches_what_the_budget_counts_and_nothing_from_elsewhere() {
    let page = Page::open("").await;

    assert_eq!(page.console_errors().await, [""; 0]);
    let host = page.site().url();
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for address in page.requested().await.iter().filter(|address| !address.starts_with("data:")) {
        let file =
            address.strip_prefix(&host).unwrap_or_else(|| panic!("{address} does not belong to the site"));
        *times.entry(if file.is_empty() { "index.html".to_owned() } else { file.to_owned() }).or_default() +=
            1;
    }
    let expected: BTreeMap<String, u32> = initial_download().into_iter().map(|file| (file, 1)).collect();
    assert_eq!(times, expected, "files and how often each was fetched");
    assert_eq!(page.site().requests().len(), expected.len(), "the host saw what the browser reported");
}

/// What every marked part of the page says beside its drawings, what it holds and what it carries.
const PARTS: &str = "const words = part => { if (part.matches('textarea')) return ''; const copy = part.cloneNode(true); copy.querySelectorAll('.stills, textarea').forEach(still => still.remove()); \
    return copy.textContent.replace(/\\s/g, '') }; \
    return [...document.querySelectorAll('[data-testid]')].map(part => JSON.stringify({ \
    part: part.dataset.testid, says: words(part), data: { ...part.dataset }, disabled: part.disabled, pressed: part.ariaPressed, \
    value: part.value, checked: part.checked, fields: [...part.querySelectorAll('input, select, textarea')].map(field => field.value) }))";

#[tokio::test]
async fn the_landing_page_that_is_drawn_already_is_the_one_that_runs() {
    let page = Page::open("").await;
    let drawn = page.script(PARTS).await;
    let hash = page.script("return ackscope.traceHash()").await;

    page.wake().await;
    page.settled().await;
    let runs = page.script(PARTS).await;

    assert_eq!(page.script("return ackscope.traceHash()").await, hash);
    let (drawn, runs) = (drawn.as_array().expect("a list"), runs.as_array().expect("a list"));
    let differing: Vec<_> = drawn.iter().zip(runs).filter(|(drawn, runs)| drawn != runs).take(5).collect();
    assert!(differing.is_empty(), "drawn and running: {differing:#?}");
    assert_eq!(drawn.len(), runs.len());
    assert!(drawn.len() > 50, "{} parts", drawn.len());
}

#[tokio::test]
async fn what_is_done_before_the_simulator_has_come_is_done_once_it_has() {
    let page = Page::open("").await;
    // At once, with no pointer on its way that would have been a sign.
    page.script(
        "document.querySelector('[data-testid=step-forward]').click(); \
         document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true })); \
         const field = document.querySelector('[data-testid=gallery] input'); field.focus(); field.value = 'leader'; \
         field.dispatchEvent(new Event('input', { bubbles: true }))",
    )
    .await;
    page.until(
        "two steps",
        "return document.querySelector('[data-testid=time]').textContent.includes('event 2')",
    )
    .await;
    let found = "return document.querySelectorAll('[data-testid=gallery] .card').length";
    page.until("some cards", &format!("{found} < 50")).await;
    assert!(page.script(found).await.as_u64().is_some_and(|cards| cards > 0));
    page.until("the focus stays", "return document.activeElement.value === 'leader'").await;
    assert_eq!(page.console_errors().await, [""; 0]);
}
