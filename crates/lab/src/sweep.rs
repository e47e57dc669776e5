//! The batching sweep: one workload under every `linger.ms` × `batch.size` of a grid. Results come one by one, first the
//! corners, then ever finer, always in the same order, so that a chart fills in while it is computed.

use ackscope_sim::run::{Counted, count};
use ackscope_sim::script::{Action, Trigger};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::{Duration, Time};
use serde::{Deserialize, Serialize};

/// The settings to try, each in rising order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    pub lingers: Vec<Duration>,
    pub batch_sizes: Vec<u32>,
}

impl Default for Grid {
    /// Kafka's defaults, 5 ms and 16384, are among them.
    fn default() -> Grid {
        Grid {
            lingers: [0, 1, 2, 5, 10, 20, 50, 100].map(Duration::from_millis).to_vec(),
            batch_sizes: [1, 4, 8, 16, 32, 64, 128, 256].map(|kib| kib * 1024).to_vec(),
        }
    }
}

impl Grid {
    pub fn len(&self) -> usize {
        self.lingers.len() * self.batch_sizes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every (linger, batch size) place, coarse to fine.
    pub fn order(&self) -> Vec<(usize, usize)> {
        let (lingers, sizes) = (levels(self.lingers.len()), levels(self.batch_sizes.len()));
        let mut order: Vec<(usize, usize)> = (0..self.lingers.len())
            .flat_map(|linger| (0..self.batch_sizes.len()).map(move |size| (linger, size)))
            .collect();
        order.sort_by_key(|&(linger, size)| (lingers[linger].max(sizes[size]), linger, size));
        order
    }
}

/// How often a row must be halved to come upon each place: 0 for both ends.
fn levels(count: usize) -> Vec<u32> {
    let mut levels = vec![u32::MAX; count];
    let Some(last) = count.checked_sub(1) else { return levels };
    (levels[0], levels[last]) = (0, 0);
    let mut spans = vec![(0, last)];
    for level in 1.. {
        spans.retain(|(from, to)| to - from > 1);
        if spans.is_empty() {
            break;
        }
        spans = spans
            .into_iter()
            .flat_map(|(from, to)| {
                let middle = (from + to) / 2;
                levels[middle] = level;
                [(from, middle), (middle, to)]
            })
            .collect();
    }
    levels
}

/// What came out under one pair of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Places in the grid.
    pub linger: u16,
    pub batch_size: u16,
    pub linger_us: u64,
    pub batch_size_bytes: u32,
    /// From the first `send()` on.
    pub took_us: u64,
    pub counted: Counted,
    /// Acknowledged records per second when everything is sent flat out, if that was asked for.
    pub capacity: Option<u64>,
}

impl Measured {
    /// Acknowledged records per second.
    pub fn records_per_second(&self) -> u64 {
        per_second(self.counted.acked, self.took_us)
    }

    pub fn requests_per_second(&self) -> u64 {
        per_second(self.counted.produce_requests, self.took_us)
    }

    /// Tenths of a record, on average.
    pub fn records_per_batch_tenths(&self) -> u64 {
        self.counted.acked * 10 / self.counted.batches.max(1)
    }

    pub fn bytes_per_batch(&self) -> u64 {
        self.counted.batch_bytes / self.counted.batches.max(1)
    }
}

/// When the first record is offered, where the script says so by the clock.
fn lead_in(spec: &Spec) -> Duration {
    let first = spec.script.iter().filter_map(|entry| match (&entry.action, &entry.when) {
        (Action::Load(_) | Action::Send { .. }, Trigger::At(time)) => Some(*time),
        _ => None,
    });
    first.min().map_or(Duration::ZERO, |time| time.since(Time::ZERO))
}

fn per_second(count: u64, micros: u64) -> u64 {
    count * 1_000_000 / micros.max(1)
}

/// An iterator over the grid: each step is a run.
#[derive(Clone, Debug)]
pub struct Sweep {
    base: Spec,
    flat_out: Option<Spec>,
    grid: Grid,
    order: std::vec::IntoIter<(usize, usize)>,
}

impl Sweep {
    /// `base` decides everything but the two settings, which every producer gets.
    pub fn new(base: Spec, grid: Grid) -> Sweep {
        let order = grid.order().into_iter();
        Sweep { base, flat_out: None, grid, order }
    }

    /// Has each pair of settings carry this as well, to see how much goes at most.
    #[must_use]
    pub fn with_flat_out(self, flat_out: Spec) -> Sweep {
        Sweep { flat_out: Some(flat_out), ..self }
    }

    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The run at one place of the grid, to be looked at by itself.
    pub fn spec(&self, linger: usize, batch_size: usize) -> Spec {
        self.with_settings(&self.base, linger, batch_size)
    }

    fn with_settings(&self, base: &Spec, linger: usize, batch_size: usize) -> Spec {
        let mut spec = base.clone();
        for producer in &mut spec.producers {
            if let Ok(config) = &mut producer.config {
                config.linger = self.grid.lingers[linger];
                config.batch_size = self.grid.batch_sizes[batch_size];
            }
        }
        spec
    }

    fn measure(&self, linger: usize, batch_size: usize) -> Measured {
        let counted = count(self.spec(linger, batch_size));
        let capacity = self.flat_out.as_ref().map(|flat_out| {
            let most = count(self.with_settings(flat_out, linger, batch_size));
            per_second(most.acked, most.duration.saturating_sub(lead_in(flat_out)).nanos / 1_000)
        });
        Measured {
            linger: linger as u16,
            batch_size: batch_size as u16,
            linger_us: self.grid.lingers[linger].nanos / 1_000,
            batch_size_bytes: self.grid.batch_sizes[batch_size],
            took_us: counted.duration.saturating_sub(lead_in(&self.base)).nanos / 1_000,
            counted,
            capacity,
        }
    }

    /// The settings that the base itself has, if they are on the grid.
    pub fn present(&self) -> Option<(usize, usize)> {
        let producer = self.base.producers.first()?;
        let config = producer.config.as_ref().ok()?;
        let linger = self.grid.lingers.iter().position(|&linger| linger == config.linger)?;
        let size = self.grid.batch_sizes.iter().position(|&size| size == config.batch_size)?;
        Some((linger, size))
    }
}

impl Iterator for Sweep {
    type Item = Measured;

    fn next(&mut self) -> Option<Measured> {
        let (linger, batch_size) = self.order.next()?;
        Some(self.measure(linger, batch_size))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.order.size_hint()
    }
}

impl ExactSizeIterator for Sweep {}

/// The measured settings that no other beats: whatever has a lower `cost` than one of them gives less `gain`.
/// By rising cost.
pub fn frontier<T: Copy>(measured: &[T], cost: impl Fn(&T) -> u64, gain: impl Fn(&T) -> u64) -> Vec<T> {
    let mut sorted: Vec<T> = measured.to_vec();
    sorted.sort_by_key(|one| (cost(one), std::cmp::Reverse(gain(one))));
    let mut best = None;
    sorted.retain(|one| {
        let better = best.is_none_or(|best| gain(one) > best);
        if better {
            best = Some(gain(one));
        }
        better
    });
    sorted
}

#[cfg(test)]
mod tests {
    use ackscope_sim::time::Duration;

    use super::{Grid, Sweep, frontier};
    use crate::workload::{Pace, Workload};

    fn small() -> Workload {
        Workload { producers: 2, records: 150, pace: Pace::PerSecond(2_000), ..Workload::default() }
    }

    fn grid() -> Grid {
        Grid { lingers: [0, 5, 40].map(Duration::from_millis).to_vec(), batch_sizes: vec![1_024, 65_536] }
    }

    #[test]
    fn the_grid_is_walked_from_coarse_to_fine_and_each_place_once() {
        let order = Grid::default().order();
        assert_eq!(order[..4], [(0, 0), (0, 7), (7, 0), (7, 7)]);
        assert!(order[4..9].contains(&(3, 3)));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 64);
    }

    #[test]
    fn lingering_makes_batches_longer_and_answers_later() {
        let mut sweep = Sweep::new(small().spec(), grid());
        assert_eq!(sweep.len(), 6);
        let measured: Vec<_> = sweep.by_ref().collect();
        assert_eq!(sweep.len(), 0);
        let at = |linger, size| {
            *measured.iter().find(|one| (one.linger, one.batch_size) == (linger, size)).expect("on the grid")
        };
        for one in &measured {
            assert_eq!((one.counted.offered, one.counted.acked), (300, 300));
        }
        let (eager, patient) = (at(0, 1), at(2, 1));
        assert!(patient.counted.latency.p50_us > eager.counted.latency.p50_us + 10_000, "{measured:?}");
        assert!(patient.records_per_batch_tenths() > 2 * eager.records_per_batch_tenths());
        assert!(patient.requests_per_second() < eager.requests_per_second());
        // Small batches are full before they have waited that long.
        assert!(at(2, 0).counted.latency.p50_us < patient.counted.latency.p50_us);
    }

    #[test]
    fn the_same_sweep_twice_is_the_same() {
        let run = || Sweep::new(small().spec(), grid()).collect::<Vec<_>>();
        assert_eq!(run(), run());
    }

    #[test]
    fn larger_batches_carry_more_when_everything_is_sent_flat_out() {
        let workload = Workload { records: 1_500, ..small() };
        let grid = Grid { lingers: vec![Duration::ZERO], batch_sizes: vec![1_024, 65_536] };
        let sweep = Sweep::new(workload.spec(), grid).with_flat_out(workload.flat_out().spec());
        let capacities: Vec<u64> = sweep.filter_map(|one| one.capacity).collect();
        assert!(capacities[1] > 2 * capacities[0], "{capacities:?}");
    }

    #[test]
    fn the_frontier_holds_what_nothing_else_beats() {
        let points = [(3, 10), (1, 5), (2, 4), (4, 10), (5, 30), (1, 6)];
        assert_eq!(frontier(&points, |p| p.0, |p| p.1), [(1, 6), (3, 10), (5, 30)]);
    }
}
