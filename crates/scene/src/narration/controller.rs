//! What the controller decides, in words.

use ackscope_sim::error::ErrorCode;
use ackscope_sim::happening::{ChangeReason, PartitionChange};
use ackscope_sim::ids::{BrokerEpoch, BrokerId};
use ackscope_sim::time::Time;

use super::{Narrator, Sentence, because, say};
use crate::text;

pub(super) fn controller_lost() -> Sentence {
    because(
        "The controller is gone.",
        "Data still flows, but nobody is fenced or elected until there is a controller again.",
    )
}

pub(super) fn broker_registered(broker: BrokerId, broker_epoch: BrokerEpoch, clean: bool) -> Sentence {
    let how = if clean { "" } else { " after an unclean stop" };
    because(
        format!("The controller registers broker {broker}{how}."),
        format!("Broker epoch {broker_epoch}. It stays fenced until it has caught up with the metadata."),
    )
}

pub(super) fn registration_refused(broker: BrokerId, error: ErrorCode) -> Sentence {
    because(
        format!("The controller does not register broker {broker}: {error}."),
        "Its previous session has not ended yet.",
    )
    .by("broker.session.timeout.ms")
}

pub(super) fn broker_unfenced(broker: BrokerId) -> Sentence {
    because(
        format!("The controller unfences broker {broker}."),
        "It has caught up with the metadata. It may lead and join the ISR.",
    )
}

impl Narrator<'_> {
    pub(super) fn broker_fenced(&self, broker: BrokerId, at: Time) -> Sentence {
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

    pub(super) fn partition_created(&self, change: &PartitionChange) -> Sentence {
        because(
            format!("{} is created.", self.partition(change.partition)),
            match change.leader {
                Some(leader) => format!("Broker {leader} leads, ISR {}.", change.isr),
                None => "It has no leader.".to_owned(),
            },
        )
    }

    pub(super) fn partition_changed(&self, change: &PartitionChange, at: Time) -> Sentence {
        let name = self.partition(change.partition);
        match (change.leader, change.previous_leader) {
            (Some(leader), previous) if Some(leader) != previous => {
                self.leader_elected(leader, previous, change, at)
            }
            (None, Some(_)) => because(
                format!("{name} has no leader."),
                format!("{} Nobody in ISR {} is alive.", reason(change.because), change.isr),
            )
            .by("unclean.leader.election.enable"),
            _ if change.isr != change.previous_isr => self.isr_changed(change),
            _ if change.elr != change.previous_elr => {
                because(format!("The ELR of {name} is {}.", change.elr), reason(change.because))
            }
            _ => because(
                format!("{name} changes: partition epoch {}.", change.partition_epoch),
                reason(change.because),
            ),
        }
    }

    fn leader_elected(
        &self,
        leader: BrokerId,
        previous: Option<BrokerId>,
        change: &PartitionChange,
        at: Time,
    ) -> Sentence {
        let end = |broker| self.story.replica(broker, change.partition).map(|replica| replica.end_at(at));
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
        let (name, epoch) = (self.partition(change.partition), change.leader_epoch);
        Sentence {
            setting: unclean.then_some("unclean.leader.election.enable"),
            ..because(
                format!("The controller elects broker {leader}{how} for {name}, epoch {epoch}."),
                why.trim_start(),
            )
        }
    }

    fn isr_changed(&self, change: &PartitionChange) -> Sentence {
        let (left, joined) = (change.previous_isr.minus(change.isr), change.isr.minus(change.previous_isr));
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
        because(format!("The ISR of {} is {}.", self.partition(change.partition), change.isr), why.join(" "))
            .by("replica.lag.time.max.ms")
    }
}

fn reason(because: ChangeReason) -> String {
    match because {
        ChangeReason::Created => String::new(),
        ChangeReason::Fenced(broker) => format!("Broker {broker} was fenced."),
        ChangeReason::ControlledShutdown(broker) => format!("Broker {broker} shuts down."),
        ChangeReason::Unfenced(broker) => format!("Broker {broker} is back."),
        ChangeReason::Registered(broker) => format!("Broker {broker} has registered again."),
        ChangeReason::AlterPartition => "The leader asked for it.".to_owned(),
        ChangeReason::LogDirFailed(broker) => format!("The log directory of broker {broker} failed."),
        ChangeReason::PreferredElection => "It is the preferred leader.".to_owned(),
        ChangeReason::UncleanElection => "No replica in the ISR is alive.".to_owned(),
        ChangeReason::ConfigChanged => "A setting was changed.".to_owned(),
    }
}
