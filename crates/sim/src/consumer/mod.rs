//! A consumer with assigned partitions, and the application that polls it without pause: what poll() would do next is
//! done as soon as something arrives or falls due (consumer-and-transactions.md §2).

mod answers;
mod positions;
#[cfg(test)]
mod tests;
pub(crate) mod timer;

use std::sync::Arc;

use crate::client::{
    self, ClientConfig, Completion, ExponentialBackoff, Metadata, MetadataStep, NetworkClient, NodeIndex,
    clock,
};
use crate::config::{ConsumerConfig, OffsetReset};
use crate::error::Failure;
use crate::happening::{Disconnect, Fact, Reset};
use crate::ids::{BrokerId, ClientId, ConnectionId, LeaderEpoch, Offset, Partition};
use crate::network::Dialled;
use crate::protocol::{Body, EpochQuestion, FetchPartition, FetchRequest, ListOffset, ListOffsetAt};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{ConsumerView, ProcessState};
use crate::world::context::Context;
use crate::world::queue::Timer;

use self::positions::{FetchState, Position};
use self::timer::ConsumerTimer;

/// Kafka's fetch loop knows no pause after an empty answer or an unknown epoch; the pause here only saves events.
const BREATH: Duration = Duration::from_millis(10);

/// `CONSUMER_MAX_INFLIGHT_REQUESTS_PER_CONNECTION`: not a setting.
const MAX_IN_FLIGHT: usize = 100;

/// What was asked, and about which partitions as they stood then.
#[derive(Clone, Debug)]
enum Request {
    Fetch(Vec<(Partition, Offset)>),
    ListOffsets(Vec<(Partition, ListOffsetAt)>),
    Validation(Vec<(Partition, Offset, LeaderEpoch)>),
}

#[derive(Clone, Debug)]
pub struct Consumer {
    client: ClientId,
    running: bool,
    network: NetworkClient<Request>,
    metadata: Metadata,
    positions: Vec<Position>,
    delivered: u32,
    /// Requests that have ended and are being dealt with; empty between polls, kept for its memory.
    ended: Vec<Completion<Request>>,
    /// The earliest timer that is set.
    wakes_at: Time,
}

impl Consumer {
    pub fn new(spec: &Spec, client: ClientId) -> Consumer {
        let own = &spec.consumers[usize::from(client.0)];
        let client_config = client_config(&own.config);
        Consumer {
            client,
            running: false,
            network: NetworkClient::new(spec, &own.bootstrap, &client_config),
            metadata: Metadata::new(spec, &client_config),
            positions: Vec::new(),
            delivered: 0,
            ended: Vec::new(),
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
        own.partitions.iter().for_each(|&partition| self.metadata.subscribe(spec.topic_of(partition)));
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
        self.network.close(cx);
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
        if let Some(node) = self.network.of_connection(connection) {
            match dialled {
                Dialled::Connected => {
                    self.network.connected(cx, node);
                    self.request(cx, node, Body::ApiVersionsRequest, client::Request::ApiVersions);
                }
                Dialled::Refused => self.disconnect(cx, node),
            }
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
        self.handle_arrivals(cx, config);
        self.maybe_update_metadata(cx);
        self.ask_for_offsets(cx, config);
        self.ask_for_validation(cx, config);
        self.fetch(cx, config);
        self.sleep(cx);
        cx.cause = outer;
    }

    fn handle_arrivals(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let known = self.metadata.update_version;
        let mut ended = std::mem::take(&mut self.ended);
        self.network.poll(cx, &mut self.metadata, clock(cx.now), &mut ended);
        if self.metadata.update_version != known {
            self.learn_leaders();
        }
        for completion in ended.drain(..) {
            cx.cause = completion.cause;
            self.finish(cx, config, completion);
        }
        self.ended = ended;
    }

    /// Metadata has changed; positions are validated where their leaders have (`validatePositionsOnMetadataChange`).
    fn learn_leaders(&mut self) {
        for position in &mut self.positions {
            if let Some(leader) = self.metadata.leader(position.partition) {
                position.learn(leader, self.metadata.leader_epoch(position.partition));
            }
        }
    }

    /// Writes a request, unless the connection turns out to be gone.
    fn request(&mut self, cx: &mut Context, node: NodeIndex, body: Body, what: client::Request<Request>) {
        if self.network.send(cx, node, clock(cx.now), body, what).is_none() {
            self.disconnect(cx, node);
        }
    }

    fn disconnect(&mut self, cx: &mut Context, node: NodeIndex) {
        let (spec, cause) = (Arc::clone(&cx.spec), cx.cause);
        let mut ended = Vec::new();
        let (now, because) = (clock(cx.now), Disconnect::ByPeer);
        self.network.disconnect(cx, &mut self.metadata, node, because, now, &mut ended);
        for completion in ended {
            cx.cause = completion.cause;
            self.finish(cx, self.config(&spec), completion);
        }
        cx.cause = cause;
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

    fn maybe_update_metadata(&mut self, cx: &mut Context) {
        let is_lost = |position: &Position| position.leader.is_none() && position.state != FetchState::Failed;
        if self.positions.iter().any(is_lost) {
            self.metadata.request_update();
        }
        match self.network.metadata_step(cx, &mut self.metadata, clock(cx.now)) {
            MetadataStep::Ask { node, topics } => {
                self.request(cx, node, Body::MetadataRequest { topics }, client::Request::Metadata);
            }
            // `sleep` knows until when.
            MetadataStep::Wait(_) => {}
        }
    }

    /// Who leads the partitions that `wanted` picks: each such leader that can be written to now.
    fn by_leader(
        &mut self,
        cx: &mut Context,
        wanted: impl Fn(&Position) -> bool,
    ) -> Vec<(NodeIndex, Vec<usize>)> {
        let mut groups: Vec<(BrokerId, Vec<usize>)> = Vec::new();
        for (place, position) in self.positions.iter().enumerate() {
            if !wanted(position) || cx.now < position.retry_at {
                continue;
            }
            let Some(leader) = position.leader else { continue };
            match groups.iter_mut().find(|(broker, _)| *broker == leader) {
                Some((_, places)) => places.push(place),
                None => groups.push((leader, vec![place])),
            }
        }
        let mut ready = Vec::with_capacity(groups.len());
        for (broker, places) in groups {
            let node = self.network.of_broker(&cx.spec, broker);
            if self.network.ready(cx, &self.metadata, node, clock(cx.now)) {
                ready.push((node, places));
            }
        }
        ready
    }

    fn ask_for_offsets(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let with_epochs = cx.spec.version.fetch_is_fenced();
        let awaits = |position: &Position| matches!(position.state, FetchState::AwaitReset { .. });
        for (node, places) in self.by_leader(cx, awaits) {
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
            let what = client::Request::Own(Request::ListOffsets(asked));
            self.request(cx, node, Body::ListOffsetsRequest { partitions }, what);
        }
    }

    fn ask_for_validation(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        for (node, places) in self.by_leader(cx, |position| position.state == FetchState::AwaitValidation) {
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
            self.request(cx, node, body, client::Request::Own(Request::Validation(asked)));
        }
    }

    fn has_fetch(&self, node: NodeIndex) -> bool {
        let in_flight = &self.network.node(node).in_flight;
        in_flight.iter().any(|request| matches!(request.what, client::Request::Own(Request::Fetch(_))))
    }

    /// One fetch at a time from each leader, for everything that can be fetched there.
    fn fetch(&mut self, cx: &mut Context, config: &ConsumerConfig) {
        let with_epochs = cx.spec.version.fetch_is_fenced();
        for (node, places) in self.by_leader(cx, |position| position.state == FetchState::Fetching) {
            if self.has_fetch(node) {
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
            let what = client::Request::Own(Request::Fetch(asked));
            self.request(cx, node, Body::FetchRequest(request), what);
        }
    }

    /// Until the next moment at which something falls due.
    fn sleep(&mut self, cx: &mut Context) {
        let now = clock(cx.now);
        let metadata = (!self.metadata.is_fetching()).then(|| now + self.metadata.time_to_next_update(now));
        let retries = self.positions.iter().map(|position| position.retry_at);
        let network = self.network.next_deadline(now);
        let later = retries.chain(network).chain(metadata).filter(|&at| at > cx.now);
        let Some(at) = later.min() else { return };
        if at < self.wakes_at && at < Time::NEVER {
            self.wakes_at = at;
            cx.set_timer_at(at, Timer::Consumer(ConsumerTimer));
        }
    }
}

fn client_config(config: &ConsumerConfig) -> ClientConfig {
    let backoff = |initial, max| ExponentialBackoff { initial, max };
    ClientConfig {
        max_in_flight: MAX_IN_FLIGHT,
        request_timeout: config.request_timeout,
        reconnect: backoff(config.reconnect_backoff, config.reconnect_backoff_max),
        connection_setup: backoff(
            config.socket_connection_setup_timeout,
            config.socket_connection_setup_timeout_max,
        ),
        retry: backoff(config.retry_backoff, config.retry_backoff_max),
        metadata_max_age: config.metadata_max_age,
    }
}

fn reset_target(policy: OffsetReset) -> Option<ListOffsetAt> {
    match policy {
        OffsetReset::Earliest => Some(ListOffsetAt::Earliest),
        OffsetReset::Latest => Some(ListOffsetAt::Latest),
        OffsetReset::None => None,
    }
}
