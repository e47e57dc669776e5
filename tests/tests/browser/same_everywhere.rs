//! The same scenario gives the same trace in the browser as natively, to the last bit.

use ackscope_tests::browser::{self, Page};
use ackscope_tests::hashes;
use ackscope_tests::site::Site;

#[tokio::test]
async fn a_hundred_random_scenarios_and_the_library_have_the_same_hashes_in_the_browser() {
    let page = Page::beside(Site::serve(browser::hashes(), "/")).await;
    page.go("").await;
    let there = page.script("return document.body.textContent").await;
    let (here, there) = (hashes::all(), there.as_str().unwrap_or_default().to_owned());
    let differing: Vec<(&str, &str)> =
        here.lines().zip(there.lines()).filter(|(here, there)| here != there).collect();
    assert_eq!(differing, [], "natively and in the browser");
    assert_eq!(here.lines().count(), there.lines().count());
    assert!(here.lines().count() > 100);
}
