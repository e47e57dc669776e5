//! Messages on their way, as beads on the links; a fetch that waits at a leader is a bead that stands there.

use ackscope_sim::ids::{NodeId, Partition};
use ackscope_sim::protocol::Body;
use ackscope_sim::time::Time;

use super::StageView;
use crate::picture::{Anchor, Fill, Picture, Point, Source, Stroke, Style, point};
use crate::story::{Kind, Message, State, Story};
use crate::text;
use crate::timeline::selected_record;
use crate::tokens::Tone;

/// More beads than this are a crowd: the ones without records stay away.
const CROWD: usize = 60;
/// How far back a parked fetch is looked for.
const PARKED: usize = 600;

fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::Produce => Tone::Ink,
        Kind::Ack => Tone::Kept,
        Kind::Fetch | Kind::Data | Kind::Heartbeat => Tone::Ink3,
        Kind::Metadata | Kind::Control => Tone::Ctl,
        Kind::Error => Tone::Lost,
    }
}

/// Draws what is in flight. `route` gives the path between two nodes as corners.
pub(super) fn draw(
    picture: &mut Picture,
    story: &Story,
    view: &StageView<'_>,
    route: impl Fn(NodeId, NodeId) -> Option<Vec<Point>>,
) {
    let now = view.cluster.now;
    let flying = story.messages_in(now, now).iter().filter(|message| in_flight(message, now, story.end));
    let crowd = flying.clone().count() > CROWD;
    for message in flying.filter(|message| !crowd || message.matters) {
        let Some(path) = route(message.envelope.from, message.envelope.to) else { continue };
        let whole = message.until(story.end).since(message.sent).nanos.max(1) as f32;
        let part = now.since(message.sent).nanos as f32 / whole;
        let part = if message.arrived.is_none() && message.lost.is_some() { part * 0.6 } else { part };
        bead(picture, story, view, message, along(&path, part));
    }
    picture.source = Source::None;
}

fn in_flight(message: &Message, now: Time, end: Time) -> bool {
    message.sent <= now && now < message.until(end)
}

fn bead(picture: &mut Picture, story: &Story, view: &StageView<'_>, message: &Message, at: Point) {
    let tone = tone(message.kind);
    let selected = selected_record(view.selection).is_some_and(|record| story.carries(message, record))
        || view.selection == Source::Message(message.id);
    picture.source = Source::Message(message.id);
    let label = match message.kind {
        Kind::Produce | Kind::Data => cargo(story, message, super::principal(view)),
        _ => None,
    };
    let edge = Some(Stroke::new(tone, if selected { 2.2 } else { 1.3 }));
    let surface = Fill::plain(Tone::Surface);
    match label {
        Some(name) => {
            let half = text::width(&name, 10.5, true) * 0.55 + 5.0;
            picture.rounded(at.x - half, at.y - 8.0, 2.0 * half, 16.0, 8.0, Some(surface), edge);
            let style = Style::new(10.5, tone).bold();
            picture.words(point(at.x, at.y + 3.7), &name, style, Anchor::Middle);
        }
        None => {
            // Requests are rings, answers are full.
            let full = !message.envelope.message.body.is_request();
            let fill = if full { Fill::plain(tone) } else { surface };
            let radius = if message.matters { 4.2 } else { 3.4 };
            picture.circle(at, radius, Some(fill), edge);
            if message.kind == Kind::Ack && message.matters {
                crate::signs::tick(picture, at.x + 9.0, at.y - 5.0, 0.8);
            }
        }
    }
}

/// The records that a message brings, in a word.
fn cargo(story: &Story, message: &Message, partition: Partition) -> Option<String> {
    let mut records = story.batches_of(message, partition).flat_map(|batch| batch.records().iter().copied());
    let first = records.next()?;
    let last = records.last().unwrap_or(first);
    Some(crate::timeline::group(story, first, last))
}

/// A point on a path, by part of its length.
fn along(path: &[Point], part: f32) -> Point {
    let lengths = path.windows(2).map(|pair| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y));
    let mut left = lengths.clone().sum::<f32>() * part.clamp(0.0, 1.0);
    for (pair, length) in path.windows(2).zip(lengths) {
        if left <= length && length > 0.0 {
            let part = left / length;
            return point(
                pair[0].x + (pair[1].x - pair[0].x) * part,
                pair[0].y + (pair[1].y - pair[0].y) * part,
            );
        }
        left -= length;
    }
    path.last().copied().unwrap_or_default()
}

/// Whose fetch waits at which leader.
pub(super) fn parked(story: &Story, now: Time) -> Vec<(NodeId, NodeId, &Message)> {
    let end = story.messages.partition_point(|message| message.sent <= now);
    let mut parked: Vec<(NodeId, NodeId, &Message)> = Vec::new();
    let mut decided: Vec<(NodeId, NodeId)> = Vec::new();
    for message in story.messages[end.saturating_sub(PARKED)..end].iter().rev() {
        if !matches!(message.envelope.message.body, Body::FetchRequest(_)) {
            continue;
        }
        let pair = (message.envelope.from, message.envelope.to);
        if decided.contains(&pair) {
            continue;
        }
        decided.push(pair);
        let arrived = message.arrived.is_some_and(|arrived| arrived <= now);
        let answered = message.partner.is_some_and(|partner| story.messages[partner as usize].sent <= now);
        // Nobody waits at a broker whose process has ended since.
        let gone = message.arrived.is_some_and(|arrived| {
            let bands = story.node(pair.1).map_or(&[][..], |node| &node.bands);
            bands.iter().any(|band| {
                matches!(band.state, State::Down | State::Dark) && band.from <= now && arrived < band.to
            })
        });
        if arrived && !answered && !gone {
            parked.push((pair.0, pair.1, message));
        }
    }
    parked
}
