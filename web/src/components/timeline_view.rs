//! The timeline: lanes on one canvas, the playhead on another above it, each lane's controls on top. Pointers become
//! commands; what lies under them the scene knows.

use std::rc::Rc;
use std::sync::Arc;

use ackscope_scene::axis::TimeWindow;
use ackscope_scene::picture::{Picture, Point, Source};
use ackscope_scene::timeline::{Future, Room, Timeline, View};
use ackscope_scene::tokens::Theme;
use ackscope_sim::time::Time;
use leptos::ev::{PointerEvent, WheelEvent};
use leptos::html;
use leptos::prelude::*;

use super::pointer::{place, reach};
use super::{Canvas, LaneControls, ViewTools};
use crate::browser::frames::Frames;
use crate::browser::size::size_of;
use crate::command::Command;
use crate::gesture::{Gesture, Ground, Intention};
use crate::look::Look;
use crate::show::Show;

/// What one notch of a wheel does.
const WHEEL_ZOOM: f64 = 1.0015;
/// How near a press means a handle of the window.
const HANDLE_REACH: f32 = 7.0;

#[component]
pub fn TimelineView(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] look: Signal<Option<Look>>,
    #[prop(into)] now: Signal<Time>,
    #[prop(into)] future: Signal<Future>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] room: Signal<Room>,
    /// On a page of its own: with the strip in true proportion above the lanes, tools beside it, and controls in the
    /// gutter. Else the lanes alone.
    overview: bool,
    #[prop(into)] theme: Signal<Theme>,
    frames: StoredValue<Frames, LocalStorage>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let (outer, frame) = (NodeRef::<html::Section>::new(), NodeRef::<html::Div>::new());
    let (outer_size, size) = (size_of(outer), size_of(frame));
    let width = Memo::new(move |_| size.get().map(|(width, _)| width));
    // On a phone the page scrolls, and lanes may be as high as they like.
    let room_height = Memo::new(move |_| match room.get() {
        Room::Page if overview => outer_size.get().map(|(_, height)| height),
        _ => None,
    });
    // Lays the timeline out for one use; everything it depends on is read here, the playhead where it is needed.
    let arrange = move |now: Option<Time>, with: &mut dyn FnMut(&Timeline<'_>)| {
        let (Some(show), Some(width)) = (show.get(), width.get()) else { return };
        look.with(|look| {
            let Some(look) = look else { return };
            let lanes = look.shown();
            let view = View {
                height: room_height.get(),
                room: room.get(),
                partition: look.principal(),
                now,
                future: future.get(),
                selection: selection.get(),
                filter: look.filter,
                overview,
                ..View::new(width, room.get(), &lanes, look.window)
            };
            with(&Timeline::new(&show.story, &look.axis, view));
        });
    };
    let shapes = StoredValue::new_local(Picture::default());
    let overlay = StoredValue::new_local(Picture::default());
    let draw_run = move |picture: &mut _| {
        // Only where the future is absent does the picture change with the time.
        let now = (future.get() == Future::Absent).then(|| now.get());
        arrange(now, &mut |timeline| timeline.draw(picture));
    };
    let draw_now = move |picture: &mut Picture| {
        arrange(Some(now.get()), &mut |timeline| {
            picture.clear(timeline.view.width, timeline.height());
            timeline.draw_now(picture);
        });
    };
    let height = Memo::new(move |_| {
        let mut height = 0.0;
        arrange(None, &mut |timeline| height = timeline.height());
        height
    });

    let lanes = Memo::new(move |_| {
        let mut lanes = Vec::new();
        if overview && room.get() == Room::Page {
            arrange(None, &mut |timeline| lanes.clone_from(&timeline.lanes));
        }
        lanes
    });

    // In nanoseconds, for whoever wants to know what is shown.
    let edge = move |of: fn(TimeWindow) -> Time| {
        look.with(|look| look.as_ref().map(|look| of(look.window).nanos.to_string()))
    };

    let gesture = StoredValue::new_local(Gesture::default());
    let under = move |at: Point, reach: f32| {
        let mut found = Source::None;
        let mut look_there = |timeline: &Timeline<'_>| {
            found = shapes.with_value(|shapes| timeline.hit(shapes, at, reach));
        };
        untrack(|| arrange(Some(now.get()), &mut look_there));
        found
    };
    let obey = move |intention: Option<Intention>, reach: f32| {
        let Some(intention) = intention else { return };
        let on_time = |x: f32, command: &dyn Fn(Time) -> Command| {
            untrack(|| arrange(None, &mut |timeline| on_command.run(command(timeline.scale.time_from_x(x)))));
        };
        match intention {
            Intention::Hover(at) => on_command.run(Command::Hover(under(at, reach))),
            Intention::Click(at) => match under(at, reach) {
                Source::None | Source::Node(_) => on_time(at.x, &Command::Seek),
                found => on_command.run(Command::Select(found)),
            },
            Intention::Scrub(at) => on_time(at.x, &Command::Seek),
            Intention::MoveWindow(at) => untrack(|| {
                arrange(None, &mut |timeline| {
                    let time = timeline.overview_time(at.x);
                    on_command.run(if look.with(|look| look.as_ref().is_some_and(Look::is_whole)) {
                        Command::Seek(time)
                    } else {
                        Command::Centre(time)
                    });
                });
            }),
            Intention::MoveEdge(left, at) => untrack(|| {
                arrange(None, &mut |timeline| {
                    on_command.run(Command::Edge { left, time: timeline.overview_time(at.x) });
                });
            }),
            Intention::Pan(by) => on_command.run(Command::PanBy(pan_share(by, width.get_untracked()))),
            Intention::Pinch { about, factor, pan } => {
                on_command.run(Command::PanBy(pan_share(pan, width.get_untracked())));
                on_time(about, &|about| Command::Zoom { about, factor: f64::from(factor) });
            }
        }
    };
    let ground = move |at: Point| {
        let mut ground = Ground::Lanes;
        untrack(|| {
            arrange(None, &mut |timeline| {
                if at.y >= timeline.top {
                    return;
                }
                ground = if at.y < timeline.top - 18.0 { Ground::Overview } else { Ground::Ruler };
                let window = timeline.view.window;
                if ground == Ground::Overview && window != timeline.scale.axis.whole() {
                    let [left, right] =
                        [window.from, window.to].map(|time| (timeline.overview_x(time) - at.x).abs());
                    if left.min(right) < HANDLE_REACH {
                        ground = Ground::Edge(left < right);
                    }
                }
            });
        });
        ground
    };
    let obey = Rc::new(obey);
    let pointer = move |handle: fn(&mut Gesture, i32, Point, Ground) -> Option<Intention>| {
        let obey = Rc::clone(&obey);
        move |event: PointerEvent| {
            let at = place(&event, frame);
            let intention = gesture
                .try_update_value(|gesture| handle(gesture, event.pointer_id(), at, ground(at)))
                .flatten();
            obey(intention, reach(&event));
        }
    };
    let on_down = pointer(Gesture::down);
    let on_down = move |event: PointerEvent| {
        if event.button() == 0 {
            if let Some(frame) = frame.get_untracked() {
                let _ = frame.set_pointer_capture(event.pointer_id());
            }
            on_down(event);
        }
    };
    let on_move = pointer(|gesture, id, at, _| gesture.moved(id, at));
    let on_up = pointer(|gesture, id, at, _| gesture.up(id, at));
    let on_cancel = pointer(|gesture, id, _, _| {
        gesture.cancel(id);
        None
    });
    let on_leave = move |_| on_command.run(Command::Hover(Source::None));
    let on_wheel = move |event: WheelEvent| {
        let at = place(&event, frame);
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let factor = WHEEL_ZOOM.powf(event.delta_y() * if event.delta_mode() == 0 { 2.0 } else { 40.0 });
            untrack(|| {
                arrange(None, &mut |timeline| {
                    on_command.run(Command::Zoom { about: timeline.scale.time_from_x(at.x), factor });
                });
            });
        } else if event.delta_x().abs() > event.delta_y().abs() || event.shift_key() {
            event.prevent_default();
            let by = if event.shift_key() { event.delta_y() } else { event.delta_x() };
            on_command.run(Command::PanBy(-pan_share(by as f32, width.get_untracked())));
        }
    };
    view! {
        <section class="timeline" node_ref=outer data-testid="timeline" aria-label="Timeline"
            data-from=move || edge(|window| window.from) data-to=move || edge(|window| window.to)>
            <div class="drawing" node_ref=frame
                style:height=move || format!("{}px", height.get().ceil() as u32)
                on:pointerdown=on_down on:pointermove=on_move on:pointerup=on_up on:pointercancel=on_cancel
                on:pointerleave=on_leave on:wheel=on_wheel>
                <Canvas layout=draw_run picture=shapes theme frames />
                <Canvas layout=draw_now picture=overlay theme frames />
            </div>
            {overview.then(|| view! {
                <ViewTools on_command />
                <LaneControls show lanes selection on_command />
            })}
        </section>
    }
}

/// Pixels as a part of the lanes' width; the window follows the finger.
fn pan_share(pixels: f32, width: Option<f32>) -> f64 {
    -f64::from(pixels / width.unwrap_or(1.0).max(1.0))
}
