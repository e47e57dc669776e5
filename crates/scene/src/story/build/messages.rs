//! Messages: both ends, what kind of arrow they are, and whether they matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackscope_sim::happening::Happening;
use ackscope_sim::ids::{BatchId, HappeningId, NodeId, Offset, Partition};
use ackscope_sim::protocol::batch::RecordBatch;
use ackscope_sim::protocol::{Body, Envelope, FetchAnswer, MetadataRecord};
use ackscope_sim::time::Time;

use super::StoryBuilder;
use crate::story::{Flow, Kind, Message};

impl StoryBuilder {
    pub(super) fn lost(&mut self, sent: HappeningId, at: Time) {
        if let Ok(index) = self.story.messages.binary_search_by_key(&sent, |message| message.id) {
            self.story.messages[index].lost = Some(at);
        }
    }

    /// The batch behind an append and how many of its records come before: a follower's is in the answer it just got.
    pub(super) fn resolve(
        &self,
        node: NodeId,
        partition: Partition,
        base: Offset,
        batch: BatchId,
    ) -> (Option<Arc<RecordBatch>>, usize) {
        let fetched = node.broker().and_then(|broker| self.fetched.get(&broker));
        let message = fetched.map(|&index| &self.story.messages[index as usize].envelope.message.body);
        if let Some(Body::FetchResponse { partitions }) = message {
            let answers = partitions.iter().filter(|of| of.partition == partition);
            let batches = answers.flat_map(|of| match &of.answer {
                FetchAnswer::Records { batches, .. } => batches.as_slice(),
                FetchAnswer::Diverging { .. } | FetchAnswer::Error { .. } => &[],
            });
            let mut same = batches.filter(|entry| entry.batch.id == batch);
            if let Some(entry) = same.find(|entry| entry.base_offset <= base && base < entry.next_offset()) {
                return (Some(entry.batch.clone()), (base.0 - entry.base_offset.0) as usize);
            }
        }
        (self.batches.get(&batch).cloned(), 0)
    }

    pub(super) fn sent(&mut self, happening: &Happening, envelope: &Arc<Envelope>) {
        let index = self.story.messages.len() as u32;
        let key = (envelope.connection, envelope.message.correlation);
        let body = &envelope.message.body;
        let partner = if body.is_request() {
            self.asked.insert(key, index);
            None
        } else {
            self.asked.remove(&key)
        };
        if let Some(partner) = partner {
            self.story.messages[partner as usize].partner = Some(index);
        }
        let (kind, matters) = self.kind(envelope);
        match body {
            Body::ProduceRequest(request) => {
                for (_, batch) in &request.partitions {
                    self.batches.entry(batch.id).or_insert_with(|| batch.clone());
                    batch.records().clone_into(self.batch(batch.id));
                    for &record in batch.records() {
                        if let Some(story) = self.record(record) {
                            story.drained.get_or_insert(happening.at);
                        }
                    }
                }
            }
            // The question that made a follower cut its log is as interesting as the answer.
            Body::FetchResponse { .. } | Body::OffsetsForLeaderEpochResponse { .. }
                if kind == Kind::Error && matters =>
            {
                if let Some(partner) = partner {
                    let question = &mut self.story.messages[partner as usize];
                    question.matters = true;
                    let (sent, arrived) = (question.sent, question.arrived);
                    self.insert_moment(sent);
                    arrived.into_iter().for_each(|at| self.insert_moment(at));
                }
            }
            _ => {}
        }
        if matters {
            self.moment(happening.at, false, false);
        }
        self.story.messages.push(Message {
            id: happening.id,
            sent: happening.at,
            arrived: None,
            lost: None,
            kind,
            matters,
            envelope: envelope.clone(),
            partner,
        });
    }

    pub(super) fn arrived(&mut self, sent: HappeningId, at: Time) {
        let Ok(index) = self.story.messages.binary_search_by_key(&sent, |message| message.id) else { return };
        let message = &mut self.story.messages[index];
        message.arrived = Some(at);
        let matters = message.matters;
        let (kind, to) = (message.kind, message.envelope.to);
        if let Body::BrokerHeartbeatRequest(heartbeat) = &message.envelope.message.body {
            self.heard.insert(heartbeat.broker, index as u32);
        }
        if let (Kind::Data, NodeId::Broker(broker)) = (kind, to) {
            self.fetched.insert(broker, index as u32);
        }
        if matters {
            self.moment(at, false, false);
        }
    }

    fn kind(&mut self, envelope: &Envelope) -> (Kind, bool) {
        match &envelope.message.body {
            Body::ProduceRequest(_) => (Kind::Produce, true),
            Body::ProduceResponse { partitions } => {
                let refused = partitions.iter().any(|result| result.result.is_err());
                (if refused { Kind::Error } else { Kind::Ack }, true)
            }
            Body::FetchRequest(_) | Body::ListOffsetsRequest { .. } => (Kind::Fetch, false),
            Body::FetchResponse { partitions } => {
                let mut kind = Kind::Fetch;
                let mut matters = false;
                for result in partitions {
                    match &result.answer {
                        FetchAnswer::Diverging { .. } => return (Kind::Error, true),
                        FetchAnswer::Error { .. } => (kind, matters) = (Kind::Error, matters),
                        FetchAnswer::Records { batches, .. } if !batches.is_empty() => {
                            (kind, matters) = (Kind::Data, true);
                        }
                        FetchAnswer::Records { .. } => {}
                    }
                }
                (kind, matters)
            }
            // A follower asks in order to truncate; a consumer only makes sure.
            Body::OffsetsForLeaderEpochRequest { .. } => (Kind::Fetch, envelope.from.broker().is_some()),
            Body::OffsetsForLeaderEpochResponse { .. } if envelope.to.broker().is_some() => {
                (Kind::Error, true)
            }
            Body::OffsetsForLeaderEpochResponse { .. } => (Kind::Fetch, false),
            Body::ListOffsetsResponse { .. } => (Kind::Fetch, false),
            Body::BrokerHeartbeatRequest(_) | Body::BrokerHeartbeatResponse(_) => (Kind::Heartbeat, false),
            Body::ApiVersionsRequest
            | Body::ApiVersionsResponse
            | Body::MetadataRequest { .. }
            | Body::MetadataResponse(_)
            | Body::InitProducerIdRequest
            | Body::InitProducerIdResponse { .. }
            | Body::AllocateProducerIdsRequest { .. }
            | Body::AllocateProducerIdsResponse { .. } => (Kind::Metadata, false),
            Body::MetadataFetchResponse { records, .. } => (Kind::Control, self.news(envelope.to, records)),
            Body::LeaderAndIsrRequest { records, .. } => (Kind::Control, self.news(envelope.to, records)),
            Body::AlterPartitionRequest { .. }
            | Body::AlterPartitionResponse { .. }
            | Body::ControlledShutdownRequest { .. }
            | Body::ControlledShutdownResponse { .. } => (Kind::Control, true),
            Body::MetadataFetchRequest { .. }
            | Body::BrokerRegistrationRequest(_)
            | Body::BrokerRegistrationResponse { .. }
            | Body::LeaderAndIsrResponse
            | Body::UpdateMetadataRequest { .. }
            | Body::UpdateMetadataResponse => (Kind::Control, false),
        }
    }

    /// Whether the records tell a broker of a leader that it has not heard of.
    fn news(&mut self, to: NodeId, records: &[MetadataRecord]) -> bool {
        let Some(broker) = to.broker() else { return false };
        let mut news = false;
        for record in records {
            if let MetadataRecord::Partition { partition, state } = record {
                let known = self.told.insert((broker, *partition), state.leader_epoch);
                news |= known.unwrap_or_default() < state.leader_epoch;
            }
        }
        news
    }
}

pub(super) fn flows(messages: &[Message], end: Time) -> Vec<Flow> {
    let mut flows: BTreeMap<(bool, NodeId, NodeId, Kind), Flow> = BTreeMap::new();
    for (place, message) in (0..).zip(messages) {
        let (from, to, kind, matters) =
            (message.envelope.from, message.envelope.to, message.kind, message.matters);
        let flow = flows.entry((matters, from, to, kind)).or_insert_with(|| Flow {
            from,
            to,
            kind,
            matters,
            messages: Vec::new(),
            reach: Vec::new(),
        });
        let reach = flow.reach.last().copied().unwrap_or_default();
        flow.messages.push(place);
        flow.reach.push(reach.max(message.until(end)));
    }
    let mut flows: Vec<Flow> = flows.into_values().collect();
    for flow in &mut flows {
        flow.messages.shrink_to_fit();
        flow.reach.shrink_to_fit();
    }
    flows
}
