//! Producers and consumers as cards: the same counts in the same places.

use ackscope_sim::ids::{NodeId, Partition, RecordId};
use ackscope_sim::view::{ConsumerView, ProcessState, ProducerView};

use super::StageView;
use crate::picture::{Anchor, Dash, Fill, Picture, Source, Stroke, Style, point};
use crate::story::Story;
use crate::text;
use crate::tokens::{Pattern, Tone};

/// A card's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Card {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Card {
    pub fn middle(&self) -> f32 {
        self.y + self.height / 2.0
    }
}

const NAME: Style = Style::new(13.0, Tone::Ink).bold();
const LABEL: Style = Style::new(11.0, Tone::Ink3);
const VALUE: Style = Style::new(12.0, Tone::Ink);

fn frame(picture: &mut Picture, view: &StageView<'_>, node: NodeId, card: Card, process: ProcessState) {
    picture.source = Source::Node(node);
    let up = matches!(process, ProcessState::Running | ProcessState::Paused);
    let tone = if super::is_selected(view, node) { Tone::Ink } else { Tone::LineStrong };
    let dash = if up { Dash::Solid } else { Dash::Dashed };
    let pattern = match process {
        ProcessState::Running => None,
        ProcessState::Paused => Some((Pattern::Stripes, Tone::Line)),
        ProcessState::Down | ProcessState::Dark => Some((Pattern::Diagonal, Tone::Line)),
    };
    let fill = Fill { tone: Some(Tone::Surface), pattern };
    let stroke = Stroke::new(tone, 1.0).dash(dash);
    picture.rounded(card.x, card.y, card.width, card.height, 5.0, Some(fill), Some(stroke));
}

fn line(picture: &mut Picture, card: Card, y: f32, label: &str, value: &str, style: Style) {
    picture.words(point(card.x + 12.0, card.y + y), label, LABEL, Anchor::Start);
    picture.words(point(card.x + card.width - 12.0, card.y + y), value, style, Anchor::End);
}

/// What a card's title has beside the word at the right.
fn room(card: Card, right: &str, mono: bool) -> f32 {
    card.width - 32.0 - text::width(right, 11.0, false) * if mono { 1.25 } else { 1.1 }
}

/// Whether all of a column's cards have room for their full names. Else the kind goes, from all of them.
pub(super) fn have_room<'s>(
    story: &'s Story,
    cards: &[Card],
    nodes: impl Iterator<Item = NodeId>,
    right: impl Fn(&'s str) -> &'s str,
) -> bool {
    cards.iter().zip(nodes.filter_map(|node| story.node(node))).all(|(&card, of)| {
        let right = right(&of.detail);
        text::width(&of.name, NAME.size, true) * 1.1 <= room(card, right, !right.is_empty())
    })
}

fn title(picture: &mut Picture, card: Card, name: &str, full: bool, right: &str, mono: bool) {
    let style = if mono { Style::new(11.0, Tone::Ink2).mono() } else { LABEL };
    let room = room(card, right, mono);
    let name = if full { name } else { name.split_once(' ').map_or(name, |(_, own)| own) };
    if let Some(name) = text::shorten(name, NAME.size, true, room) {
        picture.words(point(card.x + 12.0, card.y + 20.0), &name, NAME, Anchor::Start);
    }
    picture.words(point(card.x + card.width - 12.0, card.y + 20.0), right, style, Anchor::End);
}

fn process_word(process: ProcessState) -> Option<&'static str> {
    match process {
        ProcessState::Running => None,
        ProcessState::Paused => Some("paused"),
        ProcessState::Down => Some("not running"),
        ProcessState::Dark => Some("no power"),
    }
}

/// A full card is this high, a slim one (several producers) that.
pub(super) const FULL: f32 = 138.0;
pub(super) const READER: f32 = 110.0;
pub(super) const SLIM: f32 = 58.0;
const MOST_TRAYS: usize = 6;

pub(super) fn producer(
    picture: &mut Picture,
    story: &Story,
    view: &StageView<'_>,
    card: Card,
    producer: &ProducerView,
    full: bool,
    partition: Partition,
) {
    let node = NodeId::Producer(producer.client);
    let Some(of) = story.node(node) else { return };
    frame(picture, view, node, card, producer.process);
    let right = process_word(producer.process);
    title(picture, card, &of.name, full, right.unwrap_or(&of.detail), right.is_none());
    let now = view.cluster.now;
    let sent = of.sends.partition_point(|&record| story.record(record).sent <= now);
    let acked = Style::new(12.0, Tone::Kept).bold();
    if card.height == SLIM {
        let words = format!("{} of {sent} acknowledged", producer.acknowledged);
        picture.words(point(card.x + 12.0, card.y + 36.0), &words, LABEL, Anchor::Start);
        slots(picture, card, card.y + 42.0, producer);
        picture.words(point(card.x + 12.0, card.y + 51.0), "in flight", LABEL, Anchor::Start);
        picture.source = Source::None;
        return;
    }
    calls(picture, story, card, producer, &of.sends[..sent]);
    if producer.failed > 0 {
        let words = format!("{} · {} failed", producer.acknowledged, producer.failed);
        line(picture, card, 57.0, "acked", &words, Style::new(12.0, Tone::Lost).bold());
    } else {
        line(picture, card, 57.0, "acknowledged", &producer.acknowledged.to_string(), acked);
        if producer.acknowledged > 0 {
            let width = text::width(&producer.acknowledged.to_string(), 12.0, true);
            crate::signs::tick(picture, card.x + card.width - 22.0 - width, card.y + 53.0, 1.0);
        }
    }
    accumulator(picture, story, card, producer, partition);
    picture.words(point(card.x + 12.0, card.y + 112.0), "in flight", LABEL, Anchor::Start);
    slots(picture, card, card.y + 103.0, producer);
    buffer(picture, card, producer);
    picture.source = Source::None;
}

/// What the application does: its last call of `send()`, or the one that waits, and how many there were.
fn calls(picture: &mut Picture, story: &Story, card: Card, producer: &ProducerView, sent: &[RecordId]) {
    let right = point(card.x + card.width - 12.0, card.y + 40.0);
    picture.words(right, &sent.len().to_string(), VALUE.bold(), Anchor::End);
    let (words, style) = match (producer.blocked.first(), sent.last()) {
        (Some(&record), _) => {
            (format!("send({}) waits", story.record(record).name), Style::new(11.0, Tone::Lost).bold())
        }
        (None, Some(&record)) => (format!("send({})", story.record(record).name), LABEL),
        (None, None) => ("send()".to_owned(), LABEL),
    };
    if let Some(words) = text::shorten(&words, style.size, style.bold, card.width - 62.0) {
        picture.words(point(card.x + 12.0, card.y + 40.0), &words, style, Anchor::Start);
    }
}

/// The accumulator: a tray for every partition, in it the batches that wait, each as long as it is full; an open one is
/// dashed.
fn accumulator(
    picture: &mut Picture,
    story: &Story,
    card: Card,
    producer: &ProducerView,
    partition: Partition,
) {
    let waiting = || producer.queued.iter().filter(|batch| !batch.in_flight);
    let records: usize = waiting().map(|batch| batch.records.len()).sum();
    let label = if records < 1_000 { "waiting in batches" } else { "in batches" };
    line(picture, card, 74.0, label, &records.to_string(), VALUE);
    let (left, width) = (card.x + 12.0, card.width - 24.0);
    let count = story.partitions.len().clamp(1, MOST_TRAYS);
    let pitch = (width + 4.0) / count as f32;
    for place in 0..count {
        let (x, end) = (left + place as f32 * pitch, left + (place + 1) as f32 * pitch - 4.0);
        let of = Partition(place as u16);
        let tone = if count > 1 && of == partition { Tone::Ink2 } else { Tone::LineStrong };
        let rim = [(x, 81.0), (x, 94.0), (end, 94.0), (end, 81.0)].map(|(x, y)| point(x, card.y + y));
        picture.line(rim, Stroke::new(tone, 1.0));
        let mut next = x + 2.0;
        for batch in waiting().filter(|batch| batch.partition == of) {
            let long = 4.0 + (batch.records.len() as f32).min(8.0) * 1.5;
            if next + long > end - 1.0 {
                // More than there is room for.
                picture.circle(point(end - 2.0, card.y + 87.5), 1.0, Some(Fill::plain(Tone::Ink3)), None);
                break;
            }
            let dash = if batch.closed { Dash::Solid } else { Dash::Dashed };
            let fill = batch.closed.then_some(Fill::plain(Tone::Line));
            let stroke = Stroke::new(Tone::Ink3, 1.0).dash(dash);
            picture.rounded(next, card.y + 83.0, long, 9.0, 1.5, fill, Some(stroke));
            next += long + 2.0;
        }
        if count > 1 && next == x + 2.0 {
            let style = Style::new(10.5, Tone::Ink3);
            let middle = (x + end) / 2.0;
            picture.words(point(middle, card.y + 91.5), &place.to_string(), style, Anchor::Middle);
        }
    }
}

/// Places for requests on the wire: five slots are always five places.
fn slots(picture: &mut Picture, card: Card, y: f32, producer: &ProducerView) {
    let places = producer.max_in_flight.min(5);
    let busiest = producer.in_flight.iter().map(|(_, batches)| batches.len()).max().unwrap_or(0);
    let brokers = producer.in_flight.iter().filter(|(_, batches)| !batches.is_empty()).count();
    for place in 0..places {
        let x = card.x + 80.0 + place as f32 * 14.0;
        let full = (place as usize) < busiest;
        let fill = full.then_some(Fill::plain(Tone::Ink));
        let tone = if full { Tone::Ink } else { Tone::LineStrong };
        picture.rounded(x, y, 10.0, 10.0, 2.0, fill, Some(Stroke::new(tone, 1.1)));
    }
    let over = busiest.saturating_sub(places as usize);
    let words = match (over, brokers) {
        (0, 0 | 1) => return,
        (0, _) => format!("×{brokers}"),
        _ => format!("+{over}"),
    };
    picture.words(point(card.x + 80.0 + places as f32 * 14.0 + 2.0, y + 9.0), &words, LABEL, Anchor::Start);
}

/// How much of `buffer.memory` is in use.
fn buffer(picture: &mut Picture, card: Card, producer: &ProducerView) {
    let used = 1.0 - producer.buffer_available as f32 / producer.buffer_total.max(1) as f32;
    let full = used > 0.9;
    let (x, y, width) = (card.x + 80.0, card.y + 121.0, 66.0);
    let style = if full { Style::new(11.0, Tone::Lost).bold() } else { LABEL };
    picture.words(
        point(card.x + 12.0, y + 6.0),
        if full { "buffer full" } else { "buffer" },
        style,
        Anchor::Start,
    );
    picture.rounded(x, y, width, 5.0, 2.0, Some(Fill::plain(Tone::Line)), None);
    if used > 0.005 {
        let tone = if full { Tone::LostFill } else { Tone::Ink3 };
        picture.rounded(x, y, (width * used).max(2.0), 5.0, 2.0, Some(Fill::plain(tone)), None);
    }
}

pub(super) fn consumer(
    picture: &mut Picture,
    story: &Story,
    view: &StageView<'_>,
    card: Card,
    consumer: &ConsumerView,
    full: bool,
    parked_at: Option<String>,
) {
    let node = NodeId::Consumer(consumer.client);
    let Some(of) = story.node(node) else { return };
    frame(picture, view, node, card, consumer.process);
    title(picture, card, &of.name, full, process_word(consumer.process).unwrap_or(""), false);
    let partition = super::principal(view);
    let position = consumer.positions.iter().find(|(at, _)| *at == partition).and_then(|&(_, offset)| offset);
    let position = position.map_or("–".to_owned(), |offset| offset.to_string());
    if card.height == SLIM {
        let words = format!("at {position}, read {}", consumer.delivered);
        picture.words(point(card.x + 12.0, card.y + 38.0), &words, LABEL, Anchor::Start);
        picture.source = Source::None;
        return;
    }
    line(picture, card, 40.0, "position", &position, VALUE.bold());
    line(picture, card, 57.0, "read", &consumer.delivered.to_string(), VALUE);
    let now = view.cluster.now;
    let seen = of.deliveries.partition_point(|delivery| delivery.at <= now);
    if let Some(last) = seen.checked_sub(1).map(|place| of.deliveries[place]) {
        let name = &story.record(last.record).name;
        let room = card.width - 40.0 - text::width("last", 11.0, false);
        if let Some(name) = text::shorten(name, 12.0, false, room) {
            line(picture, card, 74.0, "last", &name, VALUE);
        }
    }
    if let Some(words) = parked_at {
        picture.words(point(card.x + 12.0, card.y + 98.0), &words, LABEL, Anchor::Start);
    }
    picture.source = Source::None;
}
