//! Carries out the entries of the script: faults, repairs, commands to applications.

use std::sync::Arc;

use crate::audit::ledger::Offered;
use crate::broker::Broker;
use crate::happening::{Disconnect, Fact};
use crate::ids::{ClientId, ConnectionId, HappeningId, MachineId, NodeId, Offset, Partition};
use crate::network::{Ambush, End, State};
use crate::producer::Producer;
use crate::script::{Action, ActionId, SendRecord};
use crate::time::Duration;
use crate::world::World;
use crate::world::context::Context;
use crate::world::queue::Event;

impl World {
    pub(crate) fn act(&mut self, action: ActionId) {
        if !self.progress.is_due(action) {
            return;
        }
        let spec = Arc::clone(&self.cluster.cx.spec);
        let entry = &spec.script[action.0 as usize];
        self.cluster.cx.node = NodeId::World;
        let done = self.cluster.cx.note(Fact::ActionDone { action });
        self.cluster.cx.cause = Some(done);
        if let Some(lasts) = entry.lasts {
            self.cluster.cx.queue.push(self.cluster.cx.now + lasts, Some(done), Event::Undo { action });
        }
        self.carry_out(action, &entry.action, done);
        self.cluster.cx.cause = Some(done);
        self.progress.done(&mut self.cluster.cx, action);
    }

    /// What is done, verb by verb.
    fn carry_out(&mut self, action: ActionId, what: &Action, done: HappeningId) {
        match what {
            Action::Start { node, boot } => self.cluster.start(*node, *boot),
            Action::StartProducer { producer } => {
                self.cluster.start(NodeId::Producer(*producer), Default::default())
            }
            Action::StartConsumer { consumer } => {
                self.cluster.start(NodeId::Consumer(*consumer), Default::default())
            }
            Action::Kill { node } | Action::KillApplication { node } => self.kill(*node),
            Action::Stop { node } => self.cluster.stop(*node),
            Action::StopConsumer { consumer } => self.cluster.stop(NodeId::Consumer(*consumer)),
            Action::Pause { node } => self.cluster.pause(*node),
            Action::Resume { node } => self.cluster.resume(*node),
            Action::PowerLoss { node } => self.power_loss(*node),
            Action::FailDisk { broker } => self.cluster.at_broker(*broker, Broker::fail_disk),
            Action::RestoreDisk { broker } => self.cluster.at_broker(*broker, Broker::restore_disk),
            Action::SlowDisk { broker, by } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.slow_disk(cx, *by))
            }
            Action::StallDisk { broker } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.stall_disk(cx, true))
            }
            // A running process holds its files: only what is down can lose them this way.
            Action::Wipe { broker, .. } | Action::LoseUnflushed { broker, .. }
                if self.cluster.is_up(NodeId::Broker(*broker)) => {}
            Action::Wipe { broker, partition } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.wipe(cx, *partition))
            }
            Action::LoseUnflushed { broker, partition, keep } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.lose_unflushed(cx, *partition, *keep));
            }
            Action::SlowBroker { broker, by } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.slow(cx, *by))
            }
            Action::Cut { a, b, one_way } => {
                self.cluster.cx.network.each_path(*a, *b, *one_way, |path| {
                    path.cuts += 1;
                    path.cut_by = Some(done);
                });
            }
            Action::Heal { a, b } => self.heal(*a, *b),
            Action::SlowLink { a, b, by } => {
                self.cluster.cx.network.each_path(*a, *b, false, |path| path.slowed_by += *by)
            }
            Action::Meddle { from, to, api, response, count, what } => {
                let (from, to, api, response, left, what) = (*from, *to, *api, *response, *count, *what);
                self.cluster.cx.network.ambushes.push(Ambush { action, from, to, api, response, left, what });
            }
            Action::CloseConnections { a, b } => self.close_connections(*a, *b),
            Action::CreateTopic { topic } => {
                let topic = *topic;
                self.cluster.at_controller(|controller, cx| controller.create_topic(cx, topic));
            }
            Action::ElectLeader { partition, unclean } => {
                let mut answer = Ok(());
                self.cluster
                    .at_controller(|controller, cx| answer = controller.elect(cx, *partition, *unclean));
                self.cluster.cx.note(Fact::AdminAnswered { action, error: answer.err() });
            }
            Action::AlterTopic { topic, config } => {
                self.cluster
                    .at_controller(|controller, cx| controller.alter_topic(cx, *topic, config.clone()));
            }
            Action::Send { producer, record } => self.send(*producer, record),
            Action::Load(_) => self.start_load(action),
            Action::Flush { producer } => self.cluster.at_producer(*producer, Producer::flush),
            Action::CloseProducer { producer, timeout } => {
                self.cluster.at_producer(*producer, |producer, cx| producer.close(cx, *timeout));
            }
            Action::Seek { consumer, partition, offset } => self.seek(*consumer, *partition, *offset),
            Action::Note { .. } => {}
        }
    }

    fn send(&mut self, producer: ClientId, record: &SendRecord) {
        let (at, ledger) = (self.cluster.cx.run_time(), &mut self.cluster.cx.ledger);
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
        self.cluster.at_producer(producer, |producer, cx| producer.send(cx, record));
    }

    fn seek(&mut self, consumer: ClientId, partition: Partition, offset: Offset) {
        let (node, cause) = (NodeId::Consumer(consumer), self.cluster.cx.cause);
        if self.cluster.is_up(node) {
            self.cluster.enter(node, cause);
            self.cluster.nodes.consumer_mut(consumer).seek(&mut self.cluster.cx, partition, offset);
            self.cluster.leave(node);
        }
    }

    /// An entry's duration is over: its opposite.
    pub(crate) fn undo(&mut self, action: ActionId) {
        let spec = Arc::clone(&self.cluster.cx.spec);
        self.cluster.cx.node = NodeId::World;
        let undone = self.cluster.cx.note(Fact::ActionUndone { action });
        self.cluster.cx.cause = Some(undone);
        match &spec.script[action.0 as usize].action {
            Action::Pause { node } => self.cluster.resume(*node),
            Action::Stop { node } | Action::Kill { node } | Action::PowerLoss { node } => {
                self.cluster.start(*node, Default::default());
            }
            Action::FailDisk { broker } => self.cluster.at_broker(*broker, Broker::restore_disk),
            Action::SlowDisk { broker, .. } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.slow_disk(cx, Duration::ZERO));
            }
            Action::StallDisk { broker } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.stall_disk(cx, false))
            }
            Action::SlowBroker { broker, .. } => {
                self.cluster.at_broker(*broker, |broker, cx| broker.slow(cx, Duration::ZERO));
            }
            Action::Cut { a, b, one_way } => {
                self.cluster
                    .cx
                    .network
                    .each_path(*a, *b, *one_way, |path| path.cuts = path.cuts.saturating_sub(1));
                self.cluster.cx.resume_path();
            }
            Action::SlowLink { a, b, by } => {
                self.cluster
                    .cx
                    .network
                    .each_path(*a, *b, false, |path| path.slowed_by = path.slowed_by.saturating_sub(*by));
            }
            Action::Meddle { .. } => {
                self.cluster.cx.network.ambushes.retain(|ambush| ambush.action != action);
                self.cluster.cx.release(action);
            }
            other => debug_assert!(!other.has_opposite(), "{other:?}"),
        }
    }

    fn kill(&mut self, node: NodeId) {
        if self.cluster.cx.process(node).running {
            let spec = Arc::clone(&self.cluster.cx.spec);
            spec.same_process(node).for_each(|node| self.stop_loads_of(node));
            self.cluster.kill(node);
        }
    }

    fn power_loss(&mut self, node: NodeId) {
        let lost = self.cluster.power_loss(node);
        lost.into_iter().for_each(|node| self.stop_loads_of(node));
    }

    fn heal(&mut self, a: MachineId, b: Option<MachineId>) {
        self.cluster.cx.network.each_path(a, b, false, |path| path.cuts = 0);
        self.cluster.cx.resume_path();
    }

    fn close_connections(&mut self, a: NodeId, b: NodeId) {
        let cause = self.cluster.cx.cause;
        for connection in self.cluster.cx.network.connections.ids() {
            let held = self.cluster.cx.network.connection(connection);
            if held.state == State::Established && (held.nodes == [a, b] || held.nodes == [b, a]) {
                self.cluster.cx.reset_connection(connection);
            }
        }
        self.cluster.enter(NodeId::World, cause);
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
