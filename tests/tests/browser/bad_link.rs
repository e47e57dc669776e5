//! Somebody follows a link that leads nowhere, and then a good one.

use ackscope_tests::browser::Page;
use serde_json::json;

const BAD: [(&str, &str); 3] = [
    ("#no-such-scenario", "no scenario of that name"),
    ("#v1.abc!", "this link is damaged"),
    ("#healthy?cluster.brokers=many", "cannot be run"),
];

#[tokio::test]
async fn the_page_says_so_until_a_good_one_is_followed() {
    let page = Page::open("#healthy").await;
    for (link, words) in BAD {
        page.follow(link).await;
        let notice = page.text("notice").await;
        assert!(notice.contains(words), "{link}: {notice}");
        page.follow("#healthy").await;
        page.until("nothing to notice", "return !document.querySelector('[data-testid=notice]')").await;
    }
}

#[tokio::test]
async fn a_figure_says_so_too() {
    let page = Page::blank().await;
    page.size(720, 420).await;
    for (link, words) in BAD {
        page.go(&format!("?embed{link}")).await;
        let notice = page.text("notice").await;
        assert!(notice.contains(words), "{link}: {notice}");
        let seen = "const box = document.querySelector('[data-testid=notice]').getBoundingClientRect(); return box.height > 20 && box.bottom <= innerHeight";
        assert_eq!(page.script(seen).await, json!(true), "{link}");
    }
    page.follow("#healthy").await;
    page.until("nothing to notice", "return !document.querySelector('[data-testid=notice]')").await;
}
