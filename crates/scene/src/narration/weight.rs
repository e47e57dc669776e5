//! Which happenings deserve a line, and which of several comes first.

use ackscope_sim::happening::{Fact, Happening};
use ackscope_sim::script::Action;

use super::Narrator;

impl Narrator<'_> {
    /// As `weight`; an action that is told by what follows from it at once has none.
    pub fn weight(&self, happening: &Happening) -> u8 {
        let Fact::ActionDone { action } = happening.fact else { return weight(&happening.fact) };
        let action = self.action_of(action);
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
fn weight(fact: &Fact) -> u8 {
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
        Fact::LoadCompleted { .. }
        | Fact::MessageSent { .. }
        | Fact::MessageArrived { .. }
        | Fact::Connecting { .. }
        | Fact::Connected { .. }
        | Fact::Disconnected { .. }
        | Fact::ProducerStarted
        | Fact::Buffered { .. }
        | Fact::BatchClosed { .. }
        | Fact::Flushed { .. } => 0,
    }
}
