//! Small clusters, and the questions that tests ask of their runs.

use std::sync::Arc;

use crate::config::{BrokerConfig, Costs, ProducerConfig, TopicConfig};
use crate::happening::{Fact, Happening};
use crate::ids::{BrokerId, ClientId, MachineId, NodeId, Partition, TopicId};
use crate::protocol::Acks;
use crate::run::Run;
use crate::script::{Action, Boot, Entry, SendRecord, Trigger};
use crate::spec::{BrokerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::view::{BrokerView, ReplicaView};

pub const P0: Partition = Partition(0);
pub const CONTROLLER: NodeId = NodeId::Controller;

pub fn broker(id: u32) -> NodeId {
    NodeId::Broker(BrokerId(id))
}

/// A warm cluster: one topic `t` of one partition on all brokers, one producer `p` (acks=all) on a machine of its own.
/// Machine 0 is the controller's, machine n broker n's, the next one the clients'.
pub struct Cluster {
    pub spec: Spec,
}

impl Cluster {
    pub fn new(version: KafkaVersion, brokers: u32) -> Cluster {
        let ids = || (1..=brokers).map(BrokerId);
        let config = ProducerConfig {
            acks: Acks::All,
            retries: i32::MAX as u32,
            linger: Duration::ZERO,
            request_timeout: Duration::from_secs(30),
            ..ProducerConfig::defaults(version)
        };
        let spec = Spec {
            version,
            seed: 1,
            until: Time::from_millis(60_000),
            brokers: ids().map(|id| BrokerSpec { id, machine: MachineId(id.0 as u8), rack: None }).collect(),
            controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
            broker_config: BrokerConfig::defaults(version),
            costs: Costs::default(),
            links: Links { default: Link::default(), between: Vec::new() },
            topics: vec![TopicSpec { name: "t".into(), partitions: 1, config: TopicConfig::default() }],
            partitions: vec![PartitionSpec { topic: TopicId(0), number: 0, replicas: ids().collect() }],
            producers: vec![ProducerSpec {
                name: "p".into(),
                machine: MachineId(brokers as u8 + 1),
                bootstrap: ids().collect(),
                config: Ok(config),
            }],
            consumers: Vec::new(),
            script: Vec::new(),
            warm: true,
        };
        let mut cluster = Cluster { spec };
        cluster.at(10, Action::StartProducer { producer: ClientId(0) });
        cluster
    }

    pub fn at(&mut self, millis: u64, action: Action) -> &mut Cluster {
        let when = Trigger::At(Time::from_millis(millis));
        self.spec.script.push(Entry { when, action, lasts: None });
        self
    }

    pub fn lasting(&mut self, millis: u64, lasts: u64, action: Action) -> &mut Cluster {
        let when = Trigger::At(Time::from_millis(millis));
        let lasts = Some(Duration::from_millis(lasts));
        self.spec.script.push(Entry { when, action, lasts });
        self
    }

    /// One record, by its value.
    pub fn send(&mut self, millis: u64, value: &str) -> &mut Cluster {
        let record = SendRecord {
            topic: TopicId(0),
            partition: Some(0),
            key: None,
            value: Arc::from(value),
            value_bytes: value.len() as u32,
            serializable: true,
        };
        self.at(millis, Action::Send { producer: ClientId(0), record })
    }

    pub fn min_isr(&mut self, min: u32) -> &mut Cluster {
        self.spec.topics[0].config.min_insync_replicas = Some(min);
        self
    }

    pub fn producer(&mut self, change: impl FnOnce(&mut ProducerConfig)) -> &mut Cluster {
        change(self.spec.producers[0].config.as_mut().expect("a producer"));
        self
    }

    pub fn run(&self) -> Run {
        Run::new(self.spec.clone())
    }
}

/// The values in a replica's log, in order.
#[track_caller]
pub fn values(run: &Run, id: u32, partition: Partition) -> Vec<String> {
    let replica = replica(run, id, partition);
    let records = replica.log.iter().flat_map(|batch| batch.records());
    records.map(|(_, record)| run.ledger.value(record).to_string()).collect()
}

#[track_caller]
pub fn replica(run: &Run, id: u32, partition: Partition) -> ReplicaView {
    let view = broker_view(run, id);
    let found = view.replicas.into_iter().find(|replica| replica.partition == partition);
    found.unwrap_or_else(|| panic!("broker {id} has no replica of {partition}"))
}

pub fn broker_view(run: &Run, id: u32) -> BrokerView {
    let view = run.view_at(run.end);
    view.brokers.into_iter().find(|broker| broker.id == BrokerId(id)).expect("a broker of the cluster")
}

/// (epoch, start offset), as in leader-epoch-checkpoint.
pub fn epochs(run: &Run, id: u32) -> Vec<(u32, u32)> {
    replica(run, id, P0).epochs.iter().map(|&(epoch, start)| (epoch.0, start.0)).collect()
}

/// The happenings of a node that a filter turns into something.
pub fn facts<T>(run: &Run, node: NodeId, pick: impl Fn(&Fact) -> Option<T>) -> Vec<(Time, T)> {
    let own = run.happenings.iter().filter(|happening| happening.node == node);
    own.filter_map(|happening: &Happening| Some((happening.at, pick(&happening.fact)?))).collect()
}

pub fn acked(run: &Run) -> Vec<String> {
    let acks = facts(run, NodeId::Producer(ClientId(0)), |fact| match fact {
        Fact::Acknowledged { record, .. } => Some(*record),
        _ => None,
    });
    acks.into_iter().map(|(_, record)| run.ledger.value(record).to_string()).collect()
}

/// Who led after the first leader, None: nobody.
pub fn leader_changes(run: &Run) -> Vec<Option<u32>> {
    let changes = facts(run, CONTROLLER, |fact| match fact {
        Fact::PartitionChanged(change) if change.leader != change.previous_leader => Some(change.leader),
        _ => None,
    });
    changes.into_iter().map(|(_, leader)| leader.map(|id| id.0)).collect()
}

/// The ISRs that a leader has proposed.
pub fn proposals(run: &Run, id: u32) -> Vec<Vec<u32>> {
    let proposed = facts(run, broker(id), |fact| match fact {
        Fact::IsrProposed { isr, .. } => Some(isr.iter().map(|id| id.0).collect()),
        _ => None,
    });
    proposed.into_iter().map(|(_, isr)| isr).collect()
}

pub fn kill(id: u32) -> Action {
    Action::Kill { node: broker(id) }
}

pub fn start(id: u32) -> Action {
    Action::Start { node: broker(id), boot: Boot::default() }
}

pub fn stop(id: u32) -> Action {
    Action::Stop { node: broker(id) }
}

pub fn cut(a: u8, b: u8) -> Action {
    Action::Cut { a: MachineId(a), b: Some(MachineId(b)), one_way: false }
}

/// All replicas have the same records and epochs; an epoch without a record is only its leader's.
#[track_caller]
pub fn assert_identical(run: &Run, ids: &[u32], expected: &[&str]) {
    let written = |id| -> Vec<(u32, u32)> {
        let end = replica(run, id, P0).log_end_offset.0;
        epochs(run, id).into_iter().filter(|&(_, start)| start < end).collect()
    };
    for &id in ids {
        assert_eq!(values(run, id, P0), expected, "broker {id}");
        assert_eq!(written(id), written(ids[0]), "broker {id}");
    }
}
