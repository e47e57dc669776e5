//! The answers that clients are sent. Which message is one is decided here, once: a new message does not compile before.

use crate::error::ErrorCode;
use crate::ids::{ProducerEpoch, ProducerId};
use crate::protocol::{
    Body, ClusterMetadata, EpochAnswer, FetchResult, ListOffsetResult, ProduceResult, any_request,
};

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
            // For brokers.
            Body::BrokerRegistrationResponse { .. }
            | Body::BrokerHeartbeatResponse(_)
            | Body::AlterPartitionResponse { .. }
            | Body::MetadataFetchResponse { .. }
            | Body::LeaderAndIsrResponse
            | Body::UpdateMetadataResponse
            | Body::ControlledShutdownResponse { .. }
            | Body::AllocateProducerIdsResponse { .. }
            | any_request!() => body.misplaced(),
        }
    }
}
