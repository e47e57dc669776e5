//! The consumer's connections: dialling, API versions, what is in flight, when to dial again (NetworkClient).

use std::collections::VecDeque;

use crate::config::ConsumerConfig;
use crate::happening::{Disconnect, Fact};
use crate::ids::{BrokerId, Brokers, ConnectionId, LeaderEpoch, NodeId, Offset, Partition};
use crate::network::Dialled;
use crate::protocol::{Body, ListOffsetAt};
use crate::rng::Stream;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::context::Context;

/// What was asked, and about which partitions as they stood then.
#[derive(Clone, Debug)]
pub(super) enum Question {
    ApiVersions,
    Metadata,
    Fetch(Vec<(Partition, Offset)>),
    ListOffsets(Vec<(Partition, ListOffsetAt)>),
    Validation(Vec<(Partition, Offset, LeaderEpoch)>),
}

#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub correlation: u32,
    pub sent: Time,
    pub question: Question,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkState {
    Disconnected,
    Connecting,
    CheckingApiVersions,
    Ready,
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub broker: BrokerId,
    /// An address of `bootstrap.servers`: another node, until metadata names the brokers.
    is_bootstrap: bool,
    pub state: LinkState,
    pub connection: Option<ConnectionId>,
    /// When it was last dialled or lost.
    since: Time,
    /// Not to be dialled before.
    not_before: Time,
    failures: u32,
    pub in_flight: VecDeque<InFlight>,
}

impl Link {
    fn is_free(&self) -> bool {
        self.state == LinkState::Ready && self.in_flight.is_empty()
    }

    pub fn has_fetch(&self) -> bool {
        self.in_flight.iter().any(|request| matches!(request.question, Question::Fetch(_)))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    pub links: Vec<Link>,
    next_correlation: u32,
}

/// `backoff × 2^failures`, at most `max`, give or take a fifth.
pub(super) fn backoff(cx: &mut Context, first: Duration, max: Duration, failures: u32) -> Duration {
    let grown = (first * (1 << failures.min(20))).min(max.max(first));
    cx.draw(Stream::Jitter, grown - grown / 5, grown + grown / 5)
}

impl Links {
    pub fn new(spec: &Spec, bootstrap: &[BrokerId]) -> Links {
        let mut links = Links::default();
        // An address where nothing lives is never reached; the others are tried besides.
        let exists = |id: &&BrokerId| spec.brokers.iter().any(|broker| broker.id == **id);
        bootstrap.iter().filter(exists).for_each(|&broker| links.add(broker, true));
        links
    }

    fn add(&mut self, broker: BrokerId, is_bootstrap: bool) {
        self.links.push(Link {
            broker,
            is_bootstrap,
            state: LinkState::Disconnected,
            connection: None,
            since: Time::ZERO,
            not_before: Time::ZERO,
            failures: 0,
            in_flight: VecDeque::new(),
        });
    }

    pub fn of_broker(&mut self, broker: BrokerId) -> usize {
        let known = self.links.iter().position(|link| !link.is_bootstrap && link.broker == broker);
        known.unwrap_or_else(|| {
            self.add(broker, false);
            self.links.len() - 1
        })
    }

    pub fn over(&self, connection: ConnectionId) -> Option<usize> {
        self.links.iter().position(|link| link.connection == Some(connection))
    }

    /// Ready to be written to; if not, it is dialled as soon as it may be.
    pub fn is_ready(&mut self, cx: &mut Context, index: usize) -> bool {
        let link = &mut self.links[index];
        if link.state == LinkState::Disconnected && cx.now >= link.not_before {
            link.state = LinkState::Connecting;
            link.since = cx.now;
            link.connection = Some(cx.connect(NodeId::Broker(link.broker)));
        }
        link.state == LinkState::Ready
    }

    pub fn dialled(&mut self, cx: &mut Context, index: usize, dialled: Dialled, config: &ConsumerConfig) {
        match dialled {
            Dialled::Connected => {
                self.links[index].state = LinkState::CheckingApiVersions;
                self.send(cx, index, Body::ApiVersionsRequest, Question::ApiVersions);
            }
            Dialled::Refused => _ = self.lost(cx, index, config),
        }
    }

    pub fn api_versions_known(&mut self, index: usize) {
        self.links[index].state = LinkState::Ready;
        self.links[index].failures = 0;
    }

    /// The connection is gone. Returns what nobody will answer any more.
    pub fn lost(&mut self, cx: &mut Context, index: usize, config: &ConsumerConfig) -> VecDeque<InFlight> {
        let failures = self.links[index].failures;
        let wait = backoff(cx, config.reconnect_backoff, config.reconnect_backoff_max, failures);
        let link = &mut self.links[index];
        link.state = LinkState::Disconnected;
        link.connection = None;
        link.since = cx.now;
        link.not_before = cx.now + wait;
        link.failures += 1;
        std::mem::take(&mut link.in_flight)
    }

    /// A connection that has broken under the write is found out when it is read.
    pub fn send(&mut self, cx: &mut Context, index: usize, body: Body, question: Question) {
        let correlation = self.next_correlation;
        self.next_correlation += 1;
        let link = &mut self.links[index];
        link.in_flight.push_back(InFlight { correlation, sent: cx.now, question });
        let connection = link.connection.expect("a link that is ready");
        _ = cx.send(connection, correlation, body);
    }

    pub fn answered(&mut self, index: usize, correlation: u32) -> Option<InFlight> {
        let in_flight = &mut self.links[index].in_flight;
        let place = in_flight.iter().position(|request| request.correlation == correlation)?;
        in_flight.remove(place)
    }

    /// The node to ask for metadata: one that stands idle, else the least busy, else one to dial. None: all are being
    /// dialled or must wait.
    pub fn least_loaded(&mut self, cx: &mut Context, brokers: Option<Brokers>) -> Option<usize> {
        let candidates: Vec<usize> = match brokers {
            None => (0..self.links.len()).filter(|&index| self.links[index].is_bootstrap).collect(),
            Some(brokers) => brokers.iter().map(|broker| self.of_broker(broker)).collect(),
        };
        let start = cx.draw_below(Stream::Partitioner, candidates.len().max(1) as u64) as usize;
        let in_turn = || candidates.iter().copied().cycle().skip(start).take(candidates.len());
        if let Some(free) = in_turn().find(|&index| self.links[index].is_free()) {
            return Some(free);
        }
        let ready = in_turn().filter(|&index| self.links[index].state == LinkState::Ready);
        if let Some(least) = ready.min_by_key(|&index| self.links[index].in_flight.len()) {
            return Some(least);
        }
        let is_dialling = |index: &usize| {
            matches!(self.links[*index].state, LinkState::Connecting | LinkState::CheckingApiVersions)
        };
        if in_turn().any(|index| is_dialling(&index)) {
            return None;
        }
        in_turn()
            .filter(|&index| cx.now >= self.links[index].not_before)
            .min_by_key(|&index| self.links[index].since)
    }

    /// No broker that metadata names is connected, being dialled, or to be dialled now.
    pub fn is_stranded(&mut self, now: Time, brokers: Option<Brokers>) -> bool {
        let mut waits = |broker| {
            let index = self.of_broker(broker);
            self.links[index].state == LinkState::Disconnected && now < self.links[index].not_before
        };
        brokers.is_some_and(|brokers| brokers.iter().all(&mut waits))
    }

    /// A link that has been waiting for too long: its dial or its oldest request.
    pub fn timed_out(&self, now: Time, config: &ConsumerConfig) -> Option<usize> {
        self.links.iter().position(|link| deadline(link, config).is_some_and(|at| now >= at))
    }

    pub fn next_deadline(&self, now: Time, config: &ConsumerConfig) -> Option<Time> {
        let redial = |link: &Link| {
            (link.state == LinkState::Disconnected && link.not_before > now).then_some(link.not_before)
        };
        self.links.iter().filter_map(|link| deadline(link, config).or_else(|| redial(link))).min()
    }

    pub fn close(&mut self, cx: &mut Context) {
        for link in &mut self.links {
            if let Some(connection) = link.connection.take() {
                cx.close(connection, Disconnect::Closed);
            }
        }
    }

    /// Gives a link up that has timed out.
    pub fn give_up(&mut self, cx: &mut Context, index: usize) {
        let Some(connection) = self.links[index].connection else { return };
        if self.links[index].state != LinkState::Connecting {
            cx.cause = Some(cx.note(Fact::RequestTimedOut { connection }));
        }
        cx.close(connection, Disconnect::TimedOut);
    }
}

fn deadline(link: &Link, config: &ConsumerConfig) -> Option<Time> {
    match link.state {
        LinkState::Disconnected => None,
        LinkState::Connecting => Some(link.since + config.socket_connection_setup_timeout),
        LinkState::CheckingApiVersions | LinkState::Ready => {
            link.in_flight.front().map(|oldest| oldest.sent + config.request_timeout)
        }
    }
}
