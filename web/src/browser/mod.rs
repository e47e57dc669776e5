//! The outside: address, keys, clipboard, storage, frames. Thin wrappers that decide nothing.

pub mod address;
pub mod api;
pub mod engine;
pub mod failure;
pub mod fetch;
pub mod frames;
pub mod keys;
pub mod size;
pub mod theme;
pub mod worker;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::{Closure, WasmClosure};
use web_sys::{Document, EventTarget, HtmlElement, Window};

pub fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

pub fn document() -> Document {
    window().document().expect("a window has a document")
}

/// The `<html>` element.
pub fn root() -> HtmlElement {
    document().document_element().and_then(|root| root.dyn_into().ok()).expect("a page has a root")
}

/// Listens as long as the page lives.
pub fn listen<C: ?Sized + WasmClosure>(target: &EventTarget, event: &str, handler: Closure<C>) {
    let _ = target.add_event_listener_with_callback(event, handler.as_ref().unchecked_ref());
    handler.forget();
}

/// Moves the focus to the element of this id.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        focus_on(element);
    }
}

pub fn focus_on(element: web_sys::Element) {
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// Takes the focus from whatever has it inside this element. A browser leaves it on a field that is hidden until it draws
/// again: the next key would be typed where nobody sees it.
pub fn blur_within(element: &web_sys::Element) {
    let active = document().active_element().filter(|active| element.contains(Some(active)));
    if let Some(active) = active.and_then(|active| active.dyn_into::<HtmlElement>().ok()) {
        let _ = active.blur();
    }
}

/// Scrolls to the element of this id: within its column where that has a frame of its own.
pub fn bring_into_sight(id: &str) {
    /// What stands fast at the column's top.
    const ABOVE: f64 = 48.0;
    let Some(element) = document().get_element_by_id(id) else { return };
    match element.closest("aside").ok().flatten() {
        Some(column) if column.scroll_height() > column.client_height() => {
            let (to, from) =
                (element.get_bounding_client_rect().top(), column.get_bounding_client_rect().top());
            column.set_scroll_top(column.scroll_top() + (to - from - ABOVE) as i32);
        }
        _ => element.scroll_into_view(),
    }
}

/// The page begins: what stood in its place goes. A landing page that is drawn already stays in front until the view
/// behind it is complete.
pub fn take_over() {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    if let Some(landing) = document().get_element_by_id("landing") {
        landing.set_class_name("leaving");
    }
}

/// Tells whoever waits for it that the addressed view is complete.
pub fn set_ready(ready: bool) {
    if ready && let Some(landing) = document().get_element_by_id("landing") {
        landing.remove();
    }
    let _ = root().set_attribute("data-ready", if ready { "true" } else { "false" });
}

/// Tells that there is a run to act upon.
pub fn set_run() {
    let _ = root().set_attribute("data-run", "true");
}

/// Puts text on the clipboard, where the browser allows it.
pub fn copy(text: &str) {
    // Absent where the page is not served securely, and a browser may refuse it; the address bar has the link all the same.
    if js_sys::Reflect::get(&window().navigator(), &"clipboard".into()).is_ok_and(|it| it.is_object()) {
        let refused = Closure::<dyn FnMut(wasm_bindgen::JsValue)>::new(|_| ());
        let _ = window().navigator().clipboard().write_text(text).catch(&refused);
        refused.forget();
    }
}

/// A seed that nobody has chosen.
pub fn fresh_seed() -> u32 {
    // Short enough to be read out; a browser without random numbers gets the first one.
    getrandom::u32().unwrap_or(1) % 1_000_000
}
