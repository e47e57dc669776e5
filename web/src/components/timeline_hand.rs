//! Pointers and wheels over the timeline become commands. What lies under them the scene knows.

use ackscope_scene::picture::{Picture, Point, Source};
use ackscope_scene::timeline::{Grip, Held, Stretch, Timeline};
use ackscope_sim::time::Time;
use leptos::ev::{PointerEvent, WheelEvent};
use leptos::html;
use leptos::prelude::*;

use super::pointer::{place, reach};
use super::timeline_view::Layout;
use crate::command::Command;
use crate::edit::Edit;
use crate::gesture::{Gesture, Ground, Intention};
use crate::look::Look;

/// What one notch of a wheel does.
const WHEEL_ZOOM: f64 = 1.0015;

/// A hand on one timeline.
#[derive(Clone, Copy)]
pub struct Hand {
    layout: Layout,
    /// What is drawn.
    shapes: StoredValue<Picture, LocalStorage>,
    frame: NodeRef<html::Div>,
    gesture: StoredValue<Gesture, LocalStorage>,
    /// The step whose pin lies under a pressed pointer.
    grabbed: StoredValue<Option<(String, Held)>>,
    pub cursor: RwSignal<&'static str>,
    on_command: Callback<Command>,
}

impl Hand {
    pub fn new(
        layout: Layout,
        shapes: StoredValue<Picture, LocalStorage>,
        frame: NodeRef<html::Div>,
        on_command: Callback<Command>,
    ) -> Hand {
        Hand {
            layout,
            shapes,
            frame,
            gesture: StoredValue::new_local(Gesture::default()),
            grabbed: StoredValue::new(None),
            cursor: RwSignal::new(""),
            on_command,
        }
    }

    pub fn down(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        let (at, reach) = (place(event, self.frame), reach(event));
        let ground = match self.ground(at, reach) {
            Ground::Ruler | Ground::Lanes if event.shift_key() => Ground::Repeated,
            ground => ground,
        };
        if let Some(frame) = self.frame.get_untracked() {
            let _ = frame.set_pointer_capture(event.pointer_id());
        }
        self.gestured(reach, |gesture| gesture.down(event.pointer_id(), at, ground));
    }

    pub fn point(self, event: &PointerEvent, handle: fn(&mut Gesture, i32, Point) -> Option<Intention>) {
        let at = place(event, self.frame);
        self.gestured(reach(event), |gesture| handle(gesture, event.pointer_id(), at));
    }

    pub fn wheel(self, event: &WheelEvent) {
        let at = place(event, self.frame);
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let factor = WHEEL_ZOOM.powf(event.delta_y() * if event.delta_mode() == 0 { 2.0 } else { 40.0 });
            self.on_time(at.x, &|about| Command::Zoom { about, factor });
        } else if event.delta_x().abs() > event.delta_y().abs() || event.shift_key() {
            event.prevent_default();
            let by = if event.shift_key() { event.delta_y() } else { event.delta_x() };
            self.pan(-by as f32);
        }
    }

    fn gestured(self, reach: f32, handle: impl FnOnce(&mut Gesture) -> Option<Intention>) {
        if let Some(intention) = self.gesture.try_update_value(handle).flatten() {
            self.obey(intention, reach);
        }
    }

    fn arrange(self, now: Option<Time>, with: &mut dyn FnMut(&Timeline<'_>)) {
        untrack(|| self.layout.arrange(now, with));
    }

    /// What lies under a point.
    fn under(self, at: Point, reach: f32) -> Source {
        let mut found = Source::None;
        self.arrange(Some(self.layout.now.get_untracked()), &mut |timeline| {
            found = self.shapes.with_value(|shapes| timeline.hit(shapes, at, reach));
        });
        found
    }

    /// What a press there means; a pin that lies there is remembered.
    fn ground(self, at: Point, reach: f32) -> Ground {
        let mut grip = Grip::Lanes;
        self.arrange(Some(self.layout.now.get_untracked()), &mut |timeline| grip = timeline.grip(at, reach));
        self.grabbed.set_value(None);
        match grip {
            Grip::Overview => Ground::Overview,
            Grip::WindowEdge { left } => Ground::Edge(left),
            Grip::Ruler => Ground::Ruler,
            Grip::RepeatedEdge { left } => Ground::RepeatedEdge(left),
            Grip::Lanes => Ground::Lanes,
            Grip::Pin(deed) => {
                let grabbed = self.layout.show.with_untracked(|show| {
                    let show = show.as_ref()?;
                    let step = show.step_of(Source::Happening(deed.happening))?;
                    let from = step.done_at(&show.run)?;
                    Some((step.name.clone(), Held { node: deed.node, from, to: from }))
                });
                let ground = if grabbed.is_some() { Ground::Pin } else { Ground::Lanes };
                self.grabbed.set_value(grabbed);
                ground
            }
        }
    }

    /// Moves the grabbed pin to a point, for now or for good.
    fn carry(self, at: Point, down: bool) {
        let Some((name, from)) = self.grabbed.get_value() else { return };
        self.arrange(None, &mut |timeline| {
            let (to, unit) = timeline.round_time(at.x);
            self.layout.held.set((!down).then_some(Held { to, ..from }));
            if down && !timeline.is_still(from.from, at.x) {
                let by = to.nanos.cast_signed() - from.from.nanos.cast_signed();
                let moved = Edit::Move { name: name.clone(), by, unit, nudged: false };
                self.on_command.run(Command::Edit(moved));
            }
        });
    }

    fn on_time(self, x: f32, command: &dyn Fn(Time) -> Command) {
        self.arrange(None, &mut |timeline| self.on_command.run(command(timeline.scale.time_from_x(x))));
    }

    /// Pixels as a part of the lanes' width; the window follows the finger.
    fn pan(self, pixels: f32) {
        let width = self.layout.width.get_untracked().unwrap_or(1.0).max(1.0);
        self.on_command.run(Command::PanBy(-f64::from(pixels / width)));
    }

    fn obey(self, intention: Intention, reach: f32) {
        let on_command = self.on_command;
        match intention {
            Intention::Hover(at) => {
                self.cursor.set(match self.ground(at, reach) {
                    Ground::Pin => "grab",
                    Ground::Edge(_) | Ground::RepeatedEdge(_) => "ew-resize",
                    Ground::Ruler | Ground::Overview | Ground::Repeated | Ground::Lanes => "",
                });
                on_command.run(Command::Hover(self.under(at, reach)));
            }
            Intention::MoveRepeatedEdge(left, at) => {
                self.on_time(at.x, &|time| Command::RepeatEdge { left, time: Some(time) });
            }
            Intention::Repeat(from, to) => self.arrange(None, &mut |timeline| {
                let [from, to] = [from.x.min(to.x), from.x.max(to.x)].map(|x| timeline.round_time(x).0);
                on_command.run(Command::Repeat(Stretch { from, to }));
            }),
            Intention::Carry(at) => self.carry(at, false),
            Intention::PutDown(at) => self.carry(at, true),
            Intention::LetGo => self.layout.held.set(None),
            Intention::Click(at) => match self.under(at, reach) {
                Source::None | Source::Node(_) => self.on_time(at.x, &Command::Seek),
                found => on_command.run(Command::Select(found)),
            },
            Intention::Scrub(at) => self.on_time(at.x, &Command::Seek),
            Intention::MoveWindow(at) => self.arrange(None, &mut |timeline| {
                let time = timeline.overview_time(at.x);
                let whole = self.layout.look.with(|look| look.as_ref().is_some_and(Look::is_whole));
                on_command.run(if whole { Command::Seek(time) } else { Command::Centre(time) });
            }),
            Intention::MoveEdge(left, at) => self.arrange(None, &mut |timeline| {
                on_command.run(Command::Edge { left, time: timeline.overview_time(at.x) });
            }),
            Intention::Pan(by) => self.pan(by),
            Intention::Pinch { about, factor, pan } => {
                self.pan(pan);
                self.on_time(about, &|about| Command::Zoom { about, factor: f64::from(factor) });
            }
        }
    }
}
