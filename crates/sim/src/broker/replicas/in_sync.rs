//! What a leader does about its followers: the high watermark, and who is in sync. The ISR is the controller's to change;
//! until its answer arrives, the leader honours both the old and the proposed one (broker.md §4.3, §4.5 to §4.7).

use crate::broker::Broker;
use crate::broker::membership::controller_link::LinkName;
use crate::broker::replicas::replica::PendingIsr;
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerEpoch, BrokerId, Brokers, HappeningId, LeaderEpoch, Partition, PartitionEpoch};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{AlterPartition, AlterPartitionResult, Body, PartitionState};
use crate::time::Duration;
use crate::world::context::Context;

/// Between a failed AlterPartition and the next attempt.
pub const ALTER_PARTITION_RETRY: Duration = Duration::from_millis(50);

/// ISR changes on their way to the controller: one for each partition, one request at a time.
#[derive(Clone, Debug, Default)]
pub struct IsrChanges {
    /// Ascending by partition; an entry stays until it is answered.
    unanswered: Vec<AlterPartition>,
    /// As many of the first entries as the request on its way holds.
    in_flight: Vec<Partition>,
}

impl IsrChanges {
    fn is_open(&self, partition: Partition) -> bool {
        self.unanswered.iter().any(|change| change.partition == partition)
    }

    pub fn is_empty(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// The request was not answered: all of it goes again.
    pub fn lost(&mut self) {
        self.in_flight.clear();
    }

    pub fn request(&mut self, broker_epoch: BrokerEpoch) -> Body {
        self.in_flight = self.unanswered.iter().map(|change| change.partition).collect();
        Body::AlterPartitionRequest { broker_epoch, partitions: self.unanswered.clone() }
    }
}

impl Broker {
    /// Recomputes the leader's high watermark. Returns the move, if there was one.
    pub(in crate::broker) fn maybe_increment_high_watermark(
        &mut self,
        cx: &mut Context,
        partition: Partition,
    ) -> Option<HappeningId> {
        let min_isr = self.min_insync_replicas(cx, partition);
        let (image, version) = (&self.memory.image, cx.spec.version);
        let replica = self.replicas[usize::from(partition.0)].as_mut()?;
        let leading = replica.leading()?;
        let thawed = wrong(Mutant::ThawedHighWatermark);
        if version.freezes_high_watermark() && leading.isr.len() < min_isr && !thawed {
            return None;
        }
        let lag = cx.spec.broker_config.replica_lag_time_max;
        let to = leading.common_end(replica.log.end(), cx.now, lag, |follower| {
            is_eligible(image, version, follower.id, follower.broker_epoch)
        })?;
        if to <= replica.high_watermark {
            return None;
        }
        let from = replica.move_high_watermark(to, self.memory.checkpoint_ticks(cx));
        Some(cx.note(Fact::HighWatermarkMoved { partition, from, to }))
    }

    /// The high watermark has risen: who waited for it goes on, producers before fetchers.
    pub(in crate::broker) fn after_high_watermark(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        moved: HappeningId,
    ) {
        let cause = cx.cause.replace(moved);
        if let Some(leading) = self.replica_mut(partition).and_then(|replica| replica.leading_mut())
            && !leading.waiting_produces.is_empty()
        {
            let waiting = std::mem::take(&mut leading.waiting_produces);
            let waiting = self.wake_produces(cx, partition, waiting);
            if let Some(leading) = self.replica_mut(partition).and_then(|replica| replica.leading_mut()) {
                leading.waiting_produces = waiting;
            }
        }
        self.wake_fetches(cx, partition);
        cx.cause = cause;
    }

    /// The same, where the high watermark may or may not rise.
    pub(in crate::broker) fn recompute_high_watermark(&mut self, cx: &mut Context, partition: Partition) {
        if let Some(moved) = self.maybe_increment_high_watermark(cx, partition) {
            self.after_high_watermark(cx, partition, moved);
        }
    }

    /// A fetch is the only thing that lets a follower in (broker.md §4.6).
    pub(in crate::broker) fn maybe_expand_isr(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        follower: BrokerId,
    ) {
        let version = cx.spec.version;
        let Some(replica) = self.replica(partition) else { return };
        let Some(leading) = replica.leading() else { return };
        if leading.pending.is_some() || leading.isr.contains(follower) {
            return;
        }
        let Some(remote) = leading.follower(follower) else { return };
        let Some(end) = remote.log_end_offset else { return };
        let has_it_all = end >= replica.high_watermark
            && (end >= leading.epoch_start
                || !version.admits_from_epoch_start()
                || wrong(Mutant::NoEpochStart));
        if has_it_all && is_eligible(&self.memory.image, version, follower, remote.broker_epoch) {
            let isr = leading.isr.with(follower);
            self.propose_isr(cx, partition, isr);
        }
    }

    /// The check that runs every half of `replica.lag.time.max.ms`.
    pub(in crate::broker) fn shrink_isrs(&mut self, cx: &mut Context) {
        let lag = cx.spec.broker_config.replica_lag_time_max;
        for partition in (0..self.replicas.len() as u16).map(Partition) {
            let Some(replica) = self.replica(partition) else { continue };
            let Some(leading) = replica.leading() else { continue };
            if leading.pending.is_some() || wrong(Mutant::NeverShrinks) {
                continue;
            }
            let end = cx.spec.version.keeps_in_sync_at_the_end().then_some(replica.log.end());
            let out_of_sync = leading.out_of_sync(end, cx.now, lag);
            if !out_of_sync.is_empty() {
                let isr = leading.isr.minus(out_of_sync);
                self.propose_isr(cx, partition, isr);
            }
        }
    }

    fn propose_isr(&mut self, cx: &mut Context, partition: Partition, isr: Brokers) {
        if self.memory.isr_changes.is_open(partition) {
            return; // an older proposal has not been answered: OPERATION_NOT_ATTEMPTED
        }
        let knows_epochs = cx.spec.version.knows_broker_epochs_of_followers() && !wrong(Mutant::EarlierLife);
        let (own, own_epoch) = (self.id, self.memory.life.broker_epoch);
        let Some(replica) = self.replica_mut(partition) else { return };
        let (Some(leader_epoch), Some(partition_epoch)) = (replica.leader_epoch, replica.partition_epoch)
        else {
            return;
        };
        let Some(leading) = replica.leading_mut() else { return };
        leading.pending = Some(PendingIsr { isr, leader_epoch, partition_epoch });
        let epoch_of = |id: BrokerId| match (knows_epochs, id == own) {
            (false, _) => None,
            (true, true) => own_epoch,
            (true, false) => leading.epoch_of(id),
        };
        let new_isr = isr.iter().map(|id| (id, epoch_of(id))).collect();
        let change = AlterPartition { partition, leader_epoch, partition_epoch, new_isr, recovered: true };
        let changes = &mut self.memory.isr_changes.unanswered;
        let place = changes.partition_point(|other| other.partition < partition);
        changes.insert(place, change);
        let cause = cx.cause;
        cx.cause = Some(cx.note(Fact::IsrProposed { partition, isr }));
        self.link_wants(cx, LinkName::Requests);
        cx.cause = cause;
    }

    /// The controller has answered, partition by partition or (an error) as a whole.
    pub(in crate::broker) fn on_alter_partition_response(
        &mut self,
        cx: &mut Context,
        result: &Result<Vec<AlterPartitionResult>, ErrorCode>,
    ) {
        let asked = std::mem::take(&mut self.memory.isr_changes.in_flight);
        let Ok(results) = result else {
            self.retry_link(cx, LinkName::Requests, ALTER_PARTITION_RETRY);
            return;
        };
        for partition in asked {
            let changes = &mut self.memory.isr_changes.unanswered;
            let Some(place) = changes.iter().position(|change| change.partition == partition) else {
                continue;
            };
            let change = &changes[place];
            let sent = (change.leader_epoch, change.partition_epoch);
            let Some(answer) = results.iter().find(|answer| answer.partition == partition) else { continue };
            let again = matches!(
                answer.result,
                Err(ErrorCode::NetworkException | ErrorCode::UnknownServerError | ErrorCode::NotController)
            );
            if again {
                continue; // stays, and goes with the next request
            }
            changes.remove(place);
            self.isr_change_answered(cx, partition, sent, &answer.result);
        }
        if !self.memory.isr_changes.is_empty() {
            self.retry_link(cx, LinkName::Requests, ALTER_PARTITION_RETRY);
        }
    }

    fn isr_change_answered(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        sent: (LeaderEpoch, PartitionEpoch),
        result: &Result<PartitionState, ErrorCode>,
    ) {
        let Some(replica) = self.replica_mut(partition) else { return };
        let (leader_epoch, partition_epoch) = (replica.leader_epoch, replica.partition_epoch);
        let Some(leading) = replica.leading_mut() else { return };
        let is_current =
            leading.pending.is_some_and(|pending| (pending.leader_epoch, pending.partition_epoch) == sent);
        if !is_current {
            return; // metadata or an election has overtaken the answer
        }
        match result {
            Ok(state) => {
                if Some(state.leader_epoch) != leader_epoch || Some(state.partition_epoch) < partition_epoch {
                    return;
                }
                leading.isr = state.isr;
                leading.pending = None;
                replica.partition_epoch = Some(state.partition_epoch);
                self.recompute_high_watermark(cx, partition);
            }
            Err(error) => {
                cx.note(Fact::IsrRefused { partition, error: *error });
                // The others leave the leader with both ISRs in force until metadata tells it what holds.
                if *error == ErrorCode::IneligibleReplica {
                    leading.pending = None;
                }
            }
        }
    }
}

/// May this broker join the ISR, as the leader's metadata has it (broker.md §4.6c, §4.6d)?
fn is_eligible(
    image: &crate::broker::membership::image::Image,
    version: crate::version::KafkaVersion,
    follower: BrokerId,
    seen: Option<BrokerEpoch>,
) -> bool {
    if version.admits_active_brokers_only() && !image.is_active(follower) {
        return false;
    }
    !version.knows_broker_epochs_of_followers()
        || wrong(Mutant::EarlierLife)
        || seen.is_some() && seen == image.broker_epoch(follower)
}
