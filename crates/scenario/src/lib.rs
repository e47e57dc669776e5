//! The scenario document: read, judged, turned into the engine's terms; links that carry it; the built-in library.

pub mod adjust;
mod check;
mod cluster;
mod document;
pub mod edit;
mod expect;
mod facts;
pub mod faults;
pub mod library;
pub mod limits;
pub mod link;
mod names;
pub mod paste;
mod problem;
mod reader;
mod recording;
mod script;
mod settings;
mod stopped;
#[cfg(test)]
mod tests;
mod tree;
mod units;

pub use check::{Outcome, check, compare, in_short};
pub use document::{Document, Override, PinnedNote, Variant};
pub use expect::Expectation;
pub use facts::KINDS;
pub use names::nodes;
pub use problem::{Problem, nearest};
pub use recording::Recording;
pub use script::{Step, VERBS};
pub use settings::Settings;
pub use stopped::stopped;
pub use units::{bytes as read_bytes, write_duration};
