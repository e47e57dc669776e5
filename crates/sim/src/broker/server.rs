//! The connections that others open to this broker: one request at a time on each, and a pool of request handlers for
//! all of them. What a request means is not known here, only how long a handler takes for it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::timer::BrokerTimer;
use crate::happening::Disconnect;
use crate::ids::ConnectionId;
use crate::network::{Broken, Read};
use crate::protocol::{Body, Envelope};
use crate::time::Time;
use crate::world::context::Context;
use crate::world::queue::Timer;

/// A connection has one request in hand at a time: handlers beyond the number of connections are never busy.
const MOST_HANDLERS: u32 = 256;

#[derive(Clone, Debug)]
struct Channel {
    connection: ConnectionId,
    serving: Serving,
    /// Of the request that was read last.
    correlation: u32,
}

/// The one request that has been read and not yet answered.
#[derive(Clone, Debug)]
enum Serving {
    Nothing,
    /// In that handler's hands, or next in its row.
    Handler {
        envelope: Arc<Envelope>,
        handler: u16,
    },
    /// All handlers hang in the stalled disk.
    Backlog(Arc<Envelope>),
    /// The handler is done with it; it may wait for something.
    Handled,
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

    fn channel(&mut self, connection: ConnectionId) -> Option<&mut Channel> {
        let place = self.place(connection).ok()?;
        Some(&mut self.channels[place])
    }

    /// The channel of a connection that somebody has opened to this broker.
    fn accept(&mut self, connection: ConnectionId) -> &mut Channel {
        let place = match self.place(connection) {
            Ok(place) => place,
            Err(place) => {
                let channel = Channel { connection, serving: Serving::Nothing, correlation: 0 };
                self.channels.insert(place, channel);
                place
            }
        };
        &mut self.channels[place]
    }

    /// Reads the next request of a connection, unless one is still in hand.
    pub fn serve(&mut self, cx: &mut Context, replicas: &Replicas, image: &Image, connection: ConnectionId) {
        if !matches!(self.accept(connection).serving, Serving::Nothing) {
            return;
        }
        match cx.read(connection) {
            Read::Message(envelope) => self.hand_over(cx, replicas, image, connection, envelope),
            Read::Nothing => {}
            Read::Closed => self.hang_up(cx, connection, Disconnect::ByPeer),
        }
    }

    /// To the handler that is free first. One event serves queue and handling alike.
    fn hand_over(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        image: &Image,
        connection: ConnectionId,
        envelope: Arc<Envelope>,
    ) {
        let cost = replicas.cost_of_request(cx, image, &envelope);
        let correlation = envelope.message.correlation;
        let (handler, free_at) = (0u16..)
            .zip(&mut self.handlers)
            .min_by_key(|(_, free_at)| **free_at)
            .expect("at least one handler");
        let serving = if *free_at == Time::NEVER {
            self.backlog.push_back(connection);
            Serving::Backlog(envelope)
        } else {
            *free_at = cx.now.max(*free_at) + cost;
            cx.set_timer_at(*free_at, Timer::Broker(BrokerTimer::Handled(connection)));
            Serving::Handler { envelope, handler }
        };
        let channel = self.accept(connection);
        (channel.serving, channel.correlation) = (serving, correlation);
    }

    /// A handler's time with a request is over. Returns the request if it takes effect now.
    pub fn handled(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        image: &Image,
        connection: ConnectionId,
    ) -> Option<Arc<Envelope>> {
        let (envelope, handler) = self.take(connection)?; // None: the connection is gone
        if self.handlers[usize::from(handler)] == Time::NEVER {
            // Another request before this one has got stuck in that handler.
            self.hand_over(cx, replicas, image, connection, envelope);
            return None;
        }
        if replicas.disk.stalled && matches!(envelope.message.body, Body::ProduceRequest(_)) {
            self.handlers[usize::from(handler)] = Time::NEVER;
            self.hanging.push_back(connection);
            self.accept(connection).serving = Serving::Handler { envelope, handler };
            return None;
        }
        Some(envelope)
    }

    fn take(&mut self, connection: ConnectionId) -> Option<(Arc<Envelope>, u16)> {
        let channel = self.channel(connection)?;
        match std::mem::replace(&mut channel.serving, Serving::Handled) {
            Serving::Handler { envelope, handler } => Some((envelope, handler)),
            other => {
                channel.serving = other;
                None
            }
        }
    }

    /// The disk writes again: the next request that hung takes effect, and its handler goes on.
    pub fn next_hanging(&mut self, cx: &mut Context) -> Option<(ConnectionId, Arc<Envelope>)> {
        while let Some(connection) = self.hanging.pop_front() {
            if let Some((envelope, handler)) = self.take(connection) {
                self.handlers[usize::from(handler)] = cx.now;
                cx.cause = Some(envelope.sent);
                return Some((connection, envelope));
            }
        }
        None
    }

    /// Handlers go on with what has come in while all of them hung.
    pub fn resume(&mut self, cx: &mut Context, replicas: &Replicas, image: &Image) {
        while let Some(connection) = self.backlog.pop_front() {
            if let Some(channel) = self.channel(connection)
                && let Serving::Backlog(envelope) = &channel.serving
            {
                let envelope = Arc::clone(envelope);
                cx.cause = Some(envelope.sent);
                self.hand_over(cx, replicas, image, connection, envelope);
            }
        }
    }

    /// Writes the answer and reads the next request. What leads to the answer is `cx.cause`.
    pub fn answer(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        image: &Image,
        connection: ConnectionId,
        body: Body,
    ) {
        let Some(channel) = self.channel(connection) else { return };
        channel.serving = Serving::Nothing;
        let correlation = channel.correlation;
        let cause = cx.cause;
        match cx.send(connection, correlation, body) {
            Ok(()) => self.serve(cx, replicas, image, connection),
            // What else lies unread in it is lost (producer.md §4.14b).
            Err(Broken) => self.hang_up(cx, connection, Disconnect::ByPeer),
        }
        cx.cause = cause;
    }

    /// The request asks for no answer.
    pub fn no_answer(
        &mut self,
        cx: &mut Context,
        replicas: &Replicas,
        image: &Image,
        connection: ConnectionId,
    ) {
        if let Some(channel) = self.channel(connection) {
            channel.serving = Serving::Nothing;
            let cause = cx.cause;
            self.serve(cx, replicas, image, connection);
            cx.cause = cause;
        }
    }

    pub fn hang_up(&mut self, cx: &mut Context, connection: ConnectionId, because: Disconnect) {
        if let Ok(place) = self.place(connection) {
            self.channels.remove(place);
        }
        cx.close(connection, because);
    }

    /// Every connection is closed.
    pub fn close(&mut self, cx: &mut Context) {
        for channel in std::mem::take(&mut self.channels) {
            cx.close(channel.connection, Disconnect::Closed);
        }
    }

    /// A connection whose request a test handles itself.
    #[cfg(test)]
    pub fn accept_for_test(&mut self, connection: ConnectionId) {
        self.accept(connection);
    }
}
