//! Machines, links and TCP connections. Bytes in flight and in a receiver's socket buffer survive a pause or a cut; a cut
//! makes packets vanish, the connection lives on and TCP resends; a closed connection still hands over what had arrived.

pub(crate) mod connections;
mod tcp;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::ids::{ConnectionId, HappeningId, MachineId, NodeId};
use crate::network::connections::Connections;
use crate::protocol::{Api, Envelope};
use crate::rng::{Purpose, Rng};
use crate::script::{ActionId, Meddling};
use crate::spec::{Link, Spec};
use crate::time::{Duration, Time};

/// One way within a machine. No other way is shorter, whatever a scenario says: what goes out and comes back takes time.
const LOOPBACK: Duration = Duration::from_micros(20);

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    Opener,
    Acceptor,
}

impl End {
    pub fn other(self) -> End {
        match self {
            End::Opener => End::Acceptor,
            End::Acceptor => End::Opener,
        }
    }
}

/// What an opener hears of its dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialled {
    Connected,
    Refused,
}

/// What reading from a connection gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    Message(Arc<Envelope>),
    /// Nothing has arrived.
    Nothing,
    /// The other end is closed and everything it sent has been read.
    Closed,
}

/// The connection is gone: nothing can be written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Data(Arc<Envelope>),
    /// The sender has closed, or its process has died.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Dialling { since: Time },
    Established,
    Closed,
}

/// One end, and what is on its way towards it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Socket {
    pub open: bool,
    pub in_flight: VecDeque<Segment>,
    /// Arrivals keep their order.
    pub last_arrival: Time,
    /// Since when packets towards this end have been vanishing, and so the order of TCP's resends.
    pub lost_since: Option<Time>,
    pub inbox: VecDeque<Arc<Envelope>>,
    pub peer_closed: bool,
    pub writes_after_close: u8,
}

#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub nodes: [NodeId; 2],
    pub machines: [MachineId; 2],
    pub state: State,
    pub sockets: [Socket; 2],
}

impl Connection {
    pub fn end_of(&self, node: NodeId) -> End {
        if self.nodes[0] == node { End::Opener } else { End::Acceptor }
    }

    pub fn node(&self, end: End) -> NodeId {
        self.nodes[end as usize]
    }

    /// From the other end's machine to this one's.
    pub fn way(&self, towards: End) -> (MachineId, MachineId) {
        (self.machines[towards.other() as usize], self.machines[towards as usize])
    }

    pub fn socket(&mut self, end: End) -> &mut Socket {
        &mut self.sockets[end as usize]
    }
}

/// A fault that waits for messages of a kind.
#[derive(Clone, Debug)]
pub(crate) struct Ambush {
    pub action: ActionId,
    pub from: NodeId,
    pub to: NodeId,
    pub api: Api,
    pub response: bool,
    pub left: u32,
    pub what: Meddling,
}

/// One direction between two machines.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub link: Link,
    /// How many cuts lie on it.
    pub cuts: u16,
    /// The action that last cut it.
    pub cut_by: Option<HappeningId>,
    pub slowed_by: Duration,
    /// When the last byte handed to it will have left.
    pub busy_until: Time,
    pub rng: Rng,
}

/// TCP's resends after the first lost packet (broker.md §9): 0.2, 0.6, 1.4, 3.0, 6.2, 12.6, 25.4 s, …
pub(crate) fn next_resend(lost_since: Time, now: Time) -> Time {
    let mut step = Duration::from_millis(200);
    let mut at = lost_since + step;
    while at < now {
        step = (step * 2).min(Duration::from_secs(120));
        at += step;
    }
    at
}

/// When TCP repeats an unanswered SYN, after the first (producer.md §4.3; Linux 6.5 and later).
pub(crate) fn redial_after(attempt: u16) -> Duration {
    const SECONDS: [u64; 7] = [1, 2, 3, 4, 5, 7, 11];
    match SECONDS.get(usize::from(attempt)) {
        Some(&at) => {
            Duration::from_secs(at - if attempt == 0 { 0 } else { SECONDS[usize::from(attempt) - 1] })
        }
        None => Duration::from_secs(8),
    }
}

#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) connections: Connections,
    /// From machine a to machine b at `a * machines + b`.
    paths: Vec<Path>,
    machines: usize,
    pub(crate) ambushes: Vec<Ambush>,
    /// Messages held by an ambush, until its entry is undone.
    pub(crate) held: Vec<(ActionId, Arc<Envelope>)>,
}

impl Network {
    pub fn new(spec: &Spec) -> Network {
        let nodes = spec.brokers.iter().map(|broker| broker.machine).chain([spec.controller.machine]);
        let clients = spec.producers.iter().map(|producer| producer.machine);
        let readers = spec.consumers.iter().map(|consumer| consumer.machine);
        let machines =
            nodes.chain(clients).chain(readers).map(|machine| usize::from(machine.0) + 1).max().unwrap_or(1);
        let plain = |way: usize| {
            let [from, to] = [way / machines, way % machines].map(|machine| MachineId(machine as u8));
            Path {
                link: spec.links.default,
                cuts: 0,
                cut_by: None,
                slowed_by: Duration::ZERO,
                busy_until: Time::ZERO,
                rng: Rng::new(spec.seed, Purpose::Path(from, to)),
            }
        };
        let mut network = Network {
            connections: Connections::default(),
            paths: (0..machines * machines).map(plain).collect(),
            machines,
            ambushes: Vec::new(),
            held: Vec::new(),
        };
        for machine in 0..machines {
            // A process talks to its own machine's others over the loopback.
            let own = &mut network.paths[machine * machines + machine].link;
            *own = Link { latency: LOOPBACK, jitter: Duration::ZERO, bytes_per_second: None };
        }
        for &(a, b, link) in &spec.links.between {
            network.path_mut(a, b).link = link;
            let is_set = |&(from, to, _): &(MachineId, MachineId, Link)| (from, to) == (b, a);
            if !spec.links.between.iter().any(is_set) {
                network.path_mut(b, a).link = link;
            }
        }
        for path in &mut network.paths {
            path.link.latency = path.link.latency.max(LOOPBACK);
        }
        network
    }

    pub(crate) fn path(&self, from: MachineId, to: MachineId) -> &Path {
        &self.paths[usize::from(from.0) * self.machines + usize::from(to.0)]
    }

    pub(crate) fn path_mut(&mut self, from: MachineId, to: MachineId) -> &mut Path {
        &mut self.paths[usize::from(from.0) * self.machines + usize::from(to.0)]
    }

    pub(crate) fn machines(&self) -> impl Iterator<Item = MachineId> + use<> {
        (0..self.machines as u8).map(MachineId)
    }

    /// Each way between the two, or between `a` and everybody.
    pub(crate) fn each_path(
        &mut self,
        a: MachineId,
        b: Option<MachineId>,
        one_way: bool,
        mut change: impl FnMut(&mut Path),
    ) {
        for other in self.machines().filter(|&other| b.map_or(other != a, |b| other == b)) {
            change(self.path_mut(a, other));
            if !one_way {
                change(self.path_mut(other, a));
            }
        }
    }

    pub fn is_cut(&self, from: MachineId, to: MachineId) -> bool {
        self.path(from, to).cuts > 0
    }

    pub(crate) fn connection(&mut self, id: ConnectionId) -> &mut Connection {
        self.connections.get_mut(id)
    }

    /// Lets go of a connection that has been closed at both ends, once nothing is under way between them.
    pub(crate) fn retire(&mut self, id: ConnectionId) {
        let connection = self.connections.get(id);
        let is_quiet = |socket: &Socket| {
            !socket.open
                && socket.in_flight.is_empty()
                && socket.inbox.is_empty()
                && socket.lost_since.is_none()
        };
        let is_over = connection.state == State::Closed && connection.sockets.iter().all(is_quiet);
        if is_over && self.held.iter().all(|(_, envelope)| envelope.connection != id) {
            self.connections.retire(id);
        }
    }
}
