//! Streams of records: what an application offers to its producer, and when.

use std::sync::Arc;

use crate::happening::Fact;
use crate::ids::NodeId;
use crate::ledger::Offered;
use crate::queue::Event;
use crate::rng::Stream;
use crate::script::{Action, ActionId, Keys, Load, Pacing};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::World;

#[derive(Clone, Debug, Default)]
struct State {
    offered: u32,
    /// When the next record is due (on the nodes' clock).
    due: Time,
    running: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Loads {
    /// By place in the script; loads only.
    states: Vec<State>,
    /// Loads whose next record is due but whose application waits: in `send()`, or for an answer.
    pub waiting: Vec<ActionId>,
    /// Values and keys are numbered strings: made once.
    keys: Vec<Arc<str>>,
}

impl Loads {
    pub fn new(spec: &Spec) -> Loads {
        Loads { states: vec![State::default(); spec.script.len()], waiting: Vec::new(), keys: Vec::new() }
    }
}

impl World {
    pub(crate) fn start_load(&mut self, action: ActionId) {
        let state = &mut self.loads.states[action.0 as usize];
        state.running = true;
        state.due = self.cx.now;
        self.offer(action);
    }

    pub(crate) fn stop_loads_of(&mut self, node: NodeId) {
        let NodeId::Producer(client) = node else { return };
        for (index, entry) in self.cx.spec.script.iter().enumerate() {
            if matches!(&entry.action, Action::Load(load) if load.producer == client) {
                self.loads.states[index].running = false;
            }
        }
        let states = &self.loads.states;
        self.loads.waiting.retain(|action| states[action.0 as usize].running);
    }

    /// Loads that were held up: their application may be free again.
    pub(crate) fn offer_waiting(&mut self) {
        for action in std::mem::take(&mut self.loads.waiting) {
            self.offer(action);
        }
    }

    /// The next record of a load is due.
    pub(crate) fn offer(&mut self, action: ActionId) {
        let spec = Arc::clone(&self.cx.spec);
        let Action::Load(load) = &spec.script[action.0 as usize].action else { return };
        let place = action.0 as usize;
        if !self.loads.states[place].running {
            return;
        }
        let node = NodeId::Producer(load.producer);
        let process = self.cx.process(node);
        if !process.running {
            self.loads.states[place].running = false;
            return;
        }
        let producer = &self.producers[usize::from(load.producer.0)];
        let full = match load.pacing {
            Pacing::Outstanding { limit, .. } => producer.unanswered() >= limit,
            Pacing::Every { .. } | Pacing::Poisson { .. } => false,
        };
        if producer.is_blocked() || full || process.paused {
            self.loads.waiting.push(action);
            return;
        }
        let number = self.loads.states[place].offered;
        let record = self.next_record(load, number);
        let record = self.cx.ledger.offer(record);
        let cause = self.cx.cause;
        self.enter(node, cause);
        self.producers[usize::from(load.producer.0)].send(&mut self.cx, record);
        self.leave(node);
        self.cx.cause = cause;
        let state = &mut self.loads.states[place];
        state.offered += 1;
        if state.offered == load.count {
            state.running = false;
            self.cx.note_at(node, Fact::LoadCompleted { action });
            return;
        }
        let gap = match load.pacing {
            Pacing::Every { gap } | Pacing::Outstanding { gap, .. } => gap,
            Pacing::Poisson { gap } => self.cx.rngs.exponential(Stream::Load, gap),
        };
        let state = &mut self.loads.states[place];
        // The schedule stands, whatever held the last record up: what is in arrears follows as fast as the client can.
        state.due += gap;
        let at = state.due.max(self.cx.now + spec.costs.send.max(Duration::from_nanos(1)));
        if matches!(load.pacing, Pacing::Outstanding { .. }) {
            state.due = at;
        }
        self.cx.queue.push(at, cause, Event::Offer { action });
    }

    fn next_record(&mut self, load: &Load, number: u32) -> Offered {
        let key = match load.keys {
            Keys::None => None,
            Keys::Uniform { count } => Some(self.cx.rngs.below(Stream::Load, u64::from(count)) as u32),
            Keys::RoundRobin { count } => Some(number % count),
            Keys::Hot { count, hot_permille } => {
                let hot = self.cx.rngs.below(Stream::Load, 1_000) < u64::from(hot_permille);
                let other = self.cx.rngs.below(Stream::Load, u64::from(count.max(2) - 1)) as u32 + 1;
                Some(if hot { 0 } else { other })
            }
        };
        let key = key.map(|key| self.key(key));
        let value = format!("{}{:0width$}", load.prefix, number, width = load.digits as usize);
        Offered {
            producer: load.producer,
            topic: load.topic,
            partition: load.partition,
            key,
            value_bytes: load.value_bytes.max(value.len() as u32),
            value: value.into(),
            serializable: true,
            at: self.cx.run_time(),
        }
    }

    fn key(&mut self, number: u32) -> Arc<str> {
        let keys = &mut self.loads.keys;
        while keys.len() <= number as usize {
            keys.push(format!("k{}", keys.len()).into());
        }
        Arc::clone(&keys[number as usize])
    }
}
