//! The protocol: one enum of messages, named as Kafka names its RPCs. Nodes send it, the trace keeps it, the timeline draws it.

pub mod batch;
pub mod group;
pub mod transaction;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, BrokerId, Brokers, ConnectionId, HappeningId, LeaderEpoch, MetadataOffset, NodeId, Offset,
    Partition, PartitionEpoch, ProducerEpoch, ProducerId, TopicId,
};
use crate::protocol::batch::{LogBatch, RecordBatch, bytes_of, total};
use crate::protocol::transaction::Isolation;
use crate::time::Duration;

/// A request or response on one connection. Responses carry the correlation id of their request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    pub correlation: u32,
    pub body: Body,
}

/// A message on its way, as the network and the trace see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    pub connection: ConnectionId,
    pub from: NodeId,
    pub to: NodeId,
    /// On the wire, headers included.
    pub bytes: u32,
    /// The happening that sent it.
    pub sent: HappeningId,
    /// A fault of the scenario: the receiver answers with this error instead of handling the request.
    pub refuse: Option<ErrorCode>,
    pub message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Body {
    // client to broker
    ApiVersionsRequest,
    ApiVersionsResponse,
    MetadataRequest {
        topics: Vec<TopicId>,
    },
    MetadataResponse(Arc<ClusterMetadata>),
    InitProducerIdRequest,
    InitProducerIdResponse {
        result: Result<(ProducerId, ProducerEpoch), ErrorCode>,
    },
    ProduceRequest(ProduceRequest),
    ProduceResponse {
        partitions: Vec<ProduceResult>,
    },
    // client or follower to leader
    FetchRequest(FetchRequest),
    FetchResponse {
        partitions: Vec<FetchResult>,
    },
    ListOffsetsRequest {
        partitions: Vec<ListOffset>,
    },
    ListOffsetsResponse {
        partitions: Vec<ListOffsetResult>,
    },
    OffsetsForLeaderEpochRequest {
        partitions: Vec<EpochQuestion>,
    },
    OffsetsForLeaderEpochResponse {
        partitions: Vec<EpochAnswer>,
    },
    // broker to controller
    BrokerRegistrationRequest(Registration),
    BrokerRegistrationResponse {
        result: Result<BrokerEpoch, ErrorCode>,
    },
    BrokerHeartbeatRequest(Heartbeat),
    BrokerHeartbeatResponse(HeartbeatAnswer),
    AlterPartitionRequest {
        broker_epoch: BrokerEpoch,
        partitions: Vec<AlterPartition>,
    },
    AlterPartitionResponse {
        result: Result<Vec<AlterPartitionResult>, ErrorCode>,
    },
    /// A broker's fetch of the metadata log (KRaft): parked until there is more.
    MetadataFetchRequest {
        from: MetadataOffset,
    },
    /// The records from `from` to before `next`, which is what to ask for then.
    MetadataFetchResponse {
        records: Vec<MetadataRecord>,
        next: MetadataOffset,
    },
    // controller to broker, ZooKeeper age
    LeaderAndIsrRequest {
        controller_epoch: u32,
        records: Vec<MetadataRecord>,
    },
    LeaderAndIsrResponse,
    UpdateMetadataRequest {
        controller_epoch: u32,
        records: Vec<MetadataRecord>,
    },
    UpdateMetadataResponse,
    ControlledShutdownRequest {
        broker_epoch: BrokerEpoch,
    },
    ControlledShutdownResponse {
        remaining: u32,
    },
    /// A broker's block of 1000 producer ids is used up (or it never had one).
    AllocateProducerIdsRequest {
        broker_epoch: BrokerEpoch,
    },
    /// The first id of the block.
    AllocateProducerIdsResponse {
        result: Result<ProducerId, ErrorCode>,
    },
}

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

impl Body {
    /// Kafka's name without "Request" and "Response".
    pub fn api(&self) -> Api {
        match self {
            Body::ApiVersionsRequest | Body::ApiVersionsResponse => Api::ApiVersions,
            Body::MetadataRequest { .. } | Body::MetadataResponse(_) => Api::Metadata,
            Body::InitProducerIdRequest | Body::InitProducerIdResponse { .. } => Api::InitProducerId,
            Body::ProduceRequest(_) | Body::ProduceResponse { .. } => Api::Produce,
            Body::FetchRequest(_) | Body::FetchResponse { .. } => Api::Fetch,
            Body::ListOffsetsRequest { .. } | Body::ListOffsetsResponse { .. } => Api::ListOffsets,
            Body::OffsetsForLeaderEpochRequest { .. } | Body::OffsetsForLeaderEpochResponse { .. } => {
                Api::OffsetsForLeaderEpoch
            }
            Body::BrokerRegistrationRequest(_) | Body::BrokerRegistrationResponse { .. } => {
                Api::BrokerRegistration
            }
            Body::BrokerHeartbeatRequest(_) | Body::BrokerHeartbeatResponse(_) => Api::BrokerHeartbeat,
            Body::AlterPartitionRequest { .. } | Body::AlterPartitionResponse { .. } => Api::AlterPartition,
            Body::MetadataFetchRequest { .. } | Body::MetadataFetchResponse { .. } => Api::MetadataFetch,
            Body::LeaderAndIsrRequest { .. } | Body::LeaderAndIsrResponse => Api::LeaderAndIsr,
            Body::UpdateMetadataRequest { .. } | Body::UpdateMetadataResponse => Api::UpdateMetadata,
            Body::ControlledShutdownRequest { .. } | Body::ControlledShutdownResponse { .. } => {
                Api::ControlledShutdown
            }
            Body::AllocateProducerIdsRequest { .. } | Body::AllocateProducerIdsResponse { .. } => {
                Api::AllocateProducerIds
            }
        }
    }

    pub fn is_request(&self) -> bool {
        match self {
            Body::ApiVersionsRequest
            | Body::MetadataRequest { .. }
            | Body::InitProducerIdRequest
            | Body::ProduceRequest(_)
            | Body::FetchRequest(_)
            | Body::ListOffsetsRequest { .. }
            | Body::OffsetsForLeaderEpochRequest { .. }
            | Body::BrokerRegistrationRequest(_)
            | Body::BrokerHeartbeatRequest(_)
            | Body::AlterPartitionRequest { .. }
            | Body::MetadataFetchRequest { .. }
            | Body::LeaderAndIsrRequest { .. }
            | Body::UpdateMetadataRequest { .. }
            | Body::ControlledShutdownRequest { .. }
            | Body::AllocateProducerIdsRequest { .. } => true,
            Body::ApiVersionsResponse
            | Body::MetadataResponse(_)
            | Body::InitProducerIdResponse { .. }
            | Body::ProduceResponse { .. }
            | Body::FetchResponse { .. }
            | Body::ListOffsetsResponse { .. }
            | Body::OffsetsForLeaderEpochResponse { .. }
            | Body::BrokerRegistrationResponse { .. }
            | Body::BrokerHeartbeatResponse(_)
            | Body::AlterPartitionResponse { .. }
            | Body::MetadataFetchResponse { .. }
            | Body::LeaderAndIsrResponse
            | Body::UpdateMetadataResponse
            | Body::ControlledShutdownResponse { .. }
            | Body::AllocateProducerIdsResponse { .. } => false,
        }
    }

    /// It has come to a node that never asked for it and can do nothing with it: a bug.
    #[cold]
    pub fn misplaced(&self) -> ! {
        let kind = if self.is_request() { "request" } else { "response" };
        unreachable!("{} {kind} where it does not belong", self.api().name())
    }

    /// Size on the wire: record bytes exactly, the rest by a fixed estimate per entry.
    pub fn bytes(&self) -> u32 {
        const HEADER: u32 = 40;
        const ENTRY: u32 = 24;
        let body = match self {
            Body::ProduceRequest(request) => {
                total(request.partitions.iter().map(|(_, batch)| batch.bytes.saturating_add(ENTRY)))
            }
            Body::FetchResponse { partitions } => {
                total(partitions.iter().map(|result| match &result.answer {
                    FetchAnswer::Records { batches, .. } => bytes_of(batches).saturating_add(ENTRY),
                    FetchAnswer::Diverging { .. } | FetchAnswer::Error { .. } => ENTRY,
                }))
            }
            Body::FetchRequest(request) => ENTRY * request.partitions.len() as u32,
            Body::ProduceResponse { partitions } => ENTRY * partitions.len() as u32,
            Body::MetadataResponse(metadata) => ENTRY * metadata.partitions.len() as u32,
            Body::MetadataFetchResponse { records, .. } => ENTRY * records.len() as u32,
            _ => 0,
        };
        body.saturating_add(HEADER)
    }
}

/// The kind of a message, request and response alike: what filters, colours and one-shot network faults go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    ApiVersions,
    Metadata,
    InitProducerId,
    Produce,
    Fetch,
    ListOffsets,
    OffsetsForLeaderEpoch,
    BrokerRegistration,
    BrokerHeartbeat,
    AlterPartition,
    MetadataFetch,
    LeaderAndIsr,
    UpdateMetadata,
    ControlledShutdown,
    AllocateProducerIds,
}

impl Api {
    pub fn name(self) -> &'static str {
        match self {
            Api::ApiVersions => "ApiVersions",
            Api::Metadata => "Metadata",
            Api::InitProducerId => "InitProducerId",
            Api::Produce => "Produce",
            Api::Fetch => "Fetch",
            Api::ListOffsets => "ListOffsets",
            Api::OffsetsForLeaderEpoch => "OffsetsForLeaderEpoch",
            Api::BrokerRegistration => "BrokerRegistration",
            Api::BrokerHeartbeat => "BrokerHeartbeat",
            Api::AlterPartition => "AlterPartition",
            Api::MetadataFetch => "Fetch (metadata)",
            Api::LeaderAndIsr => "LeaderAndIsr",
            Api::UpdateMetadata => "UpdateMetadata",
            Api::ControlledShutdown => "ControlledShutdown",
            Api::AllocateProducerIds => "AllocateProducerIds",
        }
    }
}
