//! The same scenario gives the same trace: twice in a row, at every seek, and whatever a title says.

use ackscope_sim::run::Run;
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
