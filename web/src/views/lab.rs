//! The batching lab: what linger.ms and batch.size buy and cost under a workload. A worker measures, the charts fill in.

use ackscope_scenario::link;
use ackscope_scene::tokens::Theme;
use ackscope_sim::time::Duration;
use leptos::prelude::*;

use crate::browser::worker::LabWorker;
use crate::browser::{self, address};
use crate::command::Command;
use crate::components::{Help, TopBar};
use crate::lab::{self, Answer, Question, Tried};
use crate::signals::Signals;

/// Below this, charts for a phone.
const PHONE_PIXELS: f64 = 720.0;

const ALONE: &str = "The lab needs a web worker, and this browser or frame cannot start one. A frame needs \
    `allow-same-origin` in its `sandbox`; outside a frame the lab runs in any current browser.";

#[component]
pub fn LabView(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let question = RwSignal::new(signals.workload.get_untracked().unwrap_or_default());
    let answer = RwSignal::new(Answer::default());
    // Whether the worker can hear, and whether somebody has stopped it.
    let (awake, stopped) = (RwSignal::new(false), RwSignal::new(false));
    // Neither a worker nor a measurement: a frame with a strict sandbox starts none.
    let alone = RwSignal::new(false);
    let width = browser::size::window_width();
    let narrow = Memo::new(move |_| width.get() < PHONE_PIXELS);
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
        let asked = Question { dark, narrow: narrow.get(), ..question.get() };
        if stopped.get() {
            return;
        }
        if worker.with_value(Option::is_none) {
            worker.set_value(LabWorker::start(hear, move || alone.set(true)));
            alone.set(worker.with_value(Option::is_none));
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
    Effect::new(move |_| browser::set_ready(complete.get() || alone.get()));

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
        if alone.get() {
            return ALONE.to_owned();
        }
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
    // A run of the sweep as a scenario of its own.
    let open = move |linger_ms: u32, batch_size: u32| {
        let linger = Duration::from_millis(u64::from(linger_ms));
        let text = question.with_untracked(|question| lab::workload(question).document(linger, batch_size));
        address::go(&format!("#{}", link::to_text(&text, &link::View::default())));
    };
    let current = RwSignal::new((5_u32, 16_384_u32));
    // The same runs twice: keys go through the table alone.
    let button = move |tried: &Tried, place: &[f32], keys: bool| {
        // Left, top, width and height, as parts of the chart's.
        let mut place = place.iter().map(|part| format!("{}%", part * 100.0));
        let Tried { linger_ms, batch_size, p99_us, capacity, .. } = *tried;
        let label = format!(
            "linger.ms={linger_ms}, batch.size={batch_size}: 99 in 100 within {}.{} ms, {capacity} records a second at most. Open this run",
            p99_us / 1_000,
            p99_us % 1_000 / 100,
        );
        let tab = move || if keys && current.get() == (linger_ms, batch_size) { "0" } else { "-1" };
        let testid = format!("{}-{linger_ms}-{batch_size}", if keys { "run" } else { "dot" });
        view! {
            <button data-testid=testid aria-label=label.clone() title=label tabindex=tab
                style:left=place.next() style:top=place.next() style:width=place.next() style:height=place.next()
                on:focus=move |_| current.set((linger_ms, batch_size)) on:click=move |_| open(linger_ms, batch_size)></button>
        }
        .into_any()
    };
    let walk = move |event: web_sys::KeyboardEvent| {
        let (linger, batch) = current.get_untracked();
        let next = answer.with_untracked(|answer| {
            let in_row =
                answer.tried.iter().filter(|tried| tried.batch_size == batch).map(|tried| tried.linger_ms);
            let in_column =
                answer.tried.iter().filter(|tried| tried.linger_ms == linger).map(|tried| tried.batch_size);
            Some(match event.key().as_str() {
                "ArrowRight" => (in_row.filter(|&other| other > linger).min()?, batch),
                "ArrowLeft" => (in_row.filter(|&other| other < linger).max()?, batch),
                "ArrowUp" => (linger, in_column.filter(|&other| other > batch).min()?),
                "ArrowDown" => (linger, in_column.filter(|&other| other < batch).max()?),
                _ => return None,
            })
        });
        let Some((linger, batch)) = next else { return };
        event.prevent_default();
        let cell = format!("[data-testid=run-{linger}-{batch}]");
        if let Ok(Some(cell)) = browser::document().query_selector(&cell) {
            browser::focus_on(cell);
        }
    };
    // While the charts fill in they change too often to aim at.
    let still = move || complete.get() || stopped.get();
    let dots = move || {
        if !still() {
            return None;
        }
        let dots = answer
            .with(|answer| answer.tried.iter().map(|tried| button(tried, &tried.dot, false)).collect_view());
        Some(view! { <div class="tried dots" aria-hidden="true">{dots}</div> })
    };
    let cells = move || {
        if !still() {
            return None;
        }
        let cells = answer
            .with(|answer| answer.tried.iter().map(|tried| button(tried, &tried.cell, true)).collect_view());
        Some(
            view! { <div class="tried" role="group" aria-label="Runs: arrows choose one, Enter opens it" on:keydown=walk>{cells}</div> },
        )
    };
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
                <figure aria-label="Latency over throughput"><div inner_html=chart(|answer| &answer.latency)></div>{dots}</figure>
                <figure aria-label="Every combination"><div inner_html=chart(|answer| &answer.combinations)></div>{cells}</figure>
            </div>
            <p class="soft">"Choose a point or a cell to open its run."</p>
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
                <button class="tool line small" data-testid="cancel" disabled=move || complete.get() || stopped.get() || alone.get() on:click=stop>"Stop"</button>
                <button class="tool line small" data-testid="another-seed" on:click=another_seed>"Another seed"</button>
            </p>
        </main>
        <Help open=signals.dialog on_command />
    }
}
