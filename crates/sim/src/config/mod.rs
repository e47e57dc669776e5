//! Settings under Kafka's names, as the nodes read them. Which keys exist, their defaults per version, their ranges and
//! the complaints that Kafka makes are in the modules below.

mod broker;
mod consumer;
mod define;
mod producer;
#[cfg(test)]
mod tests;
mod topic;

use serde::{Deserialize, Serialize};

use crate::protocol::data::Acks;
use crate::protocol::transaction::Isolation;
use crate::time::Duration;

pub use broker::{BROKER_SETTINGS, ZOOKEEPER_TICK};
pub use consumer::CONSUMER_SETTINGS;
pub use define::{Configured, Group, Importance, Kind, Notice, Setting, Valid, check};
pub use producer::PRODUCER_SETTINGS;
pub use topic::TOPIC_SETTINGS;

/// A loop that has nothing to wait for turns as often as its processor lets it, tens of thousands of times a second. Kafka's
/// clocks count whole milliseconds, so that all the turns of one millisecond see and do the same: here they are one. A
/// spinning loop costs time, and time goes on.
pub const TURN: Duration = Duration::from_millis(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerConfig {
    pub acks: Acks,
    pub enable_idempotence: bool,
    pub retries: u32,
    pub max_in_flight_requests_per_connection: u32,
    pub linger: Duration,
    pub batch_size: u32,
    pub buffer_memory: u64,
    pub max_block: Duration,
    /// Before 2.1 there was none: see `batch_expiry`.
    pub delivery_timeout: Duration,
    pub request_timeout: Duration,
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    pub reconnect_backoff: Duration,
    pub reconnect_backoff_max: Duration,
    pub socket_connection_setup_timeout: Duration,
    pub socket_connection_setup_timeout_max: Duration,
    pub max_request_size: u32,
    pub compression: Compression,
    pub metadata_max_age: Duration,
    pub partitioner: Partitioner,
    pub partitioner_ignore_keys: bool,
    pub partitioner_adaptive_partitioning_enable: bool,
    pub partitioner_availability_timeout: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Partitioner {
    /// murmur2 for keys, sticky (since 2.4) or round robin (before) without.
    #[default]
    BuiltIn,
    RoundRobin,
}

/// Settings of the brokers and the controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerConfig {
    pub min_insync_replicas: u32,
    pub unclean_leader_election_enable: bool,
    pub message_max_bytes: u32,
    pub replica_lag_time_max: Duration,
    pub replica_fetch_wait_max: Duration,
    pub replica_fetch_min_bytes: u32,
    pub replica_fetch_max_bytes: u32,
    pub replica_fetch_response_max_bytes: u32,
    pub replica_fetch_backoff: Duration,
    pub replica_socket_timeout: Duration,
    pub replica_high_watermark_checkpoint_interval: Duration,
    pub fetch_max_bytes: u32,
    pub num_network_threads: u32,
    pub num_io_threads: u32,
    pub broker_heartbeat_interval: Duration,
    /// KRaft: broker.session.timeout.ms. ZooKeeper: zookeeper.session.timeout.ms.
    pub broker_session_timeout: Duration,
    pub controlled_shutdown_enable: bool,
    pub auto_leader_rebalance_enable: bool,
    pub leader_imbalance_check_interval: Duration,
    pub unclean_leader_election_interval: Duration,
    pub log_flush_interval_messages: Option<u64>,
    pub log_flush_interval: Option<Duration>,
    pub producer_id_expiration: Duration,
    /// The feature `eligible.leader.replicas.version`.
    pub eligible_leader_replicas: bool,
}

impl BrokerConfig {
    /// How often a leader looks for followers that lag behind: half of `replica.lag.time.max.ms` in whole milliseconds. None:
    /// once, when the broker starts (KafkaScheduler takes no period for one run).
    pub fn isr_check_interval(&self) -> Option<Duration> {
        let half = self.replica_lag_time_max.as_millis() / 2;
        (half > 0).then_some(Duration::from_millis(half))
    }
}

/// Settings of one topic; None: the broker's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicConfig {
    pub min_insync_replicas: Option<u32>,
    pub unclean_leader_election_enable: Option<bool>,
    pub max_message_bytes: Option<u32>,
    pub flush_messages: Option<u64>,
    pub flush_ms: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsumerConfig {
    pub auto_offset_reset: OffsetReset,
    pub isolation: Isolation,
    pub fetch_min_bytes: u32,
    pub fetch_max_wait: Duration,
    pub fetch_max_bytes: u32,
    pub max_partition_fetch_bytes: u32,
    pub max_poll_records: u32,
    pub request_timeout: Duration,
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    pub reconnect_backoff: Duration,
    pub reconnect_backoff_max: Duration,
    pub socket_connection_setup_timeout: Duration,
    pub metadata_max_age: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OffsetReset {
    Earliest,
    #[default]
    Latest,
    None,
}

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
