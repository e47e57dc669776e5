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
    Broker(crate::broker::timer::BrokerTimer),
    Controller(crate::controller::timer::ControllerTimer),
    Producer(crate::producer::timer::ProducerTimer),
    Consumer(crate::consumer::timer::ConsumerTimer),
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

/// Most of what waits is far away: timers that nobody will need. What comes next lies in a short sorted list in front of
/// the heap.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// The next one last; nothing in `later` comes before any of them.
    soon: Vec<Scheduled>,
    later: BinaryHeap<Reverse<Scheduled>>,
    seq: u64,
}

/// How many are taken from the heap at once, and the most that lie in front of it.
const TAKEN: usize = 16;
const SOON: usize = 64;

impl Queue {
    #[inline(always)] // most are the next one
    pub fn push(&mut self, at: Time, cause: Option<HappeningId>, event: Event) {
        self.seq += 1;
        if self.soon.len() < SOON && self.soon.last().is_some_and(|next| at < next.at) {
            self.soon.push(Scheduled { at, seq: self.seq, cause, event });
        } else {
            self.insert(Scheduled { at, seq: self.seq, cause, event });
        }
    }

    #[inline(never)]
    fn insert(&mut self, scheduled: Scheduled) {
        let at = scheduled.at;
        if self.soon.first().is_none_or(|last| last.at <= at) {
            return self.later.push(Reverse(scheduled));
        }
        // Equal times: this one was scheduled last.
        let after = self.soon.iter().rev().take_while(|other| other.at <= at).count();
        self.soon.insert(self.soon.len() - after, scheduled);
        if self.soon.len() > SOON {
            self.later.extend(self.soon.drain(..SOON / 2).map(Reverse));
        }
    }

    pub fn pop(&mut self) -> Option<Scheduled> {
        if self.soon.is_empty() {
            self.soon.extend((0..TAKEN).map_while(|_| self.later.pop()).map(|Reverse(scheduled)| scheduled));
            self.soon.reverse();
        }
        self.soon.pop()
    }

    /// The next one, if it is due by then.
    pub fn pop_by(&mut self, until: Time) -> Option<Scheduled> {
        if self.soon.is_empty() && self.next_at()? <= until {
            return self.pop();
        }
        self.soon.pop_if(|next| next.at <= until)
    }

    pub fn next_at(&self) -> Option<Time> {
        let next = self.soon.last().or_else(|| self.later.peek().map(|Reverse(scheduled)| scheduled));
        next.map(|scheduled| scheduled.at)
    }

    pub fn len(&self) -> usize {
        self.soon.len() + self.later.len()
    }

    pub fn is_empty(&self) -> bool {
        self.soon.is_empty() && self.later.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Queue};
    use crate::ids::ClientId;
    use crate::rng::{Purpose, Rng};
    use crate::script::ActionId;
    use crate::time::{Duration, Time};

    /// Whatever the order in which they come: by time, and at equal times by when they were scheduled.
    #[test]
    fn the_order_is_that_of_time_and_then_of_scheduling() {
        let mut rng = Rng::new(7, Purpose::Load(ClientId(0), 0));
        for spread in [1, 10, 1_000, 1_000_000] {
            let (mut queue, mut now, mut popped) = (Queue::default(), Time::ZERO, Vec::new());
            for number in 0..3_000_u32 {
                let after = Duration::from_nanos(rng.below(spread));
                queue.push(now + after, None, Event::Act { action: ActionId(number) });
                // Grows to some hundreds, then shrinks.
                let takes = if number < 1_500 { number % 3 } else { 2 };
                for _ in 0..takes {
                    assert_eq!(queue.next_at().is_none(), queue.is_empty());
                    let (next, waiting) = (queue.next_at(), queue.len());
                    let Some(scheduled) = queue.pop() else { continue };
                    assert_eq!((Some(scheduled.at), queue.len()), (next, waiting - 1));
                    now = scheduled.at;
                    popped.push((scheduled.at, scheduled.seq));
                }
            }
            popped.extend(std::iter::from_fn(|| queue.pop()).map(|scheduled| (scheduled.at, scheduled.seq)));
            assert_eq!(popped.len(), 3_000);
            assert!(popped.is_sorted(), "spread {spread}");
        }
    }
}
