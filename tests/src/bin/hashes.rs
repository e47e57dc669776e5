//! Writes the trace hashes: to standard output natively, into the page in the browser. Run by the browser tests.

use ackscope_tests::hashes;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    print!("{}", hashes::all());
}

#[cfg(target_arch = "wasm32")]
fn main() {
    ackscope_tests::side_page::show(&hashes::all());
}
