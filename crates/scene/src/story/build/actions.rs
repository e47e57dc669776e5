//! What the scenario does to the cluster, where nothing else in the trace shows it: cuts, slow links and disks, notes.

use std::sync::Arc;

use ackscope_sim::happening::Happening;
use ackscope_sim::ids::{MachineId, NodeId};
use ackscope_sim::script::{Action, ActionId};
use ackscope_sim::time::Time;

use super::StoryBuilder;
use crate::story::{Deed, LinkCut, MarkKind};

impl StoryBuilder {
    pub(super) fn action_done(&mut self, happening: &Happening, id: ActionId) {
        let spec = Arc::clone(&self.spec);
        if let Some(entry) = spec.script.get(id.0 as usize) {
            self.action(happening, &entry.action);
        }
    }

    pub(super) fn action_undone(&mut self, happening: &Happening, id: ActionId) {
        let spec = Arc::clone(&self.spec);
        if let Some(entry) = spec.script.get(id.0 as usize) {
            self.undone(happening, &entry.action);
        }
    }

    fn action(&mut self, happening: &Happening, action: &Action) {
        let at = happening.at;
        if let Some(node) = self.done_to(action) {
            self.story.deeds.push(Deed { at, node, happening: happening.id });
        }
        match action {
            Action::Cut { a, b, one_way } => {
                self.story.cuts.push(LinkCut {
                    a: *a,
                    b: *b,
                    one_way: *one_way,
                    from: at,
                    to: Time::NEVER,
                    happening: happening.id,
                });
                let far = b.map(|b| self.machine_name(b));
                let words = far.map_or("cut off".to_owned(), |far| format!("cut from {far}"));
                self.mark_on(self.node_of(*a), happening, None, MarkKind::Fault(words));
            }
            Action::Heal { a, b } => self.healed(happening, *a, *b),
            Action::SlowLink { a, by, .. } => {
                let words = format!("link slower by {by}");
                self.mark_on(self.node_of(*a), happening, None, MarkKind::Fault(words));
            }
            Action::SlowDisk { broker, by } => {
                let words = format!("disk slower by {by}");
                self.mark_on(NodeId::Broker(*broker), happening, None, MarkKind::Fault(words));
            }
            Action::StallDisk { broker } => {
                self.mark_on(
                    NodeId::Broker(*broker),
                    happening,
                    None,
                    MarkKind::Fault("disk hangs".to_owned()),
                );
            }
            Action::SlowBroker { broker, by } => {
                let words = format!("slower by {by}");
                self.mark_on(NodeId::Broker(*broker), happening, None, MarkKind::Fault(words));
            }
            Action::Wipe { broker, .. } => {
                self.mark_on(
                    NodeId::Broker(*broker),
                    happening,
                    None,
                    MarkKind::Fault("disk wiped".to_owned()),
                );
            }
            Action::Note { text } => {
                self.mark_on(NodeId::World, happening, None, MarkKind::Note(text.clone()));
            }
            // These are seen in what follows from them.
            Action::Start { .. }
            | Action::Kill { .. }
            | Action::Stop { .. }
            | Action::Pause { .. }
            | Action::Resume { .. }
            | Action::PowerLoss { .. }
            | Action::FailDisk { .. }
            | Action::RestoreDisk { .. }
            | Action::LoseUnflushed { .. }
            | Action::Meddle { .. }
            | Action::CloseConnections { .. }
            | Action::CreateTopic { .. }
            | Action::ElectLeader { .. }
            | Action::AlterTopic { .. }
            | Action::StartProducer { .. }
            | Action::Send { .. }
            | Action::Load(_)
            | Action::Flush { .. }
            | Action::CloseProducer { .. }
            | Action::StartConsumer { .. }
            | Action::Seek { .. }
            | Action::StopConsumer { .. }
            | Action::KillApplication { .. } => {}
        }
    }

    fn undone(&mut self, happening: &Happening, action: &Action) {
        let over = |words: &str| MarkKind::Fault(words.to_owned());
        match action {
            Action::Cut { a, b, .. } => self.healed(happening, *a, *b),
            Action::SlowLink { a, .. } => {
                self.mark_on(self.node_of(*a), happening, None, over("link normal"))
            }
            Action::SlowDisk { broker, .. } | Action::StallDisk { broker } => {
                self.mark_on(NodeId::Broker(*broker), happening, None, over("disk normal"));
            }
            Action::SlowBroker { broker, .. } => {
                self.mark_on(NodeId::Broker(*broker), happening, None, over("normal"));
            }
            _ => {}
        }
    }

    fn healed(&mut self, happening: &Happening, a: MachineId, b: Option<MachineId>) {
        for cut in &mut self.story.cuts {
            let same = (cut.a, cut.b) == (a, b) || b.is_some_and(|b| (cut.a, cut.b) == (b, Some(a)));
            if same && cut.to > happening.at {
                cut.to = happening.at;
            }
        }
        self.mark_on(self.node_of(a), happening, None, MarkKind::Fault("healed".to_owned()));
    }

    /// To whom a fault or its repair is done; None for what applications and the admin do.
    fn done_to(&self, action: &Action) -> Option<NodeId> {
        match action {
            Action::Start { node, .. }
            | Action::Kill { node }
            | Action::Stop { node }
            | Action::Pause { node }
            | Action::Resume { node }
            | Action::PowerLoss { node }
            | Action::KillApplication { node }
            | Action::Meddle { from: node, .. }
            | Action::CloseConnections { a: node, .. } => Some(*node),
            Action::FailDisk { broker }
            | Action::RestoreDisk { broker }
            | Action::SlowDisk { broker, .. }
            | Action::StallDisk { broker }
            | Action::Wipe { broker, .. }
            | Action::LoseUnflushed { broker, .. }
            | Action::SlowBroker { broker, .. } => Some(NodeId::Broker(*broker)),
            Action::Cut { a, .. } | Action::Heal { a, .. } | Action::SlowLink { a, .. } => {
                Some(self.node_of(*a))
            }
            Action::CloseProducer { producer, .. } => Some(NodeId::Producer(*producer)),
            Action::StopConsumer { consumer } => Some(NodeId::Consumer(*consumer)),
            Action::StartProducer { .. }
            | Action::StartConsumer { .. }
            | Action::CreateTopic { .. }
            | Action::ElectLeader { .. }
            | Action::AlterTopic { .. }
            | Action::Send { .. }
            | Action::Load(_)
            | Action::Flush { .. }
            | Action::Seek { .. }
            | Action::Note { .. } => None,
        }
    }

    fn node_of(&self, machine: MachineId) -> NodeId {
        let nodes = self.story.nodes.iter().map(|story| story.node);
        let mut there = nodes.filter(|&node| self.spec.machine_of(node) == machine);
        there.next().unwrap_or(NodeId::World)
    }

    fn machine_name(&self, machine: MachineId) -> String {
        let node = self.node_of(machine);
        self.story.node(node).map_or_else(String::new, |story| story.name.to_lowercase())
    }
}
