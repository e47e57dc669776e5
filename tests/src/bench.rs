//! How fast the engine is, as ratios to a bare queue loop measured in the same run: absolute times on a shared machine
//! mean little. The same function runs natively and in the browser; the caller lends the clock.

use ackscope_sim::bench;
use ackscope_sim::config::{BrokerConfig, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, NodeId, TopicId};
use ackscope_sim::run::{Run, count};
use ackscope_sim::script::{Action, Boot, Entry, Keys, Load, Pacing, Trigger};
use ackscope_sim::spec::{BrokerSpec, ControllerSpec, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::version::KafkaVersion;

/// One measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
}

/// How often each part is repeated; the median counts.
const ROUNDS: usize = 5;

/// A healthy cluster of three brokers, acks=all, 1 kB records, 100,000 of them a second.
pub fn healthy(records: u32) -> Spec {
    let gap = Duration::from_micros(10);
    let mut spec = cluster(6);
    spec.until = Time::ZERO + gap * u64::from(records) + Duration::from_millis(500);
    let load = Load {
        producer: ClientId(0),
        topic: TopicId(0),
        partition: None,
        count: records,
        pacing: Pacing::Every { gap },
        keys: Keys::Uniform { count: 64 },
        prefix: "r".into(),
        digits: 0,
        value_bytes: 1_000,
    };
    spec.script.push(Entry {
        when: Trigger::At(Time::from_millis(200)),
        action: Action::Load(load),
        lasts: None,
    });
    spec
}

/// Two minutes with 10,000 records, in which a leader dies and comes back.
pub fn failover() -> Spec {
    let mut spec = cluster(1);
    spec.until = Time::from_millis(120_000);
    let load = Load {
        producer: ClientId(0),
        topic: TopicId(0),
        partition: Some(0),
        count: 10_000,
        pacing: Pacing::Every { gap: Duration::from_millis(10) },
        keys: Keys::None,
        prefix: "r".into(),
        digits: 0,
        value_bytes: 1_000,
    };
    let node = NodeId::Broker(BrokerId(1));
    let entries = [
        (200, Action::Load(load)),
        (20_000, Action::Kill { node }),
        (60_000, Action::Start { node, boot: Boot::default() }),
    ];
    for (millis, action) in entries {
        spec.script.push(Entry { when: Trigger::At(Time::from_millis(millis)), action, lasts: None });
    }
    spec
}

fn cluster(partitions: u32) -> Spec {
    let version = KafkaVersion::default();
    let brokers = 3;
    Spec {
        version,
        seed: 1,
        until: Time::ZERO,
        brokers: (1..=brokers)
            .map(|id| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack: None })
            .collect(),
        controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
        broker_config: BrokerConfig::defaults(version),
        costs: Costs::default(),
        links: Links { default: Default::default(), between: Vec::new() },
        topics: vec![TopicSpec {
            name: "t".into(),
            partitions,
            config: TopicConfig { min_insync_replicas: Some(2), ..TopicConfig::default() },
        }],
        partitions: (0..partitions)
            .map(|number| PartitionSpec {
                topic: TopicId(0),
                number,
                replicas: (0..3).map(|place| BrokerId((number + place) % brokers + 1)).collect(),
            })
            .collect(),
        producers: vec![ProducerSpec {
            name: "p".into(),
            machine: MachineId(4),
            bootstrap: (1..=brokers).map(BrokerId).collect(),
            config: Ok(ProducerConfig::defaults(version)),
        }],
        consumers: Vec::new(),
        script: vec![Entry {
            when: Trigger::At(Time::ZERO),
            action: Action::StartProducer { producer: ClientId(0) },
            lasts: None,
        }],
        warm: true,
    }
}

/// Measures everything; `now` gives seconds.
pub fn measure(now: &dyn Fn() -> f64) -> Vec<Figure> {
    const RECORDS: u32 = 30_000;
    let timed = |work: &mut dyn FnMut() -> u64| {
        let start = now();
        let amount = work();
        (amount as f64, (now() - start).max(1e-9))
    };
    let sample = count(healthy(RECORDS));
    let pending = sample.mean_pending;
    let mut rates = [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        let bare = rate(timed(&mut || {
            std::hint::black_box(bench::bare_queue(pending, 2_000_000));
            2_000_000
        }));
        let kernel = rate(timed(&mut || {
            std::hint::black_box(bench::kernel(pending, 1_000_000));
            1_000_000
        }));
        let mut acked = 0;
        let (events, seconds) = timed(&mut || {
            let counted = count(healthy(RECORDS));
            acked = counted.acked;
            counted.events
        });
        let mut happenings = 0;
        let (traced_events, traced_seconds) = timed(&mut || {
            let run = Run::new(healthy(RECORDS));
            happenings = run.happenings.len();
            run.events
        });
        rates[0].push(bare);
        rates[1].push(kernel / bare);
        rates[2].push(events / seconds / bare);
        rates[3].push(traced_events / traced_seconds / bare);
        rates[4].push(acked as f64 / seconds / bare);
        rates[5].push(acked as f64 / seconds);
    }
    let [bare, kernel, counters, trace, records, records_rate] = rates.map(median);
    let (mut failovers, mut seeks) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = now();
        let run = Run::new(failover());
        failovers.push((now() - start) * 1e3);
        for place in 0..40_u64 {
            let start = now();
            std::hint::black_box(run.view_at(Time::from_millis(place * 2_971 % 120_000)));
            seeks.push((now() - start) * 1e3);
        }
    }
    let slowest_seek = seeks.iter().copied().fold(0.0, f64::max);
    let figure = |name, value, unit| Figure { name, value, unit };
    vec![
        figure("pending", pending as f64, "events"),
        figure("bare_queue", bare / 1e6, "M events/s"),
        figure("kernel_ratio", kernel, "of the bare queue"),
        figure("counters_ratio", counters, "of the bare queue"),
        figure("trace_ratio", trace, "of the bare queue"),
        figure("records_ratio", records, "of the bare queue"),
        figure("records", records_rate / 1e6, "M records/s"),
        figure("failover_two_minutes", median(failovers), "ms"),
        figure("seek_median", median(seeks), "ms"),
        figure("seek_slowest", slowest_seek, "ms"),
    ]
}

fn rate((amount, seconds): (f64, f64)) -> f64 {
    amount / seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
