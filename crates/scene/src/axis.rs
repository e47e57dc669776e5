//! Time and x: one piecewise-linear map, whatever the axis. Elastic: busy milliseconds get room, silence folds. Time: true
//! proportion. Events: one step each.

use ackscope_sim::time::{Duration, Time};

use crate::story::{Moment, Story};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisMode {
    #[default]
    Elastic,
    Time,
    Events,
}

impl AxisMode {
    pub const ALL: [AxisMode; 3] = [AxisMode::Elastic, AxisMode::Time, AxisMode::Events];

    pub fn name(self) -> &'static str {
        match self {
            AxisMode::Elastic => "elastic",
            AxisMode::Time => "time",
            AxisMode::Events => "events",
        }
    }
}

/// The part of a run that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    pub from: Time,
    pub to: Time,
}

/// A quiet stretch, drawn narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    pub from: Time,
    pub to: Time,
}

/// A run's time laid out on a line of its natural length.
#[derive(Clone, Debug)]
pub struct Axis {
    pub mode: AxisMode,
    /// (nanoseconds, place), both rising.
    knots: Vec<(u64, f64)>,
    pub folds: Vec<Fold>,
    /// The least and the greatest length of a fold.
    fold: (f64, f64),
}

/// Longer than this without anything worth drawing is silence.
const QUIET: Duration = Duration::from_millis(200);
const MOST_FOLDS: usize = 12;
const SLIM_FOLD: (f64, f64) = (30.0, 46.0);
const WIDE_FOLD: (f64, f64) = (66.0, 80.0);
/// Room on both sides of a fold.
const MARGIN: f64 = 7.0;
/// Busy stretches grow freely to this length, then ever more slowly.
const FREE_LENGTH: f64 = 230.0;
/// Gaps on both sides of a landmark that keep their room however long the stretch.
const LANDMARK_GAPS: usize = 10;
const SHORTEST_WINDOW: Duration = Duration::from_micros(20);

impl Axis {
    pub fn new(mode: AxisMode, story: &Story) -> Axis {
        Axis::of(mode, &story.moments, story.end, SLIM_FOLD)
    }

    /// With folds wide enough for the log strips of slim lanes.
    pub fn with_wide_folds(mode: AxisMode, story: &Story) -> Axis {
        Axis::of(mode, &story.moments, story.end, WIDE_FOLD)
    }

    /// Over moments of one's own, folds as wide as a page shows them.
    pub fn over(mode: AxisMode, moments: &[Moment], end: Time) -> Axis {
        Axis::of(mode, moments, end, WIDE_FOLD)
    }

    fn of(mode: AxisMode, moments: &[Moment], end: Time, fold: (f64, f64)) -> Axis {
        let end = end.nanos.max(1);
        let mut axis = Axis { mode, knots: vec![(0, 0.0)], folds: Vec::new(), fold };
        match mode {
            AxisMode::Time => axis.knots.push((end, 1000.0)),
            AxisMode::Events => {
                let mut place = 0.0;
                for moment in moments.iter().filter(|moment| 0 < moment.at.nanos && moment.at.nanos < end) {
                    place += 8.0;
                    axis.knots.push((moment.at.nanos, place));
                }
                axis.knots.push((end, place + 8.0));
            }
            AxisMode::Elastic => axis.stretch(moments, end),
        }
        axis
    }

    fn stretch(&mut self, moments: &[Moment], end: u64) {
        let inner = moments.iter().copied().filter(|moment| 0 < moment.at.nanos && moment.at.nanos < end);
        let plain = |nanos| Moment { at: Time { nanos }, is_send: false, is_landmark: false };
        // Room for as many as there can be, and no more: long runs have a hundred thousand.
        let mut stops: Vec<Moment> = Vec::with_capacity(moments.len() + 2);
        stops.extend([plain(0)].into_iter().chain(inner).chain([plain(end)]));
        self.knots.reserve_exact(stops.len() + MOST_FOLDS);
        let quiet = quiet(&stops, end);

        // Stretches between folds, each sized by itself.
        let mut start = 0;
        for at in 1..stops.len() {
            let (from, to) = (stops[at - 1].at, stops[at].at);
            if to.since(from) > quiet {
                self.busy(&stops[start..at]);
                self.fold(from, to, quiet);
                start = at;
            }
        }
        self.busy(&stops[start..]);
    }

    fn push(&mut self, nanos: u64, length: f64) {
        let &(last, place) = self.knots.last().expect("the first knot is there from the start");
        if nanos > last {
            self.knots.push((nanos, place + length));
        }
    }

    fn fold(&mut self, from: Time, to: Time, quiet: Duration) {
        let margin = quiet.nanos / 100;
        let inner = Fold { from: Time { nanos: from.nanos + margin }, to: Time { nanos: to.nanos - margin } };
        let ratio = inner.to.since(inner.from).nanos as f64 / QUIET.nanos as f64;
        self.push(inner.from.nanos, if from == Time::ZERO { 2.0 } else { MARGIN });
        let (least, most) = self.fold;
        self.push(inner.to.nanos, (least + 4.5 * ratio.max(1.0).ln()).min(most));
        self.push(to.nanos, MARGIN);
        self.folds.push(inner);
    }

    fn busy(&mut self, stops: &[Moment]) {
        let gaps = stops.len() - 1;
        let mut lengths: Vec<f64> = stops.windows(2).map(|pair| gap_length(pair[0], pair[1])).collect();
        // Only what lies far from any landmark gives way when there is too much of it.
        let mut near = vec![false; gaps];
        for (at, _) in stops.iter().enumerate().filter(|(_, stop)| stop.is_landmark) {
            near[at.saturating_sub(LANDMARK_GAPS)..(at + LANDMARK_GAPS).min(gaps)].fill(true);
        }
        let mut at = 0;
        while at < gaps {
            let end = near[at..].iter().position(|&other| other != near[at]).map_or(gaps, |run| at + run);
            let length: f64 = lengths[at..end].iter().sum();
            if !near[at] && length > FREE_LENGTH {
                let shrink = (FREE_LENGTH / length).powf(0.7);
                lengths[at..end].iter_mut().for_each(|gap| *gap *= shrink);
            }
            at = end;
        }
        for (stop, length) in stops[1..].iter().zip(lengths) {
            self.push(stop.at.nanos, length);
        }
    }

    /// The length of the whole axis.
    pub fn length(&self) -> f64 {
        self.knots.last().map_or(0.0, |knot| knot.1)
    }

    pub fn end(&self) -> Time {
        Time { nanos: self.knots.last().map_or(0, |knot| knot.0) }
    }

    pub fn place(&self, time: Time) -> f64 {
        let after = self.knots.partition_point(|knot| knot.0 <= time.nanos);
        match (self.knots.get(after.wrapping_sub(1)), self.knots.get(after)) {
            (Some(&(t0, p0)), Some(&(t1, p1))) => {
                p0 + (p1 - p0) * (time.nanos - t0) as f64 / (t1 - t0) as f64
            }
            (Some(&(_, last)), None) => last,
            (None, _) => 0.0,
        }
    }

    pub fn time(&self, place: f64) -> Time {
        let after = self.knots.partition_point(|knot| knot.1 <= place);
        let nanos = match (self.knots.get(after.wrapping_sub(1)), self.knots.get(after)) {
            (Some(&(t0, p0)), Some(&(t1, p1))) => {
                t0 + ((place - p0) / (p1 - p0) * (t1 - t0) as f64).round() as u64
            }
            (Some(&(last, _)), None) => last,
            (None, _) => 0,
        };
        Time { nanos }
    }

    pub fn whole(&self) -> TimeWindow {
        TimeWindow { from: Time::ZERO, to: self.end() }
    }

    /// Closer (`factor` below 1) or further away, with `about` staying where it is.
    pub fn zoom(&self, window: TimeWindow, about: Time, factor: f64) -> TimeWindow {
        let (from, to, pivot) = (self.place(window.from), self.place(window.to), self.place(about));
        let zoomed = self.between(pivot - (pivot - from) * factor, pivot + (to - pivot) * factor);
        if zoomed.to.since(zoomed.from) < SHORTEST_WINDOW && factor < 1.0 { window } else { zoomed }
    }

    /// By a part of the window's own width.
    pub fn pan(&self, window: TimeWindow, by: f64) -> TimeWindow {
        let (from, to) = (self.place(window.from), self.place(window.to));
        let by = (by * (to - from)).clamp(-from, self.length() - to);
        self.between(from + by, to + by)
    }

    /// The window, moved as little as shows `time` with some room beside it.
    pub fn reveal(&self, window: TimeWindow, time: Time) -> TimeWindow {
        let (from, to, at) = (self.place(window.from), self.place(window.to), self.place(time));
        let room = (to - from) * 0.1;
        if at < from + room {
            self.pan(window, (at - room - from) / (to - from))
        } else if at > to - room {
            self.pan(window, (at + room - to) / (to - from))
        } else {
            window
        }
    }

    fn between(&self, from: f64, to: f64) -> TimeWindow {
        TimeWindow { from: self.time(from.max(0.0)), to: self.time(to.min(self.length())) }
    }
}

fn quiet(stops: &[Moment], end: u64) -> Duration {
    let mut quiet = Duration::from_nanos(end / 60).max(QUIET);
    let gaps = |quiet: Duration| stops.windows(2).filter(|pair| pair[1].at.since(pair[0].at) > quiet).count();
    while gaps(quiet) > MOST_FOLDS {
        quiet = Duration::from_nanos(quiet.nanos / 2 * 3);
    }
    quiet
}

/// Grows slowly with the gap's length, up to that of 24 ms.
fn gap_length(from: Moment, to: Moment) -> f64 {
    let millis = (to.at.since(from.at).nanos as f64 / 1e6).clamp(0.002, 24.0);
    let room = if to.is_landmark || from.is_landmark {
        1.5
    } else if to.is_send || from.is_send {
        1.3
    } else {
        1.0
    };
    4.2 * millis.powf(0.45) * room
}

/// An axis between two edges of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Scale<'a> {
    pub axis: &'a Axis,
    pub window: TimeWindow,
    pub left: f32,
    pub right: f32,
    start: f64,
    per_place: f64,
}

impl<'a> Scale<'a> {
    pub fn new(axis: &'a Axis, window: TimeWindow, left: f32, right: f32) -> Scale<'a> {
        let start = axis.place(window.from);
        let length = (axis.place(window.to) - start).max(1e-9);
        Scale { axis, window, left, right, start, per_place: f64::from(right - left) / length }
    }

    pub fn x_from_time(&self, time: Time) -> f32 {
        self.left + ((self.axis.place(time) - self.start) * self.per_place) as f32
    }

    /// `x_from_time`, held between the edges.
    pub fn x_within(&self, time: Time) -> f32 {
        self.x_from_time(time).clamp(self.left, self.right)
    }

    pub fn time_from_x(&self, x: f32) -> Time {
        self.axis.time(self.start + f64::from(x - self.left) / self.per_place)
    }
}

#[cfg(test)]
mod tests {
    use ackscope_sim::time::Time;

    use super::{Axis, AxisMode, Moment, Scale};

    fn axis(mode: AxisMode, millis: &[u64], end: u64) -> Axis {
        let moment = |&at| Moment { at: Time::from_millis(at), is_send: false, is_landmark: false };
        let moments: Vec<Moment> = millis.iter().map(moment).collect();
        Axis::of(mode, &moments, Time::from_millis(end), super::SLIM_FOLD)
    }

    #[test]
    fn the_map_goes_there_and_back_on_every_axis() {
        for mode in AxisMode::ALL {
            let axis = axis(mode, &[0, 1, 2, 50, 9_000, 9_001, 9_002, 12_000], 12_400);
            let scale = Scale::new(&axis, axis.whole(), 100.0, 900.0);
            assert_eq!((scale.x_from_time(Time::ZERO), scale.x_from_time(axis.end())), (100.0, 900.0));
            let mut last = f32::MIN;
            for millis in (0..12_400).step_by(37) {
                let time = Time::from_millis(millis);
                let x = scale.x_from_time(time);
                assert!(x > last, "{mode:?} stands still at {time}");
                let back = scale.time_from_x(x).nanos.abs_diff(time.nanos);
                assert!(back < 2_000_000, "{mode:?} at {time} is off by {back} ns");
                last = x;
            }
        }
    }

    #[test]
    fn silence_folds_and_busy_milliseconds_get_room() {
        let axis = axis(AxisMode::Elastic, &[10, 12, 14, 9_000, 9_002], 9_003);
        assert_eq!(axis.folds.len(), 1);
        let fold = axis.place(axis.folds[0].to) - axis.place(axis.folds[0].from);
        assert!((30.0..46.1).contains(&fold), "{fold}");
        let busy = axis.place(Time::from_millis(14)) - axis.place(Time::from_millis(10));
        let quiet_second = fold / 9.0;
        assert!(busy > quiet_second, "4 ms take {busy}, a quiet second {quiet_second}");
    }

    #[test]
    fn a_long_load_leaves_room_for_the_rest() {
        let load: Vec<u64> = (0..5_000).chain([20_000, 20_001]).collect();
        let axis = axis(AxisMode::Elastic, &load, 20_010);
        assert!(axis.length() < 2_000.0, "{}", axis.length());
        assert!(axis.folds.len() == 1);
    }

    #[test]
    fn sparse_runs_do_not_fall_into_folds() {
        let sparse: Vec<u64> = (0..100).map(|second| second * 1_000).collect();
        assert!(axis(AxisMode::Elastic, &sparse, 100_000).folds.len() <= super::MOST_FOLDS);
    }

    #[test]
    fn zoom_keeps_the_time_under_the_pointer_and_pan_stays_inside() {
        let axis = axis(AxisMode::Elastic, &[10, 12, 14, 9_000, 9_002], 9_500);
        let about = Time::from_millis(12);
        let near = axis.zoom(axis.whole(), about, 0.25);
        let before = Scale::new(&axis, axis.whole(), 0.0, 800.0).x_from_time(about);
        let after = Scale::new(&axis, near, 0.0, 800.0).x_from_time(about);
        assert!((before - after).abs() < 0.5, "{before} became {after}");
        let pushed = axis.pan(near, -99.0);
        assert_eq!(pushed.from, Time::ZERO);
        assert_eq!(axis.zoom(near, about, 100.0), axis.whole());
        let shown = axis.reveal(near, Time::from_millis(9_001));
        assert!(shown.from < Time::from_millis(9_001) && Time::from_millis(9_001) < shown.to);
    }
}
