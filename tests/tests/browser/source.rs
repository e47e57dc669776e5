//! Somebody changes the scenario's own text.

use ackscope_tests::browser::Page;
use serde_json::json;

#[tokio::test]
async fn the_text_runs_as_it_is_typed_and_its_errors_have_lines() {
    let page = Page::open("#acks-1-leader-crash").await;
    page.click("open-source").await;
    let replace = "const field = document.querySelector('[data-testid=source]');
        field.value = field.value.replace(arguments[0], arguments[1]); field.dispatchEvent(new Event('input', { bubbles: true }));";
    page.script_with(replace, vec![json!("config.acks = 1"), json!("config.acks = \"all\"")]).await;
    page.until(
        "the verdict",
        "return document.querySelector('[data-testid=verdict]').dataset.ackedLost === '0'",
    )
    .await;
    assert_eq!(page.script("return document.querySelector('[data-testid=setting-acks]').value").await, "all");

    page.script_with(replace, vec![json!("kill = \"broker-1\""), json!("kill = \"brokr-1\"")]).await;
    page.until(
        "the error",
        "return document.querySelector('[data-testid=source-problems]').innerText.includes('line ')",
    )
    .await;
    let problems = page.text("source-problems").await;
    assert!(problems.contains("did you mean broker-1?"), "{problems}");
    assert_eq!(
        page.attribute("verdict", "data-acked-lost").await.as_deref(),
        Some("0"),
        "the last run that was possible"
    );
    page.script("document.querySelector('[data-testid=source-problems] button').click()").await;
    let selected = page.script("const field = document.querySelector('[data-testid=source]'); return field.value.slice(field.selectionStart, field.selectionEnd)").await;
    assert!(selected.as_str().is_some_and(|line| line.starts_with("\"leader dies\"")), "{selected}");
}
