//! What the lab's page and its worker say to each other, and the workload that both mean.

use ackscope_lab::{Pace, Workload};
use ackscope_sim::config::Compression;
use ackscope_sim::ids::ClientId;
use ackscope_sim::protocol::Acks;
use ackscope_sim::script::{Action, Pacing};
use ackscope_sim::spec::Spec;
use serde::{Deserialize, Serialize};

/// Records of all producers together: enough for a steady state, few enough to watch.
const RECORDS: u32 = 4_000;

/// A workload and the settings that are in use. Numbers as the page's fields hold them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub seed: u32,
    pub producers: u16,
    /// Of each producer, a second.
    pub rate: u32,
    pub record_bytes: u32,
    pub partitions: u32,
    pub brokers: u32,
    /// `all`, `1` or `0`.
    pub acks: String,
    pub compression: String,
    pub dark: bool,
    /// For a screen as narrow as a phone's.
    pub narrow: bool,
}

impl Default for Question {
    fn default() -> Question {
        Question {
            seed: 1,
            producers: 4,
            rate: 2_500,
            record_bytes: 1_000,
            partitions: 6,
            brokers: 3,
            acks: "all".to_owned(),
            compression: "none".to_owned(),
            dark: false,
            narrow: false,
        }
    }
}

/// One pair of settings that was tried, and where the charts show it, in parts of their width and height.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    pub linger_ms: u32,
    pub batch_size: u32,
    pub p99_us: u32,
    /// Records per second.
    pub capacity: u32,
    pub dot: [f32; 2],
    /// Left, top, width, height.
    pub cell: [f32; 4],
}

/// What has been found out so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub done: u32,
    pub of: u32,
    /// SVG.
    pub latency: String,
    pub combinations: String,
    pub batches: String,
    /// What the defaults do under this workload.
    pub finding: String,
    /// What would be better, if anything is.
    pub advice: String,
    pub tried: Vec<Tried>,
}

/// Each field's least and greatest value: a sweep must end while somebody watches.
pub const PRODUCERS: (u32, u32) = (1, 40);
pub const RATE: (u32, u32) = (10, 100_000);
pub const RECORD_BYTES: (u32, u32) = (10, 100_000);
pub const PARTITIONS: (u32, u32) = (1, 24);
pub const BROKERS: (u32, u32) = (1, 5);

pub fn workload(question: &Question) -> Workload {
    Workload {
        seed: u64::from(question.seed),
        producers: question.producers,
        pace: Pace::PerSecond(question.rate),
        records: (RECORDS / u32::from(question.producers.max(1))).max(50),
        record_bytes: question.record_bytes,
        partitions: question.partitions,
        brokers: question.brokers,
        replication_factor: question.brokers.min(3),
        min_insync_replicas: question.brokers.min(2),
        acks: match question.acks.as_str() {
            "0" => Acks::None,
            "1" => Acks::Leader,
            _ => Acks::All,
        },
        compression: match question.compression.as_str() {
            "gzip" => Compression::Gzip,
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            _ => Compression::None,
        },
        // What JSON commonly shrinks to.
        compression_permille: if question.compression == "none" { 1_000 } else { 300 },
        ..Workload::default()
    }
}

/// Fewer records than this are a story, not a workload.
const LEAST_RECORDS: u32 = 50;

/// The workload that a scenario puts on its cluster, as far as the lab's fields can say it; None: it has none.
pub fn question_of(spec: &Spec) -> Option<Question> {
    let loads = spec.script.iter().filter_map(|entry| match &entry.action {
        Action::Load(load) if load.count >= LEAST_RECORDS => Some(load),
        _ => None,
    });
    let first = loads.clone().next()?;
    let (Pacing::Every { gap } | Pacing::Poisson { gap }) = first.pacing else { return None };
    let producers: Vec<ClientId> = ackscope_sim::order::distinct(loads.map(|load| load.producer));
    let config = spec.producers.get(usize::from(first.producer.0))?.config.as_ref().ok()?;
    let within = |value: u64, (least, most): (u32, u32)| value.clamp(least.into(), most.into()) as u32;
    Some(Question {
        seed: 1,
        producers: within(producers.len() as u64, PRODUCERS) as u16,
        rate: within(1_000_000_000 / gap.nanos.max(1), RATE),
        record_bytes: within(first.value_bytes.into(), RECORD_BYTES),
        partitions: within(spec.partitions_of(first.topic).count() as u64, PARTITIONS),
        brokers: within(spec.brokers.len() as u64, BROKERS),
        acks: match config.acks {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
        .to_owned(),
        compression: match config.compression {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
        .to_owned(),
        dark: false,
        narrow: false,
    })
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::library;

    use super::{Question, question_of};

    #[test]
    fn a_load_of_a_scenario_becomes_a_question_and_a_story_does_not() {
        let of = |id: &str| {
            let document = library::find(id).expect("it is in the library").document();
            question_of(&document.variants[0].spec)
        };
        let asked = of("batch-size-underfilled").expect("a load");
        let expected =
            Question { producers: 1, rate: 500, record_bytes: 100, partitions: 1, ..Question::default() };
        assert_eq!(asked, expected);
        assert_eq!(of("acks-1-leader-crash"), None);
    }
}
