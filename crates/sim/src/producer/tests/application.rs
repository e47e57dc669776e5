//! Cases of KafkaProducerTest: what `send()`, `flush()` and `close()` do to the application's thread.

use super::harness::{Setup, ms, untimed};
use crate::config::Partitioner;
use crate::error::ErrorCode;
use crate::happening::{BlockedOn, Fact};
use crate::ids::TopicId;
use crate::version::KafkaVersion;

/// cases.md P90, recorded: unknown-places.
#[test]
fn a_place_that_does_not_exist_is_waited_for_and_then_reported() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.max_block = ms(2_000);
    let mut harness = setup.build().connected();
    harness.offer(TopicId(1), None, None, "a", 5, true);
    harness.to(2_100);
    harness.send_to(7, "b");
    harness.to(5_000);
    assert_eq!(harness.heard(), ["2000: fail a TimeoutException", "4100: fail b TimeoutException"]);
    assert_eq!(
        harness.messages(),
        [
            "Topic nope not present in metadata after 2000 ms.",
            "Partition 7 of topic t with partition count 1 is not present in metadata after 2000 ms."
        ]
    );
    assert!(harness.metadata_requests.len() < 30, "{:?}", harness.metadata_requests);
}

/// recorded: unknown-places: nothing lives at the only bootstrap address.
#[test]
fn without_an_answer_from_bootstrap_servers_send_gives_up() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.max_block = ms(2_000);
    setup.bootstrap = vec![99];
    let mut harness = setup.build();
    harness.cx.begin(harness.cx.now);
    harness.start();
    harness.send("c");
    harness.to(100_000);
    assert_eq!(harness.heard(), ["2000: fail c TimeoutException"]);
    assert_eq!(harness.messages(), ["Topic t not present in metadata after 2000 ms."]);
    assert!(harness.events < 10_000, "{} events", harness.events);
}

/// Two bootstrap addresses, one of them dead: the other one serves.
#[test]
fn a_dead_bootstrap_address_costs_time_only() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.bootstrap = vec![99, 1];
    let mut harness = setup.build();
    harness.auto_answer = true;
    harness.cx.begin(harness.cx.now);
    harness.start();
    harness.send("c");
    harness.to(60_000);
    assert_eq!(untimed(&harness.heard()), ["ack c 0"]);
}

/// cases.md P92.
#[test]
fn an_invalid_topic_is_reported_at_once() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.max_block = ms(60_000);
    let mut harness = setup.build();
    harness.topic_error = Some(ErrorCode::InvalidTopic);
    harness.cx.begin(harness.cx.now);
    harness.start();
    harness.send("a");
    harness.to(1_000);
    harness.send("b");
    assert_eq!(untimed(&harness.heard()), ["fail a InvalidTopicException", "fail b InvalidTopicException"]);
    assert_eq!(harness.messages(), ["Invalid topics: [t]", "t"]);
    let mut harness = Setup::of(KafkaVersion::V4_3).build();
    harness.topic_error = Some(ErrorCode::TopicAuthorizationFailed);
    harness.start();
    harness.send("a");
    harness.pass(ms(1_000));
    assert_eq!(harness.messages(), ["Not authorized to access topics: [t]"]);
}

/// cases.md P94.
#[test]
fn flush_waits_for_all_that_was_sent() {
    let mut harness = Setup::of(KafkaVersion::V4_3).build().connected();
    (0..50).for_each(|_| _ = harness.send("v"));
    harness.flush();
    harness.to(3);
    assert!(harness.heard().is_empty());
    harness.auto_answer = true;
    harness.ok(0, 0);
    harness.to(20);
    assert_eq!(harness.heard().len(), 51);
    assert_eq!(untimed(&harness.heard())[50], "flushed");
}

#[test]
fn flush_of_nothing_returns_at_once() {
    let mut harness = Setup::of(KafkaVersion::V4_3).build().connected();
    harness.flush();
    assert_eq!(harness.heard(), ["0: flushed"]);
    assert!(!harness.producer.is_blocked());
}

/// cases.md P95.
#[test]
fn closing_ends_a_send_that_waits_for_metadata() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.max_block = ms(10_000_000);
    let mut harness = setup.build().connected();
    harness.offer(TopicId(1), None, None, "a", 5, true);
    harness.send("b");
    harness.to(100);
    assert!(harness.producer.is_blocked());
    harness.close(ms(0));
    harness.send("c");
    assert_eq!(
        untimed(&harness.heard()),
        [
            "threw a KafkaException",
            "threw b IllegalStateException",
            "closed",
            "threw c IllegalStateException"
        ]
    );
    assert_eq!(harness.producer.unanswered(), 0);
}

/// recorded: close-with-pending.
#[test]
fn closing_sends_what_lingers_where_there_is_time() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.linger = ms(60_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(20);
    harness.close(ms(10_000));
    harness.to(22);
    harness.ok(0, 0);
    harness.to(100);
    assert_eq!(harness.heard(), ["23: ack a 0", "23: closed"]);
    // The broker does not answer: then it ends with the timeout.
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.linger = ms(60_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.close(ms(500));
    harness.to(1_000);
    assert_eq!(harness.heard(), ["500: fail a KafkaException", "500: closed"]);
}

#[test]
fn what_cannot_be_sent_is_refused_by_send_itself() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.buffer_memory = 1 << 20;
    setup.config.max_request_size = 2 << 20;
    let mut harness = setup.build().connected();
    harness.offer(TopicId(0), Some(0), None, "a", 5, false);
    harness.send_sized(0, "b", 3 << 20);
    harness.send_sized(0, "c", (1 << 20) + 1);
    assert_eq!(
        untimed(&harness.heard()),
        [
            "threw a SerializationException",
            "fail b RecordTooLargeException",
            "fail c RecordTooLargeException"
        ]
    );
    assert_eq!(
        harness.messages()[1..],
        [
            "The message is 3145816 bytes when serialized which is larger than 2097152, which is the value of the \
             max.request.size configuration.",
            "The message is 1048665 bytes when serialized which is larger than the total memory buffer you have \
             configured with the buffer.memory configuration."
        ]
    );
    assert_eq!(harness.metric("record-error-total"), 3.0);
}

/// producer.md C6: a batch larger than the pool.
#[test]
fn a_batch_larger_than_the_pool_is_an_illegal_argument() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.buffer_memory = 10_000;
    let mut harness = setup.build().connected();
    harness.send("a");
    assert_eq!(harness.heard(), ["0: threw a IllegalArgumentException"]);
    assert_eq!(harness.metric("record-error-total"), 0.0);
}

/// producer.md §12.8, recorded: buffer-exhausted.
#[test]
fn a_full_pool_blocks_and_then_refuses() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.buffer_memory = 32_768;
    setup.config.max_block = ms(2_000);
    setup.config.linger = ms(5);
    let mut harness = setup.build().connected();
    for value in ["a", "b"] {
        harness.send(value);
        harness.pass(ms(10));
    }
    harness.send("c");
    harness.send("d");
    let blocked = |fact: &Fact| matches!(fact, Fact::SendBlocked { on: BlockedOn::Memory, .. });
    assert_eq!(harness.count(blocked), 1);
    assert_eq!(harness.metric("waiting-threads"), 1.0);
    harness.to(3_000);
    assert_eq!(harness.heard(), ["2020: fail c BufferExhaustedException"]);
    assert_eq!(
        harness.messages(),
        [
            "Failed to allocate 16384 bytes within the configured max blocking time 2000 ms. Total memory: 32768 \
          bytes. Available memory: 0 bytes. Poolable size: 16384 bytes"
        ]
    );
    // The next one is waiting since; an answer gives it the buffer.
    harness.ok(0, 0);
    harness.to(3_100);
    assert_eq!(untimed(&harness.heard())[1..], ["ack a 0"]);
    assert!(!harness.producer.is_blocked());
    harness.ok(0, 1);
    harness.to(3_200);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0", "p0[b] 1@0", "p0[d] 2@0"]);
    assert_eq!(harness.metric("buffer-exhausted-total"), 1.0);
    assert!(harness.metric("bufferpool-wait-time-ns-total") > 2.9e9);
}

/// producer.md §2.7: keys decide over all partitions; then the round robin of old, the sticky one per batch, and
/// RoundRobinPartitioner.
#[test]
fn partitioners_of_every_age() {
    let chosen = |version: KafkaVersion, partitioner: Partitioner, key: Option<&str>, linger: u64| {
        let mut setup = Setup::of(version);
        setup.leaders = vec![1; 4];
        setup.config.partitioner = partitioner;
        setup.config.linger = ms(linger);
        let mut harness = setup.build().connected();
        harness.auto_answer = true;
        for _ in 0..8 {
            harness.offer(TopicId(0), None, key, "v", 5, true);
            harness.pass(ms(10));
        }
        let partitions = harness.happenings.iter().filter_map(|happening| match happening.fact {
            Fact::Buffered { partition, .. } => Some(partition.0),
            _ => None,
        });
        partitions.collect::<Vec<u16>>()
    };
    for version in KafkaVersion::ALL {
        // murmur2("foobar") = -790332482
        let expected = (-790_332_482_i32 & 0x7fff_ffff) as u32 % 4;
        assert_eq!(chosen(version, Partitioner::BuiltIn, Some("foobar"), 0), [expected as u16; 8]);
    }
    let in_turn = chosen(KafkaVersion::V1_1, Partitioner::BuiltIn, None, 0);
    assert!(in_turn.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 4), "{in_turn:?}");
    // Each record is a batch of its own here: the partition changes with each, and never stays.
    let per_batch = chosen(KafkaVersion::V2_8, Partitioner::BuiltIn, None, 0);
    assert!(per_batch.windows(2).all(|pair| pair[0] != pair[1]), "{per_batch:?}");
    let sticky = chosen(KafkaVersion::V4_3, Partitioner::BuiltIn, None, 0);
    assert!(sticky.windows(2).all(|pair| pair[0] == pair[1]), "{sticky:?}");
    // RoundRobinPartitioner is asked twice for each new batch until 4.0, and so skips every other partition.
    assert_eq!(chosen(KafkaVersion::V3_9, Partitioner::RoundRobin, None, 0), [1, 3, 1, 3, 1, 3, 1, 3]);
    assert_eq!(chosen(KafkaVersion::V4_3, Partitioner::RoundRobin, Some("k"), 0), [0, 1, 2, 3, 0, 1, 2, 3]);
}

/// A killed application forgets everything; started again it has a new producer.
#[test]
fn a_killed_application_forgets_everything() {
    let mut harness = Setup::of(KafkaVersion::V4_3).build().connected();
    harness.send("a");
    harness.to(1);
    harness.producer.kill(&mut harness.cx);
    assert_eq!((harness.producer.unanswered(), harness.producer.is_blocked()), (0, false));
    harness.to(1_000);
    assert!(harness.heard().is_empty());
    harness.asked.clear();
    harness.start();
    harness.auto_answer = true;
    harness.send("b");
    harness.to(1_100);
    assert_eq!(untimed(&harness.heard()), ["ack b 0"]);
}

/// Before 2.7 no setting bounds a connect: TCP gives up after two minutes, and the next address has its turn.
#[test]
fn before_2_7_a_dead_bootstrap_address_costs_two_minutes() {
    let mut harness = (0..).map(|seed| {
        let mut setup = Setup::of(KafkaVersion::V2_4);
        setup.seed = seed;
        setup.bootstrap = vec![99; 3];
        setup.bootstrap.push(1);
        setup.config.max_block = ms(1_000_000);
        let mut harness = setup.build();
        harness.auto_answer = true;
        harness.cx.begin(harness.cx.now);
        harness.start();
        harness.send("c");
        harness.to(1_000);
        harness
    });
    // One that tries a dead address first.
    let mut harness = harness.find(|harness| harness.heard().is_empty()).expect("three of four do");
    harness.to(130_000);
    assert!(harness.heard().is_empty());
    harness.to(600_000);
    assert_eq!(untimed(&harness.heard()), ["ack c 0"]);
}
