//! Any bytes as: a document made of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ackscope_tests::inputs::generated(bytes));
