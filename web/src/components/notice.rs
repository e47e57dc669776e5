//! Something that the person should know, until they have dismissed it.

use leptos::prelude::*;

use super::{Glyph, Icon};
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
