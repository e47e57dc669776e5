//! A run in words: Kafka's terms, the numbers that mattered, the setting that decides. Command line and page say the same.

mod actions;
mod chain;
mod details;
mod names;
mod requests;
mod sentence;
mod state;
mod verdict;

use ackscope_sim::audit::Audit;
use ackscope_sim::happening::{Fact, Happening};
use ackscope_sim::ids::{HappeningId, RecordId};
use ackscope_sim::run::Trace;
use ackscope_sim::script::Action;
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;

pub use state::{broker_state, broker_state_short, node_state};
pub use verdict::{Share, Verdict, verdict};

use crate::story::Story;

/// What happened, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// `Broker 1 truncates to offset 5.`
    pub what: String,
    /// `The last copies of w0–w4 are gone, …`; may be empty.
    pub why: String,
    /// The setting that decides it: `broker.session.timeout.ms`.
    pub setting: Option<&'static str>,
}

/// A step of a chain of causes, or of a record's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub happening: HappeningId,
    pub at: Time,
    pub sentence: Sentence,
    /// Here the record's fate was decided.
    pub decides: bool,
}

/// A row of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub happening: HappeningId,
    pub at: Time,
    /// `broker-1`
    pub node: String,
    pub text: String,
}

/// Tells a run.
#[derive(Clone, Copy)]
pub struct Narrator<'a> {
    spec: &'a Spec,
    happenings: &'a [Happening],
    audit: &'a Audit,
    story: &'a Story,
}

impl<'a> Narrator<'a> {
    pub fn new(run: &'a Trace, story: &'a Story) -> Narrator<'a> {
        Narrator::of(&run.spec, &run.happenings, &run.audit, story)
    }

    /// From the parts of a run.
    pub fn of(
        spec: &'a Spec,
        happenings: &'a [Happening],
        audit: &'a Audit,
        story: &'a Story,
    ) -> Narrator<'a> {
        Narrator { spec, happenings, audit, story }
    }

    fn happening(&self, id: HappeningId) -> Option<&'a Happening> {
        self.happenings.get(id.0 as usize)
    }

    /// What a happening is, in a sentence or two.
    pub fn sentence(&self, id: HappeningId) -> Sentence {
        self.happening(id).map_or_else(Sentence::default, |happening| self.tell(happening))
    }

    /// Why it happened: the happening itself, then what led to it, then what led to that.
    pub fn why(&self, id: HappeningId) -> Vec<Step> {
        self.causes(id)
    }

    /// What became of a record, from `send()` to its end.
    pub fn life(&self, record: RecordId) -> Vec<Step> {
        self.story_of(record)
    }

    /// The line for a moment: the latest thing up to then that deserves one.
    pub fn present(&self, now: Time) -> Option<(HappeningId, Sentence)> {
        let end = self.happenings.partition_point(|happening| happening.at <= now);
        // Of what happened at the same moment, the weightiest.
        let mut latest = self.happenings[..end].iter().rev().filter(|happening| self.weight(happening) > 1);
        let first = latest.next()?;
        let peers = latest.take_while(|happening| happening.at == first.at);
        let best =
            peers.fold(
                first,
                |best, happening| {
                    if self.weight(happening) > self.weight(best) { happening } else { best }
                },
            );
        Some((best.id, self.tell(best)))
    }

    /// Everything worth a line, in order: for those who read instead of watching.
    pub fn transcript(&self) -> impl Iterator<Item = Row> + use<'a> {
        let narrator = *self;
        narrator.happenings.iter().filter(move |happening| narrator.weight(happening) > 1).map(
            move |happening| {
                let Sentence { what, why, .. } = narrator.tell(happening);
                let text = if why.is_empty() { what } else { format!("{what} {why}") };
                let node = narrator.spec.node_name(happening.node);
                Row { happening: happening.id, at: happening.at, node, text }
            },
        )
    }
}

impl Narrator<'_> {
    /// As `weight`; an action that is told by what follows from it at once has none.
    pub fn weight(&self, happening: &Happening) -> u8 {
        let action = match happening.fact {
            Fact::ActionDone { action } => self.spec.script.get(action.0 as usize).map(|entry| &entry.action),
            _ => return weight(&happening.fact),
        };
        let told_by_itself = matches!(
            action,
            Some(
                Action::Start { .. }
                    | Action::Kill { .. }
                    | Action::Stop { .. }
                    | Action::Pause { .. }
                    | Action::Resume { .. }
                    | Action::PowerLoss { .. }
                    | Action::FailDisk { .. }
                    | Action::RestoreDisk { .. }
                    | Action::CreateTopic { .. }
                    | Action::StartProducer { .. }
                    | Action::StartConsumer { .. }
                    | Action::Send { .. }
                    | Action::KillApplication { .. }
            )
        );
        if told_by_itself { 0 } else { weight(&happening.fact) }
    }
}

/// How much a happening deserves to be told: nothing for the machinery, most for faults and their consequences.
pub fn weight(fact: &Fact) -> u8 {
    match fact {
        Fact::ProcessKilled
        | Fact::PowerLost
        | Fact::ApplicationKilled
        | Fact::Truncated { .. }
        | Fact::PartitionChanged(_)
        | Fact::LogDirFailed
        | Fact::FetchingFailed { .. }
        | Fact::ControllerLost
        | Fact::BatchExpired { .. } => 5,
        Fact::Paused
        | Fact::Resumed
        | Fact::StopRequested
        | Fact::ProcessStopped
        | Fact::ProcessStarted
        | Fact::ControllerActivated
        | Fact::LogDirRestored
        | Fact::BrokerFenced { .. }
        | Fact::PositionReset { .. }
        | Fact::ConsumerFailed { .. }
        | Fact::ProducerRefused { .. }
        | Fact::SendFailed { .. }
        | Fact::ActionUndone { .. } => 4,
        Fact::Acknowledged { .. }
        | Fact::BatchRetried { .. }
        | Fact::DuplicateRecognised { .. }
        | Fact::ProduceRefused { .. }
        | Fact::BecameLeader { .. }
        | Fact::SendBlocked { .. }
        | Fact::BrokerUnfenced { .. }
        | Fact::BrokerRegistered { .. }
        | Fact::PartitionCreated(_)
        | Fact::IsrRefused { .. }
        | Fact::ProducerEpochBumped { .. }
        | Fact::ActionDone { .. } => 3,
        Fact::SendCalled { .. }
        | Fact::BatchDrained { .. }
        | Fact::Appended { .. }
        | Fact::HighWatermarkMoved { .. }
        | Fact::Delivered { .. }
        | Fact::ProduceWaits { .. }
        | Fact::IsrProposed { .. }
        | Fact::LogLoaded { .. }
        | Fact::BecameFollower { .. }
        | Fact::RequestTimedOut { .. }
        | Fact::ControlledShutdownBegan { .. }
        | Fact::ControlledShutdownGranted { .. }
        | Fact::BatchSplit { .. }
        | Fact::FetchRefused { .. }
        | Fact::RegistrationRefused { .. }
        | Fact::AdminAnswered { .. }
        | Fact::ProducerClosed
        | Fact::FlushCompleted => 2,
        Fact::MessageLost { .. }
        | Fact::LeaderLearnt { .. }
        | Fact::ProducerIdAssigned { .. }
        | Fact::ConnectionRefused { .. } => 1,
        _ => 0,
    }
}
