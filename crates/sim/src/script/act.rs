//! Carries out the entries of the script: faults, repairs, commands to applications.

use std::sync::Arc;

use crate::audit::ledger::Offered;
use crate::broker::Broker;
use crate::controller::Controller;
use crate::happening::{Disconnect, Fact};
use crate::ids::{BrokerId, ClientId, ConnectionId, MachineId, NodeId, Offset, Partition};
use crate::network::{Ambush, End, State};
use crate::producer::Producer;
use crate::script::{Action, ActionId, SendRecord};
use crate::time::Duration;
use crate::world::World;
use crate::world::context::{Context, nodes_of};
use crate::world::queue::Event;

impl World {
    pub(crate) fn act(&mut self, action: ActionId) {
        if !self.progress.is_due(action) {
            return;
        }
        let spec = Arc::clone(&self.cx.spec);
        let entry = &spec.script[action.0 as usize];
        self.cx.node = NodeId::World;
        let done = self.cx.note(Fact::ActionDone { action });
        self.cx.cause = Some(done);
        if let Some(lasts) = entry.lasts {
            self.cx.queue.push(self.cx.now + lasts, Some(done), Event::Undo { action });
        }
        match &entry.action {
            Action::Start { node, boot } => self.start(*node, *boot),
            Action::StartProducer { producer } => self.start(NodeId::Producer(*producer), Default::default()),
            Action::StartConsumer { consumer } => self.start(NodeId::Consumer(*consumer), Default::default()),
            Action::Kill { node } | Action::KillApplication { node } => self.kill(*node),
            Action::Stop { node } => self.stop(*node),
            Action::StopConsumer { consumer } => self.stop(NodeId::Consumer(*consumer)),
            Action::Pause { node } => self.pause(*node),
            Action::Resume { node } => self.resume(*node),
            Action::PowerLoss { node } => self.power_loss(*node),
            Action::FailDisk { broker } => self.at_broker(*broker, Broker::fail_disk),
            Action::RestoreDisk { broker } => self.at_broker(*broker, Broker::restore_disk),
            Action::SlowDisk { broker, by } => {
                self.at_broker(*broker, |broker, cx| broker.slow_disk(cx, *by))
            }
            Action::StallDisk { broker } => self.at_broker(*broker, |broker, cx| broker.stall_disk(cx, true)),
            // A running process holds its files: only what is down can lose them this way.
            Action::Wipe { broker, .. } | Action::LoseUnflushed { broker, .. }
                if self.is_up(NodeId::Broker(*broker)) => {}
            Action::Wipe { broker, partition } => {
                self.at_broker(*broker, |broker, cx| broker.wipe(cx, *partition))
            }
            Action::LoseUnflushed { broker, partition, keep } => {
                self.at_broker(*broker, |broker, cx| broker.lose_unflushed(cx, *partition, *keep));
            }
            Action::SlowBroker { broker, by } => self.at_broker(*broker, |broker, cx| broker.slow(cx, *by)),
            Action::Cut { a, b, one_way } => {
                self.cx.network.each_path(*a, *b, *one_way, |path| {
                    path.cuts += 1;
                    path.cut_by = Some(done);
                });
            }
            Action::Heal { a, b } => self.heal(*a, *b),
            Action::SlowLink { a, b, by } => {
                self.cx.network.each_path(*a, *b, false, |path| path.slowed_by += *by)
            }
            Action::Meddle { from, to, api, response, count, what } => {
                let (from, to, api, response, left, what) = (*from, *to, *api, *response, *count, *what);
                self.cx.network.ambushes.push(Ambush { action, from, to, api, response, left, what });
            }
            Action::CloseConnections { a, b } => self.close_connections(*a, *b),
            Action::CreateTopic { topic } => {
                let topic = *topic;
                self.at_controller(|controller, cx| controller.create_topic(cx, topic));
            }
            Action::ElectLeader { partition, unclean } => {
                let mut answer = Ok(());
                self.at_controller(|controller, cx| answer = controller.elect(cx, *partition, *unclean));
                self.cx.note(Fact::AdminAnswered { action, error: answer.err() });
            }
            Action::AlterTopic { topic, config } => {
                self.at_controller(|controller, cx| controller.alter_topic(cx, *topic, config.clone()));
            }
            Action::Send { producer, record } => self.send(*producer, record),
            Action::Load(_) => self.start_load(action),
            Action::Flush { producer } => self.at_producer(*producer, Producer::flush),
            Action::CloseProducer { producer, timeout } => {
                self.at_producer(*producer, |producer, cx| producer.close(cx, *timeout));
            }
            Action::Seek { consumer, partition, offset } => self.seek(*consumer, *partition, *offset),
            Action::Note { .. } => {}
        }
        self.cx.cause = Some(done);
        self.progress.done(&mut self.cx, action);
    }

    fn send(&mut self, producer: ClientId, record: &SendRecord) {
        let (at, ledger) = (self.cx.run_time(), &mut self.cx.ledger);
        let key = record.key.as_ref().map(|key| ledger.keep(Arc::clone(key)));
        let value = ledger.keep(Arc::clone(&record.value));
        let record = ledger.offer(Offered {
            producer,
            topic: record.topic,
            partition: record.partition,
            key,
            value,
            value_bytes: record.value_bytes,
            serializable: record.serializable,
            at,
        });
        self.at_producer(producer, |producer, cx| producer.send(cx, record));
    }

    fn seek(&mut self, consumer: ClientId, partition: Partition, offset: Offset) {
        let (node, cause) = (NodeId::Consumer(consumer), self.cx.cause);
        if self.is_up(node) {
            self.enter(node, cause);
            self.nodes.consumer_mut(consumer).seek(&mut self.cx, partition, offset);
            self.leave(node);
        }
    }

    /// An entry's duration is over: its opposite.
    pub(crate) fn undo(&mut self, action: ActionId) {
        let spec = Arc::clone(&self.cx.spec);
        self.cx.node = NodeId::World;
        let undone = self.cx.note(Fact::ActionUndone { action });
        self.cx.cause = Some(undone);
        match &spec.script[action.0 as usize].action {
            Action::Pause { node } => self.resume(*node),
            Action::Stop { node } | Action::Kill { node } | Action::PowerLoss { node } => {
                self.start(*node, Default::default());
            }
            Action::FailDisk { broker } => self.at_broker(*broker, Broker::restore_disk),
            Action::SlowDisk { broker, .. } => {
                self.at_broker(*broker, |broker, cx| broker.slow_disk(cx, Duration::ZERO));
            }
            Action::StallDisk { broker } => {
                self.at_broker(*broker, |broker, cx| broker.stall_disk(cx, false))
            }
            Action::SlowBroker { broker, .. } => {
                self.at_broker(*broker, |broker, cx| broker.slow(cx, Duration::ZERO));
            }
            Action::Cut { a, b, one_way } => {
                self.cx.network.each_path(*a, *b, *one_way, |path| path.cuts = path.cuts.saturating_sub(1));
                self.cx.resume_path();
            }
            Action::SlowLink { a, b, by } => {
                self.cx
                    .network
                    .each_path(*a, *b, false, |path| path.slowed_by = path.slowed_by.saturating_sub(*by));
            }
            Action::Meddle { .. } => {
                self.cx.network.ambushes.retain(|ambush| ambush.action != action);
                self.cx.release(action);
            }
            other => debug_assert!(!other.has_opposite(), "{other:?}"),
        }
    }

    fn is_up(&self, node: NodeId) -> bool {
        self.cx.process(node).runs(node)
    }

    fn kill(&mut self, node: NodeId) {
        if !self.cx.process(node).running {
            return;
        }
        let (spec, cause) = (Arc::clone(&self.cx.spec), self.cx.cause);
        for node in spec.same_process(node) {
            self.cx.cause = cause;
            self.kill_node(node);
        }
    }

    fn kill_node(&mut self, node: NodeId) {
        let fact = match node {
            NodeId::Producer(_) | NodeId::Consumer(_) => Fact::ApplicationKilled,
            NodeId::Controller | NodeId::Broker(_) | NodeId::World => Fact::ProcessKilled,
        };
        let killed = self.cx.note_at(node, fact);
        self.cx.cause = Some(killed);
        self.stop_loads_of(node);
        self.end_process(node, false);
        self.enter(node, Some(killed));
        self.nodes.kill(&mut self.cx, node);
        self.leave(node);
    }

    fn stop(&mut self, node: NodeId) {
        let (spec, cause) = (Arc::clone(&self.cx.spec), self.cx.cause);
        for node in spec.same_process(node) {
            self.cx.cause = cause;
            self.stop_node(node);
        }
    }

    fn stop_node(&mut self, node: NodeId) {
        if !self.is_up(node) {
            return;
        }
        let requested = self.cx.note_at(node, Fact::StopRequested);
        self.enter(node, Some(requested));
        self.nodes.stop(&mut self.cx, node);
        self.leave(node);
    }

    fn pause(&mut self, node: NodeId) {
        let process = self.cx.process_mut(node);
        if process.running && !process.paused {
            process.paused = true;
            let spec = Arc::clone(&self.cx.spec);
            for node in spec.same_process(node) {
                let paused = self.cx.note_at(node, Fact::Paused);
                self.cx.process_mut(node).silenced = Some(paused);
            }
        }
    }

    /// Everything on the node's machine goes dark with it.
    fn power_loss(&mut self, node: NodeId) {
        let machine = self.cx.spec.machine_of(node);
        let cause = self.cx.cause;
        let is_lit =
            |node: &NodeId| self.cx.spec.machine_of(*node) == machine && !self.cx.process(*node).dark;
        let lit: Vec<NodeId> = nodes_of(&self.cx.spec).filter(is_lit).collect();
        for node in lit {
            self.cx.cause = cause;
            let lost = self.cx.note_at(node, Fact::PowerLost);
            self.cx.cause = Some(lost);
            self.stop_loads_of(node);
            self.end_process(node, true);
            self.enter(node, Some(lost));
            self.nodes.lose_power(&mut self.cx, node);
            self.leave(node);
        }
    }

    fn at_broker(&mut self, id: BrokerId, act: impl FnOnce(&mut Broker, &mut Context)) {
        let node = NodeId::Broker(id);
        let cause = self.cx.cause;
        self.enter(node, cause);
        act(self.nodes.broker_mut(&self.cx, id), &mut self.cx);
        self.leave(node);
    }

    fn at_controller(&mut self, act: impl FnOnce(&mut Controller, &mut Context)) {
        let cause = self.cx.cause;
        self.enter(NodeId::Controller, cause);
        act(&mut self.nodes.controller, &mut self.cx);
        self.leave(NodeId::Controller);
    }

    fn at_producer(&mut self, client: ClientId, act: impl FnOnce(&mut Producer, &mut Context)) {
        let node = NodeId::Producer(client);
        if !self.is_up(node) {
            return;
        }
        let cause = self.cx.cause;
        self.enter(node, cause);
        act(self.nodes.producer_mut(client), &mut self.cx);
        self.leave(node);
    }

    fn heal(&mut self, a: MachineId, b: Option<MachineId>) {
        self.cx.network.each_path(a, b, false, |path| path.cuts = 0);
        self.cx.resume_path();
    }

    fn close_connections(&mut self, a: NodeId, b: NodeId) {
        let cause = self.cx.cause;
        for connection in self.cx.network.connections.ids() {
            let held = self.cx.network.connection(connection);
            if held.state == State::Established && (held.nodes == [a, b] || held.nodes == [b, a]) {
                self.cx.reset_connection(connection);
            }
        }
        self.enter(NodeId::World, cause);
    }
}

impl Context {
    /// Something between the two closes the connection: both ends hear of it in turn.
    fn reset_connection(&mut self, connection: ConnectionId) {
        let outer = self.node;
        for end in [End::Opener, End::Acceptor] {
            self.node = self.network.connection(connection).node(end);
            self.note(Fact::Disconnected {
                connection,
                peer: self.network.connections.get(connection).node(end.other()),
                because: Disconnect::ByPeer,
            });
            self.transmit_close(connection, end);
        }
        self.node = outer;
    }
}
