//! The engine in a module of its own, beside the page: in a worker where the browser has one.

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::MessagePort;

/// Answers what comes through this port.
#[wasm_bindgen]
pub fn listen(port: MessagePort) {
    ackscope_web::serve_engine(port);
}

fn main() {}
