//! Documents made of bytes: read, or refused with a reason; what is read runs, within a budget, the same twice.

use super::{document, stranger};

pub fn generated(bytes: &[u8]) {
    document(stranger::document(bytes).as_bytes());
}
