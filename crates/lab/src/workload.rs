//! A workload in a few numbers, and the scenario that it stands for.

use ackscope_sim::config::{BrokerConfig, Compression, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, TopicId};
use ackscope_sim::message::Acks;
use ackscope_sim::script::{Action, Entry, Keys, Load, Pacing, Trigger};
use ackscope_sim::spec::{
    BrokerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec,
};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::version::KafkaVersion;

/// How fast each producer's application offers records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// On average so many a second, at random intervals.
    PerSecond(u32),
    /// As fast as `send()` takes them: shows what can be carried at most.
    FlatOut,
}

/// Who sends what to which cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    pub version: KafkaVersion,
    pub seed: u64,
    pub producers: u16,
    pub pace: Pace,
    /// Records of each producer.
    pub records: u32,
    pub record_bytes: u32,
    /// Different keys; 0: none.
    pub keys: u32,
    pub brokers: u32,
    pub replication_factor: u32,
    pub partitions: u32,
    pub min_insync_replicas: u32,
    pub acks: Acks,
    pub compression: Compression,
    /// Compressed size in thousandths of the original.
    pub compression_permille: u32,
    pub link: Link,
    pub costs: Costs,
}

impl Default for Workload {
    fn default() -> Workload {
        Workload {
            version: KafkaVersion::default(),
            seed: 1,
            producers: 4,
            pace: Pace::PerSecond(2_500),
            records: 1_000,
            record_bytes: 1_000,
            keys: 0,
            brokers: 3,
            replication_factor: 3,
            partitions: 6,
            min_insync_replicas: 2,
            acks: Acks::All,
            compression: Compression::None,
            compression_permille: 1_000,
            link: Link::default(),
            costs: Costs::default(),
        }
    }
}

/// The producers know the cluster before they begin.
const LEAD_IN: Duration = Duration::from_millis(500);
/// After the last record should have been sent, a run waits this long for answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a run flat out may take.
const FLAT_OUT: Duration = Duration::from_secs(60);

impl Workload {
    /// Records per second of all producers together; None: flat out.
    pub fn rate(&self) -> Option<u64> {
        match self.pace {
            Pace::PerSecond(rate) => Some(u64::from(rate) * u64::from(self.producers)),
            Pace::FlatOut => None,
        }
    }

    /// The same records, as fast as they go.
    #[must_use]
    pub fn flat_out(&self) -> Workload {
        Workload { pace: Pace::FlatOut, ..self.clone() }
    }

    /// The scenario, with the version's own `linger.ms` and `batch.size`.
    pub fn spec(&self) -> Spec {
        let config = ProducerConfig {
            acks: self.acks,
            compression: self.compression,
            enable_idempotence: self.acks == Acks::All,
            ..ProducerConfig::defaults(self.version)
        };
        let bootstrap: Vec<BrokerId> = (1..=self.brokers).map(BrokerId).collect();
        let first_machine = self.brokers as u8 + 1;
        let producers = (0..self.producers).map(|number| ProducerSpec {
            name: format!("p{number}").into(),
            machine: MachineId(first_machine.saturating_add((number % 200) as u8)),
            bootstrap: bootstrap.clone(),
            config: Ok(config.clone()),
        });
        let mut costs = self.costs.clone();
        costs.compression_permille = self.compression_permille;
        Spec {
            version: self.version,
            seed: self.seed,
            until: self.until(),
            brokers: (1..=self.brokers)
                .map(|id| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack: None })
                .collect(),
            controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
            broker_config: BrokerConfig {
                min_insync_replicas: self.min_insync_replicas,
                ..BrokerConfig::defaults(self.version)
            },
            costs,
            links: Links { default: self.link, between: Vec::new() },
            topics: vec![TopicSpec {
                name: "t".into(),
                partitions: self.partitions,
                config: TopicConfig::default(),
            }],
            partitions: (0..self.partitions).map(|number| self.partition(number)).collect(),
            producers: producers.collect(),
            consumers: Vec::new(),
            script: (0..self.producers).flat_map(|number| self.entries(number)).collect(),
            warm: true,
        }
    }

    fn until(&self) -> Time {
        let sending = match self.pace {
            Pace::PerSecond(rate) => {
                Duration::from_nanos(u64::from(self.records) * 1_000_000_000 / u64::from(rate.max(1)))
            }
            Pace::FlatOut => FLAT_OUT,
        };
        Time::ZERO + LEAD_IN + sending + PATIENCE
    }

    /// Leaders in turn, followers next to them.
    fn partition(&self, number: u32) -> PartitionSpec {
        let count = self.replication_factor.clamp(1, self.brokers);
        let replicas = (0..count).map(|place| BrokerId((number + place) % self.brokers + 1)).collect();
        PartitionSpec { topic: TopicId(0), number, replicas }
    }

    fn entries(&self, number: u16) -> [Entry; 2] {
        let producer = ClientId(number);
        // Not all at the same instant.
        let (pacing, shift) = match self.pace {
            Pace::PerSecond(rate) => {
                let gap = Duration::from_nanos(1_000_000_000 / u64::from(rate.max(1)));
                (Pacing::Poisson { gap }, gap * u64::from(number) / u64::from(self.producers))
            }
            Pace::FlatOut => {
                let gap = self.costs.send.max(Duration::from_nanos(100));
                (Pacing::Every { gap }, Duration::from_micros(7) * u64::from(number))
            }
        };
        let load = Load {
            producer,
            topic: TopicId(0),
            partition: None,
            count: self.records,
            pacing,
            keys: if self.keys == 0 { Keys::None } else { Keys::Uniform { count: self.keys } },
            prefix: "r".into(),
            digits: 0,
            value_bytes: self.record_bytes,
        };
        let at = |time| Trigger::At(Time::ZERO + time);
        [
            Entry { when: at(Duration::ZERO), action: Action::StartProducer { producer }, lasts: None },
            Entry { when: at(LEAD_IN + shift), action: Action::Load(load), lasts: None },
        ]
    }
}
