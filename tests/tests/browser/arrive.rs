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
