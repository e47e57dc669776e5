//! The stage on a desktop: producers on the left, brokers in the middle, consumers on the right, the controller above.

use ackscope_sim::ids::{BrokerId, NodeId, Offset, Partition};
use ackscope_sim::view::{BrokerView, ReplicaRole};

use super::cards::{self, Card};
use super::cells::{self, OffsetAxis, Row};
use super::divergence::{cutting, divergence};
use super::{StageView, beads, is_selected, principal, row_of};
use crate::narration;
use crate::picture::{Anchor, Dash, Fill, Picture, Point, Source, Stroke, Style, point};
use crate::story::{State, Story};
use crate::text;
use crate::tokens::{Pattern, Tone};

/// Where everything stands.
pub(super) struct Desk<'a> {
    pub(super) story: &'a Story,
    pub(super) view: &'a StageView<'a>,
    /// The brokers' boxes from left to right.
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) row_height: f32,
    axis: OffsetAxis,
    pub(super) producers: Vec<Card>,
    pub(super) consumers: Vec<Card>,
    height: f32,
}

pub(super) const TOP: f32 = 64.0;
pub(super) const GAP: f32 = 5.0;
const MARGIN: f32 = 16.0;
pub(super) const MOST_CARDS: usize = 4;
/// More brokers than this have lower boxes, and fewer lines between them.
pub(super) const MANY: usize = 5;
/// A stage needs no more than this, however wide the page: links would only grow longer.
const WIDEST: f32 = 1240.0;

pub(super) fn draw(story: &Story, view: &StageView<'_>, picture: &mut Picture) {
    let desk = Desk::new(story, view);
    picture.clear(view.width, desk.height);
    desk.links(picture);
    desk.controller(picture);
    if view.partition.is_some() {
        desk.axis.numbers(picture, TOP - 6.0, 11.0);
    }
    if desk.axis.first == 0 && view.partition.is_some() {
        let style = Style::new(11.0, Tone::Ink3);
        picture.words(point(desk.axis.left - 8.0, TOP - 6.0), "offset", style, Anchor::End);
    }
    for (row, broker) in view.cluster.brokers.iter().enumerate() {
        desk.frame(picture, row, broker);
    }
    desk.parting(picture);
    for (row, broker) in view.cluster.brokers.iter().enumerate() {
        desk.broker(picture, row, broker);
    }
    divergence(picture, story, view, &desk.axis, |broker| {
        Some(desk.cells(desk.row_top(row_of(story, broker)?)))
    });
    desk.clients(picture);
    beads::draw(picture, story, view, |from, to| desk.route(from, to));
}

impl<'a> Desk<'a> {
    pub(super) fn new(story: &'a Story, view: &'a StageView<'a>) -> Desk<'a> {
        let cluster = view.cluster;
        let brokers = cluster.brokers.len() as f32;
        let row_height = match cluster.brokers.len() {
            0..=3 => 65.0,
            4..=MANY => 58.0,
            _ => 42.0,
        };
        let left = MARGIN + 160.0 + 56.0;
        let consumers = cluster.consumers.len();
        let end = view.width.min(WIDEST) - MARGIN;
        let right = if consumers == 0 { end - 20.0 } else { end - 128.0 - 32.0 };
        let rows = brokers * (row_height + GAP);
        let axis = OffsetAxis::new(story, view, principal(view), (left + 150.0, right - 14.0), (22.0, 36.0));
        let stack = |count: usize, x: f32, width: f32, full: f32| {
            let count = count.min(MOST_CARDS);
            let card_height = if count <= 1 { full } else { cards::SLIM };
            let all = count as f32 * (card_height + 8.0) - 8.0;
            let start = (TOP + (rows - all) / 2.0).max(TOP - 40.0);
            (0..count)
                .map(|place| Card {
                    x,
                    y: start + place as f32 * (card_height + 8.0),
                    width,
                    height: card_height,
                })
                .collect::<Vec<_>>()
        };
        let producers = stack(cluster.producers.len(), MARGIN, 160.0, cards::FULL);
        let consumers = stack(consumers, end - 128.0, 128.0, cards::READER);
        // Below the lowest card a line has room that says how many more there are.
        let cards = producers.iter().chain(&consumers).map(|card| card.y + card.height + 18.0);
        let height = cards.fold(TOP + rows + 6.0, f32::max);
        Desk { story, view, left, right, row_height, axis, producers, consumers, height }
    }

    pub(super) fn row_top(&self, row: usize) -> f32 {
        TOP + row as f32 * (self.row_height + GAP)
    }

    pub(super) fn bus(&self) -> f32 {
        self.left - 16.0
    }

    pub(super) fn controller_y(&self) -> f32 {
        24.0
    }

    pub(super) fn broker_y(&self, broker: BrokerId, down: f32) -> Option<f32> {
        Some(self.row_top(row_of(self.story, broker)?) + down)
    }

    pub(super) fn leader(&self) -> Option<BrokerId> {
        let state = self.view.cluster.controller.partitions.get(usize::from(principal(self.view).0));
        state.and_then(|state| state.as_ref()?.leader)
    }

    fn controller(&self, picture: &mut Picture) {
        let controller = &self.view.cluster.controller;
        picture.source = Source::Node(NodeId::Controller);
        let selected = is_selected(self.view, NodeId::Controller);
        let tone = if selected { Tone::Ink } else { Tone::LineStrong };
        let (dash, pattern) = if controller.active {
            (Dash::Solid, None)
        } else {
            (Dash::Dashed, Some((Pattern::Diagonal, Tone::Line)))
        };
        let fill = Fill { tone: Some(Tone::Surface), pattern };
        let stroke = Stroke::new(tone, 1.0).dash(dash);
        picture.rounded(self.left, 8.0, self.right - self.left, 32.0, 5.0, Some(fill), Some(stroke));
        let name = Style::new(12.0, Tone::Ink).bold();
        picture.words(point(self.left + 12.0, 28.5), "Controller", name, Anchor::Start);
        let partition = principal(self.view);
        let state = controller.partitions.get(usize::from(partition.0)).and_then(Option::as_ref);
        let words = match state {
            _ if !controller.active => "not active: nobody is elected".to_owned(),
            None => "topic not created yet".to_owned(),
            Some(state) => {
                let leader = state.leader.map_or("no leader".to_owned(), |leader| format!("leader {leader}"));
                let elr = if state.elr.is_empty() { String::new() } else { format!(", ELR {}", state.elr) };
                format!("{leader}, leader epoch {}, ISR {}{elr}", state.leader_epoch, state.isr)
            }
        };
        let style = Style::new(12.0, Tone::Ink2);
        picture.words(point(self.left + 86.0, 28.5), &words, style, Anchor::Start);
        let name = self.story.partitions.get(usize::from(partition.0)).map_or("", |of| &of.name);
        let style = Style::new(11.0, Tone::Ink3).mono();
        picture.words(point(self.right - 12.0, 28.5), name, style, Anchor::End);
        picture.source = Source::None;
    }

    /// What hatches a broker's box.
    fn pattern(&self, broker: BrokerId) -> Option<(Pattern, Tone)> {
        let states = || self.story.states_at(NodeId::Broker(broker), self.view.cluster.now);
        if states().any(|state| matches!(state, State::Down | State::Dark)) {
            Some((Pattern::Diagonal, Tone::Line))
        } else if states().any(|state| state == State::Paused) {
            Some((Pattern::Stripes, Tone::Line))
        } else {
            None
        }
    }

    fn frame(&self, picture: &mut Picture, row: usize, broker: &BrokerView) {
        let node = NodeId::Broker(broker.id);
        let whole = self.story.states_at(node, self.view.cluster.now).next().is_none();
        let leads = self.leader() == Some(broker.id);
        let (tone, width) = match (leads, is_selected(self.view, node)) {
            (_, true) => (Tone::Ink, 2.0),
            (true, false) => (Tone::Ink, 1.5),
            (false, false) => (Tone::LineStrong, 1.0),
        };
        picture.source = Source::Node(node);
        let fill = Fill { tone: Some(Tone::Surface), pattern: self.pattern(broker.id) };
        let stroke = Stroke::new(tone, width).dash(if whole { Dash::Solid } else { Dash::Dashed });
        let (top, width) = (self.row_top(row), self.right - self.left);
        picture.rounded(self.left, top, width, self.row_height, 5.0, Some(fill), Some(stroke));
        picture.source = Source::None;
    }

    fn broker(&self, picture: &mut Picture, row: usize, broker: &BrokerView) {
        let (now, partition) = (self.view.cluster.now, principal(self.view));
        let (top, leads) = (self.row_top(row), self.leader() == Some(broker.id));
        picture.source = Source::Node(NodeId::Broker(broker.id));
        let x = self.left + 12.0;
        let shift = if leads { 17.0 } else { 0.0 };
        if leads {
            crate::signs::crown(picture, x + 6.0, top + if self.is_dense() { 16.5 } else { 19.5 }, 0.95);
        }
        let name = format!("Broker {}", broker.id);
        let halo = self.pattern(broker.id).map(|_| Tone::Surface);
        let style = Style { halo, ..Style::new(13.0, Tone::Ink).bold() };
        let dense = self.is_dense();
        let (name_y, state_y, state_size) = if dense { (17.0, 33.0, 11.0) } else { (20.0, 36.0, 12.0) };
        picture.words(point(x + shift, top + name_y), &name, style, Anchor::Start);
        let mut states = self.story.states_at(NodeId::Broker(broker.id), now);
        let bad = states.any(|state| !matches!(state, State::Starting));
        let style = Style { halo, ..Style::new(state_size, if bad { Tone::Lost } else { Tone::Ink2 }) };
        let say = if dense { narration::broker_state_short } else { narration::broker_state };
        let mut state = say(self.story, broker.id, partition, now);
        // Where boxes are low, one line has to say both.
        let more = match self.membership(broker.id) {
            Some((words, _)) if dense => words,
            Some(member) => {
                self.member(picture, member, point(x + 4.0, top + 48.0), halo);
                ""
            }
            None if self.view.partition.is_some() => "no replica",
            None => "",
        };
        if !state.is_empty() && !more.is_empty() {
            state.push_str(", ");
        }
        state.push_str(more);
        if let Some(state) = text::shorten(&state, state_size, false, self.axis.left - x - 6.0) {
            picture.words(point(x, top + state_y), &state, style, Anchor::Start);
        }
        match self.view.partition {
            Some(partition) => self.log(picture, top, broker, partition),
            None => self.small_logs(picture, top, broker),
        }
        picture.source = Source::None;
    }

    /// Whether a replica is in the ISR, eligible to lead (ELR), or neither.
    fn membership(&self, broker: BrokerId) -> Option<(&'static str, bool)> {
        let state = self.view.cluster.controller.partitions.get(usize::from(principal(self.view).0));
        let state = state.and_then(Option::as_ref).filter(|state| state.replicas.contains(&broker))?;
        Some(if state.isr.contains(broker) {
            ("in sync", true)
        } else if state.elr.contains(broker) {
            ("in the ELR", false)
        } else {
            ("not in the ISR", false)
        })
    }

    /// Filled: in the ISR. Ring: not.
    fn member(&self, picture: &mut Picture, (words, full): (&str, bool), at: Point, halo: Option<Tone>) {
        let ring = Stroke::new(if full { Tone::Ink } else { Tone::Ink3 }, 1.3);
        let fill = Fill::plain(if full { Tone::Ink } else { Tone::Surface });
        picture.circle(at, 3.2, Some(fill), Some(ring));
        let style = Style { halo, ..Style::new(11.0, Tone::Ink3) };
        picture.words(point(at.x + 8.0, at.y + 4.0), words, style, Anchor::Start);
    }

    fn cells(&self, top: f32) -> Row {
        if self.is_dense() {
            return Row { top: top + 5.0, height: 20.0, size: 12.0 };
        }
        let height = if self.row_height > 60.0 { 30.0 } else { 26.0 };
        Row { top: top + 11.0, height, size: 12.5 }
    }

    /// Many brokers share the height.
    pub(super) fn is_dense(&self) -> bool {
        self.view.cluster.brokers.len() > MANY
    }

    fn log(&self, picture: &mut Picture, top: f32, broker: &BrokerView, partition: Partition) {
        let replica = broker.replicas.iter().find(|replica| replica.partition == partition);
        let history = self.story.replica(broker.id, partition);
        let (Some(replica), Some(history)) = (replica, history) else { return };
        let row = self.cells(top);
        cells::draw(picture, self.story, self.view, &self.axis, row, replica, history);
        let silent = cutting(self.story, self.view, broker.id);
        // To the right of what the box says in words.
        let start = if self.is_dense() { self.axis.left } else { self.left + 112.0 };
        cells::marks(picture, &self.axis, row, replica, (start, self.right - 8.0), silent);
    }

    /// Every partition as a thin row.
    fn small_logs(&self, picture: &mut Picture, top: f32, broker: &BrokerView) {
        let count = self.story.partitions.len().max(1) as f32;
        let pitch = ((self.row_height - 12.0) / count).min(14.0);
        let mut last = f32::MIN;
        for replica in &broker.replicas {
            let Some(history) = self.story.replica(broker.id, replica.partition) else { continue };
            let place = f32::from(replica.partition.0);
            let row = Row { top: top + 6.0 + place * pitch, height: pitch - 2.0, size: 10.0 };
            let (left, right) = (self.axis.left, self.right - 14.0);
            let axis = OffsetAxis::new(self.story, self.view, replica.partition, (left, right), (7.0, 14.0));
            picture.source = Source::Partition(replica.partition);
            let number = replica.partition.0.to_string();
            // Where rows are close together some go without their number: numbers never touch.
            let y = row.top + row.height - 0.5;
            if y - last >= 9.5 {
                picture.words(point(left - 6.0, y), &number, Style::new(10.0, Tone::Ink3), Anchor::End);
                last = y;
            }
            cells::draw(picture, self.story, self.view, &axis, row, replica, history);
            if let ReplicaRole::Leader(_) = replica.role {
                crate::signs::crown(picture, left - 24.0, row.top + row.height - 1.0, 0.6);
            }
        }
    }

    /// A dotted guide where the newest epoch begins: there histories part.
    fn parting(&self, picture: &mut Picture) {
        let partition = principal(self.view);
        let replicas = self.view.cluster.brokers.iter().flat_map(|broker| &broker.replicas);
        let leaders = replicas.filter(|replica| replica.partition == partition).filter_map(|replica| {
            let ReplicaRole::Leader(leader) = &replica.role else { return None };
            Some((leader.leader_epoch, leader.epoch_start_offset))
        });
        let Some((epoch, start)) = leaders.max() else { return };
        if epoch.0 == 0 || start == Offset(0) || start.0 < self.axis.first || self.view.partition.is_none() {
            return;
        }
        let x = self.axis.x(start) - 1.0;
        let last = self.row_top(self.view.cluster.brokers.len() - 1) + self.row_height - 8.0;
        picture.segment(point(x, TOP - 3.0), point(x, last), Stroke::new(Tone::Ink3, 1.0).dash(Dash::Dotted));
    }

    fn clients(&self, picture: &mut Picture) {
        let (story, view) = (self.story, self.view);
        let now = view.cluster.now;
        let nodes = view.cluster.producers.iter().map(|producer| NodeId::Producer(producer.client));
        let full = cards::have_room(story, &self.producers, nodes, |detail| detail);
        for (&card, producer) in self.producers.iter().zip(&view.cluster.producers) {
            cards::producer(picture, story, view, card, producer, full, principal(view));
        }
        let nodes = view.cluster.consumers.iter().map(|consumer| NodeId::Consumer(consumer.client));
        let full = cards::have_room(story, &self.consumers, nodes, |_| "");
        let parked = beads::parked(story, now);
        for (&card, consumer) in self.consumers.iter().zip(&view.cluster.consumers) {
            let node = NodeId::Consumer(consumer.client);
            let waits = parked.iter().find(|&&(from, _, _)| from == node);
            let words = waits.and_then(|&(_, at, _)| Some(format!("fetch parked at {}", at.broker()?)));
            cards::consumer(picture, story, view, card, consumer, full, words);
        }
        for (from, at, message) in parked {
            let Some(way) = self.route(from, at) else { continue };
            let Some(end) = way.last() else { continue };
            picture.source = Source::Message(message.id);
            let stroke = Stroke::new(Tone::Ink3, 1.2);
            let corner = way[way.len() - 2];
            let stands = match (from.broker(), at.broker()) {
                // On the way of its own, where no other follower's lies.
                (Some(from), Some(at)) => {
                    let (_, span) = self.rows(from, at).unwrap_or((0, 1));
                    let away = (8.0 * span as f32).min(30.0);
                    point(corner.x, corner.y + if way[0].y < end.y { -away } else { away })
                }
                _ => point(end.x + if end.x > self.left + 20.0 { 8.0 } else { -8.0 }, end.y),
            };
            picture.circle(stands, 3.4, Some(Fill::plain(Tone::Surface)), Some(stroke));
        }
        for (more, cards, all) in [
            (view.cluster.producers.len(), &self.producers, "producers"),
            (view.cluster.consumers.len(), &self.consumers, "consumers"),
        ] {
            if let Some(last) = cards.last().filter(|_| more > cards.len()) {
                let words = format!("{} more {all}", more - cards.len());
                let at = point(last.x + 12.0, last.y + last.height + 14.0);
                picture.words(at, &words, Style::new(11.0, Tone::Ink3), Anchor::Start);
            }
        }
        picture.source = Source::None;
    }
}
