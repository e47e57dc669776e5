//! What Kafka 4.3.1 answered to forty producer configurations, as recorded, and the older versions' rules.

use super::{BrokerConfig, ConsumerConfig, OffsetReset, Partitioner, ProducerConfig, TURN, TopicConfig};
use crate::error::Failure;
use crate::protocol::data::Acks;
use crate::time::Duration;
use crate::version::KafkaVersion;

/// Settings, and the exception and message that the constructor answered with, if it did.
type Constructed = (&'static str, Result<(), (&'static str, &'static str)>);

const RECORDED: &[Constructed] = &[
    ("", Ok(())),
    ("acks=1", Ok(())),
    ("acks=0", Ok(())),
    (
        "acks=1;enable.idempotence=true",
        Err((
            "ConfigException",
            "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.",
        )),
    ),
    (
        "acks=0;enable.idempotence=true",
        Err((
            "ConfigException",
            "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.",
        )),
    ),
    ("retries=0", Ok(())),
    (
        "retries=0;enable.idempotence=true",
        Err(("ConfigException", "Must set retries to non-zero when using the idempotent producer.")),
    ),
    (
        "max.in.flight.requests.per.connection=6",
        Err((
            "ConfigException",
            "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is 6.",
        )),
    ),
    (
        "max.in.flight.requests.per.connection=6;enable.idempotence=true",
        Err((
            "ConfigException",
            "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is 6.",
        )),
    ),
    ("max.in.flight.requests.per.connection=6;enable.idempotence=false", Ok(())),
    (
        "transactional.id=x;enable.idempotence=false",
        Err(("ConfigException", "Cannot set a transactional.id without also enabling idempotence.")),
    ),
    (
        "transactional.id=x;acks=1",
        Err(("ConfigException", "Cannot set a transactional.id without also enabling idempotence.")),
    ),
    (
        "transactional.id=x;retries=0",
        Err(("ConfigException", "Cannot set a transactional.id without also enabling idempotence.")),
    ),
    (
        "transactional.id=x;max.in.flight.requests.per.connection=6",
        Err((
            "ConfigException",
            "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is 6.",
        )),
    ),
    (
        "delivery.timeout.ms=1000;request.timeout.ms=2000",
        Err((
            "ConfigException",
            "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms",
        )),
    ),
    (
        "delivery.timeout.ms=30000;request.timeout.ms=30000;linger.ms=1",
        Err((
            "ConfigException",
            "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms",
        )),
    ),
    ("delivery.timeout.ms=30000;request.timeout.ms=30000;linger.ms=0", Ok(())),
    ("request.timeout.ms=200000", Ok(())),
    (
        "acks=2",
        Err((
            "ConfigException",
            "Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1",
        )),
    ),
    (
        "acks=quorum",
        Err((
            "ConfigException",
            "Invalid value quorum for configuration acks: String must be one of: all, -1, 0, 1",
        )),
    ),
    ("acks=-1", Ok(())),
    (
        "linger.ms=-1",
        Err(("ConfigException", "Invalid value -1 for configuration linger.ms: Value must be at least 0")),
    ),
    ("batch.size=0", Ok(())),
    (
        "batch.size=-1",
        Err(("ConfigException", "Invalid value -1 for configuration batch.size: Value must be at least 0")),
    ),
    (
        "compression.type=brotli",
        Err((
            "ConfigException",
            "Invalid value brotli for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd",
        )),
    ),
    (
        "buffer.memory=-5",
        Err((
            "ConfigException",
            "Invalid value -5 for configuration buffer.memory: Value must be at least 0",
        )),
    ),
    (
        "max.request.size=-1",
        Err((
            "ConfigException",
            "Invalid value -1 for configuration max.request.size: Value must be at least 0",
        )),
    ),
    (
        "retries=-1",
        Err(("ConfigException", "Invalid value -1 for configuration retries: Value must be at least 0")),
    ),
    ("partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner", Ok(())),
    (
        "partitioner.class=Nope",
        Err((
            "ConfigException",
            "Invalid value Nope for configuration partitioner.class: Class Nope could not be found.",
        )),
    ),
    ("retry.backoff.ms=2000;retry.backoff.max.ms=1000", Ok(())),
    (
        "enable.idempotence=maybe",
        Err((
            "ConfigException",
            "Invalid value maybe for configuration enable.idempotence: Expected value to be either true or false",
        )),
    ),
    (
        "max.block.ms=-1",
        Err(("ConfigException", "Invalid value -1 for configuration max.block.ms: Value must be at least 0")),
    ),
    (
        "compression.type=gzip;compression.gzip.level=12",
        Err((
            "ConfigException",
            "Invalid value 12 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        )),
    ),
    ("delivery.timeout.ms=120001;linger.ms=90001", Ok(())),
    ("transactional.id=x;transaction.timeout.ms=0", Ok(())),
    ("transaction.timeout.ms=900001;transactional.id=x", Ok(())),
    (
        "metadata.max.age.ms=-1",
        Err((
            "ConfigException",
            "Invalid value -1 for configuration metadata.max.age.ms: Value must be at least 0",
        )),
    ),
    ("interceptor.classes=Nope", Err(("ClassNotFoundException", "Nope"))),
    (
        "max.in.flight.requests.per.connection=0",
        Err((
            "ConfigException",
            "Invalid value 0 for configuration max.in.flight.requests.per.connection: Value must be at least 1",
        )),
    ),
];

fn properties(text: &str) -> Vec<(&str, &str)> {
    text.split(';').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').expect("k=v")).collect()
}

fn producer(version: KafkaVersion, text: &str) -> Result<ProducerConfig, String> {
    ProducerConfig::from_properties(version, &properties(text))
        .map(|configured| configured.config)
        .map_err(|failure| failure.message.into())
}

fn notices(version: KafkaVersion, text: &str) -> Vec<(&'static str, Option<String>)> {
    let configured = ProducerConfig::from_properties(version, &properties(text)).expect("accepted");
    configured.notices.into_iter().map(|notice| (notice.key, notice.now.map(String::from))).collect()
}

#[test]
fn every_recorded_configuration_is_answered_as_kafka_answered() {
    assert_eq!(RECORDED.len(), 40);
    for &(text, want) in RECORDED {
        let found = ProducerConfig::from_properties(KafkaVersion::V4_3, &properties(text));
        let found = found.as_ref().map(|_| ()).map_err(|failure| (&*failure.exception, &*failure.message));
        assert_eq!(found, want, "{text}");
    }
}

#[test]
fn what_kafka_changes_silently_is_told() {
    let v = KafkaVersion::V4_3;
    assert_eq!(notices(v, ""), []);
    for conflict in ["acks=1", "acks=0", "retries=0"] {
        assert_eq!(notices(v, conflict), [("enable.idempotence", Some("false".to_owned()))], "{conflict}");
    }
    assert_eq!(notices(v, "acks=1;enable.idempotence=false"), []);
    assert_eq!(notices(v, "request.timeout.ms=200000"), [("delivery.timeout.ms", Some("200005".to_owned()))]);
    assert_eq!(notices(v, "reconnect.backoff.ms=70"), [("reconnect.backoff.max.ms", Some("70".to_owned()))]);
    assert_eq!(notices(v, "retry.backoff.ms=2000"), [("retry.backoff.ms", Some("1000".to_owned()))]);
    assert_eq!(notices(v, "buffer.memory=1000"), [("batch.size", None)]);
}

#[test]
fn keys_are_sorted_into_effective_idle_and_unknown() {
    let text =
        "acks=1;key.serializer=org.apache.kafka.common.serialization.StringSerializer;ackz=1;ssl.provider=x";
    let configured = ProducerConfig::from_properties(KafkaVersion::V4_3, &properties(text)).unwrap();
    assert_eq!(configured.unknown, ["ackz".into()]);
    assert_eq!(configured.without_effect, ["key.serializer".into(), "ssl.provider".into()]);
    // a key that came later is unknown to an older version
    let configured =
        ProducerConfig::from_properties(KafkaVersion::V1_1, &properties("delivery.timeout.ms=1")).unwrap();
    assert_eq!(configured.unknown, ["delivery.timeout.ms".into()]);
}

#[test]
fn six_in_flight_switch_idempotence_off_until_3_9_and_are_refused_since_4_0() {
    let six = "max.in.flight.requests.per.connection=6";
    assert_eq!(producer(KafkaVersion::V3_9, six).map(|config| config.enable_idempotence), Ok(false));
    assert!(producer(KafkaVersion::V4_0, six).is_err());
    // acks=1 alone would have switched it off, but the refusal comes all the same
    assert!(producer(KafkaVersion::V4_0, "max.in.flight.requests.per.connection=6;acks=1").is_err());
}

#[test]
fn before_3_0_idempotence_is_asked_for_and_brings_acks_and_retries_along() {
    let plain = producer(KafkaVersion::V1_1, "").unwrap();
    assert_eq!((plain.acks, plain.retries, plain.enable_idempotence), (Acks::Leader, 0, false));
    let asked = producer(KafkaVersion::V1_1, "enable.idempotence=true").unwrap();
    assert_eq!((asked.acks, asked.retries, asked.enable_idempotence), (Acks::All, i32::MAX as u32, true));
    assert!(producer(KafkaVersion::V2_8, "enable.idempotence=true;acks=1").is_err());
    assert!(producer(KafkaVersion::V2_8, "transactional.id=x").unwrap().enable_idempotence);
}

#[test]
fn defaults_follow_the_version() {
    let linger = |version| ProducerConfig::defaults(version).linger;
    assert_eq!(
        (linger(KafkaVersion::V3_9), linger(KafkaVersion::V4_0)),
        (Duration::ZERO, Duration::from_millis(5))
    );
    let backoff = |version| ProducerConfig::defaults(version).retry_backoff_max.as_millis();
    assert_eq!((backoff(KafkaVersion::V2_8), backoff(KafkaVersion::V4_3)), (100, 1_000));
    let lag = |version| BrokerConfig::defaults(version).replica_lag_time_max.as_millis();
    assert_eq!((lag(KafkaVersion::V1_1), lag(KafkaVersion::V2_8)), (10_000, 30_000));
    let session = |version| BrokerConfig::defaults(version).broker_session_timeout.as_millis();
    assert_eq!(
        (session(KafkaVersion::V1_1), session(KafkaVersion::V2_8), session(KafkaVersion::V4_3)),
        (6_000, 18_000, 9_000)
    );
    let unclean = |version| BrokerConfig::defaults(version).unclean_leader_election_enable;
    assert_eq!((unclean(KafkaVersion::V0_10), unclean(KafkaVersion::V1_1)), (true, false));
    let elr = |version| BrokerConfig::defaults(version).eligible_leader_replicas;
    assert_eq!((elr(KafkaVersion::V4_0), elr(KafkaVersion::V4_1)), (false, true));
    assert_eq!(BrokerConfig::defaults(KafkaVersion::V4_3).log_flush_interval_messages, None);
}

#[test]
fn brokers_topics_and_consumers_complain_in_kafkas_words() {
    let broker =
        BrokerConfig::from_properties(KafkaVersion::V4_3, &[("min.insync.replicas", "0")]).unwrap_err();
    assert_eq!(
        (&*broker.exception, &*broker.message),
        (
            "ConfigException",
            "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1"
        )
    );
    let topic = TopicConfig::from_properties(KafkaVersion::V4_3, &[("flush.messages", "many")]).unwrap_err();
    assert_eq!(
        (&*topic.exception, &*topic.message),
        (
            "InvalidConfigurationException",
            "Invalid value many for configuration flush.messages: Not a number of type LONG"
        )
    );
    let consumer =
        |reset| ConsumerConfig::from_properties(KafkaVersion::V4_3, &[("auto.offset.reset", reset)]);
    assert_eq!(consumer("none").unwrap().config.auto_offset_reset, OffsetReset::None);
    assert_eq!(consumer("first").unwrap_err().exception, "ConfigException");
}

#[test]
fn the_round_robin_partitioner_is_there() {
    let class = "partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner";
    assert_eq!(producer(KafkaVersion::V4_3, class).unwrap().partitioner, Partitioner::RoundRobin);
}

#[test]
fn every_default_is_valid_in_every_version() {
    for version in KafkaVersion::ALL {
        ProducerConfig::defaults(version);
        BrokerConfig::defaults(version);
        TopicConfig::from_properties(version, &[]).unwrap();
        ConsumerConfig::from_properties(version, &[]).unwrap();
    }
}

fn broker(version: KafkaVersion, text: &str) -> Result<BrokerConfig, Failure> {
    BrokerConfig::from_properties(version, &properties(text)).map(|configured| configured.config)
}

/// Settings of brokers that no broker starts with, and what Kafka says: `KafkaConfig.validateValues`, KafkaScheduler before
/// 3.3, the ZooKeeper clients.
#[test]
fn a_broker_that_would_not_start_is_refused_in_kafkas_words() {
    use KafkaVersion::{V0_10, V0_11, V1_1, V2_8, V3_6, V4_3};
    let isr = "requirement failed: replica.fetch.wait.max.ms should always be less than or equal to \
               replica.lag.time.max.ms to prevent frequent changes in ISR";
    let old_isr = "requirement failed: replica.fetch.wait.max.ms should always be at least replica.lag.time.max.ms to \
                   prevent frequent changes in ISR";
    let socket = "requirement failed: replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to \
                  prevent unnecessary socket timeouts";
    let period = "Fatal error during KafkaServer startup. Prepare to shutdown (the period of isr-expiration is half of \
                  replica.lag.time.max.ms=1, and scheduleAtFixedRate takes none of 0 ms)";
    let illegal = "IllegalArgumentException";
    let cases = [
        (V4_3, "replica.lag.time.max.ms=0", illegal, isr),
        (V4_3, "replica.lag.time.max.ms=-1", illegal, isr),
        (V4_3, "replica.lag.time.max.ms=499", illegal, isr),
        (V0_11, "replica.lag.time.max.ms=0", illegal, old_isr),
        (V1_1, "replica.fetch.wait.max.ms=10001", illegal, isr),
        (V4_3, "replica.socket.timeout.ms=0", illegal, socket),
        (V2_8, "replica.lag.time.max.ms=1;replica.fetch.wait.max.ms=1", illegal, period),
        (
            V2_8,
            "zookeeper.session.timeout.ms=0",
            "ZooKeeperClientTimeoutException",
            "Timed out waiting for connection while in state: CONNECTING",
        ),
        (
            V0_10,
            "zookeeper.session.timeout.ms=-1",
            "ZkTimeoutException",
            "Unable to connect to zookeeper server with timeout of -1 ms",
        ),
        (
            V3_6,
            "leader.imbalance.check.interval.seconds=0",
            "ConfigException",
            "Invalid value 0 for configuration leader.imbalance.check.interval.seconds: Value must be at least 1",
        ),
        (
            V0_10,
            "leader.imbalance.check.interval.seconds=0",
            illegal,
            "Error while electing or becoming leader on broker (the period of partition-rebalance-thread is \
             leader.imbalance.check.interval.seconds=0, and scheduleAtFixedRate takes none of 0 s)",
        ),
    ];
    for (version, text, exception, message) in cases {
        let failure = broker(version, text).unwrap_err();
        assert_eq!((&*failure.exception, &*failure.message), (exception, message), "{version:?} {text}");
    }
}

/// Where a setting says no pause, the loop turns once a millisecond, however often it fails, and the user hears of it.
#[test]
fn a_loop_without_a_pause_costs_time() {
    let one = (TURN, TURN);
    for version in KafkaVersion::ALL {
        let producer = ProducerConfig::from_properties(
            version,
            &properties("retry.backoff.ms=0;reconnect.backoff.ms=0;reconnect.backoff.max.ms=1000"),
        )
        .unwrap();
        let config = &producer.config;
        assert_eq!((config.retry_backoff, config.retry_backoff_max), one, "{version:?}");
        assert_eq!((config.reconnect_backoff, config.reconnect_backoff_max), one, "{version:?}");
        let told: Vec<&str> = producer.notices.iter().map(|notice| notice.key).collect();
        assert_eq!(told, ["reconnect.backoff.ms", "retry.backoff.ms"], "{version:?}");
        let consumer = ConsumerConfig::from_properties(
            version,
            &properties("retry.backoff.ms=0;reconnect.backoff.ms=0"),
        );
        let config = consumer.unwrap().config;
        assert_eq!(
            (config.retry_backoff, config.reconnect_backoff, config.reconnect_backoff_max),
            (TURN, TURN, TURN)
        );
        assert_eq!(broker(version, "replica.fetch.backoff.ms=0").unwrap().replica_fetch_backoff, TURN);
    }
    for value in ["0", "-1", "-2147483648"] {
        let text = format!("broker.heartbeat.interval.ms={value};broker.session.timeout.ms={value}");
        let config = broker(KafkaVersion::V4_3, &text).unwrap();
        assert_eq!((config.broker_heartbeat_interval, config.broker_session_timeout), one, "{value}");
    }
    let imbalance = |version, value| {
        let text = format!("leader.imbalance.check.interval.seconds={value}");
        broker(version, &text).unwrap().leader_imbalance_check_interval
    };
    assert_eq!(imbalance(KafkaVersion::V2_8, "0"), TURN);
    assert_eq!(imbalance(KafkaVersion::V0_10, "-1"), Duration::MAX, "it runs once");
    assert_eq!(imbalance(KafkaVersion::V4_3, "9223372036854775807"), Duration::MAX);
}

#[test]
fn zookeeper_grants_sessions_of_two_to_twenty_ticks() {
    let granted = |value| {
        let text = format!("zookeeper.session.timeout.ms={value}");
        broker(KafkaVersion::V2_8, &text).unwrap().broker_session_timeout.as_millis()
    };
    assert_eq!(
        [1, 5_999, 6_000, 18_000, 60_000, 60_001, 2_147_483_647].map(granted),
        [6_000, 6_000, 6_000, 18_000, 60_000, 60_000, 60_000]
    );
    // Nobody asks for one in KRaft.
    let kraft = broker(KafkaVersion::V3_6, "zookeeper.session.timeout.ms=0").unwrap();
    assert_eq!(kraft.broker_session_timeout, Duration::from_secs(9));
}

#[test]
fn lag_is_looked_for_every_half_of_it_or_once() {
    let interval = |text: &str| broker(KafkaVersion::V4_3, text).unwrap().isr_check_interval();
    assert_eq!(interval(""), Some(Duration::from_secs(15)));
    assert_eq!(interval("replica.lag.time.max.ms=501"), Some(Duration::from_millis(250)));
    for lag in [1, 0, -1] {
        let text = format!("replica.lag.time.max.ms={lag};replica.fetch.wait.max.ms={lag}");
        assert_eq!(interval(&text), None, "{lag}");
    }
    let old = broker(KafkaVersion::V2_8, "replica.lag.time.max.ms=-2;replica.fetch.wait.max.ms=-2").unwrap();
    assert_eq!(old.isr_check_interval(), None);
}

#[test]
fn a_wait_of_any_length_is_long_and_not_short() {
    for millis in ["18446744073710", "9223372036854775807"] {
        let text = format!("max.block.ms={millis};metadata.max.age.ms={millis}");
        let config = producer(KafkaVersion::V4_3, &text).unwrap();
        assert_eq!((config.max_block, config.metadata_max_age), (Duration::MAX, Duration::MAX), "{millis}");
    }
}

/// `LogManager.apply` of 0.11 to 3.3; a setting of its own since 3.4 (KIP-854).
#[test]
fn how_long_a_producer_is_remembered_hangs_on_the_transactional_setting_at_first() {
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let (old, new) = ("transactional.id.expiration.ms", "producer.id.expiration.ms");
    for version in [KafkaVersion::V0_11, KafkaVersion::V2_4, KafkaVersion::V2_8] {
        assert_eq!(BrokerConfig::defaults(version).producer_id_expiration, days(7), "{version:?}");
        let hour = broker(version, "transactional.id.expiration.ms=3600000").unwrap();
        assert_eq!(hour.producer_id_expiration, Duration::from_secs(3_600));
        let unknown = BrokerConfig::from_properties(version, &[(new, "1")]).unwrap().unknown;
        assert_eq!(unknown, [new.into()]);
    }
    for version in [KafkaVersion::V3_6, KafkaVersion::V4_3] {
        assert_eq!(BrokerConfig::defaults(version).producer_id_expiration, days(1), "{version:?}");
        let made = BrokerConfig::from_properties(version, &[(old, "1")]).unwrap();
        assert_eq!((made.config.producer_id_expiration, made.notices[0].key), (days(1), old));
    }
}
