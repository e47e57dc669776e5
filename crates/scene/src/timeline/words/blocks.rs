//! What stands on the blocks of the logs: which records they hold, and what is wrong with them.

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
    /// Which records a block holds; of the condemned, that they are nowhere else.
    pub(super) fn block_names(&mut self, picture: &mut Picture) {
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
        let y = |offset: u32| timeline.y(lane, Offset(offset));
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
