//! A small picture of a scenario's own run, drawn when it comes into sight.

use std::sync::Arc;

use ackscope_scenario::Document;
use ackscope_scene::picture::Picture;
use ackscope_scene::timeline::{Room, Timeline, View};
use ackscope_scene::tokens::Theme;
use leptos::html;
use leptos::prelude::*;

use super::canvas::Canvas;
use crate::browser::engine::EngineHandle;
use crate::browser::frames::Frames;
use crate::browser::size::when_seen;
use crate::look::Look;
use crate::show::Show;

/// Drawn this wide, shown smaller: shapes stay, words go.
const WIDTH: f32 = 560.0;

#[component]
pub fn Thumbnail(
    document: Arc<Document>,
    #[prop(into)] theme: Signal<Theme>,
    frames: StoredValue<Frames, LocalStorage>,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let seen = when_seen(frame);
    let document = StoredValue::new(document);
    let show = RwSignal::new_local(None::<Show>);
    let engine = use_context::<EngineHandle>();
    Effect::new(move |_| {
        if !seen.get() {
            return;
        }
        let document = document.with_value(|document| (**document).clone());
        let spec = document.variants[0].spec.clone();
        let then = move |run, story| _ = show.try_set(Some(Show::new(document, "", run, story)));
        if let Some(engine) = engine.and_then(|engine| engine.get_value()) {
            engine.trace(spec, then);
        }
    });
    let layout = move |picture: &mut Picture| {
        let show = show.read_untracked();
        let Some(show) = &*show else { return };
        let look = Look::new(&show.story, Room::Figure);
        let view = View::new(WIDTH, Room::Figure, &look.lanes, look.window);
        Timeline::new(&show.story, &look.axis, view).draw(picture);
    };
    let picture = StoredValue::new_local(Picture::default());
    let drawing =
        move || show.with(Option::is_some).then(|| view! { <Canvas layout picture theme frames /> });
    view! { <div class="thumbnail" node_ref=frame>{drawing}</div> }
}
