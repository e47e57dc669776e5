//! The program from the outside: what it prints, and how it exits.

use std::process::{Command, Output};

fn ackscope(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ackscope")).args(words).output().expect("the program runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn json(words: &[&str]) -> serde_json::Value {
    let output = ackscope(words);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

#[test]
fn lists_what_there_is() {
    let list = json(&["list", "--json"]);
    let ids: Vec<&str> = list.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"healthy") && ids.contains(&"acks-1-leader-crash"));
    assert!(out(&ackscope(&["list"])).contains("Acknowledgement and loss"));
}

#[test]
fn a_run_is_the_same_twice_and_complete() {
    let (one, two) =
        (json(&["run", "acks-1-leader-crash", "--json"]), json(&["run", "acks-1-leader-crash", "--json"]));
    assert_eq!(one, two);
    assert_eq!(one["trace_hash"].as_str().unwrap().len(), 16);
    assert_eq!(one["audit"]["totals"]["acked_lost"], 5);
    assert_eq!(one["audit"]["records"][7]["fate"], "acked-but-lost");
    assert_eq!(one["truncations"][0]["to"], 5);
    assert_eq!(one["elections"][0]["leader"], 2);
    assert!(one["metrics"]["producer-p"]["record-send-total"].is_number());
    assert!(one["expect"].as_array().unwrap().iter().all(|said| said["holds"] == true));
    assert!(one.get("happenings").is_none());
    let full = json(&["run", "healthy", "--json", "--happenings"]);
    assert!(full["happenings"].as_array().unwrap().len() > 100);
}

#[test]
fn the_story_fits_80_columns() {
    for words in [
        &["run", "acks-1-leader-crash"][..],
        &["why", "acks-1-leader-crash", "w2"],
        &["list"],
        &["check", "healthy"],
    ] {
        let story = out(&ackscope(words));
        let widest = story.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80, "{words:?}: {widest}");
    }
}

#[test]
fn why_ends_with_what_was_done() {
    let why = json(&["why", "acks-1-leader-crash", "w2", "--json"]);
    assert_eq!(why[0]["fate"], "acked-but-lost");
    let causes = why[0]["causes"].as_array().unwrap();
    assert!(causes.last().unwrap()["text"].as_str().unwrap().contains("Broker 1 is killed (kill -9)."));
}

#[test]
fn the_exit_code_says_whether_it_holds() {
    assert_eq!(ackscope(&["check", "healthy", "crash-before-ack"]).status.code(), Some(0));
    // With acks=all nothing is lost: the document's expectations do not hold any more.
    let changed = ["run", "acks-1-leader-crash", "--set", "producer.p.config.acks=all"];
    assert_eq!(ackscope(&changed).status.code(), Some(1));
    assert_eq!(ackscope(&["run", "helthy"]).status.code(), Some(2));
}

#[test]
fn mistakes_name_what_was_found_and_what_is_accepted() {
    let said = |words: &[&str]| String::from_utf8(ackscope(words).stderr).unwrap();
    assert!(said(&["chek"]).contains("\"chek\"; accepted: list, run"));
    assert!(said(&["run", "healthy", "--set", "producer.p.config.ackz=1"]).contains("did you mean acks?"));
    assert!(said(&["run", "healthy", "--variant", "x"]).contains("has no variant \"x\""));
    assert!(said(&["why", "healthy", "w9"]).contains("no record \"w9\""));
    assert!(ackscope(&["chek"]).stdout.is_empty());
}

#[test]
fn a_link_opens_what_it_was_made_of() {
    assert_eq!(out(&ackscope(&["link", "healthy", "--seed", "3"])).trim(), "#healthy?seed=3");
    let fragment = json(&["link", "healthy", "--json"]);
    assert_eq!(fragment["fragment"], "#healthy");
}
