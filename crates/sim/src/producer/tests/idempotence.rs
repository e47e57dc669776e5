//! Cases of SenderTest and TransactionManagerTest with sequences, but without transactions.

use super::harness::{Harness, Setup, ms, untimed};
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{LeaderEpoch, Partition, ProducerEpoch, ProducerId, Sequence};
use crate::protocol::Acks;
use crate::version::KafkaVersion;

use ErrorCode::{
    ClusterAuthorizationFailed, MessageTooLarge, NotLeaderOrFollower, OutOfOrderSequenceNumber,
    RequestTimedOut,
};

fn one_partition() -> Harness {
    Setup::idempotent().build().connected()
}

fn two_partitions() -> Setup {
    let mut setup = Setup::idempotent();
    setup.leaders = vec![1, 1];
    setup
}

fn is_unresolved(harness: &mut Harness) -> bool {
    harness.instance().accumulator.queue(Partition(0)).sequences.unresolved.is_some()
}

fn next_sequence(harness: &mut Harness, partition: u16) -> Sequence {
    harness.instance().accumulator.queue(Partition(partition)).sequences.next
}

/// cases.md P35: sequences are given out at drain, acknowledged with the answers.
#[test]
fn sequences_are_taken_when_a_batch_leaves() {
    let mut harness = one_partition();
    harness.send("a");
    assert_eq!(next_sequence(&mut harness, 0), Sequence(0));
    harness.to(1);
    assert_eq!(next_sequence(&mut harness, 0), Sequence(1));
    harness.send("b");
    harness.to(3);
    assert_eq!(next_sequence(&mut harness, 0), Sequence(2));
    harness.ok(0, 0);
    harness.to(5);
    assert_eq!(harness.heard().len(), 1);
    harness.ok(0, 1);
    harness.to(7);
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 1"]);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0", "p0[b] 1@0"]);
}

/// cases.md P37: the broker has refused the first for good, so the second starts a new epoch.
#[test]
fn a_batch_refused_for_good_raises_the_epoch() {
    let mut harness = one_partition();
    harness.send_each(&["a", "b"]);
    harness.refuse(0, MessageTooLarge);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.to(200);
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[b] 0@1"]);
    harness.ok(0, 0);
    harness.to(210);
    assert_eq!(untimed(&harness.heard()), ["fail a RecordTooLargeException", "ack b 0"]);
    assert_eq!(harness.epoch(), 1);
    assert_eq!(harness.count(|fact| matches!(fact, Fact::ProducerEpochBumped { .. })), 1);
}

/// cases.md P39: only the partition that asked starts again; the others do so when they next have nothing tracked.
#[test]
fn other_partitions_take_the_new_epoch_later() {
    let mut harness = two_partitions().build().connected();
    for partition in [0, 1] {
        harness.send_to(partition, "first");
        harness.pass(ms(2));
        harness.ok(0, 0);
        harness.pass(ms(2));
    }
    harness.send_to(0, "second");
    harness.pass(ms(2));
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.pass(ms(200));
    assert_eq!(untimed(&harness.arrived).last(), Some(&"p0[second] 0@1"));
    assert_eq!(next_sequence(&mut harness, 1), Sequence(1));
    harness.ok(0, 1);
    harness.send_to(1, "third");
    harness.pass(ms(5));
    assert_eq!(untimed(&harness.arrived).last(), Some(&"p1[third] 0@1"));
}

/// cases.md P40.
#[test]
fn what_was_in_flight_elsewhere_ends_under_the_old_epoch() {
    let mut setup = two_partitions();
    setup.config.retries = 1;
    let mut harness = setup.build().connected();
    for partition in [0, 1] {
        harness.send_to(partition, "first");
        harness.pass(ms(2));
        harness.ok(0, 0);
        harness.pass(ms(2));
    }
    harness.send_to(0, "a");
    harness.pass(ms(2));
    harness.send_to(1, "b");
    harness.pass(ms(2));
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.refuse(0, NotLeaderOrFollower);
    harness.pass(ms(200));
    assert_eq!(untimed(&harness.arrived)[4..], ["p0[a] 0@1, p1[b] 1@0"]);
    harness.answer_each(0, &[(0, Ok(1), None), (1, Err(NotLeaderOrFollower), None)]);
    harness.pass(ms(5));
    assert_eq!(untimed(&harness.heard()).last(), Some(&"fail b NotLeaderOrFollowerException"));
    harness.send_to(1, "c");
    harness.pass(ms(5));
    assert_eq!(untimed(&harness.arrived).last(), Some(&"p1[c] 0@1"));
}

/// cases.md P42.
#[test]
fn answers_may_come_in_the_wrong_order() {
    let mut harness = one_partition();
    harness.send_each(&["a", "b"]);
    harness.ok(1, 1);
    harness.to(5);
    harness.refuse(0, RequestTimedOut);
    harness.to(150);
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[a] 0@0"]);
    harness.ok(0, 0);
    harness.to(155);
    assert_eq!(untimed(&harness.heard()), ["ack b 1", "ack a 0"]);
    assert_eq!(harness.epoch(), 0);
}

/// cases.md P44: a later success shows that the expired batch was written.
#[test]
fn an_expired_retry_is_resolved_by_the_next_success() {
    let mut setup = Setup::idempotent();
    setup.config.retry_backoff = ms(2_000);
    setup.config.retry_backoff_max = ms(2_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(1_000);
    harness.send("b");
    harness.to(1_001);
    harness.refuse(0, RequestTimedOut);
    harness.to(1_501);
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException"]);
    assert!(is_unresolved(&mut harness));
    harness.send("c");
    harness.to(1_600);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0", "p0[b] 1@0"]);
    harness.ok(0, 1);
    harness.to(1_605);
    assert!(!is_unresolved(&mut harness));
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[c] 2@0"]);
    assert_eq!(harness.epoch(), 0);
}

/// cases.md P45: a refusal instead shows that it was not.
#[test]
fn an_expired_retry_may_turn_out_to_be_a_gap() {
    let mut setup = Setup::idempotent();
    setup.config.retry_backoff = ms(2_000);
    setup.config.retry_backoff_max = ms(2_000);
    setup.config.delivery_timeout = ms(6_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(5_000);
    harness.send("b");
    harness.to(5_001);
    harness.refuse(0, NotLeaderOrFollower);
    harness.to(6_001);
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException"]);
    harness.send("c");
    harness.to(6_100);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.to(6_110);
    assert!(!is_unresolved(&mut harness));
    assert_eq!(harness.epoch(), 1);
    harness.to(8_200);
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[b] 0@1", "p0[c] 1@1"]);
}

/// cases.md P52.
#[test]
fn cluster_authorisation_is_fatal() {
    let mut harness = one_partition();
    harness.send("a");
    harness.to(1);
    harness.refuse(0, ClusterAuthorizationFailed);
    harness.to(5);
    harness.send("b");
    harness.to(10);
    assert_eq!(
        untimed(&harness.heard()),
        ["fail a ClusterAuthorizationException", "fail b ClusterAuthorizationException"]
    );
    assert_eq!(harness.messages()[0], "The producer is not authorized to do idempotent sends");
    assert_eq!(harness.arrived.len(), 1);
}

/// cases.md P54.
#[test]
fn the_children_of_a_split_share_the_sequences() {
    let mut setup = Setup::idempotent();
    setup.config.retries = 1;
    setup.config.compression = crate::config::Compression::Gzip;
    setup.config.linger = ms(5);
    setup.compression_permille = 300;
    let mut harness = setup.build().connected();
    harness.instance().accumulator.assume_ratio(300_000);
    harness.send_sized(0, "a", 8_192);
    harness.send_sized(0, "b", 8_192);
    harness.to(10);
    assert_eq!(untimed(&harness.arrived), ["p0[a b] 0@0"]);
    harness.refuse(0, MessageTooLarge);
    harness.to(15);
    assert_eq!(untimed(&harness.arrived)[1..], ["p0[a] 0@0"]);
    harness.ok(0, 0);
    harness.to(20);
    harness.ok(0, 1);
    harness.to(25);
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[b] 1@0"]);
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 1"]);
    assert_eq!(next_sequence(&mut harness, 0), Sequence(2));
    assert!(harness.metric("batch-split-rate") > 0.0);
}

/// cases.md P64: between attempts the Sender sleeps the constant backoff.
#[test]
fn a_producer_id_is_asked_for_again_after_a_constant_backoff() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.retry_backoff = ms(50);
    let mut harness = setup.build();
    harness.init_producer_id = vec![
        Err(ErrorCode::KafkaStorageError),
        Err(ErrorCode::KafkaStorageError),
        Ok((ProducerId(1), ProducerEpoch(0))),
    ];
    harness.auto_answer = true;
    harness.cx.begin(harness.cx.now);
    harness.start();
    harness.send("a");
    harness.to(500);
    let gaps: Vec<u64> = harness.init_requests.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Fifty, and the round trip of two; the second one goes to a broker by its own name, which is connected to first.
    assert_eq!(gaps, [56, 52]);
    assert_eq!(untimed(&harness.heard()), ["ack a 0"]);
}

/// cases.md P84: an expired batch whose request is still out; the epoch rises, and the late request is not failed
/// again.
#[test]
fn expiry_of_a_retry_in_flight_raises_the_epoch() {
    let mut setup = Setup::idempotent();
    setup.config.request_timeout = ms(10_000);
    setup.config.delivery_timeout = ms(15_000);
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(10_300);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0", "p0[a] 0@0"]);
    harness.to(15_001);
    assert_eq!(harness.heard(), ["15000: fail a TimeoutException"]);
    harness.send("b");
    harness.to(15_010);
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[b] 0@1"]);
    harness.to(40_000);
    assert_eq!(harness.heard().len(), 2);
}

/// cases.md P85.
#[test]
fn new_batches_elsewhere_wait_for_the_old_epochs_ones() {
    let mut harness = two_partitions().build().connected();
    harness.send_to(0, "a");
    harness.pass(ms(2));
    harness.ok(0, 0);
    harness.pass(ms(2));
    harness.send_to(0, "b");
    harness.pass(ms(1));
    harness.send_to(1, "old");
    harness.pass(ms(2));
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.pass(ms(5));
    assert_eq!(harness.epoch(), 1);
    harness.send_to(1, "new");
    harness.pass(ms(5));
    harness.refuse(0, NotLeaderOrFollower);
    harness.pass(ms(300));
    let arrived = harness.arrived.join("\n");
    assert!(arrived.contains("p0[b] 0@1"), "{arrived}");
    assert!(arrived.contains("p1[old] 0@0") && !arrived.contains("new"), "{arrived}");
    while let Some(asked) = harness.asked.first() {
        let results: Vec<_> =
            (asked.request.partitions.iter()).map(|(partition, _)| (partition.0, Ok(9), None)).collect();
        harness.answer_each(0, &results);
    }
    harness.pass(ms(5));
    assert_eq!(untimed(&harness.arrived).last(), Some(&"p1[new] 0@1"));
}

/// cases.md X02, producer.md §12.10: three in flight, the first fails: resent one by one; new batches flow as soon as
/// no retry is queued.
#[test]
fn retries_go_out_one_at_a_time() {
    let mut harness = one_partition();
    harness.send_each(&["a", "b", "c"]);
    harness.refuse(0, RequestTimedOut);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.to(10);
    harness.send("d");
    harness.to(200);
    assert_eq!(untimed(&harness.arrived)[3..], ["p0[a] 0@0"]);
    harness.ok(0, 0);
    harness.to(205);
    assert_eq!(untimed(&harness.arrived)[4..], ["p0[b] 1@0"]);
    harness.ok(0, 1);
    harness.to(210);
    assert_eq!(untimed(&harness.arrived)[5..], ["p0[c] 2@0", "p0[d] 3@0"]);
    assert_eq!(harness.epoch(), 0);
}

/// cases.md X07, producer.md §6.12a: a batch that expires in flight on its first attempt leaves a gap that the next one
/// falls into.
#[test]
fn one_lost_batch_can_take_the_next_with_it() {
    let mut setup = Setup::idempotent();
    setup.config.max_in_flight_requests_per_connection = 5;
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(1);
    harness.ok(0, 0);
    harness.to(10);
    harness.send("b");
    harness.to(1_600);
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "fail b TimeoutException"]);
    harness.send("c");
    harness.to(1_605);
    harness.disconnect();
    for _ in 0..3_000 {
        harness.pass(ms(1));
        if let Some(asked) = harness.asked.first() {
            let stamp = asked.request.partitions[0].1.stamp.expect("a stamp");
            if stamp.epoch == ProducerEpoch(0) {
                harness.refuse(0, OutOfOrderSequenceNumber);
            }
        }
        if harness.heard().len() == 3 {
            break;
        }
    }
    assert_eq!(untimed(&harness.heard())[2..], ["fail c TimeoutException"]);
    harness.send("d");
    harness.pass(ms(10));
    assert_eq!(untimed(&harness.arrived).last(), Some(&"p0[d] 0@1"));
}

/// cases.md X12: while the producer id is awaited nothing expires; then the batch expires and is sent in one iteration.
#[test]
fn nothing_expires_while_a_producer_id_is_awaited() {
    let mut harness = Setup::idempotent().build();
    harness.answers_init = false;
    harness.cx.begin(harness.cx.now);
    harness.start();
    harness.send("a");
    harness.to(4_900);
    assert!(harness.heard().is_empty());
    harness.answers_init = true;
    harness.init_producer_id = vec![Ok((ProducerId(5), ProducerEpoch(0)))];
    harness.disconnect();
    harness.to(5_300);
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException"]);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0"]);
}

/// producer.md §3.7: the gate of one partition closes the whole broker, without spinning.
#[test]
fn a_gated_partition_holds_up_its_broker() {
    let mut setup = two_partitions();
    setup.config.retry_backoff = ms(1_000);
    setup.config.retry_backoff_max = ms(1_000);
    setup.config.delivery_timeout = ms(10_000);
    let mut harness = setup.build().connected();
    harness.send_each(&["a", "b"]);
    // The second comes back while the first is still out.
    harness.refuse(1, OutOfOrderSequenceNumber);
    harness.to(1_100);
    let events = harness.events;
    harness.send_to(1, "other");
    harness.to(1_200);
    assert_eq!(harness.arrived.len(), 2, "{:?}", harness.arrived);
    assert!(harness.events - events < 10, "{} events", harness.events - events);
    harness.ok(0, 0);
    harness.to(1_210);
    assert_eq!(harness.arrived.len(), 3, "{:?}", harness.arrived);
}

/// recorded: unclean-election-loses-acked: the new leader lacks what was acknowledged.
#[test]
fn a_gap_at_the_broker_raises_the_epoch_silently() {
    let mut harness = one_partition();
    harness.send_each(&["a"]);
    harness.ok(0, 0);
    harness.pass(ms(2));
    harness.send_each(&["b", "c"]);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.pass(ms(300));
    harness.ok(0, 0);
    harness.pass(ms(5));
    harness.ok(0, 1);
    harness.pass(ms(5));
    assert_eq!(untimed(&harness.arrived)[3..], ["p0[b] 0@1", "p0[c] 1@1"]);
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 0", "ack c 1"]);
}

/// producer.md §6.10.
#[test]
fn a_duplicate_counts_as_success_without_offset() {
    let mut harness = one_partition();
    harness.send_each(&["a"]);
    harness.refuse(0, ErrorCode::DuplicateSequenceNumber);
    harness.pass(ms(2));
    assert_eq!(untimed(&harness.heard()), ["ack a -1"]);
}

/// A connection lost with three out: back in order, by sequence.
#[test]
fn a_lost_connection_keeps_the_order() {
    let mut harness = one_partition();
    harness.send_each(&["a", "b", "c"]);
    harness.disconnect();
    harness.auto_answer = true;
    harness.leaders[0].1 = LeaderEpoch(1);
    harness.to(1_000);
    assert_eq!(untimed(&harness.arrived)[3..], ["p0[a] 0@0", "p0[b] 1@0", "p0[c] 2@0"]);
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 1", "ack c 2"]);
    assert_eq!(harness.cx.spec.producers[0].config.as_ref().map(|config| config.acks), Ok(Acks::All));
}
