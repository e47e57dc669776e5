//! One replica's log: batches in the page cache, how much of it the disk holds, and what is derived from it.

use crate::batch::{LogBatch, ProducerStamp};
use crate::broker::epoch_cache::EpochCache;
use crate::broker::producer_state::{Expiration, ProducerStates, Verdict};
use crate::chunks::Chunks;
use crate::ids::{LeaderEpoch, Offset};
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

    /// The leader's epoch begins here, whether or not anything will be written in it.
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.assign(epoch, self.end);
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
            self.epochs.assign(batch.leader_epoch, batch.base_offset);
            self.producers.record(&batch, now);
        }
        self.end = batch.next_offset();
        self.batches.push(batch);
        self.appended_at.push(now);
    }

    /// Whole batches from the one that holds `from` on.
    pub fn read(&self, from: Offset, bounds: Bounds) -> Vec<LogBatch> {
        let mut found = Vec::new();
        let mut room = bounds.max_bytes;
        if from < bounds.end {
            for batch in self.batches.iter_from(self.index_of(from)) {
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
                bytes += batch.batch.bytes;
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
            self.producers.take_snapshot(self.end);
        }
    }

    /// Drops everything and begins anew at `offset`.
    pub fn truncate_fully_and_start_at(&mut self, offset: Offset) {
        *self = Log { start: offset, end: offset, flushed: offset, ..Log::default() };
    }

    /// Where the whole batches among the first `records` records end.
    pub fn end_of_records(&self, records: u64) -> Offset {
        let mut end = self.start;
        let mut count = 0;
        for batch in self.batches.iter() {
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
        self.end.0 - self.flushed.0
    }

    pub fn flushed(&self) -> Offset {
        self.flushed
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

    fn rebuild_producers(&mut self) {
        let from = self.producers.load(self.end).unwrap_or(self.start);
        let first = self.batches.partition_point(|batch| batch.next_offset() <= from);
        for (batch, &at) in self.batches.iter_from(first).zip(self.appended_at.iter_from(first)) {
            self.producers.record(batch, at);
        }
    }
}
