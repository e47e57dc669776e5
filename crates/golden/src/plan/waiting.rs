//! When a step is done: at its distance from the one before it, or once what the recording waited for has come about.

use ackscope_sim::ids::{BrokerId, Brokers};
use ackscope_sim::script::{Action, ActionId, Condition, Entry, Patience, Trigger};
use ackscope_sim::time::Duration;

use crate::problem::{Problem, missing, within};
use crate::recorded::{After, Step};

use super::names::number;
use super::{Builder, span, time};

/// A kill comes no earlier than this after what the script had waited for: the command came after it.
const KILL_REACTS: Duration = Duration::from_millis(5);

impl Builder<'_> {
    pub(super) fn enter(&mut self, step: &Step, when: Trigger, action: Action) {
        let id = ActionId(self.script.len() as u32);
        self.script.push(Entry { when, action, lasts: None });
        self.entries.push(Some(id));
        self.previous = Some((id, step.t_ms));
    }

    /// When a step is done: at its distance from the one before it, or after what it waited for.
    pub(super) fn trigger(&self, step: &Step) -> Result<Trigger, Problem> {
        let plain = || match self.previous {
            None => Trigger::At(time(step.t_ms)),
            Some((entry, t_ms)) => Trigger::After { entry, delay: span(step.t_ms - t_ms) },
        };
        let Some(after) = &step.after else { return Ok(plain()) };
        Ok(match self.condition(after)? {
            Some(condition) => self.when(condition, span(after.delay_ms), step),
            None => plain(),
        })
    }

    pub(super) fn when(&self, condition: Condition, delay: Duration, step: &Step) -> Trigger {
        let waited = self.previous.map_or(0.0, |(_, t_ms)| step.t_ms - t_ms);
        let patience =
            Patience { similar_after: span(waited + 1_000.0), give_up_after: span(2.0 * waited + 5_000.0) };
        Trigger::When {
            condition,
            delay,
            not_before: self.previous.map(|(id, _)| id),
            patience: Some(patience),
        }
    }

    pub(super) fn condition(&self, after: &After) -> Result<Option<Condition>, Problem> {
        if let Some(topic) = &after.state {
            let mut partitions = Vec::new();
            for (number, state) in after.partitions.iter().flatten() {
                let leader = u32::try_from(state.leader).ok().map(BrokerId);
                let members = state.isr.iter().map(|&id| within("isr", id, 1..=self.recorded.inputs.brokers));
                let isr: Brokers = members.map(|id| id.map(BrokerId)).collect::<Result<_, _>>()?;
                partitions.push((self.partition(topic, self::number("partition", number)?)?, leader, isr));
            }
            return Ok(Some(Condition::State { partitions }));
        }
        let client =
            after.client.as_deref().ok_or(missing("after", "state, or client with answers or event"))?;
        let count = after.n.ok_or(missing("after", "n, how many"))?;
        if let Some(prefix) = &after.answers {
            return Ok(Some(Condition::Answers {
                producer: None,
                prefix: prefix.as_str().into(),
                count,
                acks_only: after.kind.as_deref() == Some("ack"),
            }));
        }
        let event = after.event.as_deref().ok_or(missing("after", "state, answers or event"))?;
        Ok(match event {
            // Nothing in the cluster hangs on these.
            "configs" | "part" | "metrics" | "ready" | "describe" | "topic" | "position" | "elect" => None,
            _ => {
                let nodes = self.nodes_of(client);
                Some(Condition::Events { clients: nodes, kind: event.into(), count })
            }
        })
    }
}

/// The same trigger up to `lead` earlier, and how much that left over.
pub(super) fn earlier(when: Trigger, lead: Duration) -> (Trigger, Duration) {
    match when {
        Trigger::At(at) => (Trigger::At(at), Duration::ZERO),
        Trigger::After { entry, delay } => {
            let lead = lead.min(delay.saturating_sub(KILL_REACTS));
            (Trigger::After { entry, delay: delay - lead }, lead)
        }
        Trigger::When { condition, delay, not_before, patience } => {
            let lead = lead.min(delay.saturating_sub(KILL_REACTS));
            (Trigger::When { condition, delay: delay - lead, not_before, patience }, lead)
        }
    }
}
