//! Bands of time in which a node is not simply running, and what the controller decides about brokers and partitions.

use std::sync::Arc;

use ackscope_sim::happening::{ChangeReason, Happening, PartitionChange};
use ackscope_sim::ids::{BrokerId, HappeningId, NodeId, Offset};
use ackscope_sim::time::Time;

use super::StoryBuilder;
use super::logs::close_role;
use crate::story::{Band, Change, MarkKind, Silence, State};

fn slot(state: State) -> u8 {
    match state {
        State::Down | State::Dark => 0,
        State::Paused => 1,
        State::Starting | State::Fenced => 2,
        State::DiskFailed => 3,
    }
}

impl StoryBuilder {
    pub(super) fn begin(&mut self, node: NodeId, state: State, happening: &Happening) {
        self.begin_at(node, state, happening.at, Some(happening.id));
    }

    pub(super) fn begin_at(
        &mut self,
        node: NodeId,
        state: State,
        from: Time,
        happening: Option<HappeningId>,
    ) {
        let Some(index) = self.node_index(node) else { return };
        self.end_state(node, state, from);
        let bands = &mut self.story.nodes[index].bands;
        bands.push(Band { from, to: Time::NEVER, state, happening });
        self.open.insert((index, slot(state)), bands.len() - 1);
    }

    /// Ends whatever band of that sort is open.
    pub(super) fn end_state(&mut self, node: NodeId, state: State, at: Time) {
        let Some(index) = self.node_index(node) else { return };
        if let Some(band) = self.open.remove(&(index, slot(state))) {
            self.story.nodes[index].bands[band].to = at;
        }
    }

    fn is_down(&self, node: NodeId) -> bool {
        self.node_index(node).is_some_and(|index| self.open.contains_key(&(index, slot(State::Down))))
    }

    pub(super) fn enter(&mut self, happening: &Happening, state: State, mark: MarkKind) {
        self.begin(happening.node, state, happening);
        self.mark(happening, None, mark);
    }

    pub(super) fn leave(&mut self, happening: &Happening, state: State, mark: MarkKind) {
        self.end_state(happening.node, state, happening.at);
        self.mark(happening, None, mark);
    }

    pub(super) fn started(&mut self, happening: &Happening) {
        let (at, node) = (happening.at, happening.node);
        self.end_state(node, State::Down, at);
        if node.broker().is_some() {
            self.begin(node, State::Starting, happening);
        }
        self.mark(happening, None, MarkKind::Started);
    }

    pub(super) fn stopped(&mut self, happening: &Happening, state: State, mark: MarkKind) {
        let (at, node) = (happening.at, happening.node);
        for over in [State::Paused, State::Starting, State::DiskFailed] {
            self.end_state(node, over, at);
        }
        self.begin(node, state, happening);
        for replica in self.replicas_of(node) {
            close_role(replica, at);
        }
        self.mark(happening, None, mark);
    }

    pub(super) fn fenced(&mut self, happening: &Happening, broker: BrokerId) {
        let node = NodeId::Broker(broker);
        if !self.is_down(node) {
            self.begin(node, State::Fenced, happening);
        }
        if let Some(&index) = self.heard.get(&broker) {
            let heartbeat = &mut self.story.messages[index as usize];
            heartbeat.matters = true;
            let (from, id) = (heartbeat.until(happening.at), heartbeat.id);
            self.story.silences.push(Silence {
                broker,
                from,
                to: happening.at,
                heartbeat: Some(id),
                fenced: happening.id,
            });
        }
        self.mark(happening, None, MarkKind::Fenced(broker));
    }

    pub(super) fn controller_activated(&mut self, happening: &Happening) {
        self.end_state(NodeId::Controller, State::Down, happening.at);
        if self.story.marks.iter().any(|mark| mark.kind == MarkKind::ControllerLost) {
            self.mark(happening, None, MarkKind::ControllerActive);
        }
    }

    pub(super) fn changed(&mut self, happening: &Happening, change: &Arc<PartitionChange>, created: bool) {
        let partition = change.partition;
        let story = &mut self.story.partitions[usize::from(partition.0)];
        story.changes.push(Change { at: happening.at, happening: happening.id, change: change.clone() });
        if created {
            return;
        }
        let elected = change.leader.filter(|&leader| Some(leader) != change.previous_leader);
        let kind = if let Some(leader) = elected {
            let end = self
                .replica(NodeId::Broker(leader), partition)
                .map_or(Offset(0), |replica| replica.end_at(happening.at));
            MarkKind::Elected {
                leader,
                leader_epoch: change.leader_epoch,
                log_end_offset: end,
                unclean: change.because == ChangeReason::UncleanElection || change.recovering,
            }
        } else if change.leader.is_none() && change.previous_leader.is_some() {
            MarkKind::Leaderless
        } else if change.isr != change.previous_isr {
            let grew = !change.isr.minus(change.previous_isr).is_empty();
            MarkKind::IsrChanged { isr: change.isr, grew }
        } else {
            return;
        };
        self.mark(happening, Some(partition), kind);
    }
}
