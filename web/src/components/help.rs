//! Keys and commands, from the same table that keys and buttons use.

use leptos::html;
use leptos::prelude::*;

use crate::command::{COMMANDS, Command, Entry, key_name};

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
    // Plain text in all of it: one string is less code than a view.
    let rows: String = COMMANDS
        .iter()
        .map(|Entry { name, keys, .. }| {
            let keys: String = keys.iter().map(|key| format!("<kbd>{}</kbd>", key_name(key))).collect();
            format!("<tr><th scope=\"row\">{name}</th><td>{keys}</td></tr>")
        })
        .collect();
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
            <table><tbody inner_html=rows></tbody></table>
        </dialog>
    }
}
