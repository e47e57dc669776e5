//! Messages in words: who asks whom for what, and what the answer is.

use ackscope_sim::error::ErrorCode;
use ackscope_sim::ids::{LeaderEpoch, Offset};
use ackscope_sim::protocol::{Acks, Body, ClusterMetadata, Envelope, FetchAnswer, MetadataRecord};

use super::Narrator;
use super::names::counted;

impl Narrator<'_> {
    /// `The producer sends w2 to broker 1.`
    pub(super) fn message(&self, envelope: &Envelope) -> String {
        let (from, to) = (self.name(envelope.from), self.whom(envelope.to));
        let answers = |answers: Vec<String>| format!("{from} answers {to}: {}.", answers.join(", "));
        let tells = |news: String| format!("{from} tells {to}: {news}.");
        let does = |what: &str| format!("{from} {what} ({to}).");
        let body = &envelope.message.body;
        match body {
            Body::ProduceRequest(request) => {
                let batches = request.partitions.iter().map(|(_, batch)| self.records(batch.records()));
                let (names, acks) = (batches.collect::<Vec<_>>().join(", "), request.acks.name());
                format!("{from} sends {names} to {to} with acks={acks}.")
            }
            Body::ProduceResponse { partitions } => {
                answers(partitions.iter().map(|result| stored(result.result)).collect())
            }
            Body::FetchRequest(request) => {
                let of = request.partitions.iter();
                let asked =
                    of.map(|of| format!("{} from offset {}", self.partition(of.partition), of.fetch_offset));
                format!("{from} fetches {} from {to}.", asked.collect::<Vec<_>>().join(", "))
            }
            Body::FetchResponse { partitions } => {
                let given: Vec<String> =
                    partitions.iter().filter_map(|of| self.fetched(&of.answer)).collect();
                let given = if given.is_empty() { "nothing new".to_owned() } else { given.join(", ") };
                format!("{from} answers the fetch of {to}: {given}.")
            }
            Body::ApiVersionsRequest => does("asks for API versions"),
            Body::ApiVersionsResponse => does("lists its API versions"),
            Body::MetadataRequest { .. } => does("asks for metadata"),
            Body::MetadataResponse(metadata) => tells(self.leaders(metadata)),
            Body::InitProducerIdRequest => does("asks for a producer id"),
            Body::InitProducerIdResponse { result: Ok((id, epoch)) } => {
                format!("{from} gives {to} producer id {id}, epoch {epoch}.")
            }
            Body::InitProducerIdResponse { result: Err(error) } => answers(vec![error.to_string()]),
            Body::ListOffsetsRequest { .. } => does("asks for log ends (ListOffsets)"),
            Body::ListOffsetsResponse { .. } => does("answers with its offsets (ListOffsets)"),
            Body::OffsetsForLeaderEpochRequest { partitions } => {
                let epochs: Vec<String> = partitions.iter().map(|of| of.leader_epoch.to_string()).collect();
                format!("{from} asks {to} where epoch {} ends.", epochs.join(", "))
            }
            Body::OffsetsForLeaderEpochResponse { partitions } => {
                answers(partitions.iter().map(|of| epoch_end(&of.result)).collect())
            }
            Body::BrokerRegistrationRequest(_) => does("asks to be registered"),
            Body::BrokerRegistrationResponse { result: Ok(epoch) } => {
                format!("{from} registers {to} with broker epoch {epoch}.")
            }
            Body::BrokerRegistrationResponse { result: Err(error) } => {
                format!("{from} refuses to register {to}: {error}.")
            }
            Body::BrokerHeartbeatRequest(heartbeat) if heartbeat.want_shut_down => {
                does("asks for a controlled shutdown")
            }
            Body::BrokerHeartbeatRequest(_) => does("sends a heartbeat"),
            Body::BrokerHeartbeatResponse(answer) if answer.is_fenced => {
                does("answers the heartbeat: still fenced")
            }
            Body::BrokerHeartbeatResponse(_) => does("answers the heartbeat"),
            Body::AlterPartitionRequest { partitions, .. } => {
                let isrs = partitions.iter().map(|of| {
                    let isr: Vec<String> = of.new_isr.iter().map(|(id, _)| id.to_string()).collect();
                    format!("[{}] for {}", isr.join(", "), self.partition(of.partition))
                });
                format!("{from} asks {to} for the ISR {}.", isrs.collect::<Vec<_>>().join(", "))
            }
            Body::AlterPartitionResponse { result: Ok(_) } => does("answers the AlterPartition request"),
            Body::AlterPartitionResponse { result: Err(error) } => {
                format!("{from} refuses the AlterPartition request of {to}: {error}.")
            }
            Body::MetadataFetchRequest { .. } => does("waits for metadata records (metadata fetch)"),
            Body::MetadataFetchResponse { records, .. } | Body::LeaderAndIsrRequest { records, .. } => {
                tells(self.news(records))
            }
            Body::UpdateMetadataRequest { records, .. } => {
                format!("{from} tells {to} for its clients: {}.", self.news(records))
            }
            Body::ControlledShutdownRequest { .. } => does("asks to hand over its leaderships"),
            Body::ControlledShutdownResponse { .. } => does("answers the controlled shutdown"),
            _ => {
                let kind = if body.is_request() { "request" } else { "response" };
                format!("{from} sends {to} a {} {kind}.", body.api().name())
            }
        }
    }

    fn leaders(&self, metadata: &ClusterMetadata) -> String {
        let leaders = metadata.partitions.iter().map(|of| match of.leader {
            Some(leader) => format!("{} is led by {leader}", self.partition(of.partition)),
            None => format!("{} has no leader", self.partition(of.partition)),
        });
        leaders.collect::<Vec<_>>().join(", ")
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
            FetchAnswer::Diverging { .. } => Some("its log has nothing in common with yours".to_owned()),
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

fn stored(result: Result<Offset, ErrorCode>) -> String {
    result.map_or_else(|error| error.name().to_owned(), |offset| format!("stored at offset {offset}"))
}

fn epoch_end(result: &Result<Option<(LeaderEpoch, Offset)>, ErrorCode>) -> String {
    match result {
        Ok(Some((epoch, end))) => format!("epoch {epoch} ends at {end}"),
        Ok(None) => "that epoch is unknown".to_owned(),
        Err(error) => error.name().to_owned(),
    }
}

/// What a success means with these acks.
pub(super) fn promise(acks: Acks) -> &'static str {
    match acks {
        Acks::None => {
            "With acks=0 the producer waits for no answer: the bytes have left, nothing more is known."
        }
        Acks::Leader => "With acks=1 the leader answers by itself; no follower is asked.",
        Acks::All => "With acks=all every replica in the ISR has it.",
    }
}
