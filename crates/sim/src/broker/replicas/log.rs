//! One replica's log: batches in the page cache, how much of it the disk holds, and what is derived from it.

use crate::broker::replicas::epoch_cache::EpochCache;
use crate::broker::replicas::producer_state::{Expiration, ProducerStates, Verdict};
use crate::broker::replicas::transactions::Transactions;
use crate::chunks::Chunks;
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::batch::{LogBatch, ProducerStamp};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

#[derive(Clone, Debug, Default)]
pub struct Log {
    batches: Chunks<LogBatch>,
    /// When each batch was appended: what is old enough the operating system has written back.
    appended_at: Chunks<Time>,
    start: Offset,
    end: Offset,
    /// Up to here the broker itself has flushed.
    flushed: Offset,
    epochs: EpochCache,
    producers: ProducerStates,
    transactions: Transactions,
}

/// A read's limits.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Exclusive.
    pub end: Offset,
    pub max_bytes: u32,
    /// The first batch is returned however large it is.
    pub at_least_one: bool,
}

/// Batches that a reader finds new, mostly.
const FEW: usize = 4;

impl Log {
    pub fn start(&self) -> Offset {
        self.start
    }

    pub fn end(&self) -> Offset {
        self.end
    }

    pub fn batches(&self) -> &Chunks<LogBatch> {
        &self.batches
    }

    pub fn epochs(&self) -> &EpochCache {
        &self.epochs
    }

    /// The leader's epoch begins here, whether or not anything will be written in it. Before KIP-279 only what is written
    /// tells (`Partition.makeLeader` of 1.1.1 and 2.0.1).
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch, version: KafkaVersion) {
        if version.truncation_is_iterative() {
            self.epochs.assign(epoch, self.end, version);
        }
    }

    pub fn judge(
        &mut self,
        stamp: ProducerStamp,
        records: u32,
        expiration: Expiration,
        version: KafkaVersion,
    ) -> Verdict {
        self.producers.judge(stamp, records, expiration, version)
    }

    /// The batch brings its offsets with it. `version` decides whether its format knows leader epochs.
    pub fn append(&mut self, batch: LogBatch, now: Time, version: KafkaVersion) {
        debug_assert!(
            batch.base_offset >= self.end,
            "{} lies before the end {}",
            batch.base_offset,
            self.end
        );
        if version.has_leader_epochs() {
            self.epochs.assign(batch.leader_epoch, batch.base_offset, version);
            self.producers.record(&batch, now);
            self.transactions.record(&batch);
        }
        self.end = batch.next_offset();
        self.batches.push(batch);
        self.appended_at.push(now);
    }

    /// The end of the log and the beginning of these records, where that is before it: a leader whose batches have other
    /// borders may send an earlier one (`Log.append`: "Out of order offsets found").
    pub fn misfit(&self, batches: &[LogBatch]) -> Option<(Offset, Offset)> {
        let (end, first) = (self.end(), batches.first()?.base_offset);
        (first < end).then_some((end, first))
    }

    /// Whole batches from the one that holds `from` on.
    pub fn read(&self, from: Offset, bounds: Bounds) -> Vec<LogBatch> {
        let mut found = Vec::new();
        let mut room = bounds.max_bytes;
        if from < bounds.end {
            let first = self.index_of(from);
            found.reserve_exact((self.batches.len() - first).min(FEW));
            for batch in self.batches.iter_from(first) {
                let fits = batch.batch.bytes <= room || found.is_empty() && bounds.at_least_one;
                if batch.next_offset() > bounds.end || !fits {
                    break;
                }
                room = room.saturating_sub(batch.batch.bytes);
                found.push(batch.clone());
            }
        }
        found
    }

    /// Bytes from `from` to `end`, counted no further than `enough`.
    pub fn bytes_between(&self, from: Offset, end: Offset, enough: u32) -> u32 {
        let mut bytes = 0;
        if from < end {
            for batch in self.batches.iter_from(self.index_of(from)) {
                if bytes >= enough || batch.next_offset() > end {
                    break;
                }
                bytes = batch.batch.bytes.saturating_add(bytes);
            }
        }
        bytes
    }

    /// The batch that holds `offset`, or the first one behind it.
    fn index_of(&self, offset: Offset) -> usize {
        // Readers are mostly at the end.
        match self.batches.last() {
            Some(last) if last.base_offset == offset => self.batches.len() - 1,
            _ => self.batches.partition_point(|batch| batch.next_offset() <= offset),
        }
    }

    /// Cuts everything from `to` on, and rebuilds what was derived from it (broker.md §3.5).
    pub fn truncate(&mut self, to: Offset, version: KafkaVersion) {
        if to >= self.end {
            // A leadership in which nothing was written leaves no epoch behind.
            self.epochs.truncate_from_end(self.end);
            return;
        }
        let keep = self.batches.partition_point(|batch| batch.next_offset() <= to);
        self.batches.truncate(keep);
        self.appended_at.truncate(keep);
        self.end = to.max(self.start);
        self.flushed = self.flushed.min(self.end);
        self.epochs.truncate_from_end(self.end);
        if version.has_leader_epochs() {
            self.rebuild_producers();
            self.rebuild_transactions();
            self.producers.take_snapshot(self.end);
        }
    }

    /// Drops everything and begins anew at `offset`.
    pub fn truncate_fully_and_start_at(&mut self, offset: Offset) {
        *self = Log { start: offset, end: offset, flushed: offset, ..Log::default() };
    }

    /// Where the whole batches among the first `records` records end, without the last batch of all.
    pub fn end_of_records(&self, records: u64) -> Offset {
        let mut end = self.start;
        let mut count = 0;
        for batch in self.batches.iter().take(self.batches.len().saturating_sub(1)) {
            count += u64::from(batch.batch.count());
            if count > records {
                break;
            }
            end = batch.next_offset();
        }
        end
    }

    /// What would survive a power loss: flushed by the broker or written back by the operating system.
    pub fn durable(&self, now: Time, write_back: Duration) -> Offset {
        let old = self.appended_at.partition_point(|&at| at + write_back <= now);
        let written_back = match old.checked_sub(1).and_then(|index| self.batches.get(index)) {
            Some(batch) => batch.next_offset(),
            None => self.start,
        };
        written_back.max(self.flushed).min(self.end)
    }

    /// Records since the last flush by the broker itself.
    pub fn unflushed(&self) -> u64 {
        u64::from(self.end.0 - self.flushed.0)
    }

    pub fn unflushed_bytes(&self) -> u32 {
        self.bytes_between(self.flushed, self.end, u32::MAX)
    }

    pub fn flush(&mut self) {
        self.flushed = self.end;
    }

    /// A process opens the log: the newest snapshot and what was written after it.
    pub fn load(&mut self, version: KafkaVersion) {
        self.epochs.truncate_from_end(self.end);
        if version.has_leader_epochs() {
            self.producers.keep_newest_snapshot();
            self.rebuild_producers();
            self.rebuild_transactions();
            self.producers.take_snapshot(self.end);
        }
    }

    /// A process closes the log in good order.
    pub fn close(&mut self, version: KafkaVersion) {
        self.flush();
        if version.has_leader_epochs() {
            self.producers.take_snapshot(self.end);
        }
        self.forget();
    }

    /// The process is gone; what it had derived goes with it.
    pub fn forget(&mut self) {
        self.producers.forget();
    }

    /// As far as readers of committed records may read.
    pub fn last_stable(&self, high_watermark: Offset) -> Offset {
        match self.transactions.first_unstable(high_watermark) {
            Some(unstable) => unstable.clamp(self.start, high_watermark),
            None => high_watermark,
        }
    }

    /// Up to here everything is replicated.
    pub fn replicated(&mut self, high_watermark: Offset) {
        self.transactions.replicated(high_watermark);
    }

    fn rebuild_transactions(&mut self) {
        self.transactions = Transactions::default();
        for batch in self.batches.iter().filter(|batch| batch.batch.is_of_transaction()) {
            self.transactions.record(batch);
        }
    }

    fn rebuild_producers(&mut self) {
        let from = self.producers.load(self.end).unwrap_or(self.start);
        let first = self.batches.partition_point(|batch| batch.next_offset() <= from);
        for (batch, &at) in self.batches.iter_from(first).zip(self.appended_at.iter_from(first)) {
            self.producers.record(batch, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Bounds, Log};
    use crate::broker::replicas::producer_state::{Expiration, Verdict};
    use crate::error::ErrorCode;
    use crate::ids::{BatchId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, RecordId, Sequence};
    use crate::protocol::batch::{Content, LogBatch, ProducerStamp, RecordBatch, bytes_of};
    use crate::time::{Duration, Time};
    use crate::version::KafkaVersion;

    const MAX: u32 = 0x7fff_ffff;
    const OUT_OF_ORDER: Verdict = Verdict::Refuse(ErrorCode::OutOfOrderSequenceNumber);
    const WRITE_BACK: Duration = Duration::from_secs(30);

    fn expiration(now: Time) -> Expiration {
        Expiration { after: Duration::from_secs(86_400), now, process_started: Time::ZERO }
    }

    fn batch(stamp: Option<(u16, u32)>, records: u32) -> Arc<RecordBatch> {
        let stamp = stamp.map(|(epoch, sequence)| ProducerStamp {
            id: ProducerId(7),
            epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
        });
        Arc::new(RecordBatch {
            id: BatchId(0),
            stamp,
            transactional: false,
            content: Content::Records((0..records).map(RecordId).collect()),
            bytes: 100,
            uncompressed_bytes: 100,
            largest_record_bytes: 10,
        })
    }

    /// A leader's log: judges, and appends what passes.
    #[derive(Default)]
    struct Leader {
        log: Log,
        now: Time,
    }

    impl Leader {
        /// Epoch, first sequence, records.
        fn produce(&mut self, epoch: u16, sequence: u32, records: u32) -> Verdict {
            let batch = batch(Some((epoch, sequence)), records);
            let stamp = batch.stamp.expect("just given");
            let verdict = self.log.judge(stamp, records, expiration(self.now), KafkaVersion::V4_3);
            if verdict == Verdict::Append {
                let base_offset = self.log.end();
                let entry = LogBatch { base_offset, leader_epoch: LeaderEpoch(0), batch };
                self.log.append(entry, self.now, KafkaVersion::V4_3);
            }
            verdict
        }
    }

    fn duplicate(base: u32, next: u32) -> Verdict {
        Verdict::Duplicate { base_offset: Offset(base), next_offset: Offset(next) }
    }

    /// cases.md B57.
    #[test]
    fn five_batches_are_remembered() {
        let mut leader = Leader::default();
        for sequence in 0..6 {
            assert_eq!(leader.produce(0, sequence, 1), Verdict::Append);
        }
        let steps = [
            (6, 3, Verdict::Append),
            (6, 3, duplicate(6, 9)),
            (7, 2, OUT_OF_ORDER),    // overlaps a batch
            (2, 1, duplicate(2, 3)), // the fifth from the end
            (1, 1, OUT_OF_ORDER),    // the sixth
            (9, 1, Verdict::Append),
            (9, 1, duplicate(9, 10)),
        ];
        for (sequence, records, verdict) in steps {
            assert_eq!(leader.produce(0, sequence, records), verdict, "sequence {sequence}");
        }
        assert_eq!(leader.log.end(), Offset(10));
    }

    /// cases.md B59, B60, and the rules of an epoch's first batch.
    #[test]
    fn sequences_and_epochs() {
        // (epoch, first sequence, records) one after the other, and what becomes of the last
        type Sends = [(u16, u32, u32)];
        let cases: &[(&Sends, Verdict)] = &[
            (&[(0, 5, 1)], Verdict::Append), // no state: any sequence
            (&[(1, 0, 1), (0, 1, 1)], Verdict::Refuse(ErrorCode::InvalidProducerEpoch)),
            (&[(0, 0, 1), (1, 0, 1)], Verdict::Append),
            (&[(0, 0, 1), (1, 1, 1)], OUT_OF_ORDER),
            // a new epoch forgets the old one's batches
            (&[(0, 0, 1), (1, 0, 2), (1, 0, 1)], OUT_OF_ORDER),
            (&[(0, MAX, 1), (0, 0, 1)], Verdict::Append),
            (&[(0, MAX, 1), (0, 1, 1)], OUT_OF_ORDER),
            (&[(0, MAX - 10, 21), (0, 10, 1)], Verdict::Append),
            (&[(0, MAX - 10, 21), (0, MAX - 10, 21)], duplicate(0, 21)),
        ];
        for (sends, expected) in cases {
            let mut leader = Leader::default();
            let verdicts: Vec<Verdict> = sends
                .iter()
                .map(|&(epoch, sequence, records)| leader.produce(epoch, sequence, records))
                .collect();
            assert_eq!(verdicts.last(), Some(expected), "{sends:?}");
        }
    }

    #[test]
    fn a_silent_producer_is_forgotten_at_a_check_after_its_time() {
        let mut leader = Leader::default();
        leader.produce(0, 0, 1);
        let day = Time::ZERO + Duration::from_secs(86_400);
        leader.now = Time { nanos: day.nanos - 1 };
        assert_eq!(leader.produce(0, 5, 1), OUT_OF_ORDER);
        leader.now = day;
        assert_eq!(leader.produce(0, 5, 1), Verdict::Append);
        assert_eq!(leader.produce(0, 0, 1), OUT_OF_ORDER, "what came before is forgotten too");
    }

    /// cases.md B62, broker.md §3.5: a clean stop's snapshot has the last batch only; a killed process's log is
    /// replayed.
    #[test]
    fn what_a_restart_remembers() {
        for (clean, older) in [(true, OUT_OF_ORDER), (false, duplicate(0, 1))] {
            let mut leader = Leader::default();
            leader.produce(0, 0, 1);
            leader.produce(0, 1, 1);
            if clean {
                leader.log.close(KafkaVersion::V4_3)
            } else {
                leader.log.forget()
            }
            leader.log.load(KafkaVersion::V4_3);
            assert_eq!(leader.produce(0, 1, 1), duplicate(1, 2), "clean {clean}");
            assert_eq!(leader.produce(0, 0, 1), older, "clean {clean}");
            assert_eq!(leader.produce(0, 2, 1), Verdict::Append, "clean {clean}");
        }
    }

    /// cases.md B67: after a truncation the state ends where the log ends, and what was cut may come again.
    #[test]
    fn truncation_takes_producer_state_along() {
        for to in 0..3 {
            let mut leader = Leader::default();
            for sequence in 0..3 {
                leader.produce(0, sequence, 1);
                if sequence > 0 {
                    leader.log.close(KafkaVersion::V4_3);
                    leader.log.load(KafkaVersion::V4_3);
                }
            }
            leader.log.truncate(Offset(to), KafkaVersion::V4_3);
            assert_eq!(leader.log.end(), Offset(to));
            for sequence in to..3 {
                assert_eq!(leader.produce(0, sequence, 1), Verdict::Append, "truncated to {to}");
            }
        }
    }

    #[test]
    fn reads_whole_batches_within_the_bounds() {
        let mut log = Log::default();
        for place in 0..5 {
            let base_offset = Offset(place * 2);
            let entry = LogBatch { base_offset, leader_epoch: LeaderEpoch(0), batch: batch(None, 2) };
            log.append(entry, Time::ZERO, KafkaVersion::V4_3);
        }
        // (from, end, bytes, at least one) -> base offsets; each batch has 100 bytes and two records
        let cases: &[(u32, u32, u32, bool, &[u32])] = &[
            (0, 10, 1_000, true, &[0, 2, 4, 6, 8]),
            (3, 10, 1_000, true, &[2, 4, 6, 8]),
            (4, 6, 1_000, true, &[4]),
            (4, 7, 1_000, true, &[4]), // the batch at 6 goes beyond the end
            (0, 10, 250, true, &[0, 2]),
            (0, 10, 50, true, &[0]),
            (0, 10, 50, false, &[]),
            (10, 10, 1_000, true, &[]),
            (8, 6, 1_000, true, &[]),
        ];
        for &(from, end, max_bytes, at_least_one, expected) in cases {
            let bounds = Bounds { end: Offset(end), max_bytes, at_least_one };
            let found: Vec<u32> =
                log.read(Offset(from), bounds).iter().map(|entry| entry.base_offset.0).collect();
            assert_eq!(found, expected, "{from} to {end}, {max_bytes} bytes");
        }
        assert_eq!(log.bytes_between(Offset(2), Offset(8), u32::MAX), 300);
        assert_eq!(log.bytes_between(Offset(2), Offset(8), 1), 100);
    }

    #[test]
    fn a_log_may_be_larger_than_4_gib() {
        let mut log = Log::default();
        for place in 0..3 {
            let batch = Arc::new(RecordBatch { bytes: 1 << 31, ..RecordBatch::clone(&batch(None, 1)) });
            let entry = LogBatch { base_offset: Offset(place), leader_epoch: LeaderEpoch(0), batch };
            log.append(entry, Time::ZERO, KafkaVersion::V4_3);
        }
        assert_eq!(log.unflushed_bytes(), u32::MAX);
        let bounds = Bounds { end: Offset(3), max_bytes: u32::MAX, at_least_one: true };
        let found = log.read(Offset(0), bounds);
        assert_eq!((found.len(), bytes_of(&found)), (1, 1 << 31), "two would be more than is allowed");
    }

    #[test]
    fn the_disk_holds_what_was_flushed_or_is_old() {
        let mut log = Log::default();
        for place in 0..4 {
            let base_offset = Offset(place);
            let entry = LogBatch { base_offset, leader_epoch: LeaderEpoch(0), batch: batch(None, 1) };
            log.append(entry, Time::from_millis(u64::from(place) * 1_000), KafkaVersion::V4_3);
            if place == 0 {
                log.flush();
            }
        }
        for (now, durable) in [(3_000, 1), (31_000, 2), (32_500, 3), (60_000, 4)] {
            assert_eq!(log.durable(Time::from_millis(now), WRITE_BACK), Offset(durable), "at {now} ms");
        }
        log.truncate(Offset(2), KafkaVersion::V4_3);
        assert_eq!(log.durable(Time::from_millis(60_000), WRITE_BACK), Offset(2));
    }

    #[test]
    fn keeping_records_keeps_whole_batches_but_the_last() {
        let mut log = Log::default();
        for place in 0..3 {
            let base_offset = Offset(place * 2);
            let entry = LogBatch { base_offset, leader_epoch: LeaderEpoch(0), batch: batch(None, 2) };
            log.append(entry, Time::ZERO, KafkaVersion::V4_3);
        }
        for (keep, end) in [(0, 0), (1, 0), (2, 2), (5, 4), (6, 4), (9, 4)] {
            assert_eq!(log.end_of_records(keep), Offset(end), "keep {keep}");
        }
    }
}
