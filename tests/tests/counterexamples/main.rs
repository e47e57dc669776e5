//! Published counterexamples: each happens with the old rule and not with the new one. Where releases differ in the rule,
//! the library shows it by versions; here the old rule is brought back into the newest release, and nothing else is changed.

use ackscope_scenario::{Document, check, library};
use ackscope_sim::mutant::{Mutant, with};
use ackscope_sim::run::Run;

/// What a variant of the document expects and does not get.
fn unmet(document: &Document, variant: &str) -> Vec<String> {
    let variant = document.variant(variant).expect("a variant of the document");
    let outcomes = check(variant, &Run::new(variant.spec.clone()));
    assert!(!outcomes.is_empty());
    let broken = outcomes.into_iter().filter(|outcome| !outcome.holds);
    broken.map(|outcome| format!("{}: {}", outcome.name, outcome.found)).collect()
}

/// The document tells what happens with the old rule (its variant `old`), and what with the new one (`new`).
#[track_caller]
fn told_by(text: &str, old_rule: Mutant) {
    let document = Document::parse(text).expect("a document");
    assert_eq!(with(old_rule, || unmet(&document, "old")), Vec::<String>::new(), "the old rule");
    assert_eq!(unmet(&document, "new"), Vec::<String>::new(), "the new rule");
}

/// The library shows the old rule in the release that had it and the new one in the newest; with the old rule the newest
/// release breaks what it promises, here with these words.
#[track_caller]
fn shown_by_the_library(id: &str, old: &str, new: &str, old_rule: Mutant, broken: &str) {
    let document = library::find(id).expect("a document of the library").document();
    assert_eq!(unmet(&document, old), Vec::<String>::new(), "the release that had the old rule");
    assert_eq!(unmet(&document, new), Vec::<String>::new(), "the newest release");
    let found = with(old_rule, || unmet(&document, new));
    assert!(found.iter().any(|unmet| unmet.starts_with(broken)), "{found:?}");
}

#[test]
fn kip_101_a_committed_record_is_lost_in_two_clean_elections() {
    let broken = "the committed record is kept";
    shown_by_the_library("kip-101-loss", "v0-10", "v4-3", Mutant::TruncatesToHighWatermark, broken);
}

#[test]
fn kip_101_two_replicas_differ_at_the_same_offset_for_ever() {
    let rule = Mutant::TruncatesToHighWatermark;
    shown_by_the_library("kip-101-divergence", "v0-10", "v4-3", rule, "their logs agree");
}

#[test]
fn kip_279_two_quick_elections_leave_logs_that_differ() {
    let rule = Mutant::TruncatesOnce;
    shown_by_the_library("kip-279-fast-elections", "v1-1", "v4-3", rule, "the logs agree");
}

#[test]
fn kip_320_a_follower_of_an_older_epoch_is_fenced() {
    told_by(include_str!("kip-320.toml"), Mutant::StaleFetch);
}

#[test]
fn kip_320_a_consumer_notices_that_the_log_was_cut() {
    let document = library::find("unclean-on").expect("a document of the library").document();
    assert_eq!(unmet(&document, ""), Vec::<String>::new());
    let found = with(Mutant::KeepsPosition, || unmet(&document, ""));
    assert!(
        found.iter().any(|unmet| unmet.starts_with("earliest: set back to where the logs part")),
        "{found:?}"
    );
}

#[test]
fn the_maximal_isr_holds_back_the_high_watermark() {
    told_by(include_str!("maximal-isr.toml"), Mutant::CommittedIsr);
}

#[test]
fn a_follower_joins_only_behind_the_start_of_the_leaders_epoch() {
    told_by(include_str!("epoch-start.toml"), Mutant::NoEpochStart);
}

#[test]
fn kip_903_an_earlier_life_of_a_follower_does_not_count() {
    told_by(include_str!("kip-903.toml"), Mutant::EarlierLife);
}

#[test]
fn the_last_replica_standing_leads_without_elr_and_an_eligible_one_with_it() {
    let document = library::find("last-replica-standing").expect("a document of the library").document();
    for variant in ["without-elr", "with-elr"] {
        assert_eq!(unmet(&document, variant), Vec::<String>::new(), "{variant}");
    }
    // The feature is there, and the rule that makes it is not.
    let found = with(Mutant::ForgetsEligible, || unmet(&document, "with-elr"));
    assert!(
        found.iter().any(|unmet| unmet.starts_with("nothing acknowledged with acks=all is lost")),
        "{found:?}"
    );
}
