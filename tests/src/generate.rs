//! Random scenarios: clusters of one to five brokers with random settings, loads and faults. A number gives one scenario,
//! the same natively and in the browser.

use ackscope_sim::ids::ClientId;
use ackscope_sim::rng::{Purpose, Rng};
use ackscope_sim::spec::Spec;
use ackscope_sim::version::KafkaVersion;

use crate::plan::{Client, Plan, Settings, Step};

/// The last fault begins before this; it lasts at most `LONGEST_FAULT_MS`.
const FAULTS_UNTIL_MS: u64 = 15_000;
const LONGEST_FAULT_MS: u64 = 12_000;
/// From then on nothing is done to the cluster, and it must come to rest: sessions, TCP's resends, socket timeouts of
/// 30 s and a delivery.timeout.ms fit in here.
const REST_MS: u64 = 63_000;

pub(crate) struct Dice {
    rng: Rng,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice { rng: Rng::new(seed, Purpose::Load(ClientId(0), 0)) }
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.rng.below(high - low + 1)
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.between(1, chances) == 1
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.between(0, among.len() as u64 - 1) as usize]
    }
}

/// Scenario number `number`.
pub fn scenario(number: u64) -> Spec {
    plan(number).spec()
}

/// The same, as a plan.
pub fn plan(number: u64) -> Plan {
    let mut dice = Dice::new(number);
    let brokers = dice.between(1, 5) as u32;
    let replication = dice.between(1, u64::from(brokers.min(3))) as u32;
    let version = if dice.one_in(3) { dice.pick(&KafkaVersion::ALL) } else { KafkaVersion::default() };
    let replicas: Vec<Vec<u32>> = (0..dice.between(1, 6))
        .map(|_| {
            let first = dice.between(0, u64::from(brokers) - 1) as u32;
            (0..replication).map(|place| (first + place) % brokers + 1).collect()
        })
        .collect();
    let mut clients: Vec<Client> = (0..dice.between(1, 3))
        .map(|place| Client {
            kind: "producer",
            name: format!("p{place}"),
            settings: producer_settings(&mut dice, version),
        })
        .collect();
    let producers = clients.len() as u64;
    for place in 0..dice.between(0, 2) {
        let mut settings = vec![("auto.offset.reset", quoted(dice.pick(&["earliest", "latest"])))];
        if dice.one_in(4) {
            settings.push(("fetch.max.wait.ms", dice.between(10, 2_000).to_string()));
        }
        clients.push(Client { kind: "consumer", name: format!("c{place}"), settings });
    }
    let mut steps = Vec::new();
    for (place, client) in clients.iter().enumerate() {
        let node = client.node();
        let start = if dice.one_in(2) { 0 } else { dice.between(1, 500) };
        if start > 0 {
            steps.push(step(start, format!("start = \"{node}\"")));
        }
        if client.kind == "producer" {
            for number in 0..dice.between(1, 2) {
                let at_ms = start + dice.between(1, 8_000);
                let what = load(&mut dice, &node, place, number, replicas.len() as u64);
                steps.push(Step { records: Some(dice.between(5, 120) as u32), ..step(at_ms, what) });
            }
        }
    }
    // A few long faults, or many short ones while records flow.
    let (faults, until_ms, longest_ms) =
        if dice.one_in(2) { (6, FAULTS_UNTIL_MS, LONGEST_FAULT_MS) } else { (14, 9_000, 2_500) };
    for _ in 0..dice.between(0, faults) {
        let at_ms = dice.between(500, until_ms);
        let lasts_ms = dice.between(20, longest_ms);
        let (what, lasting) =
            fault(&mut dice, brokers, replicas.len() as u64, producers, clients.len() as u64);
        steps.push(Step { lasts_ms: lasting.then_some(lasts_ms), ..step(at_ms, what) });
    }
    if dice.one_in(8) {
        // A disk that comes back with less than it had.
        let broker = dice.between(1, brokers.into());
        let (at_ms, lasts_ms) = (dice.between(500, 8_000), dice.between(1_000, LONGEST_FAULT_MS));
        let (partition, keep) = (dice.between(0, replicas.len() as u64 - 1), dice.between(0, 30));
        let loss = if dice.one_in(2) {
            format!("wipe = \"broker-{broker}\"")
        } else {
            format!("lose_unflushed = \"broker-{broker}\", partition = \"t-{partition}\", keep = {keep}")
        };
        let crash = step(at_ms, format!("kill = \"broker-{broker}\""));
        steps.push(Step { lasts_ms: Some(lasts_ms), ..crash });
        steps.push(step(at_ms + lasts_ms / 2, loss));
    }
    let mut broker_settings: Settings = Vec::new();
    if dice.one_in(2) {
        if version.uses_zookeeper() {
            broker_settings.push(("zookeeper.session.timeout.ms", "6000".to_owned()));
        } else {
            broker_settings.push(("broker.session.timeout.ms", "4000".to_owned()));
            broker_settings.push(("broker.heartbeat.interval.ms", "500".to_owned()));
        }
        broker_settings.push(("replica.lag.time.max.ms", dice.pick(&["1500", "3000", "6000"]).to_owned()));
    }
    if version >= KafkaVersion::V4_0 && dice.one_in(4) {
        broker_settings.push(("eligible.leader.replicas.version", dice.between(0, 1).to_string()));
    }
    if dice.one_in(6) {
        broker_settings.push(("log.flush.interval.messages", dice.between(1, 20).to_string()));
    }
    if dice.one_in(6) {
        broker_settings.push(("replica.fetch.max.bytes", dice.between(500, 5_000).to_string()));
    }
    if dice.one_in(6) {
        broker_settings.push(("num.io.threads", dice.between(1, 3).to_string()));
    }
    let mut topic_settings: Settings =
        vec![("min.insync.replicas", dice.between(1, u64::from(replication)).to_string())];
    if dice.one_in(2) {
        topic_settings.push(("unclean.leader.election.enable", dice.one_in(3).to_string()));
    }
    Plan {
        seed: number,
        version,
        until_ms: FAULTS_UNTIL_MS + LONGEST_FAULT_MS + REST_MS,
        brokers,
        controllers: dice.pick(&[1, 3]),
        latency_us: dice.between(50, 5_000),
        jitter_us: dice.between(0, 1_000),
        broker_settings,
        topic_settings,
        replicas,
        clients,
        steps,
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn step(at_ms: u64, what: String) -> Step {
    Step { at_ms, lasts_ms: None, records: None, what }
}

fn producer_settings(dice: &mut Dice, version: KafkaVersion) -> Settings {
    let acks = dice.pick(&["0", "1", "1", "all", "all", "all", "all"]);
    let has_idempotence = version >= KafkaVersion::V0_11;
    let idempotent = acks == "all" && has_idempotence && !dice.one_in(4);
    let mut settings: Settings = vec![("acks", quoted(acks))];
    if has_idempotence {
        settings.push(("enable.idempotence", idempotent.to_string()));
    }
    if !idempotent && dice.one_in(4) {
        settings.push(("retries", dice.between(0, 3).to_string()));
    }
    let request_timeout = dice.between(1_000, 3_000);
    let linger = dice.pick(&[0, 0, 5, 20]);
    let in_flight = dice.between(1, 5);
    settings.extend([
        // Until 1.0 an idempotent producer had one in flight.
        (
            "max.in.flight.requests.per.connection",
            if idempotent && version == KafkaVersion::V0_11 { 1 } else { in_flight }.to_string(),
        ),
        ("linger.ms", linger.to_string()),
        ("batch.size", dice.pick(&[200, 1_000, 16_384]).to_string()),
        ("request.timeout.ms", request_timeout.to_string()),
        ("max.block.ms", dice.between(1_000, 10_000).to_string()),
    ]);
    let delivery_timeout = dice.between(4_000, 20_000);
    if version.has_delivery_timeout() {
        settings.push(("delivery.timeout.ms", delivery_timeout.to_string()));
    }
    if dice.one_in(6) {
        settings.push(("buffer.memory", dice.between(20_000, 60_000).to_string()));
    }
    settings
}

fn load(dice: &mut Dice, node: &str, place: usize, number: u64, partitions: u64) -> String {
    let slowest = dice.pick(&[50_000, 50_000, 200_000]);
    let gap = dice.between(500, slowest);
    let pacing = match dice.between(0, 2) {
        0 => String::new(),
        1 => "poisson = true, ".to_owned(),
        _ => format!("outstanding = {}, ", dice.between(1, 8)),
    };
    let keys = match dice.between(0, 2) {
        0 => "",
        1 => "keys = 12, ",
        _ => "keys = { count = 12, hot_permille = 700 }, ",
    };
    let to = if dice.one_in(3) {
        format!("to_partition = {}, ", dice.between(0, partitions - 1))
    } else {
        String::new()
    };
    let size = dice.between(10, 600);
    format!(
        "producer = \"{node}\", every = \"{gap} us\", {pacing}{keys}{to}size = \"{size} B\", prefix = \"p{place}l{number}r\""
    )
}

/// One fault, and whether it lasts and is healed.
fn fault(dice: &mut Dice, brokers: u32, partitions: u64, producers: u64, clients: u64) -> (String, bool) {
    let broker = dice.between(1, brokers.into());
    let other = dice.between(1, brokers.into());
    let node = format!("broker-{broker}");
    let client = match dice.between(0, clients - 1) {
        place if place < producers => format!("producer-p{place}"),
        place => format!("consumer-c{}", place - producers),
    };
    let producer = format!("producer-p{}", dice.between(0, producers - 1));
    // Somebody who talks to the broker.
    let peer = match dice.between(0, 3) {
        0 => "controller".to_owned(),
        1 if other != broker => format!("broker-{other}"),
        _ => client.clone(),
    };
    match dice.between(0, 22) {
        0..=2 => (format!("kill = \"{node}\""), true),
        3 => (format!("stop = \"{node}\""), true),
        4 | 5 => (format!("pause = \"{node}\""), true),
        6 => (format!("power_loss = \"{node}\""), true),
        7 => (format!("cut = \"{node}\""), true),
        8 => (format!("cut = \"{node} <-> {peer}\""), true),
        9 => (format!("cut = \"{node} -> {peer}\""), true),
        10 => (format!("slow_disk = \"{node}\", by = \"{} ms\"", dice.between(1, 50)), true),
        11 => (format!("stall_disk = \"{node}\""), true),
        12 => (format!("{} = \"controller\"", dice.pick(&["kill", "pause", "stop"])), true),
        13 | 14 => {
            let (verb, by) = dice.pick(&[
                ("drop_next", ""),
                ("duplicate_next", ""),
                ("delay_next", ", by = \"300 ms\""),
                ("refuse_next", ", with = \"NOT_ENOUGH_REPLICAS\""),
            ]);
            let response = verb != "refuse_next" && dice.one_in(2);
            let (kind, on) = if response {
                ("produce response", format!("{node} -> {producer}"))
            } else {
                ("produce request", format!("{producer} -> {node}"))
            };
            let count = dice.between(1, 3);
            (format!("{verb} = \"{kind}\", on = \"{on}\", count = {count}{by}"), false)
        }
        15 => {
            let kind = dice.pick(&["request", "response"]);
            let fetcher = if other == broker { client } else { format!("broker-{other}") };
            let on = if kind == "request" {
                format!("{fetcher} -> {node}")
            } else {
                format!("{node} -> {fetcher}")
            };
            (format!("hold_next = \"fetch {kind}\", on = \"{on}\""), true)
        }
        16 => (format!("close = \"{node} <-> {peer}\""), false),
        17 => (format!("slow = \"{node}\", by = \"{} ms\"", dice.between(1, 50)), true),
        18 => (format!("slow = \"{node} <-> {peer}\", by = \"{} ms\"", dice.between(1, 200)), true),
        19 => {
            let partition = dice.between(0, partitions - 1);
            let unclean = dice.one_in(2);
            (format!("elect = \"t-{partition}\", unclean = {unclean}"), false)
        }
        20 => (format!("alter_topic = \"t\", config.min.insync.replicas = {}", dice.between(1, 2)), false),
        21 => (format!("pause = \"{client}\""), true),
        _ => (format!("fail_disk = \"{node}\""), true),
    }
}
