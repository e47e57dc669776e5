//! Somebody changes settings under Kafka's names.

use ackscope_tests::browser::Page;

async fn lost_becomes(page: &Page, count: &str) {
    let script =
        format!("return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '{count}'");
    page.until(&format!("{count} lost"), &script).await;
}

#[tokio::test]
async fn acks_all_saves_what_acks_1_loses_and_can_be_set_back() {
    let page = Page::open("#acks-1-leader-crash").await;
    lost_becomes(&page, "5").await;
    page.fill("setting-acks", "all").await;
    lost_becomes(&page, "0").await;
    assert!(page.text("compared").await.starts_with("was 5 lost, now 0"), "{}", page.text("compared").await);
    page.click("resetting-acks").await;
    lost_becomes(&page, "5").await;
    assert_eq!(page.script("return document.querySelector('[data-testid=setting-acks]').value").await, "1");
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn the_basic_settings_can_be_filled_at_once_and_the_rest_can_be_found() {
    let page = Page::open("#acks-1-leader-crash").await;
    for (key, value) in [
        ("acks", "all"),
        ("retries", "3"),
        ("enable.idempotence", "true"),
        ("max.in.flight.requests.per.connection", "2"),
        ("linger.ms", "7"),
        ("batch.size", "1000"),
        ("delivery.timeout.ms", "60000"),
        ("request.timeout.ms", "20000"),
        ("min.insync.replicas", "2"),
        ("replication.factor", "3"),
        ("unclean.leader.election.enable", "true"),
        ("replica.lag.time.max.ms", "20000"),
        ("kafka.version", "3.9"),
    ] {
        let field = format!("setting-{key}");
        page.fill(&field, value).await;
        let script = format!(
            "return document.querySelector('[data-testid=\"{field}\"]').closest('.setting').classList.contains('changed') || '{key}' === 'replication.factor'"
        );
        page.until(&format!("{key} is marked"), &script).await;
    }
    assert_eq!(
        page.script("return document.querySelectorAll('[data-testid=\"setting-buffer.memory\"]').length")
            .await,
        0
    );
    page.fill("search-settings", "buffer").await;
    page.find("setting-buffer.memory").await;
    page.fill("search-settings", "").await;
    page.click("more-settings").await;
    page.find("setting-compression.type").await;
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn conflicts_are_told_as_kafka_tells_them() {
    let page = Page::open("#healthy").await;
    page.fill("setting-acks", "2").await;
    page.until("the complaint", "return document.querySelector('[data-testid=settings]').innerText.includes('ConfigException: Invalid value 2 for configuration acks')").await;
    // Idempotence is on by default only: Kafka switches it off without a word, the page does not.
    page.fill("setting-acks", "1").await;
    page.until("what was switched off", "return document.querySelector('[data-testid=settings]').innerText.includes('enable.idempotence is now false')").await;
    page.fill("setting-enable.idempotence", "true").await;
    page.until("what is refused", "return document.querySelector('[data-testid=settings]').innerText.includes('ConfigException: Must set acks to all')").await;
    assert_eq!(page.attribute("verdict", "data-kept").await.as_deref(), Some("0"));
}
