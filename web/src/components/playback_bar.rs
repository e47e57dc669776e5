//! Play, step, scrub and speed. Knows nothing of brokers.

use ackscope_sim::time::Time;
use leptos::prelude::*;

use super::axis_switch::AxisSwitch;
use super::icon::{Glyph, Icon};
use crate::command::Command;
use crate::look::Look;
use crate::playback::{Playback, Position, SPEEDS};

#[component]
pub fn PlaybackBar(
    #[prop(into)] playback: Signal<Playback>,
    /// How many events the run has.
    #[prop(into)]
    events: Signal<usize>,
    #[prop(into)] end: Signal<Time>,
    #[prop(into)] look: Signal<Option<Look>>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let position = Memo::new(move |_| playback.with(|playback| playback.position));
    let playing = Memo::new(move |_| playback.with(|playback| playback.playing));
    let repeats = Memo::new(move |_| playback.with(|playback| playback.repeated.is_some()));
    let at_start = Memo::new(move |_| position.get().seen == 0 && position.get().time == Time::ZERO);
    // Before there is a run nothing has ended.
    let at_end = Memo::new(move |_| {
        let Position { time, seen } = position.get();
        end.get() > Time::ZERO && time >= end.get() && seen == events.get()
    });
    let go = move |command: Command| move |_| on_command.run(command.clone());
    let play_glyph = Signal::derive(move || if playing.get() { Glyph::Pause } else { Glyph::Play });
    let play_word = move || match (playing.get(), at_end.get()) {
        (true, _) => "Pause",
        (false, true) => "Again",
        (false, false) => "Play",
    };
    let count = move || format!("event {}/{}", position.get().seen, events.get());
    let time = move || position.get().time.to_string();
    let on_scrub = move |event| {
        let part = event_target_value(&event).parse::<u64>().unwrap_or(0).min(SCRUB_STEPS);
        let nanos = u128::from(end.get_untracked().nanos) * u128::from(part) / u128::from(SCRUB_STEPS);
        on_command.run(Command::Seek(Time { nanos: nanos as u64 }));
    };
    let scrub_value = move || {
        let end = u128::from(end.get().nanos.max(1));
        (u128::from(position.get().time.nanos) * u128::from(SCRUB_STEPS) / end) as u32
    };
    view! {
        <div class="playback" role="toolbar" aria-label="Playback">
            <StepButton glyph=Glyph::Start name="To the start" testid="to-start" class="desk" disabled=at_start
                on_click=go(Command::ToStart) />
            <StepButton glyph=Glyph::Previous name="Previous moment" testid="previous-moment" disabled=at_start
                on_click=go(Command::PreviousMoment) />
            <StepButton glyph=Glyph::Back name="Back one event" testid="step-back" disabled=at_start
                on_click=go(Command::StepBack(1)) />
            <button class="tool ink play" data-testid="play" title="Space" on:click=go(Command::TogglePlay)>
                <Icon glyph=play_glyph />
                {play_word}
            </button>
            <StepButton glyph=Glyph::Forward name="Forward one event" testid="step-forward" disabled=at_end
                on_click=go(Command::StepForward(1)) />
            <StepButton glyph=Glyph::Next name="Next moment" testid="next-moment" disabled=at_end
                on_click=go(Command::NextMoment) />
            <output class="clock" data-testid="time" for="scrubber">
                <b>{time}</b>
                " "
                <span>{count}</span>
            </output>
            <input id="scrubber" class="scrubber desk" data-testid="scrubber" type="range" aria-label="Time" min="0"
                max=SCRUB_STEPS.to_string() step="1" value="0" prop:value=move || scrub_value().to_string() aria-valuetext=time on:input=on_scrub />
            <button class="tool only-icon desk" data-testid="repeat" aria-pressed=move || repeats.get().to_string()
                aria-label="Repeat a stretch" title="Repeat a stretch (p); its edges on the ruler can be moved" on:click=go(Command::ToggleRepeat)>
                <Icon glyph=Glyph::Repeat />
            </button>
            <div class="option speed" data-testid="speed">
                <Speeds playback on_command />
            </div>
            <div class="option wide"><AxisSwitch look on_command /></div>
        </div>
    }
}

/// How fast it plays.
#[component]
pub fn Speeds(
    #[prop(into)] playback: Signal<Playback>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let speed = Memo::new(move |_| playback.with(|playback| playback.speed));
    let speeds = SPEEDS.iter().enumerate().map(|(index, (_, name))| {
        let pressed = move || (speed.get() == index).to_string();
        view! {
            <button aria-pressed=pressed on:click=move |_| on_command.run(Command::SetSpeed(index))>{*name}</button>
        }
    });
    view! { <span class="segmented" role="group" aria-label="Speed">{speeds.collect_view()}</span> }
}

const SCRUB_STEPS: u64 = 10_000;

#[component]
fn StepButton(
    glyph: Glyph,
    name: &'static str,
    testid: &'static str,
    #[prop(optional)] class: &'static str,
    #[prop(into)] disabled: Signal<bool>,
    on_click: impl Fn(leptos::ev::MouseEvent) + 'static,
) -> impl IntoView {
    view! {
        <button class=format!("tool only-icon {class}") data-testid=testid aria-label=name title=name
            disabled=move || disabled.get() on:click=on_click>
            <Icon glyph=glyph />
        </button>
    }
}
