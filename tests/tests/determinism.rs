//! The same scenario gives the same trace: twice in a row, at every seek, and whatever a title says.

use ackscope_scenario::library;
use ackscope_sim::happening::Fact;
use ackscope_sim::ids::{ClientId, MachineId, NodeId};
use ackscope_sim::run::Run;
use ackscope_sim::script::{Action, Entry, Trigger};
use ackscope_sim::time::{Duration, Time};
use ackscope_tests::generate;

#[test]
fn the_same_scenario_twice_gives_the_same_trace() {
    for number in 0..40 {
        let (one, two) = (Run::new(generate::scenario(number)), Run::new(generate::scenario(number)));
        assert_eq!(one.hash, two.hash, "scenario {number}");
        assert!(one.happenings.len() > 100, "scenario {number} hardly does anything");
    }
}

#[test]
fn scenarios_differ() {
    let hashes: std::collections::BTreeSet<u64> =
        (0..20).map(|number| Run::new(generate::scenario(number)).hash).collect();
    assert_eq!(hashes.len(), 20);
}

#[test]
fn seeking_equals_having_run_there() {
    for number in [1, 5, 9] {
        let run = Run::new(generate::scenario(number));
        for millis in [0, 1, 777, 3_000, 9_999, 20_000, 39_999, 40_000] {
            let time = Time::from_millis(millis);
            let sought = format!("{:?}", run.view_at(time));
            let mut spec = generate::scenario(number);
            spec.until = time;
            let direct = Run::new(spec);
            assert_eq!(sought, format!("{:?}", direct.view_at(time)), "scenario {number} at {time}");
            assert_eq!(run.until(time), &direct.happenings[..], "scenario {number} until {time}");
        }
    }
}

#[test]
fn one_nanosecond_in_the_script_changes_the_hash() {
    let spec = generate::scenario(3);
    let mut later = spec.clone();
    let entry = &mut later.script[0];
    if let ackscope_sim::script::Trigger::At(at) = &mut entry.when {
        *at += Duration::from_nanos(1);
    }
    assert_ne!(Run::new(spec).hash, Run::new(later).hash);
}

/// Each node, way and load draws from a stream of its own: what is added does not reshuffle what was there.
#[test]
fn one_more_consumer_changes_no_election_and_no_producer() {
    for scenario in library::library() {
        let (id, spec) = (scenario.id, scenario.document().variants[0].spec.clone());
        let Some(mut reader) = spec.consumers.first().cloned() else { continue };
        let mut with_one_more = spec.clone();
        reader.name = "one more".into();
        reader.machine = MachineId(60);
        with_one_more.consumers.push(reader);
        let client = ClientId(spec.consumers.len() as u16);
        with_one_more.script.push(Entry {
            when: Trigger::At(Time::ZERO),
            action: Action::StartConsumer { consumer: client },
            lasts: None,
        });
        let told = |run: &Run| -> Vec<(Time, NodeId, String)> {
            let concerned = |fact: &Fact| {
                matches!(
                    fact,
                    Fact::BrokerFenced { .. }
                        | Fact::PartitionChanged(_)
                        | Fact::BecameLeader { .. }
                        | Fact::Appended { .. }
                        | Fact::HighWatermarkMoved { .. }
                        | Fact::Truncated { .. }
                        | Fact::Acknowledged { .. }
                )
            };
            let told = run.happenings.iter().filter(|happening| concerned(&happening.fact));
            told.map(|happening| (happening.at, happening.node, format!("{:?}", happening.fact))).collect()
        };
        let (before, after) = (Run::new(spec), Run::new(with_one_more));
        assert!(after.happenings.len() > before.happenings.len() + 20, "{id}: nobody reads");
        assert_eq!(told(&before), told(&after), "{id}");
    }
}
