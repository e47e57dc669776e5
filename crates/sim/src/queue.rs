//! What is yet to come, in order. Equal times: what was scheduled first comes first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::ids::{ConnectionId, HappeningId, NodeId};
use crate::network::End;
use crate::script::ActionId;
use crate::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next segment towards that end of a connection arrives.
    Arrive {
        connection: ConnectionId,
        towards: End,
    },
    /// A TCP connect is tried (again).
    Dial {
        connection: ConnectionId,
        attempt: u16,
    },
    /// TCP resends what a cut has swallowed.
    Resend {
        connection: ConnectionId,
        towards: End,
    },
    Timer {
        node: NodeId,
        incarnation: u16,
        timer: Timer,
    },
    /// An entry of the script is due.
    Act {
        action: ActionId,
    },
    /// An entry's duration is over.
    Undo {
        action: ActionId,
    },
    /// The next record of a load is due.
    Offer {
        action: ActionId,
    },
}

/// A node's own timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    Broker(crate::broker::BrokerTimer),
    Controller(crate::controller::ControllerTimer),
    Producer(crate::producer::ProducerTimer),
    Consumer(crate::consumer::ConsumerTimer),
}

#[derive(Clone, Copy, Debug)]
pub struct Scheduled {
    pub at: Time,
    seq: u64,
    pub cause: Option<HappeningId>,
    pub event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Scheduled) -> bool {
        (self.at, self.seq) == (other.at, other.seq)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Scheduled) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Scheduled) -> std::cmp::Ordering {
        (self.at, self.seq).cmp(&(other.at, other.seq))
    }
}

#[derive(Clone, Debug, Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<Scheduled>>,
    seq: u64,
}

impl Queue {
    pub fn push(&mut self, at: Time, cause: Option<HappeningId>, event: Event) {
        self.seq += 1;
        self.heap.push(Reverse(Scheduled { at, seq: self.seq, cause, event }));
    }

    pub fn pop(&mut self) -> Option<Scheduled> {
        self.heap.pop().map(|Reverse(scheduled)| scheduled)
    }

    pub fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(scheduled)| scheduled.at)
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}
