//! What is said about it.

use ackscope_scene::narration::{Narrator, Step, verdict};
use ackscope_sim::ids::RecordId;

use crate::{fixture, story};

fn lines(tell: impl Fn(&Narrator<'_>) -> Vec<String>) -> Vec<String> {
    let told = fixture::told();
    let story = story(&told);
    tell(&Narrator::of(&told.spec, &told.happenings, &told.audit, &story))
}

fn line(step: &Step) -> String {
    let decides = if step.decides { " [decides it]" } else { "" };
    format!("{} {} {}{decides}", step.at, step.sentence.what, step.sentence.why).trim_end().replace("  ", " ")
}

#[track_caller]
fn check_life(record: u32, want: &[&str]) {
    assert_eq!(lines(|narrator| narrator.life(RecordId(record)).iter().map(line).collect()), want);
}

#[test]
fn a_lost_record_s_life_says_who_had_it_and_who_did_not() {
    check_life(
        7,
        &[
            "2.288 s w2 is acknowledged at offset 7 by broker 1 alone. With acks=1 the leader answers by itself; no follower is asked.",
            "2.372 s Broker 1 is killed. Its disk keeps w2.",
            "9.939 s Broker 2 is elected after 9 s of silence. Its log ends at 5: it does not have w2. [decides it]",
            "10.065 s x2 takes offset 7 in epoch 1.",
            "11.660 s Broker 1 truncates to 5. No copy of w2 is left.",
        ],
    );
}

#[test]
fn a_kept_record_s_life_ends_with_its_reader() {
    check_life(
        12,
        &[
            "10.059 s The application calls send(x2).",
            "10.065 s Broker 2 appends x2 at offset 7 in epoch 1.",
            "10.067 s x2 is acknowledged at offset 7 by broker 2 alone. With acks=1 the leader answers by itself; no follower is asked.",
            "10.070 s x2 is committed: high watermark 8. Every replica in the ISR has it; consumers may read it.",
            "10.072 s The consumer reads x2 at offset 7.",
        ],
    );
}

#[test]
fn the_line_for_a_moment_is_its_weightiest_happening() {
    let at = |millis| {
        lines(|narrator| {
            let (_, sentence) = narrator.present(fixture::ms(millis)).expect("something has happened");
            vec![sentence.what, sentence.why]
        })
    };
    assert_eq!(
        at(fixture::TRUNCATE + 0.4),
        [
            "Broker 1 truncates to offset 5.",
            "The last copies of w0–w4 are gone, 9.3 s after the producer was told they were stored.",
        ]
    );
    assert_eq!(at(2_375.0)[1], "Its disk keeps w0–w4, which no other broker has.");
}

#[test]
fn the_transcript_tells_what_matters_and_leaves_the_polls_out() {
    let rows = lines(|narrator| {
        narrator.transcript().map(|row| format!("{} {}: {}", row.at, row.node, row.text)).collect()
    });
    for row in [
        "0.240 s broker-1: High watermark on broker 1: 5. v0–v4 are committed: the whole ISR has them, consumers may read them.",
        "9.938 s controller: The controller fences broker 1. 9 s without a heartbeat.",
        "9.939 s controller: The controller elects broker 2 for orders-0, epoch 1. Broker 1 was fenced. The log of broker 2 ends at 5, that of broker 1 at 10.",
        "12.207 s controller: The ISR of orders-0 is [1, 2, 3]. In: [1], caught up.",
    ] {
        assert!(rows.iter().any(|told| told == row), "{row:?} is not in {rows:#?}");
    }
    assert!(!rows.iter().any(|row| row.contains("fetch")), "{rows:#?}");
}

#[test]
fn the_verdict_has_the_number_first() {
    assert_eq!(verdict(&fixture::told().audit).text(), "5 of 15 acknowledged records are lost");
}
