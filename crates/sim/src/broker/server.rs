//! The broker's end of the connections that others open to it: one request at a time on each, a pool of request
//! handlers for all of them, and requests that wait in a purgatory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broker::replicas::fetch::ParkedFetch;
use crate::broker::replicas::produce::ParkedProduce;
use crate::broker::{Broker, BrokerTimer};
use crate::happening::Disconnect;
use crate::ids::{ConnectionId, Partition};
use crate::network::{Broken, Read};
use crate::protocol::{Body, Envelope};
use crate::time::{Duration, Time};
use crate::world::context::Context;
use crate::world::queue::Timer;

/// A handler's time with a request, at the least.
const LEAST_COST: Duration = Duration::from_micros(1);
/// A connection has one request in hand at a time: handlers beyond the number of connections are never busy.
const MOST_HANDLERS: u32 = 256;

#[derive(Clone, Debug)]
pub struct Channel {
    connection: ConnectionId,
    pub serving: Serving,
    /// The earliest purgatory timer on its way for this channel; one serves many requests in turn.
    alarm: Time,
}

/// The one request that has been read and not yet answered.
#[derive(Clone, Debug)]
pub enum Serving {
    Nothing,
    /// In that handler's hands, or next in its row.
    Handler {
        envelope: Arc<Envelope>,
        handler: u16,
    },
    /// All handlers hang in the stalled disk.
    Backlog(Arc<Envelope>),
    Produce(ParkedProduce),
    Fetch(ParkedFetch),
    /// InitProducerId, until the controller has given out another block.
    ProducerId {
        correlation: u32,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Server {
    /// Ascending by connection.
    channels: Vec<Channel>,
    /// When each request handler will have done what it has been given.
    handlers: Vec<Time>,
    /// Requests whose write hangs, in order, each with its handler.
    hanging: VecDeque<ConnectionId>,
    backlog: VecDeque<ConnectionId>,
}

impl Server {
    /// As many as `num.io.threads` says; nobody allocates what that can say.
    pub fn new(handlers: u32) -> Server {
        let handlers = handlers.clamp(1, MOST_HANDLERS) as usize;
        Server { handlers: vec![Time::ZERO; handlers], ..Server::default() }
    }

    fn place(&self, connection: ConnectionId) -> Result<usize, usize> {
        self.channels.binary_search_by_key(&connection, |channel| channel.connection)
    }

    pub fn channel(&mut self, connection: ConnectionId) -> Option<&mut Channel> {
        let place = self.place(connection).ok()?;
        Some(&mut self.channels[place])
    }

    /// The channel of a connection that somebody has opened to this broker.
    pub fn accept(&mut self, connection: ConnectionId) -> &mut Channel {
        let place = match self.place(connection) {
            Ok(place) => place,
            Err(place) => {
                let channel = Channel { connection, serving: Serving::Nothing, alarm: Time::NEVER };
                self.channels.insert(place, channel);
                place
            }
        };
        &mut self.channels[place]
    }

    fn remove(&mut self, connection: ConnectionId) {
        if let Ok(place) = self.place(connection) {
            self.channels.remove(place);
        }
    }

    /// Takes the request out of a purgatory or a handler; the channel still counts as serving it.
    fn take(&mut self, connection: ConnectionId) -> Option<Serving> {
        self.channel(connection).map(|channel| std::mem::replace(&mut channel.serving, Serving::Nothing))
    }

    pub fn take_produce(&mut self, connection: ConnectionId) -> Option<ParkedProduce> {
        match &self.channel(connection)?.serving {
            Serving::Produce(_) => match self.take(connection)? {
                Serving::Produce(parked) => Some(parked),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn take_fetch(&mut self, connection: ConnectionId) -> Option<ParkedFetch> {
        match &self.channel(connection)?.serving {
            Serving::Fetch(_) => match self.take(connection)? {
                Serving::Fetch(parked) => Some(parked),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn waits_for(&self, connection: ConnectionId, partition: Partition) -> bool {
        self.place(connection).is_ok_and(|place| match &self.channels[place].serving {
            Serving::Produce(parked) => parked.waits_for(partition),
            _ => false,
        })
    }

    pub fn connections(&self) -> Vec<ConnectionId> {
        self.channels.iter().map(|channel| channel.connection).collect()
    }

    pub fn waiting_for_producer_ids(&self) -> impl Iterator<Item = (ConnectionId, u32)> + '_ {
        self.channels.iter().filter_map(|channel| match channel.serving {
            Serving::ProducerId { correlation } => Some((channel.connection, correlation)),
            _ => None,
        })
    }
}

impl Broker {
    /// Reads the next request of a connection, unless one is still in hand.
    pub(super) fn serve(&mut self, cx: &mut Context, connection: ConnectionId) {
        let channel = self.memory.server.accept(connection);
        if !matches!(channel.serving, Serving::Nothing) {
            return;
        }
        match cx.read(connection) {
            Read::Message(envelope) => self.hand_over(cx, connection, envelope),
            Read::Nothing => {}
            Read::Closed => self.hang_up(cx, connection, Disconnect::ByPeer),
        }
    }

    /// To the handler that is free first. One event serves queue and handling alike.
    fn hand_over(&mut self, cx: &mut Context, connection: ConnectionId, envelope: Arc<Envelope>) {
        let cost = self.cost_of(cx, &envelope);
        let server = &mut self.memory.server;
        let (handler, free_at) = (0u16..)
            .zip(&mut server.handlers)
            .min_by_key(|(_, free_at)| **free_at)
            .expect("at least one handler");
        let serving = if *free_at == Time::NEVER {
            server.backlog.push_back(connection);
            Serving::Backlog(envelope)
        } else {
            *free_at = cx.now.max(*free_at) + cost;
            cx.set_timer_at(*free_at, Timer::Broker(BrokerTimer::Handled(connection)));
            Serving::Handler { envelope, handler }
        };
        server.accept(connection).serving = serving;
    }

    fn cost_of(&self, cx: &Context, envelope: &Envelope) -> Duration {
        let costs = &cx.spec.costs;
        let mut cost = costs.request.max(LEAST_COST) + self.slowed_by;
        if let Body::ProduceRequest(request) = &envelope.message.body {
            for (partition, batch) in &request.partitions {
                cost += self.cost_of_append(cx, *partition, 1, batch.count(), batch.bytes);
            }
        }
        cost
    }

    /// A handler's time with a request is over: now it takes effect.
    pub(super) fn handled(&mut self, cx: &mut Context, connection: ConnectionId) {
        let Some(Serving::Handler { envelope, handler }) = self.memory.server.take(connection) else {
            return; // the connection is gone
        };
        let hangs = self.memory.server.handlers[usize::from(handler)] == Time::NEVER;
        if hangs {
            // Another request before this one has got stuck in that handler.
            return self.hand_over(cx, connection, envelope);
        }
        if self.disk.stalled && matches!(envelope.message.body, Body::ProduceRequest(_)) {
            let server = &mut self.memory.server;
            server.handlers[usize::from(handler)] = Time::NEVER;
            server.hanging.push_back(connection);
            server.accept(connection).serving = Serving::Handler { envelope, handler };
            return;
        }
        self.handle(cx, connection, envelope);
    }

    /// The disk writes again: what hung takes effect, and the handlers go on.
    pub(super) fn disk_resumes(&mut self, cx: &mut Context) {
        while let Some(connection) = self.memory.server.hanging.pop_front() {
            if let Some(Serving::Handler { envelope, handler }) = self.memory.server.take(connection) {
                self.memory.server.handlers[usize::from(handler)] = cx.now;
                cx.cause = Some(envelope.sent);
                self.handle(cx, connection, envelope);
            }
        }
        while let Some(connection) = self.memory.server.backlog.pop_front() {
            if let Some(Serving::Backlog(envelope)) = self.memory.server.take(connection) {
                cx.cause = Some(envelope.sent);
                self.hand_over(cx, connection, envelope);
            }
        }
    }

    /// Writes the answer and reads the next request. What leads to the answer is `cx.cause`.
    pub(super) fn answer(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        correlation: u32,
        body: Body,
    ) {
        let Some(channel) = self.memory.server.channel(connection) else { return };
        channel.serving = Serving::Nothing;
        let cause = cx.cause;
        match cx.send(connection, correlation, body) {
            Ok(()) => self.serve(cx, connection),
            // What else lies unread in it is lost (producer.md §4.14b).
            Err(Broken) => self.hang_up(cx, connection, Disconnect::ByPeer),
        }
        cx.cause = cause;
    }

    /// The request asks for no answer.
    pub(super) fn no_answer(&mut self, cx: &mut Context, connection: ConnectionId) {
        if let Some(channel) = self.memory.server.channel(connection) {
            channel.serving = Serving::Nothing;
            let cause = cx.cause;
            self.serve(cx, connection);
            cx.cause = cause;
        }
    }

    pub(super) fn hang_up(&mut self, cx: &mut Context, connection: ConnectionId, because: Disconnect) {
        self.memory.server.remove(connection);
        cx.close(connection, because);
    }

    /// Into a purgatory until `deadline` at the latest.
    pub(super) fn park(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        serving: Serving,
        deadline: Time,
    ) {
        let Some(channel) = self.memory.server.channel(connection) else { return };
        channel.serving = serving;
        if deadline < channel.alarm {
            channel.alarm = deadline;
            cx.set_timer_at(deadline, Timer::Broker(BrokerTimer::Purgatory(connection)));
        }
    }

    /// A purgatory timer is due; by now it may serve a later request than the one that set it.
    pub(super) fn purgatory(&mut self, cx: &mut Context, connection: ConnectionId) {
        let Some(channel) = self.memory.server.channel(connection) else { return };
        if channel.alarm > cx.now {
            return; // an earlier one has been set since
        }
        channel.alarm = Time::NEVER;
        let deadline = match &channel.serving {
            Serving::Produce(parked) => parked.deadline,
            Serving::Fetch(parked) => parked.deadline,
            Serving::Nothing | Serving::Handler { .. } | Serving::Backlog(_) | Serving::ProducerId { .. } => {
                return;
            }
        };
        if deadline > cx.now {
            channel.alarm = deadline;
            return cx.set_timer_at(deadline, Timer::Broker(BrokerTimer::Purgatory(connection)));
        }
        match self.memory.server.take(connection) {
            Some(Serving::Produce(parked)) => self.expire_produce(cx, connection, parked),
            Some(Serving::Fetch(parked)) => self.complete_fetch(cx, connection, parked),
            _ => {}
        }
    }
}
