//! How large a document may be, and the numbers in it. What comes by link is written by strangers: whatever they ask for
//! must be answered in seconds and fit into a tab.

use std::ops::Range;

use ackscope_sim::time::Duration;

/// The largest document of the library has 5 kB; packed, this still fits into an address.
pub const TEXT_BYTES: usize = 64 << 10;
/// Keys of one table: keys are looked for one by one.
pub const TABLE: usize = 2_000;
/// Settings of one node or one pasted file: a server.properties with every key of Kafka has half as many.
pub const SETTINGS: usize = 1_000;
/// Letters of a title, a label, the name of an entry or of an expectation: two lines on a phone.
pub const LINE: usize = 160;
/// Letters of a question, a promise, a note, a message of Kafka: one paragraph.
pub const PARAGRAPH: usize = 600;
/// Letters of a record's value, a key, a prefix, a rack, a machine, a rule: what stands in a table's cell.
pub const WORD: usize = 64;
/// Entries of a list of such words.
pub const WORDS: usize = 20;

/// What a stage can show; nine take part in every election and every fetch.
pub const BROKERS: u64 = 9;
/// Voters of the quorum: the odd numbers that people run.
pub const CONTROLLERS: u64 = 7;
/// Over all topics: each costs a fetcher's place on its followers and an election when its leader dies.
pub const PARTITIONS: u64 = 64;
/// Producers and consumers together: each has a lane.
pub const CLIENTS: u64 = 16;
/// Over all entries of a run, with the largest budget: a trace of a few gigabytes. The usual budget has a fifth.
pub const RECORDS: u64 = 1_000_000;
/// Records times consumers, for each record of the budget: each delivery is a happening of its own.
pub const DELIVERIES: u64 = 3;
/// As large as a record can be at Kafka: its sizes are signed numbers of 32 bits, and batches add to it.
pub const RECORD_BYTES: u64 = 1 << 30;
/// Different keys of a load.
pub const KEYS: u64 = 10_000;
/// Faster than any network card.
pub const BYTES_PER_SECOND: u64 = 1_000_000_000_000;
/// Links with values of their own: every pair of nodes, both ways.
pub const LINKS: usize = 650;
/// Entries of the script, after lists and series have been spread out.
pub const SCRIPT: usize = 1_000;
/// Faults times partitions: each kill, pause or cut can elect a leader in every one of them, and again when it is over.
pub const ELECTIONS: u64 = 10_000;
/// Messages that one entry drops, delays or refuses.
pub const MESSAGES: u64 = 1_000;
/// Each is a run of its own.
pub const VARIANTS: usize = 16;
pub const EXPECTATIONS: usize = 100;
/// More than anybody reads in one run; each is looked for in the trace.
pub const NOTES: usize = 100;
/// Records that the expectations of a document name, one by one: each record of the usual budget twice.
pub const NAMES: usize = 400_000;
/// Happenings and records that the expectations of one run may look at: a few seconds of work.
pub const LOOKS: u64 = 10_000_000;
/// The length of a run, and every span of time in it.
pub const UNTIL: Duration = Duration::from_secs(UNTIL_HOURS * 3_600);
pub const UNTIL_HOURS: u64 = 24;
/// Whole numbers of TOML that are not negative.
pub const NUMBERS: Range<u64> = 0..1 << 63;
