//! The controller's lane: elections, ISR changes, silences.

use ackscope_sim::ids::NodeId;

use super::Words;
use crate::picture::{Anchor, Picture, Source, Stroke, Style, point};
use crate::signs::diamond;
use crate::story::{Mark, MarkKind};
use crate::text;
use crate::timeline::{LaneBox, Timeline};
use crate::tokens::Tone;

impl Words<'_, '_> {
    pub(super) fn controller(&mut self, picture: &mut Picture, marks: &[Mark]) {
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
        // Who leads matters more than who is in sync.
        let is_isr = |mark: &&Mark| matches!(mark.kind, MarkKind::IsrChanged { .. });
        let here = || marks.iter().filter(|mark| concerns(timeline, mark));
        for mark in here().filter(|mark| !is_isr(mark)).chain(here().filter(is_isr)) {
            let x = timeline.scale.x_from_time(mark.at);
            picture.source = Source::Happening(mark.happening);
            match &mark.kind {
                MarkKind::Elected { leader, log_end_offset, unclean, .. } => {
                    let how = if *unclean { " uncleanly" } else { "" };
                    let end = format!("elects broker {leader}{how}, whose log ends at {log_end_offset}");
                    let plain = format!("elects broker {leader}{how}");
                    let short = format!("elects {leader}{how}");
                    let right = [(point(x + 7.0, y - 8.0), Anchor::Start)];
                    let left = [(point(x - 7.0, y - 8.0), Anchor::End), (point(x, y + 13.0), Anchor::Middle)];
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
}

/// The controller's marks; a partition's only where that partition is shown.
fn concerns(timeline: &Timeline<'_>, mark: &Mark) -> bool {
    let here = timeline.is_here(mark.partition);
    mark.node == NodeId::Controller && here && !timeline.is_hidden(mark.at)
}
