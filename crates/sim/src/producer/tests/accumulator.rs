//! Cases of RecordAccumulatorTest: what is sendable when, what is taken along, what expires.

use super::harness::{Harness, Setup, ms, untimed};
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BatchId, BrokerId, ClientId, LeaderEpoch, NodeId, Partition};
use crate::producer::partitioner::draw;
use crate::protocol::Acks;
use crate::time::Duration;
use crate::version::KafkaVersion;

/// p0 and p1 led by broker 1, p2 by broker 2; no idempotence.
fn accumulator() -> Setup {
    let mut setup = Setup::plain();
    setup.brokers = 2;
    setup.leaders = vec![1, 1, 2];
    setup.config.retry_backoff_max = ms(1_000);
    setup.config.delivery_timeout = ms(3_200);
    setup
}

fn fill(harness: &mut Harness, partition: u32, records: u32) {
    (0..records).for_each(|_| _ = harness.send_to(partition, "v"));
}

/// How many records of which partition each request carried, and when it arrived.
fn requests(harness: &Harness) -> Vec<(u64, Vec<(u16, usize)>)> {
    let counts = |asked: &super::harness::Asked| {
        let batches = asked.request.partitions.iter();
        (asked.at, batches.map(|(partition, batch)| (partition.0, batch.records().len())).collect())
    };
    harness.asked.iter().map(counts).collect()
}

/// cases.md P02.
#[test]
fn linger_ends_to_the_millisecond() {
    let mut setup = accumulator();
    (setup.config.batch_size, setup.config.linger) = (1_085, ms(10));
    let mut harness = setup.build().connected();
    harness.send("v");
    harness.to(100);
    assert_eq!(harness.arrived, ["11: p0[v]"]);
}

/// cases.md P04: a full partition takes the others of its broker along, and no other broker.
#[test]
fn a_ready_partition_makes_its_broker_ready() {
    let mut setup = accumulator();
    (setup.config.batch_size, setup.config.linger) = (1_086, ms(10));
    let mut harness = setup.build().connected();
    fill(&mut harness, 0, 68);
    harness.to(5);
    assert_eq!(harness.arrived.len(), 0);
    fill(&mut harness, 2, 68);
    harness.to(6);
    assert_eq!(harness.arrived.len(), 0);
    fill(&mut harness, 1, 69);
    harness.to(100);
    assert_eq!(requests(&harness), [(7, vec![(0, 68), (1, 68)]), (16, vec![(2, 68)]), (17, vec![(1, 1)])]);
}

/// cases.md P05: the second batch would make the request too large.
#[test]
fn a_request_ends_where_the_next_batch_does_not_fit() {
    let mut setup = accumulator();
    setup.config.batch_size = 1_085;
    setup.config.max_request_size = 1_200;
    setup.config.linger = ms(5);
    let mut harness = setup.build().connected();
    fill(&mut harness, 0, 68);
    fill(&mut harness, 1, 68);
    harness.to(100);
    assert_eq!(requests(&harness), [(1, vec![(0, 68)]), (1, vec![(1, 68)])]);
}

/// cases.md P07.
#[test]
fn a_broker_that_leads_nothing_is_drained_of_nothing() {
    let mut harness = accumulator().build().connected();
    harness.send("v");
    let instance = harness.producer.instance.as_mut().expect("a producer");
    let settings = instance.settings.clone();
    let now = crate::client::clock(harness.cx.now);
    let taken =
        instance.accumulator.drain(&mut harness.cx, &settings, &instance.metadata, None, BrokerId(3), now);
    assert!(taken.is_empty());
}

/// cases.md P09: a head in backoff holds up its own partition only.
#[test]
fn backoff_is_per_partition() {
    let mut harness = accumulator().build().connected();
    harness.send_to(0, "a");
    harness.to(1);
    harness.refuse(0, ErrorCode::NotEnoughReplicas);
    harness.to(2);
    harness.send_to(0, "b");
    harness.send_to(1, "c");
    harness.to(60);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p1[c]"]);
    harness.to(2 + 120 + 1);
    assert_eq!(untimed(&harness.arrived), ["p0[a]", "p1[c]", "p0[a]", "p0[b]"]);
}

/// cases.md P10.
#[test]
fn backoff_doubles_up_to_its_maximum() {
    let mut setup = accumulator();
    setup.config.delivery_timeout = ms(60_000);
    let mut harness = setup.build().connected();
    harness.send("v");
    for attempt in 0..6 {
        while harness.asked.is_empty() {
            harness.pass(ms(1));
        }
        let refused = harness.now() + 1;
        harness.refuse(0, ErrorCode::NotEnoughReplicas);
        while harness.asked.is_empty() {
            harness.pass(ms(1));
        }
        let waited = harness.asked[0].at - 1 - refused;
        let term: u64 = 100 << attempt;
        let range = (term.min(1_000) * 8 / 10)..=(term * 12 / 10).min(1_000);
        assert!(range.contains(&waited), "attempt {attempt}: {waited} ms");
    }
}

/// cases.md P12: a newer leader ends a backoff; the same one does not.
#[test]
fn a_raised_leader_epoch_ends_the_backoff() {
    let mut harness = accumulator().build().connected();
    harness.send("v");
    harness.to(1);
    // The refusal brings new metadata, and the epoch has risen.
    harness.leaders[0].1 = LeaderEpoch(101);
    harness.refuse(0, ErrorCode::NotLeaderOrFollower);
    harness.to(10);
    assert_eq!(harness.arrived, ["1: p0[v]", "5: p0[v]"]);
    // Not this time.
    harness.refuse(0, ErrorCode::NotLeaderOrFollower);
    harness.to(11 + 150);
    assert_eq!(harness.arrived.len(), 2);
    harness.to(11 + 300);
    assert_eq!(harness.arrived.len(), 3);
}

/// cases.md P14.
#[test]
fn a_flush_sends_everything_and_returns_when_it_is_answered() {
    let mut setup = accumulator();
    setup.config.linger = ms(100_000);
    let mut harness = setup.build().connected();
    for record in 0..100 {
        harness.send_to(record % 3, "v");
    }
    harness.to(50);
    assert_eq!(harness.arrived.len(), 0);
    harness.flush();
    harness.send("later");
    assert!(harness.producer.is_blocked());
    harness.to(60);
    assert_eq!(requests(&harness), [(51, vec![(0, 34), (1, 33)]), (51, vec![(2, 33)])]);
    harness.ok(0, 0);
    harness.to(65);
    assert!(harness.producer.is_blocked());
    harness.ok(0, 0);
    harness.to(70);
    assert_eq!(harness.heard().last().map(String::as_str), Some("66: flushed"));
    assert_eq!(harness.producer.unanswered(), 1);
}

/// cases.md P15: a forced close fails what is queued and what is out.
#[test]
fn a_forced_close_fails_everything() {
    let mut setup = accumulator();
    setup.config.batch_size = 100;
    setup.config.linger = ms(100_000);
    let mut harness = setup.build().connected();
    fill(&mut harness, 0, 100);
    harness.to(5);
    harness.close(ms(0));
    assert_eq!(harness.heard().len(), 101);
    assert_eq!(harness.heard().last().map(String::as_str), Some("5: closed"));
    let messages = harness.messages();
    assert!(messages.iter().all(|message| message == "Producer is closed forcefully."), "{messages:?}");
}

/// cases.md P17: both batches expire at the deadline of the first, which is also theirs.
#[test]
fn batches_expire_at_their_age() {
    let mut setup = accumulator();
    (setup.config.batch_size, setup.config.linger) = (1_085, ms(30));
    let mut harness = setup.build().connected();
    harness.leaders[0].0 = None;
    harness.disconnect();
    harness.to(1_000);
    fill(&mut harness, 0, 68);
    harness.send_to(0, "last");
    harness.to(4_199);
    assert_eq!(harness.heard().len(), 0);
    harness.to(4_300);
    assert_eq!(harness.heard().len(), 69);
    assert!(harness.heard()[68].starts_with("4200: fail last TimeoutException"), "{}", harness.heard()[68]);
    assert_eq!(
        harness.messages()[68],
        "Expiring 1 record(s) for t-0:3200 ms has passed since batch creation. The request has not been sent, \
         or no server response has been received yet."
    );
}

/// cases.md P19: the change of partition waits for the batch to be complete.
#[test]
fn unkeyed_records_change_partition_by_bytes() {
    let mut setup = accumulator();
    (setup.config.batch_size, setup.config.linger) = (1_024, ms(100_000));
    setup.config.partitioner_adaptive_partitioning_enable = false;
    let mut harness = setup.build().connected();
    let mut expected = harness.cx.clone();
    expected.node = NodeId::Producer(ClientId(0));
    let mut next = || (draw(&mut expected) % 3) as u16;
    let (first, second, third, fourth) = (next(), next(), next(), next());
    harness.send_unkeyed("small", 5);
    for _ in 0..4 {
        harness.send_unkeyed("large", 1_024);
    }
    let partitions: Vec<u16> = (harness.happenings.iter())
        .filter_map(|happening| match happening.fact {
            Fact::Buffered { partition, .. } => Some(partition.0),
            _ => None,
        })
        .collect();
    assert_eq!(partitions, [first, first, second, third, fourth]);
}

/// Queue sizes count from the first record without a key on: the load is known of every topic that is sent to.
#[test]
fn the_first_unkeyed_record_avoids_the_long_queue() {
    let mut chosen = [0; 2];
    for skipped in 0..34 {
        let mut setup = accumulator();
        setup.leaders = vec![1, 1];
        setup.config.batch_size = 16;
        let mut harness = setup.build().connected();
        fill(&mut harness, 0, 20);
        fill(&mut harness, 1, 1);
        harness.pass(ms(20));
        harness.cx.node = NodeId::Producer(ClientId(0));
        (0..skipped).for_each(|_| _ = draw(&mut harness.cx));
        harness.send_unkeyed("v", 5);
        let last = harness.happenings.iter().rev().find_map(|happening| match happening.fact {
            Fact::Buffered { partition, .. } => Some(usize::from(partition.0)),
            _ => None,
        });
        chosen[last.expect("a buffered record")] += 1;
    }
    // The queues hold 15 and 0 batches, so the chances are 1 to 16.
    assert!(chosen[0] <= 6 && chosen[1] >= 28, "{chosen:?}");
}

/// cases.md P24.
#[test]
fn slow_unkeyed_traffic_leaves_no_fragments() {
    let mut setup = accumulator();
    (setup.config.batch_size, setup.config.linger) = (512, ms(10));
    let mut harness = setup.build().connected();
    harness.auto_answer = true;
    for _ in 0..10 {
        let before = harness.arrived.len();
        (0..10).for_each(|_| _ = harness.send_unkeyed("v", 32));
        harness.pass(ms(20));
        assert_eq!(harness.arrived.len(), before + 1, "{:?}", harness.arrived);
    }
    let sizes = harness.happenings.iter().filter_map(|happening| match happening.fact {
        Fact::BatchDrained { bytes, .. } => Some(bytes),
        _ => None,
    });
    assert!(sizes.clone().all(|bytes| (257..512).contains(&bytes)), "{:?}", sizes.collect::<Vec<_>>());
}

/// cases.md P25, without and with sequences.
#[test]
fn a_split_batch_goes_back_in_order() {
    for idempotent in [false, true] {
        let mut setup = accumulator();
        setup.leaders = vec![1];
        setup.brokers = 1;
        setup.config.enable_idempotence = idempotent;
        setup.config.max_in_flight_requests_per_connection = 1;
        // Compression makes batches of more than batch.size.
        setup.config.compression = crate::config::Compression::Gzip;
        setup.compression_permille = 600;
        setup.config.batch_size = 1_024;
        setup.config.linger = ms(10);
        let mut harness = setup.build().connected();
        let instance = harness.producer.instance.as_mut().expect("a producer");
        instance.accumulator.assume_ratio(100_000);
        harness.send_sized(0, "a", 700);
        harness.send_sized(0, "b", 700);
        harness.to(20);
        assert!(untimed(&harness.arrived)[0].starts_with("p0[a b]"), "{:?}", harness.arrived);
        harness.refuse(0, ErrorCode::MessageTooLarge);
        harness.to(30);
        harness.ok(0, 0);
        harness.to(40);
        harness.ok(0, 1);
        harness.to(50);
        let stamps = if idempotent { [" 0@0", " 1@0"] } else { ["", ""] };
        let expected = [format!("p0[a]{}", stamps[0]), format!("p0[b]{}", stamps[1])];
        assert_eq!(untimed(&harness.arrived)[1..], expected);
        assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 1"]);
        assert_eq!(harness.metric("batch-split-total"), 1.0);
    }
}

/// recorded: too-large: 30 records of 309 bytes against a limit of 2000; the sizes of the batches that were written, and
/// how often records were sent. Before KAFKA-8350 the same batch is sent for ever.
#[test]
fn what_is_too_large_is_halved_until_it_fits() {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.linger = ms(20);
    let mut harness = setup.build().connected();
    (0..30).for_each(|_| _ = harness.send_sized(0, "w", 300));
    let mut written = Vec::new();
    let mut offset = 0;
    for turn in 0..150 {
        if turn == 100 {
            assert_eq!(
                ["batch-split-total", "record-send-total"].map(|name| harness.metric(name)),
                [4.0, 118.0]
            );
            harness.send_sized(0, "x", 3_000);
        }
        harness.pass(ms(5));
        let Some(asked) = harness.asked.first() else { continue };
        let batch = &asked.request.partitions[0].1;
        let (bytes, count) = (batch.bytes, batch.count());
        if bytes > 2_000 {
            harness.refuse(0, ErrorCode::MessageTooLarge);
        } else {
            written.push(count);
            harness.ok(0, offset);
            offset += count;
        }
    }
    assert_eq!(written, [6, 6, 2, 6, 6, 2, 2]);
    assert_eq!(harness.messages(), [ErrorCode::MessageTooLarge.message()]);
    assert_eq!(
        ["batch-split-total", "record-retry-total", "record-error-total"].map(|name| harness.metric(name)),
        [4.0, 0.0, 1.0]
    );
}

/// cases.md X10 up to 4.0.
#[test]
fn before_the_halving_a_batch_too_large_is_sent_until_it_expires() {
    let mut setup = Setup::of(KafkaVersion::V4_0);
    setup.config.delivery_timeout = ms(1_500);
    setup.config.request_timeout = ms(1_000);
    setup.config.linger = ms(1);
    let mut harness = setup.build().connected();
    harness.send_sized(0, "a", 6_000);
    harness.send_sized(0, "b", 6_000);
    for _ in 0..2_000 {
        harness.pass(ms(1));
        if !harness.asked.is_empty() {
            harness.refuse(0, ErrorCode::MessageTooLarge);
        }
    }
    assert!(harness.arrived.len() > 400, "{}", harness.arrived.len());
    assert_eq!(untimed(&harness.heard()), ["fail a TimeoutException", "fail b TimeoutException"]);
}

/// producer.md §3.4: records per batch under a steady load; `record-queue-time-avg` is linger until batch.size cuts it
/// short.
#[test]
fn a_batch_holds_what_comes_within_linger() {
    for (gap_micros, linger, allowed) in [
        (5_000, 5, 1..=2),
        (1_000, 5, 5..=6),
        (1_000, 20, 20..=22),
        // The clock shows the fifth millisecond up to one millisecond early, or late.
        (250, 5, 17..=25),
        (250, 100, 148..=148),
    ] {
        let mut setup = Setup::of(KafkaVersion::V4_3);
        setup.config.linger = ms(linger);
        setup.round_trip = Duration::from_micros(300);
        let mut harness = setup.build().connected();
        harness.auto_answer = true;
        harness.pass(Duration::from_micros(370));
        for _ in 0..2_960 {
            harness.send_sized(0, "v", 100);
            harness.pass(Duration::from_micros(gap_micros));
        }
        let counts: Vec<u32> = (harness.happenings.iter())
            .filter_map(|happening| match happening.fact {
                Fact::BatchDrained { records, .. } => Some(records),
                _ => None,
            })
            .collect();
        assert!(counts.iter().all(|count| allowed.contains(count)), "{gap_micros} {linger}: {counts:?}");
        let waited = harness.metric("record-queue-time-avg");
        let expected = if allowed == (148..=148) { 37.0 } else { linger as f64 };
        assert!((waited - expected).abs() < 0.3, "{gap_micros} {linger}: {waited}");
    }
}

/// producer.md §3.7: the walk begins one further back after each full circle.
#[test]
fn every_partition_of_a_broker_has_its_turn() {
    let mut setup = Setup::plain();
    setup.leaders = vec![1, 1, 1];
    setup.config.max_request_size = 200;
    setup.config.acks = Acks::Leader;
    setup.config.max_in_flight_requests_per_connection = 2;
    let mut harness = setup.build().connected();
    (0..3).for_each(|partition| _ = harness.send_sized(partition, "v", 60));
    harness.to(1);
    // Two slots: the third waits, and is the first then.
    assert_eq!(requests(&harness), [(1, vec![(0, 1)]), (1, vec![(1, 1)])]);
    harness.send_sized(0, "w", 60);
    harness.ok(0, 0);
    harness.to(5);
    assert_eq!(untimed(&harness.arrived)[2..], ["p2[v]"]);
}

#[test]
fn batches_have_numbers_of_their_own() {
    let mut harness = accumulator().build().connected();
    harness.auto_answer = true;
    harness.send_to(0, "a");
    harness.to(10);
    harness.send_to(1, "b");
    harness.to(20);
    let ids: Vec<(BatchId, Partition)> = (harness.happenings.iter())
        .filter_map(|happening| match happening.fact {
            Fact::BatchDrained { batch, partition, .. } => Some((batch, partition)),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [(BatchId(0), Partition(0)), (BatchId(1), Partition(1))]);
}
