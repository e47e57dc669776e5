//! What groups write into `__consumer_offsets`.

use serde::{Deserialize, Serialize};

use crate::ids::{Generation, GroupId, LeaderEpoch, MemberId, Offset, Partition};

/// Where a group goes on in one partition (consumer-and-transactions.md §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetCommit {
    pub group: GroupId,
    pub partition: Partition,
    /// The next one to read.
    pub offset: Offset,
    /// Of the last record that was read.
    pub leader_epoch: Option<LeaderEpoch>,
}

/// A group after a rebalance (consumer-and-transactions.md §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GroupMetadata {
    pub group: GroupId,
    pub generation: Generation,
    pub leader: Option<MemberId>,
    pub members: Vec<(MemberId, Vec<Partition>)>,
}
