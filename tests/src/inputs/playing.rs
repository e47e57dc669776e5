//! Runs of what strangers wrote, a few thousand events long.

use ackscope_sim::invariants::inspect;
use ackscope_sim::run::budget::Budget;
use ackscope_sim::run::{Run, Running};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;

use crate::property::{books, seek};

/// Events after the warm-up.
const EVENTS: u64 = 2_000;
/// Within so many more the engine's own guard says whether time stands still.
const MANY: u64 = 1_200_000;

/// Plays the beginning of a run, and asks for what must hold of every run. Some of it takes a second run: `turn` says what.
pub fn play(spec: &Spec, turn: usize) -> Run {
    let run = begin(spec, &[EVENTS / 2, EVENTS / 2]);
    let mut wrong = Vec::new();
    books(&run, &mut wrong);
    match turn % 8 {
        1 | 2 => {
            let first = turn as u64 % (EVENTS / 2);
            let again = begin(spec, &[1, first, EVENTS - 1 - first]);
            assert_eq!(again.hash, run.hash, "made in other pieces it is another run");
        }
        3 => seek(&run, &mut wrong),
        4 => wrong.extend(broken_rules(spec, run.end)),
        _ => {}
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    run
}

/// The beginning of a run, in pieces of so many events.
fn begin(spec: &Spec, pieces: &[u64]) -> Run {
    let mut running = Running::new(spec.clone(), Budget::UNLIMITED);
    let mut before = None;
    for &piece in pieces {
        before = Some(running.progress().now);
        running.advance(piece);
    }
    let stands = before == Some(running.progress().now);
    running.stop();
    let run = running.finish();
    if stands {
        goes_on(spec);
    }
    run
}

/// Many events at one instant may be an unlucky scenario, but not all of them.
fn goes_on(spec: &Spec) {
    let mut running = Running::new(spec.clone(), Budget::UNLIMITED);
    running.advance(MANY);
    running.stop();
    let run = running.finish();
    if let Some(stall) = run.last().stall() {
        panic!("{}", stall.sentence(spec));
    }
}

/// Up to an instant of which nothing is left out.
fn broken_rules(spec: &Spec, end: Time) -> Vec<String> {
    let until = Time { nanos: end.nanos.saturating_sub(1) };
    let inspection = inspect(Spec { until, ..spec.clone() });
    let violated = inspection.violated();
    violated.map(|row| format!("{} {:?}", row.name, row.violated)).collect()
}
