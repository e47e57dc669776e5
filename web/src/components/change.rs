//! Everything that changes what is run, and what the changes come to.

use leptos::prelude::*;

use super::break_it::BreakIt;
use super::fault_list::FaultList;
use super::paste::Paste;
use super::settings::Settings;
use super::source::Source;
use super::split::Split;
use crate::browser::{self, address};
use crate::command::Command;
use crate::edit::Edit;
use crate::signals::Signals;

#[component]
pub fn Change(
    signals: Signals,
    /// This column's share of the height, in hundredths.
    share: RwSignal<u32>,
    /// Whether there is something to see: the parts wait for that.
    shown: ReadSignal<bool>,
    on_command: Callback<Command>,
) -> impl IntoView {
    // The address leads to what is run, so that loading the page again brings it back.
    Effect::new(move |_| {
        if signals.history.get() != (false, false) {
            address::replace(&signals.link.get().unwrap_or_default());
        }
    });
    view! {
        <aside class="change" aria-label="Change it">
            <Split share />
            <Jump />
            <Show when=move || shown.get()>
                <Compared signals on_command />
                <Variants signals on_command />
                <BreakIt signals on_command />
                <FaultList signals on_command />
                <Settings signals on_command />
                <Paste signals on_command />
                <Source signals on_command />
            </Show>
        </aside>
    }
}

/// To a part of this column that lies out of sight.
#[component]
fn Jump() -> impl IntoView {
    let button = |(id, name): (&'static str, &'static str)| {
        view! { <button class="tool small" on:click=move |_| browser::bring_into_sight(id)>{name}</button> }
    };
    let parts = [
        ("break-title", "Break it"),
        ("happens-title", "Faults"),
        ("settings-title", "Settings"),
        ("paste-title", "Paste"),
        ("source-title", "Source"),
    ];
    view! { <nav class="jump" aria-label="Parts of this column">{parts.map(button).into_iter().collect_view()}</nav> }
}

/// The present run held against the one that was kept.
#[component]
fn Compared(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let compared = signals.compared;
    let same = move || compared.with(Option::is_none);
    let words = move || match compared.get() {
        None => "Unchanged.".to_owned(),
        Some(words) if words.is_empty() => "Changed; the outcome is the same.".to_owned(),
        Some(words) => words,
    };
    view! {
        <section class="compared" class:same=same>
            <p data-testid="compared" role="status"><b>{words}</b></p>
            <button class="tool line small" data-testid="swap-runs" disabled=same title="Show the other run and keep this one"
                on:click=move |_| on_command.run(Command::SwapRuns)>"See the other run"</button>
            <button class="tool line small" data-testid="keep-run" disabled=same title="Later runs are compared with this one"
                on:click=move |_| on_command.run(Command::KeepRun)>"Keep this one"</button>
        </section>
    }
}

/// The runs that the document itself has, where it has several.
#[component]
fn Variants(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let names = signals.of_show(|show| show.variants.clone());
    let now = signals.of_show(|show| show.variant.name.clone());
    let button = move |(name, title): (String, String)| {
        let own = name.clone();
        let pressed = move || now.with(|now| *now == own).to_string();
        view! {
            <button aria-pressed=pressed on:click=move |_| on_command.run(Command::Edit(Edit::Variant(name.clone())))>{title}</button>
        }
    };
    view! {
        <Show when=move || names.with(|names| names.len() > 1)>
            <section class="variants" role="group" aria-label="Variants" data-testid="variants">
                <For each=move || names.get() key=|(name, _)| name.clone() children=button />
            </section>
        </Show>
    }
}
