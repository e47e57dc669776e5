//! What a broker does with the answers that it gets, from the controller and from leaders.

use crate::broker::Broker;
use crate::broker::timer::LinkName;
use crate::error::ErrorCode;
use crate::ids::BrokerId;
use crate::protocol::{AlterPartitionResult, Body, Envelope, any_request};
use crate::world::context::Context;

impl Broker {
    /// The controller has answered, or closed the connection.
    pub(super) fn hear_controller(&mut self, cx: &mut Context, name: LinkName) {
        while let Some(envelope) = self.membership.next_answer(cx, name) {
            match &envelope.message.body {
                Body::BrokerRegistrationResponse { result } => self.membership.on_registered(cx, *result),
                Body::BrokerHeartbeatResponse(answer) => {
                    let next = self.membership.on_heartbeat_answer(cx, answer);
                    self.proceed(cx, next);
                }
                Body::ControlledShutdownResponse { remaining } => {
                    let next = self.membership.on_controlled_shutdown_answer(cx, *remaining);
                    self.proceed(cx, next);
                }
                Body::AlterPartitionResponse { result } => self.on_alter_partition_response(cx, result),
                Body::AllocateProducerIdsResponse { result } => {
                    for connection in self.membership.on_producer_ids(cx, *result) {
                        self.init_producer_id(cx, connection);
                    }
                }
                Body::MetadataFetchResponse { next, .. } => {
                    self.membership.on_metadata(cx, &self.replicas, *next, &envelope);
                }
                // A leader's or for clients.
                Body::FetchResponse { .. }
                | Body::ListOffsetsResponse { .. }
                | Body::OffsetsForLeaderEpochResponse { .. }
                | Body::ProduceResponse { .. }
                | Body::InitProducerIdResponse { .. }
                | Body::ApiVersionsResponse
                | Body::MetadataResponse(_)
                | Body::LeaderAndIsrResponse
                | Body::UpdateMetadataResponse => envelope.message.body.misplaced(),
                any_request!() => envelope.message.body.misplaced(),
            }
            self.membership.link_goes_on(cx, name);
        }
    }

    /// The controller has decided about proposed ISRs, partition by partition or (an error) as a whole.
    pub(super) fn on_alter_partition_response(
        &mut self,
        cx: &mut Context,
        result: &Result<Vec<AlterPartitionResult>, ErrorCode>,
    ) {
        let asked = self.membership.isr_changes.take_in_flight();
        for partition in asked {
            let Ok(answers) = result else { break };
            let Some(answer) = answers.iter().find(|answer| answer.partition == partition) else { continue };
            let Some(sent) = self.membership.isr_changes.answered(answer) else { continue };
            let image = &self.membership.image;
            let moved = self.replicas.isr_change_answered(cx, image, partition, sent, &answer.result);
            if let Some(moved) = moved {
                self.high_watermark_moved(cx, partition, moved);
            }
        }
        self.membership.propose_again(cx);
    }

    /// A leader has answered, or closed the connection.
    pub(super) fn hear_leader(&mut self, cx: &mut Context, source: BrokerId) {
        while let Some(answer) = self.fetchers.next_answer(cx, &self.replicas, &self.membership, source) {
            self.take_answer(cx, source, &answer);
        }
    }

    /// What a leader has answered takes effect.
    pub(super) fn take_answer(&mut self, cx: &mut Context, source: BrokerId, answer: &Envelope) {
        match &answer.message.body {
            Body::FetchResponse { partitions } => {
                for result in partitions {
                    let (replicas, image) = (&mut self.replicas, &self.membership.image);
                    let risen = self.fetchers.take_fetch_result(cx, replicas, image, source, result);
                    if let Some(moved) = risen {
                        self.high_watermark_moved(cx, result.partition, moved);
                    }
                }
            }
            Body::OffsetsForLeaderEpochResponse { partitions } => {
                for result in partitions {
                    self.fetchers.take_end_of_epoch(cx, &mut self.replicas, source, result);
                }
            }
            Body::ListOffsetsResponse { partitions } => {
                for pair in partitions.chunks(2) {
                    if let [earliest, latest] = pair {
                        self.fetchers.take_offsets(cx, &mut self.replicas, source, earliest, latest);
                    }
                }
            }
            // The controller's or for clients.
            Body::BrokerRegistrationResponse { .. }
            | Body::BrokerHeartbeatResponse(_)
            | Body::ControlledShutdownResponse { .. }
            | Body::AlterPartitionResponse { .. }
            | Body::AllocateProducerIdsResponse { .. }
            | Body::MetadataFetchResponse { .. }
            | Body::ProduceResponse { .. }
            | Body::InitProducerIdResponse { .. }
            | Body::ApiVersionsResponse
            | Body::MetadataResponse(_)
            | Body::LeaderAndIsrResponse
            | Body::UpdateMetadataResponse => answer.message.body.misplaced(),
            any_request!() => answer.message.body.misplaced(),
        }
        self.fetchers.go_on(cx, &self.replicas, &self.membership, source);
    }
}
