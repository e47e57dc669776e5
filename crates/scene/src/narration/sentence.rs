//! One or two plain sentences for every happening: which function words it. A new fact does not compile until it has words.

use ackscope_sim::happening::{Fact, Happening};

use super::controller::{broker_registered, broker_unfenced, controller_lost, registration_refused};
use super::{Narrator, Sentence, because, say};

impl Narrator<'_> {
    pub(super) fn tell(&self, happening: &Happening) -> Sentence {
        self.tell_all(&[happening])
    }

    /// Words happenings that belong together; all but those of records stand alone.
    pub(super) fn tell_all(&self, group: &[&Happening]) -> Sentence {
        let Some(&happening) = group.first() else { return Sentence::default() };
        let node = happening.node;
        let does = |what: &str| say(format!("{} {what}.", self.name(node)));
        match &happening.fact {
            Fact::ActionDone { action } => self.action_done(*action),
            Fact::ActionUndone { action } => self.action_undone(*action),
            Fact::AdminAnswered { error: None, .. } => say("The admin client's request succeeds."),
            Fact::AdminAnswered { error: Some(error), .. } => {
                because(format!("The admin client's request fails: {error}."), error.message())
            }
            Fact::LoadCompleted { .. } => does("has sent its whole load"),

            Fact::ProcessStarted => self.process_started(node),
            Fact::ProcessKilled => self.process_killed(node, happening.at),
            Fact::ApplicationKilled => self.application_killed(node),
            Fact::StopRequested => self.stop_requested(node),
            Fact::ProcessStopped => does("has stopped"),
            Fact::PowerLost => self.power_lost(node),
            Fact::Paused => self.paused(node),
            Fact::Resumed => self.resumed(node),
            Fact::LogDirFailed => self.log_dir_failed(node),
            Fact::LogDirRestored => say(format!("The log directory of {} works again.", self.whom(node))),

            Fact::MessageSent { envelope } => say(self.message(envelope)),
            Fact::MessageArrived { sent } => self.message_arrived(node, *sent),
            Fact::MessageLost { sent } => self.message_lost(*sent),
            Fact::Connecting { to, .. } => does(&format!("connects to {}", self.whom(*to))),
            Fact::Connected { to, .. } => does(&format!("is connected to {}", self.whom(*to))),
            Fact::ConnectionRefused { to, .. } => {
                does(&format!("cannot connect to {}: connection refused", self.whom(*to)))
            }
            Fact::Disconnected { peer, because, .. } => self.disconnected(node, *peer, *because),

            Fact::SendCalled { .. } => self.send_called(group),
            Fact::SendBlocked { on, .. } => self.send_blocked(group, *on),
            Fact::Buffered { partition, .. } => self.buffered(group, *partition),
            Fact::Acknowledged { partition, offset, .. } => self.acknowledged(group, *partition, *offset),
            Fact::SendFailed { failure, thrown, .. } => self.send_failed(group, failure, *thrown),
            Fact::Delivered { .. } => self.delivered(group),

            Fact::ProducerStarted => does("is ready"),
            Fact::ProducerRefused { failure } => self.producer_refused(node, failure),
            Fact::ProducerClosed => does("is closed"),
            Fact::BatchClosed { batch, because, .. } => self.batch_closed(*batch, *because),
            Fact::BatchDrained { batch, attempt, bytes, records, .. } => {
                self.batch_drained(*batch, *attempt, *bytes, *records)
            }
            Fact::BatchRetried { batch, error, .. } => self.batch_retried(*batch, *error),
            Fact::BatchSplit { batch, into } => self.batch_split(*batch, into.len()),
            Fact::BatchExpired { batch, .. } => self.batch_expired(*batch),
            Fact::ProducerIdAssigned { producer_id, epoch } => {
                self.producer_id_assigned(node, *producer_id, *epoch)
            }
            Fact::ProducerEpochBumped { producer_id, epoch } => {
                self.producer_epoch_bumped(node, *producer_id, *epoch)
            }
            Fact::LeaderLearnt { partition, leader, leader_epoch } => {
                self.leader_learnt(node, *partition, *leader, *leader_epoch)
            }
            Fact::RequestTimedOut { .. } => self.request_timed_out(node),
            Fact::FlushCompleted => say(format!("flush() of {} returns.", self.whom(node))),
            Fact::PositionReset { partition, from, to, because } => {
                self.position_reset(node, *partition, (*from, *to), *because)
            }
            Fact::ConsumerFailed { failure } => self.consumer_failed(node, failure),

            Fact::Appended { partition, role, base_offset, last_offset, leader_epoch, batch } => {
                let place = (*partition, *base_offset, *last_offset);
                self.appended(node, *role, *batch, place, *leader_epoch)
            }
            Fact::DuplicateRecognised { batch, base_offset, .. } => {
                self.duplicate_recognised(node, *batch, *base_offset)
            }
            Fact::ProduceRefused { batch, error, partition } => {
                self.produce_refused(happening, *batch, *error, *partition)
            }
            Fact::ProduceWaits { required_offset, .. } => self.produce_waits(*required_offset),
            Fact::HighWatermarkMoved { partition, from, to } => {
                self.high_watermark_moved(happening, *partition, *from, *to)
            }
            Fact::Truncated { partition, from, to, because } => {
                self.truncated(happening, *partition, (*from, *to), *because)
            }
            Fact::BecameLeader { partition, leader_epoch, log_end_offset, high_watermark } => because(
                format!("{} leads {} in epoch {leader_epoch}.", self.name(node), self.partition(*partition)),
                format!("Its log ends at {log_end_offset}, its high watermark is {high_watermark}."),
            ),
            Fact::BecameFollower { partition, leader, .. } => self.became_follower(node, *partition, *leader),
            Fact::IsrProposed { partition, isr } => self.isr_proposed(node, *partition, *isr),
            Fact::IsrRefused { partition, error } => self.isr_refused(*partition, *error),
            Fact::Flushed { partition, to } => {
                does(&format!("has flushed {} up to offset {to}", self.partition(*partition)))
            }
            Fact::LogLoaded { partition, log_end_offset, high_watermark, clean } => {
                let how = if *clean { "" } else { " after an unclean stop" };
                because(
                    format!("{} has loaded {}{how}.", self.name(node), self.partition(*partition)),
                    format!("Its log ends at {log_end_offset}, its high watermark is {high_watermark}."),
                )
            }
            Fact::FetchingFailed { partition, leader, log_end_offset, base_offset } => {
                self.fetching_failed(node, *partition, *leader, (*log_end_offset, *base_offset))
            }
            Fact::FetchRefused { from, error, .. } => self.fetch_refused(node, *from, *error),

            Fact::ControllerActivated => say("The controller is active."),
            Fact::ControllerLost => controller_lost(),
            Fact::BrokerRegistered { broker, broker_epoch, clean } => {
                broker_registered(*broker, *broker_epoch, *clean)
            }
            Fact::RegistrationRefused { broker, error } => registration_refused(*broker, *error),
            Fact::BrokerFenced { broker } => self.broker_fenced(*broker, happening.at),
            Fact::BrokerUnfenced { broker } => broker_unfenced(*broker),
            Fact::ControlledShutdownBegan { broker } => {
                say(format!("The controller moves the leaderships of broker {broker} away."))
            }
            Fact::ControlledShutdownGranted { broker } => {
                say(format!("The controller lets broker {broker} shut down."))
            }
            Fact::PartitionCreated(change) => self.partition_created(change),
            Fact::PartitionChanged(change) => self.partition_changed(change, happening.at),
        }
    }
}
