//! Files that are no recordings, or ask for more than can be played: refused, in words that say where, what and what else.

use ackscope_golden::replay;
use serde_json::{Value, json};

fn client(words: &[&str]) -> Value {
    json!({"t_ms": 100.0, "step": "client", "client": "c", "cmd": words})
}

/// A small recording that can be replayed: one topic, one producer, one record.
fn small() -> Value {
    json!({
        "id": "small", "kafka": "4.3.1",
        "inputs": {
            "brokers": 3,
            "clients": {"c": {"machine": "c", "bootstrap": [1, 2, 3]}},
            "steps": [
                {"t_ms": 0.0, "step": "start", "node": "kc"},
                {"t_ms": 1.0, "step": "start", "node": "1"},
                client(&["topic", "t", "1", ""]),
                client(&["P", "p", "acks=1"]),
                client(&["S", "p", "t", "0", "-", "v0"]),
            ],
        },
    })
}

fn with_step(step: Value) -> Value {
    let mut recording = small();
    recording["inputs"]["steps"].as_array_mut().expect("steps").push(step);
    recording
}

fn with(path: &str, value: Value) -> Value {
    let mut recording = small();
    *recording.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    recording
}

#[track_caller]
fn refused(recording: &Value, want: &str) {
    let said = replay(&recording.to_string()).expect_err(want).to_string();
    assert!(said.contains(want), "{want}: {said}");
    assert!(said.chars().count() < 600, "a long complaint: {said}");
}

#[test]
fn the_small_recording_can_be_replayed() {
    let take = replay(&small().to_string()).expect("a take");
    assert_eq!(take["steps"].as_array().map(Vec::len), Some(2));
    replay(&with("/inputs/clients/c/bootstrap", json!([1, 89])).to_string())
        .expect("nothing lives at 10.77.0.99");
}

#[test]
fn a_command_that_cannot_be_done_is_refused() {
    for (words, want) in [
        (&["topic", "u", "64", ""][..], "step 5 (client): replica: found 64; accepted: 1 to 3"),
        (&["topic", "u", "1,1", ""], "replicas: found \"1,1\"; accepted: different brokers"),
        (&["topic", "u", "", ""], "replica: found \"\"; accepted: a whole number"),
        (&["part", "0", "a"], "part: found 0; accepted: 1 to 10000"),
        (&["part", "4294967295", "a"], "part: found 4294967295; accepted: 1 to 10000"),
        (
            &["S", "p", "t", "0", "-"],
            "command: found \"S p t 0 -\"; accepted: S PRODUCER TOPIC PARTITION KEY VALUE",
        ),
        (&["S"], "accepted: S PRODUCER TOPIC PARTITION KEY VALUE"),
        (&["X"], "command: found \"X\"; accepted: topic, P, S, burst"),
        (&[], "command: found \"\"; accepted: topic, P, S"),
        (
            &["burst", "p", "t", "-", "b", "4294967295", "1", "12"],
            "records: found 4294967296; accepted: 0 to 1000000",
        ),
        (
            &["burst", "p", "t", "-", "b", "4294967296", "1", "12"],
            "burst: found \"4294967296\"; accepted: a whole number",
        ),
        (
            &["burst", "p", "t", "-", "b", "1", "1", "4294967295"],
            "size: found 4294967295; accepted: 0 to 1073741824",
        ),
        (&["burst", "p", "t", "-", "b", "1", "18446744073709551615", "12"], "accepted: 0 to 86400000000"),
        (
            &["S", "nobody", "t", "0", "-", "v"],
            "producer: found \"nobody\"; accepted: one that command P made above",
        ),
        (&["C", "k", "", "u:0"], "topic: found \"u\"; accepted: one that command topic made above"),
        (&["C", "k", "", "t:7"], "partition: found 7; accepted: below 1, as many as the topic has"),
        (&["P", "q", "bootstrap.servers=10.77.0.4294967295:9092"], "accepted: 10.77.0.11 for broker 1"),
        (
            &["alter", "t", "min.insync.replicas"],
            "setting: found \"min.insync.replicas\"; accepted: key=value",
        ),
        (&["txn", "x"], "transactions: not modelled yet"),
    ] {
        refused(&with_step(client(words)), want);
    }
}

#[test]
fn numbers_beyond_what_can_be_played_are_refused() {
    for (recording, want) in [
        (
            with("/inputs/brokers", json!(4_294_967_295_u32)),
            "inputs: brokers: found 4294967295; accepted: 1 to 9",
        ),
        (with("/inputs/brokers", json!(0)), "brokers: found 0; accepted: 1 to 9"),
        (with("/inputs/brokers", json!(-1)), "not a recorded run: invalid value: integer `-1`"),
        (
            with("/inputs/steps/0/t_ms", json!(1e18)),
            "step 0 (start): t_ms: found 1000000000000000000; accepted: -86400000 to 86400000",
        ),
        (with("/inputs/steps/1/node", json!("64")), "step 1 (start): node: found 64; accepted: 1 to 3"),
        (with("/inputs/steps/1/node", json!("")), "node: found \"\"; accepted: a whole number"),
        (
            with("/inputs/clients/c/bootstrap", json!(vec![1; 17])),
            "bootstrap: found 17; accepted: at most 16",
        ),
        (
            with_step(json!({"t_ms": 1.0, "step": "start", "node": "kc", "active_after_ms": 1e18})),
            "active_after_ms: found",
        ),
        (
            with_step(
                json!({"t_ms": 1.0, "step": "note", "after": {"delay_ms": 1e18, "client": "c", "event": "burst", "n": 1}}),
            ),
            "delay_ms: found 1000000000000000000",
        ),
        (
            with_step(
                json!({"t_ms": 1.0, "step": "note", "after": {"delay_ms": 1.0, "state": "t", "partitions": {"0": {"leader": 1, "isr": [64]}}}}),
            ),
            "isr: found 64; accepted: 1 to 3",
        ),
        (
            with_step(
                json!({"t_ms": 1.0, "step": "lose unflushed", "node": "1", "topic": "t", "keep": u64::MAX}),
            ),
            "keep: found 18446744073709551615; accepted: 0 to 1000000",
        ),
        (
            with_step(json!({"t_ms": 1.0, "step": "cut", "a": "1", "b": "1"})),
            "accepted: two different machines",
        ),
        (
            with_step(json!({"t_ms": 1.0, "step": "cut", "a": "1", "b": "x"})),
            "machine: found \"x\"; accepted: 1, 2, 3, c, kc",
        ),
        (
            with_step(json!({"t_ms": 1.0, "step": "explode"})),
            "step: found \"explode\"; accepted: client, start",
        ),
        (with_step(json!({"t_ms": 1.0, "step": "x".repeat(10_000)})), "accepted: client, start"),
        (with_step(client(&["x".repeat(10_000).as_str()])), "accepted: topic, P, S"),
        (with("/kafka", json!("0.9.0")), "kafka \"0.9.0\": expected a release"),
    ] {
        refused(&recording, want);
    }
    let wait = json!({"t_ms": 1.0, "step": "note"});
    refused(&with("/inputs/steps", json!(vec![wait; 2_001])), "steps: found 2001; accepted: at most 2000");
    let topic = client(&["topic", "u", &vec!["1"; 65].join(";"), ""]);
    refused(&with_step(topic), "partitions: found 65; accepted: at most 64");
    let many: Vec<Value> = (0..65).map(|number| client(&["P", &number.to_string(), ""])).collect();
    refused(&with("/inputs/steps", json!(many)), "producers and consumers: found 65; accepted: at most 64");
}

/// A step waits for the answer to a command that is cut short.
#[test]
fn a_short_command_before_a_step_that_waits_is_refused() {
    let mut recording = with_step(client(&["S", "p", "t", "0", "-"]));
    let waits = json!({"t_ms": 200.0, "step": "note", "after": {"delay_ms": 1.0, "client": "c", "answers": "v", "n": 1}});
    let steps = recording["inputs"]["steps"].as_array_mut().expect("steps");
    steps.push(client(&[]));
    steps.push(waits);
    refused(&recording, "accepted: S PRODUCER TOPIC PARTITION KEY VALUE");
}

#[test]
fn what_is_no_recording_is_refused() {
    for text in ["", "{}", "[]", "null", "{\"id\": 1}", "\u{0}", &"[".repeat(10_000)] {
        let said = replay(text).expect_err("no recording").to_string();
        assert!(said.starts_with("not a recorded run: "), "{said}");
    }
}
