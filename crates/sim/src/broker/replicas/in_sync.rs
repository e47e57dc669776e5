//! What a leader does about its followers: the high watermark, and who is in sync. The ISR is the controller's to change;
//! until its answer arrives, the leader honours both the old and the proposed one (broker.md §4.3, §4.5 to §4.7).

use crate::broker::membership::Membership;
use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::replica::PendingIsr;
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerEpoch, BrokerId, Brokers, HappeningId, LeaderEpoch, Partition, PartitionEpoch};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{AlterPartition, PartitionState};
use crate::version::KafkaVersion;
use crate::world::context::Context;

impl Replicas {
    /// Recomputes the leader's high watermark. Returns the move, if there was one.
    pub(super) fn maybe_increment_high_watermark(
        &mut self,
        cx: &mut Context,
        image: &Image,
        partition: Partition,
    ) -> Option<HappeningId> {
        let min_isr = image.effective_min_insync_replicas(&cx.spec, partition);
        let version = cx.spec.version;
        let replica = self.by_partition.get_mut(usize::from(partition.0))?.as_mut()?;
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
        let from = replica.move_high_watermark(to, self.uptime.checkpoint_ticks(cx));
        Some(cx.note(Fact::HighWatermarkMoved { partition, from, to }))
    }

    /// A fetch is the only thing that lets a follower in (broker.md §4.6).
    pub(super) fn maybe_expand_isr(
        &mut self,
        cx: &mut Context,
        membership: &mut Membership,
        partition: Partition,
        follower: BrokerId,
    ) {
        let version = cx.spec.version;
        let Some(replica) = self.get(partition) else { return };
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
        if has_it_all && is_eligible(&membership.image, version, follower, remote.broker_epoch) {
            let isr = leading.isr.with(follower);
            self.propose_isr(cx, membership, partition, isr);
        }
    }

    /// The check that runs every half of `replica.lag.time.max.ms`.
    pub fn shrink_isrs(&mut self, cx: &mut Context, membership: &mut Membership) {
        let lag = cx.spec.broker_config.replica_lag_time_max;
        for partition in self.partitions() {
            let Some(replica) = self.get(partition) else { continue };
            let Some(leading) = replica.leading() else { continue };
            if leading.pending.is_some() || wrong(Mutant::NeverShrinks) {
                continue;
            }
            let end = cx.spec.version.keeps_in_sync_at_the_end().then_some(replica.log.end());
            let out_of_sync = leading.out_of_sync(end, cx.now, lag);
            if !out_of_sync.is_empty() {
                let isr = leading.isr.minus(out_of_sync);
                self.propose_isr(cx, membership, partition, isr);
            }
        }
    }

    fn propose_isr(
        &mut self,
        cx: &mut Context,
        membership: &mut Membership,
        partition: Partition,
        isr: Brokers,
    ) {
        if membership.isr_changes.is_open(partition) {
            return; // an older proposal has not been answered: OPERATION_NOT_ATTEMPTED
        }
        let knows_epochs = cx.spec.version.knows_broker_epochs_of_followers() && !wrong(Mutant::EarlierLife);
        let (own, own_epoch) = (self.id, membership.life.broker_epoch);
        let Some(replica) = self.get_mut(partition) else { return };
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
        let cause = cx.cause;
        cx.cause = Some(cx.note(Fact::IsrProposed { partition, isr }));
        membership.propose(cx, change);
        cx.cause = cause;
    }

    /// The controller has answered a proposal. Returns the high watermark's move, if there was one.
    pub fn isr_change_answered(
        &mut self,
        cx: &mut Context,
        image: &Image,
        partition: Partition,
        sent: (LeaderEpoch, PartitionEpoch),
        result: &Result<PartitionState, ErrorCode>,
    ) -> Option<HappeningId> {
        let replica = self.get_mut(partition)?;
        let (leader_epoch, partition_epoch) = (replica.leader_epoch, replica.partition_epoch);
        let leading = replica.leading_mut()?;
        let is_current =
            leading.pending.is_some_and(|pending| (pending.leader_epoch, pending.partition_epoch) == sent);
        if !is_current {
            return None; // metadata or an election has overtaken the answer
        }
        match result {
            Ok(state) => {
                if Some(state.leader_epoch) != leader_epoch || Some(state.partition_epoch) < partition_epoch {
                    return None;
                }
                leading.isr = state.isr;
                leading.pending = None;
                replica.partition_epoch = Some(state.partition_epoch);
                self.maybe_increment_high_watermark(cx, image, partition)
            }
            Err(error) => {
                cx.note(Fact::IsrRefused { partition, error: *error });
                // The others leave the leader with both ISRs in force until metadata tells it what holds.
                if *error == ErrorCode::IneligibleReplica {
                    leading.pending = None;
                }
                None
            }
        }
    }
}

/// May this broker join the ISR, as the leader's metadata has it (broker.md §4.6c, §4.6d)?
fn is_eligible(image: &Image, version: KafkaVersion, follower: BrokerId, seen: Option<BrokerEpoch>) -> bool {
    if version.admits_active_brokers_only() && !image.is_active(follower) {
        return false;
    }
    !version.knows_broker_epochs_of_followers()
        || wrong(Mutant::EarlierLife)
        || seen.is_some() && seen == image.broker_epoch(follower)
}
