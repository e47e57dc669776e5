//! Any bytes as: recording.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ackscope_tests::inputs::recording(bytes));
