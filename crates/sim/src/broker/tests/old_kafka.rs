//! What leaders and followers of old releases do otherwise.

use super::harness::{Cluster, broker, facts, proposals};
use crate::happening::Fact;
use crate::ids::{MachineId, Offset};
use crate::script::Action;
use crate::version::KafkaVersion;

/// Cut off from its leader while nothing is sent: its log ends where the leader's does. Up to 2.0 only time counts
/// (`getOutOfSyncReplicas` of 0.10.2.2, 1.1.1, 2.0.1); since KAFKA-7152 (2.1.1, 2.4.1) the end does too.
#[test]
fn an_idle_follower_that_is_cut_off_leaves_the_isr_up_to_2_0() {
    for version in [KafkaVersion::V0_10, KafkaVersion::V0_11, KafkaVersion::V1_1, KafkaVersion::V2_4] {
        let mut cluster = Cluster::new(version, 3);
        let cut = Action::Cut { a: MachineId(1), b: Some(MachineId(3)), one_way: false };
        cluster.send(1_000, "a").lasting(10_000, 25_000, cut);
        let shrinks = proposals(&cluster.run(), 1).contains(&vec![1, 2]);
        assert_eq!(shrinks, !version.keeps_in_sync_at_the_end(), "{version:?}");
    }
}

/// How long after the leader the followers of an idle partition learn that the one record is committed: with the next
/// fetch, half a second later, except in 2.4 and 2.5 (`DelayedFetch.tryComplete` case H of 2.4.1 and 2.5.1, absent in 2.3
/// and 2.6).
#[test]
fn a_rising_high_watermark_answers_followers_in_2_4_alone() {
    for (version, at_once) in [
        (KafkaVersion::V1_1, false),
        (KafkaVersion::V2_4, true),
        (KafkaVersion::V2_8, false),
        (KafkaVersion::V4_3, false),
    ] {
        let mut cluster = Cluster::new(version, 3);
        cluster.send(5_000, "a");
        let run = cluster.run();
        let moved = |id| {
            facts(&run, broker(id), |fact| match fact {
                Fact::HighWatermarkMoved { to: Offset(1), .. } => Some(()),
                _ => None,
            })[0]
                .0
        };
        let late = moved(2).max(moved(3)).since(moved(1)).as_millis();
        assert_eq!(late < 50, at_once, "{version:?}: {late} ms");
    }
}
