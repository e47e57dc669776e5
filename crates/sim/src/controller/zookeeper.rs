//! Before KRaft: sessions in ZooKeeper, a controller broker that elects (broker.md §6.11).

use std::sync::Arc;

use crate::happening::{ChangeReason, Fact};
use crate::ids::{BrokerId, Brokers, Partition, TopicId};
use crate::protocol::{MetadataRecord, PartitionState};
use crate::time::Duration;
use crate::version::KafkaVersion;
use crate::world::context::Context;

use super::Controller;
use super::partition_change::Election;

impl Controller {
    fn is_live(&self, broker: BrokerId) -> bool {
        self.cluster.get(broker).is_some_and(|known| !known.fenced && known.log_dir_online)
    }

    /// A new controller tells everybody everything.
    pub(super) fn zookeeper_resume(&mut self, cx: &mut Context) {
        let live: Vec<BrokerId> =
            self.cluster.brokers.iter().filter(|broker| !broker.fenced).map(|broker| broker.id).collect();
        for broker in live {
            self.channels.open(cx, broker);
        }
    }

    /// A broker has registered: there is no fence here, it is in at once.
    pub(super) fn zookeeper_broker_started(&mut self, cx: &mut Context, broker: BrokerId) {
        cx.cause = Some(cx.note(Fact::BrokerUnfenced { broker }));
        if let Some(known) = self.cluster.get_mut(broker) {
            known.seen_running = true;
        }
        self.channels.open(cx, broker);
        for partition in self.partitions_where(|state| state.leader.is_none()) {
            let election = self.usual_election(cx, partition);
            self.zookeeper_elect(cx, partition, election, ChangeReason::Unfenced(broker));
        }
        self.create_wanted_topics(cx);
    }

    /// A tick: every session that is over by now ends, and the controller hears of all of them together.
    pub(super) fn zookeeper_check_sessions(&mut self, cx: &mut Context) {
        let session = cx.spec.broker_config.broker_session_timeout;
        if !self.sessions.tick(cx, &self.cluster) {
            return;
        }
        while let Some(broker) = self.cluster.next_expired(cx.now, session, false) {
            let others = self.zookeeper_session_ended(cx, broker, session);
            self.zookeeper_brokers_lost(cx, others.with(broker), ChangeReason::Fenced(broker));
        }
    }

    /// Ends this session and all others that are over. Returns those others.
    fn zookeeper_session_ended(&mut self, cx: &mut Context, first: BrokerId, session: Duration) -> Brokers {
        let mut others = Brokers::NONE;
        let mut next = Some(first);
        let mut cause = None;
        while let Some(broker) = next {
            self.end_session(cx, broker);
            let fenced = cx.note(Fact::BrokerFenced { broker });
            cause = cause.or(Some(fenced));
            if let Some(known) = self.cluster.get_mut(broker) {
                known.fenced = true;
                let record = known.record();
                self.metadata.write(record);
            }
            self.channels.remove(cx, broker);
            if broker != first {
                others = others.with(broker);
            }
            next = self.cluster.next_expired(cx.now, session, false);
        }
        cx.cause = cause;
        others
    }

    /// A broker that stops in order closes its session.
    pub(super) fn zookeeper_broker_left(&mut self, cx: &mut Context, broker: BrokerId) {
        let is_leaving =
            self.cluster.get(broker).is_some_and(|known| known.in_controlled_shutdown && !known.fenced);
        if is_leaving {
            self.zookeeper_session_ended(cx, broker, Duration::MAX);
            self.zookeeper_brokers_lost(cx, Brokers::NONE.with(broker), ChangeReason::Fenced(broker));
        }
    }

    /// KafkaController.onReplicasBecomeOffline: elect where a leader is gone, then take the others out of the ISR. Every
    /// such change raises the leader epoch, even where nobody is found.
    pub(super) fn zookeeper_brokers_lost(&mut self, cx: &mut Context, lost: Brokers, because: ChangeReason) {
        for partition in self.partitions_where(|state| state.isr.minus(lost) != state.isr) {
            let leader = self.state(partition).and_then(|state| state.leader);
            if leader.is_some_and(|leader| lost.contains(leader)) {
                let election = self.usual_election(cx, partition);
                if self.zookeeper_elect(cx, partition, election, because) {
                    continue;
                }
            }
            for broker in in_order_of_removal(cx.spec.version, lost) {
                self.remove_from_isr(cx, partition, broker, because);
            }
        }
    }

    /// The last member stays, without a leader; before 1.1 it did not where unclean elections were allowed.
    fn remove_from_isr(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        broker: BrokerId,
        because: ChangeReason,
    ) {
        let Some(state) = self.state(partition).filter(|state| state.isr.contains(broker)) else { return };
        let mut next = raised(state);
        let may_empty =
            !cx.spec.version.keeps_the_last_in_sync_replica() && self.allows_unclean(cx, partition);
        if next.isr.len() > 1 || may_empty {
            next.isr = next.isr.without(broker);
        }
        if next.leader == Some(broker) {
            next.leader = None;
        }
        self.change(cx, partition, next, because);
    }

    /// True where somebody else leads now.
    pub(super) fn zookeeper_elect(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        election: Election,
        because: ChangeReason,
    ) -> bool {
        let Some(state) = self.state(partition) else { return false };
        let live_isr: Brokers = state.isr.iter().filter(|&id| self.is_live(id)).collect();
        let mut candidates = state.replicas.iter().copied();
        let chosen = match election {
            Election::Preferred => candidates.next().filter(|&id| live_isr.contains(id)),
            Election::Online | Election::Unclean => candidates.find(|&id| live_isr.contains(id)),
        };
        let mut next = raised(state);
        match chosen {
            Some(leader) if state.leader == Some(leader) => return false,
            Some(leader) => {
                next.leader = Some(leader);
                if election != Election::Preferred {
                    next.isr = live_isr;
                }
            }
            None if election == Election::Unclean => {
                let mut replicas = state.replicas.iter().copied();
                let Some(leader) = replicas.find(|&id| self.is_live(id)) else { return false };
                next.leader = Some(leader);
                next.isr = Brokers::NONE.with(leader);
            }
            None => return false,
        }
        self.change(cx, partition, next, because);
        true
    }

    /// ControlledShutdown, asked up to three times: moves what it can, refuses to move what has no other replica in
    /// sync. Returns how many partitions the broker still leads.
    pub(super) fn controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) -> u32 {
        let Some(known) = self.cluster.get_mut(broker) else { return 0 };
        if !std::mem::replace(&mut known.in_controlled_shutdown, true) {
            cx.cause = Some(cx.note(Fact::ControlledShutdownBegan { broker }));
        }
        let because = ChangeReason::ControlledShutdown(broker);
        let mut remaining = 0;
        let concerned = |state: &PartitionState| state.replicas.len() > 1 && state.isr.contains(broker);
        for partition in self.partitions_where(concerned) {
            let Some(state) = self.state(partition) else { continue };
            if state.leader != Some(broker) {
                self.remove_from_isr(cx, partition, broker, because);
                continue;
            }
            let isr: Brokers = state.isr.iter().filter(|&id| self.cluster.is_active(id)).collect();
            let leader = state.replicas.iter().copied().find(|&id| isr.contains(id));
            if leader.is_some() {
                let next = PartitionState { leader, isr, ..raised(state) };
                self.change(cx, partition, next, because);
            } else {
                remaining += 1;
            }
        }
        if remaining == 0 {
            cx.note(Fact::ControlledShutdownGranted { broker });
        }
        remaining
    }

    /// What a broker that has just come is told.
    pub(super) fn everything(&self) -> Vec<MetadataRecord> {
        let brokers = self.cluster.brokers.iter().map(|broker| broker.record());
        let topics = (0..).map(TopicId).zip(&self.topics);
        let topics =
            topics.map(|(topic, config)| MetadataRecord::TopicConfig { topic, config: Arc::clone(config) });
        let partitions = (0..).map(Partition).zip(&self.partitions);
        let partitions = partitions.filter_map(|(partition, state)| {
            state.as_ref().map(|state| MetadataRecord::Partition { partition, state: Arc::clone(state) })
        });
        brokers.chain(topics).chain(partitions).collect()
    }
}

/// From 1.1 to 2.4 lost brokers are gone through in the order of a Scala 2.11 hash map: 2 before 1, as recorded with
/// 1.1.1. Before and after that it is ascending.
fn in_order_of_removal(version: KafkaVersion, lost: Brokers) -> Vec<BrokerId> {
    let mut brokers: Vec<BrokerId> = lost.iter().collect();
    if version.removes_brokers_in_hash_order() {
        // Sixteen buckets, read from the last to the first; the hash is scala.util.hashing.byteswap32, turned by the
        // table's seed.
        let swapped = |id: u32| id.wrapping_mul(0x9e37_75cd).swap_bytes().wrapping_mul(0x9e37_75cd);
        brokers = crate::order::sorted(brokers, |id| std::cmp::Reverse(swapped(id.0).rotate_right(4) >> 28));
    }
    brokers
}

fn raised(state: &PartitionState) -> PartitionState {
    PartitionState {
        leader_epoch: state.leader_epoch.next(),
        partition_epoch: state.partition_epoch.next(),
        ..state.clone()
    }
}
