//! The timeline: lanes on one canvas, the playhead on another above it, each lane's controls on top.

use std::sync::Arc;

use ackscope_scene::axis::TimeWindow;
use ackscope_scene::picture::{Picture, Source};
use ackscope_scene::timeline::{Future, Held, Room, Stretch, Timeline, View};
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;
use leptos::html;
use leptos::prelude::*;

use super::canvas::Canvas;
use super::lanes::LaneControls;
use super::timeline_hand::Hand;
use super::viewing::ViewTools;
use crate::browser::frames::Frames;
use crate::browser::size::size_of;
use crate::command::Command;
use crate::look::Look;
use crate::screens::Drawing;
use crate::show::Show;

/// What a timeline is laid out from.
#[derive(Clone, Copy)]
pub struct Layout {
    pub show: Signal<Option<Arc<Show>>>,
    pub look: Signal<Option<Look>>,
    pub now: Signal<Time>,
    pub future: Signal<Future>,
    pub selection: Signal<Source>,
    pub repeated: Signal<Option<Stretch>>,
    pub room: Signal<Room>,
    pub overview: bool,
    pub width: Memo<Option<f32>>,
    /// The height that all lanes share; None: as high as they like.
    pub height: Memo<Option<f32>>,
    /// A pin that is being moved.
    pub held: RwSignal<Option<Held>>,
}

impl Layout {
    /// Lays the timeline out for one use. Everything it depends on is read here, the playhead where it is needed.
    pub fn arrange(self, now: Option<Time>, with: &mut dyn FnMut(&Timeline<'_>)) {
        let (Some(show), Some(width)) = (self.show.get(), self.width.get()) else { return };
        self.look.with(|look| {
            let Some(look) = look else { return };
            let mut lanes = look.shown();
            if !self.overview {
                // Figures leave out nodes that only read.
                lanes.retain(|lane| !matches!(lane.node, NodeId::Consumer(_)));
            }
            let room = self.room.get();
            let view = View {
                height: self.height.get(),
                room,
                partition: look.principal(),
                now,
                future: self.future.get(),
                selection: self.selection.get(),
                filter: look.filter,
                overview: self.overview,
                // Only the drawing above follows these.
                repeated: self.repeated.get_untracked(),
                held: self.held.get_untracked(),
                ..View::new(width, room, &lanes, look.window)
            };
            with(&Timeline::new(&show.story, &look.axis, view));
        });
    }

    fn draw_run(self, picture: &mut Picture) {
        // Only where the future is absent does the picture change with the time.
        let now = (self.future.get() == Future::Absent).then(|| self.now.get());
        self.arrange(now, &mut |timeline| timeline.draw(picture));
    }

    fn draw_now(self, picture: &mut Picture) {
        self.repeated.track();
        self.held.track();
        self.arrange(Some(self.now.get()), &mut |timeline| {
            picture.clear(timeline.view.width, timeline.height());
            timeline.draw_now(picture);
        });
    }
}

#[component]
pub fn TimelineView(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] look: Signal<Option<Look>>,
    #[prop(into)] now: Signal<Time>,
    #[prop(into)] future: Signal<Future>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] repeated: Signal<Option<Stretch>>,
    #[prop(into)] room: Signal<Room>,
    /// On a page of its own: with the strip in true proportion above the lanes, tools beside it, and controls in the
    /// gutter. Else the lanes alone.
    overview: bool,
    #[prop(into)] theme: Signal<Theme>,
    frames: StoredValue<Frames, LocalStorage>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let shown = frames.with_value(Frames::shown);
    let (outer, frame) = (NodeRef::<html::Section>::new(), NodeRef::<html::Div>::new());
    let (outer_size, size) = (size_of(outer, Drawing::Timeline), size_of(frame, Drawing::Timeline));
    let width = Memo::new(move |_| size.get().map(|(width, _)| width));
    // On a phone the page scrolls, and lanes may be as high as they like; elsewhere they share what there is.
    let room_height = Memo::new(move |_| match room.get() {
        Room::Page | Room::Figure => outer_size.get().map(|(_, height)| height),
        Room::Phone => None,
    });
    let held = RwSignal::new(None::<Held>);
    let layout = Layout {
        show,
        look,
        now,
        future,
        selection,
        repeated,
        room,
        overview,
        width,
        height: room_height,
        held,
    };
    let shapes = StoredValue::new_local(Picture::default());
    let overlay = StoredValue::new_local(Picture::default());
    let height = Memo::new(move |_| {
        let mut height = 0.0;
        layout.arrange(None, &mut |timeline| height = timeline.height());
        height
    });
    let lanes = Memo::new(move |_| {
        let mut lanes = Vec::new();
        if overview && room.get() == Room::Page {
            layout.arrange(None, &mut |timeline| lanes.clone_from(&timeline.lanes));
        }
        lanes
    });
    // In nanoseconds, for tests and scripts that want to know what is shown.
    let edge = move |of: fn(TimeWindow) -> Time| {
        look.with(|look| look.as_ref().map(|look| of(look.window).nanos.to_string()))
    };
    let hand = Hand::new(layout, shapes, frame, on_command);
    let cursor = hand.cursor;
    view! {
        <section class="timeline" node_ref=outer data-testid="timeline" aria-label="Timeline"
            data-from=move || edge(|window| window.from) data-to=move || edge(|window| window.to)>
            <div class="drawing" node_ref=frame style:cursor=move || cursor.get()
                style:height=move || format!("{}px", height.get().ceil() as u32)
                on:pointerdown=move |event| hand.down(&event)
                on:pointermove=move |event| hand.point(&event, |gesture, id, at| gesture.moved(id, at))
                on:pointerup=move |event| hand.point(&event, |gesture, id, at| gesture.up(id, at))
                on:pointercancel=move |event| hand.point(&event, |gesture, id, _| gesture.cancel(id))
                on:pointerleave=move |_| on_command.run(Command::Hover(Source::None))
                on:wheel=move |event| hand.wheel(&event)>
                <Canvas layout=move |picture: &mut _| layout.draw_run(picture) picture=shapes theme frames />
                <Canvas layout=move |picture: &mut _| layout.draw_now(picture) picture=overlay theme frames />
            </div>
            {overview.then(|| view! {
                <ViewTools on_command />
                <Show when=move || shown.get()>
                    <LaneControls show lanes selection on_command />
                </Show>
            })}
        </section>
    }
}
