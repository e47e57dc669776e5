//! The worked timelines of producer.md §12: round trip 2 ms, no jitter, no processing time.

use super::harness::{Harness, Setup, ms};
use crate::happening::Fact;
use crate::version::KafkaVersion;

fn lingering(linger: u64) -> Harness {
    let mut setup = Setup::of(KafkaVersion::V4_3);
    setup.config.linger = ms(linger);
    setup.build().connected()
}

/// producer.md §12.1.
#[test]
fn a_record_waits_for_linger_and_a_round_trip() {
    for (linger, sent, acked) in [(5, "6: p0[a] 0@0", "7: ack a 0"), (0, "1: p0[a] 0@0", "2: ack a 0")] {
        let mut harness = lingering(linger);
        harness.auto_answer = true;
        harness.send("a");
        harness.to(20);
        assert_eq!(harness.arrived, [sent]);
        assert_eq!(harness.heard(), [acked]);
    }
    let mut harness = lingering(5);
    harness.auto_answer = true;
    harness.send("a");
    harness.to(3);
    harness.send("b");
    harness.to(20);
    assert_eq!(harness.arrived, ["6: p0[a b] 0@0"]);
}

/// producer.md §12.2: bootstrap connect, ApiVersions, Metadata; the leader's own connect and ApiVersions; then Produce.
#[test]
fn the_first_record_of_a_cold_producer_needs_six_or_seven_round_trips() {
    let mut harness = Setup::of(KafkaVersion::V4_3).build();
    harness.auto_answer = true;
    harness.cx.begin(harness.cx.now);
    harness.start();
    harness.send("a");
    harness.pass(ms(100));
    let heard = harness.heard();
    let at: u64 = heard[0].split(':').next().and_then(|at| at.parse().ok()).expect("a time");
    assert!((12..=14).contains(&at), "{heard:?}");
    assert_eq!(harness.count(|fact| matches!(fact, Fact::SendBlocked { .. })), 1);
    // ApiVersions twice, Metadata, InitProducerId, then Produce.
    assert!((5.0..=6.0).contains(&harness.metric("request-total")), "{}", harness.metric("request-total"));
}
