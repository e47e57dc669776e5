//! Somebody uses a screen reader, a magnifier or a keyboard: axe-core finds no barrier on any view, in either theme.

use ackscope_tests::browser::{Page, axe};

const LOOK: &str = "const done = arguments[arguments.length - 1]; \
                    axe.run(document, { resultTypes: ['violations'] }).then(found => done(found.violations.flatMap(rule => \
                    rule.nodes.map(node => rule.id + ': ' + node.html.slice(0, 160) + ' (' + (node.any[0] ?? node.all[0] ?? node.none[0])?.message + ')'))))";

async fn look(page: &Page, view: &str) {
    page.script(&axe()).await;
    let found = page.client().execute_async(LOOK, Vec::new()).await.expect("axe runs");
    assert_eq!(found, serde_json::json!([]), "{view}");
}

async fn look_everywhere(theme: &str) {
    let page = Page::blank().await;
    page.prefers(&[("prefers-color-scheme", theme)]).await;
    for view in ["", "#acks-1-leader-crash", "#gallery", "#lab", "#about", "?embed#acks-1-leader-crash"] {
        page.go(view).await;
        look(&page, &format!("{view:?} in {theme}")).await;
    }
    page.go("#acks-1-leader-crash").await;
    page.scrub(1.0).await;
    page.click("record-7").await;
    look(&page, &format!("a lost record in {theme}")).await;
    page.size(360, 740).await;
    look(&page, &format!("a phone in {theme}")).await;
}

#[tokio::test]
async fn light_has_no_barriers() {
    look_everywhere("light").await;
}

#[tokio::test]
async fn dark_has_no_barriers() {
    look_everywhere("dark").await;
}
