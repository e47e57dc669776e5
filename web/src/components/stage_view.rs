//! The stage: the cluster at the playhead's moment, on a canvas as high as its brokers need.

use std::sync::Arc;

use ackscope_scene::picture::{Picture, Source};
use ackscope_scene::stage::{self, StageView as View};
use ackscope_scene::timeline::Room;
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::Partition;
use leptos::html;
use leptos::prelude::*;

use super::canvas::Canvas;
use super::links::Links;
use super::pointer::{place, reach};
use crate::browser::frames::Frames;
use crate::browser::size::size_of;
use crate::command::Command;
use crate::pending::Snapshot;
use crate::screens::Drawing;
use crate::show::Show;

#[component]
pub fn StageView(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    /// The cluster at the moment that is drawn.
    #[prop(into)]
    cluster: Signal<Option<Snapshot>>,
    /// None: all of them, small.
    #[prop(into)]
    partition: Signal<Option<Partition>>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] verbs_of: Signal<Source>,
    #[prop(into)] room: Signal<Room>,
    #[prop(into)] theme: Signal<Theme>,
    frames: StoredValue<Frames, LocalStorage>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let size = size_of(frame, Drawing::Stage);
    let width = Memo::new(move |_| size.get().map(|(width, _)| width));
    let height = RwSignal::new(0);
    // Links that nothing uses show when somebody comes near; the one that is pointed at stands out.
    let near = RwSignal::new(false);
    let pointed = RwSignal::new(Source::None);
    let chosen = Memo::new(move |_| match pointed.get() {
        Source::None => selection.get(),
        link => link,
    });
    let places = Memo::new(move |_| {
        let (Some(show), Some(width)) = (show.get(), width.get()) else { return Vec::new() };
        let (cluster, partition) = (&show.run.opening, Some(Partition(0)));
        let (room, selection) = (room.get(), Source::None);
        let view = View { width, room, cluster, partition, selection, all_links: true };
        stage::links(&show.story, &view)
    });
    let shapes = StoredValue::new_local(Picture::default());
    let layout = move |picture: &mut Picture| {
        let (Some(show), Some(width), Some(cluster)) = (show.get(), width.get(), cluster.get()) else {
            return;
        };
        let view = View {
            width,
            room: room.get(),
            cluster: &cluster.0,
            partition: partition.get(),
            selection: chosen.get(),
            all_links: near.get(),
        };
        stage::draw(&show.story, &view, picture);
        let needed = picture.height.ceil() as u32;
        if height.get_untracked() != needed {
            height.set(needed);
        }
    };
    let under = move |event: &web_sys::PointerEvent| {
        shapes.with_value(|shapes| shapes.hit(place(event, frame), reach(event)))
    };
    let on_move = move |event: web_sys::PointerEvent| on_command.run(Command::Hover(under(&event)));
    let on_click = move |event: web_sys::PointerEvent| {
        let found = under(&event);
        on_command.run(Command::Select(found));
        if let Source::Link(..) = found {
            on_command.run(Command::OpenVerbs(found));
        }
    };
    view! {
        <section class="stage" data-testid="stage" aria-label="Cluster"
            on:pointerenter=move |_| near.set(true) on:pointerleave=move |_| near.set(false)
            on:focusin=move |_| near.set(true) on:focusout=move |_| near.set(false)>
            <div class="drawing" node_ref=frame style:height=move || format!("{}px", height.get())
                on:pointermove=on_move on:pointerup=on_click
                on:pointerleave=move |_| on_command.run(Command::Hover(Source::None))>
                <Canvas layout picture=shapes theme frames />
            </div>
            <Links show places width=Signal::derive(move || width.get().unwrap_or_default()) verbs_of pointed on_command />
        </section>
    }
}
