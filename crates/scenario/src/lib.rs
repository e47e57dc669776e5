//! The scenario document: read, judged, turned into the engine's terms; links that carry it; the built-in library.

mod check;
mod cluster;
mod document;
pub mod edit;
mod expect;
mod facts;
pub mod library;
pub mod limits;
pub mod link;
mod problem;
mod reader;
mod script;
#[cfg(test)]
mod tests;
mod tree;
mod units;

pub use check::{Outcome, check, compare, in_short};
pub use cluster::Settings;
pub use document::{Document, Override, PinnedNote, Variant};
pub use expect::Expectation;
pub use facts::KINDS;
pub use problem::Problem;
pub use script::{Step, VERBS};
pub use units::write_duration;
