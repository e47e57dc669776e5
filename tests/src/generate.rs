//! Random scenarios: clusters of one to five brokers with random settings, loads and faults. A number gives one scenario,
//! the same natively and in the browser.

use std::sync::Arc;

use ackscope_sim::config::{BrokerConfig, ConsumerConfig, Costs, OffsetReset, ProducerConfig, TopicConfig};
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, NodeId, Partition, TopicId};
use ackscope_sim::message::{Acks, Api};
use ackscope_sim::rng::{Rngs, Stream};
use ackscope_sim::script::{Action, Entry, Keys, Load, Meddling, Pacing, Trigger};
use ackscope_sim::spec::{
    BrokerSpec, ConsumerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec,
};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::version::KafkaVersion;

struct Dice {
    rngs: Rngs,
}

impl Dice {
    /// From `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.rngs.below(Stream::Load, high - low + 1)
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.between(1, chances) == 1
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.between(0, among.len() as u64 - 1) as usize]
    }

    fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }
}

/// Scenario number `number`.
pub fn scenario(number: u64) -> Spec {
    let mut dice = Dice { rngs: Rngs::new(number) };
    let brokers = dice.between(1, 5) as u32;
    let replication = dice.between(1, u64::from(brokers.min(3))) as usize;
    let version = if dice.one_in(4) { dice.pick(&KafkaVersion::ALL) } else { KafkaVersion::default() };
    let partitions: Vec<PartitionSpec> = (0..dice.between(1, 6) as u32)
        .map(|number| {
            let first = dice.between(0, u64::from(brokers) - 1) as u32;
            let replicas =
                (0..replication as u32).map(|place| BrokerId((first + place) % brokers + 1)).collect();
            PartitionSpec { topic: TopicId(0), number, replicas }
        })
        .collect();
    let producers: Vec<ProducerSpec> =
        (0..dice.between(1, 3) as u32).map(|place| producer(&mut dice, version, brokers, place)).collect();
    let consumers: Vec<ConsumerSpec> = (0..dice.between(0, 2) as u32)
        .map(|place| ConsumerSpec {
            name: format!("c{place}").into(),
            machine: MachineId((brokers + 4 + place) as u8),
            bootstrap: (1..=brokers).map(BrokerId).collect(),
            config: ConsumerConfig {
                auto_offset_reset: dice.pick(&[OffsetReset::Earliest, OffsetReset::Latest]),
                ..ConsumerConfig::default()
            },
            partitions: (0..partitions.len() as u16).map(Partition).collect(),
        })
        .collect();
    let mut script: Vec<Entry> = Vec::new();
    let at = |millis| Trigger::At(Time::from_millis(millis));
    for client in 0..consumers.len() as u16 {
        let action = Action::StartConsumer { consumer: ClientId(client) };
        script.push(Entry { when: at(dice.between(0, 500)), action, lasts: None });
    }
    for client in 0..producers.len() as u16 {
        let producer = ClientId(client);
        let start = dice.between(0, 300);
        script.push(Entry { when: at(start), action: Action::StartProducer { producer }, lasts: None });
        for number in 0..dice.between(1, 2) {
            let load = load(&mut dice, producer, number);
            let begin = start + dice.between(1, 6_000);
            script.push(Entry { when: at(begin), action: Action::Load(load), lasts: None });
        }
    }
    for _ in 0..dice.between(0, 6) {
        let when = at(dice.between(500, 15_000));
        let (action, lasts) = fault(&mut dice, brokers, producers.len() as u16);
        script.push(Entry { when, action, lasts });
    }
    let mut broker_config = BrokerConfig::defaults(version);
    if dice.one_in(2) {
        broker_config.broker_session_timeout = Duration::from_millis(4_000);
        broker_config.broker_heartbeat_interval = Duration::from_millis(500);
        broker_config.replica_lag_time_max = Duration::from_millis(3_000);
    }
    if dice.one_in(5) {
        broker_config.eligible_leader_replicas = false;
    }
    let min_insync_replicas = dice.between(1, replication as u64) as u32;
    Spec {
        version,
        seed: number,
        until: Time::from_millis(40_000),
        brokers: (1..=brokers)
            .map(|id| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack: None })
            .collect(),
        controller: ControllerSpec { machine: MachineId(0), quorum: dice.pick(&[1, 3]) },
        broker_config,
        costs: Costs::default(),
        links: Links {
            default: Link {
                latency: Duration::from_micros(dice.between(50, 5_000)),
                jitter: Duration::from_micros(dice.between(0, 1_000)),
                bytes_per_second: Some(125_000_000),
            },
            between: Vec::new(),
        },
        topics: vec![TopicSpec {
            name: "t".into(),
            partitions: partitions.len() as u32,
            config: TopicConfig {
                min_insync_replicas: Some(min_insync_replicas),
                unclean_leader_election_enable: Some(dice.one_in(4)),
                ..TopicConfig::default()
            },
        }],
        partitions,
        producers,
        consumers,
        script,
        warm: true,
    }
}

fn producer(dice: &mut Dice, version: KafkaVersion, brokers: u32, place: u32) -> ProducerSpec {
    let acks = dice.pick(&[Acks::None, Acks::Leader, Acks::All, Acks::All, Acks::All]);
    let defaults = ProducerConfig::defaults(version);
    let enable_idempotence =
        acks == Acks::All && version >= KafkaVersion::V0_11 && defaults.retries > 0 && !dice.one_in(4);
    let config = ProducerConfig {
        acks,
        enable_idempotence,
        retries: if !enable_idempotence && dice.one_in(4) {
            dice.between(0, 3) as u32
        } else {
            defaults.retries
        },
        max_in_flight_requests_per_connection: dice.between(1, 5) as u32,
        linger: Duration::from_millis(dice.pick(&[0, 0, 5, 20])),
        batch_size: dice.pick(&[200, 1_000, 16_384]),
        request_timeout: dice.millis(1_000, 3_000),
        delivery_timeout: dice.millis(4_000, 20_000),
        max_block: dice.millis(1_000, 10_000),
        ..defaults
    };
    ProducerSpec {
        name: format!("p{place}").into(),
        machine: MachineId((brokers + 1 + place) as u8),
        bootstrap: (1..=brokers).map(BrokerId).collect(),
        config: Ok(config),
    }
}

fn load(dice: &mut Dice, producer: ClientId, number: u64) -> Load {
    let gap = Duration::from_micros(dice.between(500, 50_000));
    Load {
        producer,
        topic: TopicId(0),
        partition: if dice.one_in(3) { Some(0) } else { None },
        count: dice.between(5, 120) as u32,
        pacing: match dice.between(0, 2) {
            0 => Pacing::Every { gap },
            1 => Pacing::Poisson { gap },
            _ => Pacing::Outstanding { limit: dice.between(1, 8) as u32, gap },
        },
        keys: match dice.between(0, 2) {
            0 => Keys::None,
            1 => Keys::Uniform { count: 12 },
            _ => Keys::Hot { count: 12, hot_permille: 700 },
        },
        prefix: Arc::from(format!("p{producer}l{number}r")),
        digits: 0,
        value_bytes: dice.between(10, 600) as u32,
    }
}

/// One fault, and how long it lasts.
fn fault(dice: &mut Dice, brokers: u32, producers: u16) -> (Action, Option<Duration>) {
    let broker = BrokerId(dice.between(1, u64::from(brokers)) as u32);
    let node = NodeId::Broker(broker);
    let client = NodeId::Producer(ClientId(dice.between(0, u64::from(producers) - 1) as u16));
    let machine = MachineId(broker.0 as u8);
    let other = MachineId(dice.between(0, u64::from(brokers)) as u8);
    let lasts = Some(dice.millis(20, 12_000));
    match dice.between(0, 13) {
        0 | 1 => (Action::Kill { node }, lasts),
        2 => (Action::Stop { node }, lasts),
        3 | 4 => (Action::Pause { node }, lasts),
        5 => (Action::PowerLoss { node }, lasts),
        6 => (Action::Cut { a: machine, b: None, one_way: false }, lasts),
        7 if other != machine => (Action::Cut { a: machine, b: Some(other), one_way: dice.one_in(2) }, lasts),
        8 => (Action::SlowDisk { broker, by: dice.millis(1, 50) }, lasts),
        9 => (Action::StallDisk { broker }, lasts),
        10 => (Action::Kill { node: NodeId::Controller }, lasts),
        11 => {
            let what = dice.pick(&[
                Meddling::Drop,
                Meddling::Duplicate,
                Meddling::Delay(Duration::from_millis(300)),
            ]);
            let count = dice.between(1, 3) as u32;
            (Action::Meddle { from: node, to: client, api: Api::Produce, response: true, count, what }, None)
        }
        12 => (Action::CloseConnections { a: node, b: client }, None),
        _ => (Action::SlowLink { a: machine, b: None, by: dice.millis(1, 200) }, lasts),
    }
}
