//! What a broker does with metadata, from the log (KRaft) or the controller's orders (ZooKeeper): first what clients are
//! told and epochs are judged by, right after it the roles.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::membership::feed;
use crate::broker::parked::Key;
use crate::broker::replicas::roles::Part;
use crate::ids::{ConnectionId, Partition};
use crate::protocol::{MetadataRecord, PartitionState};
use crate::world::context::Context;

impl Broker {
    pub(super) fn apply_metadata(&mut self, cx: &mut Context) {
        // A new leader takes leave of the old one before it does anything else (ReplicaManager.applyLocalLeadersDelta):
        // what the old one goes on to acknowledge with acks=1, it will never have.
        if let Some(envelope) = self.membership.feed.next_to_stop_for(cx.now) {
            for record in feed::records(&envelope) {
                if let MetadataRecord::Partition { partition, .. } = record
                    && self.replicas.is_elected_by(record)
                {
                    self.fetchers.stop(cx, *partition);
                }
            }
        }
        while let Some((envelope, next)) = self.membership.feed.next_due(cx.now) {
            cx.cause = Some(envelope.sent);
            self.apply_records(cx, feed::records(&envelope));
            self.membership.image.next = next;
        }
    }

    pub(super) fn apply_records(&mut self, cx: &mut Context, records: &[MetadataRecord]) {
        let image = &mut self.membership.image;
        let changed: Vec<Partition> = records.iter().filter_map(|record| image.apply(record)).collect();
        if self.membership.is_published {
            for partition in changed {
                self.apply_partition(cx, partition);
            }
        }
    }

    pub(super) fn apply_partition(&mut self, cx: &mut Context, partition: Partition) {
        if let Some(state) = self.membership.image.partition(partition).map(Arc::clone) {
            let cause = cx.cause;
            self.take_role(cx, partition, &state);
            cx.cause = cause;
        }
    }

    /// ZooKeeper mode: the controller says who leads what.
    pub(super) fn leader_and_isr(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        records: &[MetadataRecord],
    ) {
        if self.membership.feed.is_stale(connection) {
            return;
        }
        for record in records {
            if let MetadataRecord::Partition { partition, state } = record {
                self.take_role(cx, *partition, state);
            } else {
                _ = self.membership.image.apply(record);
            }
        }
    }

    fn take_role(&mut self, cx: &mut Context, partition: Partition, state: &PartitionState) {
        match self.replicas.take_over(&cx.spec, partition, state) {
            None => {}
            Some(Part::Leader { is_new_epoch }) => {
                let (image, fetchers) = (&self.membership.image, &mut self.fetchers);
                let moved = self.replicas.become_leader(cx, image, fetchers, partition, state, is_new_epoch);
                if let Some(moved) = moved {
                    self.high_watermark_moved(cx, partition, moved);
                }
                // Fetches of another epoch are fenced, and an older follower may have joined or left the assignment.
                self.wake(cx, Key::Fetch(partition));
            }
            Some(Part::Follower { is_new_epoch }) => {
                self.replicas.become_follower(cx, partition, state, is_new_epoch);
                // acks=all appends that waited here are NOT_LEADER_OR_FOLLOWER now, parked fetches that or
                // FENCED_LEADER_EPOCH.
                self.wake(cx, Key::HighWatermark(partition));
                self.wake(cx, Key::Fetch(partition));
                let (replicas, membership) = (&mut self.replicas, &self.membership);
                self.fetchers.follow(cx, replicas, membership, partition, state, is_new_epoch);
            }
        }
    }
}
