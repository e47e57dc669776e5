//! Signs and the words beside them. The most important speak first; a word that would touch another tries the other side,
//! then a shorter form, then stays away.

mod blocks;
mod brokers;
mod clients;
mod controller;

use ackscope_sim::ids::{HappeningId, NodeId};

use super::messages::Flight;
use super::{Form, Future, LaneBox, Room, Timeline};
use crate::picture::{Anchor, Fill, Picture, Point, Source, Stroke, Style, point};
use crate::story::MarkKind;
use crate::text;
use crate::tokens::Tone;

pub(crate) use clients::group;

/// Lines that run across more than this are no obstacle to any one word.
const WIDEST_LINE: f32 = 160.0;

/// Lines are looked for in columns of this width.
const COLUMN: f32 = 32.0;

fn column(x: f32) -> usize {
    (x.max(0.0) / COLUMN) as usize
}

pub(super) struct Words<'t, 'a> {
    timeline: &'t Timeline<'a>,
    taken: Vec<Frame>,
    /// Lines that words should not lie on, by the column in which their left end is.
    lines: Vec<Vec<(Point, Point)>>,
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
        let mut words =
            Words { timeline, taken: Vec::new(), lines: Vec::new(), size: 11.0_f32.min(small + 0.5), small };
        for line in upright.filter(|(a, b)| b.x - a.x < WIDEST_LINE) {
            words.avoid(line);
        }
        let now = timeline.view.now.filter(|_| timeline.view.future != Future::Shown);
        if let Some(x) = now.map(|now| timeline.scale.x_from_time(now)) {
            words.avoid((point(x, timeline.top), point(x, timeline.bottom)));
        }
        words
    }

    /// Words had better not lie on this line.
    fn avoid(&mut self, line: (Point, Point)) {
        let column = column(line.0.x);
        if column >= self.lines.len() {
            self.lines.resize(column + 1, Vec::new());
        }
        self.lines[column].push(line);
    }

    /// How many lines run through a frame.
    fn crossings(&self, frame: &Frame) -> usize {
        let end = (column(frame.right) + 1).min(self.lines.len());
        let start = column(frame.left - WIDEST_LINE).min(end);
        let middle = (frame.top + frame.bottom) / 2.0;
        let near = self.lines[start..end].iter().flatten();
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
        let width = text::width(words, style.size, style.bold) * 1.1;
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

    /// `NOT_ENOUGH_` over `REPLICAS`, where that is clear of lines and one line of it would not be.
    fn say_in_two(
        &mut self,
        picture: &mut Picture,
        words: &str,
        places: &[(Point, Anchor)],
        style: Style,
    ) -> bool {
        let breaks = words.match_indices('_').map(|(at, _)| at + 1);
        let Some(middle) = breaks.min_by_key(|at| at.abs_diff(words.len() / 2)) else { return false };
        let lies_well = |frame: &Frame| self.is_free(frame) && self.crossings(frame) == 0;
        let one = |&(at, anchor): &(Point, Anchor)| lies_well(&Words::frame(at, words, style, anchor));
        if places.iter().any(one) {
            return false;
        }
        let (above, below) = words.split_at(middle);
        for &(at, anchor) in places {
            let lines = [(point(at.x, at.y - style.size), above), (at, below)];
            let frames = lines.map(|(at, words)| Words::frame(at, words, style, anchor));
            if frames.iter().all(lies_well) {
                for (at, words) in lines {
                    picture.words(at, words, style, anchor);
                }
                self.taken.extend(frames);
                return true;
            }
        }
        false
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
        if self.timeline.view.overview {
            for deed in self.timeline.story.deeds.iter().filter(|deed| self.timeline.is_shown(deed.at)) {
                if let Some(lane) = self.lane(deed.node) {
                    let x = self.timeline.scale.x_from_time(deed.at);
                    self.take(x - 4.0, x + 4.0, lane.top, lane.top + 6.0);
                }
            }
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
