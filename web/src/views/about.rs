//! What this is, how far it can be trusted, and what is not modelled.

use leptos::prelude::*;

use crate::command::Command;
use crate::components::{Agreement, TopBar};

/// Nothing in it changes.
const WORDS: &str = "
    <h2>What you are looking at</h2>
    <p>
    Ackscope runs producers, brokers, the controller and consumers of Apache Kafka in simulated time, here in
    your browser, and shows record by record what a configuration does when things fail. Nothing leaves your
    machine: there is no server, no account, and no counter.
    </p>
    <p>
    A run depends on its scenario and its seed alone. The same link gives the same run, to the last
    nanosecond, on every machine; the trace hash in the command line and on the page is the same.
    </p>
    <h2>How far to trust it</h2>
    <p>
    Rules follow the behaviour of the stated Kafka version, with that version's defaults and error names.
    Recorded runs of real Kafka are replayed here and compared record by record; the table below lists
    every one. A scenario of the library that was recorded says so below its verdict, as long as nothing in it is changed.
    </p>
    <h2>What is not modelled</h2>
    <ul>
    <li>Consumer groups, transactions and quotas are not there yet; consumers read partitions that are assigned to them.</li>
    <li>TLS, SASL and ACLs; log segments, retention and compaction; the Raft quorum's own messages.</li>
    <li>The JVM pauses only where a scenario asks for it; compression is a ratio and a cost, not a codec.</li>
    </ul>
    <h2>Keys</h2>
    <p>Press <kbd>?</kbd> on a scenario. Everything can be reached without a mouse.</p>
";

#[component]
pub fn AboutView(
    /// The recorded run that is asked for.
    row: Option<String>,
    on_command: Callback<Command>,
) -> impl IntoView {
    view! {
        <TopBar question=Signal::stored("About".to_owned()) detail=Signal::stored(String::new())
            shareable=Signal::stored(false) on_command />
        <main class="about" inner_html=WORDS></main>
        <Agreement row />
    }
}
