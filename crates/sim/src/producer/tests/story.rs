//! What the trace tells of a producer: refusals, causes that read well, and whole outages.

use super::harness::{Harness, Setup, ms, untimed};
use crate::error::{ErrorCode, Failure};
use crate::happening::{BatchClose, Fact, Happening};
use crate::ids::{BrokerId, HappeningId, LeaderEpoch, Partition};
use crate::producer::Producer;
use crate::protocol::Body;
use crate::version::KafkaVersion;

/// The chain of causes, from the last happening that `wanted` accepts, by the names of their facts.
fn why(harness: &Harness, wanted: impl Fn(&Fact) -> bool) -> Vec<String> {
    let find = |id: HappeningId| harness.happenings.iter().find(|happening| happening.id == id);
    let last = harness.happenings.iter().rfind(|happening| wanted(&happening.fact));
    std::iter::successors(last, |happening| happening.cause.id().and_then(find)).map(name).collect()
}

fn name(happening: &Happening) -> String {
    let text = format!("{:?}", happening.fact);
    let name = text.split([' ', '{', '(']).next().unwrap_or_default();
    match &happening.fact {
        Fact::BatchClosed { because, .. } => format!("{name}({because:?})"),
        Fact::MessageSent { envelope } => format!("{name}({})", envelope.message.body.api().name()),
        _ => name.to_owned(),
    }
}

fn is_produce(fact: &Fact) -> bool {
    matches!(fact, Fact::MessageSent { envelope } if matches!(envelope.message.body, Body::ProduceRequest(_)))
}

#[test]
fn a_request_is_caused_by_its_batch_and_that_by_its_record() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.linger = ms(5);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(10);
    assert_eq!(
        why(&harness, is_produce),
        ["MessageSent(Produce)", "BatchDrained", "BatchClosed(Linger)", "Buffered", "SendCalled"]
    );
    harness.ok(0, 0);
    harness.to(20);
    // The answer is the mock broker's; its own causes are not the producer's to tell.
    assert_eq!(
        why(&harness, |fact| matches!(fact, Fact::Acknowledged { .. }))[..2],
        ["Acknowledged", "MessageSent(Produce)"]
    );
}

#[test]
fn a_retry_is_caused_by_what_went_wrong() {
    let mut harness = Setup::plain().build().connected();
    harness.send("a");
    harness.to(1);
    harness.disconnect();
    harness.to(500);
    assert_eq!(
        why(&harness, is_produce)[..4],
        ["MessageSent(Produce)", "BatchDrained", "BatchRetried", "Disconnected"]
    );
    let mut setup = Setup::plain();
    setup.config.request_timeout = ms(1_000);
    setup.config.delivery_timeout = ms(5_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(1_500);
    assert_eq!(
        why(&harness, is_produce)[1..5],
        ["BatchDrained", "BatchRetried", "Disconnected", "RequestTimedOut"]
    );
}

#[test]
fn a_failure_is_caused_by_the_expiry_of_its_batch() {
    let mut harness = Setup::plain().build().connected();
    harness.send("a");
    harness.to(2_000);
    assert_eq!(
        why(&harness, |fact| matches!(fact, Fact::SendFailed { .. }))[..3],
        ["SendFailed", "BatchExpired", "BatchDrained"]
    );
}

/// Why batches were closed.
#[test]
fn a_batch_is_closed_for_a_reason() {
    let closed = |harness: &Harness| {
        let reasons = harness.happenings.iter().filter_map(|happening| match happening.fact {
            Fact::BatchClosed { because, .. } => Some(because),
            _ => None,
        });
        reasons.collect::<Vec<_>>()
    };
    let lingering = || {
        let mut setup = Setup::of(KafkaVersion::V4_3);
        setup.config.linger = ms(1_000);
        setup.leaders = vec![1, 1];
        setup
    };
    let mut harness = lingering().build().connected();
    harness.send("a");
    harness.flush();
    harness.to(5);
    assert_eq!(closed(&harness), [BatchClose::Flush]);
    let mut harness = lingering().build().connected();
    harness.send("a");
    harness.close(ms(100));
    harness.to(5);
    assert_eq!(closed(&harness), [BatchClose::Close]);
    let mut setup = lingering();
    setup.config.batch_size = 100;
    let mut harness = setup.build().connected();
    harness.send_to(1, "b");
    harness.send_sized(0, "a", 80);
    harness.send_sized(0, "a", 80);
    harness.to(5);
    assert_eq!(closed(&harness), [BatchClose::Full, BatchClose::Drained]);
    let mut setup = lingering();
    setup.config.buffer_memory = 32_768;
    let mut harness = setup.build().connected();
    harness.send_to(0, "a");
    harness.send_to(1, "b");
    harness.send_sized(0, "large", 16_330);
    harness.to(5);
    assert_eq!(closed(&harness), [BatchClose::Full, BatchClose::MemoryShort]);
}

#[test]
fn a_refused_configuration_is_told() {
    let mut harness = Setup::of(KafkaVersion::V4_3).build();
    let mut spec = (*harness.cx.spec).clone();
    spec.producers[0].config = Err(Failure::new("ConfigException", "no").into());
    harness.producer = Producer::new(&spec, crate::ids::ClientId(0));
    harness.start();
    harness.send("a");
    harness.pass(ms(100));
    assert_eq!(harness.count(|fact| matches!(fact, Fact::ProducerRefused { .. })), 1);
    assert_eq!((harness.happenings.len(), harness.producer.unanswered()), (1, 0));
}

/// The only broker goes away and comes back, in every version.
#[test]
fn a_cluster_that_was_gone_is_found_again() {
    for version in KafkaVersion::ALL {
        let mut setup = Setup::of(version);
        setup.config.retries = 1_000;
        let mut harness = setup.build().connected();
        harness.send("a");
        harness.to(1);
        harness.running(1, false);
        harness.to(2_000);
        harness.send("b");
        harness.to(8_000);
        harness.running(1, true);
        harness.auto_answer = true;
        harness.to(12_000);
        let mut heard = untimed(&harness.heard()).len();
        assert_eq!(heard, 2, "{version:?}: {:?}", harness.heard());
        assert!(harness.events < 2_000, "{version:?}: {} events", harness.events);
        harness.send("c");
        harness.to(12_100);
        heard = harness.heard().len();
        assert_eq!(heard, 3, "{version:?}: {:?}", harness.heard());
    }
}

/// producer.md §2.9: a broker that cannot be sent to for too long loses its share of unkeyed records; but not the
/// partitions that have nothing queued.
#[test]
fn a_slow_broker_is_left_out() {
    let mut setup = Setup::plain();
    setup.brokers = 2;
    setup.leaders = vec![1, 1, 2];
    setup.config.partitioner_availability_timeout = ms(100);
    setup.config.batch_size = 128;
    setup.config.max_in_flight_requests_per_connection = 1;
    setup.config.delivery_timeout = ms(60_000);
    setup.config.request_timeout = ms(50_000);
    let mut harness = setup.build().connected();
    // Every partition has had a batch; broker 1 does not answer, broker 2 does.
    for turn in 0..600_u32 {
        if turn < 6 {
            harness.send_to(turn % 3, "w");
        } else {
            harness.send_unkeyed("v", 100);
        }
        harness.pass(ms(5));
        while let Some(place) = harness.asked.iter().position(|asked| asked.broker == BrokerId(2)) {
            harness.ok(place, 0);
        }
    }
    let late = harness.happenings.iter().filter(|happening| happening.at.as_millis() > 1_000);
    let to: Vec<u16> = late
        .filter_map(|happening| match happening.fact {
            Fact::Buffered { partition, .. } => Some(partition.0),
            _ => None,
        })
        .collect();
    assert!(to.iter().all(|partition| *partition == 2), "{to:?}");
}

/// A stopped process finds answer and timeout together when it goes on: the answer counts (producer.md §4.2).
#[test]
fn an_answer_that_has_arrived_counts_before_its_timeout() {
    let mut setup = Setup::plain();
    setup.config.request_timeout = ms(1_000);
    setup.config.delivery_timeout = ms(60_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(900);
    harness.stall_sender(2_000);
    harness.ok(0, 5);
    harness.to(5_000);
    assert_eq!(harness.heard(), ["2900: ack a 5"]);
}

/// A leader that is not known is asked for; what is queued meanwhile leaves at once when it is.
#[test]
fn without_a_leader_the_client_keeps_asking() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.brokers = 2;
    let mut harness = setup.build().connected();
    harness.leaders[0] = (None, LeaderEpoch(1));
    harness.running(1, false);
    harness.known_brokers = harness.known_brokers.without(BrokerId(1));
    harness.send("a");
    harness.to(5_000);
    assert!((4..=20).contains(&harness.metadata_requests.len()), "{:?}", harness.metadata_requests);
    harness.leaders[0] = (Some(BrokerId(2)), LeaderEpoch(2));
    harness.auto_answer = true;
    harness.to(6_100);
    assert_eq!(untimed(&harness.heard()), ["ack a 0"]);
    let learnt: Vec<_> = (harness.happenings.iter())
        .filter_map(|happening| match happening.fact {
            Fact::LeaderLearnt { partition, leader, leader_epoch } => Some((partition, leader, leader_epoch)),
            _ => None,
        })
        .collect();
    assert_eq!(
        learnt,
        [(Partition(0), None, LeaderEpoch(1)), (Partition(0), Some(BrokerId(2)), LeaderEpoch(2))]
    );
}

/// The state is all there is: a clone goes on as the original does.
#[test]
fn a_clone_goes_on_alike() {
    let mut harness = Setup::of(KafkaVersion::V4_3).build().connected();
    harness.send("a");
    harness.to(1);
    harness.refuse(0, ErrorCode::NotEnoughReplicas);
    harness.to(5);
    let (cx, producer) = (harness.cx.clone(), harness.producer.clone());
    let marked = harness.happenings.len();
    harness.to(2_000);
    let first: Vec<Happening> = harness.happenings.split_off(marked);
    harness.cx = cx;
    harness.producer = producer;
    harness.to(2_000);
    assert_eq!(first, harness.happenings.split_off(marked));
    assert!(first.len() >= 3);
}

/// recorded: batch-boundaries: what Kafka's metrics said of 1000 records of 100 bytes in batches of 16384.
#[test]
fn metrics_say_what_kafkas_said() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.linger = ms(20_000);
    let mut harness = setup.build().connected();
    harness.auto_answer = true;
    for _ in 0..1_000 {
        harness.send_sized(0, "v", 100);
        harness.pass(crate::time::Duration::from_micros(10));
    }
    harness.flush();
    harness.pass(ms(300));
    let expected = [
        ("batch-size-avg", 15_711.285_714_285_714),
        ("batch-size-max", 16_277.0),
        ("batch-split-total", 0.0),
        ("buffer-available-bytes", 33_554_432.0),
        ("bufferpool-wait-ratio", 0.0),
        ("compression-rate-avg", 1.0),
        ("record-error-total", 0.0),
        ("record-retry-total", 0.0),
        ("record-send-total", 1_000.0),
        ("record-size-avg", 186.0),
        ("records-per-request-avg", 142.857_142_857_142_86),
        ("request-total", 7.0),
        ("requests-in-flight", 0.0),
    ];
    for (name, value) in expected {
        let found = harness.metric(name);
        assert!((found - value).abs() < 1e-9, "{name}: {found}, Kafka said {value}");
    }
    let rate = harness.metric("record-send-rate");
    assert!((32.8..33.4).contains(&rate), "{rate}");
}
