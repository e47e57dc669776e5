//! Sentences that need more than the happening itself: who held what, who was told what, and how long ago.

use ackscope_sim::audit::Fate;
use ackscope_sim::error::ErrorCode;
use ackscope_sim::happening::{ChangeReason, PartitionChange, Truncation};
use ackscope_sim::ids::{BatchId, BrokerId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::protocol::Acks;
use ackscope_sim::time::{Duration, Time};

use super::names::counted;
use super::requests::promise;
use super::{Narrator, Sentence};
use crate::story::BandRole;
use crate::text;

pub(super) fn say(what: impl Into<String>) -> Sentence {
    Sentence { what: what.into(), ..Sentence::default() }
}

pub(super) fn because(what: impl Into<String>, why: impl Into<String>) -> Sentence {
    Sentence { what: what.into(), why: why.into(), setting: None }
}

impl Sentence {
    pub(super) fn by(self, setting: &'static str) -> Sentence {
        Sentence { setting: Some(setting), ..self }
    }
}

impl Narrator<'_> {
    pub(super) fn killed(&self, node: NodeId, at: Time) -> Sentence {
        let what = format!("{} is killed.", self.name(node));
        match node {
            NodeId::Broker(broker) => {
                // What only it holds is what is at stake.
                let alone: Vec<RecordId> = self
                    .story
                    .replicas
                    .iter()
                    .filter(|replica| replica.broker == broker)
                    .flat_map(|replica| self.held_alone(broker, replica.partition, at))
                    .collect();
                let why = if alone.is_empty() {
                    "What it has written survives in the page cache.".to_owned()
                } else {
                    format!("Its disk keeps {}, which no other broker has.", self.records(&alone))
                };
                because(what, why)
            }
            NodeId::Controller => because(what, "Data flows on; nobody is elected until it is back."),
            _ => because(what, "What it had buffered and not sent is gone."),
        }
    }

    /// Records that stand in one broker's log and in no other at a time.
    fn held_alone(&self, broker: BrokerId, partition: Partition, at: Time) -> Vec<RecordId> {
        let Some(replica) = self.story.replica(broker, partition) else { return Vec::new() };
        let others: Vec<Offset> = (self.story.brokers().iter())
            .filter(|&&other| other != broker)
            .filter_map(|&other| self.story.replica(other, partition))
            .map(|other| other.end_at(at))
            .collect();
        let Some(most) = others.into_iter().max() else { return Vec::new() };
        let end = replica.end_at(at);
        if end > most { self.held(broker, partition, most.0..end.0, at) } else { Vec::new() }
    }

    fn acks_of(&self, node: NodeId) -> Option<Acks> {
        let NodeId::Producer(client) = node else { return None };
        let producer = self.spec.producers.get(usize::from(client.0))?;
        producer.config.as_ref().ok().map(|config| config.acks)
    }

    pub(super) fn acknowledged(
        &self,
        node: NodeId,
        record: RecordId,
        partition: Partition,
        offset: Option<Offset>,
        at: Time,
    ) -> Sentence {
        let name = self.record(record);
        let Some(offset) = offset else {
            let what = format!("The application hears that {name} was sent.");
            return because(what, promise(Acks::None)).by("acks");
        };
        // Who had it when the application was told.
        let holders: Vec<BrokerId> = (self.story.brokers().iter().copied())
            .filter(|&broker| {
                let replica = self.story.replica(broker, partition);
                replica
                    .and_then(|replica| replica.bar_at(offset, at))
                    .is_some_and(|bar| bar.holds(record).is_some())
            })
            .collect();
        let acks = self.acks_of(node);
        let what = match holders.as_slice() {
            [alone] if acks == Some(Acks::Leader) => {
                format!("{name} is acknowledged at offset {offset} by broker {alone} alone.")
            }
            _ => format!("{name} is acknowledged at offset {offset}."),
        };
        because(what, acks.map_or("", promise)).by("acks")
    }

    pub(super) fn refused(
        &self,
        node: NodeId,
        batch: BatchId,
        error: ErrorCode,
        partition: Partition,
        at: Time,
    ) -> Sentence {
        let what = format!("{} refuses {}: {error}.", self.name(node), self.batch(batch));
        match error {
            ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
                let isr = self.story.isr_at(partition, at);
                let least = self.spec.effective_min_insync_replicas(partition);
                because(what, format!("The ISR is {isr}, min.insync.replicas asks for {least}."))
                    .by("min.insync.replicas")
            }
            _ => because(what, error.message()),
        }
    }

    pub(super) fn high_watermark(
        &self,
        node: NodeId,
        partition: Partition,
        from: Offset,
        to: Offset,
        at: Time,
    ) -> Sentence {
        let what = format!("High watermark on {}: {to}.", self.whom(node));
        let NodeId::Broker(broker) = node else { return say(what) };
        if to < from {
            return because(what, format!("It was {from} before."));
        }
        let leads = self.story.replica(broker, partition).and_then(|replica| replica.role_at(at));
        if !matches!(leads, Some(BandRole::Leading(_))) {
            return because(what, "Learnt from the leader.");
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
        node: NodeId,
        partition: Partition,
        (from, to): (Offset, Offset),
        reason: Truncation,
        at: Time,
    ) -> Sentence {
        let who = self.name(node);
        if from == to {
            return say(format!("{who} has nothing to truncate: its log ends at {to}."));
        }
        let what = match reason {
            Truncation::Wiped => format!("The log of {} is wiped.", self.whom(node)),
            Truncation::Unflushed => {
                format!("The log of {} ends at {to} after the power loss.", self.whom(node))
            }
            _ => format!("{who} truncates to offset {to}."),
        };
        let NodeId::Broker(broker) = node else { return say(what) };
        let cut = self.held(broker, partition, to.0..from.0, at);
        let lost: Vec<RecordId> = cut
            .iter()
            .copied()
            .filter(|&record| self.story.record(record).fate == Fate::AckedButLost)
            .filter(|&record| !self.held_by_others(record, broker, partition, at))
            .collect();
        if lost.is_empty() {
            let why = match reason {
                Truncation::DivergingEpoch { leader_epoch, end_offset } => {
                    format!(
                        "In the leader's log epoch {leader_epoch} ends at {end_offset}: what follows is another history."
                    )
                }
                Truncation::HighWatermark => {
                    "It knows of no leader epoch: back to its own high watermark.".to_owned()
                }
                Truncation::LeaderLogEnd => "The leader's log ends there.".to_owned(),
                Truncation::Unflushed => format!("{} had not reached the disk.", self.records(&cut)),
                Truncation::Wiped => format!("{} gone.", counted((from.0 - to.0).into(), "record")),
            };
            return because(what, why);
        }
        let told =
            lost.iter().filter_map(|&record| self.story.record(record).answer).map(|answer| answer.at).max();
        let when = told.map_or(String::new(), |told| {
            let told_what = if lost.len() == 1 { "it was" } else { "they were" };
            format!(", {} after the producer was told {told_what} stored", text::duration(at.since(told)))
        });
        let (copies, verb) = if lost.len() == 1 { ("copy", "is") } else { ("copies", "are") };
        because(what, format!("The last {copies} of {} {verb} gone{when}.", self.records(&lost)))
    }

    pub(super) fn fenced(&self, broker: BrokerId, at: Time) -> Sentence {
        let what = format!("The controller fences broker {broker}.");
        let silence = self.story.silences.iter().find(|silence| silence.broker == broker && silence.to == at);
        match silence {
            Some(silence) => {
                let span = text::duration(silence.to.since(silence.from));
                because(what, format!("{span} without a heartbeat.")).by("broker.session.timeout.ms")
            }
            None => say(what),
        }
    }

    pub(super) fn changed(&self, change: &PartitionChange, at: Time) -> Sentence {
        let name = self.partition(change.partition);
        let (what, why, setting) = match (change.leader, change.previous_leader) {
            (Some(leader), previous) if Some(leader) != previous => {
                let end =
                    |broker| self.story.replica(broker, change.partition).map(|replica| replica.end_at(at));
                let mut why = reason(change.because);
                if let Some(ends) = end(leader) {
                    why.push_str(&format!(" The log of broker {leader} ends at {ends}"));
                    let before = previous.and_then(|previous| Some((previous, end(previous)?)));
                    match before.filter(|&(_, before)| before != ends) {
                        Some((previous, before)) => {
                            why.push_str(&format!(", that of broker {previous} at {before}."))
                        }
                        None => why.push('.'),
                    }
                }
                let unclean = change.because == ChangeReason::UncleanElection || change.recovering;
                let how = if unclean { " uncleanly" } else { "" };
                let setting = unclean.then_some("unclean.leader.election.enable");
                let epoch = change.leader_epoch;
                (
                    format!("The controller elects broker {leader}{how} for {name}, epoch {epoch}."),
                    why,
                    setting,
                )
            }
            (None, Some(_)) => (
                format!("{name} has no leader."),
                format!("{} Nobody in ISR {} is alive.", reason(change.because), change.isr),
                Some("unclean.leader.election.enable"),
            ),
            _ if change.isr != change.previous_isr => {
                let (left, joined) =
                    (change.previous_isr.minus(change.isr), change.isr.minus(change.previous_isr));
                let mut why = Vec::new();
                if !left.is_empty() {
                    why.push(format!("Out: {left}."));
                }
                if !joined.is_empty() {
                    why.push(format!("In: {joined}, caught up."));
                }
                if change.elr != change.previous_elr {
                    why.push(format!("ELR {}.", change.elr));
                }
                (
                    format!("The ISR of {name} is {}.", change.isr),
                    why.join(" "),
                    Some("replica.lag.time.max.ms"),
                )
            }
            _ if change.elr != change.previous_elr => {
                (format!("The ELR of {name} is {}.", change.elr), String::new(), None)
            }
            _ => (
                format!("{name} changes: partition epoch {}.", change.partition_epoch),
                reason(change.because),
                None,
            ),
        };
        Sentence { what, why, setting }
    }
}

fn reason(because: ChangeReason) -> String {
    match because {
        ChangeReason::Created => String::new(),
        ChangeReason::Fenced(broker) => format!("Broker {broker} was fenced."),
        ChangeReason::ControlledShutdown(broker) => format!("Broker {broker} shuts down."),
        ChangeReason::Unfenced(broker) => format!("Broker {broker} is back."),
        ChangeReason::Registered(broker) => format!("Broker {broker} has started anew."),
        ChangeReason::AlterPartition => "The leader asked for it.".to_owned(),
        ChangeReason::LogDirFailed(broker) => format!("The log directory of broker {broker} failed."),
        ChangeReason::PreferredElection => "It is the preferred leader.".to_owned(),
        ChangeReason::UncleanElection => "No replica in the ISR is alive.".to_owned(),
        ChangeReason::ConfigChanged => "A setting was changed.".to_owned(),
    }
}
