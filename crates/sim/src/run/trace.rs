//! What becomes of the happenings of a run: a trace's hash, or counters alone.

use std::hash::Hasher;

use crate::audit::Latency;
use crate::happening::{Fact, Happening};
use crate::protocol::Body;
use crate::time::Time;

/// What a sweep needs of a run, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    pub happenings: u64,
    pub offered: u64,
    pub acked: u64,
    pub failed: u64,
    pub batches: u64,
    pub batch_bytes: u64,
    pub produce_requests: u64,
    /// When each record was offered, by number; answered ones are taken over into `latencies`.
    offered_at: Vec<Time>,
    latencies: Vec<u64>,
    pub last_ack: Time,
}

impl Counters {
    pub fn count(&mut self, happening: &Happening) {
        self.happenings += 1;
        match &happening.fact {
            Fact::SendCalled { record } => {
                self.offered += 1;
                *grown(&mut self.offered_at, record.0) = happening.at;
            }
            Fact::Acknowledged { record, .. } => {
                self.acked += 1;
                self.last_ack = happening.at;
                self.latencies.push(happening.at.since(self.offered_at[record.0 as usize]).nanos);
            }
            Fact::SendFailed { .. } => self.failed += 1,
            Fact::BatchDrained { bytes, .. } => {
                self.batches += 1;
                self.batch_bytes += u64::from(*bytes);
            }
            Fact::MessageSent { envelope } if matches!(envelope.message.body, Body::ProduceRequest(_)) => {
                self.produce_requests += 1;
            }
            _ => {}
        }
    }

    pub fn latency(&mut self) -> Latency {
        Latency::of(&mut self.latencies)
    }
}

/// The entry of that number, made if need be.
pub(crate) fn grown<T: Clone + Default>(entries: &mut Vec<T>, number: u32) -> &mut T {
    let place = number as usize;
    if entries.len() <= place {
        entries.resize(place + 1, T::default());
    }
    &mut entries[place]
}

impl Latency {
    /// Exact percentiles of spans in nanoseconds; puts them into another order.
    pub fn of(nanos: &mut [u64]) -> Latency {
        let count = nanos.len();
        if count == 0 {
            return Latency::default();
        }
        // Each one is looked for among those that the one before has left above it.
        let mut below = 0;
        let mut at = |permille: usize| {
            let place = (count * permille).div_ceil(1_000).max(1) - 1;
            let (_, &mut found, _) = nanos[below..].select_nth_unstable(place - below);
            below = place;
            found / 1_000
        };
        Latency { count: count as u64, p50_us: at(500), p90_us: at(900), p99_us: at(990), max_us: at(1_000) }
    }
}

/// A 64-bit multiply-and-fold hash that gives the same result on every platform: all integers are taken as 64 bits,
/// whatever the size of `usize`. No wider product: WebAssembly has none.
#[derive(Clone, Debug)]
pub struct TraceHasher {
    state: u64,
}

impl Default for TraceHasher {
    fn default() -> TraceHasher {
        TraceHasher { state: 0x51_7c_c1_b7_27_22_0a_95 }
    }
}

impl Hasher for TraceHasher {
    fn finish(&self) -> u64 {
        self.state ^ (self.state >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.write_u64(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.write_u64(u64::from_le_bytes(last));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u64(&mut self, value: u64) {
        // The product carries every bit upwards, the fold carries the upper half down. Either can be undone, so that two
        // values never lead from one state to the same.
        let product = (self.state ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.state = product ^ (product >> 32);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        self.write_u64((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_i8(&mut self, value: i8) {
        self.write_u64(i64::from(value) as u64);
    }

    fn write_i16(&mut self, value: i16) {
        self.write_u64(i64::from(value) as u64);
    }

    fn write_i32(&mut self, value: i32) {
        self.write_u64(i64::from(value) as u64);
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{Hash, Hasher};

    use super::TraceHasher;
    use crate::audit::Latency;
    use crate::happening::{Cause, Fact, Happening};
    use crate::ids::{HappeningId, NodeId, Offset, Partition};
    use crate::time::Time;

    fn hash_of(value: impl Hash) -> u64 {
        let mut hasher = TraceHasher::default();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn hashes_are_the_same_on_every_platform() {
        // Fixed for ever: the browser must come to the same numbers.
        assert_eq!(hash_of((1_u8, -2_i32, 3_usize)), 0x1139_bae4_4c14_b3c9);
        assert_eq!(hash_of("acks"), 0xb286_eb15_75bc_f21c);
        assert_eq!(hash_of(vec![Some(Offset(7)), None]), 0x6971_0e71_7110_81ba);
    }

    #[test]
    fn one_nanosecond_changes_the_hash() {
        let of = |nanos, to| {
            let fact = Fact::HighWatermarkMoved { partition: Partition(0), from: Offset(0), to: Offset(to) };
            let (id, at, node) = (HappeningId(0), Time { nanos }, NodeId::World);
            hash_of(Happening { id, at, node, cause: Cause::NONE, fact })
        };
        assert_eq!(of(5, 1), of(5, 1));
        assert_ne!(of(5, 1), of(6, 1));
        assert_ne!(of(5, 1), of(5, 2));
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let mut spans: Vec<u64> = (1..=100).rev().map(|micros| micros * 1_000).collect();
        let latency = Latency::of(&mut spans);
        assert_eq!((latency.p50_us, latency.p90_us, latency.p99_us, latency.max_us), (50, 90, 99, 100));
        assert_eq!(Latency::of(&mut []).count, 0);
    }
}
