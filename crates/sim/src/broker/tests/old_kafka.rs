//! What leaders and followers of old releases do otherwise.

use super::harness::{Cluster, proposals};
use crate::ids::MachineId;
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
