//! The compact forms of a broker's lane. Slim: a life line, with the log as a strip of cells in the folds, where the state
//! stands still. Partitions: a thin row for each, to see at once who leads what and where something is condemned.

use ackscope_sim::ids::{BrokerId, NodeId, Offset, Partition};
use ackscope_sim::time::Time;

use super::{Form, LaneBox, Timeline};
use crate::picture::{Anchor, Dash, Fill, Picture, Source, Stroke, Style, point};
use crate::story::{BandRole, Replica};
use crate::tokens::{Pattern, Tone, epoch_tones};

/// From one partition's row to the next.
pub(super) const ROW: f32 = 10.0;
const STRIP: f32 = 16.0;
const MOST_CELL: f32 = 6.0;

impl Timeline<'_> {
    /// Log strips of slim lanes.
    pub(super) fn strips(&self, picture: &mut Picture) {
        let folds = &self.scale.axis.folds;
        let window = self.view.window;
        for lane in self.lanes.iter().filter(|lane| lane.form == Form::Slim) {
            let NodeId::Broker(broker) = lane.node else { continue };
            let Some(replica) = self.replica(broker) else { continue };
            for fold in folds.iter().filter(|fold| fold.to > window.from && fold.from < window.to) {
                let middle = Time { nanos: fold.from.nanos / 2 + fold.to.nanos / 2 };
                if !self.is_hidden(middle) {
                    let edges = (self.scale.x_within(fold.from), self.scale.x_within(fold.to));
                    self.strip(picture, lane, replica, edges, middle);
                }
            }
        }
        picture.source = Source::None;
    }

    fn strip(
        &self,
        picture: &mut Picture,
        lane: &LaneBox,
        replica: &Replica,
        (left, right): (f32, f32),
        at: Time,
    ) {
        let count = replica.end_at(at).0;
        if count == 0 || right - left < 16.0 {
            return;
        }
        let all = self.heights.whole().max(1) as f32;
        let cell = ((right - left - 6.0) / all).min(MOST_CELL);
        let x = |offset: Offset| left + 3.0 + offset.0 as f32 * cell;
        let top = lane.base - STRIP / 2.0;
        let high = replica.high_watermark_at(at);
        picture.source = Source::Log { broker: replica.broker, partition: replica.partition };
        let ground = Fill::plain(Tone::Sunken);
        picture.rect(left + 1.0, top - 2.0, right - left - 2.0, STRIP + 4.0, ground);
        for block in replica.blocks.iter().filter(|block| block.from <= at && at < block.to) {
            let tones = epoch_tones(block.epoch);
            let next = block.next.min(Offset(count));
            let width = x(next) - x(block.base);
            let doom = block.doom.filter(|doom| doom.from <= at);
            let committed = high.clamp(block.base, next);
            picture.rect(x(block.base), top, width, STRIP, Fill::plain(tones.tint));
            let pattern = tones.pattern.map(|pattern| (pattern, tones.edge));
            let fill = Fill { tone: Some(tones.fill), pattern };
            picture.rect(x(block.base), top, x(committed) - x(block.base), STRIP, fill);
            let edge = match doom {
                Some(doom) => {
                    let (ground, cross) =
                        if doom.lost { (Tone::LostTint, Tone::LostFill) } else { (Tone::Sunken, Tone::Ink3) };
                    picture.rect(x(block.base), top, width, STRIP, Fill::plain(ground));
                    let strikes = (block.base.0..next.0).flat_map(|offset| {
                        let left = x(Offset(offset));
                        [point(left, top + STRIP - 1.0), point(left + cell, top + 1.0)]
                    });
                    if cell >= 3.0 {
                        picture.strokes(strikes, Stroke::new(cross, 1.4));
                    } else {
                        picture.rect(
                            x(block.base),
                            top,
                            width,
                            STRIP,
                            Fill::pattern(Pattern::Crosses, cross),
                        );
                    }
                    cross
                }
                None => tones.edge,
            };
            if cell >= 3.0 {
                let gaps = (block.base.0 + 1..next.0).flat_map(|offset| {
                    let x = x(Offset(offset)) - 0.5;
                    [point(x, top), point(x, top + STRIP)]
                });
                picture.strokes(gaps, Stroke::new(Tone::Sunken, 1.0));
            }
            let stroke = Some(Stroke::new(edge, 1.0));
            picture.rounded(x(block.base), top, width - 0.8, STRIP, 0.0, None, stroke);
        }
    }

    /// Where a partition's row lies.
    pub(super) fn row_y(&self, lane: &LaneBox, partition: Partition) -> f32 {
        lane.top + 11.0 + f32::from(partition.0) * ROW
    }

    pub(super) fn shows_all_partitions(&self) -> bool {
        self.lanes.iter().any(|lane| lane.form == Form::Partitions)
    }

    /// The rows of lanes that show every partition.
    pub(super) fn rows_of_partitions(&self, picture: &mut Picture) {
        let window = self.view.window;
        for lane in self.lanes.iter().filter(|lane| lane.form == Form::Partitions) {
            let NodeId::Broker(broker) = lane.node else { continue };
            for partition in (0..self.story.partitions.len() as u16).map(Partition) {
                let Some(replica) = self.story.replica(broker, partition) else { continue };
                let y = self.row_y(lane, partition);
                picture.source = Source::Log { broker, partition };
                for band in replica.roles.iter().filter(|band| band.to > window.from && band.from < window.to)
                {
                    let (left, right) = self.span(band.from, band.to);
                    match band.role {
                        BandRole::Leading(epoch) => {
                            let tones = epoch_tones(epoch);
                            let pattern = tones.pattern.map(|pattern| (pattern, tones.edge));
                            let fill = Fill { tone: Some(tones.fill), pattern };
                            let stroke = Some(Stroke::new(tones.edge, 1.0));
                            picture.rounded(left, y - 3.0, right - left, 6.0, 0.0, Some(fill), stroke);
                        }
                        BandRole::Following => self.following(picture, broker, partition, (left, right), y),
                    }
                }
                for block in replica.blocks.iter().filter(|block| block.to > window.from) {
                    let Some(doom) = block.doom.filter(|doom| !self.is_hidden(doom.from)) else { continue };
                    let (left, right) = self.span(doom.from, block.to.min(self.story.end));
                    let tone = if doom.lost { Tone::LostFill } else { Tone::Ink3 };
                    picture.rect(left, y - 3.5, right - left, 7.0, Fill::plain(Tone::LostTint));
                    picture.rect(left, y - 3.5, right - left, 7.0, Fill::pattern(Pattern::Crosses, tone));
                }
            }
        }
        picture.source = Source::None;
    }

    /// In the ISR a line, outside it dots.
    fn following(
        &self,
        picture: &mut Picture,
        broker: BrokerId,
        partition: Partition,
        (left, right): (f32, f32),
        y: f32,
    ) {
        let Some(story) = self.story.partitions.get(usize::from(partition.0)) else { return };
        let mut inside = story.opening.as_ref().is_some_and(|opening| opening.isr.contains(broker));
        let mut from = left;
        let changes = story
            .changes
            .iter()
            .map(|change| (self.span(change.at, change.at).0, change.change.isr.contains(broker)));
        for (x, next) in changes.chain([(right, false)]) {
            let to = x.clamp(left, right);
            if to > from {
                let stroke = Stroke::new(Tone::Ink3, if inside { 1.1 } else { 1.6 });
                let dash = if inside { Dash::Solid } else { Dash::Dotted };
                picture.segment(point(from, y), point(to, y), stroke.dash(dash));
                from = to;
            }
            inside = next;
        }
    }

    /// Their numbers, at the end of the gutter.
    pub(super) fn partition_numbers(&self, picture: &mut Picture) {
        for lane in self.lanes.iter().filter(|lane| lane.form == Form::Partitions) {
            for partition in (0..self.story.partitions.len() as u16).map(Partition) {
                let y = self.row_y(lane, partition) + 3.5;
                let number = partition.0.to_string();
                picture.source = Source::Partition(partition);
                let style = Style::new(10.0, Tone::Ink3);
                picture.words(point(self.scale.left - 5.0, y), &number, style, Anchor::End);
            }
        }
        picture.source = Source::None;
    }
}
