//! What remains when the page has panicked: `failed` in `index.html` shows the message, the scenario's address and how to
//! report it. It is a script of its own, because nothing here can be trusted any more.

use std::panic::PanicHookInfo;

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::{address, window};

/// The fragment that leads to what is run now, changes and all: kept for the report, which can compute nothing any more.
pub fn remember(scenario: Option<String>) {
    keep("scenario", &scenario.map(|hash| address::with_hash(&hash)).unwrap_or_default());
}

pub fn install_hook() {
    keep("version", env!("CARGO_PKG_VERSION"));
    std::panic::set_hook(Box::new(show));
}

fn show(info: &PanicHookInfo<'_>) {
    if let Some(failed) = failed() {
        let _ = failed.call1(&JsValue::NULL, &info.to_string().into());
    }
}

fn keep(name: &str, value: &str) {
    if let Some(failed) = failed() {
        let _ = Reflect::set(&failed, &name.into(), &value.into());
    }
}

fn failed() -> Option<Function> {
    Reflect::get(&window(), &"failed".into()).ok()?.dyn_into().ok()
}
