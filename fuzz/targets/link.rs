//! Any bytes as: link.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ackscope_tests::inputs::link(bytes));
