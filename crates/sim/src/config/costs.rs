//! What things cost that are not Kafka's to set.

use serde::{Deserialize, Serialize};

use crate::time::Duration;

/// What things cost that are not Kafka's to set. Defaults are calibrated; each is a setting of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Costs {
    /// A request handler's time per request, before any bytes.
    pub request: Duration,
    /// A request handler's time for each KiB of records appended or read.
    pub request_per_kib: Duration,
    /// Page cache append, per batch.
    pub append: Duration,
    /// fsync of a log, per call and per KiB.
    pub flush: Duration,
    pub flush_per_kib: Duration,
    /// The operating system writes a page back this long after it was dirtied.
    pub write_back: Duration,
    /// From the start of a broker's process to its first registration attempt.
    pub broker_boot: Duration,
    /// From the start of a controller's process until it is active.
    pub controller_boot: Duration,
    /// A controller's change until it is committed: append linger and quorum.
    pub metadata_commit: Duration,
    /// From then until a broker has applied it: even between these two, each broker on its own.
    pub metadata_apply_min: Duration,
    pub metadata_apply_max: Duration,
    /// The client's time to serialise and append one record.
    pub send: Duration,
    /// The client's time for one callback.
    pub callback: Duration,
    /// In the client: from the moment a thread is woken, by another one or by the end of a timed wait, until it runs.
    pub wake_up: Duration,
    /// Compression, per KiB of records, by codec; decompression is not modelled.
    pub compress_per_kib: Duration,
    /// Compressed size in thousandths of the original, for the codec in use.
    pub compression_permille: u32,
}

impl Default for Costs {
    fn default() -> Costs {
        Costs {
            request: Duration::from_micros(100),
            request_per_kib: Duration::from_nanos(2_000),
            append: Duration::from_micros(20),
            flush: Duration::from_micros(750),
            flush_per_kib: Duration::from_micros(2),
            write_back: Duration::from_secs(30),
            broker_boot: Duration::from_millis(1_200),
            controller_boot: Duration::from_millis(2_000),
            metadata_commit: Duration::from_millis(30),
            metadata_apply_min: Duration::from_millis(5),
            metadata_apply_max: Duration::from_millis(60),
            send: Duration::from_micros(2),
            callback: Duration::from_micros(1),
            wake_up: Duration::from_micros(50),
            compress_per_kib: Duration::ZERO,
            compression_permille: 1_000,
        }
    }
}
