//! The address bar. The fragment says what is shown; an embedded page reads it and never writes it.

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use super::{listen, window};
use crate::route::Route;

/// What the fragment asks for.
pub fn route() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

/// A value from the query (`?embed&theme=dark`), empty where only the name is given.
pub fn query(name: &str) -> Option<String> {
    let query = window().location().search().unwrap_or_default();
    query.trim_start_matches('?').split('&').find_map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (key == name).then(|| value.to_owned())
    })
}

/// Whether only the player is wanted, inside someone else's page.
pub fn is_embed() -> bool {
    query("embed").is_some()
}

/// Shows another fragment without adding to the history and without a `hashchange`.
pub fn replace(hash: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(hash));
    }
}

/// Follows a fragment, as a click on a link would.
pub fn go(hash: &str) {
    let _ = window().location().set_hash(hash);
}

/// The whole address with another fragment.
pub fn with_hash(hash: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    let base = href.split('#').next().unwrap_or_default();
    format!("{base}{hash}")
}

pub fn on_change(mut handler: impl FnMut(Route) + 'static) {
    let handler = Closure::<dyn FnMut()>::new(move || handler(route()));
    listen(&window(), "hashchange", handler);
}

/// The address without its query: the page itself for a figure.
pub fn without_query() -> String {
    let location = window().location();
    let part = |part: Result<String, JsValue>| part.unwrap_or_default();
    format!("{}{}{}", part(location.origin()), part(location.pathname()), part(location.hash()))
}
