//! Light or dark: the system's choice until the person makes another. The script in `index.html` sets the first theme
//! before anything is painted; the colours themselves come from `ackscope_scene::tokens`.

use ackscope_scene::tokens::{Theme, css};
use wasm_bindgen::closure::Closure;

use super::{address, document, listen, root, window};

const STORED: &str = "ackscope-theme";
const SYSTEM_IS_DARK: &str = "(prefers-color-scheme: dark)";

/// Puts the tokens into the page.
pub fn install_tokens() {
    let Ok(style) = document().create_element("style") else { return };
    style.set_text_content(Some(&tokens()));
    if let Some(head) = document().head() {
        let _ = head.append_child(&style);
    }
}

/// The style sheet of both themes.
pub fn tokens() -> String {
    format!(
        ":root{{color-scheme:light;{}}}:root[data-theme=dark]{{color-scheme:dark;{}}}",
        css(Theme::Light),
        css(Theme::Dark)
    )
}

pub fn current() -> Theme {
    match root().get_attribute("data-theme").as_deref() {
        Some("dark") => Theme::Dark,
        _ => Theme::Light,
    }
}

pub fn set(theme: Theme) {
    let _ = root().set_attribute("data-theme", name(theme));
}

/// Remembers the person's choice; forgets it where it is the system's anyway.
pub fn remember(theme: Theme) {
    if address::is_embed() {
        return;
    }
    let Ok(Some(storage)) = window().local_storage() else { return };
    let _ =
        if theme == system() { storage.remove_item(STORED) } else { storage.set_item(STORED, name(theme)) };
}

/// Calls back when the system changes its mind and the person has none of their own.
pub fn on_system_change(mut handler: impl FnMut(Theme) + 'static) {
    let Ok(Some(query)) = window().match_media(SYSTEM_IS_DARK) else { return };
    let handler = Closure::<dyn FnMut()>::new(move || {
        let chosen = match window().local_storage() {
            _ if address::is_embed() => address::query("theme").is_some_and(|theme| !theme.is_empty()),
            Ok(Some(storage)) => storage.get_item(STORED).is_ok_and(|stored| stored.is_some()),
            _ => false,
        };
        if !chosen {
            handler(system());
        }
    });
    listen(&query, "change", handler);
}

fn system() -> Theme {
    match window().match_media(SYSTEM_IS_DARK) {
        Ok(Some(query)) if query.matches() => Theme::Dark,
        _ => Theme::Light,
    }
}

fn name(theme: Theme) -> &'static str {
    match theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}
