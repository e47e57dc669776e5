//! The scenario's own text, changed in place; what is wrong with it is said with its line.

use leptos::html;
use leptos::prelude::*;

use super::attributes::drawn;
use crate::command::Command;
use crate::edit::Edit;
use crate::signals::Signals;

#[component]
pub fn Source(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let text = Memo::new(move |_| {
        signals.draft.with(|draft| draft.as_ref().map(|draft| draft.text.clone()).unwrap_or_default())
    });
    let field = NodeRef::<html::Textarea>::new();
    // Selects the line that a problem is about.
    let show_line = move |line: u32| {
        let Some(field) = field.get_untracked() else { return };
        let value = field.value();
        let from: usize =
            value.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(utf16_length).sum();
        let length = value.lines().nth(line.saturating_sub(1) as usize).map_or(0, utf16_length);
        let _ = field.focus();
        let _ = field.set_selection_range(from as u32, (from + length) as u32);
    };
    let problems = move || {
        let problems = signals.refusal.with(|refusal| match refusal.about.as_str() {
            "text" => refusal.problems.clone(),
            _ => Vec::new(),
        });
        let rows = problems.into_iter().map(|problem| {
            let line = problem.line;
            view! { <li><button on:click=move |_| show_line(line)>{problem.to_string()}</button></li> }
        });
        rows.collect_view()
    };
    view! {
        <details class="source">
            <summary id="source-title" data-testid="open-source">"Scenario source (TOML)"</summary>
            <textarea node_ref=field data-testid="source" rows="18" spellcheck="false" wrap="off" aria-label="Scenario source"
                prop:value=move || text.get()
                on:input=move |event| on_command.run(Command::Edit(Edit::Text(event_target_value(&event))))>{drawn(|| text.get_untracked())}</textarea>
            <ul class="problems refused" data-testid="source-problems" role="alert">{problems}</ul>
        </details>
    }
}

/// As browsers count places in a text.
fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}
