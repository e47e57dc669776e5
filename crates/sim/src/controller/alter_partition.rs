//! A leader asks for another ISR (broker.md §4.7): what is answered, and what becomes of the partition.

use crate::error::ErrorCode;
use crate::happening::ChangeReason;
use crate::ids::{BrokerEpoch, BrokerId, Brokers};
use crate::protocol::{AlterPartition, AlterPartitionResult, PartitionState};
use crate::world::context::Context;

use super::cluster::Cluster;
use super::metadata::Metadata;
use super::partitions::{Partitions, Target};

impl Partitions {
    /// broker.md §4.7. The whole request fails for a broker with another epoch than the registered one.
    pub fn alter(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        from: BrokerId,
        broker_epoch: BrokerEpoch,
        requests: &[AlterPartition],
    ) -> Result<Vec<AlterPartitionResult>, ErrorCode> {
        if cluster.get(from).is_none_or(|known| known.broker_epoch != broker_epoch) {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        let alter = |request: &AlterPartition| AlterPartitionResult {
            partition: request.partition,
            result: self.alter_partition(cx, cluster, metadata, from, request),
        };
        Ok(requests.iter().map(alter).collect())
    }

    fn alter_partition(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        from: BrokerId,
        request: &AlterPartition,
    ) -> Result<PartitionState, ErrorCode> {
        let Some(state) = self.get(request.partition) else {
            return Err(ErrorCode::UnknownTopicOrPartition);
        };
        let isr: Brokers = request.new_isr.iter().map(|&(member, _)| member).collect();
        let stands =
            state.leader == Some(from) && state.leader_epoch == request.leader_epoch && state.isr == isr;
        if stands && cx.spec.version.uses_zookeeper() {
            // Written already, by the first try of a request whose answer was lost (checkLeaderAndIsrZkData; with AlterIsr
            // the controller compares). A KRaft leader learns what holds from the metadata log.
            return Ok((**state).clone());
        }
        check_alteration(cx, cluster, state, from, request)?;
        let because = ChangeReason::AlterPartition;
        if cx.spec.version.uses_zookeeper() {
            // The leader's own change: the partition's version rises, its leader epoch does not (broker.md §6.11).
            let next =
                PartitionState { isr, partition_epoch: state.partition_epoch.next(), ..(**state).clone() };
            self.change(cx, metadata, request.partition, next, because);
        } else {
            let election = self.usual_election(cx, request.partition);
            let target = Target { isr: Some(isr), recovered: request.recovered, ..Target::of(election) };
            self.update(cx, cluster, metadata, request.partition, because, target);
        }
        Ok((**self.get(request.partition).expect("checked above")).clone())
    }
}

fn check_alteration(
    cx: &Context,
    cluster: &Cluster,
    state: &PartitionState,
    from: BrokerId,
    request: &AlterPartition,
) -> Result<(), ErrorCode> {
    let fail_if = |wrong: bool, error: ErrorCode| if wrong { Err(error) } else { Ok(()) };
    let members: Brokers = request.new_isr.iter().map(|&(member, _)| member).collect();
    let is_ahead =
        request.leader_epoch > state.leader_epoch || request.partition_epoch > state.partition_epoch;
    fail_if(is_ahead, ErrorCode::NotController)?;
    fail_if(request.leader_epoch < state.leader_epoch, ErrorCode::FencedLeaderEpoch)?;
    fail_if(state.leader != Some(from), ErrorCode::InvalidRequest)?;
    fail_if(request.partition_epoch < state.partition_epoch, ErrorCode::InvalidUpdateVersion)?;
    let replicas: Brokers = state.replicas.iter().copied().collect();
    let is_malformed = !members.is_subset(replicas)
        || members.len() != request.new_isr.len()
        || !members.contains(from)
        || members.len() > 1 && state.recovering && !request.recovered;
    fail_if(is_malformed, ErrorCode::InvalidRequest)?;
    if cx.spec.version.uses_zookeeper() {
        return Ok(()); // eligibility is asked for since KIP-841
    }
    let is_eligible = |&(member, epoch): &(BrokerId, Option<BrokerEpoch>)| {
        let known = cluster.get(member).filter(|known| known.is_active());
        known.is_some_and(|known| epoch.is_none_or(|epoch| epoch == known.broker_epoch))
    };
    fail_if(!request.new_isr.iter().all(is_eligible), ErrorCode::IneligibleReplica)
}
