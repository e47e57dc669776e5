//! Idempotence: the producer id, sequences per partition, when the epoch is raised (producer.md §6; TransactionManager,
//! TxnPartitionEntry). Transactions (producer.md §7) will live here too: their states, and more kinds of control
//! requests.

use std::sync::Arc;

use super::accumulator::PartitionQueue;
use super::batch::Batch;
use super::network_client::NodeIndex;
use crate::batch::ProducerStamp;
use crate::error::{ErrorCode, Failure};
use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};
use crate::time::Time;

pub(super) type ProducerIdAndEpoch = (ProducerId, ProducerEpoch);

#[derive(Clone, Debug, Default)]
pub(super) struct TransactionManager {
    pub id: Option<ProducerIdAndEpoch>,
    pub epoch_bump_required: bool,
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
    /// Asked for an epoch bump: its batches are rewritten then.
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
    /// For a partition: its tracked batches are rewritten when the epoch is raised.
    pub fn request_epoch_bump(&mut self, queue: &mut PartitionQueue) {
        self.epoch_bump_required = true;
        queue.sequences.wants_rewrite = true;
    }

    /// producer.md §6.6, §6.7: whether a refused batch is sent again; what else follows is arranged here.
    pub fn can_retry(&mut self, queue: &mut PartitionQueue, batch: &Batch, error: ErrorCode) -> bool {
        let sequences = queue.sequences;
        let base = batch.base_sequence();
        match error {
            ErrorCode::UnknownProducerId => {
                // No response names the log start offset, and a rewritten batch is simply sent again.
                if !batch.rewritten {
                    self.request_epoch_bump(queue);
                }
                true
            }
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

    /// A batch has failed for good. `refused`: it had retries left, so the broker has definitely not written it.
    pub fn handle_failed_batch(
        &mut self,
        queue: &mut PartitionQueue,
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
    pub fn mark_unresolved(&self, queue: &mut PartitionQueue, batch: &Batch) {
        let Some(last) = batch.last_sequence() else { return };
        queue.sequences.unresolved = queue.sequences.unresolved.max(Some(advance(last, 1)));
    }

    pub fn resolve(&mut self, queue: &mut PartitionQueue) {
        if queue.sequences.unresolved.is_none() || queue.tracks_any() {
            return;
        }
        queue.sequences.unresolved = None;
        if !queue.sequences.is_next(queue.sequences.next) {
            self.request_epoch_bump(queue);
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
        in_flight.chain(&self.queue).filter(|batch| batch.stamp.is_some())
    }

    pub fn tracks_any(&self) -> bool {
        self.tracked().next().is_some()
    }

    pub fn first_tracked_sequence(&self) -> Option<Sequence> {
        let order = |batch: &&Batch| batch.stamp.map(|stamp| (stamp.id, stamp.epoch, stamp.base_sequence));
        self.tracked().min_by_key(order).and_then(Batch::base_sequence)
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
