//! An idempotent producer before KIP-360 (2.5): it has no epochs to raise, and gives its id up where it cannot go on.
//! `TransactionManager` and `Sender` of 0.11.0.2, 1.1.1 and 2.4.1.

use super::harness::{Harness, Setup, ms, untimed};
use crate::error::ErrorCode::{
    MessageTooLarge, NotLeaderOrFollower, OutOfOrderSequenceNumber, UnknownProducerId,
};
use crate::ids::{ProducerEpoch, ProducerId};
use crate::protocol::Acks;
use crate::version::KafkaVersion;

fn old(version: KafkaVersion) -> Harness {
    let mut setup = Setup::of(version);
    setup.config.enable_idempotence = true;
    setup.config.acks = Acks::All;
    setup.config.retries = i32::MAX as u32;
    let in_flight = if version == KafkaVersion::V0_11 { 1 } else { 5 };
    setup.config.max_in_flight_requests_per_connection = in_flight;
    let mut harness = setup.build().connected();
    harness.init_producer_id = vec![Ok((ProducerId(7), ProducerEpoch(0)))];
    harness
}

/// What was acknowledged is missing although nothing was deleted: the batch fails, and everything begins again.
#[test]
fn a_producer_whose_acknowledged_records_are_gone_asks_for_a_new_id() {
    for version in [KafkaVersion::V1_1, KafkaVersion::V2_4] {
        let mut harness = old(version);
        harness.send_each(&["a"]);
        harness.ok(0, 0);
        harness.pass(ms(2));
        harness.send_each(&["b", "c"]);
        harness.refuse(0, UnknownProducerId);
        harness.pass(ms(3));
        // c belongs to the id that was given up: an error that could go away is the end of it too.
        harness.refuse(0, NotLeaderOrFollower);
        harness.pass(ms(3));
        assert_eq!(
            untimed(&harness.heard()),
            ["ack a 0", "fail b UnknownProducerIdException", "fail c OutOfOrderSequenceException"],
            "{version:?}"
        );
        assert!(
            harness.messages()[1]
                .starts_with("Attempted to retry sending a batch but the producer id changed")
        );
        assert_eq!(harness.init_requests.len(), 1);
        harness.pass(ms(200));
        harness.send_each(&["d"]);
        assert_eq!(untimed(&harness.arrived).last(), Some(&"p0[d] 0@0"));
    }
}

/// Nothing was acknowledged yet: the sequences begin at 0 again, under the same id.
#[test]
fn a_producer_without_acknowledged_records_begins_its_sequences_again() {
    let mut harness = old(KafkaVersion::V2_4);
    harness.send_each(&["a", "b"]);
    harness.refuse(0, MessageTooLarge);
    harness.pass(ms(1));
    harness.refuse(0, UnknownProducerId);
    harness.pass(ms(200));
    assert_eq!(untimed(&harness.arrived)[2..], ["p0[b] 0@0"]);
    assert_eq!(harness.init_requests.len(), 0);
}

/// The one behind a batch that was refused for good takes its sequence.
#[test]
fn a_gap_is_closed_by_those_behind_it() {
    let mut harness = old(KafkaVersion::V2_4);
    harness.send_each(&["a", "b", "c"]);
    harness.refuse(0, MessageTooLarge);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.refuse(0, OutOfOrderSequenceNumber);
    harness.auto_answer = true;
    harness.pass(ms(500));
    assert_eq!(untimed(&harness.arrived)[3..], ["p0[b] 0@0", "p0[c] 1@0"]);
    assert_eq!(untimed(&harness.heard()), ["fail a RecordTooLargeException", "ack b 0", "ack c 1"]);
    assert_eq!(harness.init_requests.len(), 0);
}

/// OUT_OF_ORDER_SEQUENCE for the next one in turn: the broker has lost what it acknowledged.
#[test]
fn a_batch_in_its_turn_that_is_out_of_order_fails() {
    for version in [KafkaVersion::V0_11, KafkaVersion::V1_1, KafkaVersion::V2_4] {
        let mut harness = old(version);
        harness.send_each(&["a"]);
        harness.ok(0, 0);
        harness.pass(ms(2));
        harness.send_each(&["b"]);
        harness.refuse(0, OutOfOrderSequenceNumber);
        harness.pass(ms(200));
        assert_eq!(
            untimed(&harness.heard()),
            ["ack a 0", "fail b OutOfOrderSequenceException"],
            "{version:?}"
        );
        assert_eq!(harness.init_requests.len(), 1, "{version:?}");
        harness.send_each(&["c"]);
        assert_eq!(untimed(&harness.arrived).last(), Some(&"p0[c] 0@0"), "{version:?}");
    }
}

/// Brokers since 2.5 do not answer so of themselves, and a scenario's refusal names no log start offset.
#[test]
fn an_unknown_producer_with_an_unknown_log_start_sends_the_same_again() {
    let mut harness = Setup::idempotent().build().connected();
    harness.send_each(&["a"]);
    harness.ok(0, 0);
    harness.pass(ms(2));
    harness.send_each(&["b"]);
    harness.refuse(0, UnknownProducerId);
    harness.pass(ms(200));
    assert_eq!(untimed(&harness.arrived)[1..], ["p0[b] 1@0", "p0[b] 1@0"]);
    harness.ok(0, 1);
    harness.pass(ms(5));
    assert_eq!(untimed(&harness.heard()), ["ack a 0", "ack b 1"]);
    assert_eq!(harness.epoch(), 0);
}
