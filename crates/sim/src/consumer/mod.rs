//! A consumer with assigned partitions, and the application that polls it without pause: what poll() would do next is
//! done as soon as something arrives or falls due (consumer-and-transactions.md §2).

mod answers;
mod links;
mod positions;
#[cfg(test)]
mod tests;
pub(crate) mod timer;

use std::sync::Arc;

use crate::config::{ConsumerConfig, OffsetReset};
use crate::error::Failure;
use crate::happening::{Disconnect, Fact, Reset};
use crate::ids::{BrokerId, Brokers, ClientId, ConnectionId, Offset, Partition, TopicId};
use crate::network::{Dialled, Read};
use crate::protocol::{Body, EpochQuestion, FetchPartition, FetchRequest, ListOffset, ListOffsetAt};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{ConsumerView, ProcessState};
use crate::world::context::Context;
use crate::world::queue::Timer;

use self::links::{Links, Question};
use self::positions::{FetchState, Position};
use self::timer::ConsumerTimer;

/// Kafka's fetch loop knows no pause after an empty answer or an unknown epoch; the pause here only saves events.
const BREATH: Duration = Duration::from_millis(10);

#[derive(Clone, Debug)]
struct Metadata {
    /// None: only the bootstrap addresses are known.
    brokers: Option<Brokers>,
    /// When the last answer came.
    refreshed: Time,
    /// Somebody needs news.
    wanted: bool,
    in_flight: bool,
    /// Not to be asked for again before.
    not_before: Time,
    /// Answers in a row that were none or brought nothing new.
    attempts: u32,
}

#[derive(Clone, Debug)]
pub struct Consumer {
    client: ClientId,
    running: bool,
    links: Links,
    metadata: Metadata,
    positions: Vec<Position>,
    delivered: u32,
    /// The earliest timer that is set.
    wakes_at: Time,
}

impl Consumer {
    pub fn new(spec: &Spec, client: ClientId) -> Consumer {
        let own = &spec.consumers[usize::from(client.0)];
        Consumer {
            client,
            running: false,
            links: Links::new(spec, &own.bootstrap),
            metadata: Metadata {
                brokers: None,
                refreshed: Time::ZERO,
                wanted: true,
                in_flight: false,
                not_before: Time::ZERO,
                attempts: 0,
            },
            positions: Vec::new(),
            delivered: 0,
            wakes_at: Time::NEVER,
        }
    }

    /// `new KafkaConsumer`, `assign()`, and the first `poll()`.
    pub fn start(&mut self, cx: &mut Context) {
        let delivered = self.delivered;
        *self = Consumer::new(&cx.spec, self.client);
        self.delivered = delivered;
        self.running = true;
        let spec = Arc::clone(&cx.spec);
        let own = &spec.consumers[usize::from(self.client.0)];
        let state = match reset_target(own.config.auto_offset_reset) {
            Some(at) => FetchState::AwaitReset { at, because: Reset::Initial },
            None => FetchState::Failed,
        };
        self.positions = own.partitions.iter().map(|&partition| Position::new(partition, state)).collect();
        if state == FetchState::Failed && !self.positions.is_empty() {
            let names: Vec<String> =
                own.partitions.iter().map(|&partition| spec.partition_name(partition)).collect();
            let message =
                format!("Undefined offset with no reset policy for partitions: [{}]", names.join(", "));
            self.fail(cx, Failure::new("NoOffsetForPartitionException", message));
        }
        self.poll(cx);
    }

    /// `close()`.
    pub fn stop(&mut self, cx: &mut Context) {
        self.running = false;
        self.links.close(cx);
        cx.exit();
    }

    pub fn kill(&mut self, _cx: &mut Context) {
        self.running = false;
    }

    pub fn seek(&mut self, cx: &mut Context, partition: Partition, offset: Offset) {
        let Some(position) = self.position(partition) else { return };
        let from = position.offset;
        position.seek(offset, None);
        cx.note(Fact::PositionReset { partition, from, to: offset, because: Reset::Seek });
        self.poll(cx);
    }

    pub fn on_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        if let Some(index) = self.links.over(connection) {
            let spec = Arc::clone(&cx.spec);
            self.links.dialled(cx, index, dialled, self.config(&spec));
            self.metadata.wanted |= dialled == Dialled::Refused;
        }
        self.poll(cx);
    }

    pub fn on_readable(&mut self, cx: &mut Context, _connection: ConnectionId) {
        self.poll(cx);
    }

    pub fn on_timer(&mut self, cx: &mut Context, ConsumerTimer: ConsumerTimer) {
        if cx.now >= self.wakes_at {
            self.wakes_at = Time::NEVER;
            self.poll(cx);
        }
    }

    pub fn view(&self, process: ProcessState) -> ConsumerView {
        ConsumerView {
            client: self.client,
            process,
            positions: self.positions.iter().map(|position| (position.partition, position.offset)).collect(),
            delivered: self.delivered,
        }
    }

    fn config<'a>(&self, spec: &'a Spec) -> &'a ConsumerConfig {
        &spec.consumers[usize::from(self.client.0)].config
    }

    fn position(&mut self, partition: Partition) -> Option<&mut Position> {
        self.positions.iter_mut().find(|position| position.partition == partition)
    }

    /// A poll() throws; so does every one after it, which is not written down again.
    fn fail(&mut self, cx: &mut Context, failure: Failure) {
        cx.note(Fact::ConsumerFailed { failure: Arc::new(failure) });
    }

    fn poll(&mut self, cx: &mut Context) {
        if !self.running {
            return;
        }
        let spec = Arc::clone(&cx.spec);
        let config = self.config(&spec);
        let outer = cx.cause;
        self.read_all(cx, config);
        while let Some(index) = self.links.timed_out(cx.now, config) {
            self.links.give_up(cx, index);
            self.disconnected(cx, index, config);
        }
        self.ask_for_metadata(cx, config);
        self.ask_for_offsets(cx, config);
        self.ask_for_validation(cx, config);
        self.fetch(cx, config);
        self.sleep(cx, config);
        cx.cause = outer;
    }

    fn read_all(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        for index in 0..self.links.links.len() {
            while let Some(connection) = self.links.links[index].connection {
                match cx.read(connection) {
                    Read::Message(envelope) => {
                        let answered = self.links.answered(index, envelope.message.correlation);
                        if let Some(request) = answered {
                            self.answered(cx, config, index, request, &envelope.message.body);
                        }
                    }
                    Read::Nothing => break,
                    Read::Closed => {
                        // A dial that is still under way has nothing to read either.
                        if self.links.links[index].state == links::LinkState::Connecting {
                            break;
                        }
                        cx.close(connection, Disconnect::ByPeer);
                        self.disconnected(cx, index, config);
                    }
                }
            }
        }
    }

    /// Whatever was in flight is retried; metadata may tell where.
    fn disconnected(&mut self, cx: &mut Context, index: usize, config: &ConsumerConfig) {
        let lost = self.links.lost(cx, index, config);
        self.metadata.wanted = true;
        for request in lost {
            match request.question {
                Question::Metadata => self.metadata_failed(cx, config),
                Question::ListOffsets(partitions) => {
                    let partitions = partitions.into_iter().map(|(partition, _)| partition);
                    self.retry_later(cx, config, partitions);
                }
                Question::Validation(partitions) => {
                    let partitions = partitions.into_iter().map(|(partition, _, _)| partition);
                    self.retry_later(cx, config, partitions);
                }
                Question::ApiVersions | Question::Fetch(_) => {}
            }
        }
    }

    fn retry_later(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        partitions: impl Iterator<Item = Partition>,
    ) {
        for partition in partitions {
            if let Some(position) = self.position(partition) {
                position.retry_at = cx.now + config.retry_backoff;
            }
        }
    }

    fn ask_for_metadata(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let metadata = &self.metadata;
        let is_old = cx.now >= metadata.refreshed + config.metadata_max_age;
        if metadata.in_flight || !(metadata.wanted || is_old) || cx.now < metadata.not_before {
            return;
        }
        if cx.spec.version.rebootstraps() && self.links.is_stranded(cx.now, self.metadata.brokers) {
            self.metadata.brokers = None;
        }
        let Some(index) = self.links.least_loaded(cx, self.metadata.brokers) else { return };
        if !self.links.is_ready(cx, index) {
            return;
        }
        self.metadata.in_flight = true;
        self.metadata.wanted = false;
        let mut topics: Vec<TopicId> =
            self.positions.iter().map(|position| cx.spec.topic_of(position.partition)).collect();
        topics.dedup();
        self.links.send(cx, index, Body::MetadataRequest { topics }, Question::Metadata);
    }

    fn metadata_failed(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let attempts = self.metadata.attempts;
        let wait = links::backoff(cx, config.retry_backoff, config.retry_backoff_max, attempts);
        self.metadata.in_flight = false;
        self.metadata.wanted = true;
        self.metadata.attempts += 1;
        self.metadata.not_before = cx.now + wait;
    }

    /// Who leads the partitions that `wanted` picks; the link to each such leader that can be written to now.
    fn by_leader(
        &mut self,
        cx: &mut Context,
        wanted: impl Fn(&Position) -> bool,
    ) -> Vec<(usize, Vec<usize>)> {
        let mut groups: Vec<(BrokerId, Vec<usize>)> = Vec::new();
        for (place, position) in self.positions.iter().enumerate() {
            if !wanted(position) || cx.now < position.retry_at {
                continue;
            }
            match position.leader {
                None => self.metadata.wanted = true,
                Some(leader) => match groups.iter_mut().find(|(broker, _)| *broker == leader) {
                    Some((_, places)) => places.push(place),
                    None => groups.push((leader, vec![place])),
                },
            }
        }
        let mut ready = Vec::with_capacity(groups.len());
        for (broker, places) in groups {
            let index = self.links.of_broker(broker);
            if self.links.is_ready(cx, index) {
                ready.push((index, places));
            }
        }
        ready
    }

    fn ask_for_offsets(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let with_epochs = cx.spec.version.fetch_is_fenced();
        let awaits = |position: &Position| matches!(position.state, FetchState::AwaitReset { .. });
        for (index, places) in self.by_leader(cx, awaits) {
            let mut asked = Vec::with_capacity(places.len());
            let mut partitions = Vec::with_capacity(places.len());
            for place in places {
                let position = &mut self.positions[place];
                let FetchState::AwaitReset { at, .. } = position.state else { continue };
                position.retry_at = cx.now + config.request_timeout;
                asked.push((position.partition, at));
                partitions.push(ListOffset {
                    partition: position.partition,
                    current_leader_epoch: with_epochs.then_some(position.leader_epoch),
                    at,
                    from_replica: false,
                });
            }
            self.links.send(cx, index, Body::ListOffsetsRequest { partitions }, Question::ListOffsets(asked));
        }
    }

    fn ask_for_validation(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        for (index, places) in self.by_leader(cx, |position| position.state == FetchState::AwaitValidation) {
            let mut asked = Vec::with_capacity(places.len());
            let mut partitions = Vec::with_capacity(places.len());
            for place in places {
                let position = &mut self.positions[place];
                let (Some(offset), Some(leader_epoch)) = (position.offset, position.offset_epoch) else {
                    continue;
                };
                position.retry_at = cx.now + config.request_timeout;
                asked.push((position.partition, offset, position.leader_epoch));
                partitions.push(EpochQuestion {
                    partition: position.partition,
                    current_leader_epoch: Some(position.leader_epoch),
                    leader_epoch,
                });
            }
            let body = Body::OffsetsForLeaderEpochRequest { partitions };
            self.links.send(cx, index, body, Question::Validation(asked));
        }
    }

    /// One fetch at a time from each leader, for everything that can be fetched there.
    fn fetch(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let with_epochs = cx.spec.version.fetch_is_fenced();
        for (index, places) in self.by_leader(cx, |position| position.state == FetchState::Fetching) {
            if self.links.links[index].has_fetch() {
                continue;
            }
            let mut asked = Vec::with_capacity(places.len());
            let mut partitions = Vec::with_capacity(places.len());
            for place in places {
                let position = &self.positions[place];
                let Some(offset) = position.offset else { continue };
                asked.push((position.partition, offset));
                partitions.push(FetchPartition {
                    partition: position.partition,
                    fetch_offset: offset,
                    current_leader_epoch: with_epochs.then_some(position.leader_epoch),
                    last_fetched_epoch: None,
                    log_start_offset: Offset(0),
                    max_bytes: config.max_partition_fetch_bytes,
                });
            }
            let request = FetchRequest {
                replica: None,
                isolation: config.isolation,
                max_wait: config.fetch_max_wait,
                min_bytes: config.fetch_min_bytes,
                max_bytes: config.fetch_max_bytes,
                partitions,
            };
            self.links.send(cx, index, Body::FetchRequest(request), Question::Fetch(asked));
        }
    }

    /// Until the next moment at which something falls due.
    fn sleep(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let metadata = &self.metadata;
        let refresh = metadata.refreshed + config.metadata_max_age;
        let metadata_at = match (metadata.in_flight, metadata.wanted) {
            (true, _) => Time::NEVER,
            (false, true) => metadata.not_before,
            (false, false) => refresh.max(metadata.not_before),
        };
        let retries = self.positions.iter().map(|position| position.retry_at);
        let links = self.links.next_deadline(cx.now, config);
        let later = retries.chain(links).chain([metadata_at]).filter(|&at| at > cx.now);
        let Some(at) = later.min() else { return };
        if at < self.wakes_at && at < Time::NEVER {
            self.wakes_at = at;
            cx.set_timer_at(at, Timer::Consumer(ConsumerTimer));
        }
    }
}

fn reset_target(policy: OffsetReset) -> Option<ListOffsetAt> {
    match policy {
        OffsetReset::Earliest => Some(ListOffsetAt::Earliest),
        OffsetReset::Latest => Some(ListOffsetAt::Latest),
        OffsetReset::None => None,
    }
}
