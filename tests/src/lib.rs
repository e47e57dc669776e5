//! What the suites share: a static host and a browser. The suites themselves are in `tests/tests/`.

pub mod bench;
#[cfg(feature = "browser")]
pub mod browser;
pub mod generate;
#[cfg(feature = "browser")]
pub mod site;
