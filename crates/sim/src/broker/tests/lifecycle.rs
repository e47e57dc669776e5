//! Brokers that are stopped, started and registered anew: what the controller and the others make of it.

use super::harness::{
    CONTROLLER, Cluster, P0, acked, assert_identical, broker, facts, kill, leader_changes, start, stop,
    values,
};
use crate::happening::Fact;
use crate::ids::{BrokerId, Offset};
use crate::protocol::Acks;
use crate::run::Run;
use crate::script::{Action, Boot};
use crate::spec::PartitionSpec;
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

const NEW: KafkaVersion = KafkaVersion::V4_3;

/// cases.md B39, broker.md §6.7: leadership moves first, the process ends about a heartbeat later; a clean start scans
/// nothing.
#[test]
fn controlled_shutdown() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster.send(1_000, "a").at(5_000, stop(1)).send(5_500, "b").at(30_000, start(1)).send(50_000, "c");
    let run = cluster.run();
    assert_eq!(acked(&run), ["a", "b", "c"]);
    assert_identical(&run, &[1, 2, 3], &["a", "b", "c"]);
    let stopped = facts(&run, broker(1), |fact| matches!(fact, Fact::ProcessStopped).then_some(()));
    assert!((5_300..9_500).contains(&stopped[0].0.as_millis()), "stopped at {}", stopped[0].0);
    let led = facts(&run, broker(2), |fact| matches!(fact, Fact::BecameLeader { .. }).then_some(()));
    assert!((5_040..5_150).contains(&led[0].0.as_millis()), "led at {}", led[0].0);
    let loaded = facts(&run, broker(1), |fact| match fact {
        Fact::LogLoaded { clean, high_watermark, .. } => Some((*clean, *high_watermark)),
        _ => None,
    });
    assert_eq!(loaded[0].1, (true, Offset(1)), "it stopped fetching when it left the ISR");
}

/// broker.md §6.7: what the old leader takes with acks=1 after its successor has left it is nobody's.
#[test]
fn a_clean_stop_can_cost_an_acks_1_record() {
    let lost = |seed: u64| {
        let mut cluster = Cluster::new(NEW, 3);
        cluster.spec.seed = seed;
        cluster.producer(|config| {
            config.acks = Acks::Leader;
            config.enable_idempotence = false;
        });
        (0..50).for_each(|n| _ = cluster.send(1_500 + n * 20, &format!("v{n}")));
        cluster.at(2_000 + seed, stop(1));
        cluster.spec.until = Time::from_millis(10_000);
        let run = cluster.run();
        let kept = values(&run, 2, P0);
        acked(&run).iter().filter(|value| !kept.contains(value)).count()
    };
    let lost: Vec<usize> = (0..20).map(lost).collect();
    assert!(lost.iter().all(|&records| records <= 4), "{lost:?}");
    assert!((8..=40).contains(&lost.iter().sum::<usize>()), "about one a time: {lost:?}");
}

/// Who starts a broker again that has not stopped yet waits until it has.
#[test]
fn a_start_waits_for_the_stop_before_it() {
    for version in [KafkaVersion::V2_8, NEW] {
        let mut cluster = Cluster::new(version, 2);
        cluster.send(1_000, "a").lasting(2_000, 8, Action::Stop { node: broker(1) }).send(40_000, "b");
        let run = cluster.run();
        assert_eq!(acked(&run), ["a", "b"], "{version:?}");
        assert_identical(&run, &[1, 2], &["a", "b"]);
    }
}

/// From expiry to the look at the sessions a new incarnation could slip in and lead on in its old epoch.
#[test]
fn before_4_0_sessions_are_found_over_when_they_are_over() {
    let mut cluster = Cluster::new(KafkaVersion::V3_6, 2);
    cluster.at(1_000, kill_controller()).at(1_100, kill(1)).at(2_000, start(1));
    cluster.at(5_000, Action::Start { node: CONTROLLER, boot: Boot::default() });
    let run = cluster.run();
    let activated = facts(&run, CONTROLLER, |fact| matches!(fact, Fact::ControllerActivated).then_some(()));
    let fenced = facts(&run, CONTROLLER, |fact| matches!(fact, Fact::BrokerFenced { .. }).then_some(()));
    assert_eq!(fenced[0].0.since(activated[0].0), Duration::from_secs(9));
    assert_eq!(leader_changes(&run), [Some(2)]);
}

/// Without a controller nobody permits anything: after five minutes the process ends anyway.
#[test]
fn a_shutdown_that_nobody_grants_ends_by_itself() {
    let mut cluster = Cluster::new(NEW, 2);
    cluster.at(1_000, kill_controller()).at(2_000, stop(1));
    cluster.spec.until = Time::from_millis(310_000);
    let run = cluster.run();
    let stopped = facts(&run, broker(1), |fact| matches!(fact, Fact::ProcessStopped).then_some(()));
    assert!((302_000..303_000).contains(&stopped[0].0.as_millis()), "{}", stopped[0].0);
}

fn kill_controller() -> Action {
    Action::Kill { node: CONTROLLER }
}

/// broker.md §6.1.2: the new incarnation waits for the old one's session to end.
#[test]
fn a_quick_restart_does_not_beat_the_failover() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster.send(1_000, "a").at(2_000, kill(1)).at(3_000, start(1)).send(30_000, "b");
    let run = cluster.run();
    let refused =
        facts(&run, CONTROLLER, |fact| matches!(fact, Fact::RegistrationRefused { .. }).then_some(()));
    assert!(refused.len() >= 2, "{refused:?}");
    assert_eq!(leader_changes(&run), [Some(2)]);
    assert_identical(&run, &[1, 2, 3], &["a", "b"]);
}

/// Before KRaft: the session ends while an ISR change waits behind another; it goes once the broker has registered anew.
#[test]
fn an_isr_change_outlives_the_session() {
    for version in [KafkaVersion::V0_11, KafkaVersion::V2_8] {
        let mut cluster = Cluster::new(version, 2);
        cluster.spec.broker_config.broker_session_timeout = Duration::from_secs(6);
        cluster.spec.topics[0].partitions = 2;
        let second = PartitionSpec { number: 1, ..cluster.spec.partitions[0].clone() };
        cluster.spec.partitions.push(second);
        // The second time the connection is there already: the first partition's change goes off alone.
        cluster
            .send(1_000, "a")
            .at(2_000, kill(2))
            .at(20_000, start(2))
            .at(30_000, kill(2))
            .at(50_000, start(2));
        cluster.spec.until = Time::from_millis(90_000);
        let proposed = |run: &Run| {
            let found = facts(run, broker(1), |fact| matches!(fact, Fact::IsrProposed { .. }).then_some(()));
            found.into_iter().map(|(at, ())| at.as_millis()).collect::<Vec<_>>()
        };
        let times = proposed(&cluster.run());
        assert_eq!(times[2], times[3], "{version:?}: both partitions at once");
        cluster.lasting(times[2] + 1, 15_000, Action::Pause { node: broker(1) });
        let run = cluster.run();
        for h in run.happenings.iter().filter(|h| h.at.as_millis() > times[0] - 5) {
            if matches!(h.node, crate::ids::NodeId::Broker(BrokerId(1)) | crate::ids::NodeId::Controller) {
                println!("{:?}", h);
            }
        }
        assert!(leader_changes(&run).contains(&Some(1)), "{version:?}: the second partition waits for 1");
        let view = run.view_at(run.end);
        for partition in view.controller.partitions.iter().flatten() {
            assert_eq!(partition.isr.len(), 2, "{version:?}: {partition:?}");
        }
    }
}

/// A process that is never let in gives up after a minute.
#[test]
fn an_unregistered_process_gives_up() {
    let mut cluster = Cluster::new(NEW, 2);
    cluster.at(1_000, kill(2)).at(1_100, kill_controller()).at(2_000, start(2));
    cluster.spec.until = Time::from_millis(70_000);
    let run = cluster.run();
    let stopped = facts(&run, broker(2), |fact| matches!(fact, Fact::ProcessStopped).then_some(()));
    assert!((62_000..64_500).contains(&stopped[0].0.as_millis()), "{:?}", stopped);
}
