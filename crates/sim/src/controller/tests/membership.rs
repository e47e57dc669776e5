//! ClusterControlManagerTest, BrokerHeartbeatManagerTest: registrations, sessions, controlled shutdown.

use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerEpoch, MetadataOffset, NodeId};
use crate::protocol::{Body, MetadataRecord};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

use super::bench::{Bench, id, set, spec};

const SESSION: u64 = 9_000;

#[test]
fn another_incarnation_waits_for_the_session_to_end() {
    // (version, fenced by then, previous epoch given, at what age of the session, accepted?)
    let table = [
        (KafkaVersion::V4_3, false, false, SESSION - 100, false),
        (KafkaVersion::V4_3, false, true, SESSION - 100, false), // a clean stop ends no session
        (KafkaVersion::V4_3, true, true, SESSION - 100, false),  // nor does fencing
        (KafkaVersion::V4_3, false, false, SESSION, true),
        (KafkaVersion::V3_9, false, false, SESSION - 100, false),
        (KafkaVersion::V3_9, true, true, 100, true), // before 4.0 a fenced broker has no session
    ];
    for (version, fenced, clean, age, accepted) in table {
        let mut bench = Bench::new(spec(version, 1..=2, &[&[1, 2]]));
        bench.falls_silent(2);
        let epoch = bench.epoch(2).0;
        if fenced {
            let answer = bench.heartbeat(2, |beat| beat.want_shut_down = true);
            assert!(answer.should_shut_down, "it leads nothing");
        } else {
            bench.beat(2);
        }
        let silent_since = bench.cx.now;
        bench.run(age);
        assert_eq!(bench.cx.now.since(silent_since), Duration::from_millis(age));
        let result = bench.register(2, 2, clean.then_some(epoch), None);
        let row = format!("{version:?} fenced {fenced} clean {clean} age {age}");
        match accepted {
            true => assert!(result.is_ok_and(|new| new > BrokerEpoch(epoch)), "{row}: {result:?}"),
            false => assert_eq!(result, Err(ErrorCode::DuplicateBrokerRegistration), "{row}"),
        }
    }
}

#[test]
fn a_registration_may_prescribe_its_epoch() {
    let mut bench = Bench::empty(spec(KafkaVersion::V4_3, 1..=2, &[&[1, 2]]));
    assert_eq!(bench.register(1, 1, None, Some(18)), Ok(BrokerEpoch(18)));
    assert_eq!(bench.register(2, 1, None, None), Ok(BrokerEpoch(2)), "the offset of its record");
}

#[test]
fn sessions_that_end_together_end_in_hash_order() {
    // cases.md B85, the recorded pairs: (id, epoch) and who goes first.
    type Row = (&'static [(u32, u64)], &'static [u32]);
    let table: [Row; 4] = [
        (&[(1, 19), (3, 20)], &[3, 1]),
        (&[(2, 17), (3, 15)], &[3, 2]),
        (&[(2, 10), (3, 16)], &[2, 3]),
        (&[(2, 11), (3, 18)], &[2, 3]),
    ];
    for (brokers, order) in table {
        let mut bench = Bench::empty(spec(KafkaVersion::V4_3, 1..=5, &[&[1, 2, 3]]));
        for &(broker, epoch) in brokers {
            bench.register(broker, 1, None, Some(epoch)).expect("a first registration");
            bench.beat(broker);
        }
        bench.run(20_000);
        let fenced = bench.fenced();
        let ids: Vec<u32> = fenced.iter().map(|(broker, _)| broker.0).collect();
        assert_eq!(ids, order);
        assert_eq!(fenced[1].1.since(fenced[0].1), Duration::from_millis(10), "one a pass");
    }
}

#[test]
fn before_4_0_sessions_end_on_the_dot_and_the_longest_silent_first() {
    let mut bench = Bench::new(spec(KafkaVersion::V3_9, 1..=3, &[&[1, 2, 3]]));
    (1..=3).for_each(|broker| bench.falls_silent(broker));
    let start = bench.cx.now;
    for broker in [2, 3, 1] {
        bench.beat(broker);
        bench.run(700);
    }
    bench.run(20_000);
    let fenced: Vec<(u32, Time)> = bench.fenced().iter().map(|&(broker, at)| (broker.0, at)).collect();
    let at = |after: u64| start + Duration::from_millis(after + SESSION);
    assert_eq!(fenced, [(2, at(0)), (3, at(700)), (1, at(1_400))]);
}

#[test]
fn from_4_0_sessions_are_looked_at_eight_times_a_session() {
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    bench.falls_silent(3);
    bench.beat(3);
    let last = bench.cx.now;
    bench.run(12_000);
    let (broker, at) = bench.fenced()[0];
    assert_eq!(broker, id(3));
    let waited = at.since(last);
    assert!(waited >= Duration::from_millis(SESSION) && waited < Duration::from_millis(SESSION + 1_125));
    let grid = Duration::from_millis(1_125).nanos;
    assert_eq!((at.nanos - Duration::from_millis(15).nanos) % grid, 0, "counted from its activation");
}

#[test]
fn a_broker_is_unfenced_once_it_knows_its_own_registration() {
    let mut bench = Bench::empty(spec(KafkaVersion::V4_3, 1..=1, &[&[1]]));
    let epoch = bench.register(1, 1, None, None).expect("a first registration");
    let behind = bench.heartbeat(1, |beat| beat.current_metadata_offset = MetadataOffset(epoch.0 - 1));
    assert!(behind.is_fenced && !behind.is_caught_up);
    let there = bench.heartbeat(1, |beat| beat.current_metadata_offset = MetadataOffset(epoch.0));
    assert!(!there.is_fenced && there.is_caught_up);
    let stale = bench.heartbeat(1, |beat| beat.broker_epoch = BrokerEpoch(epoch.0 + 1));
    assert_eq!(stale.error, Some(ErrorCode::StaleBrokerEpoch));
}

#[test]
fn a_fenced_broker_returns_with_its_next_heartbeat_and_its_old_epoch() {
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    let epoch = bench.epoch(3);
    bench.fence(3);
    assert_eq!(bench.story(0), "leader 1 [1, 2] e0");
    let answer = bench.heartbeat(3, |beat| beat.current_metadata_offset = MetadataOffset(epoch.0));
    assert!(!answer.is_fenced, "stale metadata is no hindrance");
    assert_eq!(bench.epoch(3), epoch);
    assert_eq!(bench.story(0), "leader 1 [1, 2] e0", "it must fetch its way back into the ISR");
}

#[test]
fn controlled_shutdown_waits_for_leaders_and_for_the_others_to_know() {
    // cases.md B82
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3], &[2, 3, 1]]));
    let behind = MetadataOffset(bench.controller.metadata.end().0 - 1);
    let first = bench.heartbeat(1, |beat| beat.want_shut_down = true);
    assert!(!first.should_shut_down && !first.is_fenced);
    assert_eq!(bench.story(0), "leader 2 [2, 3] e1");
    assert_eq!(bench.story(1), "leader 2 [2, 3] e0");
    let needed = bench.controller.cluster.get(id(1)).and_then(|broker| broker.shutdown_offset);
    assert_eq!(needed, Some(MetadataOffset(bench.controller.metadata.end().0 - 1)));

    bench.beat(2);
    bench.heartbeat(3, |beat| beat.current_metadata_offset = behind);
    let second = bench.heartbeat(1, |beat| beat.want_shut_down = true);
    assert!(!second.should_shut_down, "broker 3 still believes in it");
    let unmoved = bench.controller.cluster.get(id(1)).and_then(|broker| broker.shutdown_offset);
    assert_eq!(unmoved, needed, "the offset is recorded once only");

    bench.beat(3);
    let third = bench.heartbeat(1, |beat| beat.want_shut_down = true);
    assert!(third.should_shut_down && third.is_fenced);
    let granted = |fact: &Fact| *fact == Fact::ControlledShutdownGranted { broker: id(1) };
    assert_eq!(bench.happenings.iter().filter(|happening| granted(&happening.fact)).count(), 1);
}

#[test]
fn a_sole_replica_in_controlled_shutdown_leaves_its_partition_without_leader() {
    // cases.md B39
    let mut bench = Bench::new(spec(KafkaVersion::V4_0, 1..=2, &[&[1]]));
    bench.heartbeat(1, |beat| beat.want_shut_down = true);
    assert_eq!(bench.story(0), "leader none [1] e1");
}

#[test]
fn a_new_controller_gives_everybody_a_whole_session() {
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    bench.falls_silent(1);
    bench.run(3_000);
    bench.controller.kill(&mut bench.cx);
    bench.take_notes();
    bench.run(8_000);
    assert_eq!(bench.fenced(), [], "nobody is there to do it");
    let epoch = bench.epoch(1);
    let at_once = crate::script::Boot { registers_after: Some(Duration::ZERO), ..Default::default() };
    bench.controller.start(&mut bench.cx, at_once);
    bench.run(SESSION - 100);
    assert_eq!(bench.fenced(), []);
    bench.run(1_300);
    assert_eq!(bench.fenced().len(), 1);
    assert_eq!((bench.epoch(1), bench.story(0)), (epoch, "leader 2 [2, 3] e1".to_owned()));
}

#[test]
fn of_three_voters_another_takes_over_by_itself() {
    let mut three = spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]);
    three.controller.quorum = 3;
    let mut bench = Bench::new(three);
    let lost_at = bench.cx.now;
    bench.controller.kill(&mut bench.cx);
    assert!(!bench.controller.active);
    bench.run(5_000);
    let activated = |fact: &Fact| *fact == Fact::ControllerActivated;
    let again = bench.happenings.iter().rfind(|happening| activated(&happening.fact)).expect("somebody is");
    let away = again.at.since(lost_at);
    assert!(away >= Duration::from_secs(2) && away <= Duration::from_secs(4), "away {away}");
}

#[test]
fn what_is_written_is_told_once_it_is_committed() {
    let mut bench = Bench::new(spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]));
    // Broker 2 dials in and asks for what comes after what it knows.
    bench.cx.node = NodeId::Broker(id(2));
    bench.cx.process_mut(NodeId::Broker(id(2))).running = true;
    let connection = bench.cx.connect(NodeId::Controller);
    let from = bench.controller.metadata.end();
    let mut asked = false;
    let mut told = None;
    let mut written = Time::NEVER;
    for _ in 0..200 {
        let Some(scheduled) = bench.cx.queue.pop() else { break };
        (bench.cx.now, bench.cx.cause) = (scheduled.at, scheduled.cause);
        match scheduled.event {
            crate::world::queue::Event::Dial { .. } if !asked => {
                asked = true;
                let body = Body::MetadataFetchRequest { from };
                bench.cx.node = NodeId::Broker(id(2));
                bench.cx.send(connection, 7, body).expect("connected");
            }
            crate::world::queue::Event::Arrive { connection, towards } => {
                if !bench.cx.arrive(connection, towards) {
                    continue;
                }
                let node = bench.cx.network.connection(connection).node(towards);
                bench.cx.node = node;
                if node == NodeId::Controller {
                    bench.controller.on_readable(&mut bench.cx, connection);
                    assert!(told.is_none());
                    written = bench.cx.now;
                    bench.alter(0, &[1, 2], |_| {}).expect("a shrink");
                } else if let crate::network::Read::Message(envelope) = bench.cx.read(connection) {
                    told = Some((bench.cx.now, envelope.message.body.clone()));
                    break;
                }
            }
            crate::world::queue::Event::Timer {
                timer: crate::world::queue::Timer::Controller(timer),
                ..
            } => {
                bench.cx.node = NodeId::Controller;
                bench.controller.on_timer(&mut bench.cx, timer);
            }
            _ => {}
        }
    }
    let (at, body) = told.expect("an answer");
    let Body::MetadataFetchResponse { records, next } = body else { panic!("{body:?}") };
    assert_eq!(next, bench.controller.metadata.end());
    let [MetadataRecord::Partition { state, .. }] = &records[..] else { panic!("{records:?}") };
    assert_eq!(state.isr, set(&[1, 2]));
    let waited = at.since(written);
    assert!(waited >= Duration::from_millis(25) && waited < Duration::from_millis(40), "{waited}");
}

/// A controller that was stopped at the moment at which a session ended reads the registration of the next life after
/// the end of the last.
#[test]
fn a_new_life_begins_after_the_end_of_the_old_one() {
    let mut bench = Bench::new(spec(KafkaVersion::V3_6, 1..=3, &[&[1, 2, 3]]));
    bench.falls_silent(1);
    bench.run(SESSION - 1_500);
    bench.cx.now += Duration::from_millis(3_000);
    bench.register(1, 2, None, None).expect("its session is over");
    assert!(bench.story(0).starts_with("leader 2 [2, 3] e1"), "{}", bench.story(0));
}
