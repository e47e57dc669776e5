//! The answers that clients are sent. Which message is one is decided here, once: a new message does not compile before.

use crate::error::ErrorCode;
use crate::ids::{ProducerEpoch, ProducerId};
use crate::protocol::{Body, ClusterMetadata, EpochAnswer, FetchResult, ListOffsetResult, ProduceResult};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'a> {
    ApiVersions,
    Metadata(&'a ClusterMetadata),
    InitProducerId(Result<(ProducerId, ProducerEpoch), ErrorCode>),
    Produce(&'a [ProduceResult]),
    Fetch(&'a [FetchResult]),
    ListOffsets(&'a [ListOffsetResult]),
    OffsetsForLeaderEpoch(&'a [EpochAnswer]),
}

impl Answer<'_> {
    pub fn of(body: &Body) -> Answer<'_> {
        match body {
            Body::ApiVersionsResponse => Answer::ApiVersions,
            Body::MetadataResponse(found) => Answer::Metadata(found),
            Body::InitProducerIdResponse { result } => Answer::InitProducerId(*result),
            Body::ProduceResponse { partitions } => Answer::Produce(partitions),
            Body::FetchResponse { partitions } => Answer::Fetch(partitions),
            Body::ListOffsetsResponse { partitions } => Answer::ListOffsets(partitions),
            Body::OffsetsForLeaderEpochResponse { partitions } => Answer::OffsetsForLeaderEpoch(partitions),
            Body::ApiVersionsRequest
            | Body::MetadataRequest { .. }
            | Body::InitProducerIdRequest
            | Body::ProduceRequest(_)
            | Body::FetchRequest(_)
            | Body::ListOffsetsRequest { .. }
            | Body::OffsetsForLeaderEpochRequest { .. }
            | Body::BrokerRegistrationRequest(_)
            | Body::BrokerRegistrationResponse { .. }
            | Body::BrokerHeartbeatRequest(_)
            | Body::BrokerHeartbeatResponse(_)
            | Body::AlterPartitionRequest { .. }
            | Body::AlterPartitionResponse { .. }
            | Body::MetadataFetchRequest { .. }
            | Body::MetadataFetchResponse { .. }
            | Body::LeaderAndIsrRequest { .. }
            | Body::LeaderAndIsrResponse
            | Body::UpdateMetadataRequest { .. }
            | Body::UpdateMetadataResponse
            | Body::ControlledShutdownRequest { .. }
            | Body::ControlledShutdownResponse { .. }
            | Body::AllocateProducerIdsRequest { .. }
            | Body::AllocateProducerIdsResponse { .. } => body.misplaced(),
        }
    }
}
