//! The timeline: a lane per node, time to the right. Each broker's lane spends its height on its log: a record is a bar
//! from append to end, so that a loss is the block that exists on one lane only and ends at a cliff.

mod ground;
mod heights;
mod hold;
mod logs;
mod messages;
mod overview;
mod slim;
mod words;

use ackscope_sim::ids::{BrokerId, HappeningId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::time::Time;

pub use heights::Heights;
pub use hold::{Grip, Held, Stretch};
pub(crate) use words::group;

use crate::axis::{Axis, Scale, TimeWindow};
use crate::picture::{Picture, Point, Source};
use crate::story::{Kind, PartitionStory, Replica, Story};

/// How much room there is, and so how much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// The page on a desktop.
    #[default]
    Page,
    /// A figure of 720 px in somebody's text.
    Figure,
    /// 360 px and a little more.
    Phone,
}

/// How a lane is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Full,
    /// A life line, the log only as strips in the folds: for folded lanes, and for runs about messages.
    Slim,
    /// A thin row for every partition.
    Partitions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    pub node: NodeId,
    pub form: Form,
}

/// How time past the playhead is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Future {
    /// Its shape stays, its contrast goes.
    #[default]
    Veiled,
    /// Before a first play-through: not at all.
    Absent,
    /// As everything else: figures without a playhead.
    Shown,
}

/// Which messages are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    shown: u32,
    forced: u32,
    /// Only what is selected, or carries the selected record.
    pub only_selected: bool,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter { shown: u32::MAX, forced: 0, only_selected: false }
    }
}

impl Filter {
    /// Switches a kind on (all of it, empty fetches too) or off.
    #[must_use]
    pub fn with(self, kind: Kind, on: bool) -> Filter {
        let bit = 1 << kind as u32;
        if on {
            Filter { shown: self.shown | bit, forced: self.forced | bit, ..self }
        } else {
            Filter { shown: self.shown & !bit, forced: self.forced & !bit, ..self }
        }
    }

    pub fn shows(self, kind: Kind) -> bool {
        self.shown & (1 << kind as u32) != 0
    }

    /// Shown even where it only adds noise.
    pub fn forces(self, kind: Kind) -> bool {
        self.forced & (1 << kind as u32) != 0
    }
}

/// What is looked at, and how.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub width: f32,
    /// What there is for all lanes: the logs share what is left of it. None: as high as they like.
    pub height: Option<f32>,
    pub room: Room,
    /// From top to bottom.
    pub lanes: &'a [Lane],
    /// Whose logs the lanes show.
    pub partition: Partition,
    pub window: TimeWindow,
    pub now: Option<Time>,
    pub future: Future,
    pub selection: Source,
    pub filter: Filter,
    /// The strip in true proportion above the lanes.
    pub overview: bool,
    /// Numbered badges: the steps of the selected record's story.
    pub steps: &'a [HappeningId],
    /// What playback repeats.
    pub repeated: Option<Stretch>,
    /// What is being moved.
    pub held: Option<Held>,
}

impl<'a> View<'a> {
    /// A picture of everything in the window, without a playhead.
    pub fn new(width: f32, room: Room, lanes: &'a [Lane], window: TimeWindow) -> View<'a> {
        View {
            width,
            height: None,
            room,
            lanes,
            partition: Partition(0),
            window,
            now: None,
            future: Future::Shown,
            selection: Source::None,
            filter: Filter::default(),
            overview: false,
            steps: &[],
            repeated: None,
            held: None,
        }
    }
}

/// Every node in the story's order; consumers only where there is room for them.
pub fn lanes(story: &Story, room: Room) -> Vec<Lane> {
    let nodes = story.nodes.iter().map(|story| story.node);
    let shown = nodes.filter(|node| room == Room::Page || !matches!(node, NodeId::Consumer(_)));
    shown.map(|node| Lane { node, form: Form::Full }).collect()
}

fn holds(story: &Story, broker: BrokerId, partition: Partition) -> bool {
    let replica = story.replica(broker, partition);
    replica.is_some_and(|replica| !replica.bars.is_empty() || !replica.roles.is_empty())
}

/// A lane's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneBox {
    pub node: NodeId,
    pub form: Form,
    pub top: f32,
    pub bottom: f32,
    /// Clients and controller: their life line. Brokers: the bottom of the log.
    pub base: f32,
}

impl LaneBox {
    pub fn middle(&self) -> f32 {
        (self.top + self.bottom) / 2.0
    }
}

/// A timeline laid out: where everything is. Drawing it changes nothing.
pub struct Timeline<'a> {
    pub story: &'a Story,
    pub view: View<'a>,
    pub scale: Scale<'a>,
    pub lanes: Vec<LaneBox>,
    pub heights: Heights,
    /// The top edge of the first lane.
    pub top: f32,
    pub bottom: f32,
}

/// The least room that a log can be read in, and the most that makes it clearer.
const LEAST_LOG: f32 = 30.0;
const MOST_LOG: f32 = 100.0;
/// So few records can each have a row with a name in it.
const FEW: u32 = 8;
const NAMED_ROW: f32 = 11.0;

impl<'a> Timeline<'a> {
    pub fn new(story: &'a Story, axis: &'a Axis, view: View<'a>) -> Timeline<'a> {
        let most = story.partitions.get(usize::from(view.partition.0)).map_or(0, |of| of.end.0);
        let log_room = match view.room {
            // A phone's page scrolls: few records get rows in which their names have room.
            Room::Phone if most <= FEW => (most as f32 * NAMED_ROW).max(50.0),
            Room::Page | Room::Phone => 50.0,
            Room::Figure => 60.0,
        };
        let timeline = Timeline::with_logs(story, axis, view, log_room);
        let logs = timeline.logs_shown().count();
        match view.height {
            Some(height) if logs > 0 => {
                let each = log_room + (height - timeline.height()) / logs as f32;
                Timeline::with_logs(story, axis, view, each.floor().clamp(LEAST_LOG, MOST_LOG))
            }
            _ => timeline,
        }
    }

    /// Every log has this much room.
    fn with_logs(story: &'a Story, axis: &'a Axis, view: View<'a>, log_room: f32) -> Timeline<'a> {
        let (gutter, margin) = match view.room {
            Room::Page => (118.0, 14.0),
            Room::Figure => (76.0, 8.0),
            Room::Phone => (64.0, 6.0),
        };
        let none = PartitionStory::default();
        let shown = story.partitions.get(usize::from(view.partition.0)).unwrap_or(&none);
        let heights = Heights::new(shown, log_room);
        let mut top = 18.0;
        if view.overview {
            top += if view.room == Room::Phone { 30.0 } else { 33.0 };
        }
        let mut lanes = Vec::with_capacity(view.lanes.len());
        let mut y = top;
        for lane in view.lanes {
            // A broker that never has a replica of the partition needs no room for its log.
            let form = match lane.node {
                NodeId::Broker(broker)
                    if lane.form == Form::Full && !holds(story, broker, view.partition) =>
                {
                    Form::Slim
                }
                _ => lane.form,
            };
            let (height, base) = match (lane.node, form) {
                (NodeId::Producer(_) | NodeId::World, _) => (44.0, 32.0),
                (NodeId::Broker(_), Form::Full) => {
                    let base = 22.0 + heights.total().max(14.0);
                    (base + 11.0, base)
                }
                (NodeId::Broker(broker), Form::Slim) => {
                    if holds(story, broker, view.partition) {
                        (46.0, 29.0)
                    } else {
                        (30.0, 17.0)
                    }
                }
                (NodeId::Broker(_), Form::Partitions) => {
                    let rows = 12.0 + story.partitions.len() as f32 * slim::ROW;
                    (rows.max(30.0), rows.max(30.0) / 2.0)
                }
                (NodeId::Controller, _) => (36.0, 22.0),
                (NodeId::Consumer(_), _) => (30.0, 17.0),
            };
            let node = lane.node;
            lanes.push(LaneBox { node, form, top: y, bottom: y + height, base: y + base });
            y += height;
        }
        let right = (view.width - margin).max(gutter + 20.0);
        let scale = Scale::new(axis, view.window, gutter, right);
        Timeline { story, view, scale, lanes, heights, top, bottom: y }
    }

    pub fn height(&self) -> f32 {
        self.bottom + 2.0
    }

    /// Everything but the playhead: it changes with the view, not with the time.
    pub fn draw(&self, picture: &mut Picture) {
        picture.clear(self.view.width, self.height());
        self.folds(picture);
        self.regions(picture);
        self.baselines(picture);
        self.logs(picture);
        self.roles(picture);
        self.strips(picture);
        self.rows_of_partitions(picture);
        let flights = self.messages(picture);
        self.log_marks(picture);
        let mut words = words::Words::new(self, &flights);
        words.marks(picture);
        self.selected_bars(picture, &mut words);
        words.names(picture);
        if self.view.overview {
            self.pins(picture);
        }
        self.gutter(picture);
        self.partition_numbers(picture);
        self.ruler(picture);
        if self.view.overview {
            self.overview(picture);
        }
        words.steps(picture);
    }

    /// The playhead and what it does to the future: drawn over `draw`.
    pub fn draw_now(&self, picture: &mut Picture) {
        if let Some(now) = self.view.now {
            self.playhead(picture, now);
            if let Some(stretch) = self.view.repeated {
                self.repeated(picture, stretch);
            }
            if let Some(held) = self.view.held {
                self.held(picture, held);
            }
            self.states(picture, now);
            if self.view.overview {
                self.overview_now(picture, now);
            }
        }
    }

    pub fn lane(&self, node: NodeId) -> Option<&LaneBox> {
        self.lanes.iter().find(|lane| lane.node == node)
    }

    pub fn lane_at(&self, y: f32) -> Option<&LaneBox> {
        self.lanes.iter().find(|lane| lane.top <= y && y < lane.bottom)
    }

    /// The upper edge of the record before `offset` on a lane.
    fn y(&self, lane: &LaneBox, offset: Offset) -> f32 {
        lane.base - self.heights.height(offset)
    }

    fn replica(&self, broker: BrokerId) -> Option<&'a Replica> {
        self.story.replica(broker, self.view.partition)
    }

    /// Full broker lanes with the log they show.
    fn logs_shown(&self) -> impl Iterator<Item = (&LaneBox, &'a Replica)> {
        self.lanes.iter().filter(|lane| lane.form == Form::Full).filter_map(|lane| {
            let NodeId::Broker(broker) = lane.node else { return None };
            Some((lane, self.replica(broker)?))
        })
    }

    /// Whether what concerns a partition (or none) is shown.
    fn is_here(&self, partition: Option<Partition>) -> bool {
        self.shows_all_partitions() || partition.is_none_or(|partition| partition == self.view.partition)
    }

    /// Nothing that happens later may be hinted at.
    fn is_hidden(&self, at: Time) -> bool {
        self.view.future == Future::Absent && self.view.now.is_some_and(|now| at > now)
    }

    fn is_shown(&self, at: Time) -> bool {
        self.view.window.from <= at && at <= self.view.window.to && !self.is_hidden(at)
    }

    /// What lies at a point of `picture`, which `draw` has drawn.
    pub fn hit(&self, picture: &Picture, at: Point, reach: f32) -> Source {
        if at.y < self.top {
            return if self.view.overview { Source::Overview } else { Source::None };
        }
        let found = picture.hit(at, reach);
        match found {
            Source::Log { broker, partition } => self.entry(broker, partition, at).unwrap_or(found),
            Source::None => self.lane_at(at.y).map_or(Source::None, |lane| Source::Node(lane.node)),
            _ => found,
        }
    }

    /// The record under a point of a log.
    fn entry(&self, broker: BrokerId, partition: Partition, at: Point) -> Option<Source> {
        let lane = self.lane(NodeId::Broker(broker))?;
        let offset = self.heights.offset(lane.base - at.y);
        let time = self.scale.time_from_x(at.x);
        let record = self.replica(broker)?.bar_at(offset, time)?.record_at(offset)?;
        Some(Source::Entry { broker, partition, offset, record })
    }
}

/// The record that a source is about, if it is about one.
pub fn selected_record(source: Source) -> Option<RecordId> {
    match source {
        Source::Record(record) | Source::Entry { record, .. } => Some(record),
        _ => None,
    }
}
