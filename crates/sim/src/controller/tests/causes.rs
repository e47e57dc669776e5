//! In whole clusters: why something was done can be followed back to what was done to the cluster.

use crate::happening::{Fact, Happening};
use crate::ids::{BrokerId, MachineId, NodeId};
use crate::run::Run;
use crate::script::{Action, Entry, Trigger};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

use super::bench::spec;

/// What was done at 3 s to broker 1, which leads; undone 20 s later.
fn run(version: KafkaVersion, action: Action) -> Run {
    let mut spec = spec(version, 1..=3, &[&[1, 2, 3]]);
    spec.warm = true;
    spec.until = Time::from_millis(60_000);
    let when = Trigger::At(Time::from_millis(3_000));
    spec.script = vec![Entry { when, action, lasts: Some(Duration::from_secs(25)) }];
    Run::new(spec)
}

fn first(run: &Run, is_it: impl Fn(&Fact) -> bool) -> &Happening {
    run.happenings.iter().find(|happening| is_it(&happening.fact)).expect("it happens")
}

#[test]
fn an_election_is_traced_back_to_what_silenced_the_leader() {
    let one = NodeId::Broker(BrokerId(1));
    let cut = Action::Cut { a: MachineId(1), b: None, one_way: false };
    type Is = fn(&Fact) -> bool;
    let table: [(Action, Is); 4] = [
        (Action::Kill { node: one }, |fact| *fact == Fact::ProcessKilled),
        (Action::PowerLoss { node: one }, |fact| *fact == Fact::PowerLost),
        (Action::Pause { node: one }, |fact| *fact == Fact::Paused),
        (cut, |fact| matches!(fact, Fact::ActionDone { .. })),
    ];
    for version in [KafkaVersion::V2_8, KafkaVersion::V3_9, KafkaVersion::V4_3] {
        for (action, is_reason) in &table {
            let run = run(version, action.clone());
            let changed = first(&run, |fact| matches!(fact, Fact::PartitionChanged(_)));
            let chain: Vec<&Fact> = run.causes(changed.id).map(|happening| &happening.fact).collect();
            let row = format!("{version:?} {action:?}: {chain:?}");
            assert_eq!(*chain[1], Fact::BrokerFenced { broker: BrokerId(1) }, "{row}");
            assert!(is_reason(chain[2]), "{row}");
            assert!(chain.iter().any(|fact| matches!(fact, Fact::ActionDone { .. })), "{row}");
        }
    }
}

#[test]
fn a_new_role_is_traced_back_to_the_election() {
    for version in [KafkaVersion::V2_8, KafkaVersion::V4_3] {
        let run = run(version, Action::Kill { node: NodeId::Broker(BrokerId(1)) });
        let became = first(&run, |fact| matches!(fact, Fact::BecameLeader { .. }));
        assert_eq!(became.node, NodeId::Broker(BrokerId(2)));
        let chain: Vec<&Fact> = run.causes(became.id).map(|happening| &happening.fact).collect();
        assert!(chain.contains(&&Fact::ProcessKilled), "{version:?} {chain:?}");
    }
}

#[test]
fn the_controller_may_be_away_for_a_while_and_everything_is_made_up_for() {
    for quorum in [1, 3] {
        let mut spec = spec(KafkaVersion::V4_3, 1..=3, &[&[1, 2, 3]]);
        (spec.warm, spec.until) = (true, Time::from_millis(60_000));
        spec.controller.quorum = quorum;
        let at = |millis, action, lasts| Entry {
            when: Trigger::At(Time::from_millis(millis)),
            action,
            lasts: Some(Duration::from_millis(lasts)),
        };
        spec.script = vec![
            at(1_000, Action::Kill { node: NodeId::Controller }, 8_000),
            at(2_000, Action::Kill { node: NodeId::Broker(BrokerId(1)) }, 30_000),
        ];
        let run = Run::new(spec);
        let at = |is_it: fn(&Fact) -> bool| first(&run, is_it).at;
        let again = at(|fact| *fact == Fact::ControllerActivated);
        let fenced = at(|fact| matches!(fact, Fact::BrokerFenced { .. }));
        // A single one comes back when it is started; of three another has taken over by then.
        let (from, to) = if quorum == 1 { (10_900, 11_100) } else { (3_000, 5_100) };
        assert!((from..to).contains(&again.as_millis()), "quorum {quorum}: {again}");
        let grace = fenced.since(again).as_millis();
        assert!((9_000..10_200).contains(&grace), "quorum {quorum}: {grace} ms after {again}");
        let view = run.view_at(run.end);
        let state = view.controller.partitions[0].as_ref().expect("created");
        assert_eq!((state.leader, state.isr.len()), (Some(BrokerId(2)), 3), "quorum {quorum}");
    }
}

#[test]
fn a_replaced_disk_must_be_made_known_before_its_broker_leads_again() {
    // broker.md §7.2: the last member's whole disk is lost. From 3.7 its directory id tells.
    for (version, leads_at_once) in [(KafkaVersion::V3_6, true), (KafkaVersion::V4_0, false)] {
        let mut spec = spec(version, 1..=2, &[&[1]]);
        (spec.warm, spec.until) = (true, Time::from_millis(120_000));
        let one = NodeId::Broker(BrokerId(1));
        let two = NodeId::Broker(BrokerId(2));
        let at = |millis, action| Entry { when: Trigger::At(Time::from_millis(millis)), action, lasts: None };
        spec.script = vec![
            at(1_000, Action::Kill { node: one }),
            at(2_000, Action::Wipe { broker: BrokerId(1), partition: None }),
            at(20_000, Action::Start { node: one, boot: Default::default() }),
            at(50_000, Action::Kill { node: two }),
            at(70_000, Action::Start { node: two, boot: Default::default() }),
        ];
        let run = Run::new(spec);
        let leader_at = |millis| {
            let view = run.view_at(Time::from_millis(millis));
            view.controller.partitions[0].as_ref().expect("created").leader
        };
        assert_eq!(leader_at(19_000), None);
        assert_eq!(leader_at(49_000).is_some(), leads_at_once, "{version:?}");
        assert_eq!(leader_at(119_000), Some(BrokerId(1)), "{version:?}: the next unfencing elects it");
    }
}
