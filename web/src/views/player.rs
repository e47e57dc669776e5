//! A scenario: watched in the middle, judged, broken and set at the side. On the landing page the library follows below.

use ackscope_scene::timeline::Room;
use leptos::prelude::*;

use super::gallery::Library;
use crate::browser::frames::Frames;
use crate::command::Command;
use crate::components::{
    Explanation, Help, Narration, Notice, PlaybackBar, RecordGrid, StageView, TimelineView, TopBar,
    VerdictPanel,
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
    let width = crate::browser::size::window_width();
    let room = Memo::new(move |_| if width.get() < PHONE_PIXELS { Room::Phone } else { Room::Page });
    let partition = Memo::new(move |_| look.with(|look| look.as_ref().map(|look| look.partition)));
    let is_landing = Memo::new(move |_| signals.route.get() == Route::Landing);
    view! {
        <div class="player">
            <TopBar question detail shareable=Signal::stored(true) on_command />
            <main class="main">
                <Notice text=signals.notice on_command />
                <p class="asked">{move || question.get()}</p>
                <StageView show now partition selection room theme frames on_command />
                <Narration sentence=signals.present note=signals.note />
                <TimelineView show look now future selection room overview=true theme frames on_command />
                <PlaybackBar playback events end on_command />
            </main>
            <aside class="side" aria-label="What became of it">
                <VerdictPanel show reached before=Signal::stored(None::<String>) />
                <RecordGrid show now reached selection on_command />
                <Explanation show selection reached now on_command />
            </aside>
        </div>
        <Show when=move || is_landing.get()>
            <Library theme frames />
        </Show>
        <Help open=signals.help_open on_command />
    }
}
