//! Cases of SenderTest and NetworkClientTest without sequences: retries, order, expiry, leader changes, connections.

use super::harness::{Harness, Setup, ms, untimed};
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerId, LeaderEpoch, MachineId};
use crate::protocol::Acks;
use crate::version::KafkaVersion;

fn retries(retries: u32) -> Setup {
    let mut setup = Setup::plain();
    setup.config.retries = retries;
    setup
}

/// cases.md P32, and the messages of a broken connection.
#[test]
fn retries_are_counted_per_batch() {
    let mut harness = retries(1).build().connected();
    harness.send("a");
    harness.to(1);
    harness.disconnect();
    harness.to(300);
    harness.ok(0, 0);
    harness.to(310);
    assert_eq!(untimed(&harness.heard()), ["ack a 0"]);
    harness.send("b");
    harness.to(311);
    harness.disconnect();
    harness.to(600);
    harness.disconnect();
    harness.to(2_000);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p0[a]", "p0[b]", "p0[b]"]);
    assert_eq!(untimed(&harness.heard())[1..], ["fail b NetworkException"]);
    assert_eq!(harness.messages(), ["Disconnected from node 1"]);
    assert_eq!(harness.metric("record-retry-total"), 2.0);
}

/// cases.md P34: the partition is muted until its batch is answered, wherever its leader is by then.
#[test]
fn with_one_request_in_flight_a_partition_waits_for_its_answer() {
    let mut setup = Setup::plain();
    setup.brokers = 2;
    setup.leaders = vec![1, 2];
    setup.config.max_in_flight_requests_per_connection = 1;
    setup.config.metadata_max_age = ms(500);
    setup.config.delivery_timeout = ms(10_000);
    let mut harness = setup.build().connected();
    harness.send_to(1, "a");
    harness.to(900);
    harness.send_to(1, "b");
    harness.leaders[1] = (Some(BrokerId(1)), LeaderEpoch(1));
    harness.to(3_000);
    let known = harness.instance().metadata.leader(crate::ids::Partition(1));
    assert_eq!(known, Some(BrokerId(1)));
    assert_eq!(harness.arrived, ["1: p1[a]"]);
    harness.ok(0, 0);
    harness.to(3_010);
    assert_eq!(untimed(&harness.arrived), ["p1[a]", "p1[b]"]);
    assert_eq!(harness.asked[0].broker, BrokerId(1));
}

/// cases.md P55: whatever the answer says when it comes, the application has heard of the timeout.
#[test]
fn an_expired_batch_is_neither_retried_nor_split() {
    for answer in [Ok(0), Err(ErrorCode::NotLeaderOrFollower), Err(ErrorCode::MessageTooLarge)] {
        let mut harness = Setup::plain().build().connected();
        harness.send("a");
        harness.send("b");
        harness.to(1_500);
        harness.answer(0, answer);
        harness.to(3_000);
        assert_eq!(
            harness.heard(),
            ["1500: fail a TimeoutException", "1500: fail b TimeoutException"],
            "{answer:?}"
        );
        assert_eq!(harness.arrived, ["1: p0[a b]"]);
        assert_eq!(harness.metric("requests-in-flight"), 0.0);
        // A late error counts the records again.
        let errors = if answer.is_ok() { 2.0 } else { 4.0 };
        assert_eq!(harness.metric("record-error-total"), errors);
        assert_eq!(harness.metric("buffer-available-bytes"), f64::from(32 << 20));
    }
}

/// cases.md P57, P60: one deadline, and no polling meanwhile.
#[test]
fn batches_of_several_partitions_expire_together() {
    let mut setup = Setup::plain();
    setup.leaders = vec![1, 1];
    setup.config.linger = ms(1);
    let mut harness = setup.build().connected();
    harness.send_to(0, "a");
    harness.send_to(1, "b");
    harness.to(1_499);
    assert_eq!(harness.arrived, ["2: p0[a], p1[b]"]);
    assert!(harness.events < 12, "{} events", harness.events);
    harness.to(1_600);
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException", "fail b TimeoutException"]);
}

/// cases.md P62: with the new leader's name the retries go there at once; the third partition is done either way.
#[test]
fn a_refusal_may_name_the_new_leader() {
    for told in [Some((2, 5)), None] {
        let mut setup = Setup::plain();
        setup.brokers = 2;
        setup.leaders = vec![1, 1, 1];
        setup.config.linger = ms(1);
        let mut harness = setup.build().connected();
        // Metadata goes on naming the old one, for a while.
        (0..3).for_each(|partition| _ = harness.send_to(partition, "v"));
        harness.to(3);
        let refused = Err(ErrorCode::NotLeaderOrFollower);
        harness.answer_each(0, &[(0, refused, told), (1, refused, told), (2, Ok(7), None)]);
        harness.to(50);
        assert_eq!(untimed(&harness.heard()), ["ack v 7"]);
        let expected: &[&str] =
            if told.is_some() { &["p0[v], p1[v], p2[v]", "p0[v], p1[v]"] } else { &["p0[v], p1[v], p2[v]"] };
        assert_eq!(untimed(&harness.arrived), expected);
        if told.is_some() {
            assert_eq!(harness.asked[0].broker, BrokerId(2));
        }
        assert!(!harness.metadata_requests.is_empty(), "a refresh was asked for");
        harness.to(300);
        assert_eq!(harness.arrived.len(), 2);
    }
}

/// cases.md P65: a topic that nobody uses is forgotten, and comes back with the next record.
#[test]
fn an_unused_topic_is_forgotten() {
    let mut setup = Setup::plain();
    setup.config.metadata_max_age = ms(100_000);
    let mut harness = setup.build().connected();
    harness.auto_answer = true;
    harness.send("a");
    harness.to(390_000);
    assert!(!harness.instance().metadata.knows(crate::ids::TopicId(0)));
    harness.send("b");
    assert!(harness.producer.is_blocked());
    harness.to(390_100);
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 1"]);
}

/// cases.md X04: what expires in the iteration in which it is drained is sent nevertheless.
#[test]
fn drained_and_expired_at_once_is_still_sent() {
    let mut harness = Setup::plain().build().connected();
    harness.stall_sender(1_600);
    harness.send("l");
    harness.to(1_601);
    assert_eq!(harness.heard(), ["1600: fail l TimeoutException"]);
    assert_eq!(harness.arrived, ["1601: p0[l]"]);
    harness.ok(0, 0);
    harness.to(1_700);
    assert_eq!(harness.heard().len(), 1);
}

/// cases.md X05: queued batches fail before those in flight.
#[test]
fn the_newer_batch_may_hear_of_its_expiry_first() {
    let mut setup = Setup::plain();
    setup.config.max_in_flight_requests_per_connection = 1;
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(1);
    harness.send("b");
    harness.stall_sender(1_600);
    harness.to(1_700);
    assert_eq!(harness.heard(), ["1601: fail b TimeoutException", "1601: fail a TimeoutException"]);
}

/// cases.md X09: a split reorders even without retries.
#[test]
fn a_split_lets_the_next_batch_pass() {
    let mut harness = retries(0).build().connected();
    harness.send_sized(0, "a1", 6_000);
    harness.send_sized(0, "a2", 6_000);
    harness.to(1);
    harness.send_sized(0, "b", 10);
    harness.to(2);
    assert_eq!(untimed(&harness.arrived), ["p0[a1 a2]", "p0[b]"]);
    harness.refuse(0, ErrorCode::MessageTooLarge);
    harness.ok(0, 0);
    harness.to(5);
    harness.ok(0, 1);
    harness.to(10);
    assert_eq!(untimed(&harness.heard()), ["ack b 0", "ack a1 1", "ack a2 2"]);
    assert_eq!(harness.messages().len(), 0);
}

/// cases.md X14: acks=0 is retried while its bytes have not left; then it is acknowledged without an offset.
#[test]
fn acks_0_is_done_when_it_is_written() {
    let mut setup = Setup::plain();
    setup.config.acks = Acks::None;
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(5);
    assert_eq!(harness.heard(), ["0: ack a -1"]);
    assert_eq!(harness.metric("requests-in-flight"), 0.0);
    // A dead broker's connection: the first write still succeeds, and the record is gone.
    harness.running(1, false);
    harness.send("b");
    harness.to(10);
    harness.running(1, true);
    harness.send("c");
    harness.to(2_000);
    assert_eq!(untimed(&harness.heard()), ["ack a -1", "ack b -1", "ack c -1"]);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p0[c]"]);
}

/// cases.md X15, recorded: expiry-paused-leader: there is no timer of its own for a request.
#[test]
fn a_request_timeout_counts_from_the_latest_activity() {
    let mut setup = Setup::plain();
    setup.config.request_timeout = ms(1_500);
    setup.config.delivery_timeout = ms(10_000);
    let mut harness = setup.build().connected();
    for at in [0, 100, 200] {
        harness.to(at);
        harness.send("v");
    }
    harness.to(1_700);
    assert_eq!(harness.count(|fact| matches!(fact, Fact::RequestTimedOut { .. })), 0);
    harness.to(1_702);
    assert_eq!(harness.count(|fact| matches!(fact, Fact::RequestTimedOut { .. })), 1);
    assert_eq!(harness.count(|fact| matches!(fact, Fact::BatchRetried { .. })), 3);
    // A lone request is found out one millisecond late.
    let mut setup = Setup::plain();
    setup.config.retries = 0;
    setup.config.delivery_timeout = ms(60_000);
    setup.config.request_timeout = ms(30_000);
    let mut harness = setup.build().connected();
    harness.send("v");
    harness.to(30_000);
    assert_eq!(harness.heard().len(), 0);
    harness.to(30_001);
    assert_eq!(harness.heard(), ["30001: fail v TimeoutException"]);
    assert_eq!(harness.messages(), ["Disconnected from node 1 due to timeout"]);
}

/// cases.md X17: the sticky partition changes after 97 batches of 170 bytes.
#[test]
fn single_record_batches_stay_on_one_partition_for_16_kib() {
    let mut setup = Setup::plain();
    setup.leaders = vec![1, 1, 1];
    setup.config.partitioner_adaptive_partitioning_enable = false;
    let mut harness = setup.build().connected();
    harness.auto_answer = true;
    for _ in 0..600 {
        harness.send_unkeyed("v", 100);
        harness.pass(ms(5));
    }
    let partitions: Vec<u16> = (harness.happenings.iter())
        .filter_map(|happening| match happening.fact {
            Fact::BatchDrained { partition, records: 1, .. } => Some(partition.0),
            _ => None,
        })
        .collect();
    assert_eq!(partitions.len(), 600);
    for run in partitions.chunks(97) {
        assert!(run.iter().all(|partition| *partition == run[0]), "{run:?}");
    }
}

/// producer.md §8.2: a retry that waits holds up what is queued, not what is out.
#[test]
fn what_is_in_flight_overtakes_a_retry() {
    let mut harness = Setup::plain().build().connected();
    harness.send("a");
    harness.to(1);
    harness.send("b");
    harness.to(2);
    harness.refuse(0, ErrorCode::NotEnoughReplicas);
    harness.ok(0, 100);
    harness.to(10);
    harness.send("c");
    harness.to(102);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p0[b]"]);
    harness.to(110);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p0[b]", "p0[a]", "p0[c]"]);
}

/// producer.md §8.3: what fails together goes back in front, one after the other, and so leaves the wrong way round.
/// Before 2.0 the newest failed first (InFlightRequests.clearAll).
#[test]
fn a_lost_connection_turns_the_order_round() {
    for (version, again) in
        [(KafkaVersion::V1_1, ["p0[a]", "p0[b]", "p0[c]"]), (KafkaVersion::V4_3, ["p0[c]", "p0[b]", "p0[a]"])]
    {
        let mut harness = Setup { version, ..Setup::plain() }.build().connected();
        for value in ["a", "b", "c"] {
            harness.send(value);
            harness.pass(ms(1));
        }
        harness.to(5);
        harness.disconnect();
        harness.to(1_000);
        assert_eq!(untimed(&harness.arrived)[3..], again, "{version:?}");
    }
}

/// producer.md §12.6: a refused connect asks for metadata, costs no attempt, and the backoff grows; once metadata names
/// the new leader the batch goes there at once.
#[test]
fn a_dead_leader_is_dialled_ever_more_rarely() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.brokers = 2;
    setup.leaders = vec![1];
    let mut harness = setup.build().connected();
    harness.send("a");
    harness.to(1);
    harness.running(1, false);
    harness.to(6_000);
    let refused: Vec<u64> = (harness.happenings.iter())
        .filter(|happening| matches!(happening.fact, Fact::Connecting { .. }))
        .map(|happening| happening.at.as_millis())
        .collect();
    assert!((7..=10).contains(&refused.len()), "{refused:?}");
    assert!(refused.windows(3).all(|gap| gap[2] - gap[1] + 300 >= gap[1] - gap[0]), "{refused:?}");
    assert!(harness.metadata_requests.len() >= 6, "{:?}", harness.metadata_requests);
    harness.leaders[0] = (Some(BrokerId(2)), LeaderEpoch(1));
    harness.known_brokers = harness.known_brokers.without(BrokerId(1));
    harness.to(7_400);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0", "p0[a] 0@0"]);
    assert_eq!(harness.asked[0].broker, BrokerId(2));
    let attempts = harness.happenings.iter().filter_map(|happening| match happening.fact {
        Fact::BatchDrained { attempt, .. } => Some(attempt),
        _ => None,
    });
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 2]);
}

/// producer.md §4.7: with retries=0 only what was on the wire fails; what was queued waits for the new leader.
#[test]
fn without_retries_only_what_was_in_flight_fails() {
    let mut setup = retries(0);
    setup.brokers = 2;
    setup.leaders = vec![1];
    setup.config.acks = Acks::Leader;
    setup.config.delivery_timeout = ms(20_000);
    let mut harness = setup.build().connected();
    harness.auto_answer = false;
    harness.send("a");
    harness.to(1);
    harness.running(1, false);
    harness.to(500);
    (0..5).for_each(|_| _ = harness.send("b"));
    harness.to(3_000);
    harness.leaders[0] = (Some(BrokerId(2)), LeaderEpoch(1));
    harness.auto_answer = true;
    harness.to(6_000);
    assert_eq!(untimed(&harness.heard())[0], "fail a NetworkException");
    assert_eq!(harness.heard().len(), 6);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p0[b b b b b]"]);
}

/// producer.md §12.7: where packets vanish, nothing happens until the request times out.
#[test]
fn a_black_hole_is_noticed_by_the_request_timeout() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.brokers = 2;
    setup.leaders = vec![1];
    let mut harness = setup.build().connected();
    cut(&mut harness, 1, true);
    harness.leaders[0] = (Some(BrokerId(2)), LeaderEpoch(1));
    harness.send("a");
    harness.to(30_000);
    assert_eq!(harness.metadata_requests.len(), 0);
    harness.to(30_100);
    assert_eq!(untimed(&harness.arrived), ["p0[a] 0@0"]);
    assert_eq!(harness.asked[0].broker, BrokerId(2));
}

fn cut(harness: &mut Harness, broker: u8, is_cut: bool) {
    for (from, to) in [(MachineId(broker), MachineId(60)), (MachineId(60), MachineId(broker))] {
        harness.cx.network.path_mut(from, to).cuts = u16::from(is_cut);
    }
    if !is_cut {
        harness.cx.resume_path();
    }
}

/// producer.md §4.3: a connect into nowhere is given up after the set-up timeout, which grows.
#[test]
fn a_connect_into_nowhere_times_out() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.delivery_timeout = ms(120_000);
    let mut harness = setup.build().connected();
    harness.disconnect();
    harness.to(5);
    cut(&mut harness, 1, true);
    harness.send("a");
    harness.to(119_000);
    let given_up: Vec<u64> = (harness.happenings.iter())
        .filter(|happening| matches!(happening.fact, Fact::Disconnected { .. }))
        .map(|happening| happening.at.as_millis())
        .collect();
    // The broken connection, then connects of 8 to 12 s, 16 to 24 s, 24 to 30 s, … to one address after the other.
    assert!((4..=12).contains(&given_up.len()), "{given_up:?}");
    assert!(harness.events < 20_000, "{} events", harness.events);
    harness.to(120_010);
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException"]);
}

/// producer.md §12.4: five full batches, five slots: five requests in five iterations.
#[test]
fn one_batch_of_a_partition_per_request() {
    let mut setup = Setup::plain();
    setup.config.batch_size = 100;
    setup.config.linger = ms(10);
    let mut harness = setup.build().connected();
    (0..7).for_each(|_| _ = harness.send_sized(0, "v", 80));
    harness.to(5);
    assert_eq!(untimed(&harness.arrived), ["p0[v]"; 5]);
    harness.ok(0, 0);
    harness.to(8);
    assert_eq!(harness.arrived.len(), 6);
}

/// producer.md §12.3: while the one slot is taken, records gather whatever linger says.
#[test]
fn saturation_makes_batches_without_linger() {
    let mut setup = Setup::plain();
    setup.config.max_in_flight_requests_per_connection = 1;
    setup.round_trip = ms(20);
    let mut harness = setup.build().connected();
    harness.auto_answer = true;
    for _ in 0..100 {
        harness.send("v");
        harness.pass(ms(1));
    }
    harness.pass(ms(100));
    let counts: Vec<usize> = harness.arrived.iter().map(|line| line.matches('v').count()).collect();
    assert_eq!(counts, [1, 19, 20, 20, 20, 20]);
}

/// Before 2.1 a batch expires request.timeout.ms after it could have been sent.
#[test]
fn in_0_10_an_unsent_batch_expires_by_the_request_timeout() {
    let mut setup = Setup::of(KafkaVersion::V0_10);
    setup.config.request_timeout = ms(2_000);
    let mut harness = setup.build().connected();
    harness.leaders[0].0 = None;
    harness.disconnect();
    harness.to(1_000);
    harness.send("a");
    harness.to(10_000);
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException"]);
    let message = &harness.messages()[0];
    assert!(message.starts_with("Expiring 1 record(s) for t-0: 20"), "{message}");
    assert!(message.ends_with(" ms has passed since batch creation plus linger time"), "{message}");
    // What is in flight fails with its connection, and there are no retries by default.
    let mut harness = Setup::of(KafkaVersion::V0_10).build().connected();
    harness.send("b");
    harness.to(1);
    harness.disconnect();
    harness.to(100);
    assert_eq!(untimed(&harness.heard()), ["fail b NetworkException"]);
    assert_eq!(harness.messages(), [ErrorCode::NetworkException.message()]);
}
