//! What tests of several modules begin with.

use crate::config::{BrokerConfig, Costs, TopicConfig};
use crate::ids::{BrokerId, MachineId, TopicId};
use crate::spec::{BrokerSpec, ControllerSpec, Links, PartitionSpec, Spec, TopicSpec};
use crate::time::Time;
use crate::version::KafkaVersion;

/// A cold cluster with one topic `t` and nothing to do, without eligible leader replicas. Machine 0 is the controller's,
/// machine n broker n's.
pub fn spec(version: KafkaVersion, brokers: std::ops::RangeInclusive<u32>, replicas: &[&[u32]]) -> Spec {
    Spec {
        version,
        seed: 1,
        until: Time::from_millis(600_000),
        brokers: brokers
            .map(|id| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack: None })
            .collect(),
        controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
        broker_config: BrokerConfig { eligible_leader_replicas: false, ..BrokerConfig::defaults(version) },
        costs: Costs::default(),
        links: Links { default: Default::default(), between: Vec::new() },
        topics: vec![TopicSpec {
            name: "t".into(),
            partitions: replicas.len() as u32,
            config: TopicConfig::default(),
        }],
        partitions: (0..)
            .zip(replicas)
            .map(|(number, replicas)| PartitionSpec {
                topic: TopicId(0),
                number,
                replicas: replicas.iter().copied().map(BrokerId).collect(),
            })
            .collect(),
        producers: Vec::new(),
        consumers: Vec::new(),
        script: Vec::new(),
        warm: false,
    }
}
