//! Somebody's system is dark, and they may choose otherwise.

use ackscope_tests::browser::Page;

const GROUND: &str = "return getComputedStyle(document.body).backgroundColor";

#[tokio::test]
async fn the_page_follows_the_system_until_the_person_chooses_and_remembers_that() {
    let page = Page::blank().await;
    page.prefers(&[("prefers-color-scheme", "dark")]).await;
    page.go("").await;
    let dark = page.script(GROUND).await;
    assert_eq!(dark, "rgb(15, 18, 20)");

    page.press('t').await;
    page.until("light", "return document.documentElement.dataset.theme === 'light'").await;
    let light = page.script(GROUND).await;
    assert_ne!(light, dark);
    page.go("#healthy").await;
    assert_eq!(page.script(GROUND).await, light, "the choice is remembered");
}
