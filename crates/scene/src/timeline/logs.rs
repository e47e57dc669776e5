//! The logs: blocks of bars with a staircase on their left and a cliff where they were cut. Filled is committed, hollow is
//! above the high watermark, crossed is condemned.

use ackscope_sim::ids::Offset;

use super::words::Words;
use super::{Form, LaneBox, Timeline, selected_record};
use crate::picture::{Dash, Fill, Picture, Point, Source, Stroke, point};
use crate::story::{BandRole, Block, Lag, LogCut, Replica};
use crate::tokens::{Pattern, Tone, epoch_tones};

/// A step of a staircase: from here on the log reaches from `low` to `high`.
#[derive(Clone, Copy)]
struct Step {
    x: f32,
    low: f32,
    high: f32,
}

/// Steps closer together than this are one.
const NEAR: f32 = 0.8;

impl Timeline<'_> {
    pub(super) fn logs(&self, picture: &mut Picture) {
        let mut steps = Vec::new();
        for (lane, replica) in self.logs_shown() {
            picture.source = Source::Log { broker: replica.broker, partition: replica.partition };
            for block in self.blocks(replica) {
                self.block(picture, lane, replica, block, &mut steps);
            }
        }
        picture.source = Source::None;
    }

    pub(super) fn blocks<'s>(&self, replica: &'s Replica) -> impl Iterator<Item = &'s Block> + use<'s> {
        let window = self.view.window;
        replica.blocks.iter().filter(move |block| block.to > window.from && block.from <= window.to)
    }

    fn block(
        &self,
        picture: &mut Picture,
        lane: &LaneBox,
        replica: &Replica,
        block: &Block,
        steps: &mut Vec<Step>,
    ) {
        let tones = epoch_tones(block.epoch);
        let (_, end) = self.span(block.from, block.to.min(self.story.end));
        let doom = block.doom.map(|doom| (self.span(doom.from, doom.from).0.min(end), doom.lost));
        let sound = doom.map_or(end, |(x, _)| x);
        self.staircase(lane, replica, block, steps);
        let Some(first) = steps.first().copied() else { return };

        // Uncommitted, then what the broker knows to be committed over it.
        picture.area(outline(steps, sound), Some(Fill::plain(tones.tint)), None);
        self.committed(picture, lane, replica, block, sound);
        if let Some((x, lost)) = doom {
            // From the moment that its fate is sealed.
            let (ground, cross) =
                if lost { (Tone::LostTint, Tone::LostFill) } else { (Tone::Sunken, Tone::LineStrong) };
            let fill = Fill { tone: Some(ground), pattern: Some((Pattern::Crosses, cross)) };
            let late: Vec<Step> = steps.iter().map(|step| Step { x: step.x.max(x), ..*step }).collect();
            picture.area(outline(&late, end), Some(fill), None);
            self.rows(picture, lane, block, steps, end);
            picture.line(outline(&late, end), Stroke::new(cross, 1.0));
        } else {
            self.rows(picture, lane, block, steps, end);
        }
        if first.x < sound {
            let edge =
                if block.again { Stroke::new(Tone::LostFill, 1.4) } else { Stroke::new(tones.edge, 1.0) };
            picture.line(outline(steps, sound), edge);
        }
    }

    /// Where the block grew within the window.
    fn staircase(&self, lane: &LaneBox, replica: &Replica, block: &Block, steps: &mut Vec<Step>) {
        steps.clear();
        let bars = &replica.bars[block.bars.clone()];
        let until = bars.partition_point(|bar| bar.from <= self.view.window.to);
        // What was there before the window is one step.
        let before = bars[..until].partition_point(|bar| bar.from < self.view.window.from);
        if before > 0 {
            let last = &bars[before - 1];
            let (low, high) = (self.y(lane, block.base), self.y(lane, last.next));
            steps.push(Step { x: self.span(last.from, last.from).0, low, high });
        }
        let mut next = before;
        while next < until {
            let bar = &bars[next];
            let x = self.span(bar.from, bar.from).0;
            // All that were appended so soon after that they stand on the same pixel.
            let apart = self.scale.time_from_x(x + NEAR);
            next += 1;
            next += bars[next..until].partition_point(|bar| bar.from < apart);
            let (low, high) = (self.y(lane, bar.base), self.y(lane, bars[next - 1].next));
            match steps.last_mut() {
                Some(last) if x - last.x < NEAR => last.high = high,
                _ => steps.push(Step { x, low, high }),
            }
        }
    }

    fn committed(&self, picture: &mut Picture, lane: &LaneBox, replica: &Replica, block: &Block, end: f32) {
        let tones = epoch_tones(block.epoch);
        let from = block.from.max(self.view.window.from);
        let marks = &replica.high_watermarks;
        let after = marks.partition_point(|&(at, _)| at <= from);
        let within = |offset: Offset| offset.clamp(block.base, block.next);
        let mut high = within(if after == 0 { Offset(0) } else { marks[after - 1].1 });
        let mut points: Vec<Point> = Vec::new();
        let floor = self.y(lane, block.base);
        if high > block.base {
            let x = self.span(from, from).0;
            points.extend([point(x, floor), point(x, self.y(lane, high))]);
        }
        let shown = |at| at <= self.view.window.to && at < block.to;
        let end_of_marks = after + marks[after..].partition_point(|&(at, _)| shown(at));
        let mut next = after;
        while next < end_of_marks {
            let at = marks[next].0;
            let apart = self.scale.time_from_x(self.span(at, at).0 + NEAR);
            next += 1;
            next += marks[next..end_of_marks].partition_point(|&(at, _)| at < apart);
            let offset = within(marks[next - 1].1);
            if offset == high {
                continue;
            }
            let x = self.span(at, at).0;
            match points.last_mut() {
                None => points.push(point(x, floor)),
                Some(last) if x - last.x < NEAR => {
                    last.y = self.y(lane, offset);
                    high = offset;
                    continue;
                }
                Some(_) => points.push(point(x, self.y(lane, high))),
            }
            points.push(point(x, self.y(lane, offset)));
            high = offset;
        }
        let Some(last) = points.last().copied().filter(|last| last.x < end) else { return };
        points.extend([point(end, last.y), point(end, floor)]);
        let pattern = tones.pattern.map(|pattern| (pattern, tones.edge));
        picture.area(points, Some(Fill { tone: Some(tones.fill), pattern }), None);
    }

    /// Lines between the records, as on ruled paper.
    fn rows(&self, picture: &mut Picture, lane: &LaneBox, block: &Block, steps: &[Step], end: f32) {
        if self.heights.unit.is_none() {
            return;
        }
        let mut step = 0;
        let lines = (block.base.0 + 1..block.next.0).filter_map(|offset| {
            let y = self.y(lane, Offset(offset));
            while steps.get(step).is_some_and(|at| at.high > y - 0.01) {
                step += 1;
            }
            let x = steps.get(step)?.x;
            (x < end).then_some([point(x, y + 0.5), point(end, y + 0.5)])
        });
        let lines: Vec<Point> = lines.flatten().collect();
        picture.strokes(lines, Stroke::new(Tone::Surface, 1.0));
    }

    /// The high watermark where it lags behind the log, and the cliffs.
    pub(super) fn log_marks(&self, picture: &mut Picture) {
        let window = self.view.window;
        for (lane, replica) in self.logs_shown() {
            for lag in replica.lags_in(window.from, window.to) {
                let (left, right) = self.span(lag.from, lag.to);
                if self.is_worth_a_line(replica, lag, right - left) {
                    let y = self.y(lane, lag.high_watermark) + 0.5;
                    let stroke = Stroke::new(Tone::Ink, 1.3).dash(Dash::Long);
                    picture.segment(point(left, y), point(right, y), stroke);
                }
            }
        }
        for (lane, replica) in self.logs_cut() {
            for cut in replica.cuts.iter().filter(|cut| cut.from > cut.to && self.is_shown(cut.at)) {
                picture.source = Source::Happening(cut.happening);
                let x = self.scale.x_from_time(cut.at);
                let (top, low) = self.cut_edges(lane, cut);
                let stroke = Stroke::new(Tone::LostFill, 1.8);
                picture.segment(point(x, top - 4.0), point(x, low + 1.0), stroke);
                let wedge = [point(x - 4.5, top - 9.0), point(x + 4.5, top - 9.0), point(x, top - 2.0)];
                picture.area(wedge, Some(Fill::plain(Tone::LostFill)), None);
            }
            picture.source = Source::None;
        }
    }

    /// Broker lanes on which a truncation is drawn.
    pub(super) fn logs_cut(&self) -> impl Iterator<Item = (&LaneBox, &Replica)> {
        self.lanes.iter().filter(|lane| lane.form != Form::Partitions).filter_map(|lane| {
            let replica = self.replica(lane.node.broker()?)?;
            Some((lane, replica))
        })
    }

    /// From where to where a cut reaches: through the log, or across the life line.
    pub(super) fn cut_edges(&self, lane: &LaneBox, cut: &LogCut) -> (f32, f32) {
        if lane.form == Form::Full {
            (self.y(lane, cut.from), self.y(lane, cut.to))
        } else {
            (lane.base - 7.0, lane.base + 7.0)
        }
    }

    /// A follower always hears of the high watermark one fetch late; a leader that waits is news.
    pub(super) fn is_worth_a_line(&self, replica: &Replica, lag: &Lag, width: f32) -> bool {
        width > 26.0 && replica.role_at(lag.from) != Some(BandRole::Following)
    }

    /// The chosen record's life: one bar on every lane that ever held it.
    pub(super) fn selected_bars(&self, picture: &mut Picture, words: &mut Words<'_, '_>) {
        let Some(record) = selected_record(self.view.selection) else { return };
        let name = self.story.record(record).name.clone();
        for (lane, replica) in self.logs_shown() {
            for bar in &replica.bars {
                let Some(offset) = bar.holds(record) else { continue };
                if bar.to <= self.view.window.from || bar.from >= self.view.window.to {
                    continue;
                }
                let (left, right) = self.span(bar.from, bar.to.min(self.story.end));
                let (top, low) = (self.y(lane, offset.next()), self.y(lane, offset));
                let (broker, partition) = (replica.broker, replica.partition);
                picture.source = Source::Entry { broker, partition, offset, record };
                let stroke = Stroke::new(Tone::Ink, 1.6);
                picture.rounded(left, top - 0.4, right - left, low - top + 0.8, 1.0, None, Some(stroke));
                words.chip(picture, &name, (left, right), (top + low) / 2.0);
            }
        }
        picture.source = Source::None;
    }
}

/// Round the area under a staircase: along the bottom from the right, up the stairs, along the top.
fn outline(steps: &[Step], end: f32) -> impl Iterator<Item = Point> + '_ {
    let kept = steps.iter().take_while(move |step| step.x <= end);
    let bottom = kept.clone().take(1).map(move |first| point(end, first.low));
    let rising = kept.clone().flat_map(|step| [point(step.x, step.low), point(step.x, step.high)]);
    let last = kept.last().map(move |last| point(end, last.high));
    bottom.chain(rising).chain(last)
}
