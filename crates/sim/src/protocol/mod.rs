//! The protocol: one enum of messages, named as Kafka names its RPCs. Nodes send it, the trace keeps it, the timeline draws it.

pub mod batch;
pub mod cluster;
pub mod data;
pub mod group;
pub mod transaction;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::ids::{
    BrokerEpoch, ConnectionId, HappeningId, MetadataOffset, NodeId, ProducerEpoch, ProducerId, TopicId,
};
use crate::protocol::batch::{bytes_of, total};
pub use cluster::{
    AlterPartition, AlterPartitionResult, ClusterMetadata, Heartbeat, HeartbeatAnswer, MetadataRecord,
    PartitionMetadata, PartitionState, Registration,
};
pub use data::{
    Acks, CurrentLeader, EpochAnswer, EpochQuestion, FetchAnswer, FetchPartition, FetchRequest, FetchResult,
    ListOffset, ListOffsetAt, ListOffsetResult, ProduceRequest, ProduceResult,
};

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

impl Body {
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
            Body::ApiVersionsRequest
            | Body::ApiVersionsResponse
            | Body::MetadataRequest { .. }
            | Body::InitProducerIdRequest
            | Body::InitProducerIdResponse { .. }
            | Body::ListOffsetsRequest { .. }
            | Body::ListOffsetsResponse { .. }
            | Body::OffsetsForLeaderEpochRequest { .. }
            | Body::OffsetsForLeaderEpochResponse { .. }
            | Body::BrokerRegistrationRequest(_)
            | Body::BrokerRegistrationResponse { .. }
            | Body::BrokerHeartbeatRequest(_)
            | Body::BrokerHeartbeatResponse(_)
            | Body::AlterPartitionRequest { .. }
            | Body::AlterPartitionResponse { .. }
            | Body::MetadataFetchRequest { .. }
            | Body::LeaderAndIsrRequest { .. }
            | Body::LeaderAndIsrResponse
            | Body::UpdateMetadataRequest { .. }
            | Body::UpdateMetadataResponse
            | Body::ControlledShutdownRequest { .. }
            | Body::ControlledShutdownResponse { .. }
            | Body::AllocateProducerIdsRequest { .. }
            | Body::AllocateProducerIdsResponse { .. } => 0,
        };
        body.saturating_add(HEADER)
    }
}

/// Writes each API once: its name, its request, its response.
macro_rules! apis {
    ($($api:ident $name:literal $request:ident $response:ident;)*) => {
        /// The kind of a message, request and response alike: what filters, colours and one-shot network faults go by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Api {
            $($api,)*
        }

        impl Api {
            /// Kafka's name without "Request" and "Response".
            pub fn name(self) -> &'static str {
                match self {
                    $(Api::$api => $name,)*
                }
            }
        }

        /// The pattern of every request, for those who are only sent answers.
        macro_rules! any_request {
            () => {
                $(crate::protocol::Body::$request { .. })|*
            };
        }

        /// The pattern of every response, for those who are only sent requests.
        macro_rules! any_response {
            () => {
                $(crate::protocol::Body::$response { .. })|*
            };
        }

        impl Body {
            pub fn api(&self) -> Api {
                match self {
                    $(Body::$request { .. } | Body::$response { .. } => Api::$api,)*
                }
            }

            pub fn is_request(&self) -> bool {
                match self {
                    any_request!() => true,
                    any_response!() => false,
                }
            }
        }
    };
}

apis! {
    ApiVersions "ApiVersions" ApiVersionsRequest ApiVersionsResponse;
    Metadata "Metadata" MetadataRequest MetadataResponse;
    InitProducerId "InitProducerId" InitProducerIdRequest InitProducerIdResponse;
    Produce "Produce" ProduceRequest ProduceResponse;
    Fetch "Fetch" FetchRequest FetchResponse;
    ListOffsets "ListOffsets" ListOffsetsRequest ListOffsetsResponse;
    OffsetsForLeaderEpoch "OffsetsForLeaderEpoch" OffsetsForLeaderEpochRequest OffsetsForLeaderEpochResponse;
    BrokerRegistration "BrokerRegistration" BrokerRegistrationRequest BrokerRegistrationResponse;
    BrokerHeartbeat "BrokerHeartbeat" BrokerHeartbeatRequest BrokerHeartbeatResponse;
    AlterPartition "AlterPartition" AlterPartitionRequest AlterPartitionResponse;
    MetadataFetch "Fetch (metadata)" MetadataFetchRequest MetadataFetchResponse;
    LeaderAndIsr "LeaderAndIsr" LeaderAndIsrRequest LeaderAndIsrResponse;
    UpdateMetadata "UpdateMetadata" UpdateMetadataRequest UpdateMetadataResponse;
    ControlledShutdown "ControlledShutdown" ControlledShutdownRequest ControlledShutdownResponse;
    AllocateProducerIds "AllocateProducerIds" AllocateProducerIdsRequest AllocateProducerIdsResponse;
}

pub(crate) use {any_request, any_response};
