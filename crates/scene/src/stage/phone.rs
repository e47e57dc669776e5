//! The stage on a phone: names on the left, cells beside them, clients in one line.

use ackscope_sim::ids::{NodeId, Offset};
use ackscope_sim::view::{BrokerView, ReplicaRole};

use super::cells::{self, OffsetAxis, Row};
use super::divergence::{cutting, divergence};
use super::{StageView, principal, row_of};
use crate::narration;
use crate::picture::{Anchor, Dash, Picture, Source, Stroke, Style, point};
use crate::story::{State, Story};
use crate::text;
use crate::tokens::Tone;

const TOP: f32 = 48.0;
const ROW: f32 = 53.0;
const NAMES: f32 = 68.0;

pub(super) fn draw(story: &Story, view: &StageView<'_>, picture: &mut Picture) {
    let cluster = view.cluster;
    let height = TOP + cluster.brokers.len() as f32 * ROW + 8.0;
    picture.clear(view.width, height);
    let axis = OffsetAxis::new(story, view, principal(view), (NAMES, view.width - 2.0), (21.0, 29.0));
    clients(picture, story, view);
    picture.segment(point(0.0, 24.0), point(view.width, 24.0), Stroke::new(Tone::Line, 1.0));
    if axis.first == 0 {
        picture.words(point(0.0, 40.0), "offset", Style::new(10.5, Tone::Ink3), Anchor::Start);
    }
    axis.numbers(picture, 40.0, 10.5);
    parting(picture, view, &axis);
    for (row, broker) in cluster.brokers.iter().enumerate() {
        self::broker(picture, story, view, &axis, TOP + row as f32 * ROW, broker);
    }
    divergence(picture, story, view, &axis, |id| Some(cells_at(TOP + row_of(story, id)? as f32 * ROW)));
    let controller = &cluster.controller;
    let state = controller.partitions.get(usize::from(principal(view).0)).and_then(Option::as_ref);
    if let Some(state) = state {
        let leader = state.leader.map_or("no leader".to_owned(), |leader| format!("leader {leader}"));
        let words = format!("Controller: {leader}, ISR {}", state.isr);
        picture.source = Source::Node(NodeId::Controller);
        picture.words(point(0.0, height - 2.0), &words, Style::new(10.5, Tone::Ctl), Anchor::Start);
        picture.source = Source::None;
    }
}

fn cells_at(top: f32) -> Row {
    Row { top, height: 27.0, size: 12.0 }
}

fn clients(picture: &mut Picture, story: &Story, view: &StageView<'_>) {
    let cluster = view.cluster;
    let acknowledged: u32 = cluster.producers.iter().map(|producer| producer.acknowledged).sum();
    let sent = story.records.iter().filter(|record| record.sent <= cluster.now).count();
    let Some(first) = cluster.producers.first() else { return };
    let node = NodeId::Producer(first.client);
    let Some(of) = story.node(node) else { return };
    picture.source = Source::Node(node);
    let (name, detail) =
        if cluster.producers.len() == 1 { ("Producer", of.detail.as_str()) } else { ("Producers", "") };
    picture.words(point(0.0, 14.0), name, Style::new(12.0, Tone::Ink).bold(), Anchor::Start);
    let mut x = text::width(name, 12.0, true) * 1.06 + 6.0;
    if !detail.is_empty() {
        picture.words(point(x, 14.0), detail, Style::new(11.0, Tone::Ink2).mono(), Anchor::Start);
        x += text::width(detail, 11.0, false) * 1.2 + 8.0;
    }
    crate::signs::tick(picture, x + 3.0, 10.0, 1.0);
    let words = format!("{acknowledged} of {sent}");
    picture.words(point(x + 11.0, 14.0), &words, Style::new(11.0, Tone::Ink3), Anchor::Start);
    picture.source = Source::None;
    let Some(consumer) = cluster.consumers.first() else { return };
    let partition = principal(view);
    let position = consumer.positions.iter().find(|(at, _)| *at == partition).and_then(|&(_, offset)| offset);
    if let Some(position) = position {
        picture.source = Source::Node(NodeId::Consumer(consumer.client));
        let words = format!("Consumer at {position}");
        let style = Style::new(12.0, Tone::Ink).bold();
        picture.words(point(view.width, 14.0), &words, style, Anchor::End);
        picture.source = Source::None;
    }
}

fn parting(picture: &mut Picture, view: &StageView<'_>, axis: &OffsetAxis) {
    let replicas = view.cluster.brokers.iter().flat_map(|broker| &broker.replicas);
    let starts = replicas.filter(|replica| replica.partition == principal(view)).filter_map(|replica| {
        let ReplicaRole::Leader(leader) = &replica.role else { return None };
        Some((leader.leader_epoch, leader.epoch_start_offset))
    });
    let Some((_, start)) = starts.max().filter(|&(_, start)| start > Offset(axis.first)) else { return };
    let x = axis.x(start) - 1.0;
    let bottom = TOP + view.cluster.brokers.len() as f32 * ROW - 10.0;
    picture.segment(point(x, 44.0), point(x, bottom), Stroke::new(Tone::Ink3, 1.0).dash(Dash::Dotted));
}

fn broker(
    picture: &mut Picture,
    story: &Story,
    view: &StageView<'_>,
    axis: &OffsetAxis,
    top: f32,
    broker: &BrokerView,
) {
    let node = NodeId::Broker(broker.id);
    let (now, partition) = (view.cluster.now, principal(view));
    picture.source = Source::Node(node);
    let name = format!("Broker {}", broker.id);
    picture.words(point(0.0, top + 11.0), &name, Style::new(12.0, Tone::Ink).bold(), Anchor::Start);
    let controller =
        view.cluster.controller.partitions.get(usize::from(partition.0)).and_then(Option::as_ref);
    let leads = controller.is_some_and(|state| state.leader == Some(broker.id));
    let bad = story.states_at(node, now).any(|state| !matches!(state, State::Starting));
    let state = narration::broker_state_short(story, broker.id, partition, now);
    let shift = if leads { 14.0 } else { 0.0 };
    if leads {
        crate::signs::crown(picture, 6.0, top + 25.0, 0.75);
    }
    let style = Style::new(10.5, if bad { Tone::Lost } else { Tone::Ink2 });
    if let Some(state) = text::shorten(&state, 10.5, false, NAMES - shift) {
        picture.words(point(shift, top + 25.0), &state, style, Anchor::Start);
    }
    let replica = broker.replicas.iter().find(|replica| replica.partition == partition);
    let history = story.replica(broker.id, partition);
    let (Some(replica), Some(history)) = (replica, history) else { return };
    let row = cells_at(top);
    cells::draw(picture, story, view, axis, row, replica, history);
    let silent = cutting(story, view, broker.id);
    cells::marks(picture, axis, row, replica, (0.0, view.width), silent);
}
