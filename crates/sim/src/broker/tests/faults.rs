//! Brokers that die, come back, lose their disks, are cut off or slow: what is left in every log.

use super::harness::{
    CONTROLLER, Cluster, P0, acked, assert_identical, broker, broker_view, cut, epochs, facts, kill,
    leader_changes, proposals, replica, start, stop, values,
};
use crate::error::ErrorCode;
use crate::happening::{Fact, Truncation};
use crate::ids::{BrokerId, Brokers, ClientId, MachineId, Offset};
use crate::protocol::{Acks, Api};
use crate::run::Run;
use crate::script::{Action, Boot, Meddling};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

const NEW: KafkaVersion = KafkaVersion::V4_3;

fn truncations(run: &Run, id: u32) -> Vec<(u32, u32)> {
    let found = facts(run, broker(id), |fact| match fact {
        Fact::Truncated { from, to, .. } => Some((from.0, to.0)),
        _ => None,
    });
    found.into_iter().map(|(_, cut)| cut).collect()
}

fn refusals(run: &Run, id: u32) -> Vec<ErrorCode> {
    let found = facts(run, broker(id), |fact| match fact {
        Fact::ProduceRefused { error, .. } => Some(*error),
        _ => None,
    });
    found.into_iter().map(|(_, error)| error).collect()
}

#[test]
fn a_killed_leader_is_replaced_and_comes_back_as_a_follower() {
    for version in KafkaVersion::ALL {
        let mut cluster = Cluster::new(version, 3);
        cluster.min_isr(2).send(1_000, "a").send(1_100, "b");
        cluster.at(2_000, kill(1)).send(3_000, "c").send(20_000, "d").at(25_000, start(1)).send(45_000, "e");
        let run = cluster.run();
        let all = ["a", "b", "c", "d", "e"];
        assert_eq!(acked(&run), all, "{version:?}");
        assert_eq!(leader_changes(&run), [Some(2)], "{version:?}");
        assert_identical(&run, &[1, 2, 3], &all);
        assert_eq!(replica(&run, 1, P0).high_watermark, Offset(5), "{version:?}");
    }
}

/// producer.md §4.14a, §4.14b: what lies unread in a dead broker's socket is lost, not written.
#[test]
fn a_record_that_only_the_leader_had_is_cut_off() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster.producer(|config| {
        config.acks = Acks::Leader;
        config.enable_idempotence = false;
    });
    cluster.send(1_000, "a").lasting(1_900, 30_000, cut(1, 2)).lasting(1_900, 30_000, cut(1, 3));
    cluster.send(2_000, "lost").at(2_500, kill(1)).send(20_000, "b").at(35_000, start(1)).send(50_000, "c");
    let run = cluster.run();
    assert_eq!(acked(&run), ["a", "lost", "b", "c"]);
    assert_identical(&run, &[1, 2, 3], &["a", "b", "c"]);
    assert_eq!(truncations(&run, 1), [(2, 1)]);
    let because = facts(&run, broker(1), |fact| match fact {
        Fact::Truncated { because, .. } => Some(*because),
        _ => None,
    });
    let expected =
        Truncation::DivergingEpoch { leader_epoch: crate::ids::LeaderEpoch(0), end_offset: Offset(1) };
    assert_eq!(because[0].1, expected);
}

/// broker.md §5.5 S1: truncation to the own high watermark loses a committed record; truncation by epochs does not.
#[test]
fn truncation_to_the_high_watermark_loses_a_committed_record() {
    let outcome = |version| {
        let mut cluster = Cluster::new(version, 2);
        // The high watermark of the follower is as old as its last fetch.
        cluster.spec.broker_config.replica_fetch_wait_max = Duration::from_secs(10);
        cluster.spec.broker_config.unclean_leader_election_enable = false;
        cluster.send(20_000, "a").send(21_000, "b");
        // 2 comes back and cannot reach 1 before 1 dies.
        cluster.at(22_000, kill(2)).lasting(22_100, 90_000, cut(1, 2)).at(22_200, start(2));
        cluster.at(35_000, kill(1));
        cluster.spec.until = Time::from_millis(60_000);
        cluster.run()
    };
    for (version, kept) in
        [(KafkaVersion::V0_10, false), (KafkaVersion::V1_1, true), (KafkaVersion::V2_8, true)]
    {
        let run = outcome(version);
        assert_eq!(acked(&run), ["a", "b"], "{version:?}");
        let left = values(&run, 2, P0);
        assert_eq!(left.contains(&"b".to_owned()), kept, "{version:?}: {left:?}");
    }
}

/// cases.md B95, broker.md §5.5 S2: a power loss shortens the one that leads next; the other one is cut to what they
/// share.
#[test]
fn no_divergence_after_an_unflushed_tail_is_lost() {
    for version in [KafkaVersion::V0_11, KafkaVersion::V2_4, KafkaVersion::V3_6, KafkaVersion::V4_0] {
        let mut cluster = Cluster::new(version, 2);
        cluster.spec.broker_config.eligible_leader_replicas = false;
        cluster.send(1_000, "a").send(1_200, "b").send(1_400, "c");
        // 1 goes first, so that 2 is the last of the ISR.
        cluster.at(3_000, kill(1)).at(23_000, kill(2));
        cluster.at(24_000, Action::LoseUnflushed { broker: BrokerId(2), partition: P0, keep: 1 });
        cluster.at(44_000, start(2)).send(60_000, "x").send(61_000, "y").at(70_000, start(1));
        cluster.producer(|config| config.delivery_timeout = Duration::from_secs(200));
        cluster.spec.until = Time::from_millis(110_000);
        let run = cluster.run();
        assert_identical(&run, &[1, 2], &["a", "x", "y"]);
        assert_eq!(truncations(&run, 1), [(3, 1)], "{version:?}");
    }
}

/// cases.md B92: an unclean election throws away what the old leader had alone.
#[test]
fn an_unclean_election_throws_away_what_the_old_leader_had_alone() {
    let mut cluster = Cluster::new(NEW, 2);
    cluster.spec.topics[0].config.unclean_leader_election_enable = Some(true);
    cluster.send(1_000, "first").at(2_000, kill(2)).send(20_000, "second").at(25_000, kill(1));
    cluster.at(45_000, start(2)).send(60_000, "third").at(70_000, start(1));
    cluster.spec.until = Time::from_millis(100_000);
    let run = cluster.run();
    assert_eq!(acked(&run), ["first", "second", "third"]);
    assert_identical(&run, &[1, 2], &["first", "third"]);
    let unclean = leader_changes(&run);
    assert_eq!(unclean, [None, Some(2)]);
}

/// cases.md B94: a follower's bounce leaves the leader epoch alone, a leader's raises it; caches agree in the end.
#[test]
fn a_leaders_bounce_raises_the_epoch_and_a_followers_does_not() {
    let mut cluster = Cluster::new(KafkaVersion::V3_6, 2);
    cluster.send(1_000, "a").at(2_000, kill(2)).at(15_000, start(2)).send(30_000, "b");
    cluster.at(32_000, kill(1)).at(45_000, start(1)).send(60_000, "c");
    cluster.spec.until = Time::from_millis(70_000);
    let run = cluster.run();
    assert_identical(&run, &[1, 2], &["a", "b", "c"]);
    assert_eq!(epochs(&run, 1), [(0, 0), (1, 2)]);
}

/// cases.md B97: again and again the leader bounces; nothing is lost.
#[test]
fn fast_leader_changes_lose_nothing() {
    for version in [KafkaVersion::V1_1, KafkaVersion::V2_8, KafkaVersion::V3_9, NEW] {
        let mut cluster = Cluster::new(version, 2);
        let mut names = Vec::new();
        for round in 0..5u64 {
            let begin = 1_000 + round * 60_000;
            let (follower, leader) = if round % 2 == 0 { (2, 1) } else { (1, 2) };
            names.push(format!("v{round}"));
            cluster.send(begin, &names[round as usize].clone());
            cluster.at(begin + 1_000, kill(follower)).at(begin + 2_000, start(follower));
            cluster.at(begin + 30_000, kill(leader)).at(begin + 31_000, start(leader));
        }
        cluster.spec.until = Time::from_millis(340_000);
        let run = cluster.run();
        for id in 1..=2 {
            assert_eq!(values(&run, id, P0), names, "{version:?} broker {id}");
        }
        assert_eq!(acked(&run), names, "{version:?}");
    }
}

/// cases.md B100: whatever stops the leader, in whatever way: every acked record stays, once and in order.
#[test]
fn every_acked_record_survives_a_leader_that_stops_and_starts() {
    let hard = |id| vec![kill(id)];
    let clean = |id| vec![stop(id)];
    for (name, fault) in [("hard", hard as fn(u32) -> Vec<Action>), ("clean", clean)] {
        for version in [KafkaVersion::V1_1, KafkaVersion::V2_8, KafkaVersion::V3_6, KafkaVersion::V3_9, NEW] {
            let mut cluster = Cluster::new(version, 3);
            cluster.min_isr(2);
            cluster.producer(|config| {
                config.enable_idempotence = version.has_leader_epochs();
                config.delivery_timeout = Duration::from_secs(120);
            });
            let names: Vec<String> = (0..200).map(|number| format!("v{number}")).collect();
            for (place, record) in (0..).zip(&names) {
                cluster.send(1_000 + 300 * place, record);
            }
            fault(1).into_iter().for_each(|action| _ = cluster.at(5_000, action));
            cluster.at(16_000, start(1));
            fault(2).into_iter().for_each(|action| _ = cluster.at(35_000, action));
            cluster.at(46_000, start(2));
            cluster.spec.until = Time::from_millis(120_000);
            let run = cluster.run();
            assert_eq!(acked(&run), names, "{name} {version:?}");
            for id in 1..=3 {
                assert_eq!(values(&run, id, P0), names, "{name} {version:?} broker {id}");
            }
        }
    }
}

/// cases.md B107, broker.md §5.5 S8: a follower that lost its disk between its fetch and the controller's decision is
/// not let in by its old life.
#[test]
fn a_new_incarnation_is_not_let_in_by_the_old_ones_fetch() {
    let mut cluster = Cluster::new(NEW, 2);
    cluster.send(1_000, "a").at(2_000, kill(2)).send(15_000, "b").at(16_000, start(2));
    // The proposal waits on its way while 2 dies, loses its disk and is registered anew.
    let meddle = Action::Meddle {
        from: broker(1),
        to: CONTROLLER,
        api: Api::AlterPartition,
        response: false,
        count: 1,
        what: Meddling::Delay(Duration::from_secs(14)),
    };
    cluster.at(15_500, meddle);
    cluster.at(19_000, kill(2)).at(19_100, Action::Wipe { broker: BrokerId(2), partition: Some(P0) });
    cluster.at(19_200, start(2));
    cluster.spec.until = Time::from_millis(60_000);
    let run = cluster.run();
    let refused = facts(&run, broker(1), |fact| match fact {
        Fact::IsrRefused { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(refused.first().map(|(_, error)| *error), Some(ErrorCode::IneligibleReplica));
    assert_identical(&run, &[1, 2], &["a", "b"]);
}

/// cases.md B109, broker.md §5.5 S9: the last replica loses its tail; with ELR somebody else who had everything leads.
#[test]
fn the_last_replica_standing_loses_its_tail() {
    for (elr, kept) in [(true, true), (false, false)] {
        let mut cluster = Cluster::new(NEW, 3);
        cluster.min_isr(2).spec.broker_config.eligible_leader_replicas = elr;
        cluster.producer(|config| {
            config.delivery_timeout = Duration::from_secs(5);
            config.request_timeout = Duration::from_secs(2);
        });
        cluster.send(1_000, "a").send(1_100, "b");
        // 2 and 3 are cut off for longer than a session; 1 loses power and half its log before they are back.
        let away = |id| Action::Cut { a: MachineId(id), b: None, one_way: false };
        cluster.lasting(3_000, 20_000, away(2)).lasting(3_000, 20_000, away(3));
        cluster.at(22_000, Action::PowerLoss { node: broker(1) });
        cluster.at(22_100, Action::LoseUnflushed { broker: BrokerId(1), partition: P0, keep: 1 });
        cluster.at(40_000, start(1));
        cluster.spec.until = Time::from_millis(80_000);
        let run = cluster.run();
        assert_eq!(acked(&run), ["a", "b"]);
        let expected: &[&str] = if kept { &["a", "b"] } else { &[] };
        assert_identical(&run, &[1, 2, 3], expected);
    }
}

/// cases.md B110: a leader cut off from everybody but its client acks with acks=1 only, and is cut back afterwards.
#[test]
fn a_zombie_leader_acks_with_acks_1_only() {
    for (acks, acked_values, log) in
        [(Acks::Leader, &["a", "z0", "z1"][..], &["a"][..]), (Acks::All, &["a"], &["a"])]
    {
        let mut cluster = Cluster::new(NEW, 3);
        cluster.min_isr(2).producer(|config| {
            config.acks = acks;
            config.enable_idempotence = false;
            config.delivery_timeout = Duration::from_secs(20);
            config.request_timeout = Duration::from_secs(10);
        });
        cluster.spec.producers[0].bootstrap = vec![BrokerId(1)];
        cluster.send(1_000, "a");
        for other in [0, 2, 3] {
            cluster.lasting(2_000, 58_000, cut(1, other));
        }
        // The client knows no other broker either.
        for other in [2, 3] {
            cluster.lasting(2_000, 58_000, cut(4, other));
        }
        cluster.send(15_000, "z0").send(16_000, "z1");
        cluster.spec.until = Time::from_millis(100_000);
        let run = cluster.run();
        assert_eq!(acked(&run), acked_values, "{acks:?}");
        assert_identical(&run, &[1, 2, 3], log);
        assert_eq!(leader_changes(&run), [Some(2)]);
        let alone = facts(&run, CONTROLLER, |fact| match fact {
            Fact::PartitionChanged(change) => (change.isr == Brokers::NONE.with(BrokerId(1))).then_some(()),
            _ => None,
        });
        assert!(alone.is_empty(), "its proposals never commit");
    }
}

/// cases.md B112: a follower that dies on an idle partition is removed by its session's end, never by its lag.
#[test]
fn the_session_removes_a_follower_that_dies_idle() {
    for (sent, from, to) in [(3_000, 6_900, 11_000), (23_000, 23_000, 23_100)] {
        let mut cluster = Cluster::new(NEW, 3);
        cluster.send(1_000, "a").at(2_000, kill(3)).send(sent, "b");
        let run = cluster.run();
        assert!(proposals(&run, 1).is_empty());
        let acks = facts(&run, crate::ids::NodeId::Producer(ClientId(0)), |fact| match fact {
            Fact::Acknowledged { .. } => Some(()),
            _ => None,
        });
        let at = acks[1].0.as_millis();
        assert!((from..to).contains(&at), "sent at {sent}, acked at {at}");
    }
}

/// cases.md B114: everything loses power; only the last one to leave the ISR may lead, with what its disk kept.
#[test]
fn after_a_total_power_loss_the_last_one_in_the_isr_leads() {
    for version in [KafkaVersion::V3_6, NEW] {
        let mut cluster = Cluster::new(version, 3);
        cluster.spec.broker_config.eligible_leader_replicas = false;
        cluster.send(1_000, "old").send(45_000, "young");
        for id in 1..=3 {
            cluster.at(50_000, Action::PowerLoss { node: broker(id) });
            cluster.at(60_000, start(id));
        }
        cluster.at(50_000, Action::PowerLoss { node: CONTROLLER });
        cluster.at(60_000, Action::Start { node: CONTROLLER, boot: Boot::default() });
        cluster.send(110_000, "new");
        cluster.producer(|config| config.delivery_timeout = Duration::from_secs(200));
        cluster.spec.until = Time::from_millis(140_000);
        let run = cluster.run();
        assert_eq!(acked(&run), ["old", "young", "new"], "{version:?}");
        assert_identical(&run, &[1, 2, 3], &["old", "new"]);
    }
}

/// What the operating system has written back survives, and so does what the broker has flushed itself.
#[test]
fn power_loss_takes_what_was_not_on_the_disk() {
    for (flush_messages, kept) in [(None, &["a"][..]), (Some(1), &["a", "b"])] {
        let mut cluster = Cluster::new(NEW, 1);
        cluster.spec.topics[0].config.flush_messages = flush_messages;
        cluster.send(1_000, "a").send(20_000, "b").at(35_000, Action::PowerLoss { node: broker(1) });
        let run = cluster.run();
        assert_eq!(values(&run, 1, P0), kept);
    }
}

#[test]
fn a_kill_loses_nothing_and_a_wipe_everything() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster
        .send(1_000, "a")
        .at(2_000, kill(3))
        .at(3_000, Action::Wipe { broker: BrokerId(3), partition: None });
    cluster.at(20_000, start(3));
    let run = cluster.run();
    assert_eq!(truncations(&run, 3), [(1, 0)]);
    assert_identical(&run, &[1, 2, 3], &["a"]);
    let mut cluster = Cluster::new(NEW, 3);
    cluster.send(1_000, "a").at(2_000, kill(3)).at(20_000, start(3));
    assert_eq!(truncations(&cluster.run(), 3), []);
}

#[test]
fn a_failed_disk_moves_leadership_and_stays_offline_until_a_restart() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster.send(1_000, "a").at(2_000, Action::FailDisk { broker: BrokerId(1) }).send(2_010, "b");
    cluster.at(10_000, Action::RestoreDisk { broker: BrokerId(1) }).send(12_000, "c");
    let run = cluster.run();
    assert_eq!(acked(&run), ["a", "b", "c"]);
    assert_eq!(leader_changes(&run), [Some(2)]);
    assert!(refusals(&run, 1).contains(&ErrorCode::KafkaStorageError));
    assert_eq!(values(&run, 1, P0), ["a"], "offline");
    assert!(broker_view(&run, 1).log_dir_failed);
    cluster.at(20_000, kill(1)).at(21_000, start(1));
    assert_identical(&cluster.run(), &[1, 2, 3], &["a", "b", "c"]);
}

/// A stalled disk: heartbeats go on, so nothing happens but waiting; request handlers fill up.
#[test]
fn a_stalled_disk_is_nobodys_business() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster.send(1_000, "a").lasting(2_000, 15_000, Action::StallDisk { broker: BrokerId(1) });
    cluster.send(3_000, "b");
    let run = cluster.run();
    assert_eq!(acked(&run), ["a", "b"]);
    assert!(leader_changes(&run).is_empty());
    let appended = facts(&run, broker(1), |fact| matches!(fact, Fact::Appended { .. }).then_some(()));
    assert_eq!(appended[1].0.as_millis(), 17_000);
    // The same for a follower: the write waits for it.
    let mut cluster = Cluster::new(NEW, 3);
    cluster.send(1_000, "a").lasting(2_000, 15_000, Action::StallDisk { broker: BrokerId(3) });
    cluster.send(3_000, "b");
    let run = cluster.run();
    let acks = facts(&run, crate::ids::NodeId::Producer(ClientId(0)), |fact| {
        matches!(fact, Fact::Acknowledged { .. }).then_some(())
    });
    assert_eq!(acks[1].0.as_millis() / 10, 1_700);
}

#[test]
fn slow_disks_and_slow_brokers_show_in_the_latency() {
    let latency = |change: fn(&mut Cluster)| {
        let mut cluster = Cluster::new(NEW, 3);
        change(&mut cluster);
        cluster.send(1_000, "warm").send(3_000, "a");
        cluster.spec.until = Time::from_millis(5_000);
        let run = cluster.run();
        let acks = facts(&run, crate::ids::NodeId::Producer(ClientId(0)), |fact| {
            matches!(fact, Fact::Acknowledged { .. }).then_some(())
        });
        acks[1].0.as_millis() - 3_000
    };
    let by = Duration::from_millis(50);
    assert!(latency(|_| {}) < 5);
    let slow_disk = latency(|cluster| {
        _ = cluster.at(2_000, Action::SlowDisk { broker: BrokerId(1), by: Duration::from_millis(50) })
    });
    assert!((50..60).contains(&slow_disk), "{slow_disk}");
    // The produce request and then the follower's fetches take that much longer.
    let slow = latency(|cluster| {
        _ = cluster.at(2_000, Action::SlowBroker { broker: BrokerId(1), by: Duration::from_millis(50) })
    });
    assert!((100..120).contains(&slow), "{slow} with {by}");
}

/// A follower that is alive but cut off from its leader leaves the ISR by its lag, in [lag − 0.5 s, 1.5 × lag].
#[test]
fn a_stuck_follower_leaves_by_its_lag() {
    let mut cluster = Cluster::new(NEW, 3);
    cluster.spec.broker_config.replica_lag_time_max = Duration::from_secs(3);
    cluster.send(1_000, "a").lasting(10_000, 20_000, cut(1, 3)).send(10_100, "b").send(40_000, "c");
    let run = cluster.run();
    let shrunk = facts(&run, broker(1), |fact| match fact {
        Fact::IsrProposed { isr, .. } => Some(isr.len()),
        _ => None,
    });
    assert_eq!(shrunk[0].1, 2);
    assert!((12_500..14_600).contains(&shrunk[0].0.as_millis()), "{}", shrunk[0].0);
    assert_eq!(shrunk[1].1, 3, "it comes back");
    assert!((30_000..55_000).contains(&shrunk[1].0.as_millis()), "{}", shrunk[1].0);
    assert_identical(&run, &[1, 2, 3], &["a", "b", "c"]);
}

/// cases.md B42: an epoch that the leader does not know yet costs a second.
#[test]
fn a_follower_ahead_of_its_leader_waits_a_second() {
    let mut waited = 0;
    for seed in 0..40 {
        let mut cluster = Cluster::new(NEW, 3);
        cluster.spec.seed = seed;
        cluster.send(1_000, "a").at(2_000, kill(1));
        cluster.spec.until = Time::from_millis(20_000);
        let run = cluster.run();
        let led = facts(&run, broker(2), |fact| matches!(fact, Fact::BecameLeader { .. }).then_some(()));
        let refused = facts(&run, broker(2), |fact| match fact {
            Fact::FetchRefused { error: ErrorCode::UnknownLeaderEpoch, .. } => Some(()),
            _ => None,
        });
        assert_eq!(led.len(), 1);
        waited += refused.len();
    }
    assert!((3..=20).contains(&waited), "about one follower in four: {waited} of 40");
}

/// A scripted refusal is answered instead of handling the request.
#[test]
fn refused_requests_are_not_handled() {
    let mut cluster = Cluster::new(NEW, 1);
    cluster.producer(|config| {
        config.retries = 0;
        config.enable_idempotence = false;
    });
    let meddle = Action::Meddle {
        from: crate::ids::NodeId::Producer(ClientId(0)),
        to: broker(1),
        api: Api::Produce,
        response: false,
        count: 1,
        what: Meddling::Refuse(ErrorCode::TopicAuthorizationFailed),
    };
    cluster.at(900, meddle).send(1_000, "refused").send(2_000, "a");
    let run = cluster.run();
    assert_eq!(acked(&run), ["a"]);
    assert_eq!(values(&run, 1, P0), ["a"]);
    assert_eq!(refusals(&run, 1), [ErrorCode::TopicAuthorizationFailed]);
}
