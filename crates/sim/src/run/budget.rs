//! What a run may use up, and why one ended before its end. Scenarios come from strangers.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The most that a run may use: events handled, records offered, and bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub events: u64,
    pub records: u64,
    /// Of the trace and the keyframes, by estimate.
    pub memory: u64,
}

impl Budget {
    /// For runs that are measured or whose size is known.
    pub const UNLIMITED: Budget = Budget { events: u64::MAX, records: u64::MAX, memory: u64::MAX };
}

impl Default for Budget {
    /// Half as much again as the largest scenario of the library: what a page can hold, and answer meanwhile.
    fn default() -> Budget {
        Budget { events: 1_000_000, records: 200_000, memory: 40 << 20 }
    }
}

/// Why a run ended where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stopped {
    /// It used up its budget of events.
    Events(u64),
    /// It used up its budget of records.
    Records(u64),
    /// It used up its budget of memory, in bytes.
    Memory(u64),
    /// Time no longer went on; says where and by which setting.
    Stalled(Box<str>),
    /// Somebody stopped it.
    ByHand,
}

/// What the run is doing at one moment, for whoever waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub now: Time,
    pub until: Time,
    pub events: u64,
    pub memory: u64,
}
