//! Runs that end at their budget: each command shows what there is, says what was too much, and exits with 3.

use std::process::{Command, Output};

fn ackscope(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ackscope")).args(words).output().expect("the program runs")
}

fn told(words: &[&str]) -> (Option<i32>, String, String) {
    let output = ackscope(words);
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).expect("text").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../golden/runs/rf1-wiped.json");

#[test]
fn every_command_that_runs_shows_what_there_is_and_exits_with_3() {
    let scenario = "acks-1-leader-crash";
    for words in [
        &["run", scenario][..],
        &["check", scenario],
        &["why", scenario, "v0"],
        &["compare", scenario, "healthy"],
        &["render", scenario],
        &["replay", RECORDED],
    ] {
        let words = [words, &["--budget", "events=300"]].concat();
        let (code, out, aside) = told(&words);
        assert_eq!(code, Some(3), "{words:?}: {out} {aside}");
        let all = format!("{out} {aside}");
        assert!(all.contains("The run ended at "), "{words:?}: {all}");
        assert!(
            all.contains("its budget is 300 events. Use an earlier end (until), fewer records"),
            "{words:?}: {all}"
        );
        assert!(all.contains("`--budget events=1200` allows more."), "{words:?}: {all}");
        assert!(!out.is_empty() && !out.contains("FAILS"), "{words:?}: {out}");
    }
}

#[test]
fn json_carries_where_and_why_a_run_ended() {
    let at = |words: &[&str], pointer: &str| {
        let output = ackscope(&[words, &["--json", "--budget", "events=300"]].concat());
        assert_eq!(output.status.code(), Some(3), "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("The run ended at"), "{words:?}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let stopped = json.pointer(pointer).unwrap_or_else(|| panic!("{words:?}: {pointer}")).clone();
        assert_eq!(
            (stopped["by"].as_str(), stopped["budget"].as_u64()),
            (Some("events"), Some(300)),
            "{words:?}"
        );
        assert!(
            stopped["at_ns"].as_u64().is_some_and(|at| at > 0) && stopped["said"].is_string(),
            "{words:?}"
        );
    };
    at(&["run", "acks-1-leader-crash"], "/stopped");
    at(&["check", "acks-1-leader-crash"], "/0/variants/0/stopped");
    at(&["why", "acks-1-leader-crash", "v0"], "/0/stopped");
    at(&["compare", "healthy", "acks-1-leader-crash"], "/1/stopped");
    at(&["replay", RECORDED], "/stopped");
    let output = ackscope(&["run", "healthy", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &json["stopped"]), (Some(0), &serde_json::Value::Null));
}

#[test]
fn a_larger_budget_takes_what_the_usual_one_refuses() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("many.toml");
    let text = "ackscope = 1\nid = 'many'\ntitle = 'Many'\nuntil = '60 s'\n[topic.t]\n[producer.p]\n[do]\n\
                x = { at = '0.5 s', load = 200001, rate = '1/s' }\n[expect]\n'some are sent' = { offered = '> 0' }\n";
    std::fs::write(&path, text).expect("a file");
    let many = path.to_str().expect("a path in UTF-8");
    let (code, _, aside) = told(&["check", many]);
    assert_eq!(code, Some(2));
    assert!(aside.contains("at most 200000, unless the budget is raised"), "{aside}");
    assert_eq!(told(&["check", many, "--budget", "records=200001"]).0, Some(0));
    assert_eq!(told(&["check", many, "--budget", "events=10,records=200001"]).0, Some(3));
    assert_eq!(told(&["check", many, "--budget", "events=10,records=200001", "--json"]).0, Some(3));
}
