//! What a broker does about what others tell it: the controller's answers, the metadata log, leaders' records. And the
//! roles that follow from it.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::membership::feed;
use crate::broker::parked::Key;
use crate::broker::replicas::roles::Part;
use crate::broker::timer::LinkName;
use crate::error::ErrorCode;
use crate::ids::{BrokerId, ConnectionId, Partition};
use crate::protocol::{AlterPartitionResult, Body, Envelope, MetadataRecord, PartitionState};
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
                // Requests.
                Body::ProduceRequest(_)
                | Body::FetchRequest(_)
                | Body::InitProducerIdRequest
                | Body::ApiVersionsRequest
                | Body::MetadataRequest { .. }
                | Body::ListOffsetsRequest { .. }
                | Body::OffsetsForLeaderEpochRequest { .. }
                | Body::LeaderAndIsrRequest { .. }
                | Body::UpdateMetadataRequest { .. }
                | Body::BrokerRegistrationRequest(_)
                | Body::BrokerHeartbeatRequest(_)
                | Body::ControlledShutdownRequest { .. }
                | Body::AlterPartitionRequest { .. }
                | Body::AllocateProducerIdsRequest { .. }
                | Body::MetadataFetchRequest { .. } => envelope.message.body.misplaced(),
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

    pub(super) fn apply_metadata(&mut self, cx: &mut Context) {
        // A new leader takes leave of the old one before it does anything else (ReplicaManager.applyLocalLeadersDelta):
        // what the old one goes on to acknowledge with acks=1, it will never have.
        if let Some(envelope) = self.membership.feed.next_to_stop_for(cx.now) {
            for record in feed::records(&envelope) {
                if let MetadataRecord::Partition { partition, .. } = record
                    && self.replicas.is_elected_by(record)
                {
                    self.fetchers.stop(cx, *partition);
                }
            }
        }
        while let Some((envelope, next)) = self.membership.feed.next_due(cx.now) {
            cx.cause = Some(envelope.sent);
            self.apply_records(cx, feed::records(&envelope));
            self.membership.image.next = next;
        }
    }

    /// First what clients are told and epochs are judged by, right after it the roles.
    pub(super) fn apply_records(&mut self, cx: &mut Context, records: &[MetadataRecord]) {
        let image = &mut self.membership.image;
        let changed: Vec<Partition> = records.iter().filter_map(|record| image.apply(record)).collect();
        if self.membership.is_published {
            for partition in changed {
                self.apply_partition(cx, partition);
            }
        }
    }

    pub(super) fn apply_partition(&mut self, cx: &mut Context, partition: Partition) {
        if let Some(state) = self.membership.image.partition(partition).map(Arc::clone) {
            let cause = cx.cause;
            self.take_role(cx, partition, &state);
            cx.cause = cause;
        }
    }

    /// ZooKeeper mode: the controller says who leads what.
    pub(super) fn leader_and_isr(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        records: &[MetadataRecord],
    ) {
        if self.membership.feed.is_stale(connection) {
            return;
        }
        for record in records {
            if let MetadataRecord::Partition { partition, state } = record {
                self.take_role(cx, *partition, state);
            } else {
                _ = self.membership.image.apply(record);
            }
        }
    }

    fn take_role(&mut self, cx: &mut Context, partition: Partition, state: &PartitionState) {
        match self.replicas.take_over(&cx.spec, partition, state) {
            None => {}
            Some(Part::Leader { is_new_epoch }) => {
                let (image, fetchers) = (&self.membership.image, &mut self.fetchers);
                let moved = self.replicas.become_leader(cx, image, fetchers, partition, state, is_new_epoch);
                if let Some(moved) = moved {
                    self.high_watermark_moved(cx, partition, moved);
                }
                // Fetches of another epoch are fenced, and an older follower may have joined or left the assignment.
                self.wake(cx, Key::Fetch(partition));
            }
            Some(Part::Follower { is_new_epoch }) => {
                self.replicas.become_follower(cx, partition, state, is_new_epoch);
                // acks=all appends that waited here are NOT_LEADER_OR_FOLLOWER now, parked fetches that or
                // FENCED_LEADER_EPOCH.
                self.wake(cx, Key::HighWatermark(partition));
                self.wake(cx, Key::Fetch(partition));
                let (replicas, membership) = (&mut self.replicas, &self.membership);
                self.fetchers.follow(cx, replicas, membership, partition, state, is_new_epoch);
            }
        }
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
            // Requests.
            Body::ProduceRequest(_)
            | Body::FetchRequest(_)
            | Body::InitProducerIdRequest
            | Body::ApiVersionsRequest
            | Body::MetadataRequest { .. }
            | Body::ListOffsetsRequest { .. }
            | Body::OffsetsForLeaderEpochRequest { .. }
            | Body::LeaderAndIsrRequest { .. }
            | Body::UpdateMetadataRequest { .. }
            | Body::BrokerRegistrationRequest(_)
            | Body::BrokerHeartbeatRequest(_)
            | Body::ControlledShutdownRequest { .. }
            | Body::AlterPartitionRequest { .. }
            | Body::AllocateProducerIdsRequest { .. }
            | Body::MetadataFetchRequest { .. } => answer.message.body.misplaced(),
        }
        self.fetchers.go_on(cx, &self.replicas, &self.membership, source);
    }
}
