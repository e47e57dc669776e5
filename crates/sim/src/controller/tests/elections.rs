//! ReplicationControlManagerTest: what happens to partitions when brokers come and go, and who may change them.

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::happening::{ChangeReason, Fact};
use crate::ids::{BrokerEpoch, LeaderEpoch, Partition, PartitionEpoch, TopicId};
use crate::version::KafkaVersion;

use super::bench::{Bench, id, set, spec};

#[test]
fn fencing_several_brokers_leaves_each_partition_to_who_is_left() {
    // cases.md B79
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 0..=4, &[&[1, 2, 3], &[2, 3, 4], &[0, 2, 1]]));
    bench.falls_silent(2);
    bench.fence(3);
    bench.run(1_200);
    assert_eq!(bench.story(0), "leader 1 [1] e0");
    assert_eq!((bench.state(1).leader, bench.state(1).isr), (Some(id(4)), set(&[4])));
    assert_eq!((bench.state(2).leader, bench.state(2).isr), (Some(id(0)), set(&[0, 1])));
}

#[test]
fn only_an_administrator_elects_uncleanly_unless_the_topic_allows_it() {
    // cases.md B77, and broker.md §6.5 for what a topic that allows it does by itself in 3.9 and later
    let table = [
        (KafkaVersion::V4_3, false, "leader none [1] e1"),
        (KafkaVersion::V4_3, true, "leader 2 [2] e2 recovering"),
        (KafkaVersion::V3_9, true, "leader 2 [2] e2 recovering"),
        (KafkaVersion::V3_6, true, "leader none [1] e1"),
    ];
    for (version, allowed, story) in table {
        let mut spec = spec(version, 1..=3, &[&[1, 2, 3]]);
        spec.broker_config.unclean_leader_election_enable = allowed;
        let mut bench = Bench::new(spec);
        for broker in [2, 3, 1] {
            bench.fence(broker);
        }
        assert_eq!(bench.story(0), "leader none [1] e1", "{version:?}: the last member is kept");
        bench.speaks_again(2);
        assert_eq!(bench.story(0), story, "{version:?} allowed {allowed}");
        if !story.contains("recovering") {
            assert_eq!(bench.controller.elect(&mut bench.cx, Partition(0), true), Ok(()));
            assert_eq!(bench.story(0), "leader 2 [2] e2 recovering");
        }
        let again = bench.controller.elect(&mut bench.cx, Partition(0), true);
        assert_eq!(again, Err(ErrorCode::ElectionNotNeeded));
    }
}

#[test]
fn alter_partition_is_checked_in_kafkas_order() {
    // cases.md B75
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=4, &[&[1, 2, 3]]));
    bench.fence(3);
    bench.fence(1); // leader 2, leader epoch 1
    bench.speaks_again(1);
    bench.alter(0, &[2, 1], |_| {}).expect("1 is back");
    let before = bench.state(0).clone();
    type Change = fn(&mut crate::protocol::AlterPartition);
    let table: [(&str, Change, ErrorCode); 9] = [
        ("leader epoch too small", |r| r.leader_epoch = LeaderEpoch(0), ErrorCode::FencedLeaderEpoch),
        ("leader epoch too large", |r| r.leader_epoch = LeaderEpoch(9), ErrorCode::NotController),
        (
            "partition epoch too small",
            |r| r.partition_epoch = PartitionEpoch(1),
            ErrorCode::InvalidUpdateVersion,
        ),
        ("partition epoch too large", |r| r.partition_epoch = PartitionEpoch(99), ErrorCode::NotController),
        ("no such partition", |r| r.partition = Partition(7), ErrorCode::UnknownTopicOrPartition),
        ("with a non-replica", |r| r.new_isr.push((id(4), None)), ErrorCode::InvalidRequest),
        ("twice the same", |r| r.new_isr.push((id(2), None)), ErrorCode::InvalidRequest),
        ("without the leader", |r| r.new_isr = vec![(id(1), None)], ErrorCode::InvalidRequest),
        ("with a fenced one", |r| r.new_isr.push((id(3), None)), ErrorCode::IneligibleReplica),
    ];
    for (what, change, error) in table {
        assert_eq!(bench.alter(0, &[2, 1], change), Err(error), "{what}");
        assert_eq!(*bench.state(0), before, "{what}");
    }
    // Not the leader; a stale sender.
    let request = crate::protocol::AlterPartition {
        partition: Partition(0),
        leader_epoch: before.leader_epoch,
        partition_epoch: before.partition_epoch,
        new_isr: vec![(id(1), None)],
        recovered: true,
    };
    let epoch = bench.epoch(1);
    let from_1 = bench.ask_to_alter(id(1), epoch, std::slice::from_ref(&request));
    assert_eq!(from_1.expect("an answer")[0].result, Err(ErrorCode::InvalidRequest));
    let stale = bench.ask_to_alter(id(2), BrokerEpoch(0), &[request]);
    assert_eq!(stale, Err(ErrorCode::StaleBrokerEpoch));
}

#[test]
fn a_follower_that_has_restarted_since_is_not_let_in() {
    // cases.md B107, KIP-903: the proposal names the epoch of the follower's fetches.
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=2, &[&[1, 2]]));
    let old = bench.epoch(2);
    bench.fence(2);
    bench.register(2, 2, None, None).expect("the session is over");
    bench.speaks_again(2);
    let propose = |epoch| move |r: &mut crate::protocol::AlterPartition| r.new_isr[1].1 = Some(epoch);
    assert_eq!(bench.alter(0, &[1, 2], propose(old)), Err(ErrorCode::IneligibleReplica));
    let new = bench.epoch(2);
    assert!(bench.alter(0, &[1, 2], propose(new)).is_ok());
    assert_eq!(bench.story(0), "leader 1 [1, 2] e0");
}

#[test]
fn partitions_go_back_to_their_preferred_leaders_in_time() {
    // cases.md B80, with the five minutes of broker.md §6.8
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    bench.fence(1);
    let noticed = bench.cx.now;
    bench.speaks_again(1);
    bench.run(1_000);
    bench.alter(0, &[1, 2, 3], |_| {}).expect("1 is back");
    assert_eq!(bench.story(0), "leader 2 [1, 2, 3] e1");
    bench.run(298_000);
    assert_eq!(bench.story(0), "leader 2 [1, 2, 3] e1");
    bench.run(2_000);
    assert_eq!(bench.story(0), "leader 1 [1, 2, 3] e2");
    assert!(bench.cx.now.since(noticed).as_millis() < 302_000);
}

#[test]
fn a_preferred_election_needs_the_preferred_replica_in_sync() {
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    let elect = |bench: &mut Bench| bench.controller.elect(&mut bench.cx, Partition(0), false);
    assert_eq!(elect(&mut bench), Err(ErrorCode::ElectionNotNeeded));
    bench.fence(1);
    assert_eq!(elect(&mut bench), Err(ErrorCode::PreferredLeaderNotAvailable));
    bench.speaks_again(1);
    bench.alter(0, &[1, 2, 3], |_| {}).expect("1 is back");
    assert_eq!(elect(&mut bench), Ok(()));
    assert_eq!(bench.story(0), "leader 1 [1, 2, 3] e2");
}

/// One member after the other dies, the last one leaves nobody; then they return one after the other (the table of
/// broker.md §6.5).
fn all_die_in_turn(min_isr: u32, elr: bool, stop: fn(&mut Bench, u32), clean: bool) -> Vec<String> {
    let mut spec = spec(KafkaVersion::V4_3, 1..=4, &[&[1, 2, 3]]);
    spec.broker_config.min_insync_replicas = min_isr;
    spec.broker_config.eligible_leader_replicas = elr;
    let mut bench = Bench::new(spec);
    let mut story = Vec::new();
    for broker in [3, 2, 1] {
        stop(&mut bench, broker);
        bench.run(12_000);
        story.push(bench.story(0));
    }
    for broker in [2, 3, 1] {
        let previous = clean.then_some(bench.epoch(broker).0);
        bench.register(broker, 2, previous, None).expect("the session is over");
        story.push(format!("{broker} registers: {}", bench.story(0)));
        bench.speaks_again(broker);
        story.push(format!("{broker} runs: {}", bench.story(0)));
    }
    story
}

fn killed(bench: &mut Bench, broker: u32) {
    bench.fence(broker);
}

fn stopped(bench: &mut Bench, broker: u32) {
    bench.falls_silent(broker);
    for _ in 0..10 {
        if bench.heartbeat(broker, |beat| beat.want_shut_down = true).should_shut_down {
            return;
        }
        bench.run(2_000);
    }
    panic!("broker {broker} may not stop");
}

#[test]
fn all_members_die_in_turn_and_return_without_elr() {
    assert_eq!(
        all_die_in_turn(2, false, killed, false),
        [
            "leader 1 [1, 2] e0",
            "leader 1 [1] e0",
            "leader none [1] e1",
            "2 registers: leader none [1] e1",
            "2 runs: leader none [1] e1",
            "3 registers: leader none [1] e1",
            "3 runs: leader none [1] e1",
            "1 registers: leader none [1] e1",
            "1 runs: leader 1 [1] e2",
        ]
    );
}

#[test]
fn all_members_are_killed_in_turn_and_return_with_elr() {
    assert_eq!(
        all_die_in_turn(2, true, killed, false),
        [
            "leader 1 [1, 2] e0",
            "leader 1 [1] e0 elr [2]",
            "leader none [] e1 elr [1, 2] last 1",
            "2 registers: leader none [] e1 elr [1] last 1",
            "2 runs: leader none [] e1 elr [1] last 1",
            "3 registers: leader none [] e1 elr [1] last 1",
            "3 runs: leader none [] e1 elr [1] last 1",
            "1 registers: leader none [] e1 last 1",
            "1 runs: leader 1 [1] e2 recovering",
        ]
    );
}

#[test]
fn all_members_stop_in_turn_and_return_with_elr() {
    assert_eq!(
        all_die_in_turn(2, true, stopped, true)[..5],
        [
            "leader 1 [1, 2] e0",
            "leader 1 [1] e0 elr [2]",
            "leader none [] e1 elr [1, 2] last 1",
            "2 registers: leader none [] e1 elr [1, 2] last 1",
            "2 runs: leader 2 [2] e2 elr [1]",
        ]
    );
}

#[test]
fn with_a_minimum_of_one_the_elr_holds_only_the_last_member() {
    let story = all_die_in_turn(1, true, killed, false);
    assert_eq!(story[2], "leader none [] e1 elr [1] last 1");
    assert_eq!(story[6], "3 runs: leader none [] e1 elr [1] last 1");
    assert_eq!(story[7..], ["1 registers: leader none [] e1 last 1", "1 runs: leader 1 [1] e2 recovering"]);
}

#[test]
fn the_last_elr_member_to_be_struck_out_makes_room_for_the_last_known_leader() {
    // broker.md §6.1.3: the election is tried at another broker's registration.
    let mut spec = spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]);
    spec.broker_config.min_insync_replicas = 2;
    spec.broker_config.eligible_leader_replicas = true;
    let mut bench = Bench::new(spec);
    for broker in [3, 2, 1] {
        killed(&mut bench, broker);
    }
    bench.run(12_000);
    bench.register(1, 2, None, None).expect("the session is over");
    bench.speaks_again(1);
    assert_eq!(bench.story(0), "leader none [] e1 elr [2] last 1");
    bench.register(2, 2, None, None).expect("the session is over");
    assert_eq!(bench.story(0), "leader 1 [1] e2 recovering");
    let last = bench.happenings.iter().rev().find_map(|happening| match &happening.fact {
        Fact::PartitionChanged(change) => Some(change.because),
        _ => None,
    });
    assert_eq!(last, Some(ChangeReason::Registered(id(2))));
}

#[test]
fn a_registration_moves_the_leader_if_it_comes_before_the_fencing() {
    // [leader-wiped-quick-restart] from 4.0; in 3.x a registration changed no partition.
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    bench.falls_silent(1);
    bench.run(1); // off the grid
    bench.beat(1);
    bench.run(9_001);
    assert_eq!(bench.fenced(), []);
    bench.register(1, 2, None, None).expect("the session is over");
    assert_eq!(bench.story(0), "leader 2 [2, 3] e1");
    bench.run(3_000);
    assert_eq!(bench.fenced(), [], "nothing is left to be fenced");
}

#[test]
fn another_minimum_clears_the_elr() {
    let mut spec = spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]);
    spec.broker_config.min_insync_replicas = 2;
    spec.broker_config.eligible_leader_replicas = true;
    let mut bench = Bench::new(spec);
    for broker in [3, 2] {
        killed(&mut bench, broker);
    }
    assert_eq!(bench.story(0), "leader 1 [1] e0 elr [2]");
    let config = TopicConfig { min_insync_replicas: Some(1), ..TopicConfig::default() };
    bench.controller.alter_topic(&mut bench.cx, TopicId(0), config);
    assert_eq!(bench.story(0), "leader 1 [1] e0");
}

#[test]
fn allowing_unclean_elections_elects_at_once() {
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    for broker in [2, 1, 3] {
        killed(&mut bench, broker);
    }
    bench.speaks_again(2);
    assert_eq!(bench.story(0), "leader none [3] e2");
    let config = TopicConfig { unclean_leader_election_enable: Some(true), ..TopicConfig::default() };
    bench.controller.alter_topic(&mut bench.cx, TopicId(0), config);
    assert_eq!(bench.story(0), "leader 2 [2] e3 recovering");
    assert_eq!(bench.alter(0, &[2, 3], |r| r.recovered = false), Err(ErrorCode::InvalidRequest));
    bench.speaks_again(3);
    assert!(bench.alter(0, &[2, 3], |_| {}).is_ok());
    assert_eq!(bench.story(0), "leader 2 [2, 3] e3");
}

#[test]
fn a_failed_log_directory_costs_its_partitions_only_the_replica() {
    // cases.md B87 for the one directory that a broker has here
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    let answer = bench.heartbeat(1, |beat| beat.log_dir_failed = true);
    assert!(!answer.is_fenced);
    assert_eq!(bench.story(0), "leader 2 [2, 3] e1");
}

#[test]
fn a_topic_waits_for_brokers_that_have_yet_to_come_up() {
    let mut bench = Bench::empty(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    bench.controller.create_topic(&mut bench.cx, TopicId(0));
    for broker in [2, 1, 3] {
        assert!(bench.controller.partitions.get(Partition(0)).is_none());
        bench.register(broker, 1, None, None).expect("a first registration");
        bench.beat(broker);
    }
    assert_eq!(bench.story(0), "leader 1 [1, 2, 3] e0");
}

#[test]
fn a_topic_does_not_wait_for_a_broker_that_has_gone() {
    let mut spec = spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2], &[1, 2, 3]]);
    spec.topics[0].partitions = 1;
    spec.topics.push(crate::spec::TopicSpec {
        name: "u".into(),
        partitions: 1,
        config: TopicConfig::default(),
    });
    spec.partitions[1].topic = TopicId(1);
    let mut bench = Bench::new(spec);
    killed(&mut bench, 1);
    bench.controller.create_topic(&mut bench.cx, TopicId(1));
    assert_eq!(bench.story(1), "leader 2 [2, 3] e0");
}

#[test]
fn a_power_cut_of_the_whole_cluster_leaves_the_last_to_leave() {
    // cases.md B114, ≤3.9: in the order of their last contact; from 4.0 in hash order. ELR off.
    for (version, last) in [(KafkaVersion::V3_9, 3), (KafkaVersion::V4_3, 3)] {
        let mut bench = Bench::new(spec(version, 1..=3, &[&[1, 2, 3]]));
        (1..=3).for_each(|broker| bench.falls_silent(broker));
        bench.controller.power_loss(&mut bench.cx);
        let at_once = crate::script::Boot { registers_after: Some(Default::default()), ..Default::default() };
        bench.controller.start(&mut bench.cx, at_once);
        bench.run(8_500);
        assert_eq!(bench.register(2, 2, None, None), Err(ErrorCode::DuplicateBrokerRegistration));
        bench.run(3_000);
        assert_eq!(bench.state(0).isr, set(&[last]), "{version:?}");
        assert_eq!(bench.state(0).leader, None);
        for broker in [1, 2] {
            bench.register(broker, 2, None, None).expect("the session is over");
            bench.speaks_again(broker);
            assert_eq!(bench.state(0).leader, None, "{version:?}");
        }
        bench.register(last, 2, None, None).expect("the session is over");
        bench.speaks_again(last);
        assert_eq!(bench.state(0).leader, Some(id(last)), "{version:?}");
    }
}
