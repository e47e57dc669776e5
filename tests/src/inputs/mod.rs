//! What must hold of everything that a stranger can write: one function for each kind of input, called with any bytes by the
//! fuzz targets and by the tests. What does not hold is a panic.

pub mod corpus;
mod dictionary;
mod document;
mod draws;
mod embed;
mod generated;
mod link;
mod paste;
mod playing;
mod recording;
mod stranger;

use std::borrow::Cow;

pub use dictionary::dictionary;
pub use document::document;
pub use embed::{embed, fragment};
pub use generated::generated;
pub use link::link;
pub use paste::paste;
pub use recording::recording;

/// A kind of input; `fuzz/targets/` has a file and `fuzz/corpus/` a folder of its name.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    /// Panics where something does not hold.
    pub hold: fn(&[u8]),
}

pub const KINDS: &[Kind] = &[
    Kind { name: "link", hold: link },
    Kind { name: "document", hold: document },
    Kind { name: "paste", hold: paste },
    Kind { name: "recording", hold: recording },
    Kind { name: "embed", hold: embed },
    Kind { name: "generated", hold: generated },
];

/// What an input stands for, as a person reads it.
pub fn shown(kind: &Kind, bytes: &[u8]) -> String {
    if kind.name == "generated" { stranger::document(bytes) } else { text(bytes).into_owned() }
}

/// What is not UTF-8 cannot reach a reader: every way in is text.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
