//! Documents as a stranger would try them: any settings at their limits, at zero and beside them, spans from nothing to
//! for ever, loads of any size, faults of every kind. The same bytes give the same document.

use std::fmt::Write;

use ackscope_scenario::{KINDS, VERBS};
use ackscope_sim::config::{
    BROKER_SETTINGS, CONSUMER_SETTINGS, Kind, PRODUCER_SETTINGS, Setting, TOPIC_SETTINGS, Valid,
};
use ackscope_sim::error::ErrorCode;
use ackscope_sim::version::KafkaVersion;

use super::draws::Draws;

/// What may stand at a place, and what may not.
struct Choice {
    possible: &'static [&'static str],
    impossible: &'static [&'static str],
}

const SPANS: Choice = Choice {
    possible: &[
        "1 s", "0 s", "1 ns", "1 us", "1 ms", "20 ms", "500 ms", "1.5 s", "10 s", "30 s", "1 min", "1 h",
        "24 h",
    ],
    impossible: &["25 h", "18446744073 s", "18446744073709551615 ns", "0.0000000001 s", "-1 s", "s"],
};
const SIZES: Choice = Choice {
    possible: &["100", "0", "1", "\"1 B\"", "\"16 KiB\"", "\"1 MiB\"", "\"1 GiB\""],
    impossible: &["\"4 GiB\"", "\"16000000000 GiB\"", "-1", "1.5"],
};
const BANDWIDTHS: Choice = Choice {
    possible: &["125 MB/s", "1 B/s", "1 kB/s", "unlimited", "1000 GB/s"],
    impossible: &["0 B/s", "18446744073 GB/s", "1 MB"],
};
const COUNTS: Choice = Choice {
    possible: &["5", "1", "2", "20", "1000", "10000", "60000"],
    impossible: &["0", "200000", "200001", "-1", "9223372036854775807", "\"5\""],
};
const FEW: Choice = Choice { possible: &["1", "2", "3"], impossible: &["0", "7", "9", "10", "64", "65"] };
const BROKERS: Choice = Choice { possible: &["3", "1", "2", "9", "5"], impossible: &["0", "10"] };
const RECORDS: Choice =
    Choice { possible: &["v0..v4", "v0", "w1, w2", "v0..v999"], impossible: &["v0..v1000", "", "v5..v2"] };
/// What can be undone after a while.
const LASTING: &[&str] = &[
    "kill",
    "stop",
    "pause",
    "power_loss",
    "fail_disk",
    "slow_disk",
    "stall_disk",
    "cut",
    "slow",
    "hold_next",
];
const MESSAGES: &[&str] =
    &["produce", "fetch", "metadata", "heartbeat", "alter-partition", "registration", "init-producer-id"];
/// So many entries of a kind at most; what is repeated in earnest is repeated by loads and lists.
const ENTRIES: usize = 8;

impl Draws<'_> {
    /// Most documents must be possible as a whole.
    fn choose(&mut self, choice: &Choice) -> &'static str {
        let among = if self.one_in(64) { choice.impossible } else { choice.possible };
        among[self.below(among.len())]
    }
}

/// What is there to be named.
struct Cast {
    version: KafkaVersion,
    brokers: usize,
    topics: usize,
    producers: usize,
    consumers: usize,
}

/// The document.
pub fn document(bytes: &[u8]) -> String {
    let mut draws = Draws::new(bytes);
    let draws = &mut draws;
    let version = KafkaVersion::ALL[KafkaVersion::ALL.len() - 1 - draws.below(KafkaVersion::ALL.len())];
    let brokers = draws.choose(&BROKERS);
    let cast = Cast {
        version,
        brokers: brokers.parse().expect("a number"),
        topics: 1 + draws.below(2),
        producers: 1 + draws.below(3),
        consumers: draws.below(3),
    };
    let mut text = format!(
        "ackscope = 1\nid = \"s\"\ntitle = \"s\"\nkafka = \"{}\"\nseed = {}\nuntil = \"{}\"\n[cluster]\nbrokers = {brokers}\n",
        version.name(),
        draws.choose(&COUNTS),
        until(draws),
    );
    if draws.one_in(4) {
        _ = write!(text, "controllers = {}\nwarm = {}\n", draws.choose(&FEW), draws.one_in(2));
    }
    if draws.one_in(8) {
        let cost =
            draws.pick(&["request", "append", "flush", "broker_boot", "metadata_commit", "send", "wake_up"]);
        _ = writeln!(text, "costs.{cost} = \"{}\"", draws.choose(&SPANS));
    }
    settings(&mut text, draws, BROKER_SETTINGS, version);
    if draws.one_in(2) {
        let (latency, jitter) = (draws.choose(&SPANS), draws.choose(&SPANS));
        _ = write!(text, "[network]\nlatency = \"{latency}\"\njitter = \"{jitter}\"\n");
        if draws.one_in(4) {
            _ = writeln!(text, "bandwidth = \"{}\"", draws.choose(&BANDWIDTHS));
        }
    }
    for topic in 0..cast.topics {
        _ = writeln!(text, "[topic.t{topic}]");
        if draws.one_in(2) {
            _ = write!(
                text,
                "partitions = {}\nreplication_factor = {}\n",
                draws.choose(&FEW),
                draws.choose(&FEW)
            );
        }
        settings(&mut text, draws, TOPIC_SETTINGS, version);
    }
    for producer in 0..cast.producers {
        _ = writeln!(text, "[producer.p{producer}]");
        settings(&mut text, draws, PRODUCER_SETTINGS, version);
    }
    for consumer in 0..cast.consumers {
        _ = writeln!(text, "[consumer.c{consumer}]");
        settings(&mut text, draws, CONSUMER_SETTINGS, version);
    }
    text += "[do]\n";
    for entry in 0..draws.below(ENTRIES + 1) {
        step(&mut text, draws, &cast, entry);
    }
    text += "[expect]\n";
    for entry in 0..draws.below(3) {
        expectation(&mut text, draws, &cast, entry);
    }
    if draws.one_in(8) {
        _ = write!(text, "[variant.a]\n[variant.b]\nuntil = \"{}\"\n", until(draws));
    }
    text
}

/// When the run ends: not at once.
fn until(draws: &mut Draws<'_>) -> &'static str {
    match draws.choose(&SPANS) {
        "0 s" if !draws.one_in(64) => "5 s",
        until => until,
    }
}

fn settings(text: &mut String, draws: &mut Draws<'_>, table: &[Setting], version: KafkaVersion) {
    let here: Vec<&Setting> =
        table.iter().filter(|setting| setting.exists_in(version) && !setting.effect.is_empty()).collect();
    let mut said: Vec<&str> = Vec::new();
    for _ in 0..draws.below(4) {
        let setting = here[draws.below(here.len())];
        if said.contains(&setting.key) {
            continue;
        }
        said.push(setting.key);
        _ = writeln!(text, "config.{} = \"{}\"", setting.key, value(draws, setting, version));
    }
}

/// A value at a limit, or beside one, or none at all.
pub fn value(draws: &mut Draws<'_>, setting: &Setting, version: KafkaVersion) -> String {
    let widest = if setting.kind == Kind::Int { i32::MAX.into() } else { i64::MAX };
    let (least, greatest) = match setting.valid {
        Valid::AtLeast(least) => (least, widest),
        Valid::Between(least, greatest) | Valid::BetweenOrMinusOne(least, greatest) => (least, greatest),
        _ => (-widest - 1, widest),
    };
    let choices = setting.choices();
    if draws.one_in(48) {
        let beside = [least.saturating_sub(1), greatest.saturating_add(1)].map(|number| number.to_string());
        return draws
            .pick(&[beside[0].as_str(), &beside[1], "", "many", "9223372036854775808", "1.5"])
            .to_owned();
    }
    if !choices.is_empty() {
        return draws.pick(choices).to_owned();
    }
    match draws.below(10) {
        0 => setting.default(version).unwrap_or("1").to_owned(),
        1..4 => 0.clamp(least, greatest).to_string(),
        4 | 5 => 1.clamp(least, greatest).to_string(),
        6 => least.to_string(),
        7 => greatest.to_string(),
        8 => (draws.below(65_536) as i64).clamp(least, greatest).to_string(),
        _ => (-1).clamp(least, greatest).to_string(),
    }
}

impl Cast {
    fn some_brokers(&self, draws: &mut Draws<'_>) -> usize {
        if draws.one_in(64) { self.brokers + 1 } else { 1 + draws.below(self.brokers.max(1)) }
    }

    fn broker(&self, draws: &mut Draws<'_>) -> String {
        format!("broker-{}", self.some_brokers(draws))
    }

    fn node(&self, draws: &mut Draws<'_>) -> String {
        match draws.below(8) {
            0..4 => self.broker(draws),
            4 => "controller".to_owned(),
            5 | 6 => format!("producer-p{}", draws.below(self.producers)),
            _ if self.consumers == 0 => "producer-p0".to_owned(),
            _ => format!("consumer-c{}", draws.below(self.consumers)),
        }
    }

    fn link(&self, draws: &mut Draws<'_>) -> String {
        let arrow = draws.pick(&["<->", "->"]);
        format!("{} {arrow} {}", self.node(draws), self.node(draws))
    }

    fn partition(&self, draws: &mut Draws<'_>) -> String {
        format!("t{}-{}", draws.below(self.topics), if draws.one_in(16) { 1 + draws.below(63) } else { 0 })
    }
}

fn step(text: &mut String, draws: &mut Draws<'_>, cast: &Cast, entry: usize) {
    _ = write!(text, "e{entry} = {{ ");
    match draws.below(8) {
        0 if entry > 0 => {
            _ = write!(text, "after = \"e{}\", delay = \"{}\"", draws.below(entry), draws.choose(&SPANS));
        }
        1 => {
            let condition = condition(draws, cast);
            _ = write!(text, "when = {{ {condition} }}, delay = \"{}\"", draws.choose(&SPANS));
            if draws.one_in(2) {
                _ = write!(text, ", or_after = \"{}\"", draws.choose(&SPANS));
            }
        }
        _ => _ = write!(text, "at = \"{}\"", draws.choose(&SPANS)),
    }
    // Records are what a run is about.
    let (verb, _) =
        if draws.one_in(3) { VERBS[draws.below(VERBS.len())] } else { (draws.pick(&["load", "send"]), "") };
    _ = match verb {
        "send" => {
            write!(text, ", send = \"{}\", every = \"{}\"", draws.choose(&RECORDS), draws.choose(&SPANS))
                .and_then(|()| route(text, draws, cast))
        }
        "load" => {
            let pace = match draws.below(4) {
                0 => format!("every = \"{}\"", draws.choose(&SPANS)),
                1 => format!("outstanding = {}", draws.choose(&COUNTS)),
                2 => format!("every = \"{}\", poisson = true", draws.choose(&SPANS)),
                _ => format!("rate = \"{}/s\"", draws.choose(&COUNTS)),
            };
            let keys = draws.pick(&[
                "",
                ", keys = 1",
                ", keys = 10000",
                ", keys = { count = 3, hot_permille = 1000 }",
                ", keys = { count = 0 }",
            ]);
            write!(text, ", load = {}, {pace}{keys}", draws.choose(&COUNTS))
                .and_then(|()| route(text, draws, cast))
        }
        "drop_next" | "duplicate_next" | "delay_next" | "hold_next" | "refuse_next" => {
            let kind = draws.pick(&["request", "response"]);
            let more = match verb {
                "delay_next" => format!(", by = \"{}\"", draws.choose(&SPANS)),
                "refuse_next" => {
                    let error = ErrorCode::ALL[draws.below(ErrorCode::ALL.len())];
                    format!(", with = \"{}\"", error.name())
                }
                _ => String::new(),
            };
            write!(
                text,
                ", {verb} = \"{} {kind}\", on = \"{} -> {}\", count = {}{more}",
                draws.pick(MESSAGES),
                cast.node(draws),
                cast.node(draws),
                draws.choose(&COUNTS)
            )
        }
        "cut" | "heal" | "close" => write!(text, ", {verb} = \"{}\"", cast.link(draws)),
        "slow" => {
            let what = if draws.one_in(2) { cast.broker(draws) } else { cast.link(draws) };
            write!(text, ", slow = \"{what}\", by = \"{}\"", draws.choose(&SPANS))
        }
        "slow_disk" => {
            write!(text, ", slow_disk = \"{}\", by = \"{}\"", cast.broker(draws), draws.choose(&SPANS))
        }
        "lose_unflushed" => write!(
            text,
            ", lose_unflushed = \"{}\", partition = \"{}\", keep = {}",
            cast.broker(draws),
            cast.partition(draws),
            draws.choose(&COUNTS)
        ),
        "create_topic" => write!(text, ", create_topic = \"t{}\"", draws.below(cast.topics)),
        "alter_topic" => {
            let setting = &TOPIC_SETTINGS[draws.below(TOPIC_SETTINGS.len())];
            let value = value(draws, setting, cast.version);
            let topic = draws.below(cast.topics);
            write!(text, ", alter_topic = \"t{topic}\", config.{} = \"{value}\"", setting.key)
        }
        "elect" => write!(text, ", elect = \"{}\", unclean = {}", cast.partition(draws), draws.one_in(2)),
        "flush" => write!(text, ", flush = \"producer-p{}\"", draws.below(cast.producers)),
        "seek" => write!(
            text,
            ", seek = \"consumer-c{}\", partition = \"{}\", offset = {}",
            draws.below(cast.consumers.max(1)),
            cast.partition(draws),
            draws.choose(&COUNTS)
        ),
        "start" | "kill" | "stop" | "pause" | "resume" => write!(text, ", {verb} = \"{}\"", cast.node(draws)),
        _ => write!(text, ", {verb} = \"{}\"", cast.broker(draws)),
    };
    if draws.one_in(3) && LASTING.contains(&verb) {
        _ = write!(text, ", for = \"{}\"", draws.choose(&SPANS));
    }
    *text += " }\n";
}

fn route(text: &mut String, draws: &mut Draws<'_>, cast: &Cast) -> std::fmt::Result {
    write!(text, ", producer = \"producer-p{}\"", draws.below(cast.producers))?;
    write!(text, ", topic = \"t{}\"", draws.below(cast.topics))?;
    match draws.below(4) {
        0 => write!(text, ", size = {}", draws.choose(&SIZES)),
        1 => write!(text, ", to_partition = {}", draws.choose(&FEW)),
        _ => Ok(()),
    }
}

fn condition(draws: &mut Draws<'_>, cast: &Cast) -> String {
    let partition = cast.partition(draws);
    match draws.below(if cast.consumers == 0 { 7 } else { 8 }) {
        0 => format!("acks = {}", draws.choose(&COUNTS)),
        1 => format!("answers = {}, of = \"v\"", draws.choose(&COUNTS)),
        2 => format!("appended = {}, partition = \"{partition}\"", draws.choose(&COUNTS)),
        3 => format!("isr_at_most = {}, partition = \"{partition}\"", draws.choose(&FEW)),
        4 => format!("leader = {}, partition = \"{partition}\"", draws.pick(&["\"none\"", "1", "2"])),
        5 => format!("running = \"{}\"", cast.broker(draws)),
        6 => format!("stopped = \"{}\"", cast.broker(draws)),
        _ => format!("delivered = {}", draws.choose(&COUNTS)),
    }
}

fn expectation(text: &mut String, draws: &mut Draws<'_>, cast: &Cast, entry: usize) {
    let kind = KINDS[draws.below(KINDS.len())];
    let count = draws.pick(&["0", ">= 1", "3..7", "< 9223372036854775807"]);
    let span = draws.pick(&["< 20 ms", "0 s", "1 ns..24 h"]);
    let what = match draws.below(8) {
        0 => format!("acked = \"{count}\", kept = {}", draws.choose(&COUNTS)),
        1 => format!("records = \"{}\", fate = \"kept\"", draws.choose(&RECORDS)),
        2 => format!("happens = \"{kind}\", count = \"{count}\""),
        3 => format!("never = \"{kind}\", after = \"{}\"", draws.choose(&SPANS)),
        4 => format!("from = \"{kind}\", to = \"{}\", takes = \"{span}\"", draws.choose(&SPANS)),
        5 => format!("partition = \"{}\", leader = {}", cast.partition(draws), cast.some_brokers(draws)),
        6 => format!("latency = \"p99\", is = \"{span}\""),
        _ => format!("unavailable = \"{}\", is = \"{span}\"", cast.partition(draws)),
    };
    _ = writeln!(text, "x{entry} = {{ {what} }}");
}
