//! What the client knows of the cluster, and when it asks again (producer.md §4.8, §2.2, §2.3; ProducerMetadata).

use super::ClientConfig;
use super::backoff::ExponentialBackoff;
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerId, Brokers, LeaderEpoch, Partition, TopicId};
use crate::protocol::{ClusterMetadata, CurrentLeader, PartitionMetadata};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::context::Context;

#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    topics: Vec<Topic>,
    leaders: Vec<Leader>,
    brokers: Brokers,
    /// Nothing but the addresses of `bootstrap.servers` is known.
    pub is_bootstrap: bool,
    /// Counts responses: who waits for metadata waits for a higher one.
    pub update_version: u32,
    /// Counts new topics: a response to an older request does not cover them.
    request_version: u32,
    last_refresh: Option<Time>,
    last_successful_refresh: Option<Time>,
    failed_attempts: u32,
    /// Responses in a row that brought no newer leader epoch.
    equivalent_responses: u32,
    needs_full_update: bool,
    needs_partial_update: bool,
    /// Drawn once for each change of the counters above.
    failure_backoff: Duration,
    equivalence_backoff: Duration,
    refresh_backoff: ExponentialBackoff,
    max_age: Duration,
    in_progress: Option<InProgress>,
    has_epochs: bool,
}

/// The request that is under way.
#[derive(Clone, Copy, Debug)]
struct InProgress {
    request_version: u32,
    is_partial: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Topic {
    /// In use until then (`metadata.max.idle.ms`); None: not asked for.
    expires: Option<Time>,
    is_new: bool,
    is_known: bool,
    error: Option<ErrorCode>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Leader {
    leader: Option<BrokerId>,
    /// The newest ever seen; an older answer does not count.
    epoch: Option<LeaderEpoch>,
}

/// `metadata.max.idle.ms`; before 2.5 a constant of the same size.
const MAX_IDLE: Duration = Duration::from_secs(300);

impl Metadata {
    /// Nothing is asked for yet.
    pub fn new(spec: &Spec, config: &ClientConfig) -> Metadata {
        Metadata {
            topics: vec![Topic::default(); spec.topics.len()],
            leaders: vec![Leader::default(); spec.partitions.len()],
            brokers: Brokers::NONE,
            is_bootstrap: true,
            update_version: 1,
            request_version: 0,
            last_refresh: None,
            last_successful_refresh: None,
            failed_attempts: 0,
            equivalent_responses: 0,
            needs_full_update: false,
            needs_partial_update: false,
            failure_backoff: Duration::ZERO,
            equivalence_backoff: Duration::ZERO,
            refresh_backoff: config.retry,
            max_age: config.metadata_max_age,
            in_progress: None,
            has_epochs: spec.version.metadata_has_leader_epochs(),
        }
    }

    pub fn brokers(&self) -> Brokers {
        self.brokers
    }

    /// The partition's leader, if it is known and alive as far as is known.
    pub fn leader(&self, partition: Partition) -> Option<BrokerId> {
        self.leaders[usize::from(partition.0)].leader.filter(|&leader| self.brokers.contains(leader))
    }

    pub fn leader_epoch(&self, partition: Partition) -> Option<LeaderEpoch> {
        self.leaders[usize::from(partition.0)].epoch
    }

    /// The topic's partitions are known, with or without leaders.
    pub fn knows(&self, topic: TopicId) -> bool {
        self.topics[usize::from(topic.0)].is_known
    }

    pub fn topic_error(&self, topic: TopicId) -> Option<ErrorCode> {
        self.topics[usize::from(topic.0)].error
    }

    /// Since the last full refresh.
    pub fn age(&self, now: Time) -> Duration {
        self.last_successful_refresh.map_or(Duration::ZERO, |at| now.since(at))
    }

    /// The topic is in use: each `send()` says so.
    pub fn add(&mut self, topic: TopicId, now: Time) {
        self.use_until(topic, now + MAX_IDLE);
    }

    /// A consumer reads the topic: it stays in use.
    pub fn subscribe(&mut self, topic: TopicId) {
        self.use_until(topic, Time::NEVER);
    }

    fn use_until(&mut self, topic: TopicId, expires: Time) {
        let entry = &mut self.topics[usize::from(topic.0)];
        if entry.expires.replace(expires).is_none() {
            entry.is_new = true;
            self.request_update_for_new_topics();
        }
    }

    pub fn request_update_for(&mut self, topic: TopicId) {
        if self.topics[usize::from(topic.0)].is_new {
            self.request_update_for_new_topics();
        } else {
            self.request_update();
        }
    }

    pub fn request_update(&mut self) {
        self.needs_full_update = true;
    }

    /// At once, whatever was asked before.
    fn request_update_for_new_topics(&mut self) {
        self.last_refresh = None;
        self.needs_partial_update = true;
        self.equivalent_responses = 0;
        self.equivalence_backoff = Duration::ZERO;
        self.request_version += 1;
    }

    /// How long until a request is due and allowed.
    pub fn time_to_next_update(&self, now: Time) -> Duration {
        let until = |at: Option<Time>, span: Duration| at.map_or(Duration::ZERO, |at| (at + span).since(now));
        let to_expire = until(self.last_successful_refresh, self.max_age);
        let equivalence = if to_expire.is_zero() { Duration::ZERO } else { self.equivalence_backoff };
        let allowed = until(self.last_refresh, self.failure_backoff.max(equivalence));
        let requested = self.needs_full_update || self.needs_partial_update;
        // A producer that has not been asked for anything does not connect (before 2.4).
        let wanted = match self.last_successful_refresh {
            _ if requested => Duration::ZERO,
            None => Duration::MAX,
            Some(_) => to_expire,
        };
        wanted.max(allowed)
    }

    pub fn is_fetching(&self) -> bool {
        self.in_progress.is_some()
    }

    /// A request ought to leave before anything else does.
    pub fn is_update_due(&self, now: Time) -> bool {
        !self.is_fetching() && self.time_to_next_update(now).is_zero()
    }

    /// The topics to ask for; the request is under way from here on.
    pub fn begin_request(&mut self, now: Time) -> Vec<TopicId> {
        let expired = self.last_successful_refresh.is_none_or(|at| now.since(at) >= self.max_age);
        let is_partial = !self.needs_full_update && !expired;
        self.in_progress = Some(InProgress { request_version: self.request_version, is_partial });
        let asked = |topic: &Topic| if is_partial { topic.is_new } else { topic.expires.is_some() };
        (0..).zip(&self.topics).filter(|(_, topic)| asked(topic)).map(|(id, _)| TopicId(id)).collect()
    }

    pub fn failed_update(&mut self, cx: &mut Context, now: Time) {
        self.in_progress = None;
        self.last_refresh = Some(now);
        self.failed_attempts += 1;
        self.failure_backoff = self.refresh_backoff.draw(cx, self.failed_attempts - 1);
    }

    pub fn update(&mut self, cx: &mut Context, response: &ClusterMetadata, now: Time) {
        let Some(request) = self.in_progress.take() else { return };
        // A broker that has just started knows of nobody.
        if response.brokers.is_empty() {
            self.failed_update(cx, now);
            return;
        }
        self.needs_partial_update = request.request_version < self.request_version;
        self.last_refresh = Some(now);
        self.failed_attempts = 0;
        self.update_version += 1;
        if !request.is_partial {
            self.needs_full_update = false;
            self.last_successful_refresh = Some(now);
        }
        self.equivalent_responses += 1;
        self.is_bootstrap = false;
        self.brokers = response.brokers;
        self.learn_topics(cx, response, request.is_partial, now);
        self.failure_backoff = self.refresh_backoff.draw(cx, 0);
        self.equivalence_backoff = match self.equivalent_responses {
            0 => Duration::ZERO,
            count => self.refresh_backoff.draw(cx, count - 1),
        };
    }

    fn learn_topics(&mut self, cx: &mut Context, response: &ClusterMetadata, is_partial: bool, now: Time) {
        for topic in &mut self.topics {
            topic.error = None;
            // Unused for too long: no longer asked for.
            if !topic.is_new && topic.expires.is_some_and(|expires| expires <= now) {
                topic.expires = None;
            }
            if !is_partial || topic.expires.is_none() {
                topic.is_known = false;
            }
        }
        for found in &response.partitions {
            let topic = &mut self.topics[usize::from(cx.spec.topic_of(found.partition).0)];
            topic.is_new = false;
            topic.is_known = topic.expires.is_some();
            if topic.is_known {
                self.learn_leader(cx, found);
            }
        }
        for &(topic, error) in &response.topic_errors {
            let topic = &mut self.topics[usize::from(topic.0)];
            topic.is_new = false;
            topic.is_known = false;
            topic.error = Some(error);
            self.needs_full_update |= error.is_invalid_metadata();
        }
    }

    fn learn_leader(&mut self, cx: &mut Context, found: &PartitionMetadata) {
        let known = &mut self.leaders[usize::from(found.partition.0)];
        let epoch = self.has_epochs.then_some(found.leader_epoch);
        if epoch.is_none() || known.epoch < epoch {
            self.equivalent_responses = 0;
        }
        if found.leader.is_none() {
            self.needs_full_update = true; // LEADER_NOT_AVAILABLE
        }
        if known.epoch <= epoch || epoch.is_none() {
            let learnt = Leader { leader: found.leader, epoch };
            self.replace_leader(cx, found.partition, learnt, found.leader_epoch);
        }
    }

    fn replace_leader(&mut self, cx: &mut Context, partition: Partition, learnt: Leader, epoch: LeaderEpoch) {
        let known = &mut self.leaders[usize::from(partition.0)];
        if (known.leader, known.epoch) != (learnt.leader, learnt.epoch) {
            cx.note(Fact::LeaderLearnt { partition, leader: learnt.leader, leader_epoch: epoch });
        }
        *known = learnt;
    }

    /// A refusal named the new leader (KIP-951): taken over where it is newer and the broker is known.
    pub fn learn_from_refusal(&mut self, cx: &mut Context, partition: Partition, told: CurrentLeader) {
        let known = self.leaders[usize::from(partition.0)];
        let is_newer = known.epoch.is_some_and(|epoch| epoch < told.leader_epoch);
        if is_newer && self.knows(cx.spec.topic_of(partition)) {
            // The refusal carries the endpoint, so a broker new to the client is no obstacle.
            self.brokers = self.brokers.with(told.leader);
            let learnt = Leader { leader: Some(told.leader), epoch: Some(told.leader_epoch) };
            self.replace_leader(cx, partition, learnt, told.leader_epoch);
        }
    }

    /// Back to the configured addresses: no broker that was known can be reached (KIP-899).
    pub fn rebootstrap(&mut self) {
        self.needs_full_update = true;
        self.update_version += 1;
        self.is_bootstrap = true;
        self.brokers = Brokers::NONE;
        for topic in &mut self.topics {
            topic.is_known = false;
        }
        for leader in &mut self.leaders {
            leader.leader = None;
        }
    }
}
