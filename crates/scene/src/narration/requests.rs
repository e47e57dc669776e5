//! Messages in words: who asks whom for what, and what the answer is.

use ackscope_sim::ids::NodeId;
use ackscope_sim::protocol::{Acks, Body, Envelope, FetchAnswer, MetadataRecord};

use super::Narrator;
use super::names::counted;

impl Narrator<'_> {
    /// `The producer sends w2 to broker 1.`
    pub(super) fn message(&self, envelope: &Envelope) -> String {
        let (from, to) = (self.name(envelope.from), self.whom(envelope.to));
        let body = match &envelope.message.body {
            Body::ProduceRequest(request) => {
                let batches = request.partitions.iter().map(|(_, batch)| batch.records());
                let names: Vec<String> = batches.map(|records| self.records(records)).collect();
                return format!(
                    "{from} sends {} to {to} with acks={}.",
                    names.join(", "),
                    request.acks.name()
                );
            }
            Body::ProduceResponse { partitions } => {
                let answers: Vec<String> = partitions
                    .iter()
                    .map(|result| match result.result {
                        Ok(offset) => format!("stored at offset {offset}"),
                        Err(error) => error.name().to_owned(),
                    })
                    .collect();
                return format!("{from} answers {to}: {}.", answers.join(", "));
            }
            Body::FetchRequest(request) => {
                let asked: Vec<String> = request
                    .partitions
                    .iter()
                    .map(|of| format!("{} from offset {}", self.partition(of.partition), of.fetch_offset))
                    .collect();
                return format!("{from} fetches {} from {to}.", asked.join(", "));
            }
            Body::FetchResponse { partitions } => {
                let given: Vec<String> =
                    partitions.iter().filter_map(|of| self.fetched(&of.answer)).collect();
                let given = if given.is_empty() { "nothing new".to_owned() } else { given.join(", ") };
                return format!("{from} answers the fetch of {to}: {given}.");
            }
            Body::ApiVersionsRequest => "asks which API versions it speaks",
            Body::ApiVersionsResponse => "names its API versions",
            Body::MetadataRequest { .. } => "asks for metadata",
            Body::MetadataResponse(metadata) => {
                let leaders: Vec<String> = metadata
                    .partitions
                    .iter()
                    .map(|of| match of.leader {
                        Some(leader) => format!("{} is led by {leader}", self.partition(of.partition)),
                        None => format!("{} has no leader", self.partition(of.partition)),
                    })
                    .collect();
                return format!("{from} tells {to}: {}.", leaders.join(", "));
            }
            Body::InitProducerIdRequest => "asks for a producer id",
            Body::InitProducerIdResponse { result } => match result {
                Ok((id, epoch)) => return format!("{from} gives {to} producer id {id}, epoch {epoch}."),
                Err(error) => return format!("{from} answers {to}: {error}."),
            },
            Body::ListOffsetsRequest { .. } => "asks for log ends (ListOffsets)",
            Body::ListOffsetsResponse { .. } => "names its offsets",
            Body::OffsetsForLeaderEpochRequest { partitions } => {
                let epochs: Vec<String> = partitions.iter().map(|of| of.leader_epoch.to_string()).collect();
                return format!("{from} asks {to} where epoch {} ends.", epochs.join(", "));
            }
            Body::OffsetsForLeaderEpochResponse { partitions } => {
                let ends: Vec<String> = partitions
                    .iter()
                    .map(|of| match &of.result {
                        Ok(Some((epoch, end))) => format!("epoch {epoch} ends at {end}"),
                        Ok(None) => "that epoch is unknown".to_owned(),
                        Err(error) => error.name().to_owned(),
                    })
                    .collect();
                return format!("{from} answers {to}: {}.", ends.join(", "));
            }
            Body::BrokerRegistrationRequest(_) => "asks to be registered",
            Body::BrokerRegistrationResponse { result } => match result {
                Ok(epoch) => return format!("{from} registers {to} with broker epoch {epoch}."),
                Err(error) => return format!("{from} refuses to register {to}: {error}."),
            },
            Body::BrokerHeartbeatRequest(heartbeat) if heartbeat.want_shut_down => {
                "asks for a controlled shutdown"
            }
            Body::BrokerHeartbeatRequest(_) => "sends a heartbeat",
            Body::BrokerHeartbeatResponse(answer) if answer.is_fenced => {
                "answers the heartbeat: still fenced"
            }
            Body::BrokerHeartbeatResponse(_) => "answers the heartbeat",
            Body::AlterPartitionRequest { partitions, .. } => {
                let asked: Vec<String> = partitions
                    .iter()
                    .map(|of| {
                        let isr: Vec<String> = of.new_isr.iter().map(|(id, _)| id.to_string()).collect();
                        format!("[{}] for {}", isr.join(", "), self.partition(of.partition))
                    })
                    .collect();
                return format!("{from} asks {to} for the ISR {}.", asked.join(", "));
            }
            Body::AlterPartitionResponse { result } => match result {
                Ok(_) => "answers the AlterPartition request",
                Err(error) => return format!("{from} refuses the AlterPartition request of {to}: {error}."),
            },
            Body::MetadataFetchRequest { .. } => "waits for news of the cluster (metadata fetch)",
            Body::MetadataFetchResponse { records, .. } | Body::LeaderAndIsrRequest { records, .. } => {
                return format!("{from} tells {to}: {}.", self.news(records));
            }
            Body::UpdateMetadataRequest { records, .. } => {
                return format!("{from} tells {to} for its clients: {}.", self.news(records));
            }
            Body::ControlledShutdownRequest { .. } => "asks to hand over its leaderships",
            Body::ControlledShutdownResponse { .. } => "answers the controlled shutdown",
            _ => {
                let kind = if envelope.message.body.is_request() { "request" } else { "response" };
                return format!("{from} sends {to} a {} {kind}.", envelope.message.body.api().name());
            }
        };
        match envelope.to {
            NodeId::World => format!("{from} {body}."),
            _ => format!("{from} {body} ({to})."),
        }
    }

    fn fetched(&self, answer: &FetchAnswer) -> Option<String> {
        match answer {
            FetchAnswer::Records { batches, .. } if batches.is_empty() => None,
            FetchAnswer::Records { batches, high_watermark, .. } => {
                let records: Vec<_> =
                    batches.iter().flat_map(|entry| entry.batch.records().iter().copied()).collect();
                Some(format!("{}, high watermark {high_watermark}", self.records(&records)))
            }
            FetchAnswer::Diverging { leader_epoch: Some(epoch), end_offset: Some(end) } => {
                Some(format!("“epoch {epoch} ends at {end}”"))
            }
            FetchAnswer::Diverging { .. } => Some("its log has nothing like yours".to_owned()),
            FetchAnswer::Error { error, .. } => Some(error.name().to_owned()),
        }
    }

    fn news(&self, records: &[MetadataRecord]) -> String {
        let news: Vec<String> = records
            .iter()
            .filter_map(|record| match record {
                MetadataRecord::Partition { partition, state } => Some(match state.leader {
                    Some(leader) => format!(
                        "{} is led by {leader} in epoch {}, ISR {}",
                        self.partition(*partition),
                        state.leader_epoch,
                        state.isr
                    ),
                    None => format!("{} has no leader", self.partition(*partition)),
                }),
                MetadataRecord::BrokerRegistration { broker, fenced, .. } => {
                    Some(format!("broker {broker} is {}", if *fenced { "fenced" } else { "in" }))
                }
                _ => None,
            })
            .collect();
        if news.is_empty() { counted(records.len() as u64, "metadata record") } else { news.join(", ") }
    }
}

/// What a success means with these acks.
pub(super) fn promise(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "With acks=0 nobody was asked: the bytes left, that is all.",
        Acks::Leader => "With acks=1 the leader answers for itself; no follower is asked.",
        Acks::All => "With acks=all every replica in the ISR has it.",
    }
}
