//! What a leader does: high watermark, ISR, answers to fetches.

use super::harness::{Cluster, P0};
use super::single::{Single, offsets, whole};
use crate::broker::replicas::produce::produce_result;
use crate::broker::timer::Waiter;
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, RecordId, Sequence};
use crate::protocol::batch::{Content, ProducerStamp};
use crate::protocol::transaction::Isolation;
use crate::protocol::{Acks, FetchAnswer, FetchRequest};
use crate::version::KafkaVersion;

/// Broker 1 leads in epoch 5 with ten records.
fn leader(brokers: u32, min_isr: u32, isr: &[u32]) -> Single {
    let mut single = Single::new(KafkaVersion::V4_3, brokers, min_isr);
    single.metadata(Some(1), 5, 5, isr).append(10);
    single
}

/// cases.md B02.
#[test]
fn a_follower_joins_when_it_has_everything() {
    let mut single = leader(2, 1, &[1]);
    offsets(single.follow(2, 3));
    assert_eq!(single.proposals(), [[0u32; 0]; 0]);
    offsets(single.follow(2, 10));
    assert_eq!(single.proposals(), [[1, 2]]);
    assert_eq!(single.isr(), (vec![1], vec![1, 2]));
    let committed = single.state(Some(1), 5, 6, &[1, 2]);
    single.answer(Ok(committed));
    assert_eq!(single.isr(), (vec![1, 2], vec![1, 2]));
    offsets(single.follow(2, 10));
    assert_eq!(single.proposals().len(), 1);
}

/// cases.md B04, B05.
#[test]
fn after_a_fatal_answer_both_isrs_stay_in_force() {
    for error in [ErrorCode::InvalidUpdateVersion, ErrorCode::InvalidRequest, ErrorCode::FencedLeaderEpoch] {
        let mut single = leader(2, 1, &[1]);
        offsets(single.follow(2, 10));
        single.answer(Err(error));
        offsets(single.follow(2, 10));
        assert_eq!(single.proposals().len(), 1, "{error}: no second attempt");
        assert_eq!(single.isr(), (vec![1], vec![1, 2]));
        single.append(1);
        assert_eq!(single.high_watermark(), 10, "{error}: the follower is honoured");
        single.metadata(Some(1), 5, 7, &[1]);
        assert_eq!(single.isr(), (vec![1], vec![1]));
    }
}

/// cases.md B07.
#[test]
fn only_active_brokers_are_proposed() {
    for (fenced, stopping) in [(true, false), (false, true)] {
        let mut single = leader(2, 1, &[1]);
        single.register(2, 102, fenced, stopping);
        offsets(single.follow(2, 10));
        assert!(single.proposals().is_empty());
        single.register(2, 102, false, false);
        offsets(single.follow(2, 10));
        assert_eq!(single.proposals(), [[1, 2]]);
        single.answer(Err(ErrorCode::IneligibleReplica));
        assert_eq!(single.isr(), (vec![1], vec![1]), "back to what is committed");
        offsets(single.follow(2, 10));
        assert_eq!(single.proposals().len(), 2);
    }
}

/// cases.md B09.
#[test]
fn an_earlier_life_of_a_follower_is_not_counted() {
    let mut single = leader(2, 1, &[1, 2]);
    offsets(single.follow(2, 4));
    let before = single.broker.replicas.get(P0).unwrap().leading().unwrap().followers.clone();
    single.register(2, 200, false, false);
    assert_eq!(single.follow(2, 10), Err(ErrorCode::NotLeaderOrFollower));
    assert_eq!(single.broker.replicas.get(P0).unwrap().leading().unwrap().followers, before);
    // Before KIP-903 nobody looked.
    let mut single = Single::new(KafkaVersion::V2_8, 2, 1);
    single.metadata(Some(1), 5, 5, &[1]).append(10);
    single.register(2, 200, false, false);
    offsets(single.follow(2, 10));
    assert_eq!(single.proposals(), [[1, 2]]);
}

/// A new controller of the ZooKeeper age tells everybody everything: what was long heard undoes no proposal.
#[test]
fn before_kraft_an_order_of_the_same_leader_epoch_is_no_order() {
    let mut single = Single::new(KafkaVersion::V2_8, 2, 1);
    single.metadata(Some(1), 5, 5, &[1]).append(10);
    offsets(single.follow(2, 10));
    assert_eq!(single.isr(), (vec![1], vec![1, 2]));
    single.metadata(Some(1), 5, 5, &[1]);
    assert_eq!(single.isr(), (vec![1], vec![1, 2]));
    single.metadata(Some(1), 6, 6, &[1]);
    assert_eq!(single.isr(), (vec![1], vec![1]));
}

/// cases.md B10.
#[test]
fn a_stranger_may_not_fetch() {
    let mut single = Single::new(KafkaVersion::V4_3, 3, 1);
    single.replicas = vec![1, 2];
    single.metadata(Some(1), 5, 5, &[1, 2]).append(3);
    let ask = |epoch| Single::asked(epoch, None, 0);
    assert_eq!(single.fetch(Some((3, 103)), &ask(Some(5))), Err(ErrorCode::UnknownLeaderEpoch));
    assert_eq!(single.fetch(Some((3, 103)), &ask(None)), Err(ErrorCode::NotLeaderOrFollower));
    single.replicas = vec![1, 2, 3];
    single.metadata(Some(1), 5, 6, &[1, 2]);
    assert_eq!(offsets(single.fetch(Some((3, 103)), &ask(Some(5)))), [0, 1, 2]);
}

/// cases.md B12.
#[test]
fn reaching_where_the_leader_stood_counts_as_caught_up() {
    let mut single = leader(2, 1, &[1, 2]);
    offsets(single.at(5_000).follow(2, 5));
    assert_eq!(single.high_watermark(), 5);
    single.at(10_001).append(5);
    offsets(single.follow(2, 10));
    assert_eq!(single.high_watermark(), 10);
    single.at(35_000).shrink();
    assert!(single.proposals().is_empty(), "caught up at 5 s, 30 s ago");
    single.at(35_001).shrink();
    assert_eq!(single.proposals(), [[1]]);
}

/// cases.md B14.
#[test]
fn a_refused_shrink_frees_nothing() {
    let mut single = leader(2, 1, &[1, 2]);
    offsets(single.follow(2, 4));
    single.at(31_000).shrink();
    assert_eq!(single.proposals(), [[1]]);
    single.answer(Err(ErrorCode::InvalidUpdateVersion));
    single.append(1);
    assert_eq!(single.high_watermark(), 4);
    assert_eq!(single.isr(), (vec![1, 2], vec![1, 2]));
    single.at(62_000).shrink();
    assert_eq!(single.proposals().len(), 1, "still pending");
}

/// cases.md B15.
#[test]
fn one_question_at_a_time_even_when_metadata_overtakes_it() {
    let mut single = leader(2, 1, &[1, 2]);
    offsets(single.follow(2, 4));
    single.at(31_000).shrink();
    assert_eq!(single.proposals().len(), 1);
    single.metadata(Some(1), 5, 6, &[1, 2]);
    assert_eq!(single.isr(), (vec![1, 2], vec![1, 2]));
    single.at(62_000).shrink();
    assert_eq!(single.proposals().len(), 1, "the first has not been answered");
    single.answer(Err(ErrorCode::InvalidUpdateVersion));
    single.shrink();
    assert_eq!(single.proposals().len(), 2);
}

/// cases.md B17.
#[test]
fn below_the_minimum_the_high_watermark_stands_still() {
    for (version, frozen) in [(KafkaVersion::V4_3, true), (KafkaVersion::V3_6, false)] {
        let mut single = Single::new(version, 3, 3);
        single.metadata(Some(1), 5, 5, &[1, 2]).append(10);
        offsets(single.follow(2, 10));
        assert_eq!(single.high_watermark(), if frozen { 0 } else { 10 }, "{version:?}");
        offsets(single.follow(3, 10));
        assert_eq!(single.isr().1, [1, 2, 3]);
        assert_eq!(single.high_watermark(), if frozen { 0 } else { 10 }, "{version:?}");
        let committed = single.state(Some(1), 5, 6, &[1, 2, 3]);
        single.answer(Ok(committed));
        assert_eq!(single.high_watermark(), 10, "{version:?}");
    }
}

/// cases.md B19.
#[test]
fn a_new_leader_does_not_say_what_it_cannot_know() {
    let mut single = Single::new(KafkaVersion::V4_3, 3, 1);
    single.metadata(Some(1), 8, 8, &[1, 3]).append(5);
    offsets(single.follow(2, 2));
    offsets(single.follow(3, 2));
    assert_eq!((single.high_watermark(), single.latest(false)), (2, Ok(2)));
    single.metadata(Some(2), 9, 9, &[1, 2, 3]);
    assert_eq!(single.latest(false), Err(ErrorCode::NotLeaderOrFollower));
    single.metadata(Some(1), 10, 10, &[1, 3]);
    assert_eq!(single.latest(false), Err(ErrorCode::OffsetNotAvailable));
    assert_eq!(single.latest(true), Ok(5));
    offsets(single.follow(3, 5));
    offsets(single.follow(2, 5));
    assert_eq!(single.latest(false), Ok(5));
}

/// cases.md B22.
#[test]
fn the_epoch_cache_has_the_epoch_before_any_write() {
    let mut single = leader(2, 1, &[1]);
    single.metadata(Some(1), 8, 8, &[1]);
    assert_eq!(single.epochs(), [(5, 0), (8, 10)]);
    let log = &single.broker.replicas.get(P0).unwrap().log;
    let end = log.epochs().end_offset_for(LeaderEpoch(8), log.end(), KafkaVersion::V4_3);
    assert_eq!(end, Some((LeaderEpoch(8), Offset(10))));
}

/// cases.md B24.
#[test]
fn a_follower_serves_no_replica() {
    let mut single = Single::new(KafkaVersion::V4_3, 3, 1);
    single.metadata(Some(3), 8, 8, &[1, 2, 3]);
    let cases = [
        (None, ErrorCode::NotLeaderOrFollower),
        (Some(8), ErrorCode::NotLeaderOrFollower),
        (Some(9), ErrorCode::UnknownLeaderEpoch),
        (Some(7), ErrorCode::FencedLeaderEpoch),
    ];
    for (epoch, error) in cases {
        assert_eq!(single.fetch(Some((2, 102)), &Single::asked(epoch, None, 0)), Err(error), "{epoch:?}");
    }
}

/// cases.md B27, B29, B30: the leader of epoch 10 whose log has the epochs 0, 3, 4, 7 and 9.
#[test]
fn a_leader_tells_where_its_log_leaves_the_followers() {
    let mut single = Single::new(KafkaVersion::V4_3, 2, 1);
    for (epoch, records) in [(0, 2), (3, 6), (4, 5), (7, 1), (9, 3), (10, 0)] {
        single.metadata(Some(1), epoch, epoch, &[1, 2]).append(records);
    }
    assert_eq!(single.epochs(), [(0, 0), (3, 2), (4, 8), (7, 13), (9, 14), (10, 17)]);
    let mut ask = |epoch, offset| single.fetch(Some((2, 102)), &Single::asked(Some(10), Some(epoch), offset));
    for (epoch, offset) in [(6, 6), (5, 9)] {
        let diverging =
            FetchAnswer::Diverging { leader_epoch: Some(LeaderEpoch(4)), end_offset: Some(Offset(13)) };
        assert_eq!(ask(epoch, offset), Ok(diverging), "({epoch}, {offset})");
    }
    for (epoch, offset) in [(0, 2), (7, 14), (9, 17), (10, 17)] {
        offsets(ask(epoch, offset));
    }
    assert_eq!(ask(11, 5), Err(ErrorCode::OffsetOutOfRange));
}

/// cases.md B34.
#[test]
fn losing_leadership_ends_parked_fetches() {
    for (epoch, error) in [(Some(1), ErrorCode::FencedLeaderEpoch), (None, ErrorCode::NotLeaderOrFollower)] {
        let version = if epoch.is_some() { KafkaVersion::V4_3 } else { KafkaVersion::V1_1 };
        let mut single = Single::new(version, 2, 1);
        single.metadata(Some(1), 1, 1, &[1, 2]);
        let connection = single.consumer_fetch(epoch, 0);
        let parked = |single: &Single| single.broker.parked.holds(Waiter::Request(connection));
        assert!(parked(&single));
        single.metadata(Some(2), 2, 2, &[1, 2]);
        assert!(!parked(&single));
        let refused = single.facts(|fact| match fact {
            Fact::FetchRefused { error, .. } => Some(*error),
            _ => None,
        });
        assert_eq!(refused, [error]);
    }
}

/// cases.md B35.
#[test]
fn consumers_read_up_to_the_high_watermark() {
    let mut single = Single::new(KafkaVersion::V4_3, 3, 1);
    single.metadata(Some(1), 5, 5, &[1, 2, 3]).append(2);
    assert_eq!(single.high_watermark(), 0);
    assert_eq!(offsets(single.follow(2, 1)), [1]);
    let ask = |offset| Single::asked(Some(5), None, offset);
    assert_eq!(offsets(single.fetch(None, &ask(1))), [0u32; 0]);
    assert_eq!(single.fetch(None, &ask(3)), Err(ErrorCode::OffsetOutOfRange));
}

/// consumer-and-transactions.md §2.1: with read_committed up to the first transaction that is open.
#[test]
fn readers_of_committed_records_stop_at_an_open_transaction() {
    let mut single = Single::new(KafkaVersion::V4_3, 1, 1);
    single.metadata(Some(1), 5, 5, &[1]).append(2);
    let stamp = ProducerStamp { id: ProducerId(7), epoch: ProducerEpoch(0), base_sequence: Sequence(0) };
    single.write(Some(stamp), true, Content::Records(vec![RecordId(0)])).append(1);
    let mut read = |isolation| {
        let request = FetchRequest { isolation, ..whole() };
        offsets(single.fetch_as(&request, &Single::asked(Some(5), None, 0)))
    };
    assert_eq!(read(Isolation::ReadUncommitted), [0, 1, 2, 3]);
    assert_eq!(read(Isolation::ReadCommitted), [0, 1]);
}

/// cases.md B37.
#[test]
fn a_refused_fetch_tells_the_leader_nothing() {
    let mut single = leader(2, 1, &[1, 2]);
    offsets(single.follow(2, 0));
    let refused = single.fetch(Some((2, 102)), &Single::asked(Some(4), None, 3));
    assert_eq!(refused, Err(ErrorCode::FencedLeaderEpoch));
    let follower = single.broker.replicas.get(P0).unwrap().leading().unwrap().followers[0];
    assert_eq!(follower.log_end_offset, Some(Offset(0)));
}

/// The checks of broker.md §2.2 in their order: the ISR before the sequence.
#[test]
fn produce_checks_in_order() {
    let mut single = leader(3, 2, &[1, 2]);
    let stamp = |sequence| crate::protocol::batch::ProducerStamp {
        id: crate::ids::ProducerId(1),
        epoch: crate::ids::ProducerEpoch(0),
        base_sequence: crate::ids::Sequence(sequence),
    };
    assert_eq!(single.produce(Some(stamp(0)), Acks::All), Ok(()));
    single.metadata(Some(1), 5, 6, &[1]);
    assert_eq!(single.produce(Some(stamp(0)), Acks::All), Err(ErrorCode::NotEnoughReplicas), "a duplicate");
    assert_eq!(single.produce(Some(stamp(0)), Acks::Leader), Ok(()), "acks=1 does not ask");
    assert_eq!(single.produce(Some(stamp(2)), Acks::Leader), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(single.log_end(), 11);
    single.metadata(Some(2), 6, 7, &[1, 2]);
    assert_eq!(single.produce(Some(stamp(1)), Acks::Leader), Err(ErrorCode::NotLeaderOrFollower));
    single.broker.fail_disk(&mut single.cx);
    assert_eq!(single.produce(Some(stamp(1)), Acks::Leader), Err(ErrorCode::KafkaStorageError));
}

/// broker.md §2.2: with one replica a minimum of two is one, since 3.7.
#[test]
fn the_minimum_is_capped_by_the_replicas() {
    for (version, result) in
        [(KafkaVersion::V3_6, Err(ErrorCode::NotEnoughReplicas)), (KafkaVersion::V3_9, Ok(()))]
    {
        let mut single = Single::new(version, 1, 2);
        single.metadata(Some(1), 5, 5, &[1]);
        assert_eq!(single.produce(None, Acks::All), result, "{version:?}");
    }
}

/// broker.md §5.5 S6: while an expansion is undecided, the joining follower is honoured.
#[test]
fn the_high_watermark_honours_a_pending_member() {
    let mut single = Single::new(KafkaVersion::V4_3, 2, 1);
    single.metadata(Some(1), 5, 5, &[1]).at(40_000).append(5);
    assert_eq!(single.high_watermark(), 5);
    offsets(single.follow(2, 5));
    assert_eq!(single.proposals(), [[1, 2]]);
    single.append(1);
    assert_eq!(single.high_watermark(), 5);
    offsets(single.follow(2, 6));
    assert_eq!(single.high_watermark(), 6);
}

/// broker.md §5.5 S7: a follower must have reached the start of the leader's epoch, not just the high watermark.
#[test]
fn a_follower_is_admitted_from_the_epoch_start_on() {
    for (version, admitted) in [(KafkaVersion::V4_3, false), (KafkaVersion::V1_1, true)] {
        let mut single = Single::new(version, 3, 1);
        single.metadata(Some(1), 4, 4, &[1, 2]).append(10);
        offsets(single.follow(2, 7));
        assert_eq!(single.high_watermark(), 7);
        // Another leader for a moment; 2 is not heard of in the new epoch, so that the high watermark stays.
        single.metadata(Some(2), 5, 5, &[1, 2]).metadata(Some(1), 6, 6, &[1, 2]);
        offsets(single.follow(3, 8));
        assert_eq!(single.high_watermark(), 7);
        assert_eq!(!single.proposals().is_empty(), admitted, "{version:?}");
        offsets(single.follow(3, 10));
        assert_eq!(single.proposals(), [[1, 2, 3]], "{version:?}");
    }
}

/// KIP-951: refusals name the leader since 3.7.
#[test]
fn refusals_name_the_leader() {
    for (version, named) in [(KafkaVersion::V3_6, false), (KafkaVersion::V3_9, true)] {
        let mut single = Single::new(version, 2, 1);
        single.metadata(Some(2), 7, 7, &[1, 2]);
        let image = &single.broker.membership.image;
        let result = produce_result(&single.cx.spec, image, P0, Err(ErrorCode::NotLeaderOrFollower));
        let leader = result.current_leader.map(|current| (current.leader.0, current.leader_epoch.0));
        assert_eq!(leader, named.then_some((2, 7)), "{version:?}");
        let other = produce_result(&single.cx.spec, image, P0, Err(ErrorCode::NotEnoughReplicas));
        assert_eq!(other.current_leader, None);
    }
}

#[test]
fn metadata_leaves_fenced_brokers_out() {
    let mut single = Single::new(KafkaVersion::V4_3, 3, 1);
    single.metadata(Some(2), 7, 7, &[1, 2]);
    let describe = |single: &Single| {
        let topics = [crate::ids::TopicId(0)];
        let metadata = single.broker.membership.image.describe(&single.cx.spec, &topics, None);
        (metadata.brokers.to_string(), metadata.partitions[0].leader.map(|leader| leader.0))
    };
    assert_eq!(describe(&single), ("[1, 2, 3]".to_owned(), Some(2)));
    single.register(2, 102, true, false);
    assert_eq!(describe(&single), ("[1, 3]".to_owned(), None));
    single.metadata(None, 8, 8, &[2]);
    assert_eq!(describe(&single), ("[1, 3]".to_owned(), None));
    let spec = Cluster::new(KafkaVersion::V4_3, 1).spec;
    let empty =
        crate::broker::membership::image::Image::default().describe(&spec, &[crate::ids::TopicId(0)], None);
    assert_eq!(empty.topic_errors, [(crate::ids::TopicId(0), ErrorCode::UnknownTopicOrPartition)]);
}
