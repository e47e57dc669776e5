//! The batching lab. The sweep and its chart exist as libraries; this page does not run them yet, and says so.

use leptos::prelude::*;

use crate::command::Command;
use crate::components::TopBar;

#[component]
pub fn LabView(on_command: Callback<Command>) -> impl IntoView {
    view! {
        <TopBar question=Signal::stored("What should linger.ms and batch.size be?".to_owned())
            detail=Signal::stored(String::new()) shareable=Signal::stored(false) on_command />
        <main class="about">
            <p>
                "Here a chart will show throughput and latency over linger.ms and batch.size, computed by the same engine "
                "as the runs. This page cannot draw it yet."
            </p>
        </main>
    }
}
