//! What a log knows of transactions: which are open, and how far readers of committed records may read
//! (consumer-and-transactions.md §6.7). Every replica derives it from the batches.

use crate::ids::{Offset, ProducerId};
use crate::protocol::batch::{Content, LogBatch};

#[derive(Clone, Copy, Debug)]
struct Completed {
    first: Offset,
    marker: Offset,
}

#[derive(Clone, Debug, Default)]
pub struct Transactions {
    /// By the offset at which they began.
    open: Vec<(Offset, ProducerId)>,
    /// Their markers may not be replicated yet.
    completed: Vec<Completed>,
}

impl Transactions {
    /// A batch is in the log now.
    pub fn record(&mut self, batch: &LogBatch) {
        let Some(stamp) = batch.batch.stamp else { return };
        match &batch.batch.content {
            Content::Marker(_) => self.end(stamp.id, batch.base_offset),
            Content::Records(_)
            | Content::Offsets(_)
            | Content::GroupMetadata(_)
            | Content::TransactionState(_) => {
                let is_open = self.open.iter().any(|&(_, producer)| producer == stamp.id);
                if batch.batch.transactional && !is_open {
                    self.open.push((batch.base_offset, stamp.id));
                }
            }
        }
    }

    fn end(&mut self, producer: ProducerId, marker: Offset) {
        let Some(place) = self.open.iter().position(|&(_, open)| open == producer) else { return };
        let (first, _) = self.open.remove(place);
        self.completed.push(Completed { first, marker });
    }

    /// Up to here everything is replicated: the markers below need not be remembered.
    pub fn replicated(&mut self, high_watermark: Offset) {
        if !self.completed.is_empty() {
            self.completed.retain(|completed| completed.marker >= high_watermark);
        }
    }

    /// The first record of which it is not certain yet whether it is committed.
    pub fn first_unstable(&self, high_watermark: Offset) -> Option<Offset> {
        let open = self.open.first().map(|&(first, _)| first);
        let waiting = self.completed.iter().filter(|completed| completed.marker >= high_watermark);
        waiting.map(|completed| completed.first).chain(open).min()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::broker::replicas::log::{Bounds, Log};
    use crate::ids::{BatchId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, RecordId, Sequence};
    use crate::protocol::batch::{Content, LogBatch, ProducerStamp, RecordBatch};
    use crate::protocol::transaction::{End, Marker};
    use crate::time::Time;
    use crate::version::KafkaVersion;

    /// A log that is written to as one reads: who writes, and what.
    #[derive(Default)]
    struct Written(Log);

    impl Written {
        fn at(start: u32) -> Written {
            let mut log = Log::default();
            log.truncate_fully_and_start_at(Offset(start));
            Written(log)
        }

        fn append(&mut self, producer: u64, transactional: bool, content: Content) -> &mut Written {
            let stamp = ProducerStamp {
                id: ProducerId(producer),
                epoch: ProducerEpoch(0),
                base_sequence: Sequence(0),
            };
            let batch = RecordBatch {
                id: BatchId(0),
                stamp: Some(stamp),
                transactional,
                content,
                bytes: 78,
                uncompressed_bytes: 78,
                largest_record_bytes: 10,
            };
            let (base_offset, leader_epoch) = (self.0.end(), LeaderEpoch(0));
            let batch = LogBatch { base_offset, leader_epoch, batch: Arc::new(batch) };
            self.0.append(batch, Time::ZERO, KafkaVersion::default());
            self
        }

        fn records(&mut self, count: u32) -> &mut Written {
            self.append(99, false, Content::Records((0..count).map(RecordId).collect()))
        }

        fn in_transaction(&mut self, producer: u64, count: u32) -> &mut Written {
            self.append(producer, true, Content::Records((0..count).map(RecordId).collect()))
        }

        fn end(&mut self, producer: u64, end: End) -> &mut Written {
            self.append(producer, false, Content::Marker(Marker { end, coordinator_epoch: 0 }))
        }

        /// With everything below `high_watermark` replicated.
        fn last_stable(&mut self, high_watermark: u32) -> u32 {
            self.0.replicated(Offset(high_watermark));
            self.0.last_stable(Offset(high_watermark)).0
        }

        /// The offsets of records that a reader gets up to an end.
        fn readable(&self, end: u32) -> Vec<u32> {
            let bounds = Bounds { end: Offset(end), max_bytes: u32::MAX, at_least_one: true };
            let batches = self.0.read(self.0.start(), bounds);
            batches.iter().flat_map(LogBatch::records).map(|(offset, _)| offset.0).collect()
        }
    }

    /// cases.md B64.
    #[test]
    fn a_transaction_is_unstable_until_its_marker_is_replicated() {
        let mut log = Written::at(99);
        log.in_transaction(1, 6).in_transaction(2, 4).end(1, End::Commit).records(2);
        assert_eq!(log.last_stable(100), 99);
        assert_eq!(log.last_stable(109), 99, "the marker lies at 109");
        assert_eq!(log.last_stable(110), 105);
        log.end(2, End::Abort);
        assert_eq!(log.last_stable(112), 105);
        assert_eq!(log.last_stable(113), 113);
    }

    /// cases.md B65.
    #[test]
    fn records_outside_of_transactions_wait_behind_them() {
        let mut log = Written::at(0);
        log.in_transaction(1, 3).records(3).in_transaction(2, 3).end(1, End::Abort);
        assert_eq!(log.last_stable(9), 0);
        assert_eq!(log.last_stable(10), 6);
        assert_eq!(log.readable(6), [0, 1, 2, 3, 4, 5]);
        log.end(2, End::Commit);
        assert_eq!(log.last_stable(11), 11);
        assert_eq!(log.readable(11), [0, 1, 2, 3, 4, 5, 6, 7, 8], "markers are no records");
    }

    /// cases.md T02.
    #[test]
    fn the_oldest_open_transaction_decides() {
        let mut log = Written::at(0);
        log.in_transaction(1, 25).in_transaction(2, 32).in_transaction(3, 1).end(1, End::Commit);
        assert_eq!(log.last_stable(59), 25);
        log.end(3, End::Commit);
        assert_eq!(log.last_stable(60), 25);
        log.end(2, End::Commit);
        assert_eq!(log.last_stable(61), 61);
    }

    /// cases.md T04.
    #[test]
    fn a_marker_that_is_cut_off_opens_its_transaction_again() {
        let mut log = Written::at(99);
        log.in_transaction(1, 1).records(5).end(1, End::Commit);
        assert_eq!(log.last_stable(106), 106);
        log.0.truncate(Offset(100), KafkaVersion::default());
        assert_eq!(log.last_stable(100), 99);
    }

    /// cases.md T12.
    #[test]
    fn an_aborted_transaction_holds_readers_back_like_any_other() {
        let mut log = Written::at(0);
        log.in_transaction(1, 5).records(3).in_transaction(2, 2).in_transaction(1, 4).records(2);
        log.in_transaction(1, 10);
        assert_eq!(log.last_stable(26), 0);
        log.end(1, End::Commit);
        assert_eq!((log.last_stable(26), log.last_stable(27)), (0, 8));
        log.end(2, End::Abort);
        assert_eq!((log.last_stable(27), log.last_stable(28)), (8, 28));
    }
}
