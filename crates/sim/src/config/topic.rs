//! `LogConfig`: the settings that a topic may have for itself.

use super::define::{Configured, Values, settings};
use crate::error::Failure;
use crate::time::Duration;
use crate::version::KafkaVersion;
use serde::{Deserialize, Serialize};

/// Settings of one topic; None: the broker's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TopicConfig {
    pub min_insync_replicas: Option<u32>,
    pub unclean_leader_election_enable: Option<bool>,
    pub max_message_bytes: Option<u32>,
    pub flush_messages: Option<u64>,
    pub flush_ms: Option<Duration>,
}

settings! {
    /// Not set: the brokers' value holds.
    TOPIC_SETTINGS:
    "min.insync.replicas" Int [V0_10 None] AtLeast(1), Durability High "With fewer in-sync replicas acks=all is refused, and since 3.7 nothing new becomes visible.";
    "unclean.leader.election.enable" Boolean [V0_10 None] Any, Elections High "A replica that was not in sync may lead: available again, at the price of acknowledged records.";
    "max.message.bytes" Int [V0_10 None] AtLeast(0), Capacity Medium "Largest batch that a leader takes.";
    "flush.messages" Long [V0_10 None] AtLeast(1), Durability Medium "After this many records the log is forced to disk.";
    "flush.ms" Long [V0_10 None] AtLeast(0), Durability Medium "After this long the log is forced to disk.";
    "cleanup.policy" Text [V0_10 Some("delete")] Any, Other Medium "";
    "compression.type" Text [V0_10 Some("producer")] OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), Batching Medium "";
    "segment.bytes" Int [V0_10 Some("1073741824")] AtLeast(14), Capacity Medium "";
    "segment.ms" Long [V0_10 Some("604800000")] AtLeast(1), Capacity Medium "";
    "retention.bytes" Long [V0_10 Some("-1")] Any, Capacity Medium "";
    "retention.ms" Long [V0_10 Some("604800000")] AtLeast(-1), Capacity Medium "";
}

/// Known to Kafka; nothing here hangs on them.
const RECOGNISED: &[&str] = &[
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "follower.replication.throttled.replicas",
    "index.interval.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "max.compaction.lag.ms",
    "message.format.version",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "preallocate",
    "remote.storage.enable",
    "segment.index.bytes",
    "segment.jitter.ms",
];

impl TopicConfig {
    /// What creating a topic with these settings makes of them.
    pub fn from_properties(
        version: KafkaVersion,
        properties: &[(&str, &str)],
    ) -> Result<Configured<TopicConfig>, Failure> {
        let values = Values::read(TOPIC_SETTINGS, RECOGNISED, version, properties)
            .map_err(|failure| Failure::new("InvalidConfigurationException", failure.message))?;
        let small = |key| values.number(key).map(|_| values.small(key));
        let config = TopicConfig {
            min_insync_replicas: small("min.insync.replicas"),
            unclean_leader_election_enable: values.optional_flag("unclean.leader.election.enable"),
            max_message_bytes: small("max.message.bytes"),
            flush_messages: values.number("flush.messages").map(|_| values.count("flush.messages")),
            flush_ms: values
                .number("flush.ms")
                .map(|_| values.count("flush.ms"))
                .filter(|&millis| millis < i64::MAX as u64)
                .map(Duration::from_millis),
        };
        Ok(values.configured(config, Vec::new()))
    }
}
