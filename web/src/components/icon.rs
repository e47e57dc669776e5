//! The line icons, as one path each.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    Share,
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
    Plus,
    Minus,
    Fit,
    Filter,
    Fold,
    Unfold,
    Up,
    Search,
    Keys,
    Repeat,
}

impl Glyph {
    /// Drawn on 18 × 18.
    fn path(self) -> &'static str {
        match self {
            Glyph::Share => "M9 11.5V2.5M5.8 5.4 9 2.3l3.2 3.1M5 8H3.5v7.5h11V8H13",
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
            Glyph::Plus => "M4 9h10M9 4v10",
            Glyph::Minus => "M4 9h10",
            Glyph::Fit => "M2.5 6V2.5H6m6 0h3.5V6m0 6v3.5H12m-6 0H2.5V12",
            Glyph::Filter => "M2.5 4h13L10.5 10v4.5l-3 1.5v-6z",
            Glyph::Fold => "m4.5 6.5 4.5 4.5 4.5-4.5",
            Glyph::Unfold => "m6.5 4.5 4.5 4.5-4.5 4.5",
            Glyph::Up => "M9 14.5v-11m-4 4 4-4 4 4",
            Glyph::Search => "M3 8a5 5 0 1 0 10 0a5 5 0 1 0-10 0m8.7 3.7 3.8 3.8",
            Glyph::Repeat => {
                "M3 8.5V7.2A2.7 2.7 0 0 1 5.7 4.5H15m-2.6-2.6L15 4.5l-2.6 2.6M15 9.5v1.3a2.7 2.7 0 0 1-2.7 2.7H3m2.6 2.6L3 13.5l2.6-2.6"
            }
            Glyph::Keys => "M2 4.5h14v9H2zM5 7.5h.01M8 7.5h.01M11 7.5h.01M13.5 7.5h.01M5.5 10.5h7",
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
