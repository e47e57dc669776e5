//! The landing page as text, from the very views that the browser shows: it is there at once, and the simulator follows
//! when somebody is there to use it. What a browser would measure and paint is in `screens.rs`.

use ackscope_scene::tokens::Theme;
use leptos::prelude::*;

use crate::browser::frames::Frames;
use crate::browser::theme;
use crate::engine::Engine;
use crate::route::Route;
use crate::screens;
use crate::session::{Session, settle};
use crate::signals::Signals;
use crate::views::PlayerView;

/// The colours, and the view that opens when nothing else is asked for.
pub fn landing() -> String {
    Owner::new().with(|| {
        screens::provide();
        let session = RwSignal::new_local(Session::new(Theme::Light));
        session.update(|session| {
            let errands = session.go(Route::Landing);
            settle(session, &mut Engine::default(), errands);
        });
        let frames = StoredValue::new_local(Frames::new(|_| false));
        let signals = Signals::new(session);
        let hash = session.with(|session| session.show.as_ref().map(|show| show.run.trace_hash()));
        let view = view! { <PlayerView signals frames on_command=Callback::new(|_| ()) /> };
        format!(
            "<style>{}</style><div id=\"landing\" data-trace-hash=\"{}\">{}</div>",
            theme::tokens(),
            hash.unwrap_or_default(),
            // The page's policy forbids styles in its text: the script that shows the landing page sets them.
            view.to_html().replace(" style=\"", " data-style=\"")
        )
    })
}
