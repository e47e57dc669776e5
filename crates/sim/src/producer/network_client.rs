//! Connections to brokers: connecting, asking for API versions, ready; what is in flight on each; when to try again
//! (producer.md §4.3 to §4.5; NetworkClient, ClusterConnectionStates, InFlightRequests). What a lost connection means
//! for batches and metadata is the Sender's to decide.

use std::collections::VecDeque;

use super::backoff::ExponentialBackoff;
use super::metadata::Metadata;
use crate::config::ProducerConfig;
use crate::ids::{BatchId, BrokerId, ConnectionId, NodeId, Partition};
use crate::protocol::Body;
use crate::rng::Stream;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::world::context::Context;

/// Linux repeats an unanswered SYN until then (tcp_syn_retries = 6 after four linear ones).
const TCP_GIVES_UP: Duration = Duration::from_secs(131);

/// A node's place among `NetworkClient::nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeIndex(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// Never tried, or broken.
    Disconnected,
    Connecting,
    CheckingApiVersions,
    Ready,
}

/// A request that has no answer yet.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub correlation: u32,
    pub sent: Time,
    pub what: Request,
}

#[derive(Clone, Debug)]
pub(super) enum Request {
    ApiVersions,
    Metadata,
    InitProducerId,
    Produce(Vec<(Partition, BatchId)>),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub broker: BrokerId,
    /// An address of `bootstrap.servers`, a node of its own until metadata names the brokers.
    is_bootstrap: bool,
    /// A broker of this scenario; otherwise nothing lives there, and packets vanish.
    exists: bool,
    pub state: ConnectionState,
    pub connection: Option<ConnectionId>,
    last_attempt: Option<Time>,
    reconnect_backoff: Duration,
    failed_attempts: u32,
    setup_timeout: Duration,
    failed_connects: u32,
    pub in_flight: VecDeque<InFlight>,
}

#[derive(Clone, Debug)]
pub(super) struct NetworkClient {
    pub nodes: Vec<Node>,
    bootstraps: usize,
    next_correlation: u32,
    max_in_flight: usize,
    request_timeout: Duration,
    reconnect: ExponentialBackoff,
    /// None before 2.7: TCP gives up by itself.
    setup: Option<ExponentialBackoff>,
    /// Before 0.11 the backoff runs from the attempt, not from the end of the connection.
    backs_off_from_attempt: bool,
}

impl NetworkClient {
    pub fn new(
        spec: &Spec,
        bootstrap: &[BrokerId],
        config: &ProducerConfig,
        version: KafkaVersion,
    ) -> NetworkClient {
        let mut client = NetworkClient {
            nodes: Vec::new(),
            bootstraps: bootstrap.len(),
            next_correlation: 0,
            max_in_flight: config.max_in_flight_requests_per_connection as usize,
            request_timeout: config.request_timeout,
            reconnect: ExponentialBackoff {
                initial: config.reconnect_backoff,
                max: config.reconnect_backoff_max,
            },
            setup: version.has_connection_setup_timeout().then_some(ExponentialBackoff {
                initial: config.socket_connection_setup_timeout,
                max: config.socket_connection_setup_timeout_max,
            }),
            backs_off_from_attempt: !version.reconnect_backoff_grows(),
        };
        for &broker in bootstrap {
            client.add(spec, broker, true);
        }
        client
    }

    fn add(&mut self, spec: &Spec, broker: BrokerId, is_bootstrap: bool) -> NodeIndex {
        self.nodes.push(Node {
            broker,
            is_bootstrap,
            exists: spec.brokers.iter().any(|known| known.id == broker),
            state: ConnectionState::Disconnected,
            connection: None,
            last_attempt: None,
            reconnect_backoff: Duration::ZERO,
            failed_attempts: 0,
            setup_timeout: TCP_GIVES_UP,
            failed_connects: 0,
            in_flight: VecDeque::new(),
        });
        NodeIndex(self.nodes.len() - 1)
    }

    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.0]
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

    /// Batches on the wire, by broker.
    pub fn produce_in_flight(&self) -> Vec<(BrokerId, Vec<BatchId>)> {
        let busy = self.nodes.iter().filter_map(|node| {
            let batches: Vec<BatchId> = (node.in_flight.iter())
                .filter_map(|request| match &request.what {
                    Request::Produce(sent) => Some(sent.iter().map(|&(_, batch)| batch)),
                    Request::ApiVersions | Request::Metadata | Request::InitProducerId => None,
                })
                .flatten()
                .collect();
            (!batches.is_empty()).then_some((node.broker, batches))
        });
        busy.collect()
    }

    pub fn in_flight_count(&self) -> usize {
        self.nodes.iter().map(|node| node.in_flight.len()).sum()
    }

    /// Ready, and not too much is outstanding.
    pub fn can_send(&self, index: NodeIndex) -> bool {
        let node = self.node(index);
        node.state == ConnectionState::Ready && node.in_flight.len() < self.max_in_flight
    }

    pub fn can_connect(&self, index: NodeIndex, now: Time) -> bool {
        let node = self.node(index);
        node.state == ConnectionState::Disconnected
            && node.last_attempt.is_none_or(|at| now.since(at) >= node.reconnect_backoff)
    }

    /// How long a node that is not ready keeps the Sender waiting; None: until a network event.
    pub fn poll_delay(&self, index: NodeIndex, now: Time) -> Option<Duration> {
        let node = self.node(index);
        match node.state {
            ConnectionState::Connecting => {
                // The strict comparison of `connections_timed_out` needs one millisecond more.
                Some(node.setup_timeout + Duration::from_millis(1))
            }
            ConnectionState::Disconnected => {
                Some(node.last_attempt.map_or(Duration::ZERO, |at| (at + node.reconnect_backoff).since(now)))
            }
            ConnectionState::CheckingApiVersions | ConnectionState::Ready => None,
        }
    }

    pub fn connect(&mut self, cx: &mut Context, index: NodeIndex, now: Time) {
        let is_first = self.node(index).last_attempt.is_none();
        let (reconnect, setup) = if is_first {
            let setup = self.setup.map_or(TCP_GIVES_UP, |setup| setup.draw(cx, 0));
            (self.reconnect.draw(cx, 0), setup)
        } else {
            (self.node(index).reconnect_backoff, self.node(index).setup_timeout)
        };
        let node = &mut self.nodes[index.0];
        node.last_attempt = Some(now);
        node.reconnect_backoff = reconnect;
        node.setup_timeout = setup;
        node.state = ConnectionState::Connecting;
        if node.exists {
            node.connection = Some(cx.connect(NodeId::Broker(node.broker)));
        }
    }

    /// The connection stands: the API versions come first.
    pub fn connected(&mut self, cx: &mut Context, index: NodeIndex) {
        let setup = self.setup.map_or(TCP_GIVES_UP, |setup| setup.draw(cx, 0));
        let node = &mut self.nodes[index.0];
        node.state = ConnectionState::CheckingApiVersions;
        node.failed_connects = 0;
        node.setup_timeout = setup;
    }

    pub fn ready(&mut self, cx: &mut Context, index: NodeIndex) {
        let reconnect = self.reconnect.draw(cx, 0);
        let node = &mut self.nodes[index.0];
        node.state = ConnectionState::Ready;
        node.failed_attempts = 0;
        node.reconnect_backoff = reconnect;
    }

    /// The connection is over, or did not come about. Hands back what was in flight, oldest first.
    pub fn disconnected(&mut self, cx: &mut Context, index: NodeIndex, now: Time) -> VecDeque<InFlight> {
        let was_connecting = self.node(index).state == ConnectionState::Connecting;
        let failed_connects = if was_connecting { self.node(index).failed_connects + 1 } else { 0 };
        let setup = self.setup.map_or(TCP_GIVES_UP, |setup| setup.draw(cx, failed_connects));
        let reconnect = self.reconnect.draw(cx, self.node(index).failed_attempts);
        let node = &mut self.nodes[index.0];
        if !self.backs_off_from_attempt {
            node.last_attempt = Some(now);
        }
        node.reconnect_backoff = reconnect;
        node.failed_attempts += 1;
        node.failed_connects = failed_connects;
        node.setup_timeout = setup;
        node.state = ConnectionState::Disconnected;
        node.connection = None;
        std::mem::take(&mut node.in_flight)
    }

    /// Writes a request. None: the connection is gone, and this is how the client learns it.
    pub fn send(
        &mut self,
        cx: &mut Context,
        index: NodeIndex,
        now: Time,
        body: Body,
        what: Request,
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

    pub fn take_in_flight(&mut self, index: NodeIndex, correlation: u32) -> Option<InFlight> {
        let in_flight = &mut self.nodes[index.0].in_flight;
        let place = in_flight.iter().position(|request| request.correlation == correlation)?;
        in_flight.remove(place)
    }

    /// When the oldest request that has no answer was sent.
    pub fn oldest_request(&self) -> Option<Time> {
        self.nodes.iter().filter_map(|node| node.in_flight.front()).map(|request| request.sent).min()
    }

    /// A connecting node whose set-up has taken too long.
    pub fn connection_timed_out(&self, now: Time) -> Option<NodeIndex> {
        let late = |node: &Node| {
            node.state == ConnectionState::Connecting
                && node.last_attempt.is_some_and(|at| now.since(at) > node.setup_timeout)
        };
        self.nodes.iter().position(late).map(NodeIndex)
    }

    /// A node of which a request has been out for too long (producer.md §4.4; strictly longer).
    pub fn request_timed_out(&self, now: Time) -> Option<NodeIndex> {
        let late = |node: &Node| {
            node.in_flight.front().is_some_and(|request| now.since(request.sent) > self.request_timeout)
        };
        self.nodes.iter().position(late).map(NodeIndex)
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
            let spec = std::sync::Arc::clone(&cx.spec);
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
            } else if self.can_connect(index, now)
                && connectable.is_none_or(|best| node.last_attempt < self.node(best).last_attempt)
            {
                connectable = Some(index);
            }
        }
        (ready.or(connecting).or(connectable), any_ready)
    }

    /// A node that metadata names at present is being connected to.
    pub fn is_any_connecting(&self, metadata: &Metadata) -> bool {
        self.nodes.iter().any(|node| {
            node.state == ConnectionState::Connecting
                && node.is_bootstrap == metadata.is_bootstrap
                && (node.is_bootstrap || metadata.brokers().contains(node.broker))
        })
    }
}
