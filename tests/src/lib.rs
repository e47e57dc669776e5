//! What the suites share: a static host, a browser, random scenarios, the engine's measurements. The suites themselves are in `tests/tests/`.

pub mod bench;
#[cfg(feature = "browser")]
pub mod browser;
pub mod fuzz;
pub mod generate;
pub mod hashes;
pub mod inputs;
pub mod limits;
#[cfg(feature = "mutants")]
pub mod mutants;
pub mod plan;
pub mod property;
pub mod shrink;
#[cfg(target_arch = "wasm32")]
pub mod side_page;
#[cfg(feature = "browser")]
pub mod site;
