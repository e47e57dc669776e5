//! An append that waits for its commitment without a connection behind it, as a coordinator's does.

use std::sync::Arc;

use super::harness::P0;
use super::single::{Single, offsets};
use crate::broker::timer::BrokerTimer;
use crate::broker::timer::Waiter;
use crate::error::ErrorCode;
use crate::ids::{BatchId, RecordId};
use crate::protocol::batch::{Content, RecordBatch};
use crate::protocol::{Acks, Body, ProduceRequest};
use crate::time::Duration;
use crate::version::KafkaVersion;

const WAITER: Waiter = Waiter::Coordinator(7);

/// Broker 1 leads with broker 2 in the ISR, has ten records committed, and a coordinator's after them is not.
fn append_and_wait() -> Single {
    let mut single = Single::new(KafkaVersion::V4_3, 2, 1);
    single.metadata(Some(1), 5, 5, &[1, 2]).append(10);
    offsets(single.follow(2, 10));
    let batch = RecordBatch {
        id: BatchId(0),
        stamp: None,
        transactional: false,
        content: Content::Records(vec![RecordId(0)]),
        bytes: 70,
        uncompressed_bytes: 70,
        largest_record_bytes: 10,
    };
    let request = ProduceRequest {
        acks: Acks::All,
        timeout: Duration::from_millis(5_000),
        partitions: vec![(P0, Arc::new(batch))],
    };
    single.broker.append_records(&mut single.cx, WAITER, &request, None);
    assert_eq!(single.log_end(), 11);
    assert!(single.broker.parked.holds(WAITER));
    assert_eq!(told(&single), None);
    single
}

/// What the coordinator was told, once.
#[track_caller]
fn told(single: &Single) -> Option<Result<u32, ErrorCode>> {
    match &single.broker.parked.told[..] {
        [] => None,
        [(7, Body::ProduceResponse { partitions })] => {
            assert!(!single.broker.parked.holds(WAITER));
            assert_eq!(single.broker.parked.waiting_produces(P0), 0);
            Some(partitions[0].result.map(|offset| offset.0))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_append_is_committed_when_the_high_watermark_passes_it() {
    let mut single = append_and_wait();
    offsets(single.follow(2, 10));
    assert_eq!(told(&single), None, "the follower does not have it yet");
    offsets(single.follow(2, 11));
    assert_eq!(told(&single), Some(Ok(10)));
}

#[test]
fn an_append_fails_with_the_leadership() {
    let mut single = append_and_wait();
    single.metadata(Some(2), 6, 6, &[1, 2]);
    assert_eq!(told(&single), Some(Err(ErrorCode::NotLeaderOrFollower)));
}

#[test]
fn an_append_fails_with_the_disk() {
    let mut single = append_and_wait();
    single.broker.fail_disk(&mut single.cx);
    assert_eq!(told(&single), Some(Err(ErrorCode::KafkaStorageError)));
}

/// The record stays, and nobody is told of it any more.
#[test]
fn an_append_waits_no_longer_than_it_may() {
    let mut single = append_and_wait();
    for (millis, result) in [(4_999, None), (5_000, Some(Err(ErrorCode::RequestTimedOut)))] {
        single.at(millis);
        single.broker.on_timer(&mut single.cx, BrokerTimer::Purgatory(WAITER));
        assert_eq!(told(&single), result, "after {millis} ms");
    }
    offsets(single.follow(2, 11));
    assert_eq!(told(&single), Some(Err(ErrorCode::RequestTimedOut)));
}
