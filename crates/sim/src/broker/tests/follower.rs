//! What a follower does with the answers of its leader: `AbstractFetcherThreadTest` and its like.

use std::sync::Arc;

use super::harness::{Cluster, P0};
use super::single::Single;
use crate::broker::Broker;
use crate::error::ErrorCode;
use crate::happening::{Fact, Truncation};
use crate::ids::{BatchId, BrokerId, LeaderEpoch, Offset, Partition, RecordId};
use crate::protocol::batch::{Content, LogBatch, RecordBatch};
use crate::protocol::{FetchAnswer, FetchResult, ListOffsetAt, ListOffsetResult, MetadataRecord};
use crate::spec::PartitionSpec;
use crate::version::KafkaVersion;

fn batch(base: u32, records: u32, epoch: u32) -> LogBatch {
    LogBatch {
        base_offset: Offset(base),
        leader_epoch: LeaderEpoch(epoch),
        batch: Arc::new(RecordBatch {
            id: BatchId(0),
            stamp: None,
            transactional: false,
            content: Content::Records((0..records).map(RecordId).collect()),
            bytes: 100,
            uncompressed_bytes: 100,
            largest_record_bytes: 10,
        }),
    }
}

fn append(single: &mut Single, leader_high_watermark: Offset, batches: &[LogBatch]) {
    let (replicas, image) = (&mut single.broker.replicas, &single.broker.membership.image);
    replicas.append_as_follower(&mut single.cx, image, P0, leader_high_watermark, Offset(0), batches);
}

/// Broker 1 follows broker 2 in epoch 9, with these batches (first offset, records, epoch).
fn follower(version: KafkaVersion, batches: &[(u32, u32, u32)]) -> Single {
    let mut single = Single::new(version, 2, 1);
    single.metadata(Some(2), 9, 9, &[1, 2]);
    let batches: Vec<LogBatch> =
        batches.iter().map(|&(base, records, epoch)| batch(base, records, epoch)).collect();
    append(&mut single, Offset(0), &batches);
    single
}

fn diverging(single: &mut Single, epoch: u32, end: u32) -> u32 {
    let (epoch, end) = (Some(LeaderEpoch(epoch)), Some(Offset(end)));
    single.broker.replicas.truncate_to_common_epoch(&mut single.cx, P0, epoch, end, true);
    single.log_end()
}

/// cases.md B44.
#[test]
fn without_epochs_a_follower_truncates_to_its_high_watermark() {
    let mut single = Single::new(KafkaVersion::V0_10, 2, 1);
    single.metadata(Some(2), 1, 1, &[1, 2]);
    let batches = [batch(0, 1, 1), batch(1, 1, 1), batch(2, 1, 1)];
    append(&mut single, Offset(2), &batches);
    assert_eq!((single.log_end(), single.high_watermark()), (3, 2));
    single.metadata(Some(2), 2, 2, &[1, 2]);
    assert_eq!(single.log_end(), 2);
    let because = single.facts(|fact| match fact {
        Fact::Truncated { because, .. } => Some(*because),
        _ => None,
    });
    assert_eq!(because, [Truncation::HighWatermark]);
}

/// cases.md B45: the same leader epoch again changes nothing.
#[test]
fn no_new_start_without_a_new_epoch() {
    let mut single = follower(KafkaVersion::V0_10, &[(0, 1, 1), (1, 1, 1)]);
    single.metadata(Some(2), 9, 10, &[2]);
    assert_eq!(single.log_end(), 2, "an ISR change truncates nothing");
    single.metadata(Some(2), 10, 11, &[2]);
    assert_eq!(single.log_end(), 0);
}

/// cases.md B47.
#[test]
fn a_follower_starts_over_where_its_leader_begins_later() {
    let mut single = follower(KafkaVersion::V4_3, &[(0, 1, 0)]);
    let source = BrokerId(2);
    single.broker.fetchers.get(source).expect("it follows").asks(P0, Offset(1));
    let result =
        |at, offset| ListOffsetResult { partition: P0, at, result: Ok((Offset(offset), LeaderEpoch(4))) };
    let (earliest, latest) = (result(ListOffsetAt::Earliest, 2), result(ListOffsetAt::Latest, 5));
    let Broker { fetchers, replicas, .. } = &mut single.broker;
    fetchers.take_offsets(&mut single.cx, replicas, source, &earliest, &latest);
    let log = &single.broker.replicas.get(P0).expect("it is here").log;
    assert_eq!((log.start(), log.end(), log.batches().len()), (Offset(2), Offset(2), 0));
    assert_eq!(single.epochs(), []);
}

/// cases.md B50: epochs that the follower does not have: its own end of the floor epoch wins, and it asks again.
#[test]
fn a_follower_truncates_to_its_own_end_of_the_floor_epoch() {
    let mut single = follower(KafkaVersion::V4_3, &[(0, 119, 1), (119, 10, 2), (129, 21, 4), (150, 50, 5)]);
    assert_eq!(single.log_end(), 200);
    // The batches above are cut whole: 140 lies within one.
    assert_eq!(diverging(&mut single, 4, 140), 140);
    assert_eq!(diverging(&mut single, 3, 130), 129);
    assert_eq!(diverging(&mut single, 2, 120), 120);
    let mut single = follower(KafkaVersion::V4_3, &[(0, 119, 1), (119, 81, 5)]);
    assert_eq!(diverging(&mut single, 2, 120), 119, "floor epoch 1 ends there");
}

/// broker.md §5.3.1 to §5.3.4.
#[test]
fn truncation_rules() {
    let log: &[(u32, u32, u32)] = &[(0, 2, 0), (2, 3, 2), (5, 5, 4)];
    // (leader's epoch, its end) -> where the log ends then
    let cases: &[(Option<u32>, Option<u32>, u32)] = &[
        (None, None, 0),       // nothing known: the high watermark
        (None, Some(7), 7),    // the end alone
        (Some(4), Some(8), 8), // a common epoch: the smaller end
        (Some(4), Some(20), 10),
        (Some(2), Some(9), 5),
        (Some(3), Some(9), 5), // not here: where the epoch before it ends
        (Some(1), Some(9), 2),
    ];
    for &(epoch, end, left) in cases {
        let mut single = follower(KafkaVersion::V4_3, log);
        let (epoch, end) = (epoch.map(LeaderEpoch), end.map(Offset));
        single.broker.replicas.truncate_to_common_epoch(&mut single.cx, P0, epoch, end, true);
        assert_eq!(single.log_end(), left, "{epoch:?} {end:?}");
    }
}

/// cases.md B55: a leader that wrote nothing forgets its epoch when it follows, though nothing is cut.
#[test]
fn an_empty_leadership_leaves_no_epoch() {
    let mut single = follower(KafkaVersion::V4_3, &[(0, 27, 0), (27, 2, 9)]);
    single.metadata(Some(1), 20, 20, &[1, 2]);
    assert_eq!(single.epochs(), [(0, 0), (9, 27), (20, 29)]);
    single.metadata(Some(2), 21, 21, &[1, 2]);
    assert_eq!(diverging(&mut single, 9, 29), 29);
    assert_eq!(single.epochs(), [(0, 0), (9, 27)]);
    assert!(single.facts(|fact| matches!(fact, Fact::Truncated { .. }).then_some(())).is_empty());
}

/// cases.md B49, B42: an error pauses its own partition for a second; a fenced epoch stops it until there is a newer
/// one.
#[test]
fn one_partitions_error_is_its_own() {
    let mut cluster = Cluster::new(KafkaVersion::V4_3, 2);
    let second = PartitionSpec { number: 1, ..cluster.spec.partitions[0].clone() };
    cluster.spec.partitions.push(second);
    cluster.spec.topics[0].partitions = 2;
    let mut single = Single::of(&cluster.spec, vec![1, 2]);
    single.metadata(Some(2), 1, 1, &[1, 2]);
    let state = Arc::new(single.state(Some(2), 1, 1, &[1, 2]));
    let record = MetadataRecord::Partition { partition: Partition(1), state };
    single.broker.apply_records(&mut single.cx, &[record]);
    let asked = |single: &mut Single| {
        let fetcher = single.broker.fetchers.first();
        fetcher.ready(single.cx.now).map(|partition| partition.0).collect::<Vec<_>>()
    };
    assert_eq!(asked(&mut single), [0, 1]);
    single.at(5_000);
    single.broker.fetchers.partition_failed(&mut single.cx, BrokerId(2), P0, ErrorCode::UnknownLeaderEpoch);
    assert_eq!(asked(&mut single), [1]);
    assert_eq!(asked(single.at(5_999)), [1]);
    assert_eq!(asked(single.at(6_000)), [0, 1]);
    single.broker.fetchers.partition_failed(&mut single.cx, BrokerId(2), P0, ErrorCode::FencedLeaderEpoch);
    assert_eq!(asked(single.at(60_000)), [1]);
    single.metadata(Some(2), 2, 2, &[1, 2]);
    assert_eq!(asked(&mut single), [0, 1]);
}

/// A follower's high watermark is its leader's, as far as it has the records.
#[test]
fn the_high_watermark_follows_the_leaders() {
    let mut single = follower(KafkaVersion::V4_3, &[(0, 5, 9)]);
    for (leader, own) in [(3, 3), (9, 5), (4, 4)] {
        append(&mut single, Offset(leader), &[]);
        assert_eq!(single.high_watermark(), own);
    }
}

/// A batch that begins before the log's end fits nowhere: the follower says so and stops until there is another leader.
#[test]
fn a_follower_whose_log_does_not_fit_says_why_it_stops() {
    let mut single = follower(KafkaVersion::V4_3, &[(0, 5, 9)]);
    let source = BrokerId(2);
    single.broker.fetchers.get(source).expect("it follows").asks(P0, Offset(5));
    let answer = FetchAnswer::Records {
        high_watermark: Offset(0),
        log_start_offset: Offset(0),
        batches: vec![batch(3, 5, 9)],
    };
    let result = FetchResult { partition: P0, answer };
    let Broker { fetchers, replicas, membership, .. } = &mut single.broker;
    fetchers.take_fetch_result(&mut single.cx, replicas, &membership.image, source, &result);
    assert_eq!(single.log_end(), 5);
    let said = single.facts(|fact| match fact {
        Fact::FetchingFailed { leader, log_end_offset, base_offset, .. } => {
            Some((leader.0, log_end_offset.0, base_offset.0))
        }
        _ => None,
    });
    assert_eq!(said, [(2, 5, 3)]);
    let asks = |single: &mut Single| single.broker.fetchers.first().ready(single.cx.now).count();
    assert_eq!(asks(single.at(60_000)), 0);
    single.metadata(Some(2), 10, 10, &[1, 2]);
    assert_eq!(asks(&mut single), 1);
}
