//! The starts of clients that no entry starts.

use ackscope_sim::ids::{ClientId, NodeId};
use ackscope_sim::script::{Action, Entry, Load, Trigger};
use ackscope_sim::time::Time;

use super::Script;

impl Script<'_> {
    /// Clients that are not started first thing by an entry are there from the beginning.
    pub(super) fn start_clients(&mut self) {
        // The first that is done to it: a start, or something that needs it to be there.
        let started = |node: NodeId| {
            let first = self.entries.iter().find_map(|entry| match &entry.action {
                Action::StartProducer { producer } => (node == NodeId::Producer(*producer)).then_some(true),
                Action::StartConsumer { consumer } => (node == NodeId::Consumer(*consumer)).then_some(true),
                Action::KillApplication { node: own } => (node == *own).then_some(false),
                Action::Send { producer, .. }
                | Action::Load(Load { producer, .. })
                | Action::Flush { producer }
                | Action::CloseProducer { producer, .. } => {
                    (node == NodeId::Producer(*producer)).then_some(false)
                }
                Action::Seek { consumer, .. } | Action::StopConsumer { consumer } => {
                    (node == NodeId::Consumer(*consumer)).then_some(false)
                }
                _ => None,
            });
            first == Some(true)
        };
        let producers = (0..self.spec.producers.len() as u16)
            .map(ClientId)
            .filter(|&client| !started(NodeId::Producer(client)))
            .map(|producer| Action::StartProducer { producer });
        let consumers = (0..self.spec.consumers.len() as u16)
            .map(ClientId)
            .filter(|&client| !started(NodeId::Consumer(client)))
            .map(|consumer| Action::StartConsumer { consumer });
        let first: Vec<Entry> = producers
            .chain(consumers)
            .map(|action| Entry { when: Trigger::At(Time::ZERO), action, lasts: None })
            .collect();
        let shift = first.len() as u32;
        self.entries.splice(0..0, first);
        for entry in &mut self.entries {
            match &mut entry.when {
                Trigger::After { entry, .. } => entry.0 += shift,
                Trigger::When { not_before: Some(entry), .. } => entry.0 += shift,
                Trigger::At(_) | Trigger::When { .. } => {}
            }
        }
        for step in &mut self.steps {
            step.actions = step.actions.start + shift..step.actions.end + shift;
        }
    }
}
