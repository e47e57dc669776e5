//! Random clusters under random faults: nothing that must hold is ever broken. `cargo xtask fuzz --runs N` for more.

use std::path::Path;

use ackscope_tests::fuzz::{Fuzzed, fuzz};

const RUNS: u64 = 500;

/// Half of them each, so that two processors share the work.
fn examine(half: u64) -> Fuzzed {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let fuzzed = fuzz(half * RUNS / 2..(half + 1) * RUNS / 2, folder, 3, |_| {});
    let reports: Vec<String> = fuzzed.failures.iter().map(|failure| failure.report()).collect();
    assert!(reports.is_empty(), "{}", reports.join("\n"));
    fuzzed
}

/// Runs in which nothing happens prove nothing.
fn assert_it_was_eventful(fuzzed: &Fuzzed) {
    assert!(fuzzed.occurred.len() >= 9);
    for (name, &runs) in &fuzzed.occurred {
        assert!(runs >= fuzzed.runs / 50, "only in {runs} of {} runs: {name}", fuzzed.runs);
    }
}

#[test]
fn what_must_hold_holds_in_random_runs() {
    assert_it_was_eventful(&examine(0));
}

#[test]
fn what_must_hold_holds_in_more_random_runs() {
    assert_it_was_eventful(&examine(1));
}
