//! Documents made of bytes: read, or refused with a reason; what is read runs, as far as a small budget goes, without
//! standing still, the same twice, and nothing that must hold is broken.

use ackscope_scenario::{Document, check};

use super::playing::play;
use super::{document, stranger};

pub fn generated(bytes: &[u8]) {
    let text = stranger::document(bytes);
    document(text.as_bytes());
    let Ok(document) = Document::parse(&text) else { return };
    let turn = bytes.iter().fold(0_usize, |sum, &byte| sum.wrapping_add(byte.into()));
    let variant = &document.variants[turn % document.variants.len()];
    let run = play(&variant.spec, turn);
    if turn.is_multiple_of(4) {
        let outcomes = check(variant, &run);
        assert_eq!(outcomes.len(), variant.expectations.len());
    }
}
