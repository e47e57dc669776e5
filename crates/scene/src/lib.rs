//! Pictures as values: a run, a time and a viewport become shapes. Pure and natively tested; painters (SVG here, canvas in
//! the page) decide nothing.

pub mod axis;
#[cfg(feature = "chart")]
pub mod chart;
pub mod narration;
pub mod picture;
mod signs;
pub mod stage;
pub mod story;
pub mod svg;
pub mod text;
pub mod timeline;
pub mod tokens;
