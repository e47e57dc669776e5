//! Before KRaft: what the controller broker makes of partitions when brokers come and go (Kafka's PartitionStateMachine
//! and ReplicaStateMachine; broker.md §6.11).

use crate::happening::ChangeReason;
use crate::ids::{BrokerId, Brokers, Partition};
use crate::protocol::PartitionState;
use crate::version::KafkaVersion;
use crate::world::context::Context;

use super::cluster::Cluster;
use super::metadata::Metadata;
use super::partition_change::Election;
use super::partitions::Partitions;

impl Partitions {
    /// KafkaController.onReplicasBecomeOffline: elect where a leader is gone, then take the others out of the ISR. Every
    /// such change raises the leader epoch, even where nobody is found.
    pub fn brokers_lost(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        lost: Brokers,
        because: ChangeReason,
    ) {
        for partition in self.all_where(|state| state.isr.minus(lost) != state.isr) {
            let leader = self.get(partition).and_then(|state| state.leader);
            if leader.is_some_and(|leader| lost.contains(leader)) {
                let election = self.usual_election(cx, partition);
                if self.zookeeper_elect(cx, cluster, metadata, partition, election, because) {
                    continue;
                }
            }
            for broker in in_order_of_removal(cx.spec.version, lost) {
                self.remove_from_isr(cx, metadata, partition, broker, because);
            }
        }
    }

    /// The last member stays, without a leader; before 1.1 it did not where unclean elections were allowed.
    fn remove_from_isr(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        partition: Partition,
        broker: BrokerId,
        because: ChangeReason,
    ) {
        let Some(state) = self.get(partition).filter(|state| state.isr.contains(broker)) else { return };
        let mut next = raised(state);
        let may_empty =
            !cx.spec.version.keeps_the_last_in_sync_replica() && self.allows_unclean(cx, partition);
        if next.isr.len() > 1 || may_empty {
            next.isr = next.isr.without(broker);
        }
        if next.leader == Some(broker) {
            next.leader = None;
        }
        self.change(cx, metadata, partition, next, because);
    }

    /// True where somebody else leads now.
    pub fn zookeeper_elect(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        partition: Partition,
        election: Election,
        because: ChangeReason,
    ) -> bool {
        let Some(state) = self.get(partition) else { return false };
        let live_isr: Brokers = state.isr.iter().filter(|&id| cluster.is_live(id)).collect();
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
                let Some(leader) = replicas.find(|&id| cluster.is_live(id)) else { return false };
                next.leader = Some(leader);
                next.isr = Brokers::NONE.with(leader);
            }
            None => return false,
        }
        self.change(cx, metadata, partition, next, because);
        true
    }

    /// ControlledShutdown: moves what it can, refuses to move what has no other replica in sync. Returns how many
    /// partitions the broker still leads.
    pub fn move_away(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        broker: BrokerId,
    ) -> u32 {
        let because = ChangeReason::ControlledShutdown(broker);
        let mut remaining = 0;
        let concerned = |state: &PartitionState| state.replicas.len() > 1 && state.isr.contains(broker);
        for partition in self.all_where(concerned) {
            let Some(state) = self.get(partition) else { continue };
            if state.leader != Some(broker) {
                self.remove_from_isr(cx, metadata, partition, broker, because);
                continue;
            }
            let isr: Brokers = state.isr.iter().filter(|&id| cluster.is_active(id)).collect();
            let leader = state.replicas.iter().copied().find(|&id| isr.contains(id));
            if leader.is_some() {
                let next = PartitionState { leader, isr, ..raised(state) };
                self.change(cx, metadata, partition, next, because);
            } else {
                remaining += 1;
            }
        }
        remaining
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
