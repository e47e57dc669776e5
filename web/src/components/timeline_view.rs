//! The timeline: lanes on one canvas, the playhead on another above it, each lane's controls on top. Pointers become
//! commands; what lies under them the scene knows.

use std::rc::Rc;
use std::sync::Arc;

use ackscope_scene::axis::TimeWindow;
use ackscope_scene::picture::{Picture, Point, Source};
use ackscope_scene::timeline::{Future, Held, Room, Stretch, Timeline, View};
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;
use leptos::ev::{PointerEvent, WheelEvent};
use leptos::html;
use leptos::prelude::*;

use super::pointer::{place, reach};
use super::{Canvas, LaneControls, ViewTools};
use crate::browser::frames::Frames;
use crate::browser::size::size_of;
use crate::command::Command;
use crate::edit::Edit;
use crate::gesture::{Gesture, Ground, Intention};
use crate::look::Look;
use crate::prerender::Drawing;
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
    // The pin under a pressed pointer, and once it moves where it would come to lie.
    let (grabbed, held) = (StoredValue::new(None::<(String, Held)>), RwSignal::new(None::<Held>));
    // Lays the timeline out for one use; everything it depends on is read here, the playhead where it is needed.
    let arrange = move |now: Option<Time>, with: &mut dyn FnMut(&Timeline<'_>)| {
        let (Some(show), Some(width)) = (show.get(), width.get()) else { return };
        look.with(|look| {
            let Some(look) = look else { return };
            let mut lanes = look.shown();
            if !overview {
                // A figure has no room for who only reads.
                lanes.retain(|lane| !matches!(lane.node, NodeId::Consumer(_)));
            }
            let view = View {
                height: room_height.get(),
                room: room.get(),
                partition: look.principal(),
                now,
                future: future.get(),
                selection: selection.get(),
                filter: look.filter,
                overview,
                // Only the drawing above follows these.
                repeated: repeated.get_untracked(),
                held: held.get_untracked(),
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
        repeated.track();
        held.track();
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
    // What a press there means; a pin that lies there is remembered.
    let ground = move |at: Point, reach: f32| {
        let mut ground = Ground::Lanes;
        untrack(|| {
            let mut pin = None;
            arrange(Some(now.get()), &mut |timeline| {
                if at.y >= timeline.top {
                    pin = timeline.pin_at(at, reach).copied();
                    return;
                }
                ground = if at.y < timeline.top - 18.0 { Ground::Overview } else { Ground::Ruler };
                if let Some(left) = timeline.edge_of_repeated(at) {
                    ground = Ground::RepeatedEdge(left);
                }
                let window = timeline.view.window;
                if ground == Ground::Overview && window != timeline.scale.axis.whole() {
                    let [left, right] =
                        [window.from, window.to].map(|time| (timeline.overview_x(time) - at.x).abs());
                    if left.min(right) < HANDLE_REACH {
                        ground = Ground::Edge(left < right);
                    }
                }
            });
            grabbed.set_value(pin.and_then(|deed| {
                let show = show.get()?;
                let step = show.step_of(Source::Happening(deed.happening))?;
                let from = step.done_at(&show.run)?;
                ground = Ground::Pin;
                Some((step.name.clone(), Held { node: deed.node, from, to: from }))
            }));
        });
        ground
    };
    let carry = move |at: Point, down: bool| {
        let Some((name, from)) = grabbed.get_value() else { return };
        untrack(|| {
            arrange(None, &mut |timeline| {
                let (to, unit) = timeline.round_time(at.x);
                held.set((!down).then_some(Held { to, ..from }));
                let still = (timeline.scale.x_from_time(from.from) - at.x).abs() < HANDLE_REACH / 2.0;
                if down && !still {
                    let by = to.nanos.cast_signed() - from.from.nanos.cast_signed();
                    let moved = Edit::Move { name: name.clone(), by, unit, nudged: false };
                    on_command.run(Command::Edit(moved));
                }
            });
        });
    };
    let cursor = RwSignal::new("");
    let obey = move |intention: Option<Intention>, reach: f32| {
        let Some(intention) = intention else { return };
        let on_time = |x: f32, command: &dyn Fn(Time) -> Command| {
            untrack(|| arrange(None, &mut |timeline| on_command.run(command(timeline.scale.time_from_x(x)))));
        };
        match intention {
            Intention::Hover(at) => {
                cursor.set(match ground(at, reach) {
                    Ground::Pin => "grab",
                    Ground::Edge(_) | Ground::RepeatedEdge(_) => "ew-resize",
                    _ => "",
                });
                on_command.run(Command::Hover(under(at, reach)));
            }
            Intention::MoveRepeatedEdge(left, at) => {
                on_time(at.x, &|time| Command::RepeatEdge { left, time: Some(time) });
            }
            Intention::Repeat(from, to) => untrack(|| {
                arrange(None, &mut |timeline| {
                    let [from, to] = [from.x.min(to.x), from.x.max(to.x)].map(|x| timeline.round_time(x).0);
                    on_command.run(Command::Repeat(Stretch { from, to }));
                });
            }),
            Intention::Carry(at) => carry(at, false),
            Intention::PutDown(at) => carry(at, true),
            Intention::LetGo => held.set(None),
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
    let obey = Rc::new(obey);
    let pointer =
        move |handle: fn(&mut Gesture, &PointerEvent, Point, Option<Ground>) -> Option<Intention>,
              press: bool| {
            let obey = Rc::clone(&obey);
            move |event: PointerEvent| {
                if press && event.button() != 0 {
                    return;
                }
                let (at, reach) = (place(&event, frame), reach(&event));
                let ground = press.then(|| match ground(at, reach) {
                    Ground::Ruler | Ground::Lanes if event.shift_key() => Ground::Repeated,
                    ground => ground,
                });
                if let Some(frame) = frame.get_untracked().filter(|_| press) {
                    let _ = frame.set_pointer_capture(event.pointer_id());
                }
                let intention =
                    gesture.try_update_value(|gesture| handle(gesture, &event, at, ground)).flatten();
                obey(intention, reach);
            }
        };
    let on_down = pointer(|gesture, event, at, ground| gesture.down(event.pointer_id(), at, ground?), true);
    let on_move = pointer(|gesture, event, at, _| gesture.moved(event.pointer_id(), at), false);
    let on_up = pointer(|gesture, event, at, _| gesture.up(event.pointer_id(), at), false);
    let on_cancel = pointer(|gesture, event, _, _| gesture.cancel(event.pointer_id()), false);
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
            <div class="drawing" node_ref=frame style:cursor=move || cursor.get()
                style:height=move || format!("{}px", height.get().ceil() as u32)
                on:pointerdown=on_down on:pointermove=on_move on:pointerup=on_up on:pointercancel=on_cancel
                on:pointerleave=on_leave on:wheel=on_wheel>
                <Canvas layout=draw_run picture=shapes theme frames />
                <Canvas layout=draw_now picture=overlay theme frames />
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

/// Pixels as a part of the lanes' width; the window follows the finger.
fn pan_share(pixels: f32, width: Option<f32>) -> f64 {
    -f64::from(pixels / width.unwrap_or(1.0).max(1.0))
}
