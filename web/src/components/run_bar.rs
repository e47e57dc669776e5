//! A run that takes long: how far it has come, and a way to stop it.

use std::time::Duration;

use ackscope_scenario::write_duration;
use ackscope_sim::run::budget::Progress;
use ackscope_sim::time::Time;
use leptos::prelude::*;

use crate::command::Command;

/// Nobody needs to hear of runs that are shorter.
const SHOWN_AFTER: Duration = Duration::from_millis(300);

#[component]
pub fn RunBar(
    #[prop(into)] pending: Signal<Option<u32>>,
    #[prop(into)] progress: Signal<Option<Progress>>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let late = RwSignal::new(None);
    Effect::new(move |_| {
        if let Some(number) = pending.get() {
            set_timeout(move || late.set(Some(number)), SHOWN_AFTER);
        }
    });
    let takes_long = Memo::new(move |_| late.get().is_some() && late.get() == pending.get());
    let words = move || match progress.get() {
        Some(Progress { now, until, events, .. }) => {
            let until = write_duration(until.since(Time::ZERO));
            format!("Running: {now} of {until}, {events} events")
        }
        None => "Running…".to_owned(),
    };
    let done = move || progress.get().map_or(0.0, |it| it.now.nanos as f64 / it.until.nanos.max(1) as f64);
    let bar = move || {
        takes_long.get().then(|| {
            view! {
                <div class="running" data-testid="running">
                    <progress aria-label="Part of the run that is done" value=move || done().to_string()></progress>
                    <p role="status">{words}</p>
                    <button class="tool line" data-testid="stop-run" on:click=move |_| on_command.run(Command::StopRun)>"Stop"</button>
                </div>
            }
        })
    };
    view! { {bar} }
}
