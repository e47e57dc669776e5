//! What part of a run the timeline shows, and how.

use std::sync::Arc;

use ackscope_scene::axis::{Axis, AxisMode, TimeWindow};
use ackscope_scene::story::Kind;
use ackscope_scene::story::Story;
use ackscope_scene::timeline::{Filter, Form, Lane, Room, lanes};
use ackscope_sim::ids::NodeId;
use ackscope_sim::ids::Partition;
use ackscope_sim::time::Time;

/// What one press of a zoom or pan key does.
const ZOOM_STEP: f64 = 0.6;
const PAN_STEP: f64 = 0.2;
/// Handles that are dragged over each other stop here, in places of the axis.
const LEAST_WIDTH: f64 = 2.0;

#[derive(Clone, Debug)]
pub struct Look {
    pub axis: Arc<Axis>,
    pub window: TimeWindow,
    /// None: all of them, small.
    pub partition: Option<Partition>,
    pub filter: Filter,
    /// Every lane in its order, hidden ones too.
    pub lanes: Vec<Lane>,
    pub hidden: Vec<NodeId>,
}

/// What can be changed about it, apart from the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    Axis(AxisMode),
    /// The next kind of axis.
    NextAxis,
    Partition(Option<Partition>),
    /// Messages of a kind, shown or not.
    Kind(Kind, bool),
    /// Only what is selected, or everything.
    OnlySelected(bool),
    /// Folds a lane to its life line, or opens it.
    FoldLane(NodeId),
    HideLane(NodeId, bool),
    /// Changes places with its neighbour.
    MoveLane(NodeId, bool),
    AllLanes,
}

impl PartialEq for Look {
    fn eq(&self, other: &Look) -> bool {
        Arc::ptr_eq(&self.axis, &other.axis)
            && self.window == other.window
            && self.partition == other.partition
            && self.filter == other.filter
            && self.lanes == other.lanes
            && self.hidden == other.hidden
    }
}

impl Look {
    /// All of it.
    pub fn new(story: &Story, room: Room) -> Look {
        let axis = Axis::new(AxisMode::Elastic, story);
        Look {
            window: axis.whole(),
            axis: Arc::new(axis),
            partition: Some(Partition(0)),
            filter: Filter::default(),
            lanes: lanes(story, room),
            hidden: Vec::new(),
        }
    }

    pub fn change(&mut self, change: Change, story: &Story) {
        match change {
            Change::Axis(mode) => self.set_axis(mode, story),
            Change::NextAxis => {
                let at = AxisMode::ALL.iter().position(|&mode| mode == self.axis.mode).unwrap_or(0);
                self.set_axis(AxisMode::ALL[(at + 1) % AxisMode::ALL.len()], story);
            }
            Change::Partition(partition) => {
                self.partition = partition;
                let form = if partition.is_none() { Form::Partitions } else { Form::Full };
                let brokers = self.lanes.iter_mut().filter(|lane| matches!(lane.node, NodeId::Broker(_)));
                brokers.for_each(|lane| lane.form = form);
            }
            Change::Kind(kind, on) => self.filter = self.filter.with(kind, on),
            Change::OnlySelected(on) => self.filter.only_selected = on,
            Change::FoldLane(node) => {
                let open = if self.partition.is_none() { Form::Partitions } else { Form::Full };
                if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.node == node) {
                    lane.form = if lane.form == Form::Slim { open } else { Form::Slim };
                }
                // Log strips of folded lanes stand in the folds.
                self.set_axis(self.axis.mode, story);
            }
            Change::HideLane(node, hide) => {
                self.hidden.retain(|&hidden| hidden != node);
                if hide && self.hidden.len() + 1 < self.lanes.len() {
                    self.hidden.push(node);
                }
            }
            Change::MoveLane(node, up) => {
                let place = self.lanes.iter().position(|lane| lane.node == node);
                let other = place.and_then(|at| if up { at.checked_sub(1) } else { Some(at + 1) });
                if let (Some(at), Some(other)) = (place, other)
                    && other < self.lanes.len()
                {
                    self.lanes.swap(at, other);
                }
            }
            Change::AllLanes => self.hidden.clear(),
        }
    }

    fn set_axis(&mut self, mode: AxisMode, story: &Story) {
        let was_whole = self.is_whole();
        let strips = self.lanes.iter().any(|lane| lane.form == Form::Slim);
        let axis = if strips { Axis::with_wide_folds(mode, story) } else { Axis::new(mode, story) };
        self.axis = Arc::new(axis);
        if was_whole {
            self.fit();
        }
    }

    /// The lanes that are drawn.
    pub fn shown(&self) -> Vec<Lane> {
        self.lanes.iter().copied().filter(|lane| !self.hidden.contains(&lane.node)).collect()
    }

    /// The partition whose logs the lanes and the stage speak of.
    pub fn principal(&self) -> Partition {
        self.partition.unwrap_or(Partition(0))
    }

    /// The same part of another run.
    #[must_use]
    pub fn of(&self, story: &Story) -> Look {
        let mut look = Look::new(story, Room::Page);
        // Another scenario's text may have other nodes.
        let same = self.lanes.len() == look.lanes.len()
            && self.lanes.iter().all(|lane| story.node(lane.node).is_some());
        if same {
            (look.lanes, look.hidden) = (self.lanes.clone(), self.hidden.clone());
        }
        if self.partition.is_none_or(|partition| usize::from(partition.0) < story.partitions.len()) {
            look.partition = self.partition;
        }
        look.filter = self.filter;
        look.set_axis(self.axis.mode, story);
        if !self.is_whole() && self.window.to <= look.axis.end() {
            look.window = self.window;
        }
        look
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

    /// Moves one edge of the window.
    pub fn edge(&mut self, left: bool, time: Time) {
        let TimeWindow { mut from, mut to } = self.window;
        if left {
            from = time
        } else {
            to = time
        }
        if from < to && self.axis.place(to) - self.axis.place(from) > LEAST_WIDTH {
            self.window = TimeWindow { from, to };
        }
    }

    /// Moves the window as little as brings `time` into sight.
    pub fn reveal(&mut self, time: Time) {
        if !self.is_whole() {
            self.window = self.axis.reveal(self.window, time);
        }
    }

    pub fn fit(&mut self) {
        self.window = self.axis.whole();
    }
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::library;
    use ackscope_scene::axis::AxisMode;
    use ackscope_scene::story::Story;
    use ackscope_scene::timeline::{Form, Room};
    use ackscope_sim::ids::{BrokerId, NodeId, Partition};
    use ackscope_sim::run::Run;
    use ackscope_sim::time::Time;

    use super::{Change, Look};
    use crate::show::Show;

    fn show() -> Show {
        let document = library::find("healthy").expect("it is in the library").document();
        let run = Run::new(document.variants[0].spec.clone());
        let story = Story::new(&run);
        Show::new(document, "", run.trace, story)
    }

    #[test]
    fn the_last_lane_stays_and_all_of_them_come_back() {
        let show = show();
        let mut look = Look::new(&show.story, Room::Page);
        let nodes: Vec<NodeId> = look.lanes.iter().map(|lane| lane.node).collect();
        for &node in &nodes {
            look.change(Change::HideLane(node, true), &show.story);
        }
        assert_eq!(look.shown().len(), 1);
        look.change(Change::AllLanes, &show.story);
        assert_eq!(look.shown().len(), nodes.len());
        look.change(Change::MoveLane(nodes[1], true), &show.story);
        assert_eq!((look.lanes[0].node, look.lanes[1].node), (nodes[1], nodes[0]));
        look.change(Change::MoveLane(nodes[1], true), &show.story);
        assert_eq!(look.lanes[0].node, nodes[1], "there is nothing above the first one");
    }

    #[test]
    fn a_fold_and_another_axis_keep_the_whole_run_in_sight() {
        let show = show();
        let mut look = Look::new(&show.story, Room::Page);
        let broker = NodeId::Broker(BrokerId(1));
        let form = |look: &Look| look.lanes.iter().find(|lane| lane.node == broker).map(|lane| lane.form);
        look.change(Change::FoldLane(broker), &show.story);
        assert!(look.is_whole() && form(&look) == Some(Form::Slim));
        look.change(Change::FoldLane(broker), &show.story);
        assert_eq!(form(&look), Some(Form::Full));
        look.change(Change::NextAxis, &show.story);
        assert!(look.is_whole() && look.axis.mode == AxisMode::Time);
        look.change(Change::Partition(None), &show.story);
        assert_eq!((form(&look), look.principal()), (Some(Form::Partitions), Partition(0)));
    }

    #[test]
    fn an_edge_moves_alone_and_not_past_the_other() {
        let show = show();
        let mut look = Look::new(&show.story, Room::Page);
        let end = look.window.to;
        look.edge(true, Time::from_millis(100));
        assert_eq!((look.window.from, look.window.to), (Time::from_millis(100), end));
        look.edge(false, Time::from_millis(50));
        assert_eq!(look.window.to, end);
        look.reveal(Time::from_millis(10));
        assert!(look.window.from < Time::from_millis(10), "what happens is brought into sight");
    }
}
