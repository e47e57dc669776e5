//! How far the script has come: which entries are done, which wait for something to happen, and since when it has.

use crate::controller::Controller;
use crate::happening::{Fact, Happening, Role};
use crate::ids::{Brokers, NodeId};
use crate::script::{ActionId, Condition, Patience, Trigger};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{ControllerView, ProcessState};
use crate::world::context::Context;
use crate::world::queue::Event;

#[derive(Clone, Debug, Default)]
struct Waiting {
    /// What the condition has counted so far.
    count: u32,
    /// When the condition came true; None: it does not hold.
    met: Option<Time>,
}

#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// When each entry was done.
    done: Vec<Option<Time>>,
    scheduled: Vec<bool>,
    /// Entries with a condition, not yet scheduled.
    waiting: Vec<(ActionId, Waiting)>,
    /// Entries that follow another one, not yet scheduled.
    following: Vec<ActionId>,
    /// Giving up is looked for when this is due.
    next_deadline: Time,
}

impl Progress {
    pub fn new(spec: &Spec) -> Progress {
        let ids = || (0..).zip(&spec.script).map(|(index, entry)| (ActionId(index), &entry.when));
        Progress {
            done: vec![None; spec.script.len()],
            scheduled: vec![false; spec.script.len()],
            waiting: ids()
                .filter(|(_, when)| matches!(when, Trigger::When { .. }))
                .map(|(id, _)| (id, Waiting::default()))
                .collect(),
            following: ids()
                .filter(|(_, when)| matches!(when, Trigger::After { .. }))
                .map(|(id, _)| id)
                .collect(),
            next_deadline: Time::NEVER,
        }
    }

    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub fn begin(&mut self, cx: &mut Context, controller: &Controller) {
        if self.is_waiting() {
            let view = controller.view(ProcessState::Running);
            self.refresh_states(cx, &view);
            self.schedule_ready(cx, &view);
        }
    }

    /// An entry has been carried out: others may follow it.
    pub fn done(&mut self, cx: &mut Context, action: ActionId) {
        let now = cx.now;
        self.done[action.0 as usize].get_or_insert(now);
        let spec = std::sync::Arc::clone(&cx.spec);
        self.following.retain(|&follower| match spec.script[follower.0 as usize].when {
            Trigger::After { entry, delay } if entry == action => {
                cx.queue.push(now + delay, cx.cause, Event::Act { action: follower });
                false
            }
            _ => true,
        });
        // Patience runs from here for those that must not come before it.
        for &(waiting, _) in &self.waiting {
            if let Trigger::When { not_before: Some(before), patience: Some(patience), .. } =
                spec.script[waiting.0 as usize].when
                && before == action
            {
                for deadline in [patience.similar_after, patience.give_up_after] {
                    // A no-op event that makes the world look again.
                    cx.queue.push(now + deadline, cx.cause, Event::Act { action: waiting });
                }
                self.next_deadline = self.next_deadline.min(now + patience.similar_after);
            }
        }
    }

    /// An `Act` event came up for an entry: is it really due, or only a reminder to look at its condition?
    pub fn is_due(&self, action: ActionId) -> bool {
        !self.waiting.iter().any(|(waiting, _)| *waiting == action) && self.done[action.0 as usize].is_none()
    }

    /// Reads what this step has noted, from the note at `first` on, and schedules the entries whose condition has come
    /// true.
    pub fn observe(&mut self, cx: &mut Context, controller: &Controller, first: usize) {
        let mut states_changed = false;
        for note in &cx.notes[first..] {
            states_changed |= matches!(note.fact, Fact::PartitionChanged(_) | Fact::PartitionCreated(_));
            states_changed |= matches!(note.fact, Fact::BrokerUnfenced { .. });
            for (id, waiting) in &mut self.waiting {
                let Trigger::When { condition, .. } = &cx.spec.script[id.0 as usize].when else { continue };
                if waiting.met.is_none() && counts(cx, condition, note, &mut waiting.count) {
                    waiting.met = Some(cx.now);
                }
            }
        }
        let deadline = cx.now >= self.next_deadline;
        if states_changed {
            let view = controller.view(ProcessState::Running);
            self.refresh_states(cx, &view);
            self.schedule_ready(cx, &view);
        } else if deadline || self.waiting.iter().any(|(_, waiting)| waiting.met.is_some()) {
            let view = controller.view(ProcessState::Running);
            self.schedule_ready(cx, &view);
        }
    }

    fn refresh_states(&mut self, cx: &Context, view: &ControllerView) {
        for (id, waiting) in &mut self.waiting {
            let Trigger::When { condition, .. } = &cx.spec.script[id.0 as usize].when else { continue };
            if let Some(holds) = state_holds(condition, view) {
                waiting.met = if holds { waiting.met.or(Some(cx.now)) } else { None };
            }
        }
    }

    fn schedule_ready(&mut self, cx: &mut Context, view: &ControllerView) {
        let spec = std::sync::Arc::clone(&cx.spec);
        let (done, now) = (&self.done, cx.now);
        let mut ready = Vec::new();
        self.waiting.retain(|(id, waiting)| {
            let Trigger::When { condition, delay, not_before, patience } = &spec.script[id.0 as usize].when
            else {
                return false;
            };
            let since = match not_before {
                None => Time::ZERO,
                Some(before) => match done[before.0 as usize] {
                    Some(at) => at,
                    None => return true,
                },
            };
            if let Some(met) = waiting.met {
                ready.push((*id, (met + *delay).max(now).max(since)));
                return false;
            }
            let will_do = patience.is_some_and(|patience: Patience| {
                now >= since + patience.give_up_after
                    || now >= since + patience.similar_after && is_similar(condition, view)
            });
            if will_do {
                ready.push((*id, now + (*delay).min(Duration::from_secs(1))));
            }
            !will_do
        });
        for (id, at) in ready {
            self.scheduled[id.0 as usize] = true;
            cx.queue.push(at, cx.cause, Event::Act { action: id });
        }
    }
}

/// Does this note bring the condition to its count?
fn counts(cx: &Context, condition: &Condition, note: &Happening, count: &mut u32) -> bool {
    let (hit, needed) = match (condition, &note.fact) {
        (Condition::Answers { producer, prefix, count: needed, acks_only }, fact) => {
            let record = match fact {
                Fact::Acknowledged { record, .. } => Some(*record),
                Fact::SendFailed { record, .. } if !acks_only => Some(*record),
                _ => None,
            };
            let hit = record.is_some_and(|record| {
                producer.is_none_or(|producer| producer == cx.ledger.get(record).producer)
                    && cx.ledger.value(record).starts_with(&**prefix)
            });
            (u32::from(hit), *needed)
        }
        (
            Condition::Appended { partition, count: needed },
            Fact::Appended { partition: at, role: Role::Leader, base_offset, last_offset, .. },
        ) if partition == at => (last_offset.0 - base_offset.0 + 1, *needed),
        (
            Condition::AppendedOn { broker, partition, end_offset },
            Fact::Appended { partition: at, last_offset, .. },
        ) if partition == at && note.node == NodeId::Broker(*broker) => {
            (u32::from(last_offset.next() >= *end_offset), 1)
        }
        (Condition::Delivered { consumer, count: needed }, Fact::Delivered { .. }) => {
            (u32::from(note.node == NodeId::Consumer(*consumer)), *needed)
        }
        (Condition::Running { broker }, Fact::BrokerUnfenced { broker: unfenced }) => {
            (u32::from(broker == unfenced), 1)
        }
        (Condition::Stopped { broker }, Fact::ProcessStopped) => {
            (u32::from(note.node == NodeId::Broker(*broker)), 1)
        }
        (Condition::Events { clients, kind, count: needed }, fact) if clients.contains(&note.node) => {
            let hit = match (&**kind, fact) {
                ("producer", Fact::ProducerStarted | Fact::ProducerRefused { .. })
                | ("flush", Fact::FlushCompleted)
                | ("closeP", Fact::ProducerClosed)
                | ("ack", Fact::Acknowledged { .. })
                | ("rec", Fact::Delivered { .. })
                | ("cerr", Fact::ConsumerFailed { .. })
                | ("err", Fact::SendFailed { thrown: false, .. })
                | ("threw", Fact::SendFailed { thrown: true, .. })
                | ("burst", Fact::LoadCompleted { .. }) => 1,
                _ => 0,
            };
            (hit, *needed)
        }
        _ => return false,
    };
    *count += hit;
    hit > 0 && *count >= needed
}

/// Conditions about the controller's state hold or not at any moment; None: not one of them.
fn state_holds(condition: &Condition, view: &ControllerView) -> Option<bool> {
    let partition = |partition: &crate::ids::Partition| {
        view.partitions.get(usize::from(partition.0)).and_then(|state| state.as_ref())
    };
    Some(match condition {
        Condition::State { partitions } => partitions.iter().all(|(id, leader, isr)| {
            partition(id).is_some_and(|state| state.leader == *leader && state.isr == *isr)
        }),
        Condition::IsrAtMost { partition: id, members } => {
            partition(id).is_some_and(|state| state.isr.len() <= *members as usize)
        }
        Condition::IsrAtLeast { partition: id, members } => {
            partition(id).is_some_and(|state| state.isr.len() >= *members as usize)
        }
        Condition::Leader { partition: id, leader } => {
            partition(id).is_some_and(|state| state.leader == *leader)
        }
        Condition::Unfenced { brokers } => {
            brokers.iter().all(|id| view.brokers.iter().any(|broker| broker.id == id && !broker.fenced))
        }
        Condition::Answers { .. }
        | Condition::Appended { .. }
        | Condition::AppendedOn { .. }
        | Condition::Delivered { .. }
        | Condition::Events { .. }
        | Condition::Stopped { .. }
        | Condition::Running { .. } => return None,
    })
}

/// As many members in each ISR, and a leader where there was to be one.
fn is_similar(condition: &Condition, view: &ControllerView) -> bool {
    let Condition::State { partitions } = condition else { return false };
    partitions.iter().all(|(id, leader, isr): &(_, Option<_>, Brokers)| {
        view.partitions
            .get(usize::from(id.0))
            .and_then(|state| state.as_ref())
            .is_some_and(|state| state.leader.is_some() == leader.is_some() && state.isr.len() == isr.len())
    })
}
