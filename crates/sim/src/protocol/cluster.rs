//! Brokers and their controller: registrations, heartbeats, the truth about partitions, and what clients learn of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, BrokerId, Brokers, LeaderEpoch, MetadataOffset, Partition, PartitionEpoch, TopicId,
};

/// What a client learns of the cluster, as one broker knew it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClusterMetadata {
    /// Unfenced brokers.
    pub brokers: Brokers,
    pub partitions: Vec<PartitionMetadata>,
    /// Topics that were asked for and do not exist (or may not be seen).
    pub topic_errors: Vec<(TopicId, ErrorCode)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionMetadata {
    pub partition: Partition,
    /// None: LEADER_NOT_AVAILABLE.
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub in_sync_replicas: Brokers,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Registration {
    pub broker: BrokerId,
    /// Differs with every start of the process.
    pub incarnation: u32,
    /// From the clean-shutdown file; None after an unclean stop.
    pub previous_broker_epoch: Option<BrokerEpoch>,
    /// The log directory's id (`meta.properties`): another one once the whole disk was replaced.
    pub directory: u32,
    /// The epoch to be given, where a recorded run prescribes it (`Boot::broker_epoch`).
    pub prescribed_epoch: Option<BrokerEpoch>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Heartbeat {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
    /// The last record that the broker has applied. The log begins with a no-op, so zero says: none.
    pub current_metadata_offset: MetadataOffset,
    pub want_fence: bool,
    pub want_shut_down: bool,
    pub log_dir_failed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    pub error: Option<ErrorCode>,
    pub is_caught_up: bool,
    pub is_fenced: bool,
    pub should_shut_down: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartition {
    pub partition: Partition,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    /// The proposed ISR, each member with the broker epoch that the leader saw in its fetches (None: its own or unknown).
    pub new_isr: Vec<(BrokerId, Option<BrokerEpoch>)>,
    /// The leader declares an unclean recovery finished.
    pub recovered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionResult {
    pub partition: Partition,
    pub result: Result<PartitionState, ErrorCode>,
}

/// The controller's truth about a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionState {
    /// In assignment order: the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Brokers,
    /// Eligible leader replicas (KIP-966).
    pub elr: Brokers,
    pub last_known_leader: Option<BrokerId>,
    /// Elected uncleanly, not yet confirmed.
    pub recovering: bool,
}

/// One record of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetadataRecord {
    Topic {
        topic: TopicId,
    },
    Partition {
        partition: Partition,
        state: Arc<PartitionState>,
    },
    BrokerRegistration {
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
        fenced: bool,
        in_controlled_shutdown: bool,
    },
    /// The topic's own settings from here on.
    TopicConfig {
        topic: TopicId,
        config: Arc<TopicConfig>,
    },
    NoOp,
}
