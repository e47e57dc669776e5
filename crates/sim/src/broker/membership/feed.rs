//! How this broker learns of changes: the metadata log (KRaft) or the controller's pushes (ZooKeeper), applied one batch
//! at a time, in order, each broker with a delay of its own (broker.md §6.9).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broker::membership::controller_link::LinkName;
use crate::broker::replicas::replica::Replica;
use crate::broker::{Broker, BrokerTimer};
use crate::ids::{ConnectionId, HappeningId, MetadataOffset, Partition};
use crate::protocol::{Body, Envelope, MetadataRecord};
use crate::rng::Stream;
use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::Timer;

/// Before 4.1 the controller's answer itself comes late: with whatever is written next.
const FOLLOWED: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(10));

/// Records that have arrived and are not applied yet.
#[derive(Clone, Debug)]
struct Batch {
    envelope: Arc<Envelope>,
    next: MetadataOffset,
    /// Whoever is to lead stops following now, and leads when the epoch is written down.
    stops_fetching: Option<Time>,
    due: Time,
}

/// How long a batch takes from its arrival on.
struct Delay {
    until_applied: Duration,
    /// Where this broker is to lead.
    until_it_stops_fetching: Option<Duration>,
}

#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Where the next fetch begins.
    next: MetadataOffset,
    waiting: VecDeque<Batch>,
    /// ZooKeeper mode: the controller's newest connection.
    pushed_over: ConnectionId,
}

impl Broker {
    pub(in crate::broker) fn metadata_fetch(&self) -> Body {
        Body::MetadataFetchRequest { from: self.memory.feed.next }
    }

    pub(in crate::broker) fn on_metadata(
        &mut self,
        cx: &mut Context,
        next: MetadataOffset,
        envelope: &Arc<Envelope>,
    ) {
        let delay = self.metadata_delay(cx, records(envelope));
        let feed = &mut self.memory.feed;
        feed.next = next;
        let before = feed.waiting.back().map_or(Time::ZERO, |batch| batch.due);
        let due = (cx.now + delay.until_applied).max(before);
        let stops_fetching = delay.until_it_stops_fetching.map(|delay| (cx.now + delay).clamp(before, due));
        feed.waiting.push_back(Batch { envelope: Arc::clone(envelope), next, stops_fetching, due });
        if let Some(at) = stops_fetching {
            cx.set_timer_at(at, Timer::Broker(BrokerTimer::ApplyMetadata));
        }
        cx.set_timer_at(due, Timer::Broker(BrokerTimer::ApplyMetadata));
        self.link_wants(cx, LinkName::Feed);
    }

    /// From the records' arrival until they are applied. A new leader also writes its epoch down first, so that a
    /// follower is mostly the earlier one: 31 to 46 ms after the record's timestamp against 40 to 111. Not so where it is
    /// elected because it was let in itself: then two of three followers found it ready, 60 to 160 ms after the record.
    fn metadata_delay(&self, cx: &mut Context, records: &[MetadataRecord]) -> Delay {
        let (low, high) = (cx.spec.costs.metadata_apply_min, cx.spec.costs.metadata_apply_max);
        let (until_applied, until_it_stops_fetching) = if !self.memory.is_published {
            (Duration::ZERO, None) // still catching up
        } else if !cx.spec.tells_commits_at_once() {
            (cx.draw(Stream::Jitter, FOLLOWED.0, FOLLOWED.1), None)
        } else if records.iter().any(|record| self.makes_leader(record))
            && !records.iter().any(|record| self.lets_in(record))
        {
            let applied = cx.draw(Stream::Jitter, low * 2, high * 4 / 3);
            // What takes its time is the epoch's way to the disk: until then it is as quick as a follower.
            (applied, Some(applied / 5))
        } else if records.iter().any(|record| self.deposes(record)) {
            // Until then it answers as the leader: at 1,000 records/s and acks=1 a clean stop of 4.3.1 lost 30, 0, 0, 3, 11
            // and 4 of them in six takes. So it is mostly quick, and now and then not (broker.md §6.7).
            let longest = cx.draw(Stream::Jitter, low / 2, high);
            (cx.draw(Stream::Jitter, low / 2, longest), None)
        } else {
            (cx.draw(Stream::Jitter, low / 2, high / 4), None)
        };
        Delay { until_applied, until_it_stops_fetching }
    }

    fn lets_in(&self, record: &MetadataRecord) -> bool {
        matches!(record, MetadataRecord::BrokerRegistration { broker, fenced: false, .. } if *broker == self.id)
    }

    fn deposes(&self, record: &MetadataRecord) -> bool {
        let MetadataRecord::Partition { partition, state } = record else { return false };
        let leads = |replica: &Replica| replica.leading().is_some();
        state.leader != Some(self.id) && self.replica(*partition).is_some_and(leads)
    }

    fn makes_leader(&self, record: &MetadataRecord) -> bool {
        let MetadataRecord::Partition { partition, state } = record else { return false };
        let own_epoch = self.replica(*partition).and_then(|replica| replica.leader_epoch);
        state.leader == Some(self.id) && own_epoch != Some(state.leader_epoch)
    }

    pub(in crate::broker) fn apply_metadata(&mut self, cx: &mut Context) {
        self.stop_following(cx);
        while let Some(batch) = self.memory.feed.waiting.pop_front_if(|batch| batch.due <= cx.now) {
            cx.cause = Some(batch.envelope.sent);
            self.apply_records(cx, records(&batch.envelope));
            self.memory.image.next = batch.next;
        }
    }

    /// A new leader takes leave of the old one before it does anything else (ReplicaManager.applyLocalLeadersDelta): what
    /// the old one goes on to acknowledge with acks=1, it will never have.
    fn stop_following(&mut self, cx: &mut Context) {
        let Some(batch) = self.memory.feed.waiting.front_mut() else { return };
        if batch.stops_fetching.take_if(|at| *at <= cx.now).is_none() {
            return;
        }
        let envelope = Arc::clone(&batch.envelope);
        for record in records(&envelope) {
            if let MetadataRecord::Partition { partition, .. } = record
                && self.makes_leader(record)
            {
                self.stop_fetching(cx, *partition);
            }
        }
    }

    /// First what clients are told and epochs are judged by, right after it the roles.
    pub(in crate::broker) fn apply_records(&mut self, cx: &mut Context, records: &[MetadataRecord]) {
        let changed: Vec<Partition> =
            records.iter().filter_map(|record| self.memory.image.apply(record)).collect();
        if self.memory.is_published {
            for partition in changed {
                self.apply_partition(cx, partition);
            }
        }
    }

    /// ZooKeeper mode: what TCP brings late over an earlier connection was said by an earlier controller, or to an earlier
    /// registration of this broker. It counts no more (STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH).
    fn is_stale(&mut self, connection: ConnectionId) -> bool {
        let newest = &mut self.memory.feed.pushed_over;
        *newest = connection.max(*newest);
        connection < *newest
    }

    /// The controller says who leads what …
    pub(in crate::broker) fn leader_and_isr(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        records: &[MetadataRecord],
    ) {
        if self.is_stale(connection) {
            return;
        }
        for record in records {
            if let MetadataRecord::Partition { partition, state } = record {
                self.take_role(cx, *partition, state);
            } else {
                _ = self.memory.image.apply(record);
            }
        }
    }

    /// … and, in another request, what to tell clients.
    pub(in crate::broker) fn update_metadata(
        &mut self,
        connection: ConnectionId,
        records: &[MetadataRecord],
    ) {
        if self.is_stale(connection) {
            return;
        }
        for record in records {
            _ = self.memory.image.apply(record);
        }
    }

    pub(in crate::broker) fn apply_partition(&mut self, cx: &mut Context, partition: Partition) {
        if let Some(state) = self.memory.image.partition(partition).map(Arc::clone) {
            let cause: Option<HappeningId> = cx.cause;
            self.take_role(cx, partition, &state);
            cx.cause = cause;
        }
    }
}

fn records(envelope: &Envelope) -> &[MetadataRecord] {
    match &envelope.message.body {
        Body::MetadataFetchResponse { records, .. } => records,
        other => other.misplaced(),
    }
}
