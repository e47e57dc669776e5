//! The group `producer-metrics` under Kafka's names (producer.md §9): whole numbers in the state, fractions only when
//! somebody looks.

use serde::{Serialize, Serializer};

use crate::time::{Duration, Time};

/// `metrics.sample.window.ms` and `metrics.num.samples`.
const WINDOW: Duration = Duration::from_secs(30);
const SAMPLES: usize = 2;

#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    began: Time,
    sum: u64,
    count: u64,
    max: u64,
}

/// A measured stat over the last two windows, with its total over all time.
#[derive(Clone, Debug, Default)]
pub(super) struct Sampled {
    /// None: not begun.
    samples: [Option<Sample>; SAMPLES],
    current: usize,
    total: u64,
}

impl Sampled {
    pub fn record(&mut self, now: Time, value: u64) {
        let fresh = Sample { began: now, ..Sample::default() };
        if self.samples[self.current].is_some_and(|sample| now.since(sample.began) >= WINDOW) {
            self.current = (self.current + 1) % SAMPLES;
            self.samples[self.current] = Some(fresh);
        }
        let sample = self.samples[self.current].get_or_insert(fresh);
        sample.sum += value;
        sample.count += 1;
        sample.max = sample.max.max(value);
        self.total += value;
    }

    /// Samples that are not out of date.
    fn retained(&self, now: Time) -> impl Iterator<Item = &Sample> {
        self.samples.iter().flatten().filter(move |sample| now.since(sample.began) < WINDOW * SAMPLES as u64)
    }

    fn avg(&self, now: Time, scale: f64) -> f64 {
        let (sum, count) =
            self.retained(now).fold((0, 0), |(sum, count), sample| (sum + sample.sum, count + sample.count));
        if count == 0 { f64::NAN } else { sum as f64 / count as f64 / scale }
    }

    fn max(&self, now: Time) -> f64 {
        let retained = self.retained(now).filter(|sample| sample.count > 0);
        retained.map(|sample| sample.max).max().map_or(f64::NAN, |max| max as f64)
    }

    /// Per second, over at least one full window and the current partial one.
    fn rate(&self, now: Time) -> f64 {
        let sum: u64 = self.retained(now).map(|sample| sample.sum).sum();
        let oldest = self.retained(now).map(|sample| sample.began).min().unwrap_or(now);
        let elapsed = now.since(oldest);
        let missing = (SAMPLES as u64 - 1).saturating_sub(elapsed.nanos / WINDOW.nanos);
        let elapsed = elapsed + WINDOW * missing;
        sum as f64 * 1e9 / elapsed.nanos as f64
    }

    fn total(&self) -> f64 {
        self.total as f64
    }
}

/// Millionths, for ratios.
pub(super) const MILLIONTHS: f64 = 1e6;

#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    /// Records drained per broker and iteration.
    pub records_per_request: Sampled,
    pub batch_size: Sampled,
    /// In millionths.
    pub compression_rate: Sampled,
    /// In milliseconds.
    pub record_queue_time: Sampled,
    pub record_size: Sampled,
    pub request_latency: Sampled,
    pub record_retry: Sampled,
    pub record_error: Sampled,
    pub batch_split: Sampled,
    pub request: Sampled,
    /// In nanoseconds.
    pub bufferpool_wait: Sampled,
    pub buffer_exhausted: Sampled,
    pub produce_throttle_time: Sampled,
}

/// What is a reading of the state rather than of something recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gauges {
    pub requests_in_flight: usize,
    /// Since the last full refresh.
    pub metadata_age: Duration,
    pub buffer_total_bytes: u64,
    pub buffer_available_bytes: u64,
    pub waiting_threads: u32,
}

impl Metrics {
    pub fn report(&self, now: Time, gauges: Gauges) -> ProducerMetrics {
        ProducerMetrics(vec![
            ("batch-size-avg", self.batch_size.avg(now, 1.0)),
            ("batch-size-max", self.batch_size.max(now)),
            ("batch-split-rate", self.batch_split.rate(now)),
            ("batch-split-total", self.batch_split.total()),
            ("buffer-available-bytes", gauges.buffer_available_bytes as f64),
            ("buffer-exhausted-rate", self.buffer_exhausted.rate(now)),
            ("buffer-exhausted-total", self.buffer_exhausted.total()),
            ("buffer-total-bytes", gauges.buffer_total_bytes as f64),
            ("bufferpool-wait-ratio", self.bufferpool_wait.rate(now) / 1e9),
            ("bufferpool-wait-time-ns-total", self.bufferpool_wait.total()),
            ("compression-rate-avg", self.compression_rate.avg(now, MILLIONTHS)),
            ("metadata-age", gauges.metadata_age.as_millis() as f64 / 1e3),
            ("produce-throttle-time-avg", self.produce_throttle_time.avg(now, 1.0)),
            ("produce-throttle-time-max", self.produce_throttle_time.max(now)),
            ("record-error-rate", self.record_error.rate(now)),
            ("record-error-total", self.record_error.total()),
            ("record-queue-time-avg", self.record_queue_time.avg(now, 1.0)),
            ("record-queue-time-max", self.record_queue_time.max(now)),
            ("record-retry-rate", self.record_retry.rate(now)),
            ("record-retry-total", self.record_retry.total()),
            ("record-send-rate", self.records_per_request.rate(now)),
            ("record-send-total", self.records_per_request.total()),
            ("record-size-avg", self.record_size.avg(now, 1.0)),
            ("record-size-max", self.record_size.max(now)),
            ("records-per-request-avg", self.records_per_request.avg(now, 1.0)),
            ("request-latency-avg", self.request_latency.avg(now, 1.0)),
            ("request-latency-max", self.request_latency.max(now)),
            ("request-rate", self.request.rate(now)),
            ("request-total", self.request.total()),
            ("requests-in-flight", gauges.requests_in_flight as f64),
            ("waiting-threads", f64::from(gauges.waiting_threads)),
        ])
    }
}

/// Values by name, in alphabetical order; NaN where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProducerMetrics(pub Vec<(&'static str, f64)>);

impl ProducerMetrics {
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| *own == name).map(|&(_, value)| value)
    }
}

impl Serialize for ProducerMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::Sampled;
    use crate::time::Time;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_rate_counts_one_full_window_at_least() {
        let mut sent = Sampled::default();
        sent.record(at(0), 1_000);
        // recorded: batch-boundaries, 32.9 records/s a third of a second after 1000 were sent
        let rate = sent.rate(Time::from_millis(393));
        assert!((rate - 1_000.0 / 30.393).abs() < 1e-9, "{rate}");
        sent.record(at(40), 500);
        assert!((sent.rate(at(40)) - 1_500.0 / 40.0).abs() < 1e-9);
        // The first sample is out of date, the second is not.
        assert!((sent.rate(at(70)) - 500.0 / 30.0).abs() < 1e-9);
        assert_eq!(sent.total(), 1_500.0);
    }

    #[test]
    fn averages_forget_and_are_nothing_without_samples() {
        let mut size = Sampled::default();
        assert!(size.avg(at(0), 1.0).is_nan() && size.max(at(0)).is_nan());
        size.record(at(0), 10);
        size.record(at(1), 20);
        assert_eq!((size.avg(at(1), 1.0), size.max(at(1))), (15.0, 20.0));
        assert!(size.avg(at(60), 1.0).is_nan());
    }
}
