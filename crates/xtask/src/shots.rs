//! `cargo xtask shots`: the documentation's pictures of the page, taken of the released site.

use crate::{Result, browser, build, exec};

pub fn run() -> Result<()> {
    let browser = browser::set_up()?;
    build::site()?;
    exec::run(
        exec::cargo()
            .args([
                "run",
                "--package",
                "ackscope-tests",
                "--features",
                "browser",
                "--bin",
                "shots",
                "--",
                "docs",
            ])
            .env("ACKSCOPE_DIST", build::dist())
            .env("CHROME", browser.chrome.path)
            .env("CHROMEDRIVER", browser.driver.path),
    )
}
