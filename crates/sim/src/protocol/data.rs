//! Records on their way: what producers send, what followers and consumers fetch, and the questions about offsets.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, Partition};
use crate::protocol::batch::{LogBatch, RecordBatch};
use crate::protocol::transaction::Isolation;
use crate::time::Duration;

/// `acks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Acks {
    None,
    Leader,
    #[default]
    All,
}

impl Acks {
    pub fn name(self) -> &'static str {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceRequest {
    pub acks: Acks,
    /// How long the leader may wait for its followers: the client's request.timeout.ms.
    pub timeout: Duration,
    pub partitions: Vec<(Partition, Arc<RecordBatch>)>,
}

/// The leader that a broker knows, told with NOT_LEADER_OR_FOLLOWER or FENCED_LEADER_EPOCH (KIP-951).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CurrentLeader {
    pub leader: BrokerId,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceResult {
    pub partition: Partition,
    /// The base offset, or why not.
    pub result: Result<Offset, ErrorCode>,
    pub current_leader: Option<CurrentLeader>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchRequest {
    /// None: a consumer.
    pub replica: Option<(BrokerId, BrokerEpoch)>,
    /// What a consumer may see.
    pub isolation: Isolation,
    pub max_wait: Duration,
    pub min_bytes: u32,
    pub max_bytes: u32,
    pub partitions: Vec<FetchPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchPartition {
    pub partition: Partition,
    pub fetch_offset: Offset,
    /// The leader epoch that the asker believes in; None before KIP-320.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The epoch of the last batch the asker holds; None where it holds none or the version does not send it.
    pub last_fetched_epoch: Option<LeaderEpoch>,
    pub log_start_offset: Offset,
    pub max_bytes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchResult {
    pub partition: Partition,
    pub answer: FetchAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FetchAnswer {
    Records {
        high_watermark: Offset,
        log_start_offset: Offset,
        batches: Vec<LogBatch>,
    },
    /// The leader's log has nothing like the asker's tail: the asker must truncate.
    Diverging {
        leader_epoch: Option<LeaderEpoch>,
        end_offset: Option<Offset>,
    },
    Error {
        error: ErrorCode,
        current_leader: Option<CurrentLeader>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffset {
    pub partition: Partition,
    pub current_leader_epoch: Option<LeaderEpoch>,
    pub at: ListOffsetAt,
    /// Followers ask for the log end, consumers for the high watermark.
    pub from_replica: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListOffsetAt {
    Earliest,
    Latest,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetResult {
    pub partition: Partition,
    pub at: ListOffsetAt,
    pub result: Result<(Offset, LeaderEpoch), ErrorCode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochQuestion {
    pub partition: Partition,
    pub current_leader_epoch: Option<LeaderEpoch>,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochAnswer {
    pub partition: Partition,
    /// (epoch, end offset); None: unknown.
    pub result: Result<Option<(LeaderEpoch, Offset)>, ErrorCode>,
}
