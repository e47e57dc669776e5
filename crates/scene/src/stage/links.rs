//! The links of the cluster: which ways they go, and for each the one place that belongs to it alone, where it can be taken
//! hold of. Drawn where they are in use, cut, or asked for.

use ackscope_sim::ids::{BrokerId, NodeId};

use super::StageView;
use super::desk::{Desk, GAP, MOST_CARDS};
use crate::picture::{Dash, Fill, Picture, Point, Source, Stroke, point};
use crate::story::Story;
use crate::timeline::Room;
use crate::tokens::Tone;

/// A link, and where it can be taken hold of; on a phone's stage there is no room for that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkPlace {
    pub a: NodeId,
    pub b: NodeId,
    pub at: Option<Point>,
}

/// Clients that share a broker's port stand this far apart.
const APART: f32 = 7.0;

/// Every link of the cluster.
pub fn links(story: &Story, view: &StageView<'_>) -> Vec<LinkPlace> {
    let desk = Desk::new(story, view);
    let place = |(a, b)| LinkPlace { a, b, at: desk.hold(a, b).filter(|_| view.room == Room::Page) };
    desk.pairs().into_iter().map(place).collect()
}

impl Desk<'_> {
    /// Both ends of every link, clients first.
    fn pairs(&self) -> Vec<(NodeId, NodeId)> {
        let cluster = self.view.cluster;
        let brokers: Vec<NodeId> = cluster.brokers.iter().map(|broker| NodeId::Broker(broker.id)).collect();
        let producers = cluster.producers.iter().take(MOST_CARDS).map(|of| NodeId::Producer(of.client));
        let consumers = cluster.consumers.iter().take(MOST_CARDS).map(|of| NodeId::Consumer(of.client));
        let others = producers.chain(consumers).chain([NodeId::Controller]);
        let mut pairs: Vec<_> =
            others.flat_map(|other| brokers.iter().map(move |&broker| (other, broker))).collect();
        for (place, &a) in brokers.iter().enumerate() {
            pairs.extend(brokers[place + 1..].iter().map(|&b| (a, b)));
        }
        pairs
    }

    /// The way from one node to another, corner by corner.
    pub(super) fn route(&self, from: NodeId, to: NodeId) -> Option<Vec<Point>> {
        match (from, to) {
            (NodeId::Broker(a), NodeId::Broker(b)) => {
                let track = self.track(a, b)?;
                let (a, b) = (self.broker_y(a, 18.0)?, self.broker_y(b, 18.0)?);
                let x = self.right + 6.0 + 2.5 * track as f32;
                Some(vec![point(self.right, a), point(x, a), point(x, b), point(self.right, b)])
            }
            (NodeId::Broker(_), _) => {
                let mut way = self.route(to, from)?;
                way.reverse();
                Some(way)
            }
            (NodeId::Controller, NodeId::Broker(broker)) => {
                let (y, top) = (self.broker_y(broker, 19.0)?, self.controller_y());
                let x = self.bus();
                Some(vec![point(self.left, top), point(x, top), point(x, y), point(self.left, y)])
            }
            (NodeId::Producer(client), NodeId::Broker(broker)) => {
                let place = usize::from(client.0);
                let card = self.producers.get(place)?;
                let y = self.port(broker, place)?;
                let (start, x) = (card.x + card.width, self.left - 34.0);
                Some(vec![
                    point(start, card.middle()),
                    point(x, card.middle()),
                    point(x, y),
                    point(self.left, y),
                ])
            }
            (NodeId::Consumer(client), NodeId::Broker(broker)) => {
                let place = usize::from(client.0);
                let card = self.consumers.get(place)?;
                let y = self.port(broker, place)?;
                let x = self.right + 25.0;
                Some(vec![
                    point(card.x, card.middle()),
                    point(x, card.middle()),
                    point(x, y),
                    point(self.right, y),
                ])
            }
            _ => None,
        }
    }

    /// Where the clients of one kind reach a broker.
    fn port(&self, broker: BrokerId, place: usize) -> Option<f32> {
        self.broker_y(broker, self.row_height - 16.0 - APART * place as f32)
    }

    /// The upper row of two brokers, and how far the other one lies below it.
    pub(super) fn rows(&self, a: BrokerId, b: BrokerId) -> Option<(usize, usize)> {
        let (a, b) = (super::row_of(self.story, a)?, super::row_of(self.story, b)?);
        Some((a.min(b), a.abs_diff(b)))
    }

    /// Neighbours nearest; those whose ways would lie on each other beside one another.
    fn track(&self, a: BrokerId, b: BrokerId) -> Option<usize> {
        let (row, span) = self.rows(a, b)?;
        Some(match span {
            0 | 1 => 0,
            2 => 1 + row % 2,
            3 => 3 + row % 3,
            // Of many brokers: beside those of the next rows.
            _ => 5 + row % 4,
        })
    }

    /// The place of a link that no other one shares.
    fn hold(&self, a: NodeId, b: NodeId) -> Option<Point> {
        let way = self.route(a, b)?;
        let last = way[way.len() - 1];
        Some(match (a, b) {
            (NodeId::Producer(_), _) => point(self.left - 26.0, last.y),
            (NodeId::Consumer(_), _) => point(self.right + 21.0, last.y),
            (NodeId::Controller, _) => point(self.left - 8.0, last.y),
            _ => {
                let (row, span) = self.rows(a.broker()?, b.broker()?)?;
                if self.is_dense() {
                    // Beside the upper one, two by two: one for each that lies below it.
                    let (down, across) = ((span - 1) / 2, (span - 1) % 2);
                    let y = self.row_top(row) + 6.0 + 9.0 * down as f32;
                    return Some(point(self.right + 6.0 + 8.0 * across as f32, y));
                }
                let y = match span {
                    1 => self.row_top(row + 1) - GAP / 2.0,
                    2 => self.row_top(row + 1) + 26.0,
                    3 => self.row_top(row + 1) + 8.0,
                    _ => self.row_top(row + 1) + 14.0,
                };
                point(way[1].x, y)
            }
        })
    }

    pub(super) fn links(&self, picture: &mut Picture) {
        let leader = self.leader().map(NodeId::Broker);
        let parked = super::beads::parked(self.story, self.view.cluster.now);
        for (a, b) in self.pairs() {
            let always = match a {
                NodeId::Controller => true,
                // A fetch that waits there is on its way, too.
                NodeId::Broker(_) => {
                    parked.iter().any(|&(from, at, _)| [(a, b), (b, a)].contains(&(from, at)))
                }
                _ => Some(b) == leader,
            };
            self.link(picture, a, b, always);
        }
        picture.source = Source::None;
    }

    fn link(&self, picture: &mut Picture, a: NodeId, b: NodeId, always: bool) {
        let now = self.view.cluster.now;
        let cut = self.story.is_cut(a, b, now) || self.story.is_cut(b, a, now);
        let selected = [Source::Link(a, b), Source::Link(b, a)].contains(&self.view.selection);
        let flying = || {
            self.story.messages_in(now, now).iter().any(|message| {
                let ends = (message.envelope.from, message.envelope.to);
                (ends == (a, b) || ends == (b, a))
                    && message.sent <= now
                    && now < message.until(self.story.end)
            })
        };
        let used = cut || always || selected || flying();
        // The unused ones of many brokers would only lie on each other: there the handles alone are shown.
        let between = matches!(a, NodeId::Broker(_));
        if !(used || self.view.all_links && !(between && self.is_dense())) {
            return;
        }
        let Some(way) = self.route(a, b) else { return };
        picture.source = Source::Link(a, b);
        let last = way[way.len() - 1];
        let (tone, width) = match (selected, used) {
            (true, _) => (Tone::Ink, 2.0),
            (false, true) => (Tone::LineStrong, if always && !between { 1.3 } else { 1.0 }),
            (false, false) => (Tone::Line, 1.0),
        };
        picture.line(way, Stroke::new(tone, width).dash(if cut { Dash::Dashed } else { Dash::Solid }));
        if cut {
            let x = if last.x > self.left + 20.0 { last.x + 5.0 } else { last.x - 9.0 };
            picture.circle(point(x, last.y), 5.5, Some(Fill::plain(Tone::Surface)), None);
            crate::signs::cross(picture, x, last.y, 3.4);
        }
    }
}
