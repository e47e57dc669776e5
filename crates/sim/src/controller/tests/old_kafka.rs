//! The ZooKeeper age (broker.md §6.11).

use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{Brokers, Partition, PartitionEpoch};
use crate::protocol::AlterPartition;
use crate::version::KafkaVersion;

use super::bench::{Bench, id, set, spec};

fn bench(version: KafkaVersion) -> Bench {
    Bench::new(spec(version, 1..=3, &[&[1, 2, 3]]))
}

#[test]
fn the_controllers_own_changes_raise_the_leader_epoch_and_a_leaders_do_not() {
    for version in [KafkaVersion::V1_1, KafkaVersion::V2_8] {
        let mut bench = bench(version);
        assert_eq!(bench.story(0), "leader 1 [1, 2, 3] e0");
        bench.alter(0, &[1, 2], |_| {}).expect("a shrink");
        assert_eq!(bench.story(0), "leader 1 [1, 2] e0");
        bench.alter(0, &[1, 2, 3], |_| {}).expect("a growth");
        bench.fence(3);
        assert_eq!(bench.story(0), "leader 1 [1, 2] e1", "a follower goes");
        bench.fence(1);
        assert_eq!(bench.story(0), "leader 2 [2] e2", "the leader goes");
        bench.fence(2);
        assert_eq!(bench.story(0), "leader none [2] e3", "nobody is found");
        bench.register(1, 2, None, None).expect("the session is over");
        assert_eq!(bench.story(0), "leader none [2] e3");
        bench.register(2, 2, None, None).expect("the session is over");
        assert_eq!(bench.story(0), "leader 2 [2] e4");
    }
}

/// A write whose answer was lost is written again, and meets its own new version.
#[test]
fn a_leader_finds_its_own_isr_change_and_takes_it_for_done() {
    for version in [KafkaVersion::V1_1, KafkaVersion::V2_8] {
        let mut bench = bench(version);
        let first = bench.alter(0, &[1, 2], |_| {}).expect("a shrink");
        let stale = |request: &mut AlterPartition| request.partition_epoch = PartitionEpoch::default();
        assert_eq!(bench.alter(0, &[1, 2], stale), Ok(first.clone()), "{version:?}");
        assert_eq!(*bench.state(0), first, "nothing is written twice");
        assert_eq!(bench.alter(0, &[1], stale), Err(ErrorCode::InvalidUpdateVersion), "another ISR is not");
    }
}

#[test]
fn before_0_11_unclean_elections_are_the_default() {
    let mut bench = bench(KafkaVersion::V0_10);
    for broker in [3, 2, 1] {
        bench.fence(broker);
    }
    assert_eq!(bench.state(0).leader, None);
    bench.register(3, 2, None, None).expect("the session is over");
    assert_eq!((bench.state(0).leader, bench.state(0).isr), (Some(id(3)), set(&[3])));
}

#[test]
fn brokers_whose_sessions_end_together_are_missed_together() {
    let mut bench = bench(KafkaVersion::V2_8);
    (1..=2).for_each(|broker| bench.falls_silent(broker));
    bench.run(25_000);
    assert_eq!(bench.story(0), "leader 3 [3] e1", "leadership does not hop onto another dead broker");
}

#[test]
fn controlled_shutdown_moves_leaders_and_refuses_the_last_replica() {
    let mut bench = bench(KafkaVersion::V2_8);
    assert_eq!(bench.controller.controlled_shutdown(&mut bench.cx, id(1)), 0);
    assert_eq!(bench.story(0), "leader 2 [2, 3] e1");
    assert_eq!(bench.controller.controlled_shutdown(&mut bench.cx, id(2)), 0);
    assert_eq!(bench.story(0), "leader 3 [3] e2");
    assert_eq!(bench.controller.controlled_shutdown(&mut bench.cx, id(3)), 1);
    assert_eq!(bench.story(0), "leader 3 [3] e2");
    bench.take_notes();
    let granted = |fact: &Fact| matches!(fact, Fact::ControlledShutdownGranted { .. });
    assert_eq!(bench.happenings.iter().filter(|happening| granted(&happening.fact)).count(), 2);
}

#[test]
fn a_preferred_election_keeps_the_isr() {
    let mut bench = bench(KafkaVersion::V2_8);
    bench.fence(1);
    bench.register(1, 2, None, None).expect("the session is over");
    assert!(bench.controller.elect(&mut bench.cx, Partition(0), false).is_err(), "1 is not in sync yet");
    bench.alter(0, &[1, 2, 3], |_| {}).expect("a growth");
    assert_eq!(bench.controller.elect(&mut bench.cx, Partition(0), false), Ok(()));
    assert_eq!(bench.story(0), "leader 1 [1, 2, 3] e2");
    assert_eq!(bench.state(0).elr, Brokers::NONE);
}

#[test]
fn a_restarted_broker_waits_for_the_tick_that_ends_its_old_session() {
    let mut bench = bench(KafkaVersion::V2_8);
    bench.falls_silent(1);
    bench.run(18_500);
    assert_eq!(bench.fenced(), []);
    let early = bench.register(1, 2, None, None);
    assert_eq!(early, Err(ErrorCode::DuplicateBrokerRegistration));
    bench.run(3_000);
    assert_eq!(bench.fenced().len(), 1);
    assert!(bench.register(1, 2, None, None).is_ok());
    assert_eq!(bench.story(0), "leader 2 [2, 3] e1");
}

#[test]
fn a_session_that_has_ended_stays_ended() {
    let mut bench = bench(KafkaVersion::V2_8);
    bench.fence(1);
    let answer = bench.beat(1);
    assert_eq!(answer.error, Some(ErrorCode::StaleBrokerEpoch));
    assert!(bench.register(1, 1, None, None).is_ok(), "the same process registers anew");
}

#[test]
fn brokers_that_die_together_leave_the_isr_in_each_versions_order() {
    // [kip101-divergence] in three generations: the states that were written, one after the other.
    let table: [(KafkaVersion, bool, &[&str]); 4] = [
        (KafkaVersion::V0_10, true, &["none [2]", "none []"]),
        (KafkaVersion::V0_10, false, &["none [2]", "none [2]"]),
        (KafkaVersion::V1_1, false, &["1 [1]", "none [1]"]),
        (KafkaVersion::V2_8, false, &["none [2]", "none [2]"]),
    ];
    for (version, unclean, want) in table {
        let mut spec = spec(version, 1..=2, &[&[1, 2]]);
        spec.broker_config.unclean_leader_election_enable = unclean;
        let mut bench = Bench::new(spec);
        (1..=2).for_each(|broker| bench.falls_silent(broker));
        bench.run(30_000);
        let states = bench.happenings.iter().filter_map(|happening| match &happening.fact {
            Fact::PartitionChanged(change) => {
                let leader = change.leader.map_or("none".to_owned(), |leader| leader.to_string());
                Some(format!("{leader} {}", change.isr))
            }
            _ => None,
        });
        assert_eq!(states.collect::<Vec<_>>(), want, "{version:?} unclean {unclean}");
    }
}
