//! A log as cells on the shared offset axis: filled is committed, hollow is above the high watermark, struck is condemned
//! or, as a ghost, just cut off.

use ackscope_sim::ids::{LeaderEpoch, Offset, Partition, RecordId};
use ackscope_sim::time::Time;
use ackscope_sim::view::ReplicaView;

use super::StageView;
use crate::picture::{Anchor, Dash, Fill, Picture, Source, Stroke, Style, point};
use crate::story::{Replica, Story};
use crate::text;
use crate::timeline::selected_record;
use crate::tokens::{Pattern, Tone, epoch_tones};

/// Offsets to x, the same for every row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OffsetAxis {
    pub left: f32,
    /// From one cell to the next.
    pub pitch: f32,
    /// The first offset shown; those before are only counted.
    pub first: u32,
    pub count: u32,
}

impl OffsetAxis {
    /// The widest cells, up to `widest`, with which everything a log will ever hold fits; else the last ones, as wide as
    /// their names need, up to `widest` and a bit.
    pub fn new(
        story: &Story,
        view: &StageView<'_>,
        partition: Partition,
        (left, right): (f32, f32),
        (narrowest, widest): (f32, f32),
    ) -> OffsetAxis {
        let most = story.partitions.get(usize::from(partition.0)).map_or(1, |of| of.end.0.max(1));
        let room = right - left;
        let pitch = (room / most as f32).floor().clamp(narrowest, widest);
        if most as f32 * pitch <= room {
            let fitting = (room / pitch).floor() as u32;
            return OffsetAxis { left, pitch, first: 0, count: most.clamp(4.min(fitting), fitting) };
        }
        let replicas = view.cluster.brokers.iter().flat_map(|broker| &broker.replicas);
        let ends = replicas.filter(|replica| replica.partition == partition).map(|of| of.log_end_offset.0);
        let end = ends.max().unwrap_or(0);
        let names = story.records.iter().rev().filter(|record| record.partition == Some(partition)).take(8);
        let longest = names.map(|record| text::width(&record.name, 12.5, false)).fold(0.0, f32::max);
        let pitch = if widest < 20.0 { narrowest } else { (longest + 8.0).clamp(narrowest, widest + 10.0) };
        let fitting = ((room / pitch).floor() as u32).max(2);
        // The first place says how many came before.
        let first = if end > fitting { end - fitting + 1 } else { 0 };
        OffsetAxis { left, pitch, first, count: fitting }
    }

    /// The left edge of an offset's cell; ends of logs are such edges too.
    pub fn x(&self, offset: Offset) -> f32 {
        let skipped = if self.first > 0 { 1.0 } else { 0.0 };
        self.left + (offset.0.saturating_sub(self.first) as f32 + skipped) * self.pitch
    }

    pub fn right(&self) -> f32 {
        self.left + self.count as f32 * self.pitch
    }

    pub fn shows(&self, offset: Offset) -> bool {
        offset.0 >= self.first && self.x(offset) + self.pitch <= self.right() + 0.5
    }

    /// Offsets above the cells, as many as have room.
    pub fn numbers(&self, picture: &mut Picture, y: f32, size: f32) {
        let widest = text::width(&(self.first + self.count).to_string(), size, false) + 6.0;
        let every = nice((widest / self.pitch).ceil() as u32);
        let last = self.first + self.count - u32::from(self.first > 0);
        for offset in (self.first..last).filter(|offset| offset % every == 0) {
            let x = self.x(Offset(offset)) + self.pitch / 2.0 - 1.0;
            picture.words(point(x, y), &offset.to_string(), Style::new(size, Tone::Ink3), Anchor::Middle);
        }
    }
}

fn nice(least: u32) -> u32 {
    [1, 2, 5, 10, 20, 50, 100].into_iter().find(|&step| step >= least).unwrap_or(least)
}

/// How a row of cells is drawn.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub top: f32,
    pub height: f32,
    pub size: f32,
}

struct Cell {
    epoch: LeaderEpoch,
    committed: bool,
    /// Condemned: with or without loss.
    doomed: Option<bool>,
    ghost: bool,
    /// Stored twice, or behind what was sent after it.
    amiss: bool,
}

/// Draws what one replica holds, and what was just cut from it.
pub(super) fn draw(
    picture: &mut Picture,
    story: &Story,
    view: &StageView<'_>,
    axis: &OffsetAxis,
    row: Row,
    replica: &ReplicaView,
    history: &Replica,
) {
    let now = view.cluster.now;
    let selected = selected_record(view.selection);
    let (broker, partition) = (history.broker, replica.partition);
    let offsets = (axis.first..replica.log_end_offset.0).map(Offset).take_while(|&offset| axis.shows(offset));
    for offset in offsets {
        let Some(bar) = history.bar_at(offset, now) else { continue };
        let Some(record) = bar.record_at(offset) else { continue };
        let doomed = bar.doom.filter(|doom| doom.from <= now).map(|doom| doom.lost);
        let committed = offset < replica.high_watermark;
        let amiss = bar.again || story.record(record).reordered;
        let cell = Cell { epoch: bar.epoch, committed, doomed, ghost: false, amiss };
        picture.source = Source::Entry { broker, partition, offset, record };
        one(picture, axis, row, offset, &cell, &story.record(record).name);
        if Some(record) == selected {
            frame(picture, axis, row, offset);
        }
    }
    for (offset, record, epoch) in ghosts(history, replica, now) {
        if !axis.shows(offset) {
            continue;
        }
        let lost = story.record(record).fate == ackscope_sim::audit::Fate::AckedButLost;
        let cell = Cell { epoch, committed: false, doomed: Some(lost), ghost: true, amiss: false };
        picture.source = Source::Entry { broker, partition, offset, record };
        one(picture, axis, row, offset, &cell, &story.record(record).name);
        if Some(record) == selected {
            frame(picture, axis, row, offset);
        }
    }
    picture.source = Source::None;
    picture.opacity = 1.0;
    if axis.first > 0 {
        let more = axis.first - replica.log_start_offset.0.min(axis.first);
        let held = more.min(replica.log_end_offset.0);
        if held > 0 {
            let words = format!("{held} more");
            let style = Style::new(row.size - 1.0, Tone::Ink3);
            let words = if text::width(&words, style.size, false) > axis.pitch { "…" } else { &words };
            picture.words(
                point(axis.left + axis.pitch / 2.0 - 1.0, row.top + row.height / 2.0 + 4.0),
                words,
                style,
                Anchor::Middle,
            );
        }
    }
}

/// Entries that the last truncation took, until others stand in their place.
fn ghosts<'h>(
    history: &'h Replica,
    replica: &ReplicaView,
    now: Time,
) -> impl Iterator<Item = (Offset, RecordId, LeaderEpoch)> + 'h {
    let cut = history.cuts[..history.cuts.partition_point(|cut| cut.at <= now)].last().copied();
    let end = replica.log_end_offset;
    let taken = cut.into_iter().flat_map(move |cut| history.bars.iter().filter(move |bar| bar.to == cut.at));
    taken.flat_map(move |bar| {
        let offsets = (bar.base.0.max(end.0)..bar.next.0).map(Offset);
        offsets.filter_map(move |offset| Some((offset, bar.record_at(offset)?, bar.epoch)))
    })
}

fn one(picture: &mut Picture, axis: &OffsetAxis, row: Row, offset: Offset, cell: &Cell, name: &str) {
    let (x, width) = (axis.x(offset), axis.pitch - if axis.pitch > 8.0 { 2.0 } else { 1.0 });
    let tones = epoch_tones(cell.epoch);
    let (ground, edge, ink) = match cell.doomed {
        Some(true) => (Tone::LostTint, Tone::LostFill, Tone::Ink2),
        Some(false) => (Tone::Sunken, Tone::Ink3, Tone::Ink2),
        None if cell.committed => (tones.fill, tones.edge, Tone::Ink),
        None => (tones.tint, tones.edge, Tone::Ink),
    };
    let pattern = tones
        .pattern
        .filter(|_| cell.committed && cell.doomed.is_none())
        .map(|pattern| (pattern, tones.edge));
    picture.opacity = if cell.ghost { 0.75 } else { 1.0 };
    let ground = if cell.ghost { Tone::Surface } else { ground };
    picture.rect(x, row.top, width, row.height, Fill { tone: Some(ground), pattern });
    if cell.doomed.is_some() {
        let strike = [point(x + 4.0, row.top + row.height - 4.0), point(x + width - 4.0, row.top + 4.0)];
        if width > 12.0 {
            picture.strokes(strike, Stroke::new(edge, 1.5));
        } else {
            picture.rect(x, row.top, width, row.height, Fill::pattern(Pattern::Crosses, edge));
        }
    }
    let dash = if cell.doomed.is_some() { Dash::Dashed } else { Dash::Solid };
    let stroke = Stroke::new(edge, 1.0).dash(dash);
    picture.rounded(x + 0.5, row.top + 0.5, width - 1.0, row.height - 1.0, 0.0, None, Some(stroke));
    if let Some(label) = text::shorten(name, row.size, false, width - 2.0).filter(|_| row.height > 14.0) {
        let halo = (pattern.is_some() || cell.doomed.is_some()).then_some(ground);
        let ink = if cell.amiss { Tone::Lost } else { ink };
        let halo = if cell.amiss { Some(Tone::LostTint) } else { halo };
        let style = Style { halo, bold: cell.amiss, ..Style::new(row.size, ink) };
        picture.words(
            point(x + width / 2.0, row.top + row.height / 2.0 + row.size * 0.35),
            &label,
            style,
            Anchor::Middle,
        );
    }
}

fn frame(picture: &mut Picture, axis: &OffsetAxis, row: Row, offset: Offset) {
    let (x, width) = (axis.x(offset), axis.pitch - 2.0);
    let stroke = Some(Stroke::new(Tone::Ink, 1.6));
    picture.rounded(x - 2.0, row.top - 2.0, width + 4.0, row.height + 4.0, 3.0, None, stroke);
}

/// Marks at a row: where the log ends, what is committed, what would survive a power loss. Words keep between two edges;
/// `silent` leaves them out.
pub(super) fn marks(
    picture: &mut Picture,
    axis: &OffsetAxis,
    row: Row,
    replica: &ReplicaView,
    (start, edge): (f32, f32),
    silent: bool,
) {
    let (end, high) = (replica.log_end_offset, replica.high_watermark);
    picture.source = Source::Partition(replica.partition);
    let x = |offset: Offset| axis.x(offset) - 1.0;
    let foot = row.top + row.height;
    if replica.flushed.0 > axis.first {
        let (left, right) = (axis.x(Offset(axis.first)), x(replica.flushed.min(end)));
        let on_disk = Fill::plain(Tone::LineStrong);
        picture.rect(left, foot + 1.5, right - left, 2.0, on_disk);
    }
    if high.0 >= axis.first {
        let thick = Stroke::new(Tone::Ink, 2.0);
        picture.segment(point(x(high), row.top - 4.0), point(x(high), foot + 5.0), thick);
    }
    if end > high {
        let stroke = Stroke::new(Tone::Ink2, 1.3);
        let (right, left) = (x(end), x(end) - 4.0);
        let (top, low) = (row.top - 3.0, foot + 3.0);
        picture.line([point(left, top), point(right, top), point(right, low), point(left, low)], stroke);
    }
    picture.source = Source::None;
    if end.0 == 0 || silent {
        return;
    }
    let style = Style::new((row.size - 1.5).max(10.5), Tone::Ink2).on(Tone::Surface);
    let y = foot + style.size + 3.5;
    let width = |words: &str| text::width(words, style.size, false) * 1.12;
    let mut least = start;
    // From left to right, each at its place or as near to it as the one before allows.
    let mut say = |words: String, place: f32| {
        let right = place.max(least + width(&words)).min(edge);
        if right - width(&words) >= least - 0.5 {
            picture.words(point(right, y), &words, style, Anchor::End);
            least = right + 8.0;
        }
    };
    if replica.flushed.0 > axis.first && replica.flushed < end {
        say(format!("on disk {}", replica.flushed), x(replica.flushed) - 5.0);
    }
    if end == high {
        say(format!("high watermark = log end = {end}"), x(end) + 4.0);
    } else {
        say(format!("high watermark {high}"), x(high) - 5.0);
        say(format!("log end {end}"), x(end) + 4.0);
    }
}
