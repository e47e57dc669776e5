//! How simulated time passes on screen: busy milliseconds slowly enough to follow, silence quickly. Follows the elastic
//! axis, so that the playhead moves evenly, and faster through folds.

use ackscope_scene::axis::Axis;
use ackscope_sim::time::Time;

/// Places of the elastic axis per second of watching, where something happens and in folds.
const BUSY_SPEED: f64 = 26.0;
const FOLD_SPEED: f64 = 75.0;

#[derive(Clone, Debug)]
pub struct Pace {
    axis: Axis,
    /// (second of watching, place on the axis), both ascending.
    knots: Vec<(f64, f64)>,
}

impl Pace {
    /// `axis` is the elastic one.
    pub fn new(axis: Axis) -> Pace {
        let mut knots = vec![(0.0, 0.0)];
        let mut go_to = |place: f64, speed: f64| {
            let (second, last) = knots[knots.len() - 1];
            if place > last {
                knots.push((second + (place - last) / speed, place));
            }
        };
        for fold in &axis.folds {
            go_to(axis.place(fold.from), BUSY_SPEED);
            go_to(axis.place(fold.to), FOLD_SPEED);
        }
        go_to(axis.length(), BUSY_SPEED);
        Pace { axis, knots }
    }

    pub fn end(&self) -> Time {
        self.axis.end()
    }

    /// Where we are after so many seconds of watching.
    pub fn time_at(&self, second: f64) -> Time {
        self.axis.time(along(&self.knots, second))
    }

    /// After how many seconds of watching we get there.
    pub fn second_at(&self, time: Time) -> f64 {
        let turned: Vec<(f64, f64)> = self.knots.iter().map(|&(second, place)| (place, second)).collect();
        along(&turned, self.axis.place(time))
    }
}

/// A piecewise-linear function through `knots`, held at its ends.
fn along(knots: &[(f64, f64)], x: f64) -> f64 {
    let after = knots.partition_point(|knot| knot.0 <= x);
    match (knots.get(after.wrapping_sub(1)), knots.get(after)) {
        (Some(&(x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some(&(_, last)), None) => last,
        (None, _) => knots.first().map_or(0.0, |knot| knot.1),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ackscope_scene::axis::{Axis, AxisMode};
    use ackscope_scene::story::Moment;
    use ackscope_sim::time::Time;

    use super::Pace;

    pub fn pace(moments: &[u64], end: u64) -> Pace {
        let moment = |&at| Moment { at: Time::from_millis(at), is_send: false, is_landmark: false };
        let moments: Vec<Moment> = moments.iter().map(moment).collect();
        Pace::new(Axis::over(AxisMode::Elastic, &moments, Time::from_millis(end)))
    }

    #[test]
    fn a_long_silence_passes_in_about_a_second() {
        let pace = pace(&[10, 12, 14, 9_000, 9_002], 9_003);
        let silence = pace.second_at(Time::from_millis(8_990)) - pace.second_at(Time::from_millis(30));
        assert!((0.2..1.2).contains(&silence), "{silence} s for nine");
        let busy = pace.second_at(Time::from_millis(14)) - pace.second_at(Time::from_millis(10));
        assert!(busy > 0.3, "{busy} s for four busy milliseconds");
    }

    #[test]
    fn the_two_directions_agree_and_hold_at_the_ends() {
        let pace = pace(&[10, 12, 14, 9_000, 9_002], 9_003);
        for millis in [0, 11, 500, 8_000, 9_001, 9_003] {
            let time = Time::from_millis(millis);
            let back = pace.time_at(pace.second_at(time)).nanos.abs_diff(time.nanos);
            assert!(back < 1_000, "{time} is off by {back} ns");
        }
        assert_eq!(pace.time_at(1e9), pace.end());
        assert_eq!(pace.time_at(-1.0), Time::ZERO);
    }
}
