//! Taking the part that the controller has given: leader or follower of a partition (broker.md §5.1, §5.2).

use crate::broker::Broker;
use crate::broker::replicas::replica::{Leading, Replica, Role};
use crate::happening::{Fact, Truncation};
use crate::ids::{Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::protocol::PartitionState;
use crate::view::Lifecycle;
use crate::world::context::Context;

impl Broker {
    pub(in crate::broker) fn take_role(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        state: &PartitionState,
    ) {
        if !state.replicas.contains(&self.id) {
            return;
        }
        let place = usize::from(partition.0);
        if self.replicas[place].is_none() {
            self.replicas[place] = Some(Replica::default());
        }
        let replica = self.replicas[place].as_mut().expect("made above");
        let is_old = replica.partition_epoch.is_some_and(|own| state.partition_epoch < own)
            || replica.leader_epoch.is_some_and(|own| state.leader_epoch < own);
        // Before KRaft an order counts by its leader epoch alone: a new controller repeats what the leader has long heard,
        // and must not undo the ISR change that it has proposed since.
        let is_repeated =
            cx.spec.version.uses_zookeeper() && replica.leader_epoch == Some(state.leader_epoch);
        let is_old = is_old || is_repeated;
        if is_old || self.memory.log_dir_failed {
            return;
        }
        let is_new_epoch = replica.leader_epoch != Some(state.leader_epoch);
        replica.leader = state.leader;
        replica.leader_epoch = Some(state.leader_epoch);
        replica.partition_epoch = Some(state.partition_epoch);
        if state.leader == Some(self.id) {
            self.become_leader(cx, partition, state, is_new_epoch);
        } else {
            self.become_follower(cx, partition, state, is_new_epoch);
        }
    }

    fn become_leader(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        state: &PartitionState,
        is_new_epoch: bool,
    ) {
        let (own, now) = (self.id, cx.now);
        let replica = self.replica_mut(partition).expect("it has a role");
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
            self.stop_fetching(cx, partition);
            cx.cause = Some(cx.note(Fact::BecameLeader {
                partition,
                leader_epoch: state.leader_epoch,
                log_end_offset: log_end,
                high_watermark,
            }));
        }
        self.recompute_high_watermark(cx, partition);
        // Fetches of another epoch are fenced, and an older follower may have joined or left the assignment.
        self.wake_fetches(cx, partition);
    }

    fn become_follower(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        state: &PartitionState,
        is_new_epoch: bool,
    ) {
        let replica = self.replica_mut(partition).expect("it has a role");
        let waiting = match std::mem::replace(&mut replica.role, Role::Follower) {
            Role::Leader(leading) => leading.waiting_produces,
            Role::Offline | Role::Follower => Vec::new(),
        };
        if is_new_epoch {
            cx.cause = Some(cx.note(Fact::BecameFollower {
                partition,
                leader: state.leader,
                leader_epoch: state.leader_epoch,
            }));
        }
        // acks=all requests that waited here are NOT_LEADER_OR_FOLLOWER now, parked fetches that or FENCED_LEADER_EPOCH.
        self.wake_produces(cx, partition, waiting);
        self.wake_fetches(cx, partition);
        let shutting_down =
            matches!(self.memory.life.state, Lifecycle::PendingControlledShutdown | Lifecycle::ShuttingDown);
        if shutting_down && (state.leader.is_none() || !state.isr.contains(self.id)) {
            self.stop_fetching(cx, partition);
        } else if is_new_epoch {
            self.stop_fetching(cx, partition);
            let knows = |leader| cx.spec.version.uses_zookeeper() || self.memory.image.is_registered(leader);
            if let Some(leader) = state.leader.filter(|&leader| knows(leader)) {
                if !cx.spec.version.has_leader_epochs() || wrong(Mutant::TruncatesToHighWatermark) {
                    let high_watermark =
                        self.replica(partition).map_or(Offset(0), |replica| replica.high_watermark);
                    self.truncate(cx, partition, high_watermark, Truncation::HighWatermark);
                }
                self.start_fetching(cx, partition, leader, state.leader_epoch);
            }
        }
    }

    /// Cuts the log, and the high watermark with it.
    pub(in crate::broker) fn truncate(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        to: Offset,
        because: Truncation,
    ) {
        let ticks = self.memory.checkpoint_ticks(cx);
        let version = cx.spec.version;
        let Some(replica) = self.replica_mut(partition) else { return };
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
