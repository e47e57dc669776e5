//! The all-knowing observer: what became of every record, and which happening decided it.

pub(crate) mod fates;
pub mod ledger;

use serde::{Deserialize, Serialize};

use crate::ids::{HappeningId, Offset, Partition, RecordId};
use crate::time::Time;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Acknowledged and in the log.
    Kept,
    AckedButLost,
    /// Acknowledged; nobody leads its partition, and only followers that may not lead hold it.
    AckedButUnavailable,
    /// The application was told of a failure, and the record is in no log that counts.
    FailedAndAbsent,
    /// The application was told of a failure, but the record is in the log.
    FailedButKept,
    /// It never left the producer, and the application never heard of it.
    NeverSent,
    /// The run ended before its fate was decided.
    Undecided,
}

impl Fate {
    pub const ALL: [Fate; 7] = [
        Fate::Kept,
        Fate::AckedButLost,
        Fate::AckedButUnavailable,
        Fate::FailedAndAbsent,
        Fate::FailedButKept,
        Fate::NeverSent,
        Fate::Undecided,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Fate::Kept => "kept",
            Fate::AckedButLost => "acked-but-lost",
            Fate::AckedButUnavailable => "acked-but-unavailable",
            Fate::FailedAndAbsent => "failed-and-absent",
            Fate::FailedButKept => "failed-but-kept",
            Fate::NeverSent => "never-sent",
            Fate::Undecided => "undecided",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordAudit {
    pub record: RecordId,
    pub fate: Fate,
    /// More than one copy in the log.
    pub duplicated: bool,
    /// Behind a record of the same producer and partition that was sent after it.
    pub reordered: bool,
    /// Delivered to a consumer, and in no log any more.
    pub vanished: bool,
    /// How often consumers were given it.
    pub delivered: u32,
    /// Where its (first) copy lies in the end, or lay.
    pub partition: Option<Partition>,
    pub offset: Option<Offset>,
    pub offered_at: Time,
    pub answered_at: Option<Time>,
    /// The happening that decided the fate.
    pub decided_by: Option<HappeningId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub offered: u32,
    pub acked: u32,
    pub kept: u32,
    pub acked_lost: u32,
    pub acked_unavailable: u32,
    pub failed_absent: u32,
    pub failed_kept: u32,
    pub never_sent: u32,
    pub undecided: u32,
    pub duplicated: u32,
    pub reordered: u32,
    pub delivered: u32,
    /// Below a consumer's position, in the log, and never given to it.
    pub skipped: u32,
    pub vanished: u32,
}

/// A time in which a partition took no acks=all write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub partition: Partition,
    pub from: Time,
    pub to: Time,
}

/// From `send()` to the application's answer, over acknowledged records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub count: u64,
    pub p50_us: u64,
    pub p90_us: u64,
    pub p99_us: u64,
    pub max_us: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    pub totals: Totals,
    pub records: Vec<RecordAudit>,
    /// Without a leader that takes writes.
    pub availability: Vec<Gap>,
    /// Partitions that have no leader in the end.
    pub leaderless: Vec<Partition>,
    pub latency: Latency,
}
