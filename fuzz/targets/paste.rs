//! Any bytes as: paste.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ackscope_tests::inputs::paste(bytes));
