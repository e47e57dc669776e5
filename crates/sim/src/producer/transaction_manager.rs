//! Idempotence: the producer id, sequences per partition, when the epoch is raised (producer.md §6; TransactionManager,
//! TxnPartitionEntry). Transactions (producer.md §7) will live here too: their states, and more kinds of control
//! requests.

use std::sync::Arc;

use super::accumulator::PartitionQueue;
use super::batch::Batch;
use crate::client::NodeIndex;
use crate::error::{ErrorCode, Failure};
use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};
use crate::protocol::batch::ProducerStamp;
use crate::time::Time;
use crate::version::KafkaVersion;

pub(super) type ProducerIdAndEpoch = (ProducerId, ProducerEpoch);

#[derive(Clone, Debug, Default)]
pub(super) struct TransactionManager {
    version: KafkaVersion,
    pub id: Option<ProducerIdAndEpoch>,
    pub epoch_bump_required: bool,
    /// The id was given up: nothing that is known of any partition holds any more.
    has_reset: bool,
    pub error: Option<ErrorState>,
    pub control: Control,
}

#[derive(Clone, Debug)]
pub(super) enum ErrorState {
    /// Authorisation: everything queued fails, then the producer id is asked for anew.
    Abortable(Arc<Failure>),
    /// Nothing is ever sent again.
    Fatal(Arc<Failure>),
}

/// The one control request (InitProducerId, for now): while there is one, no data is sent (producer.md §4.1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Control {
    #[default]
    None,
    Pending {
        is_retry: bool,
    },
    /// The Sender waits for a node to become ready.
    AwaitsNode {
        node: NodeIndex,
        is_retry: bool,
        until: Time,
    },
    /// The node is ready; the Sender sleeps out the backoff of a retry.
    Rests {
        node: NodeIndex,
    },
    InFlight,
}

/// What is known of one partition's sequences (TxnPartitionEntry).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sequences {
    /// The id and epoch in use here, which may lag behind the producer's.
    pub id: Option<ProducerIdAndEpoch>,
    pub next: Sequence,
    last_acked: Option<Sequence>,
    last_acked_offset: Option<Offset>,
    /// A batch that was being retried has expired: the sequence behind it.
    pub unresolved: Option<Sequence>,
    /// Its batches are to be rewritten, mostly under a new epoch.
    pub wants_rewrite: bool,
}

impl Sequences {
    /// `sequence` follows the last acknowledged one.
    fn is_next(&self, sequence: Sequence) -> bool {
        i64::from(sequence.0) - self.last_acked.map_or(-1, |last| i64::from(last.0)) == 1
    }

    /// Gives out the sequences of `records` records.
    pub fn take(&mut self, records: u32) -> Sequence {
        let first = self.next;
        self.next = advance(first, records);
        first
    }

    pub fn acknowledge(&mut self, batch: &Batch, offset: Option<Offset>) {
        let Some(last) = batch.last_sequence() else { return };
        self.last_acked = self.last_acked.max(Some(last));
        if let Some(base) = offset {
            let last_offset = Offset(base.0 + batch.count() - 1);
            self.last_acked_offset = self.last_acked_offset.max(Some(last_offset));
        }
    }
}

/// 2147483647 is followed by 0.
pub(super) fn advance(sequence: Sequence, by: u32) -> Sequence {
    Sequence(((u64::from(sequence.0) + u64::from(by)) & 0x7fff_ffff) as u32)
}

impl TransactionManager {
    pub fn of(version: KafkaVersion) -> TransactionManager {
        TransactionManager { version, ..TransactionManager::default() }
    }

    /// Whether the batch was stamped with the id in use. Only before epochs were raised does it matter.
    pub fn owns(&self, batch: &Batch) -> bool {
        let own = batch.stamp.map(|stamp| (stamp.id, stamp.epoch));
        self.version.raises_producer_epochs() || self.id.is_some() && own == self.id
    }

    /// `resetProducerId`.
    pub fn reset(&mut self) {
        self.id = None;
        self.epoch_bump_required = false;
        self.has_reset = true;
    }

    /// Whether the partitions have to be told of a reset.
    pub fn take_reset(&mut self) -> bool {
        std::mem::take(&mut self.has_reset)
    }

    /// For a partition: its tracked batches are rewritten when the epoch is raised.
    pub fn request_epoch_bump(&mut self, queue: &mut PartitionQueue) {
        self.epoch_bump_required = true;
        queue.sequences.wants_rewrite = true;
    }

    /// producer.md §6.6, §6.7: whether a refused batch is sent again; what else follows is arranged here.
    pub fn can_retry(&mut self, queue: &mut PartitionQueue, batch: &Batch, error: ErrorCode) -> bool {
        if !self.version.raises_producer_epochs() {
            return self.can_retry_under_one_id(queue, batch, error);
        }
        let sequences = queue.sequences;
        let base = batch.base_sequence();
        match error {
            // Brokers of these releases take any sequence of a producer that they do not know. Only a scenario answers
            // so, and names no log start offset: the request is repeated as it is.
            ErrorCode::UnknownProducerId => true,
            ErrorCode::OutOfOrderSequenceNumber => {
                let is_resolved = sequences.unresolved.is_none();
                let is_next = base.is_some_and(|base| sequences.is_next(base));
                if !(is_resolved && (batch.rewritten || !is_next))
                    && (is_resolved || sequences.unresolved == base)
                {
                    self.request_epoch_bump(queue);
                }
                true
            }
            error => error.is_retriable(),
        }
    }

    /// The same before 2.5 (`TransactionManager.canRetry` of 1.1.1 and 2.4.1; `Sender.canRetry` of 0.11).
    fn can_retry_under_one_id(
        &mut self,
        queue: &mut PartitionQueue,
        batch: &Batch,
        error: ErrorCode,
    ) -> bool {
        if !self.owns(batch) || !self.version.sends_out_of_order_batches_again() {
            return error.is_retriable();
        }
        let sequences = &mut queue.sequences;
        match error {
            ErrorCode::OutOfOrderSequenceNumber => {
                let is_next = batch.base_sequence().is_some_and(|base| sequences.is_next(base));
                sequences.unresolved.is_none() && (batch.rewritten || !is_next)
            }
            ErrorCode::UnknownProducerId if batch.rewritten => true,
            // Every log begins at offset 0 here. What was acknowledged is missing although nothing was deleted.
            ErrorCode::UnknownProducerId if sequences.last_acked_offset.is_some() => false,
            ErrorCode::UnknownProducerId => {
                sequences.wants_rewrite = true;
                true
            }
            error => error.is_retriable(),
        }
    }

    /// A batch has failed for good. `refused`: it had retries left, so the broker has definitely not written it.
    pub fn handle_failed_batch(
        &mut self,
        queue: &mut PartitionQueue,
        batch: &Batch,
        error: Option<ErrorCode>,
        failure: &Arc<Failure>,
        refused: bool,
    ) {
        if error == Some(ErrorCode::ClusterAuthorizationFailed) {
            self.error = Some(ErrorState::Fatal(Arc::clone(failure)));
        }
        if matches!(self.error, Some(ErrorState::Fatal(_))) {
            return;
        }
        if !self.version.raises_producer_epochs() {
            match error {
                _ if !self.owns(batch) => {}
                Some(ErrorCode::UnknownProducerId | ErrorCode::OutOfOrderSequenceNumber) => self.reset(),
                _ if refused => queue.close_gap(batch),
                _ => {}
            }
            return;
        }
        match error {
            Some(ErrorCode::UnknownProducerId) => {
                queue.sequences = Sequences::default();
            }
            Some(ErrorCode::OutOfOrderSequenceNumber) => self.request_epoch_bump(queue),
            _ if refused => self.request_epoch_bump(queue),
            _ => {}
        }
    }

    /// The expired batch was being retried: whether it is in the log shows when the others are through
    /// (producer.md §6.8).
    pub fn mark_unresolved(&mut self, queue: &mut PartitionQueue, batch: &Batch) {
        if !self.owns(batch) {
            return;
        }
        if !self.version.sends_out_of_order_batches_again() {
            return self.reset();
        }
        let Some(last) = batch.last_sequence() else { return };
        queue.sequences.unresolved = queue.sequences.unresolved.max(Some(advance(last, 1)));
    }

    pub fn resolve(&mut self, queue: &mut PartitionQueue) {
        if queue.sequences.unresolved.is_none() || queue.tracks_any() {
            return;
        }
        queue.sequences.unresolved = None;
        if queue.sequences.is_next(queue.sequences.next) {
            return;
        }
        if self.version.raises_producer_epochs() {
            self.request_epoch_bump(queue);
        } else {
            self.reset();
        }
    }

    /// Whether the head batch has to wait (producer.md §6.4).
    pub fn blocks(&self, queue: &PartitionQueue, head: &Batch) -> bool {
        let Some(id) = self.id else { return true };
        match head.base_sequence() {
            None => {
                let is_stale = queue.sequences.id != Some(id) && queue.tracks_any();
                is_stale || queue.sequences.unresolved.is_some()
            }
            Some(base) => queue.first_tracked_sequence().is_some_and(|first| first != base),
        }
    }

    /// Stamps a batch that is drained for the first time.
    pub fn stamp(&self, queue: &mut PartitionQueue, batch: &mut Batch) {
        if batch.stamp.is_some() {
            return;
        }
        let Some((id, epoch)) = self.id else { return };
        if queue.sequences.id != Some((id, epoch)) {
            queue.restart_sequences((id, epoch));
        }
        let base_sequence = queue.sequences.take(batch.count());
        batch.stamp = Some(ProducerStamp { id, epoch, base_sequence });
    }
}

impl PartitionQueue {
    /// Batches with a sequence and without a final answer, in flight or queued for a retry.
    fn tracked(&self) -> impl Iterator<Item = &Batch> {
        let in_flight = self.in_flight.iter().filter(|batch| !batch.done);
        let own = |batch: &&Batch| {
            batch.stamp.is_some_and(|stamp| self.sequences.id == Some((stamp.id, stamp.epoch)))
        };
        in_flight.chain(&self.queue).filter(own)
    }

    pub fn tracks_any(&self) -> bool {
        self.tracked().next().is_some()
    }

    pub fn first_tracked_sequence(&self) -> Option<Sequence> {
        let order = |batch: &&Batch| batch.stamp.map(|stamp| (stamp.id, stamp.epoch, stamp.base_sequence));
        self.tracked().min_by_key(order).and_then(Batch::base_sequence)
    }

    /// The broker has not written the batch: those behind it take its sequences (`adjustSequencesDueToFailedBatch`).
    fn close_gap(&mut self, failed: &Batch) {
        let (Some(stamp), count) = (failed.stamp, failed.count()) else { return };
        let all = (self.in_flight.iter_mut().filter(|batch| !batch.done)).chain(&mut self.queue);
        for batch in all {
            let Some(own) = &mut batch.stamp else { continue };
            let is_behind = own.base_sequence > stamp.base_sequence;
            if (own.id, own.epoch) == (stamp.id, stamp.epoch) && is_behind {
                own.base_sequence.0 = own.base_sequence.0.saturating_sub(count);
                batch.rewritten = true;
            }
        }
        self.sequences.next.0 = self.sequences.next.0.saturating_sub(count);
    }

    /// All tracked batches are rewritten to sequences from 0 on, in order, under the new epoch (producer.md §6.9).
    pub fn restart_sequences(&mut self, new: ProducerIdAndEpoch) {
        let (id, epoch) = new;
        let tracked = (self.in_flight.iter_mut().filter(|batch| !batch.done))
            .chain(&mut self.queue)
            .filter(|batch| batch.stamp.is_some());
        let place = |stamp: ProducerStamp| (stamp.id, stamp.epoch, stamp.base_sequence);
        let tracked = crate::order::sorted(tracked, |batch| batch.stamp.map(place));
        let mut next = Sequence(0);
        for batch in tracked {
            batch.stamp = Some(ProducerStamp { id, epoch, base_sequence: next });
            batch.rewritten = true;
            next = advance(next, batch.count());
        }
        self.sequences.id = Some(new);
        self.sequences.next = next;
        self.sequences.last_acked = None;
        self.sequences.wants_rewrite = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{Sequences, advance};
    use crate::ids::Sequence;

    #[test]
    fn sequences_count_records_and_wrap() {
        let mut sequences = Sequences::default();
        assert_eq!(
            (sequences.take(3), sequences.take(1), sequences.next),
            (Sequence(0), Sequence(3), Sequence(4))
        );
        assert_eq!(advance(Sequence(i32::MAX as u32), 1), Sequence(0));
        assert!(Sequences::default().is_next(Sequence(0)));
    }
}
