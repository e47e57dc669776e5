//! Somebody breaks a node at the present moment, moves the fault, takes it back.

use ackscope_tests::browser::Page;

/// Whether the page's run is this one, in JavaScript.
fn is_run(hash: &str) -> String {
    format!("return window.ackscope.traceHash() === '{hash}'")
}

fn is_another_run(hash: &str) -> String {
    format!("return window.ackscope.traceHash() !== '{hash}'")
}

async fn hash(page: &Page) -> String {
    page.script("return window.ackscope.traceHash()").await.as_str().expect("a hash").to_owned()
}

#[tokio::test]
async fn a_crash_at_the_present_moment_changes_the_verdict_and_can_be_undone() {
    // Just after the leader has acknowledged w0 to w4 alone: without the crash of the story nothing would be lost.
    let page = Page::open("#healthy?t=450ms").await;
    let (untouched, entries) = (hash(&page).await, entries(&page).await);
    assert_eq!(page.attribute("verdict", "data-kept").await.as_deref(), Some("10"));

    page.click("break-broker-1").await;
    page.click("verb-crash").await;
    page.until("another run", &is_another_run(&untouched)).await;
    let broken = hash(&page).await;
    assert_ne!(
        page.attribute("verdict", "data-kept").await.as_deref(),
        Some("10"),
        "the cluster never gets over it in 2 s"
    );
    assert_eq!(self::entries(&page).await, entries + 1);
    page.until(
        "the broker can be started again",
        "return !document.querySelector('[data-testid=verb-restart]').disabled",
    )
    .await;

    page.click("undo").await;
    page.until("the run before", &is_run(&untouched)).await;
    page.click("redo").await;
    page.until("the crash again", &is_run(&broken)).await;

    page.script("[...document.querySelectorAll('[data-testid=fault]')].find(entry => entry.innerText.includes('crash broker-1')).querySelector('[data-testid=fault-remove]').click()").await;
    page.until("the run before", &is_run(&untouched)).await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_fault_is_moved_and_given_an_end_and_travels_in_the_link() {
    let page = Page::open("#healthy?t=450ms").await;
    let untouched = hash(&page).await;
    page.click("break-broker-2").await;
    page.click("verb-pause").await;
    page.until("another run", &is_another_run(&untouched)).await;
    let paused = hash(&page).await;

    let change = |field: &str, value: &str| {
        format!(
            "const entry = [...document.querySelectorAll('[data-testid=fault]')].find(entry => entry.innerText.includes('pause broker-2'));
             const field = entry.querySelector('[data-testid={field}]');
             field.value = '{value}'; field.dispatchEvent(new Event('change', {{ bubbles: true }}));"
        )
    };
    page.script(&change("fault-for", "700 ms")).await;
    page.until("a shorter pause", &is_another_run(&paused)).await;
    let shorter = hash(&page).await;
    page.script(&change("fault-at", "600 ms")).await;
    page.until("a later pause", &is_another_run(&shorter)).await;
    let later = hash(&page).await;

    page.click("share-link").await;
    let link = page.script("return location.hash").await.as_str().expect("a fragment").to_owned();
    assert!(link.starts_with("#v1."), "the whole document is in it: {link}");
    page.go(&link).await;
    assert_eq!(hash(&page).await, later);
}

#[tokio::test]
async fn an_entry_of_the_scenario_is_left_out_and_put_back() {
    let page = Page::open("#acks-1-leader-crash").await;
    let untouched = hash(&page).await;
    assert_eq!(page.attribute("verdict", "data-acked-lost").await.as_deref(), Some("5"));
    let toggle = "[...document.querySelectorAll('[data-testid=fault]')].find(entry => entry.innerText.includes('leader dies')).querySelector('[data-testid=fault-remove]').click()";
    page.script(toggle).await;
    page.until("another run", &is_another_run(&untouched)).await;
    assert_eq!(page.attribute("verdict", "data-acked-lost").await.as_deref(), Some("0"));
    assert!(page.text("compared").await.starts_with("was 5 lost, now 0"));
    page.script(toggle).await;
    page.until("the scenario's own run", &is_run(&untouched)).await;
}

#[tokio::test]
async fn what_is_done_when_the_run_is_over_is_seen_and_a_reload_brings_it_back() {
    let page = Page::open("#acks-1-leader-crash").await;
    let untouched = hash(&page).await;
    page.scrub(1.0).await;
    page.click("break-broker-2").await;
    page.click("verb-crash").await;
    page.until("another run", &is_another_run(&untouched)).await;
    let broken = hash(&page).await;
    let after = "return document.querySelector('[data-testid=step-forward]').disabled === false";
    page.until("time goes on after it", after).await;
    page.until("the address has it", "return location.hash.startsWith('#v1.')").await;

    page.script("window.before = true; location.reload()").await;
    page.until("the page anew", "return !window.before && window.ackscope !== undefined").await;
    page.ready().await;
    page.until("the crash again", &is_run(&broken)).await;
    page.script("[...document.querySelectorAll('[data-testid=fault]')].find(entry => entry.innerText.includes('crash broker-2')).querySelector('[data-testid=fault-remove]').click()").await;
    page.until("the run as it was", &is_run(&untouched)).await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn a_message_is_dropped_and_clients_come() {
    let page = Page::open("#healthy?t=450ms").await;
    let untouched = hash(&page).await;
    page.click("break-broker-1").await;
    page.click("verb-drop").await;
    page.until("another run", &is_another_run(&untouched)).await;
    let dropped = hash(&page).await;
    page.click("add-producer").await;
    page.until("another producer", &is_another_run(&dropped)).await;
    page.find("break-producer-p2").await;
    let kept = page.attribute("verdict", "data-kept").await.and_then(|kept| kept.parse::<u32>().ok());
    assert!(kept > Some(20), "ten of the story and those of the new producer: {kept:?}");
    page.click("add-consumer").await;
    page.find("break-consumer-c2").await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

async fn entries(page: &Page) -> usize {
    let count = page.script("return document.querySelectorAll('[data-testid=fault-list] > li').length").await;
    count.as_u64().expect("a number") as usize
}
