//! The truth about partitions, and what changes it (Kafka's ReplicationControlManager; broker.md §6.3 to §6.8). Who is
//! there it asks the cluster, what it decides it writes to the metadata log.

use std::sync::Arc;

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::happening::{ChangeReason, Fact, PartitionChange};
use crate::ids::{BrokerId, Brokers, LeaderEpoch, Partition, PartitionEpoch, TopicId};
use crate::protocol::{MetadataRecord, PartitionState};
use crate::spec::Spec;
use crate::world::context::Context;

use super::cluster::Cluster;
use super::metadata::Metadata;
use super::partition_change::{Election, PartitionChangeBuilder};

/// `leader.imbalance.per.broker.percentage`: only the ZooKeeper controller reads it.
const IMBALANCE_PERCENTAGE: usize = 10;

/// What holds of every partition, and the settings of its topic.
#[derive(Clone, Debug)]
pub(super) struct Partitions {
    /// By number; None: not created yet.
    states: Vec<Option<Arc<PartitionState>>>,
    /// Settings of each topic as they stand now.
    topics: Vec<Arc<TopicConfig>>,
}

/// Where an event takes a partition.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub election: Election,
    /// None: as it is.
    pub isr: Option<Brokers>,
    pub unclean_shutdown: Brokers,
    pub recovered: bool,
}

impl Target {
    /// The same replicas in sync; somebody else may lead.
    pub fn of(election: Election) -> Target {
        Target { election, isr: None, unclean_shutdown: Brokers::NONE, recovered: false }
    }
}

impl Partitions {
    pub fn new(spec: &Spec) -> Partitions {
        Partitions {
            states: vec![None; spec.partitions.len()],
            topics: spec.topics.iter().map(|topic| Arc::new(topic.config.clone())).collect(),
        }
    }

    /// By number; None: not created yet.
    pub fn all(&self) -> &[Option<Arc<PartitionState>>] {
        &self.states
    }

    pub fn get(&self, partition: Partition) -> Option<&Arc<PartitionState>> {
        self.states.get(usize::from(partition.0))?.as_ref()
    }

    /// Those whose state is such, in ascending order.
    pub fn all_where(&self, holds: impl Fn(&PartitionState) -> bool) -> Vec<Partition> {
        let existing = (0..).map(Partition).zip(&self.states);
        existing.filter_map(|(id, state)| state.as_ref().filter(|state| holds(state)).map(|_| id)).collect()
    }

    pub fn any_led_by(&self, broker: BrokerId) -> bool {
        self.states.iter().flatten().any(|state| state.leader == Some(broker))
    }

    /// Everything that is known of topics and partitions, as records.
    pub fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        let topics = (0..).map(TopicId).zip(&self.topics);
        let topics =
            topics.map(|(topic, config)| MetadataRecord::TopicConfig { topic, config: Arc::clone(config) });
        let partitions = (0..).map(Partition).zip(&self.states);
        let partitions = partitions.filter_map(|(partition, state)| {
            state.as_ref().map(|state| MetadataRecord::Partition { partition, state: Arc::clone(state) })
        });
        topics.chain(partitions)
    }

    /// `min.insync.replicas`, with the topic's settings as they stand now.
    fn min_isr(&self, cx: &Context, partition: Partition) -> usize {
        let topic = cx.spec.topic_of(partition);
        let configured = self.topics[usize::from(topic.0)].min_insync_replicas;
        let min = configured.unwrap_or(cx.spec.broker_config.min_insync_replicas) as usize;
        min.min(cx.spec.partition(partition).replicas.len())
    }

    pub fn allows_unclean(&self, cx: &Context, partition: Partition) -> bool {
        let topic = cx.spec.topic_of(partition);
        let own = self.topics[usize::from(topic.0)].unclean_leader_election_enable;
        own.unwrap_or(cx.spec.broker_config.unclean_leader_election_enable)
    }

    /// The election that an event brings about.
    pub fn usual_election(&self, cx: &Context, partition: Partition) -> Election {
        if cx.spec.version.elects_uncleanly_by_itself() && self.allows_unclean(cx, partition) {
            Election::Unclean
        } else {
            Election::Online
        }
    }

    /// Lets one partition follow from what is known of the brokers now.
    pub fn update(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        partition: Partition,
        because: ChangeReason,
        target: Target,
    ) -> bool {
        let Some(state) = self.get(partition) else { return false };
        let with_elr = cx.spec.broker_config.eligible_leader_replicas;
        let next = PartitionChangeBuilder::new(state, |id| cluster.is_acceptable_leader(id))
            .election(target.election)
            .target_isr(target.isr.unwrap_or(state.isr))
            .unclean_shutdown(target.unclean_shutdown)
            .eligible_leader_replicas(with_elr.then(|| self.min_isr(cx, partition)))
            .recovered(target.recovered)
            .build();
        let changed = next.is_some();
        if let Some(next) = next {
            self.change(cx, metadata, partition, next, because);
        }
        changed
    }

    /// Looks for a leader. True where that has changed something.
    pub fn elect(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        partition: Partition,
        election: Election,
        because: ChangeReason,
    ) -> bool {
        if cx.spec.version.uses_zookeeper() {
            self.zookeeper_elect(cx, cluster, metadata, partition, election, because)
        } else {
            self.update(cx, cluster, metadata, partition, because, Target::of(election))
        }
    }

    /// Writes the partition's next state. The causes of what follows on it stay as they were.
    pub fn change(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        partition: Partition,
        next: PartitionState,
        because: ChangeReason,
    ) {
        let before = self.states[usize::from(partition.0)].replace(Arc::new(next));
        let next = self.states[usize::from(partition.0)].as_ref().expect("set in the line above");
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
        metadata.write(MetadataRecord::Partition { partition, state: Arc::clone(next) });
    }

    /// The broker is no longer active: out of every ISR, and whom it led gets another leader.
    pub fn take_out_of_isrs(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        broker: BrokerId,
        because: ChangeReason,
    ) {
        for partition in self.all_where(|state| state.isr.contains(broker)) {
            let isr = self.get(partition).map(|state| state.isr.without(broker));
            let election = self.usual_election(cx, partition);
            self.update(cx, cluster, metadata, partition, because, Target { isr, ..Target::of(election) });
        }
    }

    /// broker.md §6.1.3: the registration of a new incarnation takes the old one out.
    pub fn broker_restarted(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        broker: BrokerId,
        clean: bool,
    ) {
        let because = ChangeReason::Registered(broker);
        if clean || !cx.spec.broker_config.eligible_leader_replicas {
            self.take_out_of_isrs(cx, cluster, metadata, broker, because);
            return;
        }
        let concerned = |state: &PartitionState| state.isr.contains(broker) || state.elr.contains(broker);
        for partition in self.all_where(concerned) {
            let isr = self.get(partition).map(|state| state.isr.without(broker));
            let election = self.usual_election(cx, partition);
            let unclean_shutdown = Brokers::NONE.with(broker);
            let target = Target { isr, unclean_shutdown, ..Target::of(election) };
            self.update(cx, cluster, metadata, partition, because, target);
        }
    }

    /// A broker has become active: it may lead where nobody does.
    pub fn elect_where_leaderless(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        because: ChangeReason,
    ) {
        for partition in self.all_where(|state| state.leader.is_none()) {
            let election = self.usual_election(cx, partition);
            self.elect(cx, cluster, metadata, partition, election, because);
        }
    }

    pub fn create(&mut self, cx: &mut Context, cluster: &Cluster, metadata: &mut Metadata, topic: TopicId) {
        let spec = Arc::clone(&cx.spec);
        metadata.write(MetadataRecord::Topic { topic });
        let config = Arc::clone(&self.topics[usize::from(topic.0)]);
        if *config != TopicConfig::default() {
            metadata.write(MetadataRecord::TopicConfig { topic, config });
        }
        for partition in spec.partitions_of(topic) {
            if self.get(partition).is_some() {
                continue;
            }
            let replicas = spec.partition(partition).replicas.clone();
            let in_sync: Vec<BrokerId> =
                replicas.iter().copied().filter(|&id| cluster.is_active(id)).collect();
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
            self.change(cx, metadata, partition, state, ChangeReason::Created);
        }
    }

    pub fn elect_on_request(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        partition: Partition,
        unclean: bool,
    ) -> Result<(), ErrorCode> {
        let Some(state) = self.get(partition) else { return Err(ErrorCode::UnknownTopicOrPartition) };
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
        if self.elect(cx, cluster, metadata, partition, election, reason) { Ok(()) } else { Err(failure) }
    }

    pub fn change_topic(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        topic: TopicId,
        config: TopicConfig,
    ) {
        let old = std::mem::replace(&mut self.topics[usize::from(topic.0)], Arc::new(config));
        let config = Arc::clone(&self.topics[usize::from(topic.0)]);
        metadata.write(MetadataRecord::TopicConfig { topic, config: Arc::clone(&config) });
        if config.min_insync_replicas != old.min_insync_replicas {
            let spec = Arc::clone(&cx.spec);
            for partition in spec.partitions_of(topic) {
                // Who was eligible under another minimum need not be so under this one (KIP-966).
                let Some(state) = self.get(partition).filter(|state| !state.elr.is_empty()) else {
                    continue;
                };
                let cleared = PartitionState {
                    elr: Brokers::NONE,
                    last_known_leader: None,
                    partition_epoch: state.partition_epoch.next(),
                    ..(**state).clone()
                };
                self.change(cx, metadata, partition, cleared, ChangeReason::ConfigChanged);
            }
        }
        if cx.spec.version.elects_uncleanly_by_itself() {
            self.elect_uncleanly(cx, cluster, metadata, ChangeReason::ConfigChanged);
        }
    }

    /// Where nobody leads and the topic allows it.
    pub fn elect_uncleanly(
        &mut self,
        cx: &mut Context,
        cluster: &Cluster,
        metadata: &mut Metadata,
        because: ChangeReason,
    ) {
        for partition in self.all_where(|state| state.leader.is_none()) {
            if self.allows_unclean(cx, partition) {
                self.elect(cx, cluster, metadata, partition, Election::Unclean, because);
            }
        }
    }

    /// Whether anybody but the preferred leader leads somewhere.
    pub fn has_imbalance(&self) -> bool {
        self.states.iter().flatten().any(|state| is_imbalanced(state))
    }

    /// broker.md §6.8: back to the preferred leaders, at most a thousand partitions a pass.
    pub fn rebalance(&mut self, cx: &mut Context, cluster: &Cluster, metadata: &mut Metadata) {
        const MOST_PER_PASS: usize = 1_000;
        let mut moved = 0;
        for partition in self.all_where(is_imbalanced) {
            if moved == MOST_PER_PASS {
                break;
            }
            let (because, election) = (ChangeReason::PreferredElection, Election::Preferred);
            if !cx.spec.version.uses_zookeeper() || self.is_imbalanced_at_preferred(partition) {
                moved += usize::from(self.elect(cx, cluster, metadata, partition, election, because));
            }
        }
    }

    /// More than a tenth of the partitions that prefer this one's preferred leader are led by others.
    fn is_imbalanced_at_preferred(&self, partition: Partition) -> bool {
        let preferred = self.get(partition).and_then(|state| state.replicas.first().copied());
        let theirs =
            || self.states.iter().flatten().filter(move |state| state.replicas.first().copied() == preferred);
        let away = theirs().filter(|state| state.leader != preferred).count();
        away * 100 > theirs().count() * IMBALANCE_PERCENTAGE
    }
}

fn is_imbalanced(state: &PartitionState) -> bool {
    state.leader != state.replicas.first().copied()
}
