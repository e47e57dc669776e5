//! A text file of the site, once it has come.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Response;

use super::window;

/// Calls back with the text; not at all where it cannot be had.
pub fn text(address: &str, mut arrived: impl FnMut(String) + 'static) {
    let with_text = Closure::<dyn FnMut(JsValue)>::new(move |text: JsValue| {
        arrived(text.as_string().unwrap_or_default())
    });
    let with_response = Closure::<dyn FnMut(JsValue)>::new(move |response: JsValue| {
        let response: Response = response.unchecked_into();
        if let Some(text) = response.ok().then(|| response.text().ok()).flatten() {
            let text: js_sys::Promise = text.unchecked_into();
            let _ = text.then(&with_text);
        }
    });
    let response: js_sys::Promise = window().fetch_with_str(address).unchecked_into();
    let _ = response.then(&with_response);
    with_response.forget();
}
