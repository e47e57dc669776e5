//! PartitionChangeBuilderTest: one partition, from one state to the next.

use crate::controller::partition_change::{Election, PartitionChangeBuilder};
use crate::ids::{BrokerId, Brokers, LeaderEpoch, PartitionEpoch};
use crate::protocol::PartitionState;

use super::bench::set;

fn state(replicas: &[u32], isr: &[u32], leader: Option<u32>) -> PartitionState {
    PartitionState {
        replicas: replicas.iter().copied().map(BrokerId).collect(),
        leader: leader.map(BrokerId),
        leader_epoch: LeaderEpoch(100),
        partition_epoch: PartitionEpoch(200),
        isr: set(isr),
        elr: Brokers::NONE,
        last_known_leader: None,
        recovering: false,
    }
}

#[test]
fn an_election_takes_the_first_replica_in_sync_and_keeps_the_incumbent() {
    // cases.md B69: replicas [2,1,3], ISR [2,1,3], leader 1, broker 3 dead.
    let partition = state(&[2, 1, 3], &[2, 1, 3], Some(1));
    let all: &[u32] = &[2, 1, 3];
    let table = [
        (Election::Preferred, all, Some(2), false),
        (Election::Online, all, Some(1), false),
        (Election::Unclean, all, Some(1), false),
        (Election::Online, &[1, 3], Some(1), false),
        (Election::Online, &[3], None, false),
        (Election::Unclean, &[3], Some(2), true),
    ];
    for (election, target, leader, unclean) in table {
        let next = PartitionChangeBuilder::new(&partition, |id| id != BrokerId(3))
            .election(election)
            .target_isr(set(target))
            .build()
            .unwrap_or_else(|| partition.clone());
        let got = (next.leader, next.recovering);
        assert_eq!(got, (leader.map(BrokerId), unclean), "{election:?} towards {target:?}");
        if unclean {
            assert_eq!(next.isr, set(&[2]), "an unclean leader is the whole ISR");
        }
    }
}

#[test]
fn epochs_rise_with_what_changes() {
    // cases.md B70, B72 and the table of broker.md §6.6: (target, who is there, leader epochs more, leader then)
    let partition = state(&[2, 1, 3], &[2, 1, 3], Some(1));
    type Row = (&'static [u32], &'static [u32], u32, Option<u32>);
    let table: [Row; 4] = [
        (&[2, 1], &[1, 2, 3], 0, Some(1)), // a follower leaves
        (&[2, 3], &[2, 3], 1, Some(2)),    // the leader leaves
        (&[1], &[], 1, None),              // nobody is left
        (&[], &[], 1, None),               // the last member stays in the ISR
    ];
    for (target, alive, more, leader) in table {
        let next = PartitionChangeBuilder::new(&partition, |id| alive.contains(&id.0))
            .target_isr(set(target))
            .build()
            .expect("something changes");
        assert_eq!(next.leader_epoch, LeaderEpoch(100 + more), "towards {target:?}");
        assert_eq!(next.partition_epoch, PartitionEpoch(201), "towards {target:?}");
        assert_eq!(next.leader, leader.map(BrokerId), "towards {target:?}");
        let isr = if target.is_empty() { partition.isr } else { set(target) };
        assert_eq!(next.isr, isr, "towards {target:?}");
    }
}

#[test]
fn nothing_to_change_is_no_change() {
    let partition = state(&[1, 2], &[1, 2], Some(1));
    assert_eq!(PartitionChangeBuilder::new(&partition, |_| true).build(), None);
}

#[test]
fn who_leaves_below_the_minimum_stays_eligible() {
    // cases.md B89: replicas {1,2,3,4}, min.isr 3, ISR → {1,2}
    let partition = state(&[1, 2, 3, 4], &[1, 2, 3, 4], Some(1));
    let builder = |partition, target| {
        PartitionChangeBuilder::new(partition, |_| true).eligible_leader_replicas(Some(3)).target_isr(target)
    };
    let shrunk = builder(&partition, set(&[1, 2])).build().expect("it shrinks");
    assert_eq!((shrunk.isr, shrunk.elr), (set(&[1, 2]), set(&[3, 4])));
    let grown = builder(&shrunk, set(&[1, 2, 4])).build().expect("it grows");
    assert_eq!((grown.isr, grown.elr), (set(&[1, 2, 4]), Brokers::NONE));
}

#[test]
fn an_empty_isr_is_led_from_the_elr_then_by_the_last_known_leader() {
    // cases.md B90
    let mut partition = state(&[1, 2, 3], &[1], Some(1));
    partition.elr = set(&[2, 3]);
    let dies = |alive: &'static [u32]| {
        PartitionChangeBuilder::new(&partition, move |id| alive.contains(&id.0))
            .eligible_leader_replicas(Some(2))
            .target_isr(Brokers::NONE)
            .build()
            .expect("it changes")
    };
    let taken_over = dies(&[3]);
    assert_eq!((taken_over.leader, taken_over.isr), (Some(BrokerId(3)), set(&[3])));
    assert_eq!((taken_over.elr, taken_over.recovering), (set(&[1, 2]), false));

    let leaderless = dies(&[]);
    assert_eq!((leaderless.leader, leaderless.isr), (None, Brokers::NONE));
    assert_eq!((leaderless.elr, leaderless.last_known_leader), (set(&[1, 2, 3]), Some(BrokerId(1))));

    // All of them restart uncleanly: the last known leader leads, and that is not clean.
    let returned = PartitionChangeBuilder::new(&leaderless, |id| id == BrokerId(1))
        .eligible_leader_replicas(Some(2))
        .unclean_shutdown(set(&[1, 2, 3]))
        .build()
        .expect("it changes");
    assert_eq!((returned.leader, returned.isr), (Some(BrokerId(1)), set(&[1])));
    assert_eq!((returned.elr, returned.last_known_leader), (Brokers::NONE, None));
    assert!(returned.recovering);
    let confirmed = PartitionChangeBuilder::new(&returned, |_| true)
        .eligible_leader_replicas(Some(2))
        .target_isr(set(&[1, 2]))
        .recovered(true)
        .build()
        .expect("it changes");
    assert!(!confirmed.recovering);
}

#[test]
fn the_last_known_leader_waits_while_somebody_is_eligible() {
    let mut partition = state(&[1, 2], &[], None);
    (partition.elr, partition.last_known_leader) = (set(&[2]), Some(BrokerId(1)));
    let next = PartitionChangeBuilder::new(&partition, |id| id == BrokerId(1))
        .eligible_leader_replicas(Some(1))
        .build();
    assert_eq!(next, None);
}

#[test]
fn an_unclean_election_does_not_wait_for_the_elr() {
    // broker.md §6.4.4: ISR [], ELR [1] away, 2 is there.
    let mut partition = state(&[1, 2], &[], None);
    (partition.elr, partition.last_known_leader) = (set(&[1]), Some(BrokerId(1)));
    let next = PartitionChangeBuilder::new(&partition, |id| id == BrokerId(2))
        .eligible_leader_replicas(Some(1))
        .election(Election::Unclean)
        .build()
        .expect("it changes");
    assert_eq!((next.leader, next.isr, next.elr), (Some(BrokerId(2)), set(&[2]), Brokers::NONE));
    assert!(next.recovering && next.last_known_leader.is_none());
}
