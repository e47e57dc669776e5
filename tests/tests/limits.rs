//! Every setting at its limits: refused by Kafka, or a run that ends. `cargo xtask fuzz --settings --pairs` for two settings at
//! zero at once.

use ackscope_scenario::library::library;
use ackscope_scenario::{Document, adjust};
use ackscope_sim::run::Run;
use ackscope_tests::limits::{Case, examine, singles};

/// Every `parts`th case.
fn examine_part(hasty: bool, part: usize, parts: usize) {
    let tally = examine(singles(hasty).into_iter().skip(part).step_by(parts));
    println!("{}", tally.summary());
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    let many = tally.cases / 4;
    assert!(tally.ended > many && tally.refused > many / 2, "{}", tally.summary());
    // Kafka itself works that hard where a fetch comes back at once with nothing, over links without latency.
    let at_once = ["replica.fetch.wait.max.ms", "replica.fetch.min.bytes", " fetch.max.wait.ms"];
    let names = tally.at_bound.iter().map(Case::name);
    let spins: Vec<String> =
        names.filter(|name| !(hasty && at_once.iter().any(|key| name.contains(key)))).collect();
    assert!(spins.is_empty(), "{}", spins.join("\n"));
}

#[test]
fn settings_at_their_limits_end_or_are_refused_1() {
    examine_part(false, 0, 3);
}

#[test]
fn settings_at_their_limits_end_or_are_refused_2() {
    examine_part(false, 1, 3);
}

#[test]
fn settings_at_their_limits_end_or_are_refused_3() {
    examine_part(false, 2, 3);
}

#[test]
fn settings_at_their_limits_end_without_latency_and_costs() {
    examine_part(true, 0, 7);
}

/// Zero typed into that field spins the Sender's loop wherever a broker is away.
#[test]
fn the_library_ends_without_a_backoff() {
    let mut runs = 0;
    for entry in library() {
        let document = entry.document();
        for variant in &document.variants {
            let mut text = entry.text.to_owned();
            for producer in &variant.spec.producers {
                let path = format!("producer.{}.config.retry.backoff.ms", producer.name);
                text = adjust::set(&text, variant, &path, "0").expect("a setting can be changed");
            }
            let changed =
                Document::parse(&text).unwrap_or_else(|problems| panic!("{}: {problems:?}", entry.id));
            let run = Run::new(changed.spec(&variant.name).expect("it was there before"));
            assert_eq!(
                (run.last().stall(), run.stopped.clone()),
                (None, None),
                "{} {}",
                entry.id,
                variant.name
            );
            runs += 1;
        }
    }
    assert!(runs >= 90, "only {runs} runs");
}
