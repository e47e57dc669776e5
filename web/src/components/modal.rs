//! What opens in front of the page and has the keys to itself.

use leptos::html;
use leptos::prelude::*;

use crate::command::{Command, Dialog};

/// A dialog that is open while the session says so.
#[component]
pub fn Modal(
    of: Dialog,
    #[prop(into)] open: Signal<Option<Dialog>>,
    on_command: Callback<Command>,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (open.get() == Some(of), dialog.open()) {
            (true, false) => _ = dialog.show_modal(),
            (false, true) => {
                dialog.close();
                crate::browser::blur_within(&dialog);
            }
            _ => {}
        }
    });
    // The browser tells of it late: by then it may be open again.
    let on_close = move |_| {
        if dialog.get_untracked().is_none_or(|dialog| !dialog.open()) && open.get_untracked() == Some(of) {
            on_command.run(Command::Close);
        }
    };
    let (class, name) = (of.class(), of.name());
    view! {
        <dialog class=class node_ref=dialog aria-label=name data-testid=class on:close=on_close>{children()}</dialog>
    }
}
