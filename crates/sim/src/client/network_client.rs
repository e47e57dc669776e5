//! A client's connections together (producer.md §4.2 to §4.5, §4.8; NetworkClient, DefaultMetadataUpdater): which node to
//! ask, what has arrived, what has taken too long. The client's own requests, API versions and metadata, are asked and
//! answered in here; all others come back as completions.

use std::sync::Arc;

use super::node::{Backoffs, ConnectionState, InFlight, Node, NodeIndex, Request};
use super::{Answer, ClientConfig, Metadata};
use crate::happening::{Disconnect, Fact};
use crate::ids::{BrokerId, ConnectionId, HappeningId, TopicId};
use crate::network::Read;
use crate::protocol::{Body, Envelope};
use crate::rng::Stream;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::context::Context;

#[derive(Clone, Debug)]
pub(crate) struct NetworkClient<R> {
    nodes: Vec<Node<R>>,
    bootstraps: usize,
    next_correlation: u32,
    max_in_flight: usize,
    request_timeout: Duration,
    backoffs: Backoffs,
}

/// A request that has come to its end.
#[derive(Clone, Debug)]
pub(crate) struct Completion<R> {
    pub node: NodeIndex,
    pub sent: Time,
    pub what: R,
    pub outcome: Outcome,
    pub cause: Option<HappeningId>,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Answered(Arc<Envelope>),
    Disconnected,
    TimedOut,
}

/// What there is to do about metadata.
pub(crate) enum MetadataStep {
    /// The request is under way from here on.
    Ask { node: NodeIndex, topics: Vec<TopicId> },
    /// Nothing for so long; None: until an event.
    Wait(Option<Duration>),
}

impl<R> NetworkClient<R> {
    pub fn new(spec: &Spec, bootstrap: &[BrokerId], config: &ClientConfig) -> NetworkClient<R> {
        let mut client = NetworkClient {
            nodes: Vec::new(),
            bootstraps: bootstrap.len(),
            next_correlation: 0,
            max_in_flight: config.max_in_flight,
            request_timeout: config.request_timeout,
            backoffs: Backoffs {
                reconnect: config.reconnect,
                setup: spec.version.has_connection_setup_timeout().then_some(config.connection_setup),
                runs_from_attempt: !spec.version.reconnect_backoff_grows(),
            },
        };
        for &broker in bootstrap {
            client.add(spec, broker, true);
        }
        client
    }

    fn add(&mut self, spec: &Spec, broker: BrokerId, is_bootstrap: bool) -> NodeIndex {
        let exists = spec.brokers.iter().any(|known| known.id == broker);
        self.nodes.push(Node::new(broker, is_bootstrap, exists));
        NodeIndex(self.nodes.len() - 1)
    }

    pub fn node(&self, index: NodeIndex) -> &Node<R> {
        &self.nodes[index.0]
    }

    pub fn nodes(&self) -> impl Iterator<Item = &Node<R>> {
        self.nodes.iter()
    }

    /// The node of a broker that metadata names.
    pub fn of_broker(&mut self, spec: &Spec, broker: BrokerId) -> NodeIndex {
        let found = self.nodes.iter().position(|node| !node.is_bootstrap && node.broker == broker);
        found.map_or_else(|| self.add(spec, broker, false), NodeIndex)
    }

    pub fn of_connection(&self, connection: ConnectionId) -> Option<NodeIndex> {
        self.nodes.iter().position(|node| node.connection == Some(connection)).map(NodeIndex)
    }

    /// `1`, and `-1` for the first bootstrap address.
    pub fn name(&self, index: NodeIndex) -> i64 {
        if index.0 < self.bootstraps { -1 - index.0 as i64 } else { i64::from(self.node(index).broker.0) }
    }

    pub fn in_flight_count(&self) -> usize {
        self.nodes.iter().map(|node| node.in_flight.len()).sum()
    }

    /// Ready, and not too much is outstanding.
    pub fn can_send(&self, index: NodeIndex) -> bool {
        let node = self.node(index);
        node.state == ConnectionState::Ready && node.in_flight.len() < self.max_in_flight
    }

    /// Whether a request can leave now. Where it cannot, the node is connected to as soon as that is allowed; metadata
    /// that is due comes before anything else.
    pub fn ready(&mut self, cx: &mut Context, metadata: &Metadata, index: NodeIndex, now: Time) -> bool {
        if !metadata.is_update_due(now) && self.can_send(index) {
            return true;
        }
        self.connect_if_allowed(cx, index, now);
        false
    }

    pub fn connect_if_allowed(&mut self, cx: &mut Context, index: NodeIndex, now: Time) {
        if self.node(index).can_connect(now) {
            self.nodes[index.0].connect(cx, self.backoffs, now);
        }
    }

    /// The connection stands: the API versions are to be asked for.
    pub fn connected(&mut self, cx: &mut Context, index: NodeIndex) {
        self.nodes[index.0].connected(cx, self.backoffs);
    }

    /// Writes a request. None: the connection is gone, and this is how the client learns it.
    pub fn send(
        &mut self,
        cx: &mut Context,
        index: NodeIndex,
        now: Time,
        body: Body,
        what: Request<R>,
    ) -> Option<u32> {
        let correlation = self.next_correlation;
        self.next_correlation += 1;
        let node = &mut self.nodes[index.0];
        let connection = node.connection.expect("a connection to send on");
        node.in_flight.push_back(InFlight { correlation, sent: now, what });
        match cx.send(connection, correlation, body) {
            Ok(()) => Some(correlation),
            Err(crate::network::Broken) => None,
        }
    }

    pub fn take_in_flight(&mut self, index: NodeIndex, correlation: u32) -> Option<InFlight<R>> {
        self.nodes[index.0].take_in_flight(correlation)
    }

    /// When the oldest request that has no answer was sent.
    pub fn oldest_request(&self) -> Option<Time> {
        self.nodes.iter().filter_map(|node| node.in_flight.front()).map(|request| request.sent).min()
    }

    /// When something will have taken too long, or a connection may be tried again.
    pub fn next_deadline(&self, now: Time) -> Option<Time> {
        self.nodes.iter().filter_map(|node| node.next_deadline(now, self.request_timeout)).min()
    }

    /// Reads what has arrived, and looks for connections and requests that have taken too long (producer.md §4.2).
    pub fn poll(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        now: Time,
        ended: &mut Vec<Completion<R>>,
    ) {
        let mut closed = Vec::new();
        let cause = cx.cause;
        // Whatever woke the thread, a poll hands over all that has arrived: an answer counts before its timeout does.
        for index in (0..self.nodes.len()).map(NodeIndex) {
            if self.node(index).state == ConnectionState::Connecting {
                continue;
            }
            while let Some(connection) = self.node(index).connection {
                match cx.read(connection) {
                    Read::Message(envelope) => self.receive(cx, metadata, index, envelope, now, ended),
                    Read::Nothing => break,
                    Read::Closed => {
                        closed.push(index);
                        break;
                    }
                }
            }
        }
        for index in closed {
            cx.cause = cause;
            self.disconnect(cx, metadata, index, Disconnect::ByPeer, now, ended);
        }
        while let Some(place) = self.nodes.iter().position(|node| node.has_connect_timed_out(now)) {
            cx.cause = cause;
            self.disconnect(cx, metadata, NodeIndex(place), Disconnect::TimedOut, now, ended);
        }
        let limit = self.request_timeout;
        while let Some(place) = self.nodes.iter().position(|node| node.has_request_timed_out(now, limit)) {
            cx.cause = cause;
            self.disconnect(cx, metadata, NodeIndex(place), Disconnect::TimedOut, now, ended);
        }
        cx.cause = cause;
    }

    fn receive(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        index: NodeIndex,
        envelope: Arc<Envelope>,
        now: Time,
        ended: &mut Vec<Completion<R>>,
    ) {
        let Some(request) = self.take_in_flight(index, envelope.message.correlation) else { return };
        let body = &envelope.message.body;
        match (request.what, Answer::of(body)) {
            (Request::ApiVersions, Answer::ApiVersions) => self.nodes[index.0].ready(cx, self.backoffs),
            (Request::Metadata, Answer::Metadata(found)) => metadata.update(cx, found, now),
            (
                Request::ApiVersions | Request::Metadata,
                Answer::ApiVersions
                | Answer::Metadata(_)
                | Answer::InitProducerId(_)
                | Answer::Produce(_)
                | Answer::Fetch(_)
                | Answer::ListOffsets(_)
                | Answer::OffsetsForLeaderEpoch(_),
            ) => body.misplaced(),
            (Request::Own(what), _) => ended.push(Completion {
                node: index,
                sent: request.sent,
                what,
                outcome: Outcome::Answered(envelope),
                cause: cx.cause,
            }),
        }
    }

    /// A connection is over. Metadata is to be refreshed, and what was in flight comes back.
    pub fn disconnect(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        index: NodeIndex,
        because: Disconnect,
        now: Time,
        ended: &mut Vec<Completion<R>>,
    ) {
        let was_connecting = self.node(index).state == ConnectionState::Connecting;
        if let Some(connection) = self.node(index).connection {
            if because == Disconnect::TimedOut && !was_connecting {
                cx.cause = Some(cx.note(Fact::RequestTimedOut { connection }));
            }
            let noted = HappeningId(cx.next_happening);
            cx.close(connection, because);
            if cx.next_happening > noted.0 {
                cx.cause = Some(noted);
            }
        }
        let mut in_flight = self.nodes[index.0].disconnected(cx, self.backoffs, now);
        if !cx.spec.version.fails_oldest_first() {
            in_flight.make_contiguous().reverse();
        }
        for request in in_flight {
            match request.what {
                Request::ApiVersions => {}
                Request::Metadata => metadata.failed_update(cx, now),
                Request::Own(what) => {
                    let outcome = match because {
                        Disconnect::TimedOut => Outcome::TimedOut,
                        Disconnect::ByPeer | Disconnect::Closed => Outcome::Disconnected,
                    };
                    ended.push(Completion {
                        node: index,
                        sent: request.sent,
                        what,
                        outcome,
                        cause: cx.cause,
                    });
                }
            }
        }
        if metadata.is_update_due(now) {
            metadata.failed_update(cx, now);
        }
        metadata.request_update();
    }

    /// Whether metadata is to be asked for now, and some broker can be asked (producer.md §4.8). If none can, one is
    /// connected to.
    pub fn metadata_step(&mut self, cx: &mut Context, metadata: &mut Metadata, now: Time) -> MetadataStep {
        if metadata.is_fetching() {
            return MetadataStep::Wait(None);
        }
        let next = metadata.time_to_next_update(now);
        if !next.is_zero() {
            return MetadataStep::Wait((next < Duration::MAX).then_some(next));
        }
        let reconnect_backoff = Some(self.backoffs.reconnect.initial);
        let (mut node, has_ready) = self.least_loaded(cx, metadata, now);
        if node.is_none() && !has_ready && cx.spec.version.rebootstraps() && !metadata.is_bootstrap {
            metadata.rebootstrap();
            node = self.least_loaded(cx, metadata, now).0;
        }
        let Some(node) = node else { return MetadataStep::Wait(reconnect_backoff) };
        if self.can_send(node) {
            return MetadataStep::Ask { node, topics: metadata.begin_request(now) };
        }
        if self.is_any_connecting(metadata) {
            return MetadataStep::Wait(reconnect_backoff);
        }
        if self.node(node).can_connect(now) {
            self.connect_if_allowed(cx, node, now);
            return MetadataStep::Wait(reconnect_backoff);
        }
        MetadataStep::Wait(None) // connected, but not to be used yet: an event will tell
    }

    /// The node to ask for metadata or a producer id, and whether any connection is ready at all (producer.md §4.8).
    pub fn least_loaded(
        &mut self,
        cx: &mut Context,
        metadata: &Metadata,
        now: Time,
    ) -> (Option<NodeIndex>, bool) {
        let candidates: Vec<NodeIndex> = if metadata.is_bootstrap {
            (0..self.bootstraps).map(NodeIndex).collect()
        } else {
            let spec = Arc::clone(&cx.spec);
            metadata.brokers().iter().map(|broker| self.of_broker(&spec, broker)).collect()
        };
        let offset = cx.draw_below(Stream::Partitioner, candidates.len().max(1) as u64) as usize;
        let in_turn = candidates[offset..].iter().chain(&candidates[..offset]).copied();
        let (mut ready, mut connecting, mut connectable) = (None::<NodeIndex>, None, None::<NodeIndex>);
        let mut any_ready = false;
        for index in in_turn {
            let node = self.node(index);
            any_ready |= node.state == ConnectionState::Ready;
            if self.can_send(index) {
                if node.in_flight.is_empty() {
                    return (Some(index), true);
                }
                if ready.is_none_or(|best| node.in_flight.len() < self.node(best).in_flight.len()) {
                    ready = Some(index);
                }
            } else if matches!(node.state, ConnectionState::Connecting | ConnectionState::CheckingApiVersions)
            {
                connecting = Some(index);
            } else if node.can_connect(now)
                && connectable.is_none_or(|best| node.last_attempt < self.node(best).last_attempt)
            {
                connectable = Some(index);
            }
        }
        (ready.or(connecting).or(connectable), any_ready)
    }

    /// A node that metadata names at present is being connected to.
    fn is_any_connecting(&self, metadata: &Metadata) -> bool {
        self.nodes.iter().any(|node| {
            node.state == ConnectionState::Connecting
                && node.is_bootstrap == metadata.is_bootstrap
                && (node.is_bootstrap || metadata.brokers().contains(node.broker))
        })
    }

    /// The client is done: its connections are closed, and what is in flight concerns nobody any more.
    pub fn close(&mut self, cx: &mut Context) {
        for node in &mut self.nodes {
            if let Some(connection) = node.connection.take() {
                cx.close(connection, Disconnect::Closed);
            }
            node.in_flight.clear();
        }
    }
}
