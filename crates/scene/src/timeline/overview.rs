//! The whole run in true proportion above the lanes, a fan from there to the stretched axis, and the axis' own numbers.

use ackscope_sim::time::{Duration, Time};

use super::{Room, Timeline};
use crate::axis::AxisMode;
use crate::picture::{Anchor, Fill, Picture, Source, Stroke, Style, point};
use crate::story::MarkKind;
use crate::text;
use crate::tokens::Tone;

const STRIP: f32 = 13.0;
const STRIP_TOP: f32 = 5.0;
pub(super) const STRIP_FOOT: f32 = STRIP_TOP + STRIP;

impl Timeline<'_> {
    /// Time to x in the strip.
    pub fn overview_x(&self, time: Time) -> f32 {
        let (left, right) = (self.scale.left, self.scale.right);
        left + (right - left) * (time.nanos as f64 / self.story.end.nanos.max(1) as f64) as f32
    }

    pub fn overview_time(&self, x: f32) -> Time {
        let (left, right) = (self.scale.left, self.scale.right);
        let part = f64::from((x - left) / (right - left)).clamp(0.0, 1.0);
        Time { nanos: (part * self.story.end.nanos as f64) as u64 }
    }

    pub(super) fn overview(&self, picture: &mut Picture) {
        picture.source = Source::Overview;
        let (left, right) = (self.scale.left, self.scale.right);
        let (top, bottom) = (STRIP_TOP, STRIP_TOP + STRIP);
        let foot = self.top - 18.0;
        let sunken = Fill::plain(Tone::Sunken);
        picture.rounded(left, top, right - left, STRIP, 2.0, Some(sunken), None);
        let whole = self.view.window == self.scale.axis.whole();
        for (from, to) in self.busy() {
            let (a, b) = (self.overview_x(from), self.overview_x(to).max(self.overview_x(from) + 2.0));
            let (c, d) = (self.scale.x_within(from), self.scale.x_within(to));
            let fan = [point(a, bottom), point(b, bottom), point(d, foot), point(c, foot)];
            picture.area(fan, Some(sunken), None);
            let stroke = Stroke::new(Tone::Line, 1.0);
            picture.strokes([point(a, bottom), point(c, foot), point(b, bottom), point(d, foot)], stroke);
            picture.opacity = 0.28;
            picture.rect(a, top + 2.0, b - a, STRIP - 4.0, Fill::plain(Tone::Ink));
            picture.opacity = 1.0;
        }
        self.overview_ticks(picture);
        for mark in self.story.marks.iter().filter(|mark| !self.is_hidden(mark.at)) {
            self.overview_mark(picture, self.overview_x(mark.at), &mark.kind);
        }
        if !whole {
            let (a, b) = (self.overview_x(self.view.window.from), self.overview_x(self.view.window.to));
            let stroke = Stroke::new(Tone::Ink2, 1.4);
            let width = (b - a).max(4.0);
            picture.rounded(a, top - 1.0, width, STRIP + 2.0, 3.0, None, Some(stroke));
            for x in [a, a + width] {
                picture.rounded(
                    x - 1.5,
                    top + 3.0,
                    3.0,
                    STRIP - 6.0,
                    1.5,
                    Some(Fill::plain(Tone::Ink2)),
                    None,
                );
            }
        }
        picture.source = Source::None;
    }

    /// Where the playhead stands in the whole run.
    pub(super) fn overview_now(&self, picture: &mut Picture, now: Time) {
        let x = self.overview_x(now);
        let wedge =
            [point(x - 4.0, STRIP_TOP - 4.0), point(x + 4.0, STRIP_TOP - 4.0), point(x, STRIP_TOP + 1.0)];
        picture.area(wedge, Some(Fill::plain(Tone::Ink)), None);
    }

    /// The stretches of the window between its folds.
    fn busy(&self) -> Vec<(Time, Time)> {
        let window = self.view.window;
        let mut busy = Vec::new();
        let mut from = window.from;
        for fold in self.scale.axis.folds.iter().filter(|fold| fold.to > window.from && fold.from < window.to)
        {
            if fold.from > from {
                busy.push((from, fold.from));
            }
            from = fold.to;
        }
        if from < window.to {
            busy.push((from, window.to));
        }
        busy
    }

    fn overview_ticks(&self, picture: &mut Picture) {
        let step = nice_step(self.story.length(), (self.scale.right - self.scale.left) / 110.0);
        let mut at = step.nanos;
        while at < self.story.end.nanos {
            let x = self.overview_x(Time { nanos: at });
            let stroke = Stroke::new(Tone::Line, 1.0);
            picture.segment(point(x, STRIP_TOP), point(x, STRIP_TOP + STRIP), stroke);
            let label = text::duration(Duration::from_nanos(at));
            let width = text::width(&label, 10.0, false) + 6.0;
            let marks = self.story.marks.iter().filter(|mark| mark.kind.is_landmark());
            let crossed = marks
                .map(|mark| self.overview_x(mark.at))
                .any(|mark| x - 4.0 < mark && mark < x + width + 4.0);
            if x + width < self.scale.right && !crossed {
                let style = Style::new(10.0, Tone::Ink3);
                picture.words(point(x + 4.0, STRIP_TOP + STRIP - 3.5), &label, style, Anchor::Start);
            }
            at += step.nanos;
        }
    }

    fn overview_mark(&self, picture: &mut Picture, x: f32, kind: &MarkKind) {
        let middle = STRIP_TOP + STRIP / 2.0;
        match kind {
            MarkKind::Killed | MarkKind::PowerLost | MarkKind::DiskFailed => {
                crate::signs::cross(picture, x, middle, 3.4);
            }
            MarkKind::Elected { .. } | MarkKind::Leaderless => {
                crate::signs::diamond(picture, x, middle, 4.2);
            }
            MarkKind::Truncated { .. } | MarkKind::Expired => {
                let stroke = Stroke::new(Tone::LostFill, 1.6);
                picture.segment(point(x, STRIP_TOP + 1.0), point(x, STRIP_TOP + STRIP - 1.0), stroke);
            }
            _ => {}
        }
    }

    /// Lengths of folds first, then as many ticks as fit between them.
    pub(super) fn ruler(&self, picture: &mut Picture) {
        let y = self.top - 7.0;
        let mut taken: Vec<(f32, f32)> = Vec::new();
        let free = |taken: &[(f32, f32)], a: f32, b: f32| taken.iter().all(|&(c, d)| b <= c || a >= d);
        if let Some(now) = self.view.now.map(|now| self.scale.x_from_time(now)) {
            taken.push((now - 34.0, now + 34.0));
        }
        let window = self.view.window;
        for fold in self.scale.axis.folds.iter().filter(|fold| fold.to > window.from && fold.from < window.to)
        {
            let (a, b) = (self.scale.x_within(fold.from), self.scale.x_within(fold.to));
            let label = text::duration(fold.to.since(fold.from));
            let half = text::width(&label, 10.5, true) * 0.55 + 1.0;
            let middle = ((a + b) / 2.0).min(self.scale.right - half).max(self.scale.left + half);
            if b - a < 200.0 && free(&taken, middle - half, middle + half) {
                taken.push((middle - half, middle + half));
                let style = Style::new(10.5, Tone::Ink).bold();
                picture.words(point(middle, y), &label, style, Anchor::Middle);
            }
            let bracket = [
                point(a + 1.0, y + 6.0),
                point(a + 1.0, y + 4.0),
                point(b - 1.0, y + 4.0),
                point(b - 1.0, y + 6.0),
            ];
            picture.line(bracket, Stroke::new(Tone::LineStrong, 1.0));
        }
        if self.scale.axis.mode == AxisMode::Events {
            return;
        }
        let least = if self.view.room == Room::Phone { 52.0 } else { 46.0 };
        for (from, to) in self.busy() {
            let width = self.scale.x_from_time(to) - self.scale.x_from_time(from);
            if width < 12.0 {
                continue;
            }
            let step = nice_step(to.since(from), width / least);
            let mut at = from.nanos.div_ceil(step.nanos) * step.nanos;
            while at < to.nanos {
                let time = Time { nanos: at };
                at += step.nanos;
                let x = self.scale.x_from_time(time);
                let label = tick(time, step);
                let half = text::width(&label, 10.5, false) * 0.56 + 4.0;
                if x - half < self.scale.left - 14.0 || x + half > self.scale.right + 4.0 {
                    continue;
                }
                if free(&taken, x - half, x + half) {
                    taken.push((x - half, x + half));
                    picture.words(point(x, y), &label, Style::new(10.5, Tone::Ink3), Anchor::Middle);
                    let stroke = Stroke::new(Tone::LineStrong, 1.0);
                    picture.segment(point(x, y + 3.0), point(x, y + 6.5), stroke);
                }
            }
        }
    }
}

/// A round span that divides `length` into at most `parts`.
fn nice_step(length: Duration, parts: f32) -> Duration {
    let least = (length.nanos as f64 / f64::from(parts.max(1.0))) as u64;
    let mut unit = 1_000;
    loop {
        for factor in [1, 2, 5] {
            if unit * factor >= least {
                return Duration::from_nanos(unit * factor);
            }
        }
        unit *= 10;
    }
}

/// Seconds with as many decimals as tell ticks apart.
fn tick(time: Time, step: Duration) -> String {
    let decimals = match step.nanos {
        1_000_000_000.. => 0,
        100_000_000.. => 1,
        10_000_000.. => 2,
        1_000_000.. => 3,
        100_000.. => 4,
        10_000.. => 5,
        _ => 6,
    };
    let seconds = time.nanos / 1_000_000_000;
    if decimals == 0 {
        return format!("{seconds} s");
    }
    let part = time.nanos % 1_000_000_000 / 10_u64.pow(9 - decimals);
    format!("{seconds}.{part:0width$}", width = decimals as usize)
}

#[cfg(test)]
mod tests {
    use ackscope_sim::time::{Duration, Time};

    use super::{nice_step, tick};

    #[test]
    fn ticks_are_round_and_say_no_more_than_they_must() {
        let step = nice_step(Duration::from_millis(154), 4.0);
        assert_eq!(step, Duration::from_millis(50));
        assert_eq!(tick(Time::from_millis(2_300), step), "2.30");
        assert_eq!(tick(Time::from_millis(12_000), Duration::from_secs(2)), "12 s");
        assert_eq!(tick(Time { nanos: 2_300_400_000 }, Duration::from_micros(200)), "2.3004");
    }
}
