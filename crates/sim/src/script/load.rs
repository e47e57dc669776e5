//! Streams of records: what an application offers to its producer, and when.

use crate::audit::ledger::{Ledger, Offered, Text};
use crate::happening::Fact;
use crate::ids::NodeId;
use crate::rng::{Purpose, Rng};
use crate::script::{Action, ActionId, Keys, Load, Pacing};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::World;
use crate::world::queue::Event;

#[derive(Clone, Debug)]
struct State {
    offered: u32,
    /// When the next record is due (on the nodes' clock).
    due: Time,
    running: bool,
    values: Values,
    /// Spacing and keys.
    rng: Rng,
}

/// Numbered values of one length, made together: they are pieces of one text.
#[derive(Clone, Copy, Debug, Default)]
struct Values {
    text: Text,
    first: u32,
    count: u32,
    /// Of one value, in bytes.
    length: u32,
}

impl Values {
    #[inline(always)] // it is one comparison, mostly
    fn at(&mut self, ledger: &mut Ledger, load: &Load, number: u32) -> Text {
        if number.wrapping_sub(self.first) >= self.count {
            *self = Values::from(ledger, load, number);
        }
        let from = (number - self.first) * self.length;
        self.text.piece(from, from + self.length)
    }

    #[inline(never)]
    fn from(ledger: &mut Ledger, load: &Load, first: u32) -> Values {
        const TOGETHER: u32 = 128;
        let digits = first.checked_ilog10().unwrap_or(0) + 1;
        let longer = 10_u64.pow(digits) - u64::from(first);
        let count = u64::from(TOGETHER.min(load.count.saturating_sub(first).max(1))).min(longer) as u32;
        let width = digits.max(load.digits) as usize;
        let mut value = format!("{}{first:0width$}", load.prefix).into_bytes();
        let mut text = Vec::with_capacity(value.len() * count as usize);
        for _ in 0..count {
            text.extend_from_slice(&value);
            for digit in value[load.prefix.len()..].iter_mut().rev() {
                if *digit < b'9' {
                    *digit += 1;
                    break;
                }
                *digit = b'0';
            }
        }
        let text = String::from_utf8(text).expect("texts and digits");
        Values { text: ledger.keep(text), first, count, length: value.len() as u32 }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Loads {
    /// By place in the script; loads only.
    states: Vec<Option<State>>,
    /// Loads whose next record is due but whose application waits: in `send()`, or for an answer.
    pub waiting: Vec<ActionId>,
    /// Numbered strings, made once.
    keys: Vec<Text>,
}

impl Loads {
    pub fn new(spec: &Spec) -> Loads {
        let mut loads = vec![0; spec.producers.len()];
        let states = spec.script.iter().map(|entry| {
            let Action::Load(load) = &entry.action else { return None };
            let before = &mut loads[usize::from(load.producer.0)];
            *before += 1;
            Some(State {
                offered: 0,
                due: Time::ZERO,
                running: false,
                values: Values::default(),
                rng: Rng::new(spec.seed, Purpose::Load(load.producer, *before)),
            })
        });
        let states = states.collect();
        Loads { states, waiting: Vec::new(), keys: Vec::new() }
    }

    fn state(&mut self, action: ActionId) -> &mut State {
        self.states[action.0 as usize].as_mut().expect("the state of a load")
    }
}

impl World {
    pub(crate) fn start_load(&mut self, action: ActionId) {
        let state = self.loads.state(action);
        state.running = true;
        state.due = self.cluster.cx.now;
        self.offer(action);
    }

    pub(crate) fn stop_loads_of(&mut self, node: NodeId) {
        let NodeId::Producer(client) = node else { return };
        for (index, entry) in self.cluster.cx.spec.script.iter().enumerate() {
            if matches!(&entry.action, Action::Load(load) if load.producer == client) {
                self.loads.state(ActionId(index as u32)).running = false;
            }
        }
        let mut waiting = std::mem::take(&mut self.loads.waiting);
        waiting.retain(|&action| self.loads.state(action).running);
        self.loads.waiting = waiting;
    }

    /// Loads that were held up: their application may be free again.
    pub(crate) fn offer_waiting(&mut self) {
        for action in std::mem::take(&mut self.loads.waiting) {
            self.offer(action);
        }
    }

    /// The next record of a load is due.
    pub(crate) fn offer(&mut self, action: ActionId) {
        let place = action.0 as usize;
        let Action::Load(load) = &self.cluster.cx.spec.script[place].action else { return };
        let (client, pacing, count) = (load.producer, load.pacing, load.count);
        if !self.loads.state(action).running {
            return;
        }
        let node = NodeId::Producer(client);
        let process = self.cluster.cx.process(node);
        if !process.runs(node) {
            self.loads.state(action).running = false;
            return;
        }
        let producer = self.cluster.nodes.producer(client);
        let full = match pacing {
            Pacing::Outstanding { limit, .. } => producer.unanswered() >= limit,
            Pacing::Every { .. } | Pacing::Poisson { .. } => false,
        };
        if producer.is_blocked() || full || process.paused {
            self.loads.waiting.push(action);
            return;
        }
        let at = self.cluster.cx.run_time();
        let record = self.loads.next_record(load, action, &mut self.cluster.cx.ledger, at);
        let record = self.cluster.cx.ledger.offer(record);
        let cause = self.cluster.cx.cause;
        self.cluster.enter(node, cause);
        self.cluster.nodes.producer_mut(client).send(&mut self.cluster.cx, record);
        self.cluster.leave(node);
        self.cluster.cx.cause = cause;
        let state = self.loads.state(action);
        state.offered += 1;
        if state.offered == count {
            state.running = false;
            self.cluster.cx.note_at(node, Fact::LoadCompleted { action });
            return;
        }
        let gap = match pacing {
            Pacing::Every { gap } | Pacing::Outstanding { gap, .. } => gap,
            Pacing::Poisson { gap } => self.loads.state(action).rng.exponential(gap),
        };
        let state = self.loads.state(action);
        // The schedule stands, whatever held the last record up: what is in arrears follows as fast as the client can.
        state.due += gap;
        let send = self.cluster.cx.spec.costs.send.max(Duration::from_nanos(1));
        let at = state.due.max(self.cluster.cx.now + send);
        if matches!(pacing, Pacing::Outstanding { .. }) {
            state.due = at;
        }
        self.cluster.cx.queue.push(at, cause, Event::Offer { action });
    }
}

impl Loads {
    fn next_record(&mut self, load: &Load, action: ActionId, ledger: &mut Ledger, at: Time) -> Offered {
        let state = self.states[action.0 as usize].as_mut().expect("the state of a load");
        let number = state.offered;
        let rng = &mut state.rng;
        let mut draw = |bound: u32| rng.below(u64::from(bound)) as u32;
        let key = match load.keys {
            Keys::None => None,
            Keys::Uniform { count } => Some(draw(count)),
            Keys::RoundRobin { count } => Some(number % count),
            Keys::Hot { count, hot_permille } => {
                let hot = draw(1_000) < hot_permille;
                let other = draw(count.max(2) - 1) + 1;
                Some(if hot { 0 } else { other })
            }
        };
        let value = state.values.at(ledger, load, number);
        Offered {
            producer: load.producer,
            topic: load.topic,
            partition: load.partition,
            key: key.map(|key| self.key(ledger, key)),
            value_bytes: load.value_bytes.max(value.bytes()),
            value,
            serializable: true,
            at,
        }
    }

    fn key(&mut self, ledger: &mut Ledger, number: u32) -> Text {
        while self.keys.len() <= number as usize {
            self.keys.push(ledger.keep(format!("k{}", self.keys.len())));
        }
        self.keys[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Values;
    use crate::audit::ledger::Ledger;
    use crate::ids::{ClientId, TopicId};
    use crate::script::{Keys, Load, Pacing};
    use crate::time::Duration;

    #[test]
    fn values_are_the_prefix_and_the_number() {
        for digits in [0, 1, 3, 12] {
            let load = Load {
                producer: ClientId(0),
                topic: TopicId(0),
                partition: None,
                count: 2_000,
                pacing: Pacing::Every { gap: Duration::ZERO },
                keys: Keys::None,
                prefix: "r-".into(),
                digits,
                value_bytes: 0,
            };
            let (mut values, mut ledger) = (Values::default(), Ledger::default());
            for number in (0..2_000).chain([7, u32::MAX]) {
                let expected = format!("r-{number:0width$}", width = digits as usize);
                let value = values.at(&mut ledger, &load, number);
                assert_eq!(ledger.text(value), expected);
            }
        }
    }
}
