//! Taking the part that the controller has given: leader or follower of a partition (broker.md §5.1, §5.2).

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::fetchers::Fetchers;
use crate::broker::replicas::replica::{Leading, Replica, Role};
use crate::happening::{Fact, Truncation};
use crate::ids::{HappeningId, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{MetadataRecord, PartitionState};
use crate::spec::Spec;
use crate::world::context::Context;

/// The part to take, now that the replica has taken over its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Leader { is_new_epoch: bool },
    Follower { is_new_epoch: bool },
}

impl Replicas {
    /// Takes a state over that the controller has decided on. None: it is not for this broker, or old.
    pub fn take_over(&mut self, spec: &Spec, partition: Partition, state: &PartitionState) -> Option<Part> {
        if !state.replicas.contains(&self.id) {
            return None;
        }
        let replica = self.by_partition[usize::from(partition.0)].get_or_insert_with(Replica::default);
        let is_old = replica.partition_epoch.is_some_and(|own| state.partition_epoch < own)
            || replica.leader_epoch.is_some_and(|own| state.leader_epoch < own);
        // Before KRaft an order counts by its leader epoch alone: a new controller repeats what the leader has long heard,
        // and must not undo the ISR change that it has proposed since.
        let is_repeated = spec.version.uses_zookeeper() && replica.leader_epoch == Some(state.leader_epoch);
        if is_old || is_repeated || self.is_offline {
            return None;
        }
        let is_new_epoch = replica.leader_epoch != Some(state.leader_epoch);
        replica.leader = state.leader;
        replica.leader_epoch = Some(state.leader_epoch);
        replica.partition_epoch = Some(state.partition_epoch);
        Some(match state.leader == Some(self.id) {
            true => Part::Leader { is_new_epoch },
            false => Part::Follower { is_new_epoch },
        })
    }

    /// Returns the high watermark's move, if there was one.
    pub fn become_leader(
        &mut self,
        cx: &mut Context,
        image: &Image,
        fetchers: &mut Fetchers,
        partition: Partition,
        state: &PartitionState,
        is_new_epoch: bool,
    ) -> Option<HappeningId> {
        let (own, now) = (self.id, cx.now);
        let replica = self.get_mut(partition).expect("it has a role");
        let log_end = replica.log.end();
        let (mut leading, was_leader) = match std::mem::replace(&mut replica.role, Role::Offline) {
            Role::Leader(leading) => (leading, true),
            Role::Offline | Role::Follower => (Leading::new(log_end), false),
        };
        leading.isr = state.isr;
        leading.pending = None;
        leading.assign(&state.replicas, own, now);
        if is_new_epoch {
            leading.epoch_start = log_end;
            if was_leader {
                for follower in &mut leading.followers {
                    follower.reset(log_end, state.isr.contains(follower.id), now);
                }
            }
            replica.log.begin_epoch(state.leader_epoch, cx.spec.version);
        }
        if is_new_epoch && wrong(Mutant::ForgetsProducers) {
            replica.log.forget();
        }
        if is_new_epoch && wrong(Mutant::LeaderTrustsItsEnd) {
            replica.high_watermark = log_end;
        }
        let high_watermark = replica.high_watermark;
        replica.role = Role::Leader(leading);
        if is_new_epoch {
            fetchers.stop(cx, partition);
            cx.cause = Some(cx.note(Fact::BecameLeader {
                partition,
                leader_epoch: state.leader_epoch,
                log_end_offset: log_end,
                high_watermark,
            }));
        }
        self.maybe_increment_high_watermark(cx, image, partition)
    }

    pub fn become_follower(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        state: &PartitionState,
        is_new_epoch: bool,
    ) {
        let replica = self.get_mut(partition).expect("it has a role");
        replica.role = Role::Follower;
        if is_new_epoch {
            cx.cause = Some(cx.note(Fact::BecameFollower {
                partition,
                leader: state.leader,
                leader_epoch: state.leader_epoch,
            }));
        }
    }

    /// Would this record end a leadership here?
    pub fn is_deposed_by(&self, record: &MetadataRecord) -> bool {
        let MetadataRecord::Partition { partition, state } = record else { return false };
        let leads = |replica: &Replica| replica.leading().is_some();
        state.leader != Some(self.id) && self.get(*partition).is_some_and(leads)
    }

    /// Would this record begin a leadership here?
    pub fn is_elected_by(&self, record: &MetadataRecord) -> bool {
        let MetadataRecord::Partition { partition, state } = record else { return false };
        let own_epoch = self.get(*partition).and_then(|replica| replica.leader_epoch);
        state.leader == Some(self.id) && own_epoch != Some(state.leader_epoch)
    }

    /// Cuts the log, and the high watermark with it.
    pub(super) fn truncate(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        to: Offset,
        because: Truncation,
    ) {
        let ticks = self.uptime.checkpoint_ticks(cx);
        let version = cx.spec.version;
        let Some(replica) = self.get_mut(partition) else { return };
        let from = replica.log.end();
        if wrong(Mutant::NeverTruncates) {
            return;
        }
        replica.log.truncate(to, version);
        let to = replica.log.end();
        if to == from {
            return;
        }
        if replica.high_watermark > to {
            replica.move_high_watermark(to, ticks);
        }
        cx.cause = Some(cx.note(Fact::Truncated { partition, from, to, because }));
    }
}
