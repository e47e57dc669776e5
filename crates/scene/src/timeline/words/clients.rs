//! What clients sent and heard: names above their life line, ticks where they were told.

use ackscope_sim::audit::Fate;
use ackscope_sim::ids::{HappeningId, RecordId};
use ackscope_sim::time::Time;

use super::Words;
use crate::picture::{Anchor, Picture, Point, Source, Stroke, Style, point};
use crate::signs::{cross, tick};
use crate::story::{Kind, NodeStory, Story};
use crate::text;
use crate::timeline::{LaneBox, selected_record};
use crate::tokens::Tone;

impl Words<'_, '_> {
    pub(super) fn sends(&mut self, picture: &mut Picture, lane: &LaneBox) {
        let timeline = self.timeline;
        let story = timeline.story;
        let Some(node) = story.node(lane.node) else { return };
        let shown = self.thinned(&node.sends, |record| story.record(record).sent);
        let x = |record: RecordId| timeline.scale.x_from_time(story.record(record).sent);

        // A sign where send() was called, a beam while it lingers.
        let signs = shown.iter().flat_map(|&record| {
            let at = x(record);
            [point(at, lane.base - 5.0), point(at, lane.base)]
        });
        let signs: Vec<Point> = signs.collect();
        picture.opacity = 0.5;
        let mut until = f32::MIN;
        for &record in &shown {
            let Some(drained) = story.record(record).drained else { continue };
            let (from, to) = (x(record), timeline.scale.x_from_time(drained));
            // Beams that overlap are drawn once, or they would add up.
            if to > until {
                let ends = (point(from.max(until), lane.base), point(to, lane.base));
                picture.segment(ends.0, ends.1, Stroke::new(Tone::Ink3, 2.4));
                until = to;
            }
        }
        picture.opacity = 1.0;
        picture.strokes(signs, Stroke::new(Tone::Ink3, 1.0));
        self.answers_heard(picture, lane, node);

        // Runs of records of one family, named one by one where there is room.
        let mut from = 0;
        while from < shown.len() {
            let name = |place: usize| &*story.record(shown[place]).name;
            let mut to = from + 1;
            while to < shown.len()
                && x(shown[to]) - x(shown[to - 1]) < 90.0
                && (family(name(to)) == family(name(from)) || succeeds(name(to - 1), name(to)))
            {
                to += 1;
            }
            self.run_of_names(picture, lane, &shown[from..to]);
            from = to;
        }
        self.retries(picture, lane);
    }

    /// What is sent again, in the order in which it goes out.
    fn retries(&mut self, picture: &mut Picture, lane: &LaneBox) {
        let (timeline, story) = (self.timeline, self.timeline.story);
        let (window, partition) = (timeline.view.window, timeline.view.partition);
        let flows = story.flows.iter().filter(|flow| flow.from == lane.node && flow.kind == Kind::Produce);
        let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
        for flow in flows {
            let mut groups: Vec<(f32, f32, HappeningId, Vec<RecordId>)> = Vec::new();
            for &place in &flow.messages[story.flow_in(flow, window.from, window.to)] {
                let message = &story.messages[place as usize];
                let batches = story.batches_of(message, partition);
                let again = |&record: &RecordId| {
                    story.record(record).drained.is_some_and(|drained| drained < message.sent)
                };
                let records: Vec<RecordId> =
                    batches.flat_map(|batch| batch.records().iter().copied()).filter(again).collect();
                if records.is_empty() || !timeline.is_shown(message.sent) {
                    continue;
                }
                let x = timeline.scale.x_from_time(message.sent);
                match groups.last_mut() {
                    Some((_, last, _, all)) if x - *last < 40.0 => {
                        *last = x;
                        all.extend(records);
                    }
                    _ => groups.push((x, x, message.id, records)),
                }
            }
            for (from, to, id, records) in groups {
                picture.source = Source::Message(id);
                let long = format!("retries {}", listed(story, &records));
                let y = lane.top + 14.0;
                let places = [
                    (point(from - 6.0, y), Anchor::Start),
                    (point(to + 6.0, y), Anchor::End),
                    (point((from + to) / 2.0, y), Anchor::Middle),
                ];
                self.say(picture, &[&long, "retry"], &places, style);
            }
        }
        picture.source = Source::None;
    }

    fn run_of_names(&mut self, picture: &mut Picture, lane: &LaneBox, run: &[RecordId]) {
        let timeline = self.timeline;
        let story = timeline.story;
        let y = lane.top + 14.0;
        let x = |record: RecordId| timeline.scale.x_from_time(story.record(record).sent) + 3.0;
        let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
        let half = |record: RecordId| text::width(&story.record(record).name, style.size, true) * 0.55;
        let selected = selected_record(timeline.view.selection);
        let (first, last) = (run[0], run[run.len() - 1]);
        let roomy = run.windows(2).all(|pair| x(pair[1]) - x(pair[0]) > half(pair[0]) + half(pair[1]) + 3.0);
        let ends_apart = x(last) - x(first) > half(first) + half(last) + 14.0;
        let chosen: Vec<RecordId> = if roomy {
            run.to_vec()
        } else if ends_apart && run.len() < 40 && !run.iter().any(|&record| Some(record) == selected) {
            vec![first, last]
        } else {
            Vec::new()
        };
        let scale = &timeline.scale;
        if chosen.is_empty() {
            let name = group(story, first, last);
            let width = text::width(&name, style.size, true) * 1.1;
            let middle = ((x(first) + x(last)) / 2.0 - 3.0).clamp(
                scale.left + 2.0 + width / 2.0,
                (scale.right - width / 2.0).max(scale.left + 3.0 + width / 2.0),
            );
            picture.source = Source::Record(first);
            self.say(picture, &[&name], &[(point(middle, y), Anchor::Middle)], style);
            return;
        }
        for record in chosen {
            picture.source = Source::Record(record);
            let name = story.record(record).name.clone();
            let said = self.say(picture, &[&name], &[(point(x(record), y), Anchor::Middle)], style);
            if said && Some(record) == selected {
                let half = half(record) + 3.0;
                let stroke = Some(Stroke::new(Tone::Ink, 1.2));
                picture.rounded(x(record) - half, y - 11.0, 2.0 * half, 15.0, 3.0, None, stroke);
            }
        }
    }

    /// Records of the window and the partition, in order of a time that they have; where more than one falls on a pixel,
    /// one, and always the very last and the lost ones.
    fn thinned(&self, records: &[RecordId], at: impl Fn(RecordId) -> Time) -> Vec<RecordId> {
        let (timeline, story) = (self.timeline, self.timeline.story);
        let window = timeline.view.window;
        let start = records.partition_point(|&record| at(record) < window.from);
        let end =
            records.partition_point(|&record| at(record) <= window.to && !timeline.is_hidden(at(record)));
        let records = &records[start.min(end)..end];
        let here = |record: RecordId| timeline.is_here(story.record(record).partition);
        let mut kept = Vec::new();
        let mut apart = Time::ZERO;
        let many = records.len() > 400;
        for (place, &record) in records.iter().enumerate() {
            let last = place + 1 == records.len();
            let gone = !story.record(record).stored && story.record(record).fate == Fate::AckedButLost;
            if many && !last && !gone && at(record) < apart {
                continue;
            }
            if here(record) {
                kept.push(record);
                if many {
                    apart = timeline.scale.time_from_x(timeline.scale.x_from_time(at(record)) + 1.5);
                }
            }
        }
        kept
    }

    /// Ticks and crosses where the application heard of its records.
    fn answers_heard(&mut self, picture: &mut Picture, lane: &LaneBox, node: &NodeStory) {
        let timeline = self.timeline;
        let at = |record| timeline.story.record(record).answer.map_or(Time::ZERO, |answer| answer.at);
        let heard = self.thinned(&node.answers, at).into_iter().filter_map(|record| {
            let answer = timeline.story.record(record).answer?;
            Some((timeline.scale.x_from_time(answer.at), answer.acknowledged, record))
        });
        let mut last = [f32::MIN; 2];
        let mut gone: Vec<(f32, f32, RecordId, RecordId)> = Vec::new();
        for (x, acknowledged, record) in heard {
            let last = &mut last[usize::from(acknowledged)];
            if x - *last < 2.5 && timeline.story.record(record).fate != Fate::AckedButLost {
                continue;
            }
            *last = x;
            picture.source = Source::Record(record);
            let of = timeline.story.record(record);
            if acknowledged && of.fate == Fate::AckedButLost && !of.stored {
                // A success that nothing stood behind.
                cross(picture, x + 1.0, lane.base - 7.5, 2.8);
                match gone.last_mut() {
                    Some((_, to, _, last)) if x - *to < 60.0 => (*to, *last) = (x, record),
                    _ => gone.push((x, x, record, record)),
                }
            } else if acknowledged {
                tick(picture, x + 1.5, lane.base - 7.0, 0.9);
            } else {
                cross(picture, x + 1.0, lane.base - 7.5, 2.8);
            }
        }
        for (from, to, first, last) in gone {
            picture.source = Source::Record(first);
            let words = format!("{} lost", group(timeline.story, first, last));
            let style = Style::new(self.size, Tone::Lost).bold().on(Tone::Surface);
            let places = [
                (point(to + 7.0, lane.base - 3.5), Anchor::Start),
                (point(from - 6.0, lane.base - 3.5), Anchor::End),
                (point((from + to) / 2.0, lane.base + 10.0), Anchor::Middle),
            ];
            self.say(picture, &[&words, "lost"], &places, style);
        }
        picture.source = Source::None;
    }

    pub(super) fn deliveries(&mut self, picture: &mut Picture, lane: &LaneBox) {
        let timeline = self.timeline;
        let (story, window) = (timeline.story, timeline.view.window);
        let Some(node) = story.node(lane.node) else { return };
        let start = node.deliveries.partition_point(|delivery| delivery.at < window.from);
        let end = node.deliveries.partition_point(|delivery| delivery.at <= window.to);
        let shown: Vec<_> = node.deliveries[start..end.max(start)]
            .iter()
            .filter(|delivery| timeline.is_here(Some(delivery.partition)) && !timeline.is_hidden(delivery.at))
            .collect();
        let x = |at| timeline.scale.x_from_time(at);
        let style = Style::new(self.size, Tone::Ink3).on(Tone::Surface);
        let mut from = 0;
        while from < shown.len() {
            let name = |place: usize| &*story.record(shown[place].record).name;
            let mut to = from + 1;
            while to < shown.len()
                && x(shown[to].at) - x(shown[to - 1].at) < 70.0
                && (family(name(to)) == family(name(from))
                    || succeeds(name(to - 1), name(to))
                    // A log in reverse is read as it stands.
                    || succeeds(name(to), name(to - 1)))
            {
                to += 1;
            }
            let (first, last) = (shown[from], shown[to - 1]);
            let name = group(story, first.record, last.record);
            let (long, middle) = (format!("reads {name}"), (x(first.at) + x(last.at)) / 2.0);
            picture.source = Source::Record(first.record);
            let y = lane.base - 4.0;
            let places = [
                (point(x(last.at) + 6.0, y), Anchor::Start),
                (point(middle, y), Anchor::Middle),
                (point(x(first.at) - 6.0, y), Anchor::End),
            ];
            self.say(picture, &[&long, &name], &places, style);
            from = to;
        }
    }
}

/// `A` and then `B`.
fn succeeds(last: &str, next: &str) -> bool {
    match (last.as_bytes(), next.as_bytes()) {
        ([last], [next]) => last.is_ascii_alphabetic() && next.is_ascii_alphabetic() && last + 1 == *next,
        _ => false,
    }
}

/// `E, D, C, B, A`, or `w0–w4`, in their order.
fn listed(story: &Story, records: &[RecordId]) -> String {
    const MOST: usize = 6;
    if let [first, _, ..] = records
        && records.iter().all(|record| record == first)
    {
        return format!("{} {} times", story.record(*first).name, records.len());
    }
    let mut runs: Vec<(RecordId, RecordId)> = Vec::new();
    for &record in records {
        match runs.last_mut() {
            Some((_, last)) if last.0 + 1 == record.0 => *last = record,
            _ => runs.push((record, record)),
        }
    }
    if runs.len() > MOST {
        return format!("{} records", records.len());
    }
    runs.iter().map(|&(first, last)| group(story, first, last)).collect::<Vec<_>>().join(", ")
}

/// A name without its number: `w` of `w3`.
pub(super) fn family(name: &str) -> &str {
    name.trim_end_matches(|character: char| character.is_ascii_digit())
}

/// `w0–w4`, or the one name.
pub(crate) fn group(story: &Story, first: RecordId, last: RecordId) -> String {
    let (first, last) = (&story.record(first).name, &story.record(last).name);
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}
