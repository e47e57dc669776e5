//! One batch of the accumulator: its size to the byte (producer.md §3.9, §3.10), its attempts and what it waits for.

use std::sync::Arc;

use crate::happening::BatchClose;
use crate::ids::{BatchId, HappeningId, LeaderEpoch, Partition, RecordId, Sequence};
use crate::protocol::batch::{Content, ProducerStamp, RecordBatch};
use crate::time::{Duration, Time};

/// How records are laid out, and so how long they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Message format v2 (since 0.11); before: v1.
    pub v2: bool,
    pub compressed: bool,
}

impl Format {
    /// Of a batch; never compressed itself.
    pub fn header_bytes(self) -> u32 {
        match (self.v2, self.compressed) {
            (true, _) => 61,
            // v1 wraps a compressed set into a message of its own.
            (false, true) => V1_RECORD_OVERHEAD,
            (false, false) => 0,
        }
    }

    /// What of a record's length hangs on key and value alone.
    pub fn size_of(self, key: Option<u32>, value: u32) -> RecordSize {
        /// The longest that length, attributes and the two deltas can get.
        const MAX_RECORD_OVERHEAD: u32 = 21;
        let plain = key.unwrap_or(0).saturating_add(value);
        let (framed, overhead) = if self.v2 {
            (framed_bytes(key, value), MAX_RECORD_OVERHEAD)
        } else {
            (plain, V1_RECORD_OVERHEAD)
        };
        RecordSize { plain, framed, upper_bound: framed.saturating_add(self.header_bytes() + overhead) }
    }

    /// A record as it is written, `place` records behind the batch's first and `later` after it.
    pub fn record_bytes(self, place: u32, later: Duration, size: RecordSize) -> u32 {
        if !self.v2 {
            return V1_RECORD_OVERHEAD + size.framed;
        }
        let attributes = 1;
        let body =
            attributes + varint_bytes(later.as_millis()) + varint_bytes(u64::from(place)) + size.framed;
        varint_bytes(u64::from(body)) + body
    }
}

/// A record's length, wherever it will stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordSize {
    /// Key and value.
    pub plain: u32,
    /// With what tells their lengths.
    framed: u32,
    /// What is checked against `max.request.size` and allocated for a lone record.
    pub upper_bound: u32,
}

/// Offset and size (12), checksum, magic, attributes, timestamp and two lengths (22).
const V1_RECORD_OVERHEAD: u32 = 34;

/// Key, value and (no) headers with their lengths.
fn framed_bytes(key: Option<u32>, value: u32) -> u32 {
    let key_bytes = key.map_or(1, |key| key.saturating_add(varint_bytes(u64::from(key))));
    value.saturating_add(varint_bytes(u64::from(value)) + 1).saturating_add(key_bytes)
}

/// Zig-zag: 0 to 63 take one byte, 64 to 8191 two.
fn varint_bytes(value: u64) -> u32 {
    let bits = 64 - (value << 1 | 1).leading_zeros();
    // A seventh of them, rounded up: true for 1 to 64.
    (bits * 9 + 64) / 64
}

/// A compression ratio in millionths: what is written per byte of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ratio(pub u32);

impl Ratio {
    pub const ONE: Ratio = Ratio(1_000_000);

    pub fn of(written: u32, plain: u32) -> Ratio {
        Ratio((u64::from(written) * 1_000_000 / u64::from(plain.max(1))) as u32)
    }

    /// The estimate after a batch came out at `observed` (CompressionRatioEstimator).
    pub fn learn(self, observed: Ratio) -> Ratio {
        if observed > self {
            Ratio(self.0 + 50_000).max(observed)
        } else if observed < self {
            Ratio(self.0.saturating_sub(5_000)).max(observed)
        } else {
            self
        }
    }

    /// Kafka multiplies by the float 1.05f, which is 8808038/2^23: the last bit decides at round numbers.
    fn estimate(self, record_bytes: u32) -> u32 {
        let scaled = u128::from(record_bytes) * u128::from(self.0) * 8_808_038;
        (scaled / (1_000_000 << 23)) as u32
    }
}

/// Where a Java array ends. What is larger by itself is refused before it comes here: `max.request.size` ends there too.
const MOST_BYTES: u32 = i32::MAX as u32;

/// Records that a batch has room for from its first one on: what `batch.size` holds of 1 kB each.
const MANY: usize = 16;

/// The records, in order: growing, or as they go over the wire.
#[derive(Clone, Debug)]
enum Contents {
    Open(Vec<RecordId>),
    Written(Arc<RecordBatch>),
}

/// What a record has come to in its batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added {
    /// By which the batch's estimate has grown.
    pub bytes: u32,
    /// No other will fit.
    pub is_full: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub id: BatchId,
    pub partition: Partition,
    format: Format,
    contents: Contents,
    /// Takes no more records (it may not have been written yet).
    pub closed: Option<BatchClose>,
    /// Its buffer's size: full at this estimate.
    pub write_limit: u32,
    /// Without header, before compression.
    pub record_bytes: u32,
    /// The largest upper bound among its records (`record-size-max`).
    pub largest_record_bytes: u32,
    ratio: Ratio,
    /// The first record's timestamp.
    base_timestamp: Time,
    pub created: Time,
    pub last_append: Time,
    /// Creation, then the re-enqueue: what linger and backoff are measured from.
    pub last_attempt: Time,
    pub drained: Time,
    pub attempts: u32,
    pub in_retry: bool,
    /// Drawn with each re-enqueue.
    pub backoff: Duration,
    /// A child of a split: its memory does not come from the pool.
    pub is_split: bool,
    pub stamp: Option<ProducerStamp>,
    /// Its sequence was restarted by an epoch bump (`sequenceHasBeenReset`).
    pub rewritten: bool,
    leader_epoch: Option<LeaderEpoch>,
    /// The attempt at which the leader epoch last rose.
    leader_epoch_at_attempt: u32,
    /// The application has its answer: what the broker still says changes nothing (expired in flight).
    pub done: bool,
    /// What happened to it last: the cause of what comes next.
    pub cause: HappeningId,
}

impl Batch {
    pub fn new(
        id: BatchId,
        partition: Partition,
        format: Format,
        write_limit: u32,
        ratio: Ratio,
        created: Time,
    ) -> Batch {
        Batch {
            id,
            partition,
            format,
            contents: Contents::Open(Vec::with_capacity(MANY)),
            closed: None,
            write_limit,
            record_bytes: 0,
            largest_record_bytes: 0,
            ratio,
            base_timestamp: created,
            created,
            last_append: created,
            last_attempt: created,
            drained: created,
            attempts: 0,
            in_retry: false,
            backoff: Duration::ZERO,
            is_split: false,
            stamp: None,
            rewritten: false,
            leader_epoch: None,
            leader_epoch_at_attempt: 0,
            done: false,
            cause: HappeningId(0),
        }
    }

    pub fn records(&self) -> &[RecordId] {
        match &self.contents {
            Contents::Open(records) => records,
            Contents::Written(batch) => batch.records(),
        }
    }

    pub fn count(&self) -> u32 {
        self.records().len() as u32
    }

    pub fn is_written(&self) -> bool {
        matches!(self.contents, Contents::Written(_))
    }

    /// What it would take now; exact without compression and once written.
    pub fn estimated_bytes(&self) -> u32 {
        match &self.contents {
            Contents::Written(batch) => batch.bytes,
            Contents::Open(_) if self.format.compressed => {
                self.format.header_bytes() + self.ratio.estimate(self.record_bytes)
            }
            Contents::Open(_) => self.format.header_bytes() + self.record_bytes,
        }
    }

    pub fn is_full(&self) -> bool {
        self.closed.is_some() || (self.count() > 0 && self.write_limit <= self.estimated_bytes())
    }

    /// Adds a record if there is room: the first one always fits.
    pub fn try_append(
        &mut self,
        record: RecordId,
        size: RecordSize,
        timestamp: Time,
        now: Time,
    ) -> Option<Added> {
        let before = self.estimated_bytes();
        let Contents::Open(records) = &mut self.contents else { return None };
        let place = records.len() as u32;
        if self.closed.is_some() || place > 0 && self.write_limit <= before {
            return None;
        }
        if place == 0 {
            self.base_timestamp = timestamp;
        }
        let bytes = self.format.record_bytes(place, timestamp.since(self.base_timestamp), size);
        if place > 0 && (self.write_limit < before + bytes || MOST_BYTES - self.record_bytes < bytes) {
            return None;
        }
        records.push(record);
        self.record_bytes += bytes;
        self.largest_record_bytes = self.largest_record_bytes.max(size.upper_bound);
        self.last_append = now;
        let after = if self.format.compressed { self.estimated_bytes() } else { before + bytes };
        Some(Added { bytes: after - before, is_full: self.write_limit <= after })
    }

    /// Puts it into the form in which it goes over the wire (`close()`), with the stamp it carries now.
    pub fn write(&mut self, compression_permille: u32) -> &Arc<RecordBatch> {
        let header = self.format.header_bytes();
        let written = match &mut self.contents {
            Contents::Open(records) => {
                let payload = if self.format.compressed {
                    (u64::from(self.record_bytes) * u64::from(compression_permille) / 1_000) as u32
                } else {
                    self.record_bytes
                };
                Some(RecordBatch {
                    id: self.id,
                    stamp: self.stamp,
                    transactional: false,
                    content: Content::Records(std::mem::take(records)),
                    bytes: header + payload,
                    uncompressed_bytes: header + self.record_bytes,
                    largest_record_bytes: self.largest_record_bytes,
                })
            }
            Contents::Written(batch) if batch.stamp != self.stamp => {
                Some(RecordBatch { stamp: self.stamp, ..RecordBatch::clone(batch) })
            }
            Contents::Written(_) => None,
        };
        if let Some(batch) = written {
            self.contents = Contents::Written(Arc::new(batch));
        }
        match &self.contents {
            Contents::Written(batch) => batch,
            Contents::Open(_) => unreachable!("just written"),
        }
    }

    /// Written bytes per byte of records.
    pub fn compression_ratio(&self) -> Ratio {
        Ratio::of(self.estimated_bytes() - self.format.header_bytes(), self.record_bytes)
    }

    pub fn waited(&self, now: Time) -> Duration {
        now.since(self.last_attempt)
    }

    /// Remembers at which attempt a newer leader was first known (`maybeUpdateLeaderEpoch`).
    pub fn see_leader_epoch(&mut self, latest: Option<LeaderEpoch>) {
        if latest.is_some() && self.leader_epoch < latest {
            self.leader_epoch = latest;
            self.leader_epoch_at_attempt = self.attempts;
        }
    }

    /// Its backoff is not over, and no newer leader makes waiting pointless (producer.md §3.5).
    pub fn is_backing_off(&self, now: Time) -> bool {
        let has_new_leader = self.attempts > 0 && self.attempts == self.leader_epoch_at_attempt;
        self.attempts > 0 && self.waited(now) < self.backoff && !has_new_leader
    }

    pub fn reenqueued(&mut self, now: Time, backoff: Duration) {
        self.attempts += 1;
        self.last_attempt = self.last_append.max(now);
        self.last_append = self.last_attempt;
        self.in_retry = true;
        self.backoff = backoff;
    }

    pub fn base_sequence(&self) -> Option<Sequence> {
        self.stamp.map(|stamp| stamp.base_sequence)
    }

    pub fn last_sequence(&self) -> Option<Sequence> {
        self.stamp.map(|stamp| stamp.last_sequence(self.count()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Format, Ratio, varint_bytes};
    use crate::ids::{BatchId, Partition, RecordId};
    use crate::time::{Duration, Time};

    const PLAIN: Format = Format { v2: true, compressed: false };
    const COMPRESSED: Format = Format { v2: true, compressed: true };

    fn fill(format: Format, batch_size: u32, ratio: Ratio, key: Option<u32>, value: u32) -> Batch {
        let size = format.size_of(key, value);
        let limit = batch_size.max(size.upper_bound);
        let mut batch = Batch::new(BatchId(0), Partition(0), format, limit, ratio, Time::ZERO);
        let mut record = 0;
        while batch.try_append(RecordId(record), size, Time::ZERO, Time::ZERO).is_some() {
            record += 1;
        }
        batch
    }

    #[test]
    fn varints_grow_at_powers_of_two_to_the_seventh() {
        let sizes = [(0, 1), (63, 1), (64, 2), (8_191, 2), (8_192, 3), (1_048_575, 3), (1_048_576, 4)];
        for (value, bytes) in sizes {
            assert_eq!(varint_bytes(value), bytes, "{value}");
        }
    }

    #[test]
    fn a_record_grows_with_its_place_and_its_time() {
        let bytes =
            |place, later| PLAIN.record_bytes(place, Duration::from_millis(later), PLAIN.size_of(None, 100));
        assert_eq!((bytes(0, 0), bytes(63, 63), bytes(64, 0), bytes(64, 64)), (109, 109, 110, 111));
        // The records of the producer cases: key 3, value 5.
        let small = |place| PLAIN.record_bytes(place, Duration::ZERO, PLAIN.size_of(Some(3), 5));
        assert_eq!((small(0), small(64)), (15, 16));
    }

    #[test]
    fn the_upper_bound_is_what_the_largest_record_is_refused_by() {
        assert_eq!(PLAIN.size_of(None, 1_048_489).upper_bound, 1_048_576);
        assert_eq!(PLAIN.size_of(None, 1_048_490).upper_bound, 1_048_577);
        assert_eq!(PLAIN.size_of(None, 1_048_600).upper_bound, 1_048_688); // recorded: too-large
    }

    /// Records per batch by value and batch.size, null key, no compression; bytes where the table gives them.
    #[test]
    fn batches_hold_what_kafkas_hold_to_the_byte() {
        let sizes = [8_196, 16_384, 32_768, 65_536, 131_072, 200_000, 1_000_000];
        let table: [(u32, [u32; 7]); 7] = [
            (10, [455, 910, 1_820, 3_641, 7_281, 10_957, 53_062]),
            (100, [74, 148, 297, 595, 1_191, 1_818, 9_082]),
            (500, [15, 32, 64, 128, 257, 392, 1_960]),
            (1_000, [8, 16, 32, 64, 129, 198, 990]),
            (1_024, [7, 15, 31, 63, 126, 193, 967]),
            (8_000, [1, 2, 4, 8, 16, 24, 124]),
            (20_000, [1, 1, 1, 3, 6, 9, 49]),
        ];
        for (value, counts) in table {
            for (batch_size, count) in sizes.into_iter().zip(counts) {
                let batch = fill(PLAIN, batch_size, Ratio::ONE, None, value);
                assert_eq!(batch.count(), count, "value {value}, batch.size {batch_size}");
            }
        }
        let bytes = [
            (10, 16_384, 16_377),
            (100, 16_384, 16_277),
            (500, 16_384, 16_349),
            (1_000, 16_384, 16_205),
            (1_024, 16_384, 15_556),
            (8_000, 16_384, 16_079),
            (20_000, 8_196, 20_072),
            // recorded: batch-boundaries
            (12, 16_384, 16_377),
            (100, 1_000, 933),
            (16_000, 16_384, 16_072),
            (500, 65_536, 65_277),
            (100, 0, 170),
            (12, 100, 99),
            (1_024, 32_768, 32_084),
            (333, 5_000, 4_849),
        ];
        for (value, batch_size, expected) in bytes {
            let batch = fill(PLAIN, batch_size, Ratio::ONE, None, value);
            assert_eq!(batch.estimated_bytes(), expected, "value {value}, batch.size {batch_size}");
        }
    }

    /// recorded: batch-boundaries (100-byte values, lz4).
    #[test]
    fn a_compressed_batch_holds_what_its_ratio_allows() {
        for (millionths, count) in
            [(1_000_000, 141), (995_000, 142), (990_000, 143), (985_000, 144), (980_000, 144)]
        {
            let batch = fill(COMPRESSED, 16_384, Ratio(millionths), None, 100);
            assert_eq!(batch.count(), count, "{millionths}");
        }
    }

    /// A document may ask for 4 GiB, and a ratio may be almost nothing.
    #[test]
    fn sizes_end_where_javas_arrays_end_and_do_not_wrap() {
        for format in [PLAIN, COMPRESSED, Format { v2: false, compressed: false }] {
            for (key, value) in [(None, u32::MAX), (Some(u32::MAX), u32::MAX), (Some(12), u32::MAX - 1)] {
                assert!(format.size_of(key, value).upper_bound >= u32::MAX - 1, "{key:?} {value}");
            }
        }
        let largest = i32::MAX as u32;
        for (value, count) in [(1 << 30, 1), (500 << 20, 4)] {
            let mut batch = fill(COMPRESSED, largest, Ratio(1), None, value);
            assert_eq!((batch.count(), batch.is_full()), (count, false));
            assert!(batch.record_bytes <= largest && batch.write(1_000).bytes <= largest);
        }
    }

    #[test]
    fn the_ratio_improves_slowly_and_worsens_fast() {
        assert_eq!(Ratio::ONE.learn(Ratio(87_000)), Ratio(995_000));
        assert_eq!(Ratio(100_000).learn(Ratio(98_000)), Ratio(98_000));
        assert_eq!(Ratio(500_000).learn(Ratio(510_000)), Ratio(550_000));
        assert_eq!(Ratio(500_000).learn(Ratio(900_000)), Ratio(900_000));
    }

    #[test]
    fn before_0_11_there_is_no_header_and_a_fixed_overhead() {
        let old = Format { v2: false, compressed: false };
        assert_eq!(
            (old.header_bytes(), old.record_bytes(70, Duration::from_secs(1), old.size_of(Some(3), 5))),
            (0, 42)
        );
        assert_eq!(fill(old, 16_384, Ratio::ONE, None, 100).estimated_bytes(), 122 * 134);
    }
}
