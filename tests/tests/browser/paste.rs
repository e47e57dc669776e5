//! Somebody pastes the configuration that they have.

use ackscope_tests::browser::Page;
use serde_json::json;

/// As a paste arrives: all at once.
async fn paste(page: &Page, text: &str) {
    page.find("paste-config").await;
    let script = "const field = document.querySelector('[data-testid=paste-config]');
        field.value = arguments[0]; field.dispatchEvent(new Event('input', { bubbles: true }));";
    page.script_with(script, vec![json!(text)]).await;
}

#[tokio::test]
async fn every_line_of_a_properties_file_is_accounted_for() {
    let page = Page::open("#acks-1-leader-crash").await;
    paste(&page, "# from production\nacks=all\nlinger.ms=20\nacsk=1\nretries=many\nsecurity.protocol=SSL\n")
        .await;
    page.until(
        "the verdict",
        "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'",
    )
    .await;
    let result = page.text("paste-result").await;
    for words in [
        "Applied",
        "acks=all",
        "linger.ms=20",
        "Unknown",
        "acsk=1",
        "Refused",
        "retries=many",
        "ConfigException",
        "security.protocol=SSL",
    ] {
        assert!(result.contains(words), "{words:?} is missing: {result}");
    }
    assert_eq!(
        page.script("return document.querySelector('[data-testid=\"setting-linger.ms\"]').value").await,
        "20"
    );
    assert_eq!(page.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn springs_yaml_and_the_brokers_file_are_understood() {
    let page = Page::open("#acks-1-leader-crash").await;
    paste(
        &page,
        "spring:\n  kafka:\n    producer:\n      acks: all\n      properties:\n        linger.ms: 3\n",
    )
    .await;
    page.until(
        "the verdict",
        "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'",
    )
    .await;
    paste(&page, "replica.lag.time.max.ms=12000\nbroker.id=7\n").await;
    page.until(
        "the brokers' setting",
        "return document.querySelector('[data-testid=\"setting-replica.lag.time.max.ms\"]').value === '12000'",
    )
    .await;
    assert!(page.text("paste-result").await.contains("broker.id=7"));
}

#[tokio::test]
async fn what_comes_twice_is_said_and_javas_spellings_are_understood() {
    let page = Page::open("#acks-1-leader-crash").await;
    paste(
        &page,
        "acks=0\r\nbootstrap.servers=one\\:9092,\\\r\n  two\\:9092\r\nlinger\\u002ems: 4\r\nacks=all\r\n",
    )
    .await;
    page.until(
        "the verdict",
        "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'",
    )
    .await;
    let result = page.text("paste-result").await;
    for words in
        ["acks=all", "linger.ms=4", "Set again further down; that value applies\nacks=0", "one:9092,two:9092"]
    {
        assert!(result.contains(words), "{words:?} is missing: {result}");
    }
    paste(&page, "").await;
    page.until(
        "nothing is said of nothing",
        "return document.querySelector('[data-testid=paste-result]').innerText === ''",
    )
    .await;
    assert_eq!(page.console_errors().await, [""; 0]);
}
