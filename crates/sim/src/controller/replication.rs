//! The truth about partitions: what changes it, and who may change it (Kafka's ReplicationControlManager; broker.md §4.7,
//! §6.3 to §6.8).

use std::sync::Arc;

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::happening::{ChangeReason, Fact, PartitionChange};
use crate::ids::{BrokerEpoch, BrokerId, Brokers, LeaderEpoch, Partition, PartitionEpoch, TopicId};
use crate::protocol::{AlterPartition, AlterPartitionResult, MetadataRecord, PartitionState};
use crate::time::Duration;
use crate::world::context::Context;

use super::Controller;
use super::partition_change::{Election, PartitionChangeBuilder};
use super::timer::Due;

/// Whoever creates a topic waits this long for brokers that have yet to come up.
const TOPIC_PATIENCE: Duration = Duration::from_secs(60);
/// `leader.imbalance.per.broker.percentage`: only the ZooKeeper controller reads it.
const IMBALANCE_PERCENTAGE: usize = 10;

impl Controller {
    pub(super) fn state(&self, partition: Partition) -> Option<&Arc<PartitionState>> {
        self.partitions.get(usize::from(partition.0))?.as_ref()
    }

    pub(super) fn partitions_where(&self, holds: impl Fn(&PartitionState) -> bool) -> Vec<Partition> {
        let existing = (0..).map(Partition).zip(&self.partitions);
        existing.filter_map(|(id, state)| state.as_ref().filter(|state| holds(state)).map(|_| id)).collect()
    }

    pub(super) fn leads_anything(&self, broker: BrokerId) -> bool {
        self.partitions.iter().flatten().any(|state| state.leader == Some(broker))
    }

    /// `min.insync.replicas`, with the topic's settings as they stand now.
    fn min_isr(&self, cx: &Context, partition: Partition) -> usize {
        let topic = cx.spec.topic_of(partition);
        let configured = self.topics[usize::from(topic.0)].min_insync_replicas;
        let min = configured.unwrap_or(cx.spec.broker_config.min_insync_replicas) as usize;
        min.min(cx.spec.partition(partition).replicas.len())
    }

    pub(super) fn allows_unclean(&self, cx: &Context, partition: Partition) -> bool {
        let topic = cx.spec.topic_of(partition);
        let own = self.topics[usize::from(topic.0)].unclean_leader_election_enable;
        own.unwrap_or(cx.spec.broker_config.unclean_leader_election_enable)
    }

    /// The election that an event brings about.
    pub(super) fn usual_election(&self, cx: &Context, partition: Partition) -> Election {
        if self.elects_uncleanly_by_itself(cx) && self.allows_unclean(cx, partition) {
            Election::Unclean
        } else {
            Election::Online
        }
    }

    /// Lets one partition follow from what is known of the brokers now.
    fn update(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        because: ChangeReason,
        election: Election,
        target: Target,
    ) -> bool {
        let Some(state) = self.state(partition) else { return false };
        let with_elr = cx.spec.broker_config.eligible_leader_replicas;
        let next = PartitionChangeBuilder::new(state, |id| self.cluster.is_acceptable_leader(id))
            .election(election)
            .target_isr(target.isr.unwrap_or(state.isr))
            .unclean_shutdown(target.unclean_shutdown)
            .eligible_leader_replicas(with_elr.then(|| self.min_isr(cx, partition)))
            .recovered(target.recovered)
            .build();
        let changed = next.is_some();
        if let Some(next) = next {
            self.change(cx, partition, next, because);
        }
        changed
    }

    /// Writes the partition's next state. The causes of what follows on it stay as they were.
    pub(super) fn change(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        next: PartitionState,
        because: ChangeReason,
    ) {
        let before = self.partitions[usize::from(partition.0)].replace(Arc::new(next));
        let next = self.partitions[usize::from(partition.0)].as_ref().expect("set in the line above");
        let change = Arc::new(PartitionChange {
            partition,
            replicas: next.replicas.clone(),
            leader: next.leader,
            previous_leader: before.as_ref().and_then(|before| before.leader),
            leader_epoch: next.leader_epoch,
            partition_epoch: next.partition_epoch,
            isr: next.isr,
            previous_isr: before.as_ref().map_or(Brokers::NONE, |before| before.isr),
            elr: next.elr,
            previous_elr: before.as_ref().map_or(Brokers::NONE, |before| before.elr),
            recovering: next.recovering,
            because,
        });
        cx.note(match before {
            None => Fact::PartitionCreated(change),
            Some(_) => Fact::PartitionChanged(change),
        });
        self.metadata.write(MetadataRecord::Partition { partition, state: Arc::clone(next) });
    }

    /// The broker is no longer active: out of every ISR, and whom it led gets another leader.
    pub(super) fn take_out_of_isrs(&mut self, cx: &mut Context, broker: BrokerId, because: ChangeReason) {
        for partition in self.partitions_where(|state| state.isr.contains(broker)) {
            let isr = self.state(partition).map(|state| state.isr.without(broker));
            let election = self.usual_election(cx, partition);
            self.update(cx, partition, because, election, Target { isr, ..Target::default() });
        }
    }

    /// broker.md §6.1.3: the registration of a new incarnation takes the old one out.
    pub(super) fn broker_restarted(&mut self, cx: &mut Context, broker: BrokerId, clean: bool) {
        let because = ChangeReason::Registered(broker);
        if clean || !cx.spec.broker_config.eligible_leader_replicas {
            self.take_out_of_isrs(cx, broker, because);
            return;
        }
        let concerned = |state: &PartitionState| state.isr.contains(broker) || state.elr.contains(broker);
        for partition in self.partitions_where(concerned) {
            let isr = self.state(partition).map(|state| state.isr.without(broker));
            let target = Target { isr, unclean_shutdown: Brokers::NONE.with(broker), ..Target::default() };
            let election = self.usual_election(cx, partition);
            self.update(cx, partition, because, election, target);
        }
    }

    /// A broker has become active: it may lead where nobody does.
    pub(super) fn elect_where_leaderless(&mut self, cx: &mut Context, because: ChangeReason) {
        for partition in self.partitions_where(|state| state.leader.is_none()) {
            let election = self.usual_election(cx, partition);
            self.update(cx, partition, because, election, Target::default());
        }
    }

    pub(super) fn log_dir_failed(&mut self, cx: &mut Context, broker: BrokerId) {
        if cx.spec.version.uses_zookeeper() {
            self.zookeeper_brokers_lost(cx, Brokers::NONE.with(broker), ChangeReason::LogDirFailed(broker));
        } else {
            self.take_out_of_isrs(cx, broker, ChangeReason::LogDirFailed(broker));
        }
    }

    /// broker.md §4.7. The whole request fails for a broker with another epoch than the registered one.
    pub(super) fn alter_partitions(
        &mut self,
        cx: &mut Context,
        from: BrokerId,
        broker_epoch: BrokerEpoch,
        requests: &[AlterPartition],
    ) -> Result<Vec<AlterPartitionResult>, ErrorCode> {
        if self.cluster.get(from).is_none_or(|known| known.broker_epoch != broker_epoch) {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        let alter = |request: &AlterPartition| AlterPartitionResult {
            partition: request.partition,
            result: self.alter_partition(cx, from, request),
        };
        Ok(requests.iter().map(alter).collect())
    }

    fn alter_partition(
        &mut self,
        cx: &mut Context,
        from: BrokerId,
        request: &AlterPartition,
    ) -> Result<PartitionState, ErrorCode> {
        let Some(state) = self.state(request.partition) else {
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
        self.check_alteration(cx, state, from, request)?;
        let because = ChangeReason::AlterPartition;
        if cx.spec.version.uses_zookeeper() {
            // The leader's own change: the partition's version rises, its leader epoch does not (broker.md §6.11).
            let next =
                PartitionState { isr, partition_epoch: state.partition_epoch.next(), ..(**state).clone() };
            self.change(cx, request.partition, next, because);
        } else {
            let target = Target { isr: Some(isr), recovered: request.recovered, ..Target::default() };
            let election = self.usual_election(cx, request.partition);
            self.update(cx, request.partition, because, election, target);
        }
        Ok((**self.state(request.partition).expect("checked above")).clone())
    }

    fn check_alteration(
        &self,
        cx: &Context,
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
            let known = self.cluster.get(member).filter(|known| known.is_active());
            known.is_some_and(|known| epoch.is_none_or(|epoch| epoch == known.broker_epoch))
        };
        fail_if(!request.new_isr.iter().all(is_eligible), ErrorCode::IneligibleReplica)
    }

    /// Topics that can be created are. One waits for an active replica of each partition, and a while for brokers that
    /// have yet to come up for the first time.
    pub(super) fn create_wanted_topics(&mut self, cx: &mut Context) {
        if !self.active {
            return;
        }
        let spec = Arc::clone(&cx.spec);
        let wanted = std::mem::take(&mut self.wanted_topics);
        for (topic, since) in wanted {
            let patient = cx.now.since(since) < TOPIC_PATIENCE;
            let active = self.cluster.active();
            let is_ready = spec.partitions_of(topic).all(|partition| {
                let replicas = &spec.partition(partition).replicas;
                let may_come = |id: BrokerId| self.cluster.get(id).is_none_or(|broker| !broker.seen_running);
                replicas.iter().any(|&id| active.contains(id))
                    && !(patient && replicas.iter().any(|&id| may_come(id)))
            });
            if is_ready {
                self.create_partitions(cx, topic);
            } else {
                self.wanted_topics.push((topic, since));
                if patient {
                    self.term.set_timer(cx, TOPIC_PATIENCE.saturating_sub(cx.now.since(since)), Due::Topic);
                }
            }
        }
    }

    fn create_partitions(&mut self, cx: &mut Context, topic: TopicId) {
        let spec = Arc::clone(&cx.spec);
        self.metadata.write(MetadataRecord::Topic { topic });
        let config = Arc::clone(&self.topics[usize::from(topic.0)]);
        if *config != TopicConfig::default() {
            self.metadata.write(MetadataRecord::TopicConfig { topic, config });
        }
        for partition in spec.partitions_of(topic) {
            if self.state(partition).is_some() {
                continue;
            }
            let replicas = spec.partition(partition).replicas.clone();
            let in_sync: Vec<BrokerId> =
                replicas.iter().copied().filter(|&id| self.cluster.is_active(id)).collect();
            let state = PartitionState {
                leader: in_sync.first().copied(),
                isr: in_sync.iter().copied().collect(),
                replicas,
                leader_epoch: LeaderEpoch::default(),
                partition_epoch: PartitionEpoch::default(),
                elr: Brokers::NONE,
                last_known_leader: None,
                recovering: false,
            };
            self.change(cx, partition, state, ChangeReason::Created);
        }
    }

    pub(super) fn elect_on_request(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        unclean: bool,
    ) -> Result<(), ErrorCode> {
        let Some(state) = self.state(partition) else { return Err(ErrorCode::UnknownTopicOrPartition) };
        let preferred = state.replicas.first().copied();
        let (not_needed, reason, failure) = if unclean {
            let failure = ErrorCode::EligibleLeadersNotAvailable;
            (state.leader.is_some(), ChangeReason::UncleanElection, failure)
        } else {
            let failure = ErrorCode::PreferredLeaderNotAvailable;
            (state.leader == preferred, ChangeReason::PreferredElection, failure)
        };
        if not_needed {
            return Err(ErrorCode::ElectionNotNeeded);
        }
        let election = if unclean { Election::Unclean } else { Election::Preferred };
        let changed = if cx.spec.version.uses_zookeeper() {
            self.zookeeper_elect(cx, partition, election, reason)
        } else {
            self.update(cx, partition, reason, election, Target::default())
        };
        if changed { Ok(()) } else { Err(failure) }
    }

    pub(super) fn change_topic(&mut self, cx: &mut Context, topic: TopicId, config: TopicConfig) {
        let old = std::mem::replace(&mut self.topics[usize::from(topic.0)], Arc::new(config));
        let config = Arc::clone(&self.topics[usize::from(topic.0)]);
        self.metadata.write(MetadataRecord::TopicConfig { topic, config: Arc::clone(&config) });
        if config.min_insync_replicas != old.min_insync_replicas {
            let spec = Arc::clone(&cx.spec);
            for partition in spec.partitions_of(topic) {
                // Who was eligible under another minimum need not be so under this one (KIP-966).
                let Some(state) = self.state(partition).filter(|state| !state.elr.is_empty()) else {
                    continue;
                };
                let cleared = PartitionState {
                    elr: Brokers::NONE,
                    last_known_leader: None,
                    partition_epoch: state.partition_epoch.next(),
                    ..(**state).clone()
                };
                self.change(cx, partition, cleared, ChangeReason::ConfigChanged);
            }
        }
        if self.active && self.elects_uncleanly_by_itself(cx) {
            self.elect_leaderless_uncleanly(cx, ChangeReason::ConfigChanged);
        }
    }

    /// The periodic sweep.
    pub(super) fn elect_uncleanly(&mut self, cx: &mut Context) {
        self.elect_leaderless_uncleanly(cx, ChangeReason::UncleanElection);
    }

    fn elect_leaderless_uncleanly(&mut self, cx: &mut Context, because: ChangeReason) {
        for partition in self.partitions_where(|state| state.leader.is_none()) {
            if !self.allows_unclean(cx, partition) {
                continue;
            }
            if cx.spec.version.uses_zookeeper() {
                self.zookeeper_elect(cx, partition, Election::Unclean, because);
            } else {
                self.update(cx, partition, because, Election::Unclean, Target::default());
            }
        }
    }

    fn is_imbalanced(state: &PartitionState) -> bool {
        state.leader != state.replicas.first().copied()
    }

    /// KRaft: `leader.imbalance.check.interval.seconds` after the first imbalance was noticed.
    pub(super) fn schedule_rebalance(&mut self, cx: &mut Context) {
        let config = &cx.spec.broker_config;
        if self.rebalance_scheduled
            || cx.spec.version.uses_zookeeper()
            || !config.auto_leader_rebalance_enable
            || !self.partitions.iter().flatten().any(|state| Controller::is_imbalanced(state))
        {
            return;
        }
        self.rebalance_scheduled = true;
        self.term.set_timer(cx, config.leader_imbalance_check_interval, Due::Rebalance);
    }

    /// broker.md §6.8: back to the preferred leaders, at most a thousand partitions a pass.
    pub(super) fn rebalance(&mut self, cx: &mut Context) {
        const MOST_PER_PASS: usize = 1_000;
        let zookeeper = cx.spec.version.uses_zookeeper();
        self.rebalance_scheduled = false;
        if zookeeper {
            self.term.set_timer(cx, cx.spec.broker_config.leader_imbalance_check_interval, Due::Rebalance);
        }
        if !cx.spec.broker_config.auto_leader_rebalance_enable {
            return;
        }
        let mut moved = 0;
        for partition in self.partitions_where(Controller::is_imbalanced) {
            if moved == MOST_PER_PASS {
                break;
            }
            let (because, election) = (ChangeReason::PreferredElection, Election::Preferred);
            moved += usize::from(if !zookeeper {
                self.update(cx, partition, because, election, Target::default())
            } else if self.is_imbalanced_at_preferred(partition) {
                self.zookeeper_elect(cx, partition, election, because)
            } else {
                false
            });
        }
        self.schedule_rebalance(cx);
    }

    /// More than a tenth of the partitions that prefer this one's preferred leader are led by others.
    fn is_imbalanced_at_preferred(&self, partition: Partition) -> bool {
        let preferred = self.state(partition).and_then(|state| state.replicas.first().copied());
        let theirs = || {
            self.partitions.iter().flatten().filter(move |state| state.replicas.first().copied() == preferred)
        };
        let away = theirs().filter(|state| state.leader != preferred).count();
        away * 100 > theirs().count() * IMBALANCE_PERCENTAGE
    }
}

/// Where an event takes a partition.
#[derive(Clone, Copy, Default)]
struct Target {
    /// None: as it is.
    isr: Option<Brokers>,
    unclean_shutdown: Brokers,
    recovered: bool,
}
