//! The broker's connections to the controller: dialled when there is something to say, one request at a time on each,
//! and dialled again when they break.

use std::sync::Arc;

use crate::broker::membership::Membership;
use crate::broker::timer::{BrokerTimer, LinkName};
use crate::happening::Disconnect;
use crate::ids::{ConnectionId, NodeId};
use crate::network::{Broken, Dialled, Read};
use crate::protocol::{Body, Envelope};
use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::Timer;

/// `socket.connection.setup.timeout.ms`.
pub const CONNECTION_SETUP_TIMEOUT: Duration = Duration::from_secs(10);
/// `controller.socket.timeout.ms`.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A metadata fetch that the controller does not answer for so long is given up (`controller.quorum.request.timeout.ms`).
const FEED_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two looks whether the active controller is known (NodeToControllerRequestThread).
const CONTROLLER_UNKNOWN: Duration = Duration::from_millis(100);
/// Between a failed request and the next attempt.
pub const RETRY: Duration = Duration::from_millis(50);
const REDIAL: Duration = Duration::from_millis(50);
const REDIAL_MAX: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default)]
pub struct Link {
    connection: Option<ConnectionId>,
    is_up: bool,
    /// The request on its way.
    in_flight: Option<u32>,
    correlation: u32,
    failures: u32,
    /// When to dial, to send again, or to give up waiting. None: not before something happens.
    alarm: Option<Time>,
}

#[derive(Clone, Debug, Default)]
pub struct Links([Link; 3]);

impl Links {
    fn get(&mut self, name: LinkName) -> &mut Link {
        &mut self.0[name as usize]
    }

    /// The link that this connection is.
    pub fn named(&self, connection: ConnectionId) -> Option<LinkName> {
        [LinkName::Lifecycle, LinkName::Requests, LinkName::Feed]
            .into_iter()
            .find(|&name| self.0[name as usize].connection == Some(connection))
    }
}

impl Link {
    fn set_alarm(&mut self, cx: &mut Context, name: LinkName, after: Duration) {
        self.alarm = Some(cx.now + after);
        cx.set_timer(after, Timer::Broker(BrokerTimer::Link(name)));
    }
}

impl Membership {
    /// There is something to say to the controller (again).
    pub fn link_wants(&mut self, cx: &mut Context, name: LinkName) {
        let link = self.links.get(name);
        match link.connection {
            None if link.alarm.is_none() => self.link_dial(cx, name),
            Some(_) if link.is_up && link.in_flight.is_none() => self.link_send(cx, name),
            _ => {} // on its way: dialling, or behind another request
        }
    }

    /// Says it again after a while.
    pub fn retry_link(&mut self, cx: &mut Context, name: LinkName, after: Duration) {
        self.links.get(name).set_alarm(cx, name, after);
    }

    fn link_dial(&mut self, cx: &mut Context, name: LinkName) {
        let knows_controller = cx.spec.version.uses_zookeeper() || self.links.get(LinkName::Feed).is_up;
        if name == LinkName::Requests && !knows_controller {
            // Fetching the metadata log tells who leads the quorum (RaftControllerNodeProvider).
            return self.retry_link(cx, name, CONTROLLER_UNKNOWN);
        }
        let connection = cx.connect(NodeId::Controller);
        let link = self.links.get(name);
        link.connection = Some(connection);
        link.is_up = false;
        link.set_alarm(cx, name, CONNECTION_SETUP_TIMEOUT);
    }

    pub fn link_dialled(&mut self, cx: &mut Context, name: LinkName, dialled: Dialled) {
        let link = self.links.get(name);
        link.alarm = None;
        match dialled {
            Dialled::Connected => {
                link.is_up = true;
                link.failures = 0;
                self.link_send(cx, name);
            }
            Dialled::Refused => {
                link.connection = None;
                self.link_failed(cx, name, Disconnect::ByPeer);
            }
        }
    }

    fn link_send(&mut self, cx: &mut Context, name: LinkName) {
        let body = match name {
            LinkName::Lifecycle => self.life.request(cx, self.id, &self.image),
            LinkName::Requests => self.controller_request(),
            LinkName::Feed => Some(self.feed.request()),
        };
        let Some(body) = body else { return };
        let timeout = match name {
            LinkName::Lifecycle => Some(cx.spec.broker_config.broker_session_timeout),
            LinkName::Requests => Some(REQUEST_TIMEOUT),
            // Parked at the controller; heartbeats tell whether it is still there.
            LinkName::Feed => None,
        };
        let link = self.links.get(name);
        let Some(connection) = link.connection else { return };
        link.correlation += 1;
        let correlation = link.correlation;
        link.in_flight = Some(correlation);
        link.alarm = None;
        if cx.send(connection, correlation, body) == Err(Broken) {
            return self.link_failed(cx, name, Disconnect::ByPeer);
        }
        if let Some(timeout) = timeout {
            self.links.get(name).set_alarm(cx, name, timeout);
        }
        let feed = self.links.get(LinkName::Feed);
        if name == LinkName::Lifecycle && feed.in_flight.is_some() && feed.alarm.is_none() {
            feed.set_alarm(cx, LinkName::Feed, FEED_TIMEOUT);
        }
    }

    fn controller_request(&mut self) -> Option<Body> {
        let broker_epoch = self.life.broker_epoch?;
        if self.producer_ids.are_wanted() {
            Some(Body::AllocateProducerIdsRequest { broker_epoch })
        } else if self.isr_changes.is_empty() {
            None
        } else {
            Some(self.isr_changes.request(broker_epoch))
        }
    }

    /// Reads the next answer. What it says is for the caller to carry out; then the link goes on.
    pub fn next_answer(&mut self, cx: &mut Context, name: LinkName) -> Option<Arc<Envelope>> {
        loop {
            let link = self.links.get(name);
            match cx.read(link.connection?) {
                Read::Nothing => return None,
                Read::Closed => {
                    self.link_failed(cx, name, Disconnect::ByPeer);
                    return None;
                }
                Read::Message(envelope) => {
                    if link.in_flight.is_none_or(|correlation| correlation != envelope.message.correlation) {
                        continue; // a duplicate
                    }
                    link.in_flight = None;
                    link.alarm = None;
                    if name == LinkName::Lifecycle {
                        // The controller is there: so is a feed that waits for its answer (one that is to be dialled is not).
                        let feed = self.links.get(LinkName::Feed);
                        if feed.in_flight.is_some() {
                            feed.alarm = None;
                        }
                    }
                    return Some(envelope);
                }
            }
        }
    }

    /// An answer has been carried out.
    pub fn link_goes_on(&mut self, cx: &mut Context, name: LinkName) {
        let link = self.links.get(name);
        let is_free = link.is_up && link.in_flight.is_none() && link.alarm.is_none();
        if is_free && self.link_has_work(cx, name) {
            self.link_send(cx, name);
        }
    }

    fn link_has_work(&self, cx: &Context, name: LinkName) -> bool {
        match name {
            LinkName::Lifecycle => self.life.beat_is_due,
            LinkName::Requests => !self.isr_changes.is_empty() || self.producer_ids.are_wanted(),
            LinkName::Feed => !cx.spec.version.uses_zookeeper(),
        }
    }

    /// The connection is of no more use: another one after a while, if there is something to say.
    fn link_failed(&mut self, cx: &mut Context, name: LinkName, because: Disconnect) {
        let link = self.links.get(name);
        if let Some(connection) = link.connection.take() {
            cx.close(connection, because);
        }
        let link = self.links.get(name);
        let unanswered = link.in_flight.take().is_some();
        link.is_up = false;
        link.alarm = None;
        let pause = (REDIAL * (1 << link.failures.min(5))).min(REDIAL_MAX);
        link.failures += 1;
        match name {
            LinkName::Lifecycle if unanswered && because == Disconnect::TimedOut => {
                self.life.communication_failed(cx);
            }
            LinkName::Lifecycle => self.life.beat_is_due |= unanswered,
            LinkName::Requests => self.isr_changes.lost(),
            LinkName::Feed => {}
        }
        if self.link_has_work(cx, name) {
            self.links.get(name).set_alarm(cx, name, pause);
        }
    }

    pub fn link_alarm(&mut self, cx: &mut Context, name: LinkName) {
        let link = self.links.get(name);
        if link.alarm.is_none_or(|alarm| alarm > cx.now) {
            return;
        }
        link.alarm = None;
        match link.connection {
            None => self.link_dial(cx, name),
            Some(_) if link.is_up && link.in_flight.is_none() => self.link_send(cx, name),
            // An answer or a connection that has not come in time.
            Some(_) => self.link_failed(cx, name, Disconnect::TimedOut),
        }
    }
}
