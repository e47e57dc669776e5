//! Puts the page together: one session, one way to send it commands, one frame loop, and the view that the address asks
//! for.

use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use crate::browser::engine::{Engine, EngineHandle};
use crate::browser::frames::Frames;
use crate::browser::{self, address, theme};
use crate::command::Command;
use crate::route::Route;
use crate::session::{Errand, Session};
use crate::signals::Signals;
use crate::views::{AboutView, EmbedView, GalleryView, LabView, PlayerView};

pub fn mount() {
    browser::take_over();
    leptos::mount::mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let session = RwSignal::new_local(Session::new(theme::current()));
    let engine = engine(session);
    provide_context(engine);
    let (frames, send) = machinery(session, engine);
    let go = move |route: Route| {
        let errands = session.try_update(|session| session.go(route)).unwrap_or_default();
        run_errands(engine, errands);
    };
    go(address::route());
    address::on_change(go);
    theme::on_system_change(move |theme| session.update(|session| session.theme = theme));
    browser::api::install(move || {
        session.with_untracked(|session| session.show.as_ref().map(|show| show.run.trace_hash()))
    });

    let signals = Signals::new(session);
    Effect::new(move |_| theme::set(signals.theme.get()));
    Effect::new(move |_| {
        if signals.show.with(Option::is_some) {
            browser::set_run();
        }
    });
    Effect::new(move |_| {
        signals.show.track();
        let waits = signals.pending.get().is_some();
        if signals.route.get() == Route::Lab {
            return; // it says so itself, when its chart is there
        }
        if waits {
            return browser::set_ready(false);
        }
        // The next frame has what changed on it; what waited for that frame comes before this is told.
        let then = || {
            spawn_local(async {
                tick().await;
                browser::set_ready(true);
            });
        };
        frames.with_value(|frames| frames.after_paint(then));
    });
    Effect::new(move |_| browser::failure::remember(signals.link.get()));
    let embedded = address::is_embed();
    if !embedded {
        Effect::new(move |_| browser::document().set_title(&title(signals)));
    }
    move || match signals.route.get() {
        _ if embedded => view! { <EmbedView signals frames on_command=send /> }.into_any(),
        Route::Gallery => view! { <GalleryView signals frames on_command=send /> }.into_any(),
        Route::Lab => view! { <LabView signals on_command=send /> }.into_any(),
        Route::About(row) => view! { <AboutView row on_command=send /> }.into_any(),
        Route::Landing | Route::Scenario(_) | Route::Broken(_) => {
            view! { <PlayerView signals frames on_command=send /> }.into_any()
        }
    }
}

/// The engine, and the session as the one that hears it.
fn engine(session: RwSignal<Session, LocalStorage>) -> EngineHandle {
    let engine = StoredValue::new_local(None::<Engine>);
    let hear = move |tell| {
        let errands = session.try_update(|session| session.hear(tell));
        run_errands(engine, errands.unwrap_or_default());
    };
    engine.set_value(Some(Engine::start(hear)));
    engine
}

/// The frame loop, and what commands are sent through: they change the session, and what has to happen outside is done
/// here.
fn machinery(
    session: RwSignal<Session, LocalStorage>,
    engine: EngineHandle,
) -> (StoredValue<Frames, LocalStorage>, Callback<Command>) {
    let waker = StoredValue::new_local(None::<Frames>);
    let send = Callback::new(move |command: Command| {
        let ticks = matches!(command, Command::Tick(_));
        let errands = session.try_update(|session| session.apply(command)).unwrap_or_default();
        run_errands(engine, errands);
        // Playback may have begun.
        if !ticks && session.with_untracked(|session| session.playback.playing) {
            waker.with_value(|frames| frames.as_ref().map(Frames::wake));
        }
    });
    let frames = Frames::new(move |seconds| {
        let is_playing = || session.with_untracked(|session| session.playback.playing);
        if is_playing() {
            send.run(Command::Tick(seconds));
        }
        is_playing()
    });
    waker.set_value(Some(frames.clone()));
    browser::keys::install(move |command| send.run(command));
    (StoredValue::new_local(frames), send)
}

fn run_errands(engine: EngineHandle, errands: Vec<Errand>) {
    errands.into_iter().for_each(|errand| run_errand(engine, errand));
}

fn run_errand(engine: EngineHandle, errand: Errand) {
    match errand {
        Errand::Engine(ask) => {
            _ = engine.try_with_value(|engine| engine.as_ref().map(|engine| engine.ask(&ask)))
        }
        Errand::Share(hash) => {
            if !address::is_embed() {
                address::replace(&hash);
            }
            browser::copy(&address::with_hash(&hash));
        }
        Errand::GoToLab => address::go("#lab"),
        Errand::KeepTheme(theme) => theme::remember(theme),
    }
}

fn title(signals: Signals) -> String {
    let of = match signals.route.get() {
        Route::Gallery => "Library".to_owned(),
        Route::Lab => "Batching lab".to_owned(),
        Route::About(_) => "About".to_owned(),
        Route::Landing => return "Ackscope: what Kafka keeps when things fail".to_owned(),
        Route::Scenario(_) | Route::Broken(_) => signals.of_show(|show| show.variant.title.clone()).get(),
    };
    format!("{of} · Ackscope")
}
