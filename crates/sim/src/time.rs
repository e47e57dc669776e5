//! Simulated time: whole nanoseconds, so that native and wasm agree to the last bit.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

/// A moment: nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time {
    pub nanos: u64,
}

/// A span of simulated time. What is longer than 584 years is cut there: a span that a setting gives never wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration {
    pub nanos: u64,
}

impl Time {
    pub const ZERO: Time = Time { nanos: 0 };
    /// Later than anything that happens.
    pub const NEVER: Time = Time { nanos: u64::MAX };

    pub const fn from_millis(millis: u64) -> Time {
        Time { nanos: millis.saturating_mul(1_000_000) }
    }

    /// The whole milliseconds that a client's clock would show.
    pub const fn as_millis(self) -> u64 {
        self.nanos / 1_000_000
    }

    /// How long ago `earlier` was; zero where it lies in the future.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration { nanos: self.nanos.saturating_sub(earlier.nanos) }
    }
}

impl Duration {
    pub const ZERO: Duration = Duration { nanos: 0 };
    pub const MAX: Duration = Duration { nanos: u64::MAX };

    pub const fn from_nanos(nanos: u64) -> Duration {
        Duration { nanos }
    }

    pub const fn from_micros(micros: u64) -> Duration {
        Duration { nanos: micros.saturating_mul(1_000) }
    }

    pub const fn from_millis(millis: u64) -> Duration {
        Duration { nanos: millis.saturating_mul(1_000_000) }
    }

    pub const fn from_secs(secs: u64) -> Duration {
        Duration { nanos: secs.saturating_mul(1_000_000_000) }
    }

    pub const fn as_millis(self) -> u64 {
        self.nanos / 1_000_000
    }

    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    pub const fn saturating_sub(self, other: Duration) -> Duration {
        Duration { nanos: self.nanos.saturating_sub(other.nanos) }
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, span: Duration) -> Time {
        Time { nanos: self.nanos.saturating_add(span.nanos) }
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration { nanos: self.nanos.saturating_add(other.nanos) }
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Duration) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Duration;
    /// Panics below zero: a negative span is a bug.
    fn sub(self, other: Duration) -> Duration {
        Duration { nanos: self.nanos.checked_sub(other.nanos).expect("a span below zero") }
    }
}

impl Mul<u64> for Duration {
    type Output = Duration;
    fn mul(self, times: u64) -> Duration {
        Duration { nanos: self.nanos.saturating_mul(times) }
    }
}

impl Div<u64> for Duration {
    type Output = Duration;
    fn div(self, parts: u64) -> Duration {
        Duration { nanos: self.nanos / parts }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.nanos / 1_000_000_000, self.nanos / 1_000_000 % 1_000)
    }
}

impl fmt::Display for Duration {
    /// The unit that a person would choose: µs below a millisecond, then ms, then s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.nanos;
        if nanos == 0 {
            write!(f, "0 ms")
        } else if nanos < 1_000_000 {
            write!(f, "{} µs", nanos / 1_000)
        } else if nanos < 10_000_000 {
            write!(f, "{}.{} ms", nanos / 1_000_000, nanos / 100_000 % 10)
        } else if nanos < 1_000_000_000 {
            write!(f, "{} ms", nanos / 1_000_000)
        } else {
            write!(f, "{}.{} s", nanos / 1_000_000_000, nanos / 100_000_000 % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Time};

    /// `max.block.ms` and its like take any long.
    #[test]
    fn what_is_too_long_is_cut_and_does_not_wrap() {
        for millis in [18_446_744_073_710, i64::MAX as u64, u64::MAX] {
            assert_eq!(Duration::from_millis(millis), Duration::MAX);
            assert_eq!(Time::from_millis(millis), Time::NEVER);
            assert_eq!(Duration::from_secs(millis), Duration::MAX);
            assert_eq!(Time::from_millis(1) + Duration::from_millis(millis), Time::NEVER);
        }
        assert_eq!(Duration::from_micros(u64::MAX), Duration::MAX);
        assert_eq!(Duration::from_millis(18_446_744_073_709).as_millis(), 18_446_744_073_709);
    }
}
