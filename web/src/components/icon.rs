//! The line icons, as one path each.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    Share,
    Settings,
    Break,
    Lab,
    Library,
    Theme,
    Start,
    Back,
    Forward,
    Next,
    Previous,
    Play,
    Pause,
    Tick,
    Cross,
    Undo,
    Redo,
    Plus,
    Minus,
    Fit,
    Keys,
    Menu,
}

impl Glyph {
    /// Drawn on 18 × 18.
    fn path(self) -> &'static str {
        match self {
            Glyph::Share => "M9 11.5V2.5M5.8 5.4 9 2.3l3.2 3.1M5 8H3.5v7.5h11V8H13",
            Glyph::Settings => {
                "M2.5 5.5h6m4 0h3m-13 7h3m4 0h6M8.5 5.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0M5.5 12.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0"
            }
            Glyph::Break => "M2 9h4.2l1.6-3.4 2.4 6.8L11.8 9H16",
            Glyph::Lab => "M2.5 2.5v13h13M5.5 12.5c3-.4 6-2.6 7.5-8.5",
            Glyph::Library => "M3 3h5v5H3zM10 3h5v5h-5zM3 10h5v5H3zM10 10h5v5h-5z",
            Glyph::Theme => {
                "M2.8 9a6.2 6.2 0 1 0 12.4 0a6.2 6.2 0 1 0-12.4 0M9 2.8v12.4M9 5l5.3 5.3M9 9l3.6 3.6"
            }
            Glyph::Start => "M4 4v10M14 4.4 7.5 9l6.5 4.6z",
            Glyph::Back => "m11.5 4.5-5 4.5 5 4.5",
            Glyph::Forward => "m6.5 4.5 5 4.5-5 4.5",
            Glyph::Next => "m3.5 4.5 5 4.5-5 4.5m6-9 5 4.5-5 4.5",
            Glyph::Previous => "m14.5 4.5-5 4.5 5 4.5m-6-9-5 4.5 5 4.5",
            Glyph::Play => "M5 3v12l9.5-6z",
            Glyph::Pause => "M5.5 3.5v11m7-11v11",
            Glyph::Tick => "m3.5 9.5 3.6 3.9L14.5 5",
            Glyph::Cross => "m4.5 4.5 9 9m0-9-9 9",
            Glyph::Undo => "M6.5 3.5 3 7l3.5 3.5M3.5 7h6.8a4 4 0 0 1 0 8H7",
            Glyph::Redo => "M11.5 3.5 15 7l-3.5 3.5M14.5 7H7.7a4 4 0 0 0 0 8H11",
            Glyph::Plus => "M4 9h10M9 4v10",
            Glyph::Minus => "M4 9h10",
            Glyph::Fit => "M3 6.5V3h3.5M11.5 3H15v3.5M15 11.5V15h-3.5M6.5 15H3v-3.5",
            Glyph::Keys => "M2.5 5h13v8.5h-13zM5 8h.1m2.9 0h.1m2.9 0h.1m1.9 0h.1M6 11h6",
            Glyph::Menu => "M3 5.5h12M3 9h12M3 12.5h12",
        }
    }

    fn is_filled(self) -> bool {
        matches!(self, Glyph::Play)
    }
}

#[component]
pub fn Icon(#[prop(into)] glyph: Signal<Glyph>) -> impl IntoView {
    let path = move || glyph.get().path();
    let fill = move || if glyph.get().is_filled() { "currentColor" } else { "none" };
    view! { <svg class="icon" viewBox="0 0 18 18" aria-hidden="true"><path d=path fill=fill /></svg> }
}

/// The product's mark: a message that leaves one log for another, and the answer.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke-linecap="round" stroke-linejoin="round">
            <path d="M1.5 4.5h17m-17 11h17" stroke="var(--line-strong)" stroke-width="1.4" />
            <path d="m4 4.5 4 11 7.6-10.3m-3-.1 3.2-.6.2 3.4" stroke="var(--ink)" stroke-width="2" />
        </svg>
    }
}
