//! Key presses to commands, except where a control wants them for itself.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, KeyboardEvent};

use super::{document, listen};
use crate::command::{Command, for_key};

pub fn install(send: impl Fn(Command) + 'static) {
    let handler = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        if event.default_prevented() || event.alt_key() {
            return;
        }
        // What is open in front of the page has the keys to itself.
        if document().query_selector("dialog[open], :popover-open").is_ok_and(|open| open.is_some()) {
            return;
        }
        let modifier = event.ctrl_key() || event.meta_key();
        let key = event.key();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| wants(&target, &key)) {
            return;
        }
        if let Some(command) = for_key(&key, event.shift_key(), modifier) {
            event.prevent_default();
            send(command.clone());
        }
    });
    listen(&document(), "keydown", handler);
}

/// Fields want everything, sliders their arrows, buttons and links what presses them.
fn wants(target: &Element, key: &str) -> bool {
    let is = |selector: &str| target.closest(selector).is_ok_and(|found| found.is_some());
    if is("input[type=range]") {
        return matches!(
            key,
            "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" | "Home" | "End" | "PageUp" | "PageDown"
        );
    }
    if is("input, select, textarea, [contenteditable]") {
        return key != "Escape";
    }
    matches!(key, " " | "Enter") && is("button, a, summary, [role=button]")
}
