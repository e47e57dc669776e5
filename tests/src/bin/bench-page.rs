//! Opens the folder of a bench page in Chromium and prints what the page wrote. Run by `cargo xtask bench`.

use ackscope_tests::browser::Page;
use ackscope_tests::site::Site;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the page");
    let page = Page::beside(Site::serve(folder, "/")).await;
    page.go("").await;
    println!("{}", page.script("return document.body.textContent").await.as_str().unwrap_or_default());
}
