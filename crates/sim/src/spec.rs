//! A scenario as the engine takes it: resolved, checked, with numbers for names. The scenario crate makes it from a document.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{BrokerConfig, ConsumerConfig, Costs, ProducerConfig, TopicConfig};
use crate::error::Failure;
use crate::ids::{BrokerId, ClientId, MachineId, NodeId, Partition, TopicId};
use crate::script::Entry;
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spec {
    pub version: KafkaVersion,
    pub seed: u64,
    /// The run ends here at the latest.
    pub until: Time,
    pub brokers: Vec<BrokerSpec>,
    pub controller: ControllerSpec,
    pub broker_config: BrokerConfig,
    pub costs: Costs,
    pub links: Links,
    pub topics: Vec<TopicSpec>,
    /// All partitions of all topics, topic by topic; `Partition` counts through them.
    pub partitions: Vec<PartitionSpec>,
    pub producers: Vec<ProducerSpec>,
    pub consumers: Vec<ConsumerSpec>,
    pub script: Vec<Entry>,
    /// The run begins with everything started, registered and elected; otherwise the script starts it.
    pub warm: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerSpec {
    pub id: BrokerId,
    pub machine: MachineId,
    pub rack: Option<Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ControllerSpec {
    pub machine: MachineId,
    /// Voters of the quorum: with 1 the controller is away until it is started again, with 3 another takes over.
    pub quorum: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicSpec {
    pub name: Arc<str>,
    pub partitions: u32,
    pub config: TopicConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionSpec {
    pub topic: TopicId,
    /// The number within the topic.
    pub number: u32,
    /// In assignment order.
    pub replicas: Vec<BrokerId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerSpec {
    pub name: Arc<str>,
    pub machine: MachineId,
    pub bootstrap: Vec<BrokerId>,
    /// What the constructor made of the settings: a producer, or a refusal.
    pub config: Result<ProducerConfig, Arc<Failure>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsumerSpec {
    pub name: Arc<str>,
    pub machine: MachineId,
    pub bootstrap: Vec<BrokerId>,
    pub config: ConsumerConfig,
    /// The producer in whose process it runs, if any: one application with two clients.
    pub runs_with: Option<ClientId>,
    /// `assign()`ed partitions.
    pub partitions: Vec<Partition>,
}

/// One-way latency and bandwidth between machines.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Links {
    pub default: Link,
    /// Each way, unless an entry for the other way follows.
    pub between: Vec<(MachineId, MachineId, Link)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    pub latency: Duration,
    /// Added to the latency: even over 0 to this.
    pub jitter: Duration,
    /// None: no limit.
    pub bytes_per_second: Option<u64>,
}

impl Default for Link {
    fn default() -> Link {
        Link {
            latency: Duration::from_micros(500),
            jitter: Duration::from_micros(100),
            bytes_per_second: Some(125_000_000),
        }
    }
}

impl Spec {
    pub fn partition(&self, partition: Partition) -> &PartitionSpec {
        &self.partitions[usize::from(partition.0)]
    }

    pub fn topic(&self, topic: TopicId) -> &TopicSpec {
        &self.topics[usize::from(topic.0)]
    }

    pub fn topic_of(&self, partition: Partition) -> TopicId {
        self.partition(partition).topic
    }

    /// The partitions of a topic, by number.
    pub fn partitions_of(&self, topic: TopicId) -> impl Iterator<Item = Partition> + '_ {
        (0u16..)
            .zip(&self.partitions)
            .filter(move |(_, spec)| spec.topic == topic)
            .map(|(index, _)| Partition(index))
    }

    /// `orders-0`.
    pub fn partition_name(&self, partition: Partition) -> String {
        let spec = self.partition(partition);
        format!("{}-{}", self.topic(spec.topic).name, spec.number)
    }

    /// `broker-1`, `controller`, `producer-p`, `consumer-c`.
    pub fn node_name(&self, node: NodeId) -> String {
        match node {
            NodeId::Controller => "controller".to_owned(),
            NodeId::Broker(id) => format!("broker-{id}"),
            NodeId::Producer(ClientId(index)) => {
                format!("producer-{}", self.producers[usize::from(index)].name)
            }
            NodeId::Consumer(ClientId(index)) => {
                format!("consumer-{}", self.consumers[usize::from(index)].name)
            }
            NodeId::World => "world".to_owned(),
        }
    }

    pub fn machine_of(&self, node: NodeId) -> MachineId {
        match node {
            NodeId::Controller | NodeId::World => self.controller.machine,
            NodeId::Broker(id) => {
                self.brokers.iter().find(|broker| broker.id == id).expect("a broker of this scenario").machine
            }
            NodeId::Producer(ClientId(index)) => self.producers[usize::from(index)].machine,
            NodeId::Consumer(ClientId(index)) => self.consumers[usize::from(index)].machine,
        }
    }

    /// Every node that has a process: the controller, brokers, producers, consumers.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<'_> {
        let brokers = self.brokers.iter().map(|broker| NodeId::Broker(broker.id));
        let producers = (0..self.producers.len() as u16).map(|client| NodeId::Producer(ClientId(client)));
        let consumers = (0..self.consumers.len() as u16).map(|client| NodeId::Consumer(ClientId(client)));
        std::iter::once(NodeId::Controller).chain(brokers).chain(producers).chain(consumers)
    }

    /// Everybody in the process of `node`, itself included: an application may have several clients.
    pub fn same_process(&self, node: NodeId) -> impl Iterator<Item = NodeId> + use<'_> {
        let runs_with = |client: u16| self.consumers.get(usize::from(client)).and_then(|own| own.runs_with);
        let host = match node {
            NodeId::Producer(client) => Some(client),
            NodeId::Consumer(client) => runs_with(client.0),
            NodeId::Controller | NodeId::Broker(_) | NodeId::World => None,
        };
        let guests = (0..self.consumers.len() as u16)
            .filter(move |&client| host.is_some() && runs_with(client) == host);
        let first = host.map_or(node, NodeId::Producer);
        std::iter::once(first).chain(guests.map(|client| NodeId::Consumer(ClientId(client))))
    }

    /// Brokers hear of a commit with the fetch that brings the records: since 4.1, and before where the quorum is one
    /// controller, whose own append is the commit (broker.md §6.9.2).
    pub fn tells_commits_at_once(&self) -> bool {
        self.version.learns_metadata_at_once() || self.controller.quorum == 1
    }

    /// The topic's `min.insync.replicas`, capped by its replica count where the version does that (KAFKA-15583, 3.7).
    pub fn effective_min_insync_replicas(&self, partition: Partition) -> usize {
        self.min_insync_replicas_by(&self.topic(self.topic_of(partition)).config, partition)
    }

    /// The same by settings that the topic has been given meanwhile.
    pub fn min_insync_replicas_by(&self, config: &TopicConfig, partition: Partition) -> usize {
        let min = config.min_insync_replicas.unwrap_or(self.broker_config.min_insync_replicas) as usize;
        let replicas = self.partition(partition).replicas.len();
        if self.version.freezes_high_watermark() { min.min(replicas) } else { min }
    }
}
