//! A scenario: watched in the middle, judged at the side, broken and set beside that. Below follow the run in words and,
//! on the landing page, the library.

use ackscope_scene::timeline::Room;
use leptos::prelude::*;

use super::gallery::Library;
use crate::browser;
use crate::browser::frames::Frames;
use crate::command::Command;
use crate::components::split;
use crate::components::{
    Badge, Change, CutShort, Explanation, Help, Narration, Notice, PartitionSwitch, PlaybackBar, RecordGrid,
    RunBar, Search, StageView, TimelineView, TopBar, Transcript, VerdictPanel, Viewing,
};
use crate::route::Route;
use crate::signals::Signals;

/// Narrower than this is a phone.
const PHONE_PIXELS: f64 = 720.0;

#[component]
pub fn PlayerView(
    signals: Signals,
    frames: StoredValue<Frames, LocalStorage>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let Signals { show, look, playback, now, selection, theme, reached, future, .. } = signals;
    let question = signals.of_show(|show| show.variant.question.clone());
    let detail = signals.of_show(|show| show.detail.clone());
    let events = signals.of_show(|show| show.events.len());
    let end = signals.of_show(|show| show.run.end);
    let notes = signals.of_show(|show| show.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>());
    let recorded = signals.of_show(|show| show.recorded.clone());
    let width = browser::size::window_width();
    let room = Memo::new(move |_| if width.get() < PHONE_PIXELS { Room::Phone } else { Room::Page });
    let partition = Memo::new(move |_| look.with(|look| look.as_ref().and_then(|look| look.partition)));
    let is_landing = Memo::new(move |_| signals.route.get() == Route::Landing);
    let share = RwSignal::new(split::USUAL);
    let shown = frames.with_value(Frames::shown);
    // Not a fragment to follow: fragments are views.
    let skip = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        browser::focus("main");
    };
    view! {
        <a class="skip" href="#main" on:click=skip>"To the player"</a>
        <div class="player" style=("--share", move || format!("{}%", share.get()))>
            <TopBar question detail shareable=Signal::stored(true) on_command />
            <main class="main" id="main" tabindex="-1">
                <RunBar pending=signals.pending progress=signals.progress on_command />
                <Notice text=signals.notice on_command />
                <CutShort words=signals.of_show(|show| show.cut_short.clone()) />
                <PartitionSwitch show look on_command />
                <StageView show cluster=signals.cluster partition selection verbs_of=signals.verbs_of room theme frames on_command />
                <Narration sentence=signals.present notes note=signals.note on_command />
                <TimelineView show look now future selection repeated=signals.repeated room overview=true theme frames on_command />
                <PlaybackBar playback events end look on_command />
            </main>
            <aside class="side" aria-label="What became of each record">
                <Show when=move || shown.get()>
                    <VerdictPanel show reached before=Signal::derive(move || signals.compared.get().filter(|words| !words.is_empty())) />
                    <RecordGrid show now reached selection on_command />
                    <Explanation show selection reached now on_command />
                    <Badge recorded />
                </Show>
            </aside>
            <Change signals share shown on_command />
        </div>
        <Show when=move || shown.get()>
            <Show when=move || is_landing.get()>
                <Library theme frames />
            </Show>
            <Transcript show on_command />
            <Viewing show look playback on_command />
            <Search open=signals.dialog show on_command />
            <Help open=signals.dialog on_command />
        </Show>
    }
}
