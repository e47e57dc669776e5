//! The player alone, inside someone else's page: title, timeline, one bar. It never touches that page's address, storage
//! or keys.

use ackscope_scene::timeline::Room;
use leptos::prelude::*;

use crate::browser::address;
use crate::browser::frames::Frames;
use crate::command::Command;
use crate::components::attributes::tone_class;
use crate::components::{CutShort, Glyph, Icon, Logo, Notice, RunBar, TimelineView};
use crate::signals::Signals;

/// Narrower than this the timeline is drawn as on a phone.
const PHONE_PIXELS: f64 = 560.0;

#[component]
pub fn EmbedView(
    signals: Signals,
    frames: StoredValue<Frames, LocalStorage>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let Signals { show, look, playback, now, selection, theme, reached, future, .. } = signals;
    let question = signals.of_show(|show| show.variant.question.clone());
    let width = crate::browser::size::window_width();
    let room = Memo::new(move |_| if width.get() < PHONE_PIXELS { Room::Phone } else { Room::Figure });
    let playing = Memo::new(move |_| playback.with(|playback| playback.playing));
    let ended =
        Memo::new(move |_| show.with(|show| show.as_ref().is_some_and(|show| now.get() >= show.run.end)));
    let glyph = Signal::derive(move || if playing.get() { Glyph::Pause } else { Glyph::Play });
    let go = move |command: Command| move |_| on_command.run(command.clone());
    let verdict = move || {
        let verdict = show.with(|show| show.as_ref().map(|show| show.verdict.clone()))?;
        reached.get().then(|| {
            let class = format!("chip {}", tone_class(verdict.tone));
            view! { <span class=class data-testid="verdict">{verdict.text()}</span> }
        })
    };
    // The whole page, in a tab of its own: the same address without what makes it a figure.
    let home = move || {
        show.track();
        address::without_query()
    };
    view! {
        <main class="embed">
            <header>
                <h1>{move || question.get()}</h1>
                <a class="brand" href=home target="_blank" rel="noopener" title="Open in Ackscope"><Logo />"Ackscope"</a>
            </header>
            <RunBar pending=signals.pending progress=signals.progress on_command />
            <CutShort words=signals.of_show(|show| show.cut_short.clone()) />
            <Notice text=signals.notice on_command />
            <TimelineView show look now future selection repeated=signals.repeated room overview=false theme frames on_command />
            <div class="playback" role="toolbar" aria-label="Playback">
                <button class="tool only-icon" data-testid="step-back" aria-label="Back one event" on:click=go(Command::StepBack(1))>
                    <Icon glyph=Glyph::Back />
                </button>
                <button class="tool ink play" data-testid="play" on:click=go(Command::TogglePlay)>
                    <Icon glyph />
                    {move || match (playing.get(), ended.get()) {
                        (true, _) => "Pause",
                        (false, true) => "Again",
                        (false, false) => "Play",
                    }}
                </button>
                <button class="tool only-icon" data-testid="step-forward" aria-label="Forward one event" on:click=go(Command::StepForward(1))>
                    <Icon glyph=Glyph::Forward />
                </button>
                <output class="clock" data-testid="time">
                    <b>{move || now.get().to_string()}</b>
                    <span class="unseen">{move || format!(" event {}", playback.with(|playback| playback.position.seen))}</span>
                </output>
                <p data-testid="narration" role="status">
                    <strong>{move || signals.present.with(|sentence| sentence.what.clone())}</strong>
                    " "
                    {move || signals.present.with(|sentence| sentence.why.clone())}
                </p>
                {verdict}
            </div>
        </main>
    }
}
