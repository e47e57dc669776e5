//! What happens from outside, entry by entry, in the order of the run: moved, lengthened, left out, put back.

use ackscope_scenario::{Step, faults, write_duration};
use ackscope_scene::picture::Source;
use ackscope_sim::order::sorted;
use ackscope_sim::script::Trigger;
use ackscope_sim::time::Time;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::attributes::drawn;
use super::break_it::Refused;
use super::icon::{Glyph, Icon};
use crate::command::{Command, for_key};
use crate::edit::{Edit, named};
use crate::show::Show;
use crate::signals::Signals;

/// An entry as the list shows it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Line {
    name: String,
    /// `kill broker-1`
    what: String,
    /// Its own time; None where it waits for something.
    at: Option<String>,
    waits: String,
    done_at: Option<Time>,
    /// Its sign.
    source: Source,
    /// How long its effect lasts, where that can be said.
    lasts: Option<String>,
    off: bool,
    /// Made here, not by the scenario.
    new: bool,
    faulty: bool,
}

/// Entries that are listed at first, and how many more each time they are asked for: every one is a row of controls.
const ROWS: usize = 60;
/// What the application does, and not what is done to it.
const APPLICATION: [&str; 6] = ["send", "load", "flush", "seek", "note", "create_topic"];
/// Whose effect ends after a while, where one says so.
const LASTING: [&str; 13] = [
    "pause",
    "stop",
    "kill",
    "power_loss",
    "fail_disk",
    "slow_disk",
    "stall_disk",
    "slow",
    "cut",
    "drop_next",
    "duplicate_next",
    "delay_next",
    "hold_next",
];

fn line(show: &Show, step: &Step, new: bool) -> Line {
    let variant = &show.variant;
    let entry = variant.spec.script.get(step.actions.start as usize);
    let at = entry.and_then(|entry| match entry.when {
        Trigger::At(at) => Some(faults::write_time(at)),
        Trigger::After { .. } | Trigger::When { .. } => None,
    });
    let done = step.done(&show.run);
    let lasts = LASTING
        .contains(&step.verb)
        .then(|| faults::lasts(variant, step).map(write_duration).unwrap_or_default());
    Line {
        name: step.name.clone(),
        what: format!("{} {}", step.verb.replace('_', " "), step.object),
        at,
        waits: faults::waits_for(variant, step).unwrap_or_default(),
        done_at: done.map(|happening| happening.at),
        source: done.map_or(Source::None, |happening| Source::Happening(happening.id)),
        lasts,
        off: step.off,
        new,
        faulty: !APPLICATION.contains(&step.verb),
    }
}

#[component]
pub fn FaultList(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let lines = Memo::new(move |_| {
        let origin = signals.origin.get();
        let is_new = |step: &Step| origin.as_ref().is_none_or(|origin| named(origin, &step.name).is_none());
        signals.show.with(|show| {
            let Some(show) = show else { return Vec::new() };
            let lines = show.variant.steps.iter().map(|step| line(show, step, is_new(step)));
            sorted(lines, |line: &Line| line.done_at.unwrap_or(Time::NEVER))
        })
    });
    let row = move |name: String| {
        let own = name.clone();
        let line = Memo::new(move |_| {
            lines.with(|lines| lines.iter().find(|line| line.name == own).cloned().unwrap_or_default())
        });
        view! { <FaultLine signals name line on_command /> }
    };
    let asked = RwSignal::new(ROWS);
    let count = Memo::new(move |_| lines.with(Vec::len));
    // One that is selected elsewhere is listed too.
    let shown = Memo::new(move |_| {
        let selection = signals.selection.get();
        let place = lines.with(|lines| {
            lines.iter().position(|line| line.source != Source::None && line.source == selection)
        });
        asked.get().max(place.map_or(0, |place| place + 1))
    });
    let names = move || {
        lines.with(|lines| lines.iter().take(shown.get()).map(|line| line.name.clone()).collect::<Vec<_>>())
    };
    let more = move || {
        let left = count.get().saturating_sub(shown.get());
        (left > 0).then(|| {
            view! {
                <button class="tool small" data-testid="more-faults" on:click=move |_| asked.set(shown.get_untracked() + ROWS)>
                    {format!("Show {} more of {left}", left.min(ROWS))}
                </button>
            }
        })
    };
    let go = move |command: Command| move |_| on_command.run(command.clone());
    view! {
        <section class="happens" aria-labelledby="happens-title">
            <header>
                <h3 id="happens-title">"What happens"</h3>
                <button class="tool small push" data-testid="undo" title="Undo (u)" disabled=move || !signals.history.get().0
                    on:click=go(Command::Undo)>"Undo"</button>
                <button class="tool small" data-testid="redo" title="Redo (Shift u)" disabled=move || !signals.history.get().1
                    on:click=go(Command::Redo)>"Redo"</button>
            </header>
            <ol class="faults" data-testid="fault-list">
                <For each=names key=Clone::clone children=row />
            </ol>
            {more}
        </section>
    }
}

#[component]
fn FaultLine(
    signals: Signals,
    name: String,
    line: Memo<Line>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let change = move |key: &'static str| {
        move |event| {
            let (name, value) = (line.with(|line| line.name.clone()), event_target_value(&event));
            on_command.run(Command::Edit(Edit::Entry { name, key, value }));
        }
    };
    let time = move || {
        let at = line.with(|line| line.at.clone());
        match at {
            Some(_) => view! {
                <input class="time" aria-label="at" data-testid="fault-at" value=drawn(|| line.get_untracked().at.unwrap_or_default()) prop:value=move || line.with(|line| line.at.clone())
                    on:change=change("at") />
            }
            .into_any(),
            None => view! { <span class="soft">{move || line.with(|line| line.waits.clone())}</span> }.into_any(),
        }
    };
    let lasts = move || {
        line.with(|line| line.lasts.is_some()).then(|| {
            view! {
                <label class="soft">"for "
                    <input class="time" data-testid="fault-for" placeholder="ever" value=drawn(|| line.get_untracked().lasts.unwrap_or_default())
                        prop:value=move || line.with(|line| line.lasts.clone()) on:change=change("for") />
                </label>
            }
        })
    };
    let has_time = Memo::new(move |_| line.with(|line| line.at.is_some()));
    let has_lasts = Memo::new(move |_| line.with(|line| line.lasts.is_some()));
    let time = move || {
        has_time.track();
        untrack(time)
    };
    let lasts = move || {
        has_lasts.track();
        untrack(lasts)
    };
    let toggle = move |_| {
        let (name, off) = line.with(|line| (line.name.clone(), line.off));
        on_command.run(Command::Edit(if off { Edit::PutBack(name) } else { Edit::LeaveOut(name) }));
    };
    let seek = move |_| {
        if let (Some(at), source) = line.with(|line| (line.done_at, line.source)) {
            on_command.run(Command::Select(source));
            on_command.run(Command::Seek(at));
        }
    };
    // What the keys do to a fault that is selected, they do to the one that has the focus.
    let own = name.clone();
    let nudge = move |event: web_sys::KeyboardEvent| {
        let typing =
            event.target().is_some_and(|target| target.is_instance_of::<web_sys::HtmlInputElement>());
        let command = for_key(&event.key(), event.shift_key(), event.ctrl_key() || event.meta_key());
        if let (false, Some(Command::Nudge(millis))) = (typing, command) {
            event.prevent_default();
            let moved =
                Edit::Move { name: own.clone(), by: millis * 1_000_000, unit: 1_000_000, nudged: true };
            on_command.run(Command::Edit(moved));
        }
    };
    let own = name.clone();
    let selected = Memo::new(move |_| {
        let selection = signals.selection.get();
        signals.show.with(|show| {
            show.as_ref().is_some_and(|show| show.step_of(selection).is_some_and(|step| step.name == own))
        })
    });
    let done = move || line.with(|line| line.done_at.map_or("never".to_owned(), |at| at.to_string()));
    let removal = move || line.with(|line| if line.off { "Put back" } else { "Remove" });
    let glyph = Signal::derive(move || if line.with(|line| line.off) { Glyph::Plus } else { Glyph::Cross });
    view! {
        <li class:off=move || line.with(|line| line.off) class:new=move || line.with(|line| line.new)
            class:faulty=move || line.with(|line| line.faulty) class:selected=move || selected.get() on:keydown=nudge data-testid="fault">
            <button class="done" title="Go there. Ctrl ← and → move it" on:click=seek>{done}</button>
            <b>{move || line.with(|line| line.name.clone())}</b>
            <button class="tool only-icon small" data-testid="fault-remove" aria-label=move || format!("{} {}", removal(), line.with(|line| line.name.clone()))
                title=removal on:click=toggle><Icon glyph /></button>
            <span class="what">{move || line.with(|line| line.what.clone())}</span>
            <span class="when">{time}" "{lasts}</span>
            <Refused signals about=name />
        </li>
    }
}
