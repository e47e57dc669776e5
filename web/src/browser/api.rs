//! `window.ackscope`: what other scripts on the page may ask.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use super::window;

/// `window.ackscope.traceHash()`: the hash of the run that is shown, whatever time is shown.
pub fn install(trace_hash: impl Fn() -> Option<String> + 'static) {
    let api = Object::new();
    let trace_hash = move || trace_hash().map_or(JsValue::NULL, JsValue::from);
    offer::<dyn Fn() -> JsValue>(&api, "traceHash", Closure::new(trace_hash));
    let _ = Reflect::set(&window(), &"ackscope".into(), &api);
}

fn offer<F: ?Sized + wasm_bindgen::closure::WasmClosure>(api: &Object, name: &str, function: Closure<F>) {
    let _ = Reflect::set(api, &name.into(), function.as_ref());
    function.forget();
}
