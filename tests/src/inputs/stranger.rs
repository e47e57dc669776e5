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

const SPANS: &[&str] = &[
    "1 s",
    "0 s",
    "1 ns",
    "1 us",
    "1 ms",
    "20 ms",
    "500 ms",
    "1.5 s",
    "10 s",
    "30 s",
    "1 min",
    "1 h",
    "24 h",
    "25 h",
    "584 years",
    "18446744073 s",
    "18446744073709551615 ns",
    "0.000000001 s",
    "-1 s",
];
const SIZES: &[&str] =
    &["100", "0", "1", "\"1 B\"", "\"16 KiB\"", "\"1 MiB\"", "\"4 GiB\"", "\"16000000000 GiB\""];
const COUNTS: &[&str] =
    &["5", "0", "1", "2", "20", "1000", "10000", "200000", "200001", "-1", "9223372036854775807"];
const FEW: &[&str] = &["1", "2", "3", "0", "9", "10", "64", "65"];
const MESSAGES: &[&str] =
    &["produce", "fetch", "metadata", "heartbeat", "alter-partition", "registration", "init-producer-id"];
const RECORDS: &[&str] = &["v0..v4", "v0", "w1, w2", "v0..v999", "v0..v1000", "", "v5..v2"];
/// So many entries of a kind at most; what is repeated in earnest is repeated by loads and lists.
const ENTRIES: usize = 8;

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
    let brokers = draws.pick(&["3", "1", "2", "9", "5", "0", "10"]);
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
        draws.pick(COUNTS),
        draws.pick(SPANS),
    );
    if draws.one_in(4) {
        _ = write!(text, "controllers = {}\nwarm = {}\n", draws.pick(FEW), draws.one_in(2));
    }
    if draws.one_in(8) {
        let cost =
            draws.pick(&["request", "append", "flush", "broker_boot", "metadata_commit", "send", "wake_up"]);
        _ = writeln!(text, "costs.{cost} = \"{}\"", draws.pick(SPANS));
    }
    settings(&mut text, draws, BROKER_SETTINGS, version);
    if draws.one_in(2) {
        let (latency, jitter) = (draws.pick(SPANS), draws.pick(SPANS));
        _ = write!(text, "[network]\nlatency = \"{latency}\"\njitter = \"{jitter}\"\n");
        if draws.one_in(4) {
            _ = writeln!(text, "bandwidth = {}", draws.pick(SIZES));
        }
    }
    for topic in 0..cast.topics {
        _ = writeln!(text, "[topic.t{topic}]");
        if draws.one_in(2) {
            _ = write!(text, "partitions = {}\nreplication_factor = {}\n", draws.pick(FEW), draws.pick(FEW));
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
        _ = write!(text, "[variant.a]\n[variant.b]\nuntil = \"{}\"\n", draws.pick(SPANS));
    }
    text
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

/// A value at a limit, beside one, or none at all.
pub fn value(draws: &mut Draws<'_>, setting: &Setting, version: KafkaVersion) -> String {
    let widest = if setting.kind == Kind::Int { i32::MAX.into() } else { i64::MAX };
    let (least, greatest) = match setting.valid {
        Valid::AtLeast(least) => (least, widest),
        Valid::Between(least, greatest) | Valid::BetweenOrMinusOne(least, greatest) => (least, greatest),
        _ => (-widest - 1, widest),
    };
    let choices = setting.choices();
    match draws.below(12) {
        0 => setting.default(version).unwrap_or_default().to_owned(),
        _ if !choices.is_empty() && !draws.one_in(16) => draws.pick(choices).to_owned(),
        1 | 2 => "0".to_owned(),
        3 | 4 => "1".to_owned(),
        5 => least.to_string(),
        6 => greatest.to_string(),
        7 => least.saturating_sub(1).to_string(),
        8 => greatest.saturating_add(1).to_string(),
        9 => "-1".to_owned(),
        10 => draws.below(65_536).to_string(),
        _ => draws.pick(&["", "many", "9223372036854775808", "all", "1.5"]).to_owned(),
    }
}

impl Cast {
    fn broker(&self, draws: &mut Draws<'_>) -> String {
        format!("broker-{}", 1 + draws.below(self.brokers + 1))
    }

    fn node(&self, draws: &mut Draws<'_>) -> String {
        match draws.below(8) {
            0..4 => self.broker(draws),
            4 => "controller".to_owned(),
            5 | 6 => format!("producer-p{}", draws.below(self.producers)),
            _ => format!("consumer-c{}", draws.below(self.consumers.max(1))),
        }
    }

    fn link(&self, draws: &mut Draws<'_>) -> String {
        let arrow = draws.pick(&["<->", "->"]);
        format!("{} {arrow} {}", self.node(draws), self.node(draws))
    }

    fn partition(&self, draws: &mut Draws<'_>) -> String {
        format!("t{}-{}", draws.below(self.topics), draws.pick(&["0", "1", "63"]))
    }
}

fn step(text: &mut String, draws: &mut Draws<'_>, cast: &Cast, entry: usize) {
    _ = write!(text, "e{entry} = {{ ");
    match draws.below(8) {
        0 if entry > 0 => {
            _ = write!(text, "after = \"e{}\", delay = \"{}\"", draws.below(entry), draws.pick(SPANS));
        }
        1 => {
            let condition = condition(draws, cast);
            _ = write!(text, "when = {{ {condition} }}, delay = \"{}\"", draws.pick(SPANS));
            if draws.one_in(2) {
                _ = write!(text, ", or_after = \"{}\"", draws.pick(SPANS));
            }
        }
        _ => _ = write!(text, "at = \"{}\"", draws.pick(SPANS)),
    }
    // Records are what a run is about.
    let (verb, _) =
        if draws.one_in(3) { VERBS[draws.below(VERBS.len())] } else { (draws.pick(&["load", "send"]), "") };
    _ = match verb {
        "send" => write!(text, ", send = \"{}\", every = \"{}\"", draws.pick(RECORDS), draws.pick(SPANS))
            .and_then(|()| route(text, draws, cast)),
        "load" => {
            let pace = match draws.below(4) {
                0 => format!("every = \"{}\"", draws.pick(SPANS)),
                1 => format!("outstanding = {}", draws.pick(COUNTS)),
                2 => format!("every = \"{}\", poisson = true", draws.pick(SPANS)),
                _ => format!("rate = \"{}/s\"", draws.pick(COUNTS)),
            };
            let keys = draws.pick(&[
                "",
                ", keys = 1",
                ", keys = 10000",
                ", keys = { count = 3, hot_permille = 1000 }",
                ", keys = { count = 0 }",
            ]);
            write!(text, ", load = {}, {pace}{keys}", draws.pick(COUNTS))
                .and_then(|()| route(text, draws, cast))
        }
        "drop_next" | "duplicate_next" | "delay_next" | "hold_next" | "refuse_next" => {
            let kind = draws.pick(&["request", "response"]);
            let more = match verb {
                "delay_next" => format!(", by = \"{}\"", draws.pick(SPANS)),
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
                draws.pick(COUNTS)
            )
        }
        "cut" | "heal" | "close" => write!(text, ", {verb} = \"{}\"", cast.link(draws)),
        "slow" => {
            let what = if draws.one_in(2) { cast.broker(draws) } else { cast.link(draws) };
            write!(text, ", slow = \"{what}\", by = \"{}\"", draws.pick(SPANS))
        }
        "slow_disk" => {
            write!(text, ", slow_disk = \"{}\", by = \"{}\"", cast.broker(draws), draws.pick(SPANS))
        }
        "lose_unflushed" => write!(
            text,
            ", lose_unflushed = \"{}\", partition = \"{}\", keep = {}",
            cast.broker(draws),
            cast.partition(draws),
            draws.pick(COUNTS)
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
            draws.pick(COUNTS)
        ),
        _ => write!(text, ", {verb} = \"{}\"", cast.node(draws)),
    };
    if draws.one_in(3) && !matches!(verb, "send" | "load" | "flush" | "seek") {
        _ = write!(text, ", for = \"{}\"", draws.pick(SPANS));
    }
    *text += " }\n";
}

fn route(text: &mut String, draws: &mut Draws<'_>, cast: &Cast) -> std::fmt::Result {
    write!(text, ", producer = \"producer-p{}\"", draws.below(cast.producers))?;
    write!(text, ", topic = \"t{}\"", draws.below(cast.topics))?;
    match draws.below(4) {
        0 => write!(text, ", size = {}", draws.pick(SIZES)),
        1 => write!(text, ", to_partition = {}", draws.pick(FEW)),
        _ => Ok(()),
    }
}

fn condition(draws: &mut Draws<'_>, cast: &Cast) -> String {
    let partition = cast.partition(draws);
    match draws.below(8) {
        0 => format!("acks = {}", draws.pick(COUNTS)),
        1 => format!("answers = {}, of = \"v\"", draws.pick(COUNTS)),
        2 => format!("appended = {}, partition = \"{partition}\"", draws.pick(COUNTS)),
        3 => format!("isr_at_most = {}, partition = \"{partition}\"", draws.pick(FEW)),
        4 => format!("leader = {}, partition = \"{partition}\"", draws.pick(&["\"none\"", "1", "2"])),
        5 => format!("running = \"{}\"", cast.broker(draws)),
        6 => format!("stopped = \"{}\"", cast.broker(draws)),
        _ => format!("delivered = {}", draws.pick(COUNTS)),
    }
}

fn expectation(text: &mut String, draws: &mut Draws<'_>, cast: &Cast, entry: usize) {
    let kind = KINDS[draws.below(KINDS.len())];
    let bounds = draws.pick(&["0", ">= 1", "< 20 ms", "3..7", "> 170141183460469231731687303715884105727"]);
    let what = match draws.below(8) {
        0 => format!("acked = \"{bounds}\", kept = {}", draws.pick(COUNTS)),
        1 => format!("records = \"{}\", fate = \"kept\"", draws.pick(RECORDS)),
        2 => format!("happens = \"{kind}\", count = \"{bounds}\""),
        3 => format!("never = \"{kind}\", after = \"{}\"", draws.pick(SPANS)),
        4 => format!("from = \"{kind}\", to = \"{}\", takes = \"{bounds}\"", draws.pick(SPANS)),
        5 => format!("partition = \"{}\", leader = {}", cast.partition(draws), draws.pick(FEW)),
        6 => format!("latency = \"p99\", is = \"{bounds}\""),
        _ => format!("unavailable = \"{}\", is = \"{bounds}\"", cast.partition(draws)),
    };
    _ = writeln!(text, "x{entry} = {{ {what} }}");
}
