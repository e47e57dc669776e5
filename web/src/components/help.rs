//! Keys and commands, from the same table that keys and buttons use.

use leptos::html;
use leptos::prelude::*;

use crate::command::{COMMANDS, Command, key_name};

#[component]
pub fn Help(#[prop(into)] open: Signal<bool>, on_command: Callback<Command>) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => _ = dialog.show_modal(),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let rows = COMMANDS.iter().map(|entry| {
        let keys = entry.keys.iter().map(|key| view! { <kbd>{key_name(key)}</kbd> });
        view! { <tr><th scope="row">{entry.name}</th><td>{keys.collect_view()}</td></tr> }
    });
    let close = move || {
        if open.get_untracked() {
            on_command.run(Command::ToggleHelp);
        }
    };
    view! {
        <dialog class="help" node_ref=dialog aria-labelledby="help-title" on:close=move |_| close()>
            <header>
                <h2 id="help-title">"Keys"</h2>
                <button class="tool line push" on:click=move |_| close()>"Close"</button>
            </header>
            <table><tbody>{rows.collect_view()}</tbody></table>
        </dialog>
    }
}
