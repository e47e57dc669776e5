//! Parts of the controller without a controller.

use std::sync::Arc;

use crate::controller::cluster::Cluster;
use crate::controller::metadata::Metadata;
use crate::controller::partition_change::Election;
use crate::controller::partitions::Partitions;
use crate::controller::registration::BrokerState;
use crate::controller::sessions::Sessions;
use crate::error::ErrorCode;
use crate::happening::ChangeReason;
use crate::ids::{BrokerEpoch, MetadataOffset, Partition, TopicId};
use crate::protocol::{Heartbeat, Registration};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::world::context::Context;

use super::bench::{id, set, spec};

/// Brokers 1 and 2 have registered at time zero; nobody has unfenced them.
fn registered(version: KafkaVersion) -> (Context, Cluster, Metadata) {
    let mut cx = Context::new(Arc::new(spec(version, 1..=2, &[&[1, 2]])));
    let (mut cluster, mut metadata) = (Cluster::default(), Metadata::default());
    for broker in [1, 2] {
        register(&mut cx, &mut cluster, &mut metadata, broker, 1).expect("a first registration");
    }
    (cx, cluster, metadata)
}

fn register(
    cx: &mut Context,
    cluster: &mut Cluster,
    metadata: &mut Metadata,
    broker: u32,
    incarnation: u32,
) -> Result<BrokerEpoch, ErrorCode> {
    let request = Registration {
        broker: id(broker),
        incarnation,
        previous_broker_epoch: None,
        directory: 0,
        prescribed_epoch: None,
    };
    cluster.register(cx, metadata, &request).map(|accepted| accepted.broker_epoch)
}

#[test]
fn the_cluster_writes_each_registration_down_and_takes_its_epoch_from_the_log() {
    let (mut cx, mut cluster, mut metadata) = registered(KafkaVersion::V4_3);
    assert_eq!(metadata.end(), MetadataOffset(2));
    assert_eq!(cluster.get(id(2)).map(|broker| broker.broker_epoch), Some(BrokerEpoch(1)));
    let refused = register(&mut cx, &mut cluster, &mut metadata, 2, 2);
    assert_eq!(refused, Err(ErrorCode::DuplicateBrokerRegistration), "the session lasts");
    assert!(!cluster.is_active(id(1)), "it starts fenced");
    assert!(cluster.unfence(&mut cx, &mut metadata, id(1)));
    assert!(!cluster.unfence(&mut cx, &mut metadata, id(1)), "it is unfenced already");
    assert_eq!(metadata.end(), MetadataOffset(3));
}

#[test]
fn a_heartbeat_makes_of_a_broker_what_it_asks_for_and_what_it_leads() {
    let (mut cx, mut cluster, mut metadata) = registered(KafkaVersion::V4_3);
    cluster.unfence(&mut cx, &mut metadata, id(1));
    let heartbeat = |want_shut_down, want_fence| Heartbeat {
        broker: id(1),
        broker_epoch: BrokerEpoch(0),
        current_metadata_offset: metadata.end(),
        want_fence,
        want_shut_down,
        log_dir_failed: false,
    };
    // (wants to shut down, wants to be fenced, leads anything)
    let table = [
        (false, false, true, BrokerState::Unfenced),
        (false, true, true, BrokerState::Fenced),
        (true, false, true, BrokerState::ControlledShutdown),
        (true, false, false, BrokerState::ShutdownNow),
    ];
    for (shut_down, fence, leads, next) in table {
        assert_eq!(cluster.next_state(&heartbeat(shut_down, fence), true, leads), next);
    }
}

#[test]
fn sessions_are_looked_at_on_a_grid_or_when_the_first_one_ends() {
    let table = [(KafkaVersion::V4_3, 9_000 / 8), (KafkaVersion::V3_9, 7_000)];
    for (version, next) in table {
        let (mut cx, mut cluster, mut metadata) = registered(version);
        cluster.unfence(&mut cx, &mut metadata, id(1));
        cx.now = Time::from_millis(2_000);
        let found = Sessions::default().next_check(&cx, &cluster);
        assert_eq!(found, Duration::from_millis(next), "{version:?}");
    }
}

#[test]
fn partitions_follow_from_the_cluster_they_are_handed() {
    let (mut cx, mut cluster, mut metadata) = registered(KafkaVersion::V4_3);
    let mut partitions = Partitions::new(&cx.spec);
    for broker in [1, 2] {
        cluster.unfence(&mut cx, &mut metadata, id(broker));
    }
    partitions.create(&mut cx, &cluster, &mut metadata, TopicId(0));
    assert!(partitions.any_led_by(id(1)));
    cluster.fence(&mut cx, &mut metadata, id(1));
    partitions.take_out_of_isrs(&mut cx, &cluster, &mut metadata, id(1), ChangeReason::Fenced(id(1)));
    let state = partitions.get(Partition(0)).expect("created");
    assert_eq!((state.leader, state.isr), (Some(id(2)), set(&[2])));
    let (partition, because) = (Partition(0), ChangeReason::PreferredElection);
    let moved = partitions.elect(&mut cx, &cluster, &mut metadata, partition, Election::Preferred, because);
    assert!(!moved, "1 is fenced");
}
