//! Work in turns: between two of them whoever shares the thread has it, and what has come meanwhile is heard.

use std::cell::OnceCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    // A window and a worker have it alike.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(act: &js_sys::Function, after: i32) -> i32;
}

/// Gives what begins the turns. `turn` does one, and says whether another one is needed.
pub fn in_turns(mut turn: impl FnMut() -> bool + 'static) -> impl Fn() + 'static {
    let act: Rc<OnceCell<Closure<dyn FnMut()>>> = Rc::default();
    let soon = {
        let act = Rc::clone(&act);
        move || {
            if let Some(act) = act.get() {
                set_timeout(act.as_ref().unchecked_ref(), 0);
            }
        }
    };
    let again = soon.clone();
    let _ = act.set(Closure::new(move || {
        if turn() {
            again();
        }
    }));
    soon
}
