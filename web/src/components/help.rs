//! Keys and commands, from the same table that keys and buttons use.

use leptos::prelude::*;

use super::modal::Modal;
use crate::command::{COMMANDS, Command, Dialog, Entry, key_name};

#[component]
pub fn Help(#[prop(into)] open: Signal<Option<Dialog>>, on_command: Callback<Command>) -> impl IntoView {
    // Plain text in all of it: one string is less code than a view.
    let rows: String = COMMANDS
        .iter()
        .map(|Entry { name, keys, .. }| {
            let keys: String = keys.iter().map(|key| format!("<kbd>{}</kbd>", key_name(key))).collect();
            format!("<tr><th scope=\"row\">{name}</th><td>{keys}</td></tr>")
        })
        .collect();
    view! {
        <Modal of=Dialog::Help open on_command>
            <header>
                <h2>"Keys"</h2>
                <button class="tool line push" on:click=move |_| on_command.run(Command::Close)>"Close"</button>
            </header>
            <table><tbody inner_html=rows></tbody></table>
        </Modal>
    }
}
