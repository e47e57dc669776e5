//! Chance: a generator of its own for each purpose of each node, link and load, so that what is added to a scenario does not
//! reshuffle what was there before.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng};

use crate::ids::{ClientId, MachineId, NodeId};
use crate::time::Duration;

/// What a node draws for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Backoff jitter, phases of periodic work, metadata delays.
    Jitter,
    /// Sticky partitions, least loaded node.
    Partitioner,
}

/// Who draws, and what for: each has a generator of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Node(NodeId, Stream),
    /// Latency of messages, one way.
    Path(MachineId, MachineId),
    /// Spacing and keys of the records of an application's first load, its second one, …
    Load(ClientId, u32),
}

impl Purpose {
    /// A number that no other purpose has.
    fn key(self) -> u64 {
        match self {
            Purpose::Node(node, stream) => {
                let (kind, number) = match node {
                    NodeId::World => (0, 0),
                    NodeId::Controller => (1, 0),
                    NodeId::Broker(id) => (2, id.0),
                    NodeId::Producer(client) => (3, client.0.into()),
                    NodeId::Consumer(client) => (4, client.0.into()),
                };
                1 << 56 | kind << 40 | u64::from(number) << 8 | stream as u64
            }
            Purpose::Path(from, to) => 2 << 56 | u64::from(from.0) << 16 | u64::from(to.0),
            Purpose::Load(client, place) => 3 << 56 | u64::from(client.0) << 32 | u64::from(place),
        }
    }
}

/// One generator.
#[derive(Clone, Debug)]
pub struct Rng(SplitMix64);

impl Rng {
    pub fn new(seed: u64, purpose: Purpose) -> Rng {
        // Each key is mixed, so that the seeds of neighbours lie far apart.
        let mixed = SplitMix64::seed_from_u64(purpose.key()).next_u64();
        Rng(SplitMix64::seed_from_u64(seed ^ mixed))
    }

    /// A whole number below `bound` (which is not zero), evenly.
    pub fn below(&mut self, bound: u64) -> u64 {
        let draw = self.0.next_u64();
        // Multiply-shift: for the bounds used here (below 2^48) the bias is below 2^-16.
        ((u128::from(draw) * u128::from(bound)) >> 64) as u64
    }

    /// A span from `low` to `high`, both included, evenly.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        if low >= high {
            return low;
        }
        let spread = (high.nanos - low.nanos).saturating_add(1);
        Duration::from_nanos(low.nanos + self.below(spread))
    }

    /// Exponentially distributed around `mean`, by whole-number arithmetic: -ln(u) from the position of the leading bit
    /// and a table-free quadratic for the rest (off by less than 0.5 %).
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let draw = self.0.next_u64() | 1;
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
    use std::collections::BTreeSet;

    use super::{Purpose, Rng, Stream};
    use crate::ids::{BrokerId, ClientId, MachineId, NodeId};
    use crate::time::Duration;

    #[test]
    fn everybody_draws_for_himself() {
        let nodes = [
            NodeId::World,
            NodeId::Controller,
            NodeId::Broker(BrokerId(1)),
            NodeId::Broker(BrokerId(2)),
            NodeId::Producer(ClientId(1)),
            NodeId::Consumer(ClientId(1)),
        ];
        let nodes = nodes
            .into_iter()
            .flat_map(|node| [Stream::Jitter, Stream::Partitioner].map(|stream| Purpose::Node(node, stream)));
        let paths =
            (0..3).flat_map(|from| (0..3).map(move |to| Purpose::Path(MachineId(from), MachineId(to))));
        let loads = (0..5).flat_map(|place| [0, 1].map(|client| Purpose::Load(ClientId(client), place)));
        let purposes: Vec<Purpose> = nodes.chain(paths).chain(loads).collect();
        for seed in [0, 1, 2, u64::MAX] {
            let first: BTreeSet<u64> =
                purposes.iter().map(|&purpose| Rng::new(seed, purpose).below(u64::MAX)).collect();
            assert_eq!(first.len(), purposes.len(), "seed {seed}");
        }
    }

    fn load() -> Rng {
        Rng::new(1, Purpose::Load(ClientId(0), 0))
    }

    #[test]
    fn spans_of_any_length_can_be_drawn() {
        let mut rng = load();
        for _ in 0..100 {
            assert!(rng.between(Duration::ZERO, Duration::MAX) <= Duration::MAX);
            assert!(rng.exponential(Duration::MAX) > Duration::ZERO);
        }
        assert_eq!(rng.between(Duration::MAX, Duration::MAX), Duration::MAX);
    }

    #[test]
    fn exponential_has_its_mean_and_its_median() {
        let mut rng = load();
        let mut draws: Vec<u64> =
            (0..100_000).map(|_| rng.exponential(Duration::from_millis(10)).nanos).collect();
        let mean = draws.iter().sum::<u64>() / draws.len() as u64;
        draws.sort_unstable();
        let median = draws[draws.len() / 2];
        assert!(mean.abs_diff(10_000_000) < 150_000, "mean {mean}");
        assert!(median.abs_diff(6_931_472) < 150_000, "median {median}");
    }
}
