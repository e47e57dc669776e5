//! How large a document may be. What comes by link is written by strangers.

use ackscope_sim::time::Duration;

pub const TEXT_BYTES: usize = 64 << 10;
pub const BROKERS: u64 = 9;
pub const PARTITIONS: u64 = 64;
pub const CLIENTS: u64 = 16;
pub const RECORDS: u64 = 200_000;
/// Entries of the script, after lists and series have been spread out.
pub const SCRIPT: usize = 1_000;
pub const VARIANTS: usize = 16;
pub const EXPECTATIONS: usize = 100;
pub const UNTIL: Duration = Duration::from_secs(24 * 3_600);
