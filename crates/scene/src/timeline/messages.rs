//! Messages as slanted arrows. An arrow lands on the step that it causes, at its record's height; what carries nothing
//! stays out of the way until there is room, and arrows on top of each other are drawn once.

use ackscope_sim::ids::{NodeId, Offset, Partition};

use super::{Form, LaneBox, Timeline, selected_record};
use crate::picture::{Dash, Picture, Point, Source, Stroke, point};
use crate::story::{Kind, Message};
use crate::tokens::Tone;

/// Where a message goes from and to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flight {
    pub from: Point,
    pub to: Point,
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

/// Arrows of one kind between two lanes that are closer together than this are drawn once.
const SAME: f32 = 1.6;
/// Closer than this they go without halo, and paler.
const CROWDED: f32 = 5.0;
/// More than this many polls and heartbeats in a window say nothing.
const QUIET_MESSAGES: usize = 48;

impl Timeline<'_> {
    /// Draws them and says where words had better not be.
    pub(super) fn messages(&self, picture: &mut Picture) -> Vec<Flight> {
        let window = self.view.window;
        let messages = self.story.messages_in(window.from, window.to);
        let until = |message: &Message| message.until(self.story.end);
        let in_window = |message: &&Message| until(message) >= window.from;
        let chatter = messages.iter().filter(in_window).filter(|message| !message.matters).count();
        let record = selected_record(self.view.selection);
        let all = self.shows_all_partitions();
        let mut drawn = Vec::new();
        let mut last = [f32::MIN; MOST_LANES * MOST_LANES * KINDS];

        for message in messages.iter().filter(in_window) {
            let (kind, selected) = (message.kind, self.is_selected(message));
            let wanted = message.matters
                || selected
                || self.view.filter.forces(kind)
                || (chatter <= QUIET_MESSAGES && !self.in_fold(message));
            if !wanted
                || !self.view.filter.shows(kind)
                || self.is_hidden(message.sent)
                || !(all || self.story.touches(message, self.view.partition))
            {
                continue;
            }
            let Some((flight, lanes)) = self.flight(message) else { continue };
            let slot = &mut last[(lanes.0 * MOST_LANES + lanes.1) * KINDS + kind as usize];
            let gap = flight.from.x - *slot;
            let carried = record.is_some_and(|record| self.story.carries(message, record));
            if gap < SAME && !selected && !carried {
                continue;
            }
            *slot = flight.from.x;

            let crowded = gap < CROWDED && !carried && !selected;
            // Lines that cross foreign lanes, and those that carry nothing, keep back.
            let foreign = matches!(message.envelope.to, NodeId::Consumer(_))
                || matches!(kind, Kind::Control | Kind::Metadata)
                || !message.matters;
            picture.source = Source::Message(message.id);
            picture.opacity = match (carried || selected, record.is_some(), crowded || foreign) {
                (true, ..) => 1.0,
                (false, true, false) => 0.5,
                (false, true, true) => 0.3,
                (false, false, true) => 0.55,
                (false, false, false) => 1.0,
            };
            let lost = message.arrived.is_none() && message.lost.is_some();
            self.arrow(picture, flight, look(kind), !crowded, selected, lost);
            drawn.push(flight);
        }
        picture.source = Source::None;
        picture.opacity = 1.0;
        drawn
    }

    fn is_selected(&self, message: &Message) -> bool {
        let Source::Message(id) = self.view.selection else { return false };
        let partner = message.partner.map(|partner| self.story.messages[partner as usize].id);
        message.id == id || partner == Some(id)
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
        self.lanes.iter().position(|lane| lane.node == node).filter(|&index| index < MOST_LANES)
    }

    /// Both ends of a message, and its lanes; none where one of them is not shown.
    pub(super) fn flight(&self, message: &Message) -> Option<(Flight, (usize, usize))> {
        let lanes = (self.lane_index(message.envelope.from)?, self.lane_index(message.envelope.to)?);
        let (from, to) = (&self.lanes[lanes.0], &self.lanes[lanes.1]);
        let down = from.top < to.top;
        let start = self.departure(message, from, down);
        let end = self.arrival(message, to, down);
        let x0 = self.scale.x_from_time(message.sent);
        let x1 = self.scale.x_from_time(message.until(self.story.end));
        Some((Flight { from: point(x0, start), to: point(x1, end) }, lanes))
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

    fn arrow(&self, picture: &mut Picture, flight: Flight, look: Look, halo: bool, strong: bool, lost: bool) {
        let Flight { from, mut to } = flight;
        if lost {
            // It ends on its way.
            to = point(from.x + (to.x - from.x) * 0.6, from.y + (to.y - from.y) * 0.6);
        }
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = dx.hypot(dy).max(0.01);
        let (ux, uy) = (dx / length, dy / length);
        let back = if look.open || lost { 0.5 } else { look.head * 0.7 };
        let neck = point(to.x - back * ux, to.y - back * uy);
        if halo {
            let opacity = picture.opacity;
            picture.opacity = 0.7 * opacity;
            picture.segment(from, neck, Stroke::new(Tone::Surface, 3.4));
            picture.opacity = opacity;
        }
        let width = if strong { look.width + 0.9 } else { look.width };
        picture.segment(from, neck, Stroke::new(look.tone, width).dash(look.dash));
        if lost {
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

/// Producers, brokers, controller, consumers: more lanes than this have no arrows.
const MOST_LANES: usize = 24;
const KINDS: usize = Kind::ALL.len();
