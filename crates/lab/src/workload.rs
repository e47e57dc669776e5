//! A workload in a few numbers, and the scenario that it stands for.

use ackscope_sim::config::{BrokerConfig, Compression, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, TopicId};
use ackscope_sim::protocol::Acks;
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

    /// The same as a scenario document, with a `linger.ms` and a `batch.size`: one run of a sweep, to be looked at.
    pub fn document(&self, linger: Duration, batch_size: u32) -> String {
        let linger_ms = linger.nanos / 1_000_000;
        let load = match self.rate() {
            Some(rate) => format!("{rate} records a second"),
            None => "as many records as go".to_owned(),
        };
        let mut text = format!(
            "# One run of the batching lab.\nackscope = 1\nid = \"lab\"\n\
             title = \"linger.ms={linger_ms}, batch.size={batch_size}\"\n\
             question = \"What do linger.ms={linger_ms} and batch.size={batch_size} make of {load}?\"\n\
             kafka = \"{}\"\nseed = {}\nuntil = \"{} ns\"\n\n\
             [cluster]\nbrokers = {}\nconfig.min.insync.replicas = {}\n",
            self.version.name(),
            self.seed,
            self.until().nanos,
            self.brokers,
            self.min_insync_replicas,
        );
        if self.compression != Compression::None {
            text += &format!("costs.compression_permille = {}\n", self.compression_permille);
        }
        text += &format!(
            "\n[topic.t]\npartitions = {}\nreplication_factor = {}\n",
            self.partitions,
            self.replication_factor.clamp(1, self.brokers),
        );
        let acks = match self.acks {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "\"all\"",
        };
        let codec = match self.compression {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        };
        for number in 0..self.producers {
            text += &format!(
                "\n[producer.p{number}]\nconfig.acks = {acks}\nconfig.enable.idempotence = {}\n\
                 config.compression.type = \"{}\"\nconfig.linger.ms = {linger_ms}\nconfig.batch.size = {batch_size}\n",
                self.acks == Acks::All,
                codec,
            );
        }
        text += "\n[do]\n";
        for number in 0..self.producers {
            let [_, entry] = self.entries(number);
            let Trigger::At(at) = entry.when else { continue };
            let pace = match self.pace {
                Pace::PerSecond(rate) => format!("rate = \"{rate}/s\", poisson = true"),
                Pace::FlatOut => format!("every = \"{} ns\"", self.costs.send.nanos.max(100)),
            };
            text += &format!(
                "\"p{number} sends\" = {{ at = \"{} ns\", load = {}, {pace}, producer = \"producer-p{number}\", size = \"{} B\" }}\n",
                at.nanos, self.records, self.record_bytes,
            );
        }
        text
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

#[cfg(test)]
mod tests {
    use ackscope_scenario::Document;
    use ackscope_sim::config::Compression;
    use ackscope_sim::protocol::Acks;
    use ackscope_sim::run::Run;
    use ackscope_sim::time::Duration;

    use super::Workload;

    #[test]
    fn a_run_of_the_lab_is_the_same_run_as_a_scenario() {
        let small = Workload { records: 60, producers: 3, ..Workload::default() };
        let compressed = Compression::Lz4;
        for workload in [
            Workload {
                acks: Acks::Leader,
                brokers: 1,
                replication_factor: 1,
                min_insync_replicas: 1,
                ..small.clone()
            },
            Workload { compression: compressed, compression_permille: 300, seed: 9, ..small.clone() },
            small.flat_out(),
            small,
        ] {
            let (linger, batch_size) = (Duration::from_millis(7), 8_192);
            let text = workload.document(linger, batch_size);
            let document =
                Document::parse(&text).unwrap_or_else(|problems| panic!("{}\n{text}", problems[0]));
            let mut spec = workload.spec();
            for config in spec.producers.iter_mut().filter_map(|producer| producer.config.as_mut().ok()) {
                (config.linger, config.batch_size) = (linger, batch_size);
            }
            let (own, read) = (Run::new(spec), Run::new(document.variants[0].spec.clone()));
            assert_eq!(own.audit.totals, read.audit.totals, "{text}");
            assert_eq!(own.audit.latency, read.audit.latency, "{text}");
            assert!(own.audit.totals.acked > 0);
        }
    }
}
