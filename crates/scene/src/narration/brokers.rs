//! What brokers do with logs, requests and the ISR, in words: who held what, who was told what, and how long ago.

use ackscope_sim::audit::Fate;
use ackscope_sim::error::ErrorCode;
use ackscope_sim::happening::{Fact, Happening, Role, Truncation};
use ackscope_sim::ids::{BatchId, BrokerId, Brokers, LeaderEpoch, NodeId, Offset, Partition, RecordId};
use ackscope_sim::script::Action;
use ackscope_sim::time::{Duration, Time};

use super::names::{counted, offsets};
use super::{Narrator, Sentence, because, say};
use crate::story::BandRole;
use crate::text;

impl Narrator<'_> {
    pub(super) fn appended(
        &self,
        node: NodeId,
        role: Role,
        batch: BatchId,
        (partition, base, last): (Partition, Offset, Offset),
        leader_epoch: LeaderEpoch,
    ) -> Sentence {
        let (who, batch, place) = (self.name(node), self.batch(batch), offsets(base, last));
        let of = self.of_partition(partition);
        say(match role {
            Role::Leader => format!("{who} appends {batch} at {place}{of} in epoch {leader_epoch}."),
            Role::Follower => format!("{who} copies {batch} to {place}{of}."),
        })
    }

    pub(super) fn duplicate_recognised(&self, node: NodeId, batch: BatchId, base: Offset) -> Sentence {
        let (who, batch) = (self.name(node), self.batch(batch));
        because(
            format!("{who} recognises {batch}: already stored at offset {base}."),
            "It answers with the old offset and appends nothing.",
        )
        .by("enable.idempotence")
    }

    pub(super) fn produce_waits(&self, required: Offset) -> Sentence {
        because(
            format!("The answer waits until the high watermark reaches {required}."),
            "With acks=all the whole ISR must have the batch.",
        )
        .by("acks")
    }

    pub(super) fn became_follower(
        &self,
        node: NodeId,
        partition: Partition,
        leader: Option<BrokerId>,
    ) -> Sentence {
        let (who, partition) = (self.name(node), self.partition(partition));
        say(match leader {
            Some(leader) => format!("{who} follows broker {leader} for {partition}."),
            None => format!("{who} waits for a leader of {partition}."),
        })
    }

    pub(super) fn isr_proposed(&self, node: NodeId, partition: Partition, isr: Brokers) -> Sentence {
        because(
            format!("{} asks the controller for ISR {isr} of {}.", self.name(node), self.partition(partition)),
            "A follower that has not caught up for replica.lag.time.max.ms leaves; one that has caught up may join.",
        )
        .by("replica.lag.time.max.ms")
    }

    pub(super) fn isr_refused(&self, partition: Partition, error: ErrorCode) -> Sentence {
        because(
            format!("The controller refuses the ISR change{}: {error}.", self.of_partition(partition)),
            error.message(),
        )
    }

    pub(super) fn fetching_failed(
        &self,
        node: NodeId,
        partition: Partition,
        leader: BrokerId,
        (end, base): (Offset, Offset),
    ) -> Sentence {
        because(
            format!("{} stops copying {} from broker {leader}.", self.name(node), self.partition(partition)),
            format!(
                "Its log ends at {end}, but the leader's records begin at {base}: the logs differ. It tries again when \
                 there is another leader."
            ),
        )
    }

    pub(super) fn fetch_refused(&self, node: NodeId, from: NodeId, error: ErrorCode) -> Sentence {
        because(
            format!("{} refuses the fetch of {}: {error}.", self.name(node), self.whom(from)),
            error.message(),
        )
    }

    pub(super) fn produce_refused(
        &self,
        happening: &Happening,
        batch: BatchId,
        error: ErrorCode,
        partition: Partition,
    ) -> Sentence {
        let what = format!("{} refuses {}: {error}.", self.name(happening.node), self.batch(batch));
        match error {
            ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
                let isr = self.story.isr_at(partition, happening.at);
                let least = self.least_in_sync(partition, happening.at);
                because(what, format!("The ISR is {isr}, min.insync.replicas asks for {least}."))
                    .by("min.insync.replicas")
            }
            _ => because(what, error.message()),
        }
    }

    /// What `min.insync.replicas` asks for at a time: a topic's own may have been altered.
    fn least_in_sync(&self, partition: Partition, at: Time) -> usize {
        let topic = self.spec.topic_of(partition);
        let done = self.happenings.iter().take_while(|happening| happening.at <= at);
        let altered = done.filter_map(|happening| match happening.fact {
            Fact::ActionDone { action } => match &self.spec.script.get(action.0 as usize)?.action {
                Action::AlterTopic { topic: own, config } if *own == topic => Some(config),
                _ => None,
            },
            _ => None,
        });
        let config = altered.last().unwrap_or(&self.spec.topic(topic).config);
        self.spec.min_insync_replicas_by(config, partition)
    }

    pub(super) fn high_watermark_moved(
        &self,
        happening: &Happening,
        partition: Partition,
        from: Offset,
        to: Offset,
    ) -> Sentence {
        let (node, at) = (happening.node, happening.at);
        let what = format!("High watermark{} on {}: {to}.", self.of_partition(partition), self.whom(node));
        let NodeId::Broker(broker) = node else { return say(what) };
        if to < from {
            return because(what, format!("It was {from} before."));
        }
        let leads = self.story.replica(broker, partition).and_then(|replica| replica.role_at(at));
        if !matches!(leads, Some(BandRole::Leading(_))) {
            return because(what, "It learns this from the leader.");
        }
        let records = self.held(broker, partition, from.0..to.0, at + Duration::from_nanos(1));
        if records.is_empty() {
            return say(what);
        }
        let (verb, them) = if records.len() == 1 { ("is", "it") } else { ("are", "them") };
        let names = self.records(&records);
        because(
            what,
            format!("{names} {verb} committed: the whole ISR has {them}, consumers may read {them}."),
        )
    }

    pub(super) fn truncated(
        &self,
        happening: &Happening,
        partition: Partition,
        (from, to): (Offset, Offset),
        because_of: Truncation,
    ) -> Sentence {
        let (node, at) = (happening.node, happening.at);
        let (who, of) = (self.name(node), self.of_partition(partition));
        if from == to {
            return say(format!("{who} has nothing to truncate{of}: its log ends at {to}."));
        }
        let what = match because_of {
            Truncation::Wiped => format!("The log{of} of {} is wiped.", self.whom(node)),
            Truncation::Unflushed => {
                format!("The log{of} of {} ends at {to} after the power loss.", self.whom(node))
            }
            Truncation::DivergingEpoch { .. } | Truncation::HighWatermark | Truncation::LeaderLogEnd => {
                format!("{who} truncates to offset {to}{of}.")
            }
        };
        let NodeId::Broker(broker) = node else { return say(what) };
        let cut = self.held(broker, partition, to.0..from.0, at);
        let lost: Vec<RecordId> = cut
            .iter()
            .copied()
            .filter(|&record| self.story.record(record).fate == Fate::AckedButLost)
            .filter(|&record| !self.held_by_others(record, broker, partition, at))
            .collect();
        because(
            what,
            if lost.is_empty() { self.cut(because_of, &cut, from.0 - to.0) } else { self.gone(&lost, at) },
        )
    }

    /// Why a log was cut, where no acknowledged record is lost with it.
    fn cut(&self, because: Truncation, cut: &[RecordId], count: u32) -> String {
        match because {
            Truncation::DivergingEpoch { leader_epoch, end_offset } => format!(
                "In the leader's log epoch {leader_epoch} ends at {end_offset}: the logs differ from there on."
            ),
            Truncation::HighWatermark => {
                "It knows no leader epoch: it goes back to its own high watermark.".to_owned()
            }
            Truncation::LeaderLogEnd => "The leader's log ends there.".to_owned(),
            Truncation::Unflushed => format!("{} had not reached the disk.", self.records(cut)),
            Truncation::Wiped => {
                let are = if count == 1 { "is" } else { "are" };
                format!("{} {are} gone.", counted(count.into(), "record"))
            }
        }
    }

    /// The loss of the last copies of acknowledged records.
    fn gone(&self, lost: &[RecordId], at: Time) -> String {
        let told =
            lost.iter().filter_map(|&record| self.story.record(record).answer).map(|answer| answer.at).max();
        let when = told.map_or(String::new(), |told| {
            let were = if lost.len() == 1 { "it was" } else { "they were" };
            format!(", {} after the producer was told {were} stored", text::duration(at.since(told)))
        });
        let (copies, are) = if lost.len() == 1 { ("copy", "is") } else { ("copies", "are") };
        format!("The last {copies} of {} {are} gone{when}.", self.records(lost))
    }
}
