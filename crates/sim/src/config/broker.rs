//! `KafkaConfig`: the settings of brokers and controller, and their defaults.

use super::define::{Configured, Notice, TURN, Values, invalid, settings};
use crate::error::Failure;
use crate::time::Duration;
use crate::version::KafkaVersion;
use serde::{Deserialize, Serialize};

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

settings! {
    /// Brokers and controller share one set of settings here.
    BROKER_SETTINGS:
    "min.insync.replicas" Int [V0_10 Some("1")] AtLeast(1), Durability High "With fewer in-sync replicas acks=all is refused, and since 3.7 nothing new becomes visible.";
    "unclean.leader.election.enable" Boolean [V0_10 Some("true"), V0_11 Some("false")] Any, Elections High "A replica that was not in sync may lead: available again, at the price of acknowledged records.";
    "replica.lag.time.max.ms" Long [V0_10 Some("10000"), V2_8 Some("30000")] Any, Replication High "A follower that has not caught up for this long leaves the ISR.";
    "replica.fetch.wait.max.ms" Int [V0_10 Some("500")] Any, Replication High "How long a follower's fetch waits at the leader for something new.";
    "replica.fetch.min.bytes" Int [V0_10 Some("1")] Any, Replication Medium "A follower's fetch is answered once this much is there.";
    "replica.fetch.max.bytes" Int [V0_10 Some("1048576")] AtLeast(0), Replication Medium "How much of one partition a follower's fetch brings.";
    "replica.fetch.response.max.bytes" Int [V0_11 Some("10485760")] AtLeast(0), Replication Medium "How much a follower's fetch brings in all.";
    "replica.fetch.backoff.ms" Int [V0_10 Some("1000")] AtLeast(0), Replication Medium "A follower's pause after an error.";
    "replica.socket.timeout.ms" Int [V0_10 Some("30000")] Any, Replication Medium "How long a follower waits for a leader that does not answer.";
    "replica.high.watermark.checkpoint.interval.ms" Long [V0_10 Some("5000")] Any, Replication Medium "How old the high watermark can be that a crashed broker remembers.";
    "broker.heartbeat.interval.ms" Int [V3_6 Some("2000")] Any, Elections Medium "How often a broker tells the controller that it lives.";
    "broker.session.timeout.ms" Int [V3_6 Some("9000")] Any, Elections Medium "Without a heartbeat for this long a broker is fenced, and others lead.";
    "zookeeper.session.timeout.ms" Int [V0_10 Some("6000"), V2_8 Some("18000")] Any, Elections High "Without a sign of life for this long a broker counts as dead.";
    "controlled.shutdown.enable" Boolean [V0_10 Some("true")] Any, Elections Medium "A broker that is stopped hands over its leaderships first.";
    "auto.leader.rebalance.enable" Boolean [V0_10 Some("true")] Any, Elections Medium "Leadership goes back to the preferred replicas by itself.";
    "leader.imbalance.check.interval.seconds" Long [V0_10 Some("300")] Any, Elections High "After how long leadership goes back to the preferred replicas.";
    "unclean.leader.election.interval.ms" Long [V3_9 Some("300000")] AtLeast(1), Elections Low "How often leaderless partitions are looked at for an unclean election.";
    "log.flush.interval.messages" Long [V0_10 Some("9223372036854775807")] AtLeast(1), Durability High "After this many records a log is forced to disk.";
    "log.flush.interval.ms" Long [V0_10 None] Any, Durability High "After this long a log is forced to disk.";
    "message.max.bytes" Int [V0_10 Some("1000012"), V2_4 Some("1048588")] AtLeast(0), Capacity High "Largest batch that a leader takes.";
    "fetch.max.bytes" Int [V2_4 Some("57671680")] AtLeast(1024), Reading Medium "How much a consumer's fetch brings at most.";
    "num.network.threads" Int [V0_10 Some("3")] AtLeast(1), Capacity High "Threads that read requests from the network.";
    "num.io.threads" Int [V0_10 Some("8")] AtLeast(1), Capacity High "Requests that a broker handles at the same time.";
    "producer.id.expiration.ms" Int [V3_6 Some("86400000")] AtLeast(1), Ordering Low "How long a broker remembers an idle producer's last batches.";
    "transactional.id.expiration.ms" Int [V0_11 Some("604800000")] AtLeast(1), Ordering Low "Before 3.4: how long a broker remembers an idle producer's last batches.";
    "eligible.leader.replicas.version" Int [V4_0 Some("0"), V4_1 Some("1")] Between(0, 1), Elections Medium "A feature: replicas that left an ISR below its minimum may still lead (1), or not (0).";
    "default.replication.factor" Int [V0_10 Some("1")] Any, Replication Medium "";
    "num.partitions" Int [V0_10 Some("1")] AtLeast(1), Partitioning Medium "";
    "auto.create.topics.enable" Boolean [V0_10 Some("true")] Any, Other High "";
    "compression.type" Text [V0_10 Some("producer")] OneOf(&["producer", "gzip", "snappy", "lz4", "zstd", "uncompressed"]), Batching High "";
}

/// Known to Kafka; nothing here hangs on them.
const RECOGNISED: &[&str] = &[
    "add.partitions.to.txn.retry.backoff.ms",
    "advertised.listeners",
    "background.threads",
    "broker.id",
    "broker.id.generation.enable",
    "broker.rack",
    "connections.max.idle.ms",
    "controlled.shutdown.max.retries",
    "controlled.shutdown.retry.backoff.ms",
    "controller.listener.names",
    "controller.quorum.append.linger.ms",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.election.backoff.max.ms",
    "controller.quorum.election.timeout.ms",
    "controller.quorum.fetch.timeout.ms",
    "controller.quorum.request.timeout.ms",
    "controller.quorum.retry.backoff.ms",
    "controller.quorum.voters",
    "controller.socket.timeout.ms",
    "delete.topic.enable",
    "group.consumer.heartbeat.interval.ms",
    "group.consumer.max.heartbeat.interval.ms",
    "group.consumer.max.session.timeout.ms",
    "group.consumer.min.heartbeat.interval.ms",
    "group.consumer.min.session.timeout.ms",
    "group.consumer.session.timeout.ms",
    "group.coordinator.append.linger.ms",
    "group.coordinator.rebalance.protocols",
    "group.coordinator.threads",
    "group.initial.rebalance.delay.ms",
    "group.max.session.timeout.ms",
    "group.max.size",
    "group.min.session.timeout.ms",
    "host.name",
    "initial.broker.registration.timeout.ms",
    "inter.broker.listener.name",
    "inter.broker.protocol.version",
    "leader.imbalance.per.broker.percentage",
    "listener.security.protocol.map",
    "listeners",
    "log.cleaner.enable",
    "log.cleanup.policy",
    "log.dir",
    "log.dir.failure.timeout.ms",
    "log.dirs",
    "log.flush.offset.checkpoint.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.flush.start.offset.checkpoint.interval.ms",
    "log.index.interval.bytes",
    "log.index.size.max.bytes",
    "log.message.format.version",
    "log.message.timestamp.type",
    "log.preallocate",
    "log.retention.bytes",
    "log.retention.check.interval.ms",
    "log.retention.hours",
    "log.retention.minutes",
    "log.retention.ms",
    "log.roll.hours",
    "log.roll.jitter.ms",
    "log.roll.ms",
    "log.segment.bytes",
    "log.segment.delete.delay.ms",
    "max.connections",
    "max.connections.per.ip",
    "max.incremental.fetch.session.cache.slots",
    "metadata.log.dir",
    "metadata.max.idle.interval.ms",
    "metric.reporters",
    "node.id",
    "num.recovery.threads.per.data.dir",
    "num.replica.alter.log.dirs.threads",
    "num.replica.fetchers",
    "offset.metadata.max.bytes",
    "offsets.commit.timeout.ms",
    "offsets.retention.check.interval.ms",
    "offsets.retention.minutes",
    "offsets.topic.compression.codec",
    "offsets.topic.num.partitions",
    "offsets.topic.replication.factor",
    "offsets.topic.segment.bytes",
    "port",
    "process.roles",
    "producer.id.expiration.check.interval.ms",
    "queued.max.request.bytes",
    "queued.max.requests",
    "replica.selector.class",
    "replica.socket.receive.buffer.bytes",
    "request.timeout.ms",
    "security.inter.broker.protocol",
    "socket.receive.buffer.bytes",
    "socket.request.max.bytes",
    "socket.send.buffer.bytes",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms",
    "transaction.max.timeout.ms",
    "transaction.partition.verification.enable",
    "transaction.remove.expired.transaction.cleanup.interval.ms",
    "transaction.state.log.min.isr",
    "transaction.state.log.num.partitions",
    "transaction.state.log.replication.factor",
    "transaction.state.log.segment.bytes",
    "zookeeper.connect",
    "zookeeper.connection.timeout.ms",
];

/// ZooKeeper's tickTime where nobody sets it: sessions were recorded to end a multiple of 3 s apart.
pub const ZOOKEEPER_TICK: Duration = Duration::from_secs(3);
/// `minSessionTimeout` and `maxSessionTimeout` where nobody sets them, in ticks: whatever a client asks for, its session lasts
/// that long at least and at most.
const SESSION_TICKS: (u64, u64) = (2, 20);

/// Between two turns of a loop of the broker or the controller.
const PAUSES: &[&str] = &[
    "replica.fetch.backoff.ms",
    "broker.heartbeat.interval.ms",
    "broker.session.timeout.ms",
    "leader.imbalance.check.interval.seconds",
];

impl BrokerConfig {
    /// Kafka's own defaults.
    pub fn defaults(version: KafkaVersion) -> BrokerConfig {
        BrokerConfig::from_properties(version, &[]).expect("Kafka accepts its own defaults").config
    }

    /// What a broker and the controller make of `server.properties`.
    pub fn from_properties(
        version: KafkaVersion,
        properties: &[(&str, &str)],
    ) -> Result<Configured<BrokerConfig>, Failure> {
        let values = Values::read(BROKER_SETTINGS, RECOGNISED, version, properties)?;
        require(&values, version)?;
        let mut notices = values.spinning(PAUSES);
        let or = |key: &str, fallback: u32| if values.exists(key) { values.small(key) } else { fallback };
        let session = if version.uses_zookeeper() {
            zookeeper_session(&values, version, &mut notices)?
        } else {
            values.pause("broker.session.timeout.ms")
        };
        // `LogManager.apply`; producer.id.expiration.ms came in 3.4 (KIP-854).
        let (own, shared) = ("producer.id.expiration.ms", "transactional.id.expiration.ms");
        let expiration = if values.exists(own) { own } else { shared };
        if values.exists(own) && values.is_given(shared) {
            let why = "since 3.4 only transactions hang on it, and they are not modelled";
            notices.push(Notice { key: shared, now: None, why: why.into() });
        }
        let config = BrokerConfig {
            min_insync_replicas: values.small("min.insync.replicas"),
            unclean_leader_election_enable: values.flag("unclean.leader.election.enable"),
            message_max_bytes: values.small("message.max.bytes"),
            replica_lag_time_max: values.millis("replica.lag.time.max.ms"),
            replica_fetch_wait_max: values.millis("replica.fetch.wait.max.ms"),
            replica_fetch_min_bytes: values.small("replica.fetch.min.bytes"),
            replica_fetch_max_bytes: values.small("replica.fetch.max.bytes"),
            replica_fetch_response_max_bytes: or("replica.fetch.response.max.bytes", 10 << 20),
            replica_fetch_backoff: values.pause("replica.fetch.backoff.ms"),
            replica_socket_timeout: values.millis("replica.socket.timeout.ms"),
            replica_high_watermark_checkpoint_interval: values
                .millis("replica.high.watermark.checkpoint.interval.ms"),
            fetch_max_bytes: or("fetch.max.bytes", 55 << 20),
            num_network_threads: values.small("num.network.threads"),
            num_io_threads: values.small("num.io.threads"),
            broker_heartbeat_interval: values.pause("broker.heartbeat.interval.ms"),
            broker_session_timeout: session,
            controlled_shutdown_enable: values.flag("controlled.shutdown.enable"),
            auto_leader_rebalance_enable: values.flag("auto.leader.rebalance.enable"),
            leader_imbalance_check_interval: imbalance_check(&values, version)?,
            unclean_leader_election_interval: Duration::from_millis(
                or("unclean.leader.election.interval.ms", 300_000).into(),
            ),
            log_flush_interval_messages: Some(values.count("log.flush.interval.messages"))
                .filter(|&messages| messages < i64::MAX as u64),
            log_flush_interval: values
                .number("log.flush.interval.ms")
                .map(|millis| Duration::from_millis(millis.max(0) as u64)),
            producer_id_expiration: values.millis(expiration),
            eligible_leader_replicas: values.count("eligible.leader.replicas.version") > 0,
        };
        Ok(values.configured(config, notices))
    }
}

/// `KafkaConfig.validateValues`, and what a broker does not survive at its start.
fn require(values: &Values, version: KafkaVersion) -> Result<(), Failure> {
    let fail = |message: String| Err(Failure::new("IllegalArgumentException", message));
    let number = |key| values.number(key).unwrap_or_default();
    let (wait, lag) = (number("replica.fetch.wait.max.ms"), number("replica.lag.time.max.ms"));
    if wait > number("replica.socket.timeout.ms") {
        return fail(
            "requirement failed: replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to \
             prevent unnecessary socket timeouts"
                .to_owned(),
        );
    }
    if wait > lag {
        let relation = if !version.says_less_than_or_equal() { "at least" } else { "less than or equal to" };
        return fail(format!(
            "requirement failed: replica.fetch.wait.max.ms should always be {relation} replica.lag.time.max.ms to \
             prevent frequent changes in ISR"
        ));
    }
    // Since 3.3 a period of 0 stands for one run.
    if version.uses_zookeeper() && lag / 2 == 0 {
        return fail(format!(
            "Fatal error during KafkaServer startup. Prepare to shutdown (the period of isr-expiration is half of \
             replica.lag.time.max.ms={lag}, and scheduleAtFixedRate takes none of 0 ms)"
        ));
    }
    Ok(())
}

/// What ZooKeeper makes of the session that the broker asks for. Without time to connect the broker ends itself:
/// zookeeper.connection.timeout.ms is the session's where nobody sets it.
fn zookeeper_session(
    values: &Values,
    version: KafkaVersion,
    notices: &mut Vec<Notice>,
) -> Result<Duration, Failure> {
    let key = "zookeeper.session.timeout.ms";
    if values.count(key) == 0 {
        let asked = values.number(key).unwrap_or_default();
        return Err(if version.connects_by_zkclient() {
            let message = format!("Unable to connect to zookeeper server with timeout of {asked} ms");
            Failure::new("ZkTimeoutException", message)
        } else {
            let message = "Timed out waiting for connection while in state: CONNECTING";
            Failure::new("ZooKeeperClientTimeoutException", message)
        });
    }
    let (least, most) = (ZOOKEEPER_TICK * SESSION_TICKS.0, ZOOKEEPER_TICK * SESSION_TICKS.1);
    let granted = values.millis(key).clamp(least, most);
    if granted != values.millis(key) {
        let why = "ZooKeeper grants sessions of 2 to 20 ticks, and a tick is 3 s";
        let now = Some(granted.as_millis().to_string().into());
        notices.push(Notice { key, now, why: why.into() });
    }
    Ok(granted)
}

fn imbalance_check(values: &Values, version: KafkaVersion) -> Result<Duration, Failure> {
    let key = "leader.imbalance.check.interval.seconds";
    let asked = values.number(key).unwrap_or_default();
    if asked < 1 && version.refuses_no_imbalance_check() {
        return Err(invalid(key, &asked.to_string(), "Value must be at least 1"));
    }
    // In 0.10 it is the period of a scheduled task; later the delay until the next one.
    match (version.checks_imbalance_at_a_fixed_rate(), asked) {
        (true, 0) if values.flag("auto.leader.rebalance.enable") => Err(Failure::new(
            "IllegalArgumentException",
            "Error while electing or becoming leader on broker (the period of partition-rebalance-thread is \
             leader.imbalance.check.interval.seconds=0, and scheduleAtFixedRate takes none of 0 s)",
        )),
        (true, ..0) => Ok(Duration::MAX),
        _ => Ok(Duration::from_secs(values.count(key)).max(TURN)),
    }
}
