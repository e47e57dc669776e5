//! The browser for the tests: Chromium and the driver of the same release.

use crate::install::{self, Found, version_of};
use crate::{Result, exec};
use std::path::PathBuf;

pub struct Browser {
    pub chrome: Found,
    pub driver: Found,
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
const BY_HAND: &str = "CHROME and CHROMEDRIVER may name the two programs";

/// Finds both, or installs both.
pub fn set_up() -> Result<Browser> {
    let browser = match (find_chrome()?, find_driver()?) {
        (Some(chrome), Some(driver)) => Browser { chrome, driver },
        _ => {
            install::apt("a browser for the tests", &["chromium", "chromium-driver", "fonts-liberation"])
                .map_err(|problem| format!("{problem}; {BY_HAND}"))?;
            let (chrome, driver) = find_chrome()?.zip(find_driver()?).ok_or_else(|| {
                format!("Chromium was installed, but it or its driver does not run; {BY_HAND}")
            })?;
            Browser { chrome, driver }
        }
    };
    let Browser { chrome, driver } = &browser;
    if major(&chrome.version) != major(&driver.version) {
        return Err(format!(
            "{} is of release {}, but {} of release {}: they must be of one release; {BY_HAND}",
            chrome.path.display(),
            chrome.version,
            driver.path.display(),
            driver.version
        ));
    }
    Ok(browser)
}

pub fn find_chrome() -> Result<Option<Found>> {
    find("CHROME", &CHROMES)
}

pub fn find_driver() -> Result<Option<Found>> {
    find("CHROMEDRIVER", &DRIVERS)
}

/// What the variable names goes before what can be found.
fn find(variable: &str, names: &[&str]) -> Result<Option<Found>> {
    let named = std::env::var(variable).ok().filter(|value| !value.is_empty());
    let path = match &named {
        None => exec::find(names),
        Some(value) => {
            let path = exec::find(&[value]);
            Some(path.ok_or_else(|| format!("{variable} names {value:?}, but there is no such program"))?)
        }
    };
    Ok(path.and_then(with_version))
}

fn with_version(path: PathBuf) -> Option<Found> {
    let version = version_of(&path)?;
    Some(Found { path, version })
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}
