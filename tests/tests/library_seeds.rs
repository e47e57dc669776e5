//! What the library's documents promise does not hang on luck: it holds with other seeds as well. If one
//! ever does, its document says so.

use ackscope_scenario::library::library;
use ackscope_scenario::{check, compare};
use ackscope_sim::run::Run;

/// `cargo run -q -p ackscope-cli -- check ID --seeds 10` says more about one of them.
fn check_part(part: usize, parts: usize) {
    let mut broken = Vec::new();
    for entry in library().iter().skip(part).step_by(parts) {
        let document = entry.document();
        for more in 1..=10 {
            let run = |variant: &ackscope_scenario::Variant| {
                let mut spec = variant.spec.clone();
                spec.seed = spec.seed.wrapping_add(more);
                Run::new(spec)
            };
            let runs: Vec<Run> = document.variants.iter().map(run).collect();
            let outcomes = document.variants.iter().zip(&runs).flat_map(|(variant, run)| check(variant, run));
            let outcomes = outcomes.chain(compare(&document, &runs)).filter(|outcome| !outcome.holds);
            broken.extend(outcomes.map(|outcome| {
                format!("{}, seed {more} more: {}: {}", entry.id, outcome.name, outcome.found)
            }));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn other_seeds_show_the_same_1() {
    check_part(0, 4);
}

#[test]
fn other_seeds_show_the_same_2() {
    check_part(1, 4);
}

#[test]
fn other_seeds_show_the_same_3() {
    check_part(2, 4);
}

#[test]
fn other_seeds_show_the_same_4() {
    check_part(3, 4);
}
