//! The cluster as this broker knows it: the metadata records it has applied, and what it tells clients from them.

use std::sync::Arc;

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, Brokers, MetadataOffset, Partition, TopicId};
use crate::protocol::{ClusterMetadata, CurrentLeader, MetadataRecord, PartitionMetadata, PartitionState};
use crate::spec::Spec;
use crate::time::Duration;

#[derive(Clone, Copy, Debug)]
struct Registered {
    id: BrokerId,
    epoch: BrokerEpoch,
    fenced: bool,
    in_controlled_shutdown: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Everything below is in the image.
    pub next: MetadataOffset,
    /// By partition number.
    partitions: Vec<Option<Arc<PartitionState>>>,
    brokers: Vec<Registered>,
    /// Settings changed since the start.
    configs: Vec<(TopicId, Arc<TopicConfig>)>,
}

impl Image {
    /// Takes a record in. Returns the partition that it is about.
    pub fn apply(&mut self, record: &MetadataRecord) -> Option<Partition> {
        match record {
            MetadataRecord::Partition { partition, state } => {
                let place = usize::from(partition.0);
                if self.partitions.len() <= place {
                    self.partitions.resize(place + 1, None);
                }
                self.partitions[place] = Some(Arc::clone(state));
                return Some(*partition);
            }
            &MetadataRecord::BrokerRegistration { broker, broker_epoch, fenced, in_controlled_shutdown } => {
                let registered =
                    Registered { id: broker, epoch: broker_epoch, fenced, in_controlled_shutdown };
                match self.brokers.iter_mut().find(|known| known.id == broker) {
                    Some(known) => *known = registered,
                    None => self.brokers.push(registered),
                }
            }
            MetadataRecord::TopicConfig { topic, config } => {
                self.configs.retain(|(other, _)| other != topic);
                self.configs.push((*topic, Arc::clone(config)));
            }
            // A topic is known by its partitions.
            MetadataRecord::Topic { .. } | MetadataRecord::NoOp => {}
        }
        None
    }

    pub fn partition(&self, partition: Partition) -> Option<&Arc<PartitionState>> {
        self.partitions.get(usize::from(partition.0))?.as_ref()
    }

    pub fn partitions(&self) -> impl Iterator<Item = (Partition, &Arc<PartitionState>)> {
        (0..).map(Partition).zip(&self.partitions).filter_map(|(id, state)| Some((id, state.as_ref()?)))
    }

    fn broker(&self, id: BrokerId) -> Option<&Registered> {
        self.brokers.iter().find(|known| known.id == id)
    }

    pub fn is_registered(&self, id: BrokerId) -> bool {
        self.broker(id).is_some()
    }

    fn is_unfenced(&self, id: BrokerId) -> bool {
        self.broker(id).is_some_and(|broker| !broker.fenced)
    }

    /// Neither fenced nor shutting down.
    pub fn is_active(&self, id: BrokerId) -> bool {
        self.broker(id).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    pub fn broker_epoch(&self, id: BrokerId) -> Option<BrokerEpoch> {
        self.broker(id).map(|broker| broker.epoch)
    }

    /// Settings in force for a topic: the changed ones or the scenario's.
    pub fn topic_config<'a>(&'a self, spec: &'a Spec, topic: TopicId) -> &'a TopicConfig {
        let changed = self.configs.iter().find(|(other, _)| *other == topic);
        changed.map_or(&spec.topic(topic).config, |(_, config)| config)
    }

    /// `min.insync.replicas`, capped by the replica count where the version does that (KAFKA-15583, 3.7).
    pub fn effective_min_insync_replicas(&self, spec: &Spec, partition: Partition) -> usize {
        spec.min_insync_replicas_by(self.topic_config(spec, spec.topic_of(partition)), partition)
    }

    pub fn max_message_bytes(&self, spec: &Spec, partition: Partition) -> u32 {
        let config = self.topic_config(spec, spec.topic_of(partition));
        config.max_message_bytes.unwrap_or(spec.broker_config.message_max_bytes)
    }

    /// How long a batch stays in the page cache only.
    pub fn write_back(&self, spec: &Spec, partition: Partition) -> Duration {
        let config = self.topic_config(spec, spec.topic_of(partition));
        let flush = config.flush_ms.or(spec.broker_config.log_flush_interval);
        flush.map_or(spec.costs.write_back, |flush| flush.min(spec.costs.write_back))
    }

    /// `flush.messages`: after so many records an append flushes.
    pub fn flush_messages(&self, spec: &Spec, partition: Partition) -> Option<u64> {
        let config = self.topic_config(spec, spec.topic_of(partition));
        config.flush_messages.or(spec.broker_config.log_flush_interval_messages)
    }

    /// KIP-951: the leader to be named beside an error.
    pub fn current_leader(&self, partition: Partition) -> Option<CurrentLeader> {
        let state = self.partition(partition)?;
        Some(CurrentLeader { leader: state.leader?, leader_epoch: state.leader_epoch })
    }

    /// What a client is told of the topics it asks for.
    pub fn describe(&self, spec: &Spec, topics: &[TopicId], refuse: Option<ErrorCode>) -> ClusterMetadata {
        let brokers: Brokers =
            self.brokers.iter().filter(|broker| !broker.fenced).map(|broker| broker.id).collect();
        let mut answer = ClusterMetadata { brokers, ..ClusterMetadata::default() };
        if let Some(error) = refuse {
            answer.topic_errors = topics.iter().map(|&topic| (topic, error)).collect();
            return answer;
        }
        for &topic in topics {
            let before = answer.partitions.len();
            for partition in spec.partitions_of(topic) {
                let Some(state) = self.partition(partition) else { continue };
                answer.partitions.push(PartitionMetadata {
                    partition,
                    leader: state.leader.filter(|&leader| self.is_unfenced(leader)),
                    leader_epoch: state.leader_epoch,
                    in_sync_replicas: state.isr,
                });
            }
            if answer.partitions.len() == before {
                answer.topic_errors.push((topic, ErrorCode::UnknownTopicOrPartition));
            }
        }
        answer
    }
}
