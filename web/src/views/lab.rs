//! The batching lab: throughput and latency over linger.ms and batch.size, computed in a worker.

use leptos::prelude::*;

use crate::command::Command;
use crate::components::TopBar;
use crate::signals::Signals;

#[component]
pub fn LabView(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let _ = signals;
    view! {
        <TopBar question=Signal::stored("What should linger.ms and batch.size be?".to_owned())
            detail=Signal::stored(String::new()) shareable=Signal::stored(false) on_command />
        <main class="lab"><div data-testid="chart"></div></main>
    }
}
