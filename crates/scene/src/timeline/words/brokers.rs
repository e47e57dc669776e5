//! Signs and words on the brokers' lanes: faults, leaderships, cuts, refusals, pauses, the high watermark.

use ackscope_sim::happening::Truncation;
use ackscope_sim::ids::{NodeId, Partition};
use ackscope_sim::protocol::{Body, FetchAnswer};

use super::{Frame, Words};
use crate::picture::{Anchor, Fill, Picture, Source, Stroke, Style, point};
use crate::signs::{cross, crown};
use crate::story::{BandRole, Kind, Mark, MarkKind, Message, State, Story};
use crate::text;
use crate::timeline::{Form, Room};
use crate::tokens::Tone;

/// Error answers that are quoted at most.
const MOST_ANSWERS: usize = 12;

impl Words<'_, '_> {
    /// Several of a kind on one node close together are one sign.
    pub(super) fn faults(&mut self, picture: &mut Picture, marks: &[Mark]) {
        let x = |mark: &Mark| self.timeline.scale.x_from_time(mark.at);
        let verb = |mark: &Mark| match &mark.kind {
            MarkKind::Fault(words) => words.split(' ').next().map(str::to_owned),
            _ => None,
        };
        let mut grouped: Vec<(&Mark, usize)> = Vec::new();
        let said = |mark: &&Mark| says_what_was_done(&mark.kind) && !self.timeline.is_hidden(mark.at);
        for mark in marks.iter().filter(said) {
            let same = grouped.iter_mut().rev().take(8).find(|(other, _)| {
                other.node == mark.node
                    && verb(mark).is_some()
                    && verb(other) == verb(mark)
                    && x(mark) - x(other) < 60.0
            });
            match same {
                Some((_, count)) => *count += 1,
                None => grouped.push((mark, 1)),
            }
        }
        // Where several things are done at once, the worst lies on top and speaks first.
        let heavy =
            |mark: &Mark| matches!(mark.kind, MarkKind::Killed | MarkKind::PowerLost | MarkKind::DiskFailed);
        for worst in [false, true] {
            for &(mark, _) in grouped.iter().filter(|(mark, _)| heavy(mark) == worst) {
                self.fault_sign(picture, mark, worst);
            }
        }
        for worst in [true, false] {
            for &(mark, count) in grouped.iter().filter(|(mark, _)| heavy(mark) == worst) {
                self.fault_words(picture, mark, count, worst);
            }
        }
        picture.source = Source::None;
    }

    fn fault_sign(&mut self, picture: &mut Picture, mark: &Mark, heavy: bool) {
        let Some(lane) = self.lane(mark.node) else { return };
        let x = self.timeline.scale.x_from_time(mark.at);
        picture.source = Source::Happening(mark.happening);
        if heavy {
            let foot =
                if matches!(mark.node, NodeId::Broker(_)) { lane.base + 7.0 } else { lane.bottom - 2.0 };
            picture.segment(point(x, lane.top + 3.0), point(x, foot), Stroke::new(Tone::LostFill, 1.8));
            let y = lane.top + 11.0;
            picture.circle(point(x, y), 7.5, Some(Fill::plain(Tone::Surface)), None);
            cross(picture, x, y, 4.0);
        } else {
            picture.segment(point(x, lane.top + 4.0), point(x, lane.base), Stroke::new(Tone::Ink2, 1.2));
        }
        let half = if heavy { 7.0 } else { 2.0 };
        self.take(x - half, x + half, lane.top, lane.top + 20.0);
        self.avoid((point(x, lane.top), point(x, lane.base)));
    }

    fn fault_words(&mut self, picture: &mut Picture, mark: &Mark, count: usize, heavy: bool) {
        let timeline = self.timeline;
        let several = format!("cut from {count} nodes");
        let x = timeline.scale.x_from_time(mark.at);
        let forms: &[&str] = match (&mark.kind, mark.node) {
            (MarkKind::Killed, NodeId::Broker(_)) => &["killed, disk kept", "killed"],
            (MarkKind::Killed, NodeId::Producer(_) | NodeId::Consumer(_)) => &["dies"],
            (MarkKind::Killed, _) => &["killed"],
            (MarkKind::PowerLost, _) => &["power lost", "power"],
            (MarkKind::Stopping, _) => &["stops cleanly", "stops"],
            (MarkKind::DiskFailed, _) => &["disk fails", "disk"],
            (MarkKind::Fault(words), _) if count > 1 && words.starts_with("cut") => &[&several, "cut"],
            (MarkKind::Fault(words), _) => &[words.as_str()],
            (MarkKind::Note(words), _) => &[words],
            _ => return,
        };
        let Some(lane) = self.lane(mark.node) else { return };
        picture.source = Source::Happening(mark.happening);
        let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
        self.say(picture, forms, &Words::beside(x, lane.top + 15.0, if heavy { 11.0 } else { 5.0 }), style);
    }

    pub(super) fn truncations(&mut self, picture: &mut Picture) {
        for (lane, replica) in self.timeline.logs_cut() {
            for cut in replica.cuts.iter().filter(|cut| cut.from > cut.to && self.timeline.is_shown(cut.at)) {
                let x = self.timeline.scale.x_from_time(cut.at);
                let y = self.timeline.cut_edges(lane, cut).0 - 4.0;
                let long = match cut.because {
                    Truncation::Unflushed => format!("unflushed tail lost: back to {}", cut.to),
                    Truncation::Wiped => "wiped".to_owned(),
                    Truncation::HighWatermark => format!("cut back to its high watermark {}", cut.to),
                    Truncation::DivergingEpoch { .. } | Truncation::LeaderLogEnd => {
                        format!("cut back to {}", cut.to)
                    }
                };
                let short = format!("cut to {}", cut.to);
                picture.source = Source::Happening(cut.happening);
                let style = Style::new(self.size, Tone::Lost).bold().on(Tone::Surface);
                let places = [(point(x - 9.0, y), Anchor::End), (point(x + 9.0, y), Anchor::Start)];
                self.say(picture, &[&long, &short], &places, style);
            }
        }
        picture.source = Source::None;
    }

    /// A crown where a leadership begins.
    pub(super) fn leaders(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let window = timeline.view.window;
        for lane in &timeline.lanes {
            let NodeId::Broker(broker) = lane.node else { continue };
            let Some(replica) = timeline.replica(broker) else { continue };
            if lane.form == Form::Partitions {
                continue;
            }
            for band in &replica.roles {
                let BandRole::Leading(epoch) = band.role else { continue };
                if band.to <= window.from || band.from > window.to || timeline.is_hidden(band.from) {
                    continue;
                }
                let x = timeline.scale.x_within(band.from);
                let y = lane.top + 16.0;
                let words = format!("epoch {epoch}");
                let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
                let width = text::width(&words, style.size, true) * 1.1;
                // Beside the beginning, else as near after it as there is room.
                let room = timeline.scale.x_within(band.to) - x;
                let tries =
                    (0..45).map(|step| x + 3.0 + step as f32 * 9.0).filter(|left| left - x < room.max(12.0));
                let before = [x - width - 21.0];
                let frames = tries.chain(before).map(|left| Frame {
                    left,
                    right: left + 17.0 + width,
                    top: y - 10.0,
                    bottom: y + 3.0,
                });
                let free = frames.filter(|frame| self.is_free(frame));
                let cost = |frame: &Frame| self.crossings(frame) as f32 + (frame.left - x).abs() * 0.005;
                if let Some(frame) = free.min_by(|a, b| cost(a).total_cmp(&cost(b))) {
                    self.taken.push(frame);
                    crown(picture, frame.left + 7.0, y, 0.85);
                    picture.words(point(frame.left + 17.0, y), &words, style, Anchor::Start);
                }
            }
        }
    }

    /// What refusals and diverging epochs say, at their arrows.
    pub(super) fn answers(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let window = timeline.view.window;
        if !timeline.view.filter.shows(Kind::Error) {
            return;
        }
        let style = Style::new(self.size, Tone::Lost).on(Tone::Surface);
        let mut said: Vec<(String, f32)> = Vec::new();
        let story = timeline.story;
        let errors = || story.flows.iter().filter(|flow| flow.kind == Kind::Error && flow.matters);
        // In order of sending: always the earliest that comes after the last.
        let mut next = 0;
        let after = |next: u32| {
            let of = errors().filter_map(|flow| {
                let shown = &flow.messages[story.flow_in(flow, window.from, window.to)];
                shown.get(shown.partition_point(|&place| place < next)).copied()
            });
            of.min()
        };
        while let Some(place) = after(next) {
            next = place + 1;
            let message = &story.messages[place as usize];
            if timeline.is_hidden(message.sent) || said.len() >= MOST_ANSWERS {
                break;
            }
            let Some(words) = answer(timeline.story, message, timeline.view.partition) else { continue };
            let Some(flight) = timeline.flight(message) else { continue };
            let repeated = said.iter().any(|(text, x)| *text == words && (flight.from.x - x).abs() < 200.0);
            if repeated {
                continue;
            }
            picture.source = Source::Message(message.id);
            let (left, right) = (flight.from.x.min(flight.to.x), flight.from.x.max(flight.to.x));
            // Near the one that says it; between neighbours also beside the arrow.
            let near = if flight.from.y > flight.to.y { flight.from.y - 8.0 } else { flight.from.y + 12.0 };
            let middle = (flight.from.y + flight.to.y) / 2.0 + 4.0;
            let mut places = vec![
                (point(left - 22.0, near), Anchor::End),
                (point(right + 5.0, near), Anchor::Start),
                (point(left - 5.0, near), Anchor::End),
                (point(left - 9.0, near), Anchor::End),
            ];
            if (flight.from.y - flight.to.y).abs() < 60.0 {
                places.extend([
                    (point(right + 5.0, middle), Anchor::Start),
                    (point(left - 5.0, middle), Anchor::End),
                ]);
            }
            // Where there is little room, not over the log: its records' names are worth more there.
            let forms: &[&str] = if timeline.view.room == Room::Phone {
                places.insert(0, (point(right + 5.0, flight.from.y.min(flight.to.y) + 22.0), Anchor::Start));
                if words.contains('_') { &[&words, "refused"] } else { &[&words] }
            } else {
                &[&words]
            };
            if self.say_in_two(picture, &words, &places, style) || self.say(picture, forms, &places, style) {
                said.push((words, flight.from.x));
            }
        }
        picture.source = Source::None;
    }

    pub(super) fn pauses(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        for lane in &timeline.lanes {
            let bands = timeline.story.node(lane.node).map_or(&[][..], |story| &story.bands);
            for band in bands
                .iter()
                .filter(|band| band.to > timeline.view.window.from && !timeline.is_hidden(band.from))
            {
                let words = match band.state {
                    State::Paused => "paused",
                    State::Dark => "no power",
                    State::Down if band.happening.is_none() => "not running",
                    _ => continue,
                };
                let (a, b) = timeline.span(band.from, band.to);
                let style = Style::new(self.size, Tone::Ink3).on(Tone::Surface);
                if text::width(words, style.size, false) * 1.1 < b - a {
                    let y = lane.top + 17.0;
                    let places = [0.5, 0.3, 0.7, 0.15, 0.85]
                        .map(|part| (point(a + (b - a) * part, y), Anchor::Middle));
                    self.say(picture, &[words], &places, style);
                }
            }
        }
    }

    pub(super) fn high_watermarks(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let window = timeline.view.window;
        let style = Style::new(self.small - 0.5, Tone::Ink3).on(Tone::Surface);
        for (lane, replica) in timeline.logs_shown() {
            for lag in replica.lags_in(window.from, window.to) {
                let (a, b) = timeline.span(lag.from, lag.to);
                if b - a < 40.0
                    || timeline.is_hidden(lag.from)
                    || !timeline.is_worth_a_line(replica, lag, b - a)
                {
                    continue;
                }
                let y = timeline.y(lane, lag.high_watermark) - 3.5;
                let words = format!("high watermark {}", lag.high_watermark);
                let short = format!("HW {}", lag.high_watermark);
                self.say(picture, &[&words, &short], &[(point(a - 3.0, y), Anchor::End)], style);
            }
        }
    }
}

/// Faults, their repairs and notes: what has a line through its lane.
fn says_what_was_done(kind: &MarkKind) -> bool {
    use MarkKind::{DiskFailed, Fault, Killed, Note, PowerLost, Stopping};
    matches!(kind, Killed | PowerLost | Stopping | DiskFailed | Fault(_) | Note(_))
}

/// What an answer says where it is bad news.
fn answer(story: &Story, message: &Message, partition: Partition) -> Option<String> {
    if !story.touches(message, partition) {
        return None;
    }
    match &message.envelope.message.body {
        Body::ProduceResponse { partitions } => {
            let error =
                partitions.iter().filter(|of| of.partition == partition).find_map(|of| of.result.err())?;
            Some(error.name().to_owned())
        }
        Body::FetchResponse { partitions } => {
            partitions.iter().filter(|of| of.partition == partition).find_map(|of| match &of.answer {
                FetchAnswer::Diverging { end_offset: Some(end), .. } => Some(format!("“ends at {end}”")),
                FetchAnswer::Diverging { .. } => Some("“diverged”".to_owned()),
                FetchAnswer::Error { error, .. } => Some(error.name().to_owned()),
                FetchAnswer::Records { .. } => None,
            })
        }
        Body::OffsetsForLeaderEpochResponse { partitions } => {
            let found = partitions.iter().find(|of| of.partition == partition)?;
            Some(match &found.result {
                Ok(Some((_, end))) => format!("“ends at {end}”"),
                Ok(None) => "“unknown epoch”".to_owned(),
                Err(error) => error.name().to_owned(),
            })
        }
        _ => None,
    }
}
