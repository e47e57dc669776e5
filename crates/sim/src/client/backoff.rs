//! Kafka's exponential backoff: doubling, capped, ±20 % (producer.md §4.9, C5). For retries, reconnects, connection
//! set-up and metadata alike.

use crate::config::TURN;
use crate::rng::Stream;
use crate::time::Duration;
use crate::world::context::Context;

#[derive(Clone, Copy, Debug)]
pub(crate) struct ExponentialBackoff {
    pub initial: Duration,
    pub max: Duration,
}

impl ExponentialBackoff {
    /// After `attempts` failures. Whole milliseconds; without jitter where it cannot grow. What chance makes of 1 ms may be
    /// none: the loop's own turn then.
    pub fn draw(self, cx: &mut Context, attempts: u32) -> Duration {
        if self.initial >= self.max {
            return self.max;
        }
        let doubled = self.initial.nanos.saturating_mul(1 << attempts.min(32));
        let term = doubled.min(self.max.nanos);
        let (low, high) = (term / 10 * 8, (term / 10).saturating_mul(12).saturating_sub(1));
        let drawn = cx.draw(Stream::Jitter, Duration::from_nanos(low), Duration::from_nanos(high.max(low)));
        Duration::from_millis(drawn.as_millis()).max(TURN).min(self.max)
    }
}
