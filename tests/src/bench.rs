//! How fast the engine is, as ratios to a bare queue loop measured in the same run: absolute times on a shared machine
//! mean little. The same function runs natively and in the browser; the caller lends the clock.

use ackscope_sim::bench;
use ackscope_sim::config::{BrokerConfig, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, NodeId, TopicId};
use ackscope_sim::run::budget::Budget;
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

/// How often each part is repeated; the median counts. Short parts, often: a shared machine disturbs few of them.
const ROUNDS: usize = 15;

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

/// Measures everything; `now` gives seconds. Each round takes the bare queue's time anew, so that what slows the machine
/// slows both sides of a ratio.
pub fn measure(now: &dyn Fn() -> f64) -> Vec<Figure> {
    const RECORDS: u32 = 30_000;
    let pending = count(healthy(RECORDS)).mean_pending;
    let mut rounds = [const { Vec::new() }; 7];
    for _ in 0..ROUNDS {
        let (_, bare) = timed(now, || std::hint::black_box(bench::bare_queue(pending, 500_000)));
        let (_, kernel) = timed(now, || std::hint::black_box(bench::kernel(pending, 500_000)));
        let (counted, counters) = timed(now, || count(healthy(RECORDS)));
        // Its end is not part of a run: whoever looks at it still holds it.
        let (run, trace) = timed(now, || Run::within(healthy(RECORDS), Budget::UNLIMITED));
        let bare = 500_000.0 / bare;
        let figures = [
            bare,
            500_000.0 / kernel / bare,
            counted.events as f64 / counters / bare,
            run.events as f64 / trace / bare,
            counted.acked as f64 / counters / bare,
            counted.events as f64 / counters,
            counted.acked as f64 / counters,
        ];
        rounds.iter_mut().zip(figures).for_each(|(values, figure)| values.push(figure));
    }
    let [bare, kernel, counters, trace, records, events_rate, records_rate] = rounds.map(median);
    let (failover, seeks) = measure_failover(now);
    let slowest_seek = seeks.iter().copied().fold(0.0, f64::max);
    let figure = |name, value, unit| Figure { name, value, unit };
    vec![
        figure("pending", pending as f64, "events"),
        figure("bare_queue", bare / 1e6, "M events/s"),
        figure("kernel_ratio", kernel, "of the bare queue"),
        figure("counters_ratio", counters, "of the bare queue"),
        figure("trace_ratio", trace, "of the bare queue"),
        figure("records_ratio", records, "of the bare queue"),
        figure("events", events_rate / 1e6, "M events/s"),
        figure("records", records_rate / 1e6, "M records/s"),
        figure("failover_two_minutes", failover, "ms"),
        figure("seek_median", median(seeks), "ms"),
        figure("seek_slowest", slowest_seek, "ms"),
    ]
}

/// How long the failover run takes, and a seek to each of forty moments of it, in milliseconds.
fn measure_failover(now: &dyn Fn() -> f64) -> (f64, Vec<f64>) {
    const REPEATS: usize = 5;
    let mut runs = Vec::new();
    let mut seeks = vec![Vec::new(); 40];
    for _ in 0..REPEATS {
        let (run, seconds) = timed(now, || Run::new(failover()));
        runs.push(seconds * 1e3);
        for (place, seeks) in (0..).zip(&mut seeks) {
            let moment = Time::from_millis(place * 2_971 % 120_000);
            let (_, seconds) = timed(now, || std::hint::black_box(run.view_at(moment)));
            seeks.push(seconds * 1e3);
        }
    }
    (median(runs), seeks.into_iter().map(median).collect())
}

/// What the work gives, and how many seconds it took.
fn timed<T>(now: &dyn Fn() -> f64, work: impl FnOnce() -> T) -> (T, f64) {
    let start = now();
    let result = work();
    (result, (now() - start).max(1e-9))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
