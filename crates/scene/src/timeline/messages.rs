//! Messages as slanted arrows. An arrow lands on the step that it causes, at its record's height; what carries nothing
//! stays out of the way until there is room, and arrows on top of each other are drawn once.

use ackscope_sim::ids::{NodeId, Offset, Partition};

use super::{Form, LaneBox, Timeline, selected_record};
use crate::picture::{Dash, Picture, Point, Source, Stroke, point};
use crate::story::{Flow, Kind, Message};
use crate::tokens::Tone;

/// Where a message goes from and to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flight {
    pub from: Point,
    pub to: Point,
}

impl Flight {
    /// Where it ends: what is lost does on its way; what never arrived only sets out.
    fn part(self, end: End) -> Point {
        let Flight { from, to } = self;
        let part = match end {
            End::Arrived => 1.0,
            End::Lost => 0.6,
            End::UnderWay => (36.0 / (to.x - from.x).hypot(to.y - from.y).max(1.0)).min(0.6),
        };
        point(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part)
    }
}

#[derive(Clone, Copy)]
struct Look {
    tone: Tone,
    width: f32,
    dash: Dash,
    head: f32,
    /// An open head; else a filled one.
    open: bool,
}

const fn look(kind: Kind) -> Look {
    let (tone, width, dash, head, open) = match kind {
        Kind::Produce => (Tone::Ink, 1.35, Dash::Solid, 6.0, false),
        Kind::Ack => (Tone::Kept, 1.35, Dash::Solid, 6.0, true),
        Kind::Fetch => (Tone::Ink3, 1.0, Dash::Dashed, 5.0, true),
        Kind::Data => (Tone::Ink3, 1.2, Dash::Solid, 5.0, false),
        Kind::Heartbeat => (Tone::Ink3, 1.1, Dash::Dotted, 5.0, true),
        Kind::Metadata | Kind::Control => (Tone::Ctl, 1.1, Dash::Dotted, 5.0, true),
        Kind::Error => (Tone::Lost, 1.5, Dash::Solid, 6.0, false),
    };
    Look { tone, width, dash, head, open }
}

/// How a message's way ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Arrived,
    Lost,
    /// Until the run was over.
    UnderWay,
}

/// Arrows of one kind between two lanes that are closer together than this are drawn once.
const SAME: f32 = 1.6;
/// Closer than this they are a crowd: pale strokes, with one arrow among them every so often.
const CROWDED: f32 = 5.0;
const AMONG_CROWD: f32 = 14.0;
/// More than this many polls and heartbeats in a window say nothing.
const QUIET_MESSAGES: usize = 48;

impl Timeline<'_> {
    /// Draws them and says where words had better not be.
    pub(super) fn messages(&self, picture: &mut Picture) -> Vec<Flight> {
        let window = self.view.window;
        let story = self.story;
        let shown = |flow: &&Flow| self.view.filter.shows(flow.kind);
        let here = |flow: &Flow| Some((self.lane_index(flow.from)?, self.lane_index(flow.to)?));
        let chatter = story.flows.iter().filter(|flow| !flow.matters);
        let chatter: usize = chatter.map(|flow| story.flow_in(flow, window.from, window.to).len()).sum();
        let mut drawn = Vec::new();
        for flow in story.flows.iter().filter(shown).filter(|flow| self.is_wanted(flow)) {
            let forced = self.view.filter.forces(flow.kind);
            if let Some(lanes) = here(flow)
                && (flow.matters || forced || chatter <= QUIET_MESSAGES)
            {
                self.flow(picture, flow, lanes, forced, &mut drawn);
            }
        }
        self.chosen(picture, &mut drawn);
        picture.source = Source::None;
        picture.opacity = 1.0;
        drawn
    }

    /// Where only what is selected is wanted: a node's own messages; those of a record or of a pair are drawn apart.
    fn is_wanted(&self, flow: &Flow) -> bool {
        match self.view.selection {
            _ if !self.view.filter.only_selected => true,
            Source::Node(node) => flow.from == node || flow.to == node,
            Source::Record(_) | Source::Entry { .. } | Source::Message(_) => false,
            _ => true,
        }
    }

    /// One direction and kind, thinned to what can be told apart.
    fn flow(
        &self,
        picture: &mut Picture,
        flow: &Flow,
        lanes: (usize, usize),
        forced: bool,
        drawn: &mut Vec<Flight>,
    ) {
        let (window, story) = (self.view.window, self.story);
        let all = self.shows_all_partitions();
        let record = selected_record(self.view.selection);
        let picked = !matches!(self.view.selection, Source::None);
        let range = story.flow_in(flow, window.from, window.to);
        let places = &flow.messages[range];
        let (mut last, mut last_whole) = (f32::MIN, f32::MIN);
        let mut next = 0;
        while let Some(&place) = places.get(next) {
            next += 1;
            let message = &story.messages[place as usize];
            if self.is_hidden(message.sent) {
                break;
            }
            let wanted = flow.matters || forced || !self.in_fold(message);
            if message.until(story.end) < window.from
                || !wanted
                || !(all || story.touches(message, self.view.partition))
                || (picked && self.is_chosen(message))
            {
                continue;
            }
            let flight = self.flight_between(message, lanes);
            let gap = flight.from.x - last;
            last = flight.from.x;
            let whole = gap >= CROWDED || flight.from.x - last_whole >= AMONG_CROWD;
            // Lines that cross foreign lanes, and those that carry nothing, keep back.
            let foreign = matches!(flow.to, NodeId::Consumer(_))
                || matches!(flow.kind, Kind::Control | Kind::Metadata)
                || !flow.matters;
            picture.source = Source::Message(message.id);
            picture.opacity = match (record.is_some(), !whole || foreign) {
                (true, false) => 0.5,
                (true, true) => 0.3,
                (false, true) if gap < CROWDED / 2.0 => 0.16,
                (false, true) if !whole => 0.3,
                (false, true) => 0.55,
                (false, false) if gap < CROWDED => 0.7,
                (false, false) => 1.0,
            };
            let look = look(flow.kind);
            if whole {
                last_whole = flight.from.x;
                self.arrow(picture, flight, look, gap >= CROWDED, false, end(message));
            } else {
                let to = flight.part(end(message));
                picture.segment(flight.from, to, Stroke::new(look.tone, look.width).dash(look.dash));
            }
            drawn.push(flight);
            // On to the first one that stands apart.
            let apart = self.scale.time_from_x(flight.from.x + SAME);
            next += places[next..].partition_point(|&place| story.messages[place as usize].sent < apart);
        }
    }

    /// What is selected, or carries the selected record, in full and on top.
    fn chosen(&self, picture: &mut Picture, drawn: &mut Vec<Flight>) {
        let (window, story) = (self.view.window, self.story);
        let about = |flow: &&Flow| match self.view.selection {
            Source::Message(_) => true,
            Source::Record(_) | Source::Entry { .. } => {
                matches!(flow.kind, Kind::Produce | Kind::Ack | Kind::Data | Kind::Error)
            }
            _ => false,
        };
        for flow in story.flows.iter().filter(about).filter(|flow| self.view.filter.shows(flow.kind)) {
            let Some(lanes) = self.lane_index(flow.from).zip(self.lane_index(flow.to)) else { continue };
            for &place in &flow.messages[story.flow_in(flow, window.from, window.to)] {
                let message = &story.messages[place as usize];
                if self.is_hidden(message.sent) || !self.is_chosen(message) {
                    continue;
                }
                let flight = self.flight_between(message, lanes);
                let whole = matches!(self.view.selection, Source::Message(_));
                picture.source = Source::Message(message.id);
                picture.opacity = 1.0;
                self.arrow(picture, flight, look(flow.kind), true, whole, end(message));
                drawn.push(flight);
            }
        }
    }

    fn is_chosen(&self, message: &Message) -> bool {
        match self.view.selection {
            Source::Message(id) => {
                let partner = message.partner.map(|partner| self.story.messages[partner as usize].id);
                message.id == id || partner == Some(id)
            }
            Source::Record(record) | Source::Entry { record, .. } => self.story.carries(message, record),
            _ => false,
        }
    }

    /// Within a fold there is no room for what does not matter.
    fn in_fold(&self, message: &Message) -> bool {
        let folds = &self.scale.axis.folds;
        let after = folds.partition_point(|fold| fold.to <= message.sent);
        folds.get(after).is_some_and(|fold| {
            let width = self.scale.x_from_time(fold.to) - self.scale.x_from_time(fold.from);
            fold.from <= message.sent && width < 240.0
        })
    }

    fn lane_index(&self, node: NodeId) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.node == node)
    }

    /// Both ends of a message; none where one of its lanes is not shown.
    pub(super) fn flight(&self, message: &Message) -> Option<Flight> {
        let (from, to) = (message.envelope.from, message.envelope.to);
        Some(self.flight_between(message, (self.lane_index(from)?, self.lane_index(to)?)))
    }

    fn flight_between(&self, message: &Message, lanes: (usize, usize)) -> Flight {
        let (from, to) = (&self.lanes[lanes.0], &self.lanes[lanes.1]);
        let down = from.top < to.top;
        let start = self.departure(message, from, down);
        let end = self.arrival(message, to, down);
        let x0 = self.scale.x_from_time(message.sent);
        let x1 = self.scale.x_from_time(message.until(self.story.end));
        Flight { from: point(x0, start), to: point(x1, end) }
    }

    fn departure(&self, message: &Message, lane: &LaneBox, down: bool) -> f32 {
        let NodeId::Broker(broker) = lane.node else { return lane.base };
        match lane.form {
            Form::Full => {}
            Form::Slim => return lane.base,
            Form::Partitions => return self.partition_row(message, lane),
        }
        match message.kind {
            Kind::Ack => self.record_height(message, lane, false).unwrap_or(lane.base),
            Kind::Data | Kind::Heartbeat if down => lane.base + 1.0,
            _ if down => lane.base + 7.0,
            // Requests leave from below the log, where the broker is; answers from the log's top.
            Kind::Fetch if message.envelope.message.body.is_request() => lane.base + 7.0,
            Kind::Data | Kind::Fetch | Kind::Error => {
                let end = self.replica(broker).map_or(Offset(0), |replica| replica.end_at(message.sent));
                self.y(lane, end) - 1.0
            }
            _ => lane.base,
        }
    }

    fn arrival(&self, message: &Message, lane: &LaneBox, down: bool) -> f32 {
        let NodeId::Broker(broker) = lane.node else { return lane.base };
        match lane.form {
            Form::Full => {}
            Form::Slim => return lane.base,
            Form::Partitions => return self.partition_row(message, lane),
        }
        if !down {
            return lane.base + 7.0;
        }
        match message.kind {
            Kind::Produce | Kind::Data => self.record_height(message, lane, true).unwrap_or(lane.base + 7.0),
            Kind::Fetch | Kind::Error => {
                let at = message.until(self.story.end);
                let end = self.replica(broker).map_or(Offset(0), |replica| replica.end_at(at));
                self.y(lane, end) - 1.0
            }
            _ => lane.base + 7.0,
        }
    }

    /// The row of the first partition that a message is about; the lane's middle where it is about none.
    fn partition_row(&self, message: &Message, lane: &LaneBox) -> f32 {
        let partitions = (0..self.story.partitions.len() as u16).map(Partition);
        let carries = |&partition: &Partition| self.story.batches_of(message, partition).next().is_some();
        partitions.clone().find(carries).map_or(lane.base, |partition| self.row_y(lane, partition))
    }

    /// The top of the highest record that a message brings to a log or answers for. A request that had to wait before
    /// it was appended stops where the log ended then.
    fn record_height(&self, message: &Message, lane: &LaneBox, arriving: bool) -> Option<f32> {
        let NodeId::Broker(broker) = lane.node else { return None };
        let replica = self.replica(broker)?;
        let at = if arriving { message.until(self.story.end) } else { message.sent };
        let batches = self.story.batches_of(message, self.view.partition);
        let bar = batches.filter_map(|batch| replica.bar_of(batch.id, at)).max_by_key(|bar| bar.next)?;
        let waited = arriving && self.scale.x_from_time(bar.from) - self.scale.x_from_time(at) > 4.0;
        let top = if waited { replica.end_at(at) } else { bar.next };
        Some(self.y(lane, top))
    }

    fn arrow(&self, picture: &mut Picture, flight: Flight, look: Look, halo: bool, strong: bool, end: End) {
        let (from, to) = (flight.from, flight.part(end));
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = dx.hypot(dy).max(0.01);
        let (ux, uy) = (dx / length, dy / length);
        let back = if look.open || end != End::Arrived { 0.5 } else { look.head * 0.7 };
        let neck = point(to.x - back * ux, to.y - back * uy);
        if halo {
            let opacity = picture.opacity;
            picture.opacity = 0.7 * opacity;
            picture.segment(from, neck, Stroke::new(Tone::Surface, 3.4));
            picture.opacity = opacity;
        }
        let width = if strong { look.width + 0.9 } else { look.width };
        picture.segment(from, neck, Stroke::new(look.tone, width).dash(look.dash));
        if end == End::UnderWay {
            return;
        }
        if end == End::Lost {
            let arm = 3.0;
            let cross = [
                point(to.x - arm, to.y - arm),
                point(to.x + arm, to.y + arm),
                point(to.x + arm, to.y - arm),
                point(to.x - arm, to.y + arm),
            ];
            picture.strokes(cross, Stroke::new(Tone::LostFill, 1.6));
            return;
        }
        let half = look.head * 0.38;
        let root = point(to.x - look.head * ux, to.y - look.head * uy);
        let (a, b) =
            (point(root.x - uy * half, root.y + ux * half), point(root.x + uy * half, root.y - ux * half));
        if look.open {
            picture.line([a, to, b], Stroke::new(look.tone, 1.4));
        } else {
            picture.area([to, a, b], Some(crate::picture::Fill::plain(look.tone)), None);
        }
    }
}

fn end(message: &Message) -> End {
    match (message.arrived, message.lost) {
        (Some(_), _) => End::Arrived,
        (None, Some(_)) => End::Lost,
        (None, None) => End::UnderWay,
    }
}
