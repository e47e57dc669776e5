//! What part of a run the timeline shows, and how.

use std::sync::Arc;

use ackscope_scene::axis::{Axis, AxisMode, TimeWindow};
use ackscope_scene::story::Story;
use ackscope_scene::timeline::{Filter, Lane, Room, lanes};
use ackscope_sim::ids::Partition;
use ackscope_sim::time::Time;

/// What one press of a zoom or pan key does.
const ZOOM_STEP: f64 = 0.6;
const PAN_STEP: f64 = 0.2;

#[derive(Clone, Debug)]
pub struct Look {
    pub axis: Arc<Axis>,
    pub window: TimeWindow,
    pub partition: Partition,
    pub filter: Filter,
    pub lanes: Vec<Lane>,
}

impl PartialEq for Look {
    fn eq(&self, other: &Look) -> bool {
        Arc::ptr_eq(&self.axis, &other.axis)
            && self.window == other.window
            && self.partition == other.partition
            && self.filter == other.filter
            && self.lanes == other.lanes
    }
}

impl Look {
    /// All of it.
    pub fn new(story: &Story, room: Room) -> Look {
        let axis = Axis::new(AxisMode::Elastic, story);
        Look {
            window: axis.whole(),
            axis: Arc::new(axis),
            partition: Partition(0),
            filter: Filter::default(),
            lanes: lanes(story, room),
        }
    }

    pub fn is_whole(&self) -> bool {
        self.window == self.axis.whole()
    }

    pub fn zoom(&mut self, about: Time, factor: f64) {
        self.window = self.axis.zoom(self.window, about, factor);
    }

    /// About the playhead, where that is in sight.
    pub fn zoom_step(&mut self, now: Time, closer: bool) {
        let inside = self.window.from <= now && now <= self.window.to;
        let middle = (self.axis.place(self.window.from) + self.axis.place(self.window.to)) / 2.0;
        let about = if inside { now } else { self.axis.time(middle) };
        self.zoom(about, if closer { ZOOM_STEP } else { 1.0 / ZOOM_STEP });
    }

    /// By a part of the window's width.
    pub fn pan(&mut self, by: f64) {
        self.window = self.axis.pan(self.window, by);
    }

    pub fn pan_step(&mut self, right: bool) {
        self.pan(if right { PAN_STEP } else { -PAN_STEP });
    }

    /// Moves the window so that `time` is in its middle.
    pub fn centre(&mut self, time: Time) {
        let (from, to) = (self.axis.place(self.window.from), self.axis.place(self.window.to));
        let width = (to - from).max(1e-9);
        self.pan((self.axis.place(time) - (from + to) / 2.0) / width);
    }

    pub fn fit(&mut self) {
        self.window = self.axis.whole();
    }
}
