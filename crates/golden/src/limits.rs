//! How large a recording may be, and the numbers in it. Recordings come from anywhere: what they ask for must be answered,
//! and whatever the engine cannot take is refused before it sees it.

/// As many as a document may have; the engine's sets of brokers hold 63.
pub const BROKERS: u32 = 9;
/// Client processes; the longest recording has two.
pub const CLIENTS: usize = 16;
/// Producers and consumers of all processes; the longest recording has twelve.
pub const PRODUCERS: usize = 64;
/// Steps; the longest recording has 74.
pub const STEPS: usize = 2_000;
/// Of all topics together, as in a document.
pub const PARTITIONS: usize = 64;
/// Topics, created or only named.
pub const TOPICS: usize = 64;
/// Single records and bursts together, with the largest budget; the longest recording has 6,750.
pub const RECORDS: u64 = 1_000_000;
/// As large as a record of a document may be.
pub const RECORD_BYTES: u32 = 1 << 30;
/// Keys of which a partition is asked, and the partitions they are spread over.
pub const KEYS: usize = 10_000;
/// A day: no recording is as long.
pub const MILLIS: f64 = 86_400_000.0;
