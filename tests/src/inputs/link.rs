//! Links: whatever the fragment, an answer; what is read is no larger than it may be, and comes back when written again.

use ackscope_scenario::limits;
use ackscope_scenario::link::{self, LinkError, Target};

/// What a packed link holds beside its document: what is looked at.
const VIEW_BYTES: usize = 1 << 10;

pub fn link(bytes: &[u8]) {
    let fragment = super::text(bytes);
    match link::read(&fragment) {
        Ok(target) => comes_back(&target),
        Err(error) => assert!(!error.to_string().is_empty(), "{error:?} says nothing"),
    }
}

fn comes_back(target: &Target) {
    let written = match target {
        Target::Named { name, overrides, view } => link::to_named(name, overrides, view),
        Target::Text { text, view } => {
            assert!(text.len() <= limits::TEXT_BYTES + VIEW_BYTES, "unpacked to {} bytes", text.len());
            link::to_text(text, view)
        }
    };
    match link::read(&written) {
        Ok(again) => assert_eq!(&again, target, "written as {written:?}"),
        // Escapes are longer than what they stand for: what only just fitted need not fit any more.
        Err(LinkError::TooLong | LinkError::TooLarge) => assert!(is_large(target), "{target:?} does not fit"),
        Err(error) => panic!("{target:?} was written as {written:?}: {error}"),
    }
}

fn is_large(target: &Target) -> bool {
    match target {
        Target::Named { .. } => format!("{target:?}").len() > limits::TEXT_BYTES / 3,
        Target::Text { text, view } => text.len() + 3 * format!("{view:?}").len() > limits::TEXT_BYTES,
    }
}
