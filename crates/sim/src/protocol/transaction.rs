//! What transactions write: their state into `__transaction_state`, their end into every partition that took part.

use serde::{Deserialize, Serialize};

use crate::ids::{Partition, ProducerEpoch, ProducerId, TransactionalId};

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum End {
    Commit,
    Abort,
}

/// A control batch: the transaction of its stamp's producer ends here (consumer-and-transactions.md §6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Marker {
    pub end: End,
    pub coordinator_epoch: u32,
}

/// consumer-and-transactions.md §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    Empty,
    Ongoing,
    Prepare(End),
    Complete(End),
}

/// A transactional id as its coordinator has written it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TransactionState {
    pub transactional_id: TransactionalId,
    pub producer: ProducerId,
    pub epoch: ProducerEpoch,
    pub phase: Phase,
    pub partitions: Vec<Partition>,
}

/// `isolation.level`: what a consumer's fetch may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Isolation {
    #[default]
    ReadUncommitted,
    ReadCommitted,
}
