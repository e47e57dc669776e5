//! What stands on the blocks of the logs: which records they hold, and what became of them.

use ackscope_sim::ids::{Offset, RecordId};
use ackscope_sim::time::Time;

use super::Words;
use super::clients::{family, group};
use crate::picture::{Anchor, Picture, Source, Style, point};
use crate::story::{Block, Replica, Story};
use crate::text;
use crate::timeline::{Future, LaneBox, selected_record};
use crate::tokens::{Tone, epoch_tones};

impl Words<'_, '_> {
    /// Which records a block holds; of the condemned, that they are lost, and why.
    pub(super) fn block_names(&mut self, picture: &mut Picture) {
        let timeline = self.timeline;
        let selected = selected_record(timeline.view.selection).is_some();
        for (lane, replica) in timeline.logs_shown() {
            for block in timeline.blocks(replica) {
                picture.source = Source::Log { broker: replica.broker, partition: replica.partition };
                let end = timeline.story.end;
                let grown = replica.bars[block.bars.end - 1].from;
                let sound_until = block.doom.map_or(block.to, |doom| doom.from).min(end);
                if let Some(doom) = block.doom.filter(|doom| !selected && !timeline.is_hidden(doom.from)) {
                    let (high, low) = (timeline.y(lane, block.next), timeline.y(lane, block.base));
                    if low - high >= 10.0 {
                        let (y, seen) = ((high + low) / 2.0 + 3.8, (doom.from.max(grown), block.to.min(end)));
                        self.doomed(picture, replica, block, doom.lost, seen, y);
                    }
                }
                if block.doom.is_none() || !selected {
                    self.runs(picture, lane, replica, block, (grown, sound_until));
                }
            }
        }
        picture.source = Source::None;
    }

    fn doomed(
        &mut self,
        picture: &mut Picture,
        replica: &Replica,
        block: &Block,
        lost: bool,
        seen: (Time, Time),
        y: f32,
    ) {
        let runs = self.runs_of(replica, block);
        let name = |run: &Run| group(self.timeline.story, run.first, run.last);
        let names = match &runs[..] {
            [] => return,
            few @ ([_] | [_, _] | [_, _, _]) => few.iter().map(name).collect::<Vec<_>>().join(", "),
            [_, ..] => format!("{} records", block.next.0 - block.base.0),
        };
        if lost {
            // The last copy, or one of them.
            let alone = !self.timeline.story.replicas.iter().any(|other| {
                other.partition == replica.partition
                    && other.broker != replica.broker
                    && other.bars.iter().any(|bar| bar.to > seen.0 && bar.holds(runs[0].first).is_some())
            });
            let long = format!("{names}: only here, lost");
            let short = format!("{names} lost");
            let style = Style::new(self.size, Tone::Lost).bold().on(Tone::LostTint);
            let forms: [&str; 3] = [&long, &short, "lost"];
            self.inside(picture, &forms[usize::from(!alone)..], seen, y, style, false);
        } else {
            let style = Style::new(self.size, Tone::Ink2).on(Tone::Sunken);
            self.inside(picture, &[&format!("{names} superseded"), "superseded"], seen, y, style, false);
        }
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
        let (high, low) = (timeline.y(lane, block.next), timeline.y(lane, block.base));
        let late = |record: RecordId| story.record(record).reordered;
        let runs = self.runs_of(replica, block);
        let name = |run: &Run| group(story, run.first, run.last);
        let y = |offset: u32| timeline.y(lane, Offset(offset));
        // Of what is lost the other half says it, too: here only where nothing runs through it.
        let told = block.doom.is_some_and(|doom| doom.lost);
        if runs.iter().all(|run| y(run.base) - y(run.next) >= 10.0) {
            let middle = |run: &Run| (y(run.base) + y(run.next)) / 2.0 + 3.8;
            let rows: Vec<(String, f32)> = runs.iter().map(|run| (name(run), middle(run))).collect();
            let grown = runs.iter().map(|run| run.grown).max().unwrap_or(stretch.0);
            let column = self.column(&rows, (grown, stretch.1), style);
            let column = column.filter(|_| !block.again && !told && !timeline.is_hidden(grown));
            // Names in a column keep to their rows.
            let halo = style.halo.filter(|_| column.is_none() || tones.pattern.is_some());
            for (run, (plain, middle)) in runs.iter().zip(&rows) {
                let amiss = block.again || late(run.first);
                let style = Style { tone: if amiss { Tone::Lost } else { style.tone }, halo, ..style };
                let again = format!("{plain} again");
                let forms: &[&str] = if block.again { &[&again, "again"] } else { &[plain] };
                match column {
                    Some(x) => {
                        let at = point(x, *middle);
                        self.taken.push(Words::frame(at, plain, style, Anchor::Middle));
                        picture.words(at, plain, style, Anchor::Middle);
                    }
                    None => self.inside(picture, forms, (run.grown, stretch.1), *middle, style, told),
                }
            }
        } else if block.again && low - high < 10.0 {
            // No room inside, but this must be said.
            let ends = runs.first().zip(runs.last());
            let Some(name) = ends.map(|(first, last)| group(story, first.first, last.last)) else { return };
            let x = timeline.scale.x_within(block.from);
            let style = Style { tone: Tone::Lost, halo: Some(Tone::Surface), ..style };
            let places = [(point(x + 3.0, high - 3.5), Anchor::Start), (point(x - 4.0, low), Anchor::End)];
            if !timeline.is_hidden(block.from) {
                self.say(picture, &[&format!("{name} again"), "again"], &places, style);
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
            self.inside(picture, forms, stretch, (high + low) / 2.0 + 3.8, style, told);
        }
    }

    fn runs_of(&self, replica: &Replica, block: &Block) -> Vec<Run> {
        let story = self.timeline.story;
        let entries = replica.bars[block.bars.clone()].iter().flat_map(|bar| {
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
        runs
    }

    /// Where the names of all rows can stand below each other, with as few lines through them as can be.
    fn column(&self, rows: &[(String, f32)], stretch: (Time, Time), style: Style) -> Option<f32> {
        let widest = rows.iter().map(|(name, _)| text::width(name, style.size, true) * 1.1);
        let places = self.places(widest.fold(0.0, f32::max), stretch)?;
        let cost = |x: f32| {
            let frames = rows.iter().map(|(name, y)| Words::frame(point(x, *y), name, style, Anchor::Middle));
            let mut cost = 0;
            for frame in frames {
                if !self.is_free(&frame) {
                    return None;
                }
                cost += self.crossings(&frame);
            }
            Some((cost, x))
        };
        let costs = places.into_iter().filter_map(cost);
        costs.min_by_key(|&(cost, _)| cost).map(|(_, x)| x)
    }

    /// In the middle of what is seen of a stretch, or near it; where it must be, clear of all lines.
    fn inside(
        &mut self,
        picture: &mut Picture,
        forms: &[&str],
        stretch: (Time, Time),
        y: f32,
        style: Style,
        clear: bool,
    ) {
        if self.timeline.is_hidden(stretch.0) {
            return;
        }
        for words in forms {
            let width = text::width(words, style.size, style.bold) * 1.1;
            if let Some(places) = self.places(width, stretch) {
                let is_clear = |at| self.crossings(&Words::frame(at, words, style, Anchor::Middle)) == 0;
                let places = places.map(|x| point(x, y)).into_iter().filter(|&at| !clear || is_clear(at));
                let places: Vec<_> = places.map(|at| (at, Anchor::Middle)).collect();
                self.say(picture, &[words], &places, style);
                return;
            }
        }
    }

    /// The middle of what is seen of a stretch, and places ever further from it, where so much has room.
    fn places(&self, width: f32, stretch: (Time, Time)) -> Option<[f32; 9]> {
        let timeline = self.timeline;
        let (a, mut b) = (timeline.scale.x_within(stretch.0), timeline.scale.x_within(stretch.1));
        // What lies before the playhead is read first.
        let veiled = timeline.view.now.filter(|_| timeline.view.future != Future::Shown);
        if let Some(x) = veiled.map(|now| timeline.scale.x_within(now)).filter(|&x| x > a + 40.0) {
            b = b.min(x);
        }
        let room = (b - a - width - 6.0) / 2.0;
        let parts = [0.0, -0.25, 0.25, -0.5, 0.5, -0.75, 0.75, -0.95, 0.95];
        (room >= 0.0).then(|| parts.map(|part| (a + b) / 2.0 + part * room))
    }
}

/// Neighbours in a log that share a name.
struct Run {
    base: u32,
    next: u32,
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
