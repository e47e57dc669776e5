//! Signs and the words beside them. The most important speak first; a word that would touch another tries the other side,
//! then a shorter form, then stays away.

use ackscope_sim::audit::Fate;
use ackscope_sim::happening::Truncation;
use ackscope_sim::ids::{HappeningId, NodeId, Offset, RecordId};
use ackscope_sim::message::{Body, FetchAnswer};
use ackscope_sim::time::Time;

use super::messages::Flight;
use super::{Form, Future, LaneBox, Room, Timeline, selected_record};
use crate::picture::{Anchor, Fill, Picture, Point, Source, Stroke, Style, point};
use crate::story::{Block, Kind, Mark, MarkKind, Replica, State, Story};
use crate::text;
use crate::tokens::{Tone, epoch_tones};

/// Lines that run across more than this are no obstacle to any one word.
const WIDEST_LINE: f32 = 160.0;

pub(super) struct Words<'t, 'a> {
    timeline: &'t Timeline<'a>,
    taken: Vec<Frame>,
    /// Lines that words should not lie on, by their left end.
    lines: Vec<(Point, Point)>,
    size: f32,
    small: f32,
}

#[derive(Clone, Copy)]
struct Frame {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

impl Frame {
    fn meets(&self, other: &Frame) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

impl<'t, 'a> Words<'t, 'a> {
    pub(super) fn new(timeline: &'t Timeline<'a>, flights: &[Flight]) -> Words<'t, 'a> {
        let small = if timeline.view.room == Room::Phone { 10.5 } else { 11.0 };
        let upright = flights.iter().map(|flight| {
            let (a, b) = (flight.from, flight.to);
            if a.x <= b.x { (a, b) } else { (b, a) }
        });
        let mut lines: Vec<(Point, Point)> = upright.filter(|(a, b)| b.x - a.x < WIDEST_LINE).collect();
        let now = timeline.view.now.filter(|_| timeline.view.future != Future::Shown);
        if let Some(x) = now.map(|now| timeline.scale.x_from_time(now)) {
            lines.push((point(x, timeline.top), point(x, timeline.bottom)));
        }
        lines.sort_by(|a, b| a.0.x.total_cmp(&b.0.x));
        Words { timeline, taken: Vec::new(), lines, size: 11.0_f32.min(small + 0.5), small }
    }

    /// How many lines run through a frame.
    fn crossings(&self, frame: &Frame) -> usize {
        let start = self.lines.partition_point(|(a, _)| a.x < frame.left - WIDEST_LINE);
        let end = self.lines.partition_point(|(a, _)| a.x <= frame.right);
        let middle = (frame.top + frame.bottom) / 2.0;
        let near = self.lines[start..end.max(start)].iter();
        near.filter(|(a, b)| {
            let (top, bottom) = (a.y.min(b.y), a.y.max(b.y));
            if top > frame.bottom || bottom < frame.top {
                return false;
            }
            let part = if a.y == b.y { 0.5 } else { ((middle - a.y) / (b.y - a.y)).clamp(0.0, 1.0) };
            let x = a.x + (b.x - a.x) * part;
            frame.left - 1.0 < x && x < frame.right + 1.0
        })
        .count()
    }

    fn frame(at: Point, words: &str, style: Style, anchor: Anchor) -> Frame {
        let width = text::width(words, style.size, style.bold) * 1.08;
        let left = match anchor {
            Anchor::Start => at.x,
            Anchor::Middle => at.x - width / 2.0,
            Anchor::End => at.x - width,
        };
        Frame { left, right: left + width, top: at.y - style.size * 0.85, bottom: at.y + 2.5 }
    }

    fn is_free(&self, frame: &Frame) -> bool {
        let scale = &self.timeline.scale;
        frame.left >= scale.left + 1.0
            && frame.right <= scale.right + 4.0
            && !self.taken.iter().any(|taken| taken.meets(frame))
    }

    fn take(&mut self, left: f32, right: f32, top: f32, bottom: f32) {
        self.taken.push(Frame { left, right, top, bottom });
    }

    /// Says the form that lies best: the longest, in the first place, unless lines run through it.
    fn say(
        &mut self,
        picture: &mut Picture,
        forms: &[&str],
        places: &[(Point, Anchor)],
        style: Style,
    ) -> bool {
        let mut best: Option<(f32, Frame, usize, usize)> = None;
        'search: for (form, words) in forms.iter().enumerate() {
            for (place, &(at, anchor)) in places.iter().enumerate() {
                let frame = Words::frame(at, words, style, anchor);
                if !self.is_free(&frame) {
                    continue;
                }
                let cost = self.crossings(&frame) as f32 + 1.5 * form as f32 + 0.3 * place as f32;
                if best.is_none_or(|(least, ..)| cost < least) {
                    best = Some((cost, frame, form, place));
                }
                if cost == 0.0 {
                    break 'search;
                }
            }
        }
        let Some((_, frame, form, place)) = best else { return false };
        self.taken.push(frame);
        let (at, anchor) = places[place];
        picture.words(at, forms[form], style, anchor);
        true
    }

    pub(super) fn marks(&mut self, picture: &mut Picture) {
        let window = self.timeline.view.window;
        let marks = self.timeline.story.marks_in(window.from, window.to);
        self.reserve();
        self.faults(picture, marks);
        self.truncations(picture);
        self.controller(picture, marks);
        self.leaders(picture);
        self.answers(picture);
        self.pauses(picture);
        self.high_watermarks(picture);
        self.block_names(picture);
    }

    /// Signs keep their place before any word is set.
    fn reserve(&mut self) {
        for at in
            self.timeline.view.steps.iter().filter_map(|&step| Some(self.spot(step)?.0)).collect::<Vec<_>>()
        {
            self.take(at.x - 8.0, at.x + 8.0, at.y - 8.0, at.y + 8.0);
        }
        for lane in &self.timeline.lanes {
            if let NodeId::Controller = lane.node {
                self.take(
                    self.timeline.scale.left,
                    self.timeline.scale.right,
                    lane.base - 0.5,
                    lane.base + 0.5,
                );
            }
        }
    }

    fn lane(&self, node: NodeId) -> Option<LaneBox> {
        self.timeline.lane(node).copied()
    }

    fn beside(x: f32, y: f32, gap: f32) -> [(Point, Anchor); 2] {
        [(point(x + gap, y), Anchor::Start), (point(x - gap, y), Anchor::End)]
    }

    /// Above the controller's line on either side, then below it.
    fn around(x: f32, y: f32) -> [(Point, Anchor); 4] {
        let [right, left] = Words::beside(x, y - 6.0, 8.0);
        [right, left, (point(x, y + 13.0), Anchor::Middle), (point(x, y + 13.0), Anchor::End)]
    }

    /// Several of a kind on one node close together are one sign.
    fn faults(&mut self, picture: &mut Picture, marks: &[Mark]) {
        let x = |mark: &Mark| self.timeline.scale.x_from_time(mark.at);
        let verb = |mark: &Mark| match &mark.kind {
            MarkKind::Fault(words) => words.split(' ').next().map(str::to_owned),
            _ => None,
        };
        let mut grouped: Vec<(&Mark, usize)> = Vec::new();
        for mark in marks.iter().filter(|mark| !self.timeline.is_hidden(mark.at)) {
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
        for (mark, count) in grouped {
            self.fault(picture, mark, count);
        }
    }

    fn fault(&mut self, picture: &mut Picture, mark: &Mark, count: usize) {
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
        let y = lane.top + 11.0;
        let heavy = matches!(mark.kind, MarkKind::Killed | MarkKind::PowerLost | MarkKind::DiskFailed);
        if heavy {
            let foot =
                if matches!(mark.node, NodeId::Broker(_)) { lane.base + 7.0 } else { lane.bottom - 2.0 };
            picture.segment(point(x, lane.top + 3.0), point(x, foot), Stroke::new(Tone::LostFill, 1.8));
            picture.circle(point(x, y), 7.5, Some(Fill::plain(Tone::Surface)), None);
            cross(picture, x, y, 4.0);
        } else {
            picture.segment(point(x, lane.top + 4.0), point(x, lane.base), Stroke::new(Tone::Ink2, 1.2));
        }
        let half = if heavy { 7.0 } else { 2.0 };
        self.take(x - half, x + half, lane.top, lane.top + 20.0);
        let place = self.lines.partition_point(|(a, _)| a.x < x);
        self.lines.insert(place, (point(x, lane.top), point(x, lane.base)));
        let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
        self.say(picture, forms, &Words::beside(x, lane.top + 15.0, if heavy { 11.0 } else { 5.0 }), style);
        picture.source = Source::None;
    }

    fn truncations(&mut self, picture: &mut Picture) {
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

    fn controller(&mut self, picture: &mut Picture, marks: &[Mark]) {
        let Some(lane) = self.lane(NodeId::Controller) else { return };
        let (y, timeline) = (lane.base, self.timeline);
        for mark in marks.iter().filter(|mark| concerns(timeline, mark)) {
            let x = timeline.scale.x_from_time(mark.at);
            let radius = match mark.kind {
                MarkKind::Elected { .. } | MarkKind::Leaderless => 5.0,
                MarkKind::IsrChanged { .. } => 4.6,
                MarkKind::Fenced(_) | MarkKind::Unfenced(_) | MarkKind::Registered(_) => 3.4,
                _ => continue,
            };
            picture.source = Source::Happening(mark.happening);
            diamond(picture, x, y, radius);
            self.take(x - radius, x + radius, y - radius, y + radius);
        }
        let ctl = Style::new(self.size, Tone::Ctl).on(Tone::Surface);
        for mark in marks.iter().filter(|mark| concerns(timeline, mark)) {
            let x = timeline.scale.x_from_time(mark.at);
            picture.source = Source::Happening(mark.happening);
            match &mark.kind {
                MarkKind::Elected { leader, log_end_offset, unclean, .. } => {
                    let how = if *unclean { " uncleanly" } else { "" };
                    let end = format!("elects broker {leader}{how}, whose log ends at {log_end_offset}");
                    let plain = format!("elects broker {leader}{how}");
                    let short = format!("elects {leader}");
                    let right = [(point(x + 9.0, y - 6.0), Anchor::Start)];
                    let left = [(point(x - 9.0, y - 6.0), Anchor::End), (point(x, y + 13.0), Anchor::Middle)];
                    let forms: [&str; 3] = [&end, &plain, &short];
                    if !self.say(picture, &forms, &right, ctl.bold()) {
                        self.say(picture, &forms, &left, ctl.bold());
                    }
                }
                MarkKind::Leaderless => {
                    self.say(picture, &["no leader"], &Words::around(x, y), ctl.bold());
                }
                MarkKind::IsrChanged { isr, .. } => {
                    let words = format!("ISR {isr}");
                    let over = [
                        (point(x, y - 8.0), Anchor::Middle),
                        (point(x + 4.0, y - 8.0), Anchor::End),
                        (point(x, y + 13.0), Anchor::Middle),
                        (point(x + 4.0, y + 13.0), Anchor::End),
                    ];
                    self.say(picture, &[&words, "ISR"], &over, ctl);
                }
                MarkKind::ControllerLost => {
                    self.say(picture, &["controller lost"], &Words::around(x, y), ctl.bold());
                }
                MarkKind::ControllerActive => {
                    self.say(picture, &["active again"], &Words::around(x, y), ctl.bold());
                }
                _ => {}
            }
        }
        self.silences(picture, &lane);
        picture.source = Source::None;
    }

    fn silences(&mut self, picture: &mut Picture, lane: &LaneBox) {
        let (timeline, y) = (self.timeline, lane.base);
        for silence in &timeline.story.silences {
            if timeline.is_hidden(silence.to)
                || silence.to < timeline.view.window.from
                || silence.from > timeline.view.window.to
            {
                continue;
            }
            let (a, b) = timeline.span(silence.from, silence.to);
            if b - a < 6.0 {
                continue;
            }
            picture.source = Source::Happening(silence.fenced);
            picture.segment(point(a, y), point(b, y), Stroke::new(Tone::Ctl, 1.4));
            picture.segment(point(a, y - 4.0), point(a, y + 4.0), Stroke::new(Tone::Ctl, 1.4));
            let span = text::duration(silence.to.since(silence.from));
            let long = format!("{span} without a heartbeat from broker {}", silence.broker);
            let middle = format!("{span} without broker {}", silence.broker);
            let short = format!("{span} silence");
            let style = Style::new(self.size, Tone::Ink3).on(Tone::Surface);
            let fits: Vec<&str> = [&long, &middle, &short]
                .into_iter()
                .map(String::as_str)
                .filter(|words| text::width(words, style.size, false) < b - a - 4.0)
                .collect();
            self.say(picture, &fits, &[(point((a + b) / 2.0, y - 5.0), Anchor::Middle)], style);
        }
    }

    /// A crown where a leadership begins.
    fn leaders(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let window = timeline.view.window;
        for lane in &timeline.lanes {
            let NodeId::Broker(broker) = lane.node else { continue };
            let Some(replica) = timeline.replica(broker) else { continue };
            if lane.form == Form::Partitions {
                continue;
            }
            for band in &replica.roles {
                let crate::story::BandRole::Leading(epoch) = band.role else { continue };
                if band.to <= window.from || band.from > window.to || timeline.is_hidden(band.from) {
                    continue;
                }
                let x = timeline.scale.x_within(band.from);
                let y = lane.top + 16.0;
                let words = format!("epoch {epoch}");
                let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
                let width = text::width(&words, style.size, true) * 1.06;
                // Beside the beginning, else as near after it as there is room.
                let room = timeline.scale.x_within(band.to) - x;
                let tries =
                    (0..12).map(|step| x + 3.0 + step as f32 * 9.0).filter(|left| left - x < room.max(12.0));
                let before = [x - width - 21.0];
                let frames = tries.chain(before).map(|left| Frame {
                    left,
                    right: left + 17.0 + width,
                    top: y - 10.0,
                    bottom: y + 3.0,
                });
                let free = frames.filter(|frame| self.is_free(frame));
                let cost = |frame: &Frame| self.crossings(frame) as f32 + (frame.left - x).abs() * 0.012;
                if let Some(frame) = free.min_by(|a, b| cost(a).total_cmp(&cost(b))) {
                    self.taken.push(frame);
                    crown(picture, frame.left + 7.0, y, 0.85);
                    picture.words(point(frame.left + 17.0, y), &words, style, Anchor::Start);
                }
            }
        }
    }

    /// What refusals and diverging epochs say, at their arrows.
    fn answers(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let window = timeline.view.window;
        if !timeline.view.filter.shows(Kind::Error) {
            return;
        }
        let style = Style::new(self.size, Tone::Lost).on(Tone::Surface);
        let mut said: Vec<(String, f32)> = Vec::new();
        for message in timeline.story.messages_in(window.from, window.to) {
            if message.kind != Kind::Error || !message.matters || timeline.is_hidden(message.sent) {
                continue;
            }
            let Some(words) = answer(timeline.story, message, timeline.view.partition) else { continue };
            let Some((flight, _)) = timeline.flight(message) else { continue };
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
            ];
            if (flight.from.y - flight.to.y).abs() < 60.0 {
                places.extend([
                    (point(right + 5.0, middle), Anchor::Start),
                    (point(left - 5.0, middle), Anchor::End),
                ]);
            }
            if self.say(picture, &[&words], &places, style) {
                said.push((words, flight.from.x));
            }
        }
        picture.source = Source::None;
    }

    fn pauses(&mut self, picture: &mut Picture) {
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

    fn high_watermarks(&mut self, picture: &mut Picture) {
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

    /// Which records a block holds; of the condemned, that they are nowhere else.
    fn block_names(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let selected = selected_record(timeline.view.selection).is_some();
        for (lane, replica) in timeline.logs_shown() {
            for block in timeline.blocks(replica) {
                picture.source = Source::Log { broker: replica.broker, partition: replica.partition };
                let end = timeline.story.end;
                let grown = replica.bars[block.bars.end - 1].from;
                let sound_until = block.doom.map_or(block.to, |doom| doom.from).min(end);
                if block.doom.is_none() || !selected {
                    self.runs(picture, lane, replica, block, (grown, sound_until));
                }
                let Some(doom) = block.doom.filter(|doom| !selected && !timeline.is_hidden(doom.from)) else {
                    continue;
                };
                let (words, style) = if doom.lost {
                    ("only here", Style::new(self.size, Tone::Lost).bold().on(Tone::LostTint))
                } else {
                    ("superseded", Style::new(self.size, Tone::Ink2).on(Tone::Sunken))
                };
                let (high, low) = (timeline.y(lane, block.next), timeline.y(lane, block.base));
                if low - high >= 11.0 {
                    let y = (high + low) / 2.0 + 3.8;
                    self.inside(picture, &[words], (doom.from.max(grown), block.to.min(end)), y, style);
                }
            }
        }
        picture.source = Source::None;
    }

    /// Runs of records of one family within a block: one name each where they are high enough, else all in one line.
    fn runs(
        &mut self,
        picture: &mut Picture,
        lane: &LaneBox,
        replica: &Replica,
        block: &Block,
        stretch: (Time, Time),
    ) {
        let timeline = self.timeline;
        let story = timeline.story;
        let tones = epoch_tones(block.epoch);
        let committed = replica.high_watermark_at(block.to.min(story.end)) >= block.next;
        let (tone, halo) = if committed { (Tone::Ink, tones.fill) } else { (tones.edge, tones.tint) };
        let style = Style::new(self.size, tone).bold().on(halo);
        let bars = &replica.bars[block.bars.clone()];
        let (high, low) = (timeline.y(lane, block.next), timeline.y(lane, block.base));
        let entries = bars.iter().flat_map(|bar| {
            let offsets = bar.base.0..bar.next.0;
            offsets.filter_map(|offset| Some((offset, bar.record_at(Offset(offset))?, bar.from)))
        });
        let late = |record: RecordId| story.record(record).reordered;
        let mut runs: Vec<Run> = Vec::new();
        let few = block.next.0 - block.base.0 <= 200;
        for (offset, record, from) in entries {
            match runs.last_mut() {
                Some(run) if !few || follows(story, run.last, record) && late(run.last) == late(record) => {
                    (run.next, run.last, run.grown) = (offset + 1, record, from);
                }
                _ => runs.push(Run {
                    base: offset,
                    next: offset + 1,
                    first: record,
                    last: record,
                    grown: from,
                }),
            }
        }
        let name = |run: &Run| group(story, run.first, run.last);
        let y = |offset: u64| timeline.y(lane, Offset(offset));
        if runs.iter().all(|run| y(run.base) - y(run.next) >= 10.0) {
            for run in &runs {
                let amiss = block.again || late(run.first);
                let style = if amiss { Style { tone: Tone::Lost, ..style } } else { style };
                let middle = (y(run.base) + y(run.next)) / 2.0 + 3.8;
                let plain = name(run);
                let again = format!("{plain} again");
                let forms: &[&str] = if block.again { &[&again, "again"] } else { &[&plain] };
                self.inside(picture, forms, (run.grown, stretch.1), middle, style);
            }
        } else if low - high >= 10.0 {
            const MOST: usize = 6;
            let mut all: Vec<String> = runs.iter().take(MOST).map(name).collect();
            if runs.len() > MOST {
                all.push("…".to_owned());
            }
            let amiss = block.again || runs.iter().any(|run| late(run.first));
            let style = if amiss { Style { tone: Tone::Lost, ..style } } else { style };
            let joined = all.join(", ");
            let again = format!("{joined} again");
            let ends = match (runs.first(), runs.last()) {
                (Some(first), Some(last)) => group(story, first.first, last.last),
                _ => return,
            };
            let forms: &[&str] = match (block.again, amiss) {
                (true, _) => &[&again, &joined, "again"],
                (false, true) => &[&joined, "out of order"],
                (false, false) => &[&joined, &ends],
            };
            self.inside(picture, forms, stretch, (high + low) / 2.0 + 3.8, style);
        }
    }

    /// In the middle of what is seen of a stretch, or near it.
    fn inside(&mut self, picture: &mut Picture, forms: &[&str], stretch: (Time, Time), y: f32, style: Style) {
        let timeline = self.timeline;
        if timeline.is_hidden(stretch.0) {
            return;
        }
        let (a, mut b) = (timeline.scale.x_within(stretch.0), timeline.scale.x_within(stretch.1));
        // What lies before the playhead is read first.
        let veiled = timeline.view.now.filter(|_| timeline.view.future != Future::Shown);
        if let Some(x) = veiled.map(|now| timeline.scale.x_within(now)).filter(|&x| x > a + 40.0) {
            b = b.min(x);
        }
        let width = |words: &str| text::width(words, style.size, style.bold) * 1.08;
        let Some(fitting) = forms.iter().position(|words| width(words) + 6.0 <= b - a) else { return };
        let words = forms[fitting];
        let room = (b - a - width(words) - 6.0) / 2.0;
        let places = [0.0, -0.25, 0.25, -0.5, 0.5, -0.75, 0.75, -0.95, 0.95]
            .map(|part: f32| (point((a + b) / 2.0 + part * room, y), Anchor::Middle));
        self.say(picture, &[words], &places, style);
    }

    /// The name of the selected record on its bar, like a height on a contour line.
    pub(super) fn chip(&mut self, picture: &mut Picture, name: &str, (left, right): (f32, f32), y: f32) {
        let (left, right) = (left.max(self.timeline.scale.left), right.min(self.timeline.scale.right));
        let half = text::width(name, self.size, true) * 0.55 + 4.0;
        if right - left < 2.0 * half + 6.0 {
            return;
        }
        let middle = left + (right - left) * 0.38;
        let fill = Some(Fill::plain(Tone::Surface));
        picture.rounded(
            middle - half,
            y - 7.5,
            2.0 * half,
            15.0,
            3.0,
            fill,
            Some(Stroke::new(Tone::Ink, 1.2)),
        );
        let style = Style::new(self.size, Tone::Ink).bold();
        picture.words(point(middle, y + 3.8), name, style, Anchor::Middle);
        self.take(middle - half, middle + half, y - 7.5, y + 7.5);
    }

    /// What clients sent and heard: names above their life line, ticks where they were told.
    pub(super) fn names(&mut self, picture: &mut Picture) {
        let lanes = self.timeline.lanes.clone();
        for lane in &lanes {
            match lane.node {
                NodeId::Producer(_) => self.sends(picture, lane),
                NodeId::Consumer(_) => self.deliveries(picture, lane),
                _ => {}
            }
        }
        picture.source = Source::None;
    }

    fn sends(&mut self, picture: &mut Picture, lane: &LaneBox) {
        let timeline = self.timeline;
        let (story, window) = (timeline.story, timeline.view.window);
        let Some(node) = story.node(lane.node) else { return };
        let start = node.sends.partition_point(|&record| story.record(record).sent < window.from);
        let end = node.sends.partition_point(|&record| story.record(record).sent <= window.to);
        let shown: Vec<RecordId> = node.sends[start..end.max(start)]
            .iter()
            .copied()
            .filter(|&record| {
                let of = story.record(record);
                timeline.is_here(of.partition) && !timeline.is_hidden(of.sent)
            })
            .collect();
        let x = |record: RecordId| timeline.scale.x_from_time(story.record(record).sent);

        // A sign where send() was called, a beam while it lingers.
        let mut last = f32::MIN;
        let mut signs = Vec::new();
        for &record in &shown {
            let at = x(record);
            if at - last >= 1.5 {
                signs.extend([point(at, lane.base - 5.0), point(at, lane.base)]);
                last = at;
            }
        }
        picture.opacity = 0.5;
        for &record in shown.iter().take(400) {
            if let Some(drained) = story.record(record).drained {
                picture.segment(
                    point(x(record), lane.base),
                    point(timeline.scale.x_from_time(drained), lane.base),
                    Stroke::new(Tone::Ink3, 2.4),
                );
            }
        }
        picture.opacity = 1.0;
        picture.strokes(signs, Stroke::new(Tone::Ink3, 1.0));
        self.answers_heard(picture, lane, node.sends[..end].iter().copied());

        // Runs of records of one family, named one by one where there is room.
        let mut from = 0;
        while from < shown.len() {
            let family = family(&story.record(shown[from]).name);
            let mut to = from + 1;
            while to < shown.len()
                && x(shown[to]) - x(shown[to - 1]) < 90.0
                && self::family(&story.record(shown[to]).name) == family
            {
                to += 1;
            }
            self.run_of_names(picture, lane, &shown[from..to]);
            from = to;
        }
    }

    fn run_of_names(&mut self, picture: &mut Picture, lane: &LaneBox, run: &[RecordId]) {
        let timeline = self.timeline;
        let story = timeline.story;
        let y = lane.top + 14.0;
        let x = |record: RecordId| timeline.scale.x_from_time(story.record(record).sent) + 3.0;
        let style = Style::new(self.size, Tone::Ink).bold().on(Tone::Surface);
        let half = |record: RecordId| text::width(&story.record(record).name, style.size, true) * 0.53;
        let selected = selected_record(timeline.view.selection);
        let (first, last) = (run[0], run[run.len() - 1]);
        let roomy = run.windows(2).all(|pair| x(pair[1]) - x(pair[0]) > half(pair[0]) + half(pair[1]) + 4.0);
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
            let width = text::width(&name, style.size, true) * 1.06;
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

    /// Ticks and crosses where the application heard of its records.
    fn answers_heard(
        &mut self,
        picture: &mut Picture,
        lane: &LaneBox,
        records: impl Iterator<Item = RecordId>,
    ) {
        let timeline = self.timeline;
        let mut heard: Vec<(f32, bool, RecordId)> = records
            .filter_map(|record| {
                let of = timeline.story.record(record);
                let here = timeline.is_here(of.partition);
                let answer = of.answer.filter(|answer| here && timeline.is_shown(answer.at))?;
                Some((timeline.scale.x_from_time(answer.at), answer.acknowledged, record))
            })
            .collect();
        heard.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut last = [f32::MIN; 2];
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
                let words = format!("{} lost", of.name);
                let style = Style::new(self.size, Tone::Lost).bold().on(Tone::Surface);
                let places = [
                    (point(x + 7.0, lane.base - 3.5), Anchor::Start),
                    (point(x, lane.top + 14.0), Anchor::Middle),
                    (point(x - 6.0, lane.base - 3.5), Anchor::End),
                ];
                self.say(picture, &[&words, "lost"], &places, style);
            } else if acknowledged {
                tick(picture, x + 1.5, lane.base - 7.0, 0.9);
            } else {
                cross(picture, x + 1.0, lane.base - 7.5, 2.8);
            }
        }
        picture.source = Source::None;
    }

    fn deliveries(&mut self, picture: &mut Picture, lane: &LaneBox) {
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
            let family = family(&story.record(shown[from].record).name);
            let mut to = from + 1;
            while to < shown.len()
                && x(shown[to].at) - x(shown[to - 1].at) < 70.0
                && self::family(&story.record(shown[to].record).name) == family
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

    /// Numbers at the steps of the selected record's story.
    pub(super) fn steps(&mut self, picture: &mut Picture) {
        for (number, &step) in (1..).zip(self.timeline.view.steps) {
            let Some((at, source)) = self.spot(step) else { continue };
            picture.source = source;
            let fill = Some(Fill::plain(Tone::Surface));
            picture.circle(at, 7.5, fill, Some(Stroke::new(Tone::Ink, 1.1)));
            let label = number.to_string();
            let style = Style::new(10.0, Tone::Ink).bold();
            picture.words(point(at.x, at.y + 3.6), &label, style, Anchor::Middle);
        }
        picture.source = Source::None;
    }

    /// Where a happening is drawn.
    fn spot(&self, id: HappeningId) -> Option<(Point, Source)> {
        let timeline = self.timeline;
        let story = timeline.story;
        let x = |at| timeline.scale.x_from_time(at);
        let happening = Source::Happening(id);
        if let Some(mark) = story.marks.iter().find(|mark| mark.happening == id) {
            let lane = timeline.lane(mark.node)?;
            timeline.is_shown(mark.at).then_some(())?;
            let at = match mark.kind {
                MarkKind::Truncated { from, .. } if lane.form == Form::Full => {
                    point(x(mark.at) + 13.0, timeline.y(lane, from) - 8.0)
                }
                _ if mark.node == NodeId::Controller => point(x(mark.at) - 13.0, lane.base),
                _ => point(x(mark.at) - 15.0, lane.top + 11.0),
            };
            return Some((at, happening));
        }
        for (lane, replica) in timeline.logs_shown() {
            if let Some(bar) = replica.bars.iter().find(|bar| bar.appended == id) {
                timeline.is_shown(bar.from).then_some(())?;
                let y = (timeline.y(lane, bar.base) + timeline.y(lane, bar.next)) / 2.0;
                return Some((point(x(bar.from) - 10.0, y), happening));
            }
        }
        let answered =
            story.records.iter().find(|record| record.answer.is_some_and(|answer| answer.happening == id));
        let record = answered.or_else(|| story.records.iter().find(|record| record.send == Some(id)))?;
        let at =
            record.answer.filter(|answer| answer.happening == id).map_or(record.sent, |answer| answer.at);
        let lane = timeline.lane(NodeId::Producer(record.producer))?;
        timeline.is_shown(at).then(|| (point(x(at) + 12.0, lane.base - 9.0), happening))
    }
}

/// The controller's marks; a partition's only where that partition is shown.
fn concerns(timeline: &Timeline<'_>, mark: &Mark) -> bool {
    let here = timeline.is_here(mark.partition);
    mark.node == NodeId::Controller && here && !timeline.is_hidden(mark.at)
}

/// What an answer says where it is bad news.
fn answer(
    story: &Story,
    message: &crate::story::Message,
    partition: ackscope_sim::ids::Partition,
) -> Option<String> {
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

/// Neighbours in a log that share a name.
struct Run {
    base: u64,
    next: u64,
    first: RecordId,
    last: RecordId,
    /// Since when all of it has been there.
    grown: Time,
}

/// Whether a record continues a run: of the same family, and sent right after.
fn follows(story: &Story, last: RecordId, next: RecordId) -> bool {
    let between = story.records[last.0 as usize..next.0.max(last.0) as usize].iter().skip(1);
    let same = family(&story.record(last).name) == family(&story.record(next).name);
    same && next > last
        && between.map(|record| family(&record.name)).all(|other| other != family(&story.record(next).name))
}

/// A name without its number: `w` of `w3`.
fn family(name: &str) -> &str {
    name.trim_end_matches(|character: char| character.is_ascii_digit())
}

/// `w0–w4`, or the one name.
pub(crate) fn group(story: &Story, first: RecordId, last: RecordId) -> String {
    let (first, last) = (&story.record(first).name, &story.record(last).name);
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

pub(crate) fn cross(picture: &mut Picture, x: f32, y: f32, arm: f32) {
    let strokes =
        [point(x - arm, y - arm), point(x + arm, y + arm), point(x + arm, y - arm), point(x - arm, y + arm)];
    picture.strokes(strokes, Stroke::new(Tone::LostFill, 2.0));
}

pub(crate) fn tick(picture: &mut Picture, x: f32, y: f32, scale: f32) {
    let points =
        [(-3.2, -0.2), (-0.9, 2.3), (3.6, -3.0)].map(|(dx, dy)| point(x + dx * scale, y + dy * scale));
    picture.line(points, Stroke::new(Tone::Kept, 1.7));
}

pub(crate) fn diamond(picture: &mut Picture, x: f32, y: f32, radius: f32) {
    let points = [point(x, y - radius), point(x + radius, y), point(x, y + radius), point(x - radius, y)];
    picture.area(points, Some(Fill::plain(Tone::Ctl)), None);
}

/// The leader's mark; the middle of its base is at (x, y).
pub(crate) fn crown(picture: &mut Picture, x: f32, y: f32, scale: f32) {
    const POINTS: [(f32, f32); 7] =
        [(-6.0, 0.0), (-6.6, -7.0), (-3.0, -3.6), (0.0, -8.4), (3.0, -3.6), (6.6, -7.0), (6.0, 0.0)];
    let points = POINTS.map(|(dx, dy)| point(x + dx * scale, y + dy * scale));
    picture.area(points, Some(Fill::plain(Tone::Ink)), None);
}
