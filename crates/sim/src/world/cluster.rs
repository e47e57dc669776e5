//! Processes on machines, and the nodes in them: they start, stop, die, hang, and react one at a time.

use std::sync::Arc;

use crate::broker::Broker;
use crate::controller::Controller;
use crate::happening::Fact;
use crate::ids::{BrokerId, ClientId, ConnectionId, HappeningId, NodeId};
use crate::network::{Dialled, End, State};
use crate::producer::Producer;
use crate::script::Boot;
use crate::spec::Spec;
use crate::world::context::Context;
use crate::world::nodes::Nodes;
use crate::world::process::Wakeup;

#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub cx: Context,
    pub nodes: Nodes,
}

impl Cluster {
    /// Every process is down.
    pub fn new(spec: Arc<Spec>) -> Cluster {
        Cluster { nodes: Nodes::new(&spec), cx: Context::new(spec) }
    }

    /// The answer to a dial is back at the opener.
    pub fn dialled(&mut self, connection: ConnectionId) {
        let held = self.cx.network.connection(connection);
        let (opener, acceptor) = (held.node(End::Opener), held.node(End::Acceptor));
        if !held.socket(End::Opener).open {
            return; // given up meanwhile
        }
        let dialled = if held.state == State::Established { Dialled::Connected } else { Dialled::Refused };
        let fact = match dialled {
            Dialled::Connected => Fact::Connected { connection, to: acceptor },
            Dialled::Refused => Fact::ConnectionRefused { connection, to: acceptor },
        };
        let noted = self.cx.note_at(opener, fact);
        self.cx.cause = Some(noted);
        if dialled == Dialled::Refused {
            self.cx.network.connection(connection).socket(End::Opener).open = false;
            self.cx.network.retire(connection);
        }
        self.wake(opener, Wakeup::Dialled(connection, dialled));
    }

    /// Lets a node react, now or, if its process is stopped, when it goes on.
    pub fn wake(&mut self, node: NodeId, wakeup: Wakeup) {
        let cause = self.cx.cause;
        let process = self.cx.process_mut(node);
        if !process.runs(node) {
            return;
        }
        if process.paused {
            process.deferred.push((cause, node, wakeup));
            return;
        }
        self.enter(node, cause);
        self.nodes.wake(&mut self.cx, node, wakeup);
        self.leave(node);
    }

    /// From here on `node` is the one that acts.
    #[inline(never)] // what is stored as one is read as one
    pub fn enter(&mut self, node: NodeId, cause: Option<HappeningId>) {
        self.cx.node = node;
        self.cx.cause = cause;
        self.cx.exited = false;
    }

    /// The node has finished its input; its process may have ended itself.
    pub fn leave(&mut self, node: NodeId) {
        if std::mem::take(&mut self.cx.exited) {
            let stopped = self.cx.note_at(node, Fact::ProcessStopped);
            self.cx.cause = Some(stopped);
            let spec = Arc::clone(&self.cx.spec);
            let process = self.cx.process_mut(node);
            process.ended.push(node);
            if spec.same_process(node).any(|other| process.runs(other)) {
                self.cx.drop_connections(node, false);
            } else {
                let starts_again = process.starts_again.take();
                self.end_process(node, false);
                if let Some(boot) = starts_again {
                    self.start(node, boot);
                }
            }
        }
        self.cx.node = NodeId::World;
    }

    pub fn start(&mut self, node: NodeId, boot: Boot) {
        let was_dark = self.cx.process(node).dark;
        let process = self.cx.process_mut(node);
        if process.running {
            if let NodeId::Broker(id) = node
                && self.nodes.broker(id).is_stopping()
            {
                self.cx.process_mut(node).starts_again = Some(boot);
            }
            return;
        }
        process.running = true;
        process.paused = false;
        process.dark = false;
        process.incarnation += 1;
        process.ended.clear();
        let (spec, cause) = (Arc::clone(&self.cx.spec), self.cx.cause);
        for node in spec.same_process(node) {
            self.cx.cause = cause;
            self.start_node(node, boot);
        }
        if was_dark {
            self.cx.resume_path();
        }
    }

    fn start_node(&mut self, node: NodeId, boot: Boot) {
        let started = self.cx.note_at(node, Fact::ProcessStarted);
        self.enter(node, Some(started));
        self.nodes.start(&mut self.cx, node, boot);
        self.leave(node);
    }

    /// The process is gone; `dark`: so is the machine's power, and no packet says goodbye.
    fn end_process(&mut self, node: NodeId, dark: bool) {
        let cause = self.cx.cause;
        let process = self.cx.process_mut(node);
        process.silenced = cause;
        process.running = false;
        process.paused = false;
        process.listening = false;
        process.dark = dark;
        process.deferred.clear();
        process.starts_again = None;
        self.cx.drop_connections(node, dark);
    }

    pub fn resume(&mut self, node: NodeId) {
        let process = self.cx.process_mut(node);
        if !process.paused {
            return;
        }
        process.paused = false;
        let deferred = std::mem::take(&mut process.deferred);
        let spec = Arc::clone(&self.cx.spec);
        let resumed: Vec<(NodeId, HappeningId)> =
            (spec.same_process(node)).map(|node| (node, self.cx.note_at(node, Fact::Resumed))).collect();
        for (cause, node, wakeup) in deferred {
            let own = resumed.iter().find(|&&(other, _)| other == node).map(|&(_, resumed)| resumed);
            self.cx.cause = cause.or(own);
            self.wake(node, wakeup);
        }
    }

    pub fn is_up(&self, node: NodeId) -> bool {
        self.cx.process(node).runs(node)
    }

    pub fn kill(&mut self, node: NodeId) {
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
        self.end_process(node, false);
        self.enter(node, Some(killed));
        self.nodes.kill(&mut self.cx, node);
        self.leave(node);
    }

    pub fn stop(&mut self, node: NodeId) {
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

    pub fn pause(&mut self, node: NodeId) {
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

    /// Everything on the node's machine goes dark with it. Returns who that was.
    pub fn power_loss(&mut self, node: NodeId) -> Vec<NodeId> {
        let machine = self.cx.spec.machine_of(node);
        let cause = self.cx.cause;
        let is_lit =
            |node: &NodeId| self.cx.spec.machine_of(*node) == machine && !self.cx.process(*node).dark;
        let lit: Vec<NodeId> = self.cx.spec.nodes().filter(is_lit).collect();
        for &node in &lit {
            self.cx.cause = cause;
            let lost = self.cx.note_at(node, Fact::PowerLost);
            self.cx.cause = Some(lost);
            self.end_process(node, true);
            self.enter(node, Some(lost));
            self.nodes.lose_power(&mut self.cx, node);
            self.leave(node);
        }
        lit
    }

    pub fn at_broker(&mut self, id: BrokerId, act: impl FnOnce(&mut Broker, &mut Context)) {
        let node = NodeId::Broker(id);
        let cause = self.cx.cause;
        self.enter(node, cause);
        act(self.nodes.broker_mut(&self.cx, id), &mut self.cx);
        self.leave(node);
    }

    pub fn at_controller(&mut self, act: impl FnOnce(&mut Controller, &mut Context)) {
        let cause = self.cx.cause;
        self.enter(NodeId::Controller, cause);
        act(&mut self.nodes.controller, &mut self.cx);
        self.leave(NodeId::Controller);
    }

    pub fn at_producer(&mut self, client: ClientId, act: impl FnOnce(&mut Producer, &mut Context)) {
        let node = NodeId::Producer(client);
        if !self.is_up(node) {
            return;
        }
        let cause = self.cx.cause;
        self.enter(node, cause);
        act(self.nodes.producer_mut(client), &mut self.cx);
        self.leave(node);
    }
}
