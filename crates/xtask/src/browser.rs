//! The browser for the tests: Chromium and the driver of the same release.

use crate::{Result, exec, tools};
use std::path::{Path, PathBuf};

pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

const CHROMES: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const DRIVERS: [&str; 3] =
    ["chromedriver", "/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"];

/// Finds both, or installs both.
pub fn set_up() -> Result<Browser> {
    let hint = "CHROME and CHROMEDRIVER may name the two programs";
    let browser = match find()? {
        Some(browser) => browser,
        None => {
            tools::apt_install(
                "a browser for the tests",
                &["chromium", "chromium-driver", "fonts-liberation"],
            )
            .map_err(|problem| format!("{problem}; {hint}"))?;
            find()?.ok_or_else(|| format!("Chromium was installed but cannot be found; {hint}"))?
        }
    };
    let (chrome, driver) = (major(&browser.chrome), major(&browser.driver));
    if chrome.is_none() || chrome != driver {
        return Err(format!(
            "{} is of release {} but {} of release {}: install two of one release; {hint}",
            browser.chrome.display(),
            shown(chrome),
            browser.driver.display(),
            shown(driver)
        ));
    }
    Ok(browser)
}

pub fn find() -> Result<Option<Browser>> {
    let chrome = named("CHROME", &CHROMES)?;
    let driver = named("CHROMEDRIVER", &DRIVERS)?;
    Ok(chrome.zip(driver).map(|(chrome, driver)| Browser { chrome, driver }))
}

/// What the variable names goes before what can be found.
pub fn named(variable: &str, names: &[&str]) -> Result<Option<PathBuf>> {
    match std::env::var(variable).ok().filter(|value| !value.is_empty()) {
        None => Ok(exec::find(names)),
        Some(value) => match exec::find(&[&value]) {
            Some(path) => Ok(Some(path)),
            None => Err(format!("{variable} names {value:?}, but there is no such program")),
        },
    }
}

pub fn find_chrome() -> Result<Option<PathBuf>> {
    named("CHROME", &CHROMES)
}

pub fn find_driver() -> Result<Option<PathBuf>> {
    named("CHROMEDRIVER", &DRIVERS)
}

fn major(program: &Path) -> Option<u32> {
    tools::version_of(program)?.split('.').next()?.parse().ok()
}

fn shown(release: Option<u32>) -> String {
    release.map_or_else(|| "unknown".to_owned(), |release| release.to_string())
}
