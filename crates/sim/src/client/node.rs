//! One broker as a client sees it: connecting, asking for API versions, ready; what is in flight; when to try again
//! (producer.md §4.3; ClusterConnectionStates, InFlightRequests).

use std::collections::VecDeque;

use super::backoff::ExponentialBackoff;
use crate::ids::{BrokerId, ConnectionId, NodeId};
use crate::time::{Duration, Time};
use crate::world::context::Context;

/// Linux repeats an unanswered SYN until then (tcp_syn_retries = 6 after four linear ones).
const TCP_GIVES_UP: Duration = Duration::from_secs(131);

/// A node's place in its `NetworkClient`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeIndex(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// Never tried, or broken.
    Disconnected,
    Connecting,
    CheckingApiVersions,
    Ready,
}

/// A request that has no answer yet.
#[derive(Clone, Debug)]
pub(crate) struct InFlight<R> {
    pub correlation: u32,
    pub sent: Time,
    pub what: Request<R>,
}

/// What was asked: by the client itself, or by the producer or consumer that uses it.
#[derive(Clone, Debug)]
pub(crate) enum Request<R> {
    ApiVersions,
    Metadata,
    Own(R),
}

/// How long connecting may take, and how long to wait before the next attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoffs {
    pub reconnect: ExponentialBackoff,
    /// None before 2.7: TCP gives up by itself.
    pub setup: Option<ExponentialBackoff>,
    /// Before 0.11 the backoff runs from the attempt, not from the end of the connection.
    pub runs_from_attempt: bool,
}

impl Backoffs {
    fn setup_timeout(&self, cx: &mut Context, failed_connects: u32) -> Duration {
        self.setup.map_or(TCP_GIVES_UP, |setup| setup.draw(cx, failed_connects))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node<R> {
    pub broker: BrokerId,
    /// An address of `bootstrap.servers`, a node of its own until metadata names the brokers.
    pub is_bootstrap: bool,
    /// A broker of this scenario; otherwise nothing lives there, and packets vanish.
    exists: bool,
    pub state: ConnectionState,
    pub connection: Option<ConnectionId>,
    pub last_attempt: Option<Time>,
    reconnect_backoff: Duration,
    failed_attempts: u32,
    setup_timeout: Duration,
    failed_connects: u32,
    pub in_flight: VecDeque<InFlight<R>>,
}

impl<R> Node<R> {
    pub fn new(broker: BrokerId, is_bootstrap: bool, exists: bool) -> Node<R> {
        Node {
            broker,
            is_bootstrap,
            exists,
            state: ConnectionState::Disconnected,
            connection: None,
            last_attempt: None,
            reconnect_backoff: Duration::ZERO,
            failed_attempts: 0,
            setup_timeout: TCP_GIVES_UP,
            failed_connects: 0,
            in_flight: VecDeque::new(),
        }
    }

    pub fn can_connect(&self, now: Time) -> bool {
        self.state == ConnectionState::Disconnected
            && self.last_attempt.is_none_or(|at| now.since(at) >= self.reconnect_backoff)
    }

    /// How long a node that is not ready keeps its client waiting; None: until a network event.
    pub fn poll_delay(&self, now: Time) -> Option<Duration> {
        match self.state {
            ConnectionState::Connecting => {
                // The strict comparison of `has_connect_timed_out` needs one millisecond more.
                Some(self.setup_timeout + Duration::from_millis(1))
            }
            ConnectionState::Disconnected => {
                Some(self.last_attempt.map_or(Duration::ZERO, |at| (at + self.reconnect_backoff).since(now)))
            }
            ConnectionState::CheckingApiVersions | ConnectionState::Ready => None,
        }
    }

    pub(super) fn connect(&mut self, cx: &mut Context, backoffs: Backoffs, now: Time) {
        if self.last_attempt.is_none() {
            self.setup_timeout = backoffs.setup_timeout(cx, 0);
            self.reconnect_backoff = backoffs.reconnect.draw(cx, 0);
        }
        self.last_attempt = Some(now);
        self.state = ConnectionState::Connecting;
        if self.exists {
            self.connection = Some(cx.connect(NodeId::Broker(self.broker)));
        }
    }

    /// The connection stands: the API versions come first.
    pub(super) fn connected(&mut self, cx: &mut Context, backoffs: Backoffs) {
        self.setup_timeout = backoffs.setup_timeout(cx, 0);
        self.failed_connects = 0;
        self.state = ConnectionState::CheckingApiVersions;
    }

    pub(super) fn ready(&mut self, cx: &mut Context, backoffs: Backoffs) {
        self.reconnect_backoff = backoffs.reconnect.draw(cx, 0);
        self.failed_attempts = 0;
        self.state = ConnectionState::Ready;
    }

    /// The connection is over, or did not come about. Hands back what was in flight, oldest first.
    pub(super) fn disconnected(
        &mut self,
        cx: &mut Context,
        backoffs: Backoffs,
        now: Time,
    ) -> VecDeque<InFlight<R>> {
        let was_connecting = self.state == ConnectionState::Connecting;
        self.failed_connects = if was_connecting { self.failed_connects + 1 } else { 0 };
        self.setup_timeout = backoffs.setup_timeout(cx, self.failed_connects);
        self.reconnect_backoff = backoffs.reconnect.draw(cx, self.failed_attempts);
        self.failed_attempts += 1;
        if !backoffs.runs_from_attempt {
            self.last_attempt = Some(now);
        }
        self.state = ConnectionState::Disconnected;
        self.connection = None;
        std::mem::take(&mut self.in_flight)
    }

    /// When it may be connected to again, or has taken too long to answer. The strict comparisons below need one
    /// millisecond more.
    pub(super) fn next_deadline(&self, now: Time, request_timeout: Duration) -> Option<Time> {
        const STRICTLY: Duration = Duration::from_millis(1);
        let last_attempt = self.last_attempt?;
        match self.state {
            ConnectionState::Disconnected => {
                Some(last_attempt + self.reconnect_backoff).filter(|&again| again > now)
            }
            ConnectionState::Connecting => Some(last_attempt + self.setup_timeout + STRICTLY),
            ConnectionState::CheckingApiVersions | ConnectionState::Ready => {
                self.in_flight.front().map(|oldest| oldest.sent + request_timeout + STRICTLY)
            }
        }
    }

    pub(super) fn take_in_flight(&mut self, correlation: u32) -> Option<InFlight<R>> {
        let place = self.in_flight.iter().position(|request| request.correlation == correlation)?;
        self.in_flight.remove(place)
    }

    /// Setting the connection up has taken too long.
    pub(super) fn has_connect_timed_out(&self, now: Time) -> bool {
        self.state == ConnectionState::Connecting
            && self.last_attempt.is_some_and(|at| now.since(at) > self.setup_timeout)
    }

    /// A request has been out for too long (producer.md §4.4; strictly longer).
    pub(super) fn has_request_timed_out(&self, now: Time, request_timeout: Duration) -> bool {
        self.in_flight.front().is_some_and(|request| now.since(request.sent) > request_timeout)
    }
}
