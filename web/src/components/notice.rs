//! What the person should know: until they have dismissed it, or as long as it is so.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::command::Command;

#[component]
pub fn Notice(#[prop(into)] text: Signal<Option<String>>, on_command: Callback<Command>) -> impl IntoView {
    let bar = move || {
        let text = text.get()?;
        Some(view! {
            <div class="notice" role="alert" data-testid="notice">
                <p>{text}</p>
                <button class="tool only-icon" aria-label="Dismiss" on:click=move |_| on_command.run(Command::DismissNotice)>
                    <Icon glyph=Glyph::Cross />
                </button>
            </div>
        })
    };
    view! { {bar} }
}

/// Why the run ends early.
#[component]
pub fn CutShort(#[prop(into)] words: Signal<Option<String>>) -> impl IntoView {
    let bar = move || {
        words.get().map(
            |words| view! { <div class="notice" role="status" data-testid="cut-short"><p>{words}</p></div> },
        )
    };
    view! { {bar} }
}
