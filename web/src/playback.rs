//! Where in the run we stand and how we move through it. Knows times and events, nothing of what they mean.

use ackscope_scene::timeline::Stretch;
use ackscope_sim::time::Time;

use crate::pace::Pace;

/// A place in the run: a moment, and how many of its events have been seen. Events of one moment are stepped through
/// one by one, so the moment alone does not say where we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub time: Time,
    /// Events up to here, of `Playback::events`.
    pub seen: usize,
}

/// Playback speeds, slowest first: factor and name.
pub const SPEEDS: [(f64, &str); 4] = [(0.25, "¼×"), (1.0, "1×"), (4.0, "4×"), (16.0, "16×")];
const NORMAL_SPEED: usize = 1;

#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    pub position: Position,
    pub playing: bool,
    /// Index into `SPEEDS`.
    pub speed: usize,
    /// The furthest moment that this run has been watched to.
    pub reached: Time,
    /// What is played again and again.
    pub repeated: Option<Stretch>,
    /// Seconds of screen time since the start at normal speed, kept apart from `position` so that short frames add up.
    screen: f64,
}

impl Default for Playback {
    fn default() -> Playback {
        Playback {
            position: Position::default(),
            playing: false,
            speed: NORMAL_SPEED,
            reached: Time::ZERO,
            repeated: None,
            screen: 0.0,
        }
    }
}

impl Playback {
    /// At the start, paused.
    pub fn at_speed(speed: usize) -> Playback {
        Playback { speed, ..Playback::default() }
    }

    /// `events`: the times of all events of the run, ascending.
    pub fn step(&mut self, events: &[Time], by: isize) {
        self.playing = false;
        let seen = self.position.seen.saturating_add_signed(by).min(events.len());
        let time = seen.checked_sub(1).map_or(Time::ZERO, |last| events[last]);
        self.stand_at(Position { time, seen });
    }

    pub fn seek(&mut self, events: &[Time], time: Time) {
        // The start is before everything, also before what happens at time zero.
        let seen = if time == Time::ZERO { 0 } else { events.partition_point(|&event| event <= time) };
        self.stand_at(Position { time, seen });
    }

    /// `seconds` of real time have passed.
    pub fn advance(&mut self, events: &[Time], pace: &Pace, seconds: f64) {
        if !self.playing {
            return;
        }
        if pace.time_at(self.screen) != self.position.time {
            self.screen = pace.second_at(self.position.time);
        }
        self.screen += seconds * SPEEDS[self.speed].0;
        let time = pace.time_at(self.screen).max(self.position.time);
        let screen = self.screen;
        self.seek(events, time);
        self.screen = screen;
        match self.repeated {
            Some(stretch) if time >= stretch.to => self.seek(events, stretch.from),
            _ if time >= pace.end() => self.playing = false,
            _ => {}
        }
    }

    /// Where playing begins anew, where there is nothing further to play.
    pub fn begin(&mut self, events: &[Time], pace: &Pace) {
        let (start, stop) = match self.repeated {
            Some(Stretch { from, to }) => (from, to),
            None => (Time::ZERO, pace.end()),
        };
        if self.position.time >= stop {
            self.seek(events, start);
        }
    }

    /// One edge of what is repeated; the other one stays where it can, else it goes to the run's.
    pub fn repeat_from(&mut self, left: bool, time: Time, end: Time) {
        let Stretch { from, to } = self.repeated.unwrap_or(Stretch { from: Time::ZERO, to: end });
        let time = time.min(end);
        let stretch = match left {
            true => Stretch { from: time, to: if time < to { to } else { end } },
            false => Stretch { from: if from < time { from } else { Time::ZERO }, to: time },
        };
        if stretch.from < stretch.to {
            self.repeated = Some(stretch);
        }
    }

    fn stand_at(&mut self, position: Position) {
        self.position = position;
        self.reached = self.reached.max(position.time);
    }
}

#[cfg(test)]
mod tests {
    use super::{Playback, Position, Stretch};
    use crate::pace::tests::pace;
    use ackscope_sim::time::Time;

    fn times(millis: &[u64]) -> Vec<Time> {
        millis.iter().map(|&millis| Time::from_millis(millis)).collect()
    }

    #[test]
    fn events_of_one_moment_are_stepped_through_one_by_one() {
        let events = times(&[5, 5, 9]);
        let mut playback = Playback::default();
        let mut places = Vec::new();
        for _ in 0..4 {
            playback.step(&events, 1);
            places.push((playback.position.time.as_millis(), playback.position.seen));
        }
        assert_eq!(places, [(5, 1), (5, 2), (9, 3), (9, 3)]);
        playback.step(&events, -1);
        assert_eq!(playback.position, Position { time: Time::from_millis(5), seen: 2 });
        playback.step(&events, -10);
        assert_eq!(playback.position, Position::default());
    }

    #[test]
    fn seeking_counts_everything_up_to_the_moment() {
        let events = times(&[5, 5, 9]);
        let mut playback = Playback::default();
        playback.seek(&events, Time::from_millis(7));
        assert_eq!(playback.position.seen, 2);
        assert_eq!(playback.reached, Time::from_millis(7));
        playback.seek(&events, Time::ZERO);
        assert_eq!(playback.reached, Time::from_millis(7), "what was seen stays seen");
    }

    #[test]
    fn playing_ends_at_the_end_however_short_the_frames() {
        let events = times(&[5, 9]);
        let pace = pace(&[5, 9], 10);
        let mut playback = Playback { playing: true, ..Playback::default() };
        let (mut frames, needed) = (0.0, pace.second_at(pace.end()) / 0.001);
        while playback.playing {
            playback.advance(&events, &pace, 0.001);
            frames += 1.0;
            assert!(frames < needed + 2.0, "it never ends");
        }
        assert!(frames > needed - 2.0, "{frames} frames, {needed} needed");
        assert_eq!(playback.position, Position { time: Time::from_millis(10), seen: 2 });
    }

    #[test]
    fn a_repeated_stretch_is_played_from_its_beginning_to_its_end_and_again() {
        let events = times(&[2, 5, 9]);
        let pace = pace(&[2, 5, 9], 10);
        let stretch = Stretch { from: Time::from_millis(2), to: Time::from_millis(6) };
        let mut playback = Playback { playing: true, repeated: Some(stretch), ..Playback::default() };
        let mut rounds = 0;
        for _ in 0..20_000 {
            let before = playback.position.time;
            playback.advance(&events, &pace, 0.002);
            assert!(playback.playing && playback.position.time < stretch.to);
            if playback.position.time < before {
                assert_eq!(playback.position.time, stretch.from);
                rounds += 1;
            }
        }
        assert!(rounds > 2, "{rounds}");
        playback.seek(&events, Time::from_millis(8));
        playback.begin(&events, &pace);
        assert_eq!(playback.position.time, stretch.from);
    }

    #[test]
    fn an_edge_of_what_is_repeated_that_passes_the_other_pushes_it_to_the_end() {
        let (end, at) = (Time::from_millis(10), Time::from_millis);
        let mut playback = Playback::default();
        let mut set = |left, time| {
            playback.repeat_from(left, at(time), end);
            playback.repeated.map(|Stretch { from, to }| (from.as_millis(), to.as_millis()))
        };
        assert_eq!(set(true, 3), Some((3, 10)));
        assert_eq!(set(false, 6), Some((3, 6)));
        assert_eq!(set(true, 8), Some((8, 10)));
        assert_eq!(set(false, 5), Some((0, 5)));
        assert_eq!(set(false, 0), Some((0, 5)), "nothing cannot be repeated");
    }

    #[test]
    fn playing_goes_on_from_where_we_jumped_to() {
        let events = times(&[5, 9]);
        let pace = pace(&[5, 9], 10);
        let mut playback = Playback { playing: true, ..Playback::default() };
        playback.advance(&events, &pace, 0.1);
        playback.seek(&events, Time::from_millis(8));
        playback.advance(&events, &pace, 0.05);
        let expected = pace.time_at(pace.second_at(Time::from_millis(8)) + 0.05);
        assert!(playback.position.time.nanos.abs_diff(expected.nanos) < 1_000);
    }
}
