//! What an expectation says where there is nothing to say, and how much work a check is.

use ackscope_sim::run::Run;

use super::{Judge, check, in_short};
use crate::Document;

const HEAD: &str = "ackscope = 1\nid = 'x'\ntitle = 'X'\nuntil = '20 s'\n[topic.t]\n[producer.p]\nconfig.linger.ms = 0\n[consumer.c]\n";

#[track_caller]
fn parse(more: &str) -> (Document, Run) {
    let document =
        Document::parse(&format!("{HEAD}{more}")).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let run = Run::new(document.variants[0].spec.clone());
    (document, run)
}

/// What is found for one expectation, beside a script in which "b" waits for what never comes.
#[track_caller]
fn found(expectation: &str) -> (bool, String) {
    let script =
        "[do]\na = { at = '1 s', send = 'v0..v4' }\nb = { when = { acks = 99 }, kill = 'broker-1' }\n";
    let (document, run) = parse(&format!("{script}[expect]\nx = {{ {expectation} }}\n"));
    let outcome = check(&document.variants[0], &run).remove(0);
    (outcome.holds, outcome.found)
}

#[test]
fn what_is_bounded_by_a_moment_that_never_came_does_not_hold() {
    let never = |what: &str| (false, format!("{what} never happened"));
    for expectation in [
        "never = 'send-failed', after = 'b'",
        "never = 'send-failed', before = 'b'",
        "happens = 'send-failed', after = 'b', count = 0",
        "happens = 'acknowledged', after = 'b'",
        "sum = 'bytes', of = 'batch-drained', after = 'b', is = 0",
        "kinds = 'bytes', of = 'batch-drained', after = 'b', is = 0",
        "from = 'a', to = 'b', takes = '>= 0 s'",
        "order = ['a', 'b']",
        "partition = 't-0', leader = 1, at = 'b'",
        "never = 'send-failed', after = { happens = 'appended', after = 'b' }",
    ] {
        assert_eq!(found(expectation), never("\"b\""), "{expectation}");
    }
    assert_eq!(found("never = 'appended', after = 'truncated on broker-1'"), never("truncated on broker-1"));
    assert_eq!(found("never = 'send-failed', after = 'a'"), (true, "0".to_owned()));
    assert_eq!(found("happens = 'acknowledged', after = 'a', count = 5"), (true, "5".to_owned()));
}

/// Fifty expectations over every record of a load, by value, by error, by offset, by a field and by kinds of values.
fn looks(records: usize) -> u64 {
    let last = records - 1;
    let one = |n: usize| match n % 4 {
        0 => format!("e{n} = {{ records = 'r0..r{last}', fate = 'kept', latency = '< 1 s' }}\n"),
        1 => format!("e{n} = {{ records = 'r0..r{last}', offsets = '0..{last}' }}\n"),
        2 => format!(
            "e{n} = {{ happens = 'delivered', where = {{ record = 'r0..r{last}' }}, count = {records} }}\n"
        ),
        _ => format!("e{n} = {{ kinds = 'record', of = 'acknowledged', is = {records} }}\n"),
    };
    let expectations: String = (0..50).map(one).collect();
    let (document, run) = parse(&format!(
        "[do]\na = {{ at = '1 s', load = {records}, every = '1 ms' }}\n[expect]\n{expectations}"
    ));
    let variant = &document.variants[0];
    let judge = Judge::new(&run, &variant.steps);
    for expectation in &variant.expectations {
        let (holds, found) = judge.judge(&expectation.check);
        assert!(holds, "{}: {found}", expectation.name);
    }
    judge.index.looks.get()
}

#[test]
fn twice_the_records_are_twice_the_work_of_a_check() {
    let (few, many) = (looks(1_000), looks(2_000));
    assert!(few >= 50 * 1_000, "not everything is counted: {few}");
    assert!(few <= 2 * 50 * 1_000, "more than two looks at a record for each expectation: {few}");
    assert!(many <= 2 * few, "{few} looks for 1000 records, {many} for 2000");
}

#[test]
fn a_check_that_looks_at_too_much_decides_nothing() {
    let (document, run) = parse(
        "[do]\na = { at = '1 s', send = 'v0..v4' }\n[expect]\nx = { never = 'send-failed' }\ny = { happens = 'acknowledged', count = 5 }\n",
    );
    let variant = &document.variants[0];
    let mut judge = Judge::new(&run, &variant.steps);
    judge.index.most = 3;
    let judges = std::slice::from_ref(&judge);
    let outcome = super::outcome("y", judges, || judge.judge(&variant.expectations[1].check));
    let want = "not decided: together the expectations look at more than 3 happenings and records";
    assert_eq!((outcome.holds, outcome.found.as_str()), (false, want));
}

#[test]
fn rows_of_names_are_short_and_end() {
    assert_eq!(in_short(["v0", "v1", "v2", "x", "v4"]), "v0..v2, x, v4");
    assert_eq!(in_short([]), "nothing");
    // A number at its end has no successor.
    assert_eq!(in_short(["v18446744073709551615", "v0"]), "v18446744073709551615, v0");
    let names: Vec<String> = (0..60).map(|number| format!("v{}", 2 * number)).collect();
    assert!(in_short(names.iter().map(String::as_str)).ends_with("v96, v98 and 10 more"));
}
