//! What the suites share: a static host and a browser. The suites themselves are in `tests/tests/`.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "browser")]
pub mod site;
