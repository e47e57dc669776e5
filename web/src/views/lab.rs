//! The batching lab: what linger.ms and batch.size buy and cost under a workload. A worker measures, the charts fill in.

use ackscope_scene::tokens::Theme;
use leptos::prelude::*;

use crate::browser;
use crate::browser::worker::LabWorker;
use crate::command::Command;
use crate::components::{Help, TopBar};
use crate::lab::{self, Answer, Question};
use crate::signals::Signals;

#[component]
pub fn LabView(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let question = RwSignal::new(Question::default());
    let answer = RwSignal::new(Answer::default());
    // Whether the worker can hear, and whether somebody has stopped it.
    let (awake, stopped) = (RwSignal::new(false), RwSignal::new(false));
    let worker = StoredValue::new_local(None::<LabWorker>);
    let hear = move |told: Answer| {
        awake.set(true);
        if told.of > 0 {
            answer.set(told);
        }
    };
    on_cleanup(move || worker.dispose());
    Effect::new(move |_| {
        let dark = signals.theme.get() == Theme::Dark;
        let asked = Question { dark, ..question.get() };
        if stopped.get() {
            return;
        }
        if worker.with_value(Option::is_none) {
            worker.set_value(LabWorker::start(hear));
        }
        if awake.get() {
            worker.with_value(|worker| worker.as_ref().map(|worker| worker.ask(&asked)));
        }
    });
    // What is asked anew begins anew.
    let ask = move |change: &dyn Fn(&mut Question)| {
        question.update(|question| change(question));
        answer.update(|answer| (answer.done, answer.of) = (0, 0));
        stopped.set(false);
    };
    let stop = move |_| {
        stopped.set(true);
        awake.set(false);
        worker.set_value(None);
    };
    // The addressed view is complete when all of the chart is there.
    let complete = Memo::new(move |_| answer.with(|answer| answer.of > 0 && answer.done == answer.of));
    Effect::new(move |_| browser::set_ready(complete.get()));

    let number = move |label: &'static str,
                       (least, most): (u32, u32),
                       read: fn(&Question) -> u32,
                       write: fn(&mut Question, u32)| {
        view! {
            <input type="number" aria-label=label min=least.to_string() max=most.to_string()
                prop:value=move || question.with(read).to_string()
                on:change=move |event| {
                    if let Ok(value) = event_target_value(&event).parse::<u32>() {
                        ask(&|question| write(question, value.clamp(least, most)));
                    }
                } />
        }
    };
    let choice = move |label: &'static str,
                       values: &'static [&'static str],
                       read: fn(&Question) -> String,
                       write: fn(&mut Question, String)| {
        view! {
            <select aria-label=label on:change=move |event| ask(&|question| write(question, event_target_value(&event)))>
                {values.iter().map(|value| view! { <option selected=move || question.with(read) == *value>{*value}</option> }).collect_view()}
            </select>
        }
    };
    let another_seed = move |_| ask(&|question| question.seed = browser::fresh_seed());
    let progress = move || {
        let (done, of) = answer.with(|answer| (answer.done, answer.of));
        let seed = question.with(|question| question.seed);
        let words = match (of, stopped.get()) {
            (0, false) => "measuring …".to_owned(),
            (0, true) => "stopped".to_owned(),
            (_, true) => format!("stopped after {done} of {of} settings"),
            (_, false) => format!("{done} of {of} settings"),
        };
        format!("{words}, seed {seed}")
    };
    let chart = move |read: fn(&Answer) -> &String| move || answer.with(|answer| read(answer).clone());
    view! {
        <TopBar question=Signal::stored("What should linger.ms and batch.size be?".to_owned())
            detail=Signal::stored(String::new()) shareable=Signal::stored(false) on_command />
        <main class="lab">
            <p class="load">
                {number("Producers", lab::PRODUCERS, |question| question.producers.into(), |question, value| question.producers = value as u16)}
                " producers send "
                {number("Records per second of each producer", lab::RATE, |question| question.rate, |question, value| question.rate = value)}
                " records a second each, "
                {number("Bytes of a record", lab::RECORD_BYTES, |question| question.record_bytes, |question, value| question.record_bytes = value)}
                " bytes long, to "
                {number("Partitions", lab::PARTITIONS, |question| question.partitions, |question, value| question.partitions = value)}
                " partitions on "
                {number("Brokers", lab::BROKERS, |question| question.brokers, |question, value| question.brokers = value)}
                " brokers, with acks "
                {choice("acks", &["all", "1", "0"], |question| question.acks.clone(), |question, value| question.acks = value)}
                " and compression "
                {choice("compression.type", &["none", "gzip", "snappy", "lz4", "zstd"], |question| question.compression.clone(), |question, value| question.compression = value)}
                "."
            </p>
            <div class="charts" data-testid="chart">
                <figure aria-label="Latency over throughput" inner_html=chart(|answer| &answer.latency)></figure>
                <figure aria-label="Every combination" inner_html=chart(|answer| &answer.combinations)></figure>
            </div>
            <div class="finding">
                <div class="say" role="status">
                    <p><strong>{move || answer.with(|answer| answer.finding.clone())}</strong></p>
                    <p>{move || answer.with(|answer| answer.advice.clone())}</p>
                </div>
                <figure aria-label="Records per batch" inner_html=chart(|answer| &answer.batches)></figure>
            </div>
            <p class="progress">
                <progress aria-label="Measured" max=move || answer.with(|answer| answer.of.max(1)).to_string()
                    prop:value=move || answer.with(|answer| f64::from(answer.done))></progress>
                <span class="soft" data-testid="progress" role="status">{progress}</span>
                <button class="tool line small" data-testid="cancel" disabled=move || complete.get() || stopped.get() on:click=stop>"Stop"</button>
                <button class="tool line small" data-testid="another-seed" on:click=another_seed>"Another seed"</button>
            </p>
        </main>
        <Help open=signals.help_open on_command />
    }
}
