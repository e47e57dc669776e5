//! `ProducerConfig`: the producer's settings, their defaults and conflicts.

use super::define::{BACKOFFS, Configured, Notice, Values, invalid, settings};
use crate::error::Failure;
use crate::protocol::data::Acks;
use crate::time::Duration;
use crate::version::KafkaVersion;
use serde::{Deserialize, Serialize};

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

settings! {
    /// In the order of Kafka's own definition.
    PRODUCER_SETTINGS:
    "bootstrap.servers" Text [V0_10 None] Any, Network High "";
    "client.dns.lookup" Text [V2_4 Some("default"), V2_8 Some("use_all_dns_ips")] Any, Network Low "";
    "buffer.memory" Long [V0_10 Some("33554432")] AtLeast(0), Capacity High "How much memory unsent and unanswered batches may take before send() blocks.";
    "retries" Int [V0_10 Some("0"), V2_4 Some("2147483647")] Between(0, 2147483647), Timeouts High "How often a batch is sent again; 0 fails what was in flight at the first error.";
    "acks" Text [V0_10 Some("1"), V3_6 Some("all")] OneOf(&["all", "-1", "0", "1"]), Durability High "Who must have a record before it counts as sent: nobody, the leader, or every in-sync replica.";
    "compression.type" Text [V0_10 Some("none")] OneOf(&["none", "gzip", "snappy", "lz4", "zstd"]), Batching Medium "Smaller batches on the wire and in the log, for time on the client.";
    "compression.gzip.level" Int [V3_9 Some("-1")] BetweenOrMinusOne(1, 9), Batching Low "";
    "compression.lz4.level" Int [V3_9 Some("9")] Between(1, 17), Batching Low "";
    "compression.zstd.level" Int [V3_9 Some("3")] Between(-131072, 22), Batching Low "";
    "batch.size" Int [V0_10 Some("16384")] AtLeast(0), Batching High "A batch that reaches this size is sent without waiting for linger.ms.";
    "partitioner.adaptive.partitioning.enable" Boolean [V3_6 Some("true")] Any, Partitioning Low "Records without a key go more often to partitions whose queue is short.";
    "partitioner.availability.timeout.ms" Long [V3_6 Some("0")] AtLeast(0), Partitioning Low "A broker that takes no request for this long gets no records without a key.";
    "partitioner.ignore.keys" Boolean [V3_6 Some("false")] Any, Partitioning Low "Records with a key are spread as if they had none.";
    "linger.ms" Long [V0_10 Some("0"), V4_0 Some("5")] AtLeast(0), Batching High "How long a batch waits for more records, counted from its first one.";
    "delivery.timeout.ms" Int [V2_4 Some("120000")] AtLeast(0), Timeouts High "From the batch's first record to giving up, retries and all.";
    "client.id" Text [V0_10 Some("")] Any, Other Medium "";
    "send.buffer.bytes" Int [V0_10 Some("131072")] AtLeast(-1), Network Medium "";
    "receive.buffer.bytes" Int [V0_10 Some("32768")] AtLeast(-1), Network Medium "";
    "max.request.size" Int [V0_10 Some("1048576")] AtLeast(0), Capacity Medium "Largest record, and how much one request carries.";
    "reconnect.backoff.ms" Long [V0_10 Some("50")] AtLeast(0), Network Low "Wait before connecting again.";
    "reconnect.backoff.max.ms" Long [V0_11 Some("1000")] AtLeast(0), Network Low "Up to this the wait before connecting doubles.";
    "retry.backoff.ms" Long [V0_10 Some("100")] AtLeast(0), Timeouts Low "Wait before a batch is sent again, and before metadata is asked for again.";
    "retry.backoff.max.ms" Long [V3_9 Some("1000")] AtLeast(0), Timeouts Low "Up to this the wait before a retry doubles.";
    "max.block.ms" Long [V0_10 Some("60000")] AtLeast(0), Timeouts Medium "How long send() may wait for metadata or memory.";
    "request.timeout.ms" Int [V0_10 Some("30000")] AtLeast(0), Timeouts Medium "How long an answer may take before the connection is closed.";
    "metadata.max.age.ms" Long [V0_10 Some("300000")] AtLeast(0), Network Low "How long the client believes what it knows about leaders.";
    "metadata.max.idle.ms" Long [V2_8 Some("300000")] AtLeast(5000), Network Low "";
    "metrics.sample.window.ms" Long [V0_10 Some("30000")] AtLeast(0), Other Low "";
    "metrics.num.samples" Int [V0_10 Some("2")] AtLeast(1), Other Low "";
    "max.in.flight.requests.per.connection" Int [V0_10 Some("5")] AtLeast(1), Ordering Low "Requests sent to one broker before its first answer. Without idempotence more than 1 lets a retry overtake.";
    "key.serializer" Text [V0_10 None] Any, Other High "";
    "value.serializer" Text [V0_10 None] Any, Other High "";
    "socket.connection.setup.timeout.ms" Long [V2_8 Some("10000")] Any, Network Medium "How long a connection attempt may take.";
    "socket.connection.setup.timeout.max.ms" Long [V2_8 Some("30000")] Any, Network Medium "Up to this the time for an attempt doubles.";
    "connections.max.idle.ms" Long [V0_10 Some("540000")] Any, Network Medium "";
    "partitioner.class" Class [V0_10 None] Any, Partitioning Medium "RoundRobinPartitioner instead of the built-in choice.";
    "enable.idempotence" Boolean [V0_11 Some("false"), V3_6 Some("true")] Any, Ordering Low "The broker recognises a batch that it already has, and refuses one that skips ahead.";
    "transaction.timeout.ms" Int [V0_11 Some("60000")] Any, Other Low "";
    "transactional.id" Text [V0_11 None] NonEmpty, Other Low "";
    "metadata.recovery.strategy" Text [V3_9 Some("none"), V4_0 Some("rebootstrap")] OneOf(&["none", "rebootstrap"]), Network Low "";
    "metadata.recovery.rebootstrap.trigger.ms" Long [V4_0 Some("300000")] AtLeast(0), Network Low "";
}

/// Known to Kafka; nothing here hangs on them.
const RECOGNISED: &[&str] = &[
    "auto.include.jmx.reporter",
    "config.providers",
    "enable.metrics.push",
    "interceptor.classes",
    "metric.reporters",
    "metrics.recording.level",
    "partitioner.rack.aware",
    "client.rack",
    "sasl.client.callback.handler.class",
    "sasl.jaas.config",
    "sasl.kerberos.service.name",
    "sasl.login.callback.handler.class",
    "sasl.login.class",
    "sasl.mechanism",
    "sasl.oauthbearer.token.endpoint.url",
    "security.protocol",
    "security.providers",
    "ssl.cipher.suites",
    "ssl.enabled.protocols",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.protocol",
    "ssl.provider",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
    "transaction.two.phase.commit.enable",
];

impl ProducerConfig {
    /// Kafka's own defaults.
    pub fn defaults(version: KafkaVersion) -> ProducerConfig {
        ProducerConfig::from_properties(version, &[]).expect("Kafka accepts its own defaults").config
    }

    /// What `new KafkaProducer(properties)` makes of these settings.
    pub fn from_properties(
        version: KafkaVersion,
        properties: &[(&str, &str)],
    ) -> Result<Configured<ProducerConfig>, Failure> {
        let values = Values::read(PRODUCER_SETTINGS, RECOGNISED, version, properties)?;
        let mut notices = values.spinning(BACKOFFS);

        let (reconnect_backoff, reconnect_backoff_max) = values.reconnect_backoff();
        if values.exists("reconnect.backoff.max.ms")
            && values.is_given("reconnect.backoff.ms")
            && !values.is_given("reconnect.backoff.max.ms")
        {
            notices.push(Notice {
                key: "reconnect.backoff.max.ms",
                now: Some(values.count("reconnect.backoff.ms").to_string().into()),
                why: "follows reconnect.backoff.ms, which alone was set: the wait does not grow".into(),
            });
        }

        let (retry_backoff, retry_backoff_max) = values.backoff("retry.backoff.ms", "retry.backoff.max.ms");
        if retry_backoff > retry_backoff_max {
            notices.push(Notice {
                key: "retry.backoff.ms",
                now: Some(retry_backoff_max.as_millis().to_string().into()),
                why: "above retry.backoff.max.ms: the wait is constant, without growth or jitter".into(),
            });
        }

        let idempotence = idempotence(&values, version, &mut notices)?;
        let delivery_timeout = delivery_timeout(&values, &mut notices)?;

        let partitioner = match values.text("partitioner.class") {
            None => Partitioner::BuiltIn,
            Some("org.apache.kafka.clients.producer.RoundRobinPartitioner")
                if version.has_round_robin_partitioner() =>
            {
                Partitioner::RoundRobin
            }
            Some("org.apache.kafka.clients.producer.internals.DefaultPartitioner")
                if version.has_default_partitioner() =>
            {
                Partitioner::BuiltIn
            }
            Some(class) => {
                let message = format!("Class {class} could not be found.");
                return Err(invalid("partitioner.class", class, &message));
            }
        };
        // No interceptor exists here.
        let interceptors = properties.iter().rev().find(|(key, _)| *key == "interceptor.classes");
        if let Some((_, class)) = interceptors.filter(|(_, classes)| !classes.trim().is_empty()) {
            let first = class.split(',').next().unwrap_or(class).trim();
            return Err(Failure::new("ClassNotFoundException", first));
        }

        let (batch_size, buffer_memory) = (values.small("batch.size"), values.count("buffer.memory"));
        if u64::from(batch_size) > buffer_memory {
            notices.push(Notice {
                key: "batch.size",
                now: None,
                why: "larger than buffer.memory: every send() that needs a new batch throws IllegalArgumentException"
                    .into(),
            });
        }
        let setup = |key, fallback| if values.exists(key) { values.millis(key) } else { fallback };
        let config = ProducerConfig {
            acks: idempotence.acks,
            enable_idempotence: idempotence.enabled,
            retries: idempotence.retries,
            max_in_flight_requests_per_connection: values.small("max.in.flight.requests.per.connection"),
            linger: linger(&values),
            batch_size,
            buffer_memory,
            max_block: values.millis("max.block.ms"),
            delivery_timeout,
            request_timeout: values.millis("request.timeout.ms"),
            retry_backoff,
            retry_backoff_max,
            reconnect_backoff,
            reconnect_backoff_max,
            socket_connection_setup_timeout: setup(
                "socket.connection.setup.timeout.ms",
                Duration::from_secs(10),
            ),
            socket_connection_setup_timeout_max: setup(
                "socket.connection.setup.timeout.max.ms",
                Duration::from_secs(30),
            ),
            max_request_size: values.small("max.request.size"),
            compression: match values.text("compression.type") {
                Some("gzip") => Compression::Gzip,
                Some("snappy") => Compression::Snappy,
                Some("lz4") => Compression::Lz4,
                Some("zstd") => Compression::Zstd,
                _ => Compression::None,
            },
            metadata_max_age: values.millis("metadata.max.age.ms"),
            partitioner,
            partitioner_ignore_keys: values.flag("partitioner.ignore.keys"),
            partitioner_adaptive_partitioning_enable: values.flag("partitioner.adaptive.partitioning.enable"),
            partitioner_availability_timeout: values.millis("partitioner.availability.timeout.ms"),
        };
        Ok(values.configured(config, notices))
    }
}

/// Clamped to an int of milliseconds.
fn linger(values: &Values) -> Duration {
    Duration::from_millis(values.count("linger.ms").min(i32::MAX as u64))
}

struct Idempotence {
    enabled: bool,
    acks: Acks,
    retries: u32,
}

/// `ProducerConfig.postProcessAndValidateIdempotenceConfigs`.
fn idempotence(
    values: &Values,
    version: KafkaVersion,
    notices: &mut Vec<Notice>,
) -> Result<Idempotence, Failure> {
    let refuse = |message: &str| Err(Failure::new("ConfigException", message));
    let explicit = values.is_given("enable.idempotence");
    let transactional = values.is_given("transactional.id");
    let mut result = Idempotence {
        enabled: values.flag("enable.idempotence"),
        acks: match values.text("acks") {
            Some("0") => Acks::None,
            Some("1") => Acks::Leader,
            _ => Acks::All,
        },
        retries: values.small("retries"),
    };
    let on_by_default = version.is_idempotent_by_default();
    if !on_by_default {
        // Before 3.0: asked for, idempotence brings acks=all and retries along, unless they were set otherwise.
        if transactional && !explicit {
            result.enabled = true;
        }
        if result.enabled && !values.is_given("acks") && result.acks != Acks::All {
            result.acks = Acks::All;
            notices.push(changed("acks", "all", "enable.idempotence asks for it"));
        }
        if result.enabled && !values.is_given("retries") && result.retries == 0 {
            result.retries = i32::MAX as u32;
            notices.push(changed("retries", "2147483647", "enable.idempotence asks for it"));
        }
    }
    // Where it is on only by default, a conflict switches it off.
    let silent = on_by_default && !explicit;
    if result.enabled {
        let in_flight = values.small("max.in.flight.requests.per.connection");
        let mut off = None;
        if result.retries == 0 {
            if !silent {
                return refuse("Must set retries to non-zero when using the idempotent producer.");
            }
            off = Some("retries=0");
        }
        if result.acks != Acks::All {
            if !silent {
                return refuse(
                    "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.",
                );
            }
            off = Some(if result.acks == Acks::None { "acks=0" } else { "acks=1" });
        }
        if in_flight > 5 {
            if version.refuses_too_many_in_flight() {
                return refuse(&format!(
                    "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is {in_flight}."
                ));
            }
            if !silent {
                return refuse(
                    "Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.",
                );
            }
            off = Some("max.in.flight.requests.per.connection above 5");
        }
        if let Some(conflict) = off {
            result.enabled = false;
            notices.push(changed(
                "enable.idempotence",
                "false",
                &format!("{conflict} switches it off, with a line in the log at most"),
            ));
        }
    }
    if transactional && !result.enabled {
        return refuse("Cannot set a transactional.id without also enabling idempotence.");
    }
    Ok(result)
}

/// `KafkaProducer.configureDeliveryTimeout`.
fn delivery_timeout(values: &Values, notices: &mut Vec<Notice>) -> Result<Duration, Failure> {
    if !values.exists("delivery.timeout.ms") {
        return Ok(Duration::from_secs(120));
    }
    let configured = values.millis("delivery.timeout.ms");
    let least = Duration::from_millis(
        (linger(values) + values.millis("request.timeout.ms")).as_millis().min(i32::MAX as u64),
    );
    if configured >= least {
        return Ok(configured);
    }
    if values.is_given("delivery.timeout.ms") {
        return Err(Failure::new(
            "ConfigException",
            "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms",
        ));
    }
    notices.push(changed(
        "delivery.timeout.ms",
        &least.as_millis().to_string(),
        "raised to linger.ms + request.timeout.ms",
    ));
    Ok(least)
}

fn changed(key: &'static str, now: &str, why: &str) -> Notice {
    Notice { key, now: Some(now.into()), why: why.into() }
}
