//! TCP as nodes see it: connections that are dialled, bytes that keep their order, resends after a cut, and what a closed
//! connection still hands over.

use std::sync::Arc;

use crate::happening::{Disconnect, Fact};
use crate::ids::{ConnectionId, HappeningId, MachineId, NodeId};
use crate::network::{
    Ambush, Broken, Connection, End, Read, Segment, Socket, State, next_resend, redial_after,
};
use crate::protocol::{Body, Envelope, Message};
use crate::script::{ActionId, Meddling};
use crate::time::Duration;
use crate::world::context::{BEFORE_THE_BEGINNING, Context};
use crate::world::queue::Event;

impl Context {
    /// Opens a TCP connection; `on_dialled` hears how it went. Packets that vanish are tried again until somebody closes it.
    pub fn connect(&mut self, to: NodeId) -> ConnectionId {
        let connection = self.network.connections.open(Connection {
            nodes: [self.node, to],
            machines: [self.spec.machine_of(self.node), self.spec.machine_of(to)],
            state: State::Dialling { since: self.now },
            sockets: [Socket { open: true, ..Socket::default() }, Socket::default()],
        });
        self.note(Fact::Connecting { connection, to });
        self.dial(connection, 0);
        connection
    }

    /// One SYN. It needs both ways free; otherwise TCP repeats it.
    pub(crate) fn dial(&mut self, connection: ConnectionId, attempt: u16) {
        let held = self.network.connection(connection);
        let (acceptor, [from, to]) = (held.node(End::Acceptor), held.machines);
        if held.state == State::Closed {
            return;
        }
        let dark = self.process(acceptor).dark;
        if dark || self.network.is_cut(from, to) || self.network.is_cut(to, from) {
            let event = Event::Dial { connection, attempt: attempt + 1 };
            self.queue.push(self.now + redial_after(attempt), self.cause, event);
            return;
        }
        let there = self.latency(from, to, 0);
        let back = self.latency(to, from, 0);
        let process = self.process(acceptor);
        // A stopped process's kernel still accepts.
        let accepted = process.running && process.listening;
        let state = if accepted { State::Established } else { State::Closed };
        if accepted {
            let established = self.network.connection(connection);
            established.socket(End::Acceptor).open = true;
        }
        // The outcome is decided on arrival of the SYN; the opener learns it a round trip after it dialled.
        let held = self.network.connection(connection);
        held.state = state;
        held.socket(End::Opener).last_arrival = self.now + there + back;
        held.socket(End::Acceptor).last_arrival = self.now + there;
        let at = self.now + there + back;
        self.queue.push(at, self.cause, Event::Dial { connection, attempt: u16::MAX });
    }

    /// Time from sending to arrival: what lies before it on the link, transmission, propagation, jitter.
    fn latency(&mut self, from: MachineId, to: MachineId, bytes: u32) -> Duration {
        let now = self.now;
        let path = self.network.path_mut(from, to);
        let mut sent = now;
        if let Some(rate) = path.link.bytes_per_second {
            let start = path.busy_until.max(now);
            sent = start + Duration::from_nanos(u64::from(bytes).saturating_mul(1_000_000_000) / rate.max(1));
            path.busy_until = sent;
        }
        let (latency, jitter) = (path.link.latency + path.slowed_by, path.link.jitter);
        sent.since(now) + latency + path.rng.between(Duration::ZERO, jitter)
    }

    /// Hands a message to the connection. The bytes are the kernel's from here on.
    pub fn send(&mut self, connection: ConnectionId, correlation: u32, body: Body) -> Result<(), Broken> {
        let held = self.network.connection(connection);
        let end = held.end_of(self.node);
        let towards = end.other();
        let to = held.node(towards);
        let state = held.state;
        let socket = held.socket(end);
        if !socket.open || state != State::Established {
            return Err(Broken);
        }
        if socket.peer_closed {
            // The first write after the peer has gone still succeeds: only its echo tells (producer.md §4.14b).
            socket.writes_after_close = socket.writes_after_close.saturating_add(1);
            if socket.writes_after_close > 1 {
                return Err(Broken);
            }
        }
        let bytes = body.bytes();
        let sent = HappeningId(self.next_happening);
        let envelope = Envelope {
            connection,
            from: self.node,
            to,
            bytes,
            sent,
            refuse: None,
            message: Message { correlation, body },
        };
        self.dispatch(envelope, towards);
        Ok(())
    }

    fn dispatch(&mut self, mut envelope: Envelope, towards: End) {
        let connection = envelope.connection;
        let meddling = if self.network.ambushes.is_empty() { None } else { self.spring(&envelope) };
        if let Some((_, Meddling::Refuse(error))) = meddling {
            envelope.refuse = Some(error);
        }
        let bytes = envelope.bytes;
        let envelope = Arc::new(envelope);
        let sent = self.note(Fact::MessageSent { envelope: Arc::clone(&envelope) });
        let outer = self.cause.replace(sent);
        let (from, to) = self.network.connection(connection).way(towards);
        let mut delay = self.latency(from, to, bytes);
        match meddling {
            None | Some((_, Meddling::Refuse(_))) => {
                self.transmit(connection, towards, Segment::Data(envelope), delay)
            }
            Some((_, Meddling::Delay(more))) => {
                delay += more;
                self.transmit(connection, towards, Segment::Data(envelope), delay);
            }
            Some((_, Meddling::Duplicate)) => {
                self.transmit(connection, towards, Segment::Data(Arc::clone(&envelope)), delay);
                self.transmit(connection, towards, Segment::Data(envelope), delay);
            }
            Some((_, Meddling::Drop)) => _ = self.note(Fact::MessageLost { sent }),
            Some((action, Meddling::Hold)) => self.network.held.push((action, envelope)),
        }
        self.cause = outer;
    }

    /// The first ambush that waits for such a message, if any.
    fn spring(&mut self, envelope: &Envelope) -> Option<(ActionId, Meddling)> {
        let (api, response) = (envelope.message.body.api(), !envelope.message.body.is_request());
        let matches = |ambush: &Ambush| {
            (ambush.from, ambush.to, ambush.api, ambush.response)
                == (envelope.from, envelope.to, api, response)
        };
        let place = self.network.ambushes.iter().position(matches)?;
        let ambush = &mut self.network.ambushes[place];
        let found = (ambush.action, ambush.what);
        ambush.left -= 1;
        if ambush.left == 0 {
            self.network.ambushes.remove(place);
        }
        Some(found)
    }

    /// Lets go what an ambush has held.
    pub(crate) fn release(&mut self, action: ActionId) {
        let held = std::mem::take(&mut self.network.held);
        let (mine, rest) = held.into_iter().partition(|(holder, _)| *holder == action);
        self.network.held = rest;
        let mine: Vec<(ActionId, Arc<Envelope>)> = mine;
        for (_, envelope) in mine {
            let connection = envelope.connection;
            let towards = self.network.connection(connection).end_of(envelope.to);
            let outer = self.cause.replace(envelope.sent);
            self.transmit(connection, towards, Segment::Data(envelope), Duration::ZERO);
            self.cause = outer;
        }
    }

    fn transmit(&mut self, connection: ConnectionId, towards: End, segment: Segment, delay: Duration) {
        let now = self.now;
        let socket = self.network.connection(connection).socket(towards);
        socket.in_flight.push_back(segment);
        if socket.lost_since.is_none() {
            socket.last_arrival = socket.last_arrival.max(now + delay);
            let at = socket.last_arrival;
            self.queue.push(at, self.cause, Event::Arrive { connection, towards });
        }
    }

    /// A segment is due at an end. True where the node there has something to read.
    pub(crate) fn arrive(&mut self, connection: ConnectionId, towards: End) -> bool {
        if self.network.connections.is_over(connection) {
            return false;
        }
        let is_readable = self.take_arrival(connection, towards);
        if !is_readable {
            self.network.retire(connection);
        }
        is_readable
    }

    fn take_arrival(&mut self, connection: ConnectionId, towards: End) -> bool {
        let now = self.now;
        let held = self.network.connection(connection);
        let (from, to) = (held.node(towards.other()), held.node(towards));
        let (from_machine, to_machine) = held.way(towards);
        if held.socket(towards).lost_since.is_some() {
            return false; // waits for the resend
        }
        let dark = self.process(to).dark || self.process(from).dark;
        if dark || self.network.is_cut(from_machine, to_machine) {
            // Everything behind the lost packet waits with it.
            self.network.connection(connection).socket(towards).lost_since = Some(now);
            return false;
        }
        let socket = self.network.connection(connection).socket(towards);
        let open = socket.open;
        let Some(segment) = socket.in_flight.pop_front() else { return false };
        match segment {
            Segment::Data(envelope) if open => {
                let cause = self.cause;
                self.cause = Some(envelope.sent);
                if envelope.sent.0 < BEFORE_THE_BEGINNING {
                    self.note_at(to, Fact::MessageArrived { sent: envelope.sent });
                }
                self.cause = cause;
                self.network.connection(connection).socket(towards).inbox.push_back(envelope);
                true
            }
            Segment::Data(envelope) => {
                self.note_lost(to, envelope.sent);
                // Nobody is there: a reset goes back.
                self.close_end(connection, towards);
                self.transmit_close(connection, towards.other());
                false
            }
            Segment::Close => {
                socket.peer_closed = true;
                open
            }
        }
    }

    /// That end will read that the other one is closed.
    pub(crate) fn transmit_close(&mut self, connection: ConnectionId, towards: End) {
        let held = self.network.connection(connection);
        if held.socket(towards).peer_closed {
            return;
        }
        let (from, to) = held.way(towards);
        let delay = self.latency(from, to, 0);
        self.transmit(connection, towards, Segment::Close, delay);
    }

    /// Reads the next message that has arrived here. What is read becomes the cause of what follows.
    pub fn read(&mut self, connection: ConnectionId) -> Read {
        let held = self.network.connection(connection);
        let end = held.end_of(self.node);
        let socket = held.socket(end);
        match socket.inbox.pop_front() {
            Some(envelope) => {
                self.cause = Some(envelope.sent);
                Read::Message(envelope)
            }
            None if socket.peer_closed || !socket.open => Read::Closed,
            None => Read::Nothing,
        }
    }

    /// Bytes handed to this end of the connection wait unread.
    pub fn unread(&self, connection: ConnectionId) -> usize {
        let held = self.network.connections.get(connection);
        held.sockets[held.end_of(self.node) as usize].inbox.len()
    }

    /// Closes this end. What was sent before still arrives; what is unread here is lost.
    pub fn close(&mut self, connection: ConnectionId, because: Disconnect) {
        let held = self.network.connection(connection);
        let end = held.end_of(self.node);
        let peer = held.node(end.other());
        if !held.socket(end).open {
            return;
        }
        let was_established = held.state == State::Established;
        self.close_end(connection, end);
        if was_established {
            self.transmit_close(connection, end.other());
        }
        self.note(Fact::Disconnected { connection, peer, because });
        self.network.retire(connection);
    }

    /// The end is gone, with what nobody has read.
    fn close_end(&mut self, connection: ConnectionId, end: End) {
        let held = self.network.connection(connection);
        let socket = held.socket(end);
        socket.open = false;
        let unread = std::mem::take(&mut socket.inbox);
        let node = held.node(end);
        let both_closed = held.sockets.iter().all(|socket| !socket.open);
        if both_closed || matches!(held.state, State::Dialling { .. }) {
            held.state = State::Closed;
        }
        for envelope in unread {
            self.note_lost(node, envelope.sent);
        }
    }

    fn note_lost(&mut self, node: NodeId, sent: HappeningId) {
        if sent.0 < BEFORE_THE_BEGINNING {
            self.note_at(node, Fact::MessageLost { sent });
        }
    }

    /// Every connection of a node whose process has ended. In the dark no packet tells the peers.
    pub(crate) fn drop_connections(&mut self, node: NodeId, dark: bool) {
        for connection in self.network.connections.ids() {
            let held = self.network.connection(connection);
            if held.state == State::Closed || !held.nodes.contains(&node) {
                continue;
            }
            let end = held.end_of(node);
            if !held.socket(end).open {
                continue;
            }
            let established = held.state == State::Established;
            self.close_end(connection, end);
            if established && !dark {
                self.transmit_close(connection, end.other());
            }
            self.network.retire(connection);
        }
    }

    /// Packets from one machine to another get through again: TCP resends at its own pace.
    pub(crate) fn resume_path(&mut self) {
        for connection in self.network.connections.ids() {
            for towards in [End::Opener, End::Acceptor] {
                let held = self.network.connection(connection);
                let Some(lost_since) = held.socket(towards).lost_since else { continue };
                let (from, to) = (held.node(towards.other()), held.node(towards));
                let (from_machine, to_machine) = held.way(towards);
                let dark = self.process(from).dark || self.process(to).dark;
                if !dark && !self.network.is_cut(from_machine, to_machine) {
                    let at = next_resend(lost_since, self.now);
                    self.queue.push(at, self.cause, Event::Resend { connection, towards });
                }
            }
        }
    }

    /// TCP's resend: if the path is free, everything that waits arrives one latency later, in order.
    pub(crate) fn resend(&mut self, connection: ConnectionId, towards: End) {
        let held = self.network.connection(connection);
        let (from, to) = (held.node(towards.other()), held.node(towards));
        let (from_machine, to_machine) = held.way(towards);
        if held.socket(towards).lost_since.is_none() {
            return;
        }
        if self.process(from).dark || self.process(to).dark || self.network.is_cut(from_machine, to_machine) {
            return; // cut again: the next healing schedules the next resend
        }
        let delay = self.latency(from_machine, to_machine, 0);
        let socket = self.network.connection(connection).socket(towards);
        socket.lost_since = None;
        socket.last_arrival = self.now + delay;
        let (at, waiting) = (socket.last_arrival, socket.in_flight.len());
        for _ in 0..waiting {
            self.queue.push(at, self.cause, Event::Arrive { connection, towards });
        }
    }
}
