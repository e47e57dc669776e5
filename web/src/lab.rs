//! What the lab's page and its worker say to each other.

use serde::{Deserialize, Serialize};

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
        }
    }
}

/// What has been found out so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Each field's least and greatest value: a sweep must end while somebody watches.
pub const PRODUCERS: (u32, u32) = (1, 40);
pub const RATE: (u32, u32) = (10, 100_000);
pub const RECORD_BYTES: (u32, u32) = (10, 100_000);
pub const PARTITIONS: (u32, u32) = (1, 24);
pub const BROKERS: (u32, u32) = (1, 5);
