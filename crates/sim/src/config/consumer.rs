//! `ConsumerConfig`: the consumer's settings and their defaults.

use super::define::{BACKOFFS, Configured, Values, settings};
use crate::error::Failure;
use crate::protocol::transaction::Isolation;
use crate::time::Duration;
use crate::version::KafkaVersion;
use serde::{Deserialize, Serialize};

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
    pub socket_connection_setup_timeout_max: Duration,
    pub metadata_max_age: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OffsetReset {
    Earliest,
    #[default]
    Latest,
    None,
}

settings! {
    /// Of a consumer with assigned partitions; what groups need is recognised.
    CONSUMER_SETTINGS:
    "bootstrap.servers" Text [V0_10 None] Any, Network High "";
    "group.id" Text [V0_10 None] Any, Reading High "";
    "client.id" Text [V0_10 Some("")] Any, Other Low "";
    "session.timeout.ms" Int [V0_10 Some("10000"), V3_6 Some("45000")] Any, Timeouts High "";
    "heartbeat.interval.ms" Int [V0_10 Some("3000")] Any, Timeouts High "";
    "metadata.max.age.ms" Long [V0_10 Some("300000")] AtLeast(0), Network Low "How long the client believes what it knows about leaders.";
    "enable.auto.commit" Boolean [V0_10 Some("true")] Any, Reading Medium "";
    "auto.commit.interval.ms" Int [V0_10 Some("5000")] AtLeast(0), Reading Low "";
    "max.partition.fetch.bytes" Int [V0_10 Some("1048576")] AtLeast(0), Reading High "How much of one partition a fetch brings.";
    "send.buffer.bytes" Int [V0_10 Some("131072")] AtLeast(-1), Network Medium "";
    "receive.buffer.bytes" Int [V0_10 Some("65536")] AtLeast(-1), Network Medium "";
    "fetch.min.bytes" Int [V0_10 Some("1")] AtLeast(0), Reading High "A fetch is answered once this much is there.";
    "fetch.max.bytes" Int [V0_11 Some("52428800")] AtLeast(0), Reading Medium "How much a fetch brings in all.";
    "fetch.max.wait.ms" Int [V0_10 Some("500")] AtLeast(0), Reading Low "How long a fetch waits at the leader for something new.";
    "reconnect.backoff.ms" Long [V0_10 Some("50")] AtLeast(0), Network Low "Wait before connecting again.";
    "reconnect.backoff.max.ms" Long [V0_11 Some("1000")] AtLeast(0), Network Low "Up to this the wait before connecting doubles.";
    "retry.backoff.ms" Long [V0_10 Some("100")] AtLeast(0), Timeouts Low "Wait before asking again after an error.";
    "retry.backoff.max.ms" Long [V3_9 Some("1000")] AtLeast(0), Timeouts Low "Up to this the wait before asking again doubles.";
    "auto.offset.reset" Text [V0_10 Some("latest")] OffsetReset, Reading Medium "Where to read from without a position, or when the position is gone.";
    "check.crcs" Boolean [V0_10 Some("true")] Any, Reading Low "";
    "request.timeout.ms" Int [V0_10 Some("30000")] AtLeast(0), Timeouts Medium "How long an answer may take before the connection is closed.";
    "default.api.timeout.ms" Int [V2_4 Some("60000")] AtLeast(0), Timeouts Medium "";
    "socket.connection.setup.timeout.ms" Long [V2_8 Some("10000")] Any, Network Medium "How long a connection attempt may take.";
    "socket.connection.setup.timeout.max.ms" Long [V2_8 Some("30000")] Any, Network Medium "Up to this the time for an attempt doubles.";
    "connections.max.idle.ms" Long [V0_10 Some("540000")] Any, Network Medium "";
    "max.poll.records" Int [V0_10 Some("500")] AtLeast(1), Reading Medium "How many records one poll() hands over.";
    "max.poll.interval.ms" Int [V0_11 Some("300000")] AtLeast(1), Timeouts Medium "";
    "isolation.level" Text [V0_11 Some("read_uncommitted")] OneOf(&["read_committed", "read_uncommitted"]), Reading Medium "";
    "allow.auto.create.topics" Boolean [V2_4 Some("true")] Any, Other Medium "";
}

/// Known to Kafka; nothing here hangs on them.
const RECOGNISED: &[&str] = &[
    "auto.include.jmx.reporter",
    "client.dns.lookup",
    "client.rack",
    "config.providers",
    "enable.metrics.push",
    "exclude.internal.topics",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "interceptor.classes",
    "key.deserializer",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "partition.assignment.strategy",
    "sasl.jaas.config",
    "sasl.mechanism",
    "security.protocol",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.password",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "value.deserializer",
];

impl Default for ConsumerConfig {
    fn default() -> ConsumerConfig {
        ConsumerConfig::from_properties(KafkaVersion::default(), &[])
            .expect("Kafka accepts its own defaults")
            .config
    }
}

impl ConsumerConfig {
    /// What `new KafkaConsumer(properties)` makes of these settings.
    pub fn from_properties(
        version: KafkaVersion,
        properties: &[(&str, &str)],
    ) -> Result<Configured<ConsumerConfig>, Failure> {
        let values = Values::read(CONSUMER_SETTINGS, RECOGNISED, version, properties)?;
        let (reconnect_backoff, reconnect_backoff_max) = values.reconnect_backoff();
        let (retry_backoff, retry_backoff_max) = values.backoff("retry.backoff.ms", "retry.backoff.max.ms");
        let or = |key: &str, fallback: u32| if values.exists(key) { values.small(key) } else { fallback };
        let config = ConsumerConfig {
            auto_offset_reset: match values.text("auto.offset.reset") {
                Some("earliest") => OffsetReset::Earliest,
                Some("none") => OffsetReset::None,
                Some("latest") | None => OffsetReset::Latest,
                Some(other) => {
                    let message =
                        format!("auto.offset.reset={other} is not modelled; earliest, latest and none are");
                    return Err(Failure::new("NotModelled", message));
                }
            },
            isolation: match values.text("isolation.level") {
                Some("read_committed") => Isolation::ReadCommitted,
                _ => Isolation::ReadUncommitted,
            },
            fetch_min_bytes: values.small("fetch.min.bytes"),
            fetch_max_wait: values.millis("fetch.max.wait.ms"),
            fetch_max_bytes: or("fetch.max.bytes", 50 << 20),
            max_partition_fetch_bytes: values.small("max.partition.fetch.bytes"),
            max_poll_records: values.small("max.poll.records"),
            request_timeout: values.millis("request.timeout.ms"),
            retry_backoff,
            retry_backoff_max,
            reconnect_backoff,
            reconnect_backoff_max,
            socket_connection_setup_timeout: Duration::from_millis(
                or("socket.connection.setup.timeout.ms", 10_000).into(),
            ),
            socket_connection_setup_timeout_max: Duration::from_millis(
                or("socket.connection.setup.timeout.max.ms", 30_000).into(),
            ),
            metadata_max_age: values.millis("metadata.max.age.ms"),
        };
        let notices = values.spinning(BACKOFFS);
        Ok(values.configured(config, notices))
    }
}
