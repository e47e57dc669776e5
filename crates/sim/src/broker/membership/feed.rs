//! How this broker learns of changes: the metadata log (KRaft) or the controller's pushes (ZooKeeper), applied one batch
//! at a time, in order, each broker with a delay of its own (broker.md §6.9).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broker::membership::Membership;
use crate::broker::replicas::Replicas;
use crate::broker::timer::BrokerTimer;
use crate::broker::timer::LinkName;
use crate::ids::{ConnectionId, MetadataOffset};
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

impl Feed {
    pub fn request(&self) -> Body {
        Body::MetadataFetchRequest { from: self.next }
    }

    /// Where the next batch makes this broker a leader, and it is time to stop following: that batch.
    pub fn next_to_stop_for(&mut self, now: Time) -> Option<Arc<Envelope>> {
        let batch = self.waiting.front_mut()?;
        batch.stops_fetching.take_if(|at| *at <= now)?;
        Some(Arc::clone(&batch.envelope))
    }

    /// The next batch to apply, and what the image has then.
    pub fn next_due(&mut self, now: Time) -> Option<(Arc<Envelope>, MetadataOffset)> {
        let batch = self.waiting.pop_front_if(|batch| batch.due <= now)?;
        Some((batch.envelope, batch.next))
    }

    /// ZooKeeper mode: what TCP brings late over an earlier connection was said by an earlier controller, or to an earlier
    /// registration of this broker. It counts no more (STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH).
    pub fn is_stale(&mut self, connection: ConnectionId) -> bool {
        let newest = &mut self.pushed_over;
        *newest = connection.max(*newest);
        connection < *newest
    }
}

impl Membership {
    pub fn on_metadata(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        next: MetadataOffset,
        envelope: &Arc<Envelope>,
    ) {
        let delay = self.metadata_delay(cx, replicas, records(envelope));
        let feed = &mut self.feed;
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
    fn metadata_delay(&self, cx: &mut Context, replicas: &Replicas, records: &[MetadataRecord]) -> Delay {
        let (low, high) = (cx.spec.costs.metadata_apply_min, cx.spec.costs.metadata_apply_max);
        let lets_in = |record: &MetadataRecord| matches!(record, MetadataRecord::BrokerRegistration { broker, fenced: false, .. } if *broker == self.id);
        let (until_applied, until_it_stops_fetching) = if !self.is_published {
            (Duration::ZERO, None) // still catching up
        } else if !cx.spec.tells_commits_at_once() {
            (cx.draw(Stream::Jitter, FOLLOWED.0, FOLLOWED.1), None)
        } else if records.iter().any(|record| replicas.is_elected_by(record)) && !records.iter().any(lets_in)
        {
            let applied = cx.draw(Stream::Jitter, low * 2, high * 4 / 3);
            // What takes its time is the epoch's way to the disk: until then it is as quick as a follower.
            (applied, Some(applied / 5))
        } else if records.iter().any(|record| replicas.is_deposed_by(record)) {
            // Until then it answers as the leader: at 1,000 records/s and acks=1 a clean stop of 4.3.1 lost 30, 0, 0, 3, 11
            // and 4 of them in six takes. So it is mostly quick, and now and then not (broker.md §6.7).
            let longest = cx.draw(Stream::Jitter, low / 2, high);
            (cx.draw(Stream::Jitter, low / 2, longest), None)
        } else {
            (cx.draw(Stream::Jitter, low / 2, high / 4), None)
        };
        Delay { until_applied, until_it_stops_fetching }
    }

    /// ZooKeeper mode: what to tell clients. Who leads what comes in another request.
    pub fn update_metadata(&mut self, connection: ConnectionId, records: &[MetadataRecord]) {
        if self.feed.is_stale(connection) {
            return;
        }
        for record in records {
            _ = self.image.apply(record);
        }
    }
}

pub fn records(envelope: &Envelope) -> &[MetadataRecord] {
    let Body::MetadataFetchResponse { records, .. } = &envelope.message.body else {
        envelope.message.body.misplaced()
    };
    records
}
