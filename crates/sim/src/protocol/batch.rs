//! Record batches: what a producer sends, what a log keeps. The records themselves are kept once, in the run's ledger.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{BatchId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, RecordId, Sequence};
use crate::protocol::group::{GroupMetadata, OffsetCommit};
use crate::protocol::transaction::{Marker, TransactionState};

/// Producer id, epoch and first sequence, stamped on a batch when it is first drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerStamp {
    pub id: ProducerId,
    pub epoch: ProducerEpoch,
    pub base_sequence: Sequence,
}

impl ProducerStamp {
    /// The sequence of the last of `records` records; 2147483647 is followed by 0.
    pub fn last_sequence(self, records: u32) -> Sequence {
        Sequence(((u64::from(self.base_sequence.0) + u64::from(records) - 1) & 0x7fff_ffff) as u32)
    }
}

/// What a batch holds. Only `Records` come from applications and count as records.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Content {
    Records(Vec<RecordId>),
    Offsets(Vec<OffsetCommit>),
    GroupMetadata(Box<GroupMetadata>),
    TransactionState(Box<TransactionState>),
    Marker(Marker),
}

/// A closed batch as it goes over the wire. It never changes: a rewritten retry is a new value with the same id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordBatch {
    pub id: BatchId,
    pub stamp: Option<ProducerStamp>,
    /// Part of a transaction of the stamp's producer.
    pub transactional: bool,
    pub content: Content,
    /// On the wire and on disk, header included, after compression.
    pub bytes: u32,
    /// Before compression, header included.
    pub uncompressed_bytes: u32,
    /// The upper-bound size of the largest record: what a broker checks against `max.message.bytes` is `bytes`.
    pub largest_record_bytes: u32,
}

impl RecordBatch {
    /// How many offsets it takes in a log.
    pub fn count(&self) -> u32 {
        match &self.content {
            Content::Records(records) => records.len() as u32,
            Content::Offsets(commits) => commits.len() as u32,
            Content::GroupMetadata(_) | Content::TransactionState(_) | Content::Marker(_) => 1,
        }
    }

    /// It opens, continues or ends a transaction.
    pub fn is_of_transaction(&self) -> bool {
        self.transactional || matches!(self.content, Content::Marker(_))
    }

    /// The records of applications in it.
    pub fn records(&self) -> &[RecordId] {
        match &self.content {
            Content::Records(records) => records,
            Content::Offsets(_)
            | Content::GroupMetadata(_)
            | Content::TransactionState(_)
            | Content::Marker(_) => &[],
        }
    }

    pub fn last_sequence(&self) -> Option<Sequence> {
        self.stamp.map(|stamp| stamp.last_sequence(self.count()))
    }
}

/// What these sizes come to; no size here goes beyond 4 GiB, and what does is taken for that.
pub fn total(sizes: impl Iterator<Item = u32>) -> u32 {
    sizes.fold(0, u32::saturating_add)
}

/// What these batches take on the wire and on disk.
pub fn bytes_of(batches: &[LogBatch]) -> u32 {
    total(batches.iter().map(|entry| entry.batch.bytes))
}

/// A batch in a log: the leader has given it offsets and its own epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogBatch {
    pub base_offset: Offset,
    pub leader_epoch: LeaderEpoch,
    pub batch: Arc<RecordBatch>,
}

impl LogBatch {
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0 + self.batch.count() - 1)
    }

    pub fn next_offset(&self) -> Offset {
        Offset(self.base_offset.0 + self.batch.count())
    }

    /// The records of applications with their offsets.
    pub fn records(&self) -> impl Iterator<Item = (Offset, RecordId)> {
        let base = self.base_offset.0;
        (base..).map(Offset).zip(self.batch.records().iter().copied())
    }
}
