//! Any bytes as: document.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ackscope_tests::inputs::document(bytes));
