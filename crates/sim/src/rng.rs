//! Chance: one seeded generator per purpose, so that one more draw for one purpose does not reshuffle the others.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::time::Duration;

/// What a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Latency of messages.
    Network,
    /// Backoff jitter, phases of periodic work, metadata delays.
    Jitter,
    /// Sticky partitions, least loaded node.
    Partitioner,
    /// Spacing and keys of the application's records.
    Load,
}

const STREAMS: usize = 4;

#[derive(Clone, Debug)]
pub struct Rngs {
    streams: [Xoshiro256PlusPlus; STREAMS],
}

impl Rngs {
    pub fn new(seed: u64) -> Rngs {
        let mut place = 0;
        // The golden ratio keeps the seeds of neighbouring streams far apart.
        let streams = [(); STREAMS].map(|()| {
            place += 1;
            Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(place))
        });
        Rngs { streams }
    }

    /// A whole number below `bound` (which is not zero), evenly.
    pub fn below(&mut self, stream: Stream, bound: u64) -> u64 {
        let draw = self.streams[stream as usize].next_u64();
        // Multiply-shift: for the bounds used here (below 2^48) the bias is below 2^-16.
        ((u128::from(draw) * u128::from(bound)) >> 64) as u64
    }

    /// A span from `low` to `high`, both included, evenly.
    pub fn between(&mut self, stream: Stream, low: Duration, high: Duration) -> Duration {
        if low >= high {
            return low;
        }
        let spread = (high.nanos - low.nanos).saturating_add(1);
        Duration::from_nanos(low.nanos + self.below(stream, spread))
    }

    /// Exponentially distributed around `mean`, by whole-number arithmetic: -ln(u) from the position of the leading bit
    /// and a table-free quadratic for the rest (off by less than 0.5 %).
    pub fn exponential(&mut self, stream: Stream, mean: Duration) -> Duration {
        let draw = self.streams[stream as usize].next_u64() | 1;
        let zeros = u64::from(draw.leading_zeros());
        // fraction in [0, 2^32): the bits after the leading one
        let fraction = ((draw << zeros << 1) >> 32) & 0xffff_ffff;
        // log2(1 + f) ~ f + 0.344 f (1 - f), f in units of 2^-32
        let bent = (u128::from(fraction) * u128::from((1u64 << 32) - fraction)) >> 32;
        let log2 = fraction + ((bent * 1_477_468_750) >> 32) as u64;
        // -log2(u) = zeros + 1 - log2(1 + f)
        let minus_log2 = ((zeros + 1) << 32) - log2;
        // times ln 2
        let factor = u128::from(minus_log2) * 2_977_044_472;
        // With a mean of years there is no room for the product.
        let nanos = u128::from(mean.nanos).checked_mul(factor).map(|product| (product >> 64) as u64);
        nanos.map_or(Duration::MAX, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rngs, Stream};
    use crate::time::Duration;

    #[test]
    fn one_stream_does_not_disturb_another() {
        let (mut quiet, mut busy) = (Rngs::new(7), Rngs::new(7));
        (0..1000).for_each(|_| _ = busy.below(Stream::Network, 10));
        let draws = |rngs: &mut Rngs| (0..20).map(|_| rngs.below(Stream::Load, 1 << 40)).collect::<Vec<_>>();
        assert_eq!(draws(&mut quiet), draws(&mut busy));
    }

    #[test]
    fn spans_of_any_length_can_be_drawn() {
        let mut rngs = Rngs::new(1);
        for _ in 0..100 {
            assert!(rngs.between(Stream::Network, Duration::ZERO, Duration::MAX) <= Duration::MAX);
            assert!(rngs.exponential(Stream::Load, Duration::MAX) > Duration::ZERO);
        }
        assert_eq!(rngs.between(Stream::Network, Duration::MAX, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn exponential_has_its_mean_and_its_median() {
        let mut rngs = Rngs::new(1);
        let mut draws: Vec<u64> =
            (0..100_000).map(|_| rngs.exponential(Stream::Load, Duration::from_millis(10)).nanos).collect();
        let mean = draws.iter().sum::<u64>() / draws.len() as u64;
        draws.sort_unstable();
        let median = draws[draws.len() / 2];
        assert!(mean.abs_diff(10_000_000) < 150_000, "mean {mean}");
        assert!(median.abs_diff(6_931_472) < 150_000, "median {median}");
    }
}
