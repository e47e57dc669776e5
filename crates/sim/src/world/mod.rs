//! The world: takes the next event, lets one node react, and follows the script. It owns the nodes, the network and the
//! queue, and it is cheap to clone: a clone is a keyframe.

pub mod context;
mod nodes;
pub(crate) mod process;
pub mod queue;
pub mod stall;

use std::sync::Arc;

use crate::audit::ledger::Ledger;
use crate::broker::Broker;
use crate::controller::Controller;
use crate::happening::{Fact, Happening};
use crate::ids::{BrokerId, ClientId, ConnectionId, HappeningId, NodeId, Partition, TopicId};
use crate::network::{Dialled, End, State};
use crate::producer::{Producer, ProducerMetrics};
use crate::script::load::Loads;
use crate::script::progress::Progress;
use crate::script::{Action, ActionId, Boot, Trigger};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{ClusterView, ProcessState};
use crate::world::context::{BEFORE_THE_BEGINNING, Context};
use crate::world::nodes::Nodes;
use crate::world::process::Wakeup;
use crate::world::queue::Event;
use crate::world::stall::{Guard, Stall};

#[derive(Clone, Debug)]
pub struct World {
    pub(crate) cx: Context,
    pub(crate) nodes: Nodes,
    pub(crate) progress: Progress,
    pub(crate) loads: Loads,
    steps: u64,
    guard: Guard,
    stalled: Option<Stall>,
}

impl World {
    /// A cluster at time zero: warm (up, registered, elected, in sync), or with every process down.
    pub fn new(spec: Arc<Spec>) -> World {
        let mut world = World {
            nodes: Nodes::new(&spec),
            progress: Progress::new(&spec),
            loads: Loads::new(&spec),
            cx: Context::new(Arc::clone(&spec)),
            steps: 0,
            guard: Guard::default(),
            stalled: None,
        };
        if spec.warm {
            world.warm_up();
        }
        world.begin();
        world
    }

    /// Starts everything and waits until the cluster stands, or for so long; what happens here is not part of the run.
    fn warm_up(&mut self) {
        const PATIENCE: Time = Time::from_millis(120_000);
        /// Nine brokers with 64 partitions on each stand after some 2,000. What spins goes on as part of the run.
        const MOST_STEPS: u64 = 200_000;
        self.cx.next_happening = BEFORE_THE_BEGINNING;
        let at_once = Boot { registers_after: Some(Duration::ZERO), ..Boot::default() };
        self.start(NodeId::Controller, at_once);
        for (index, broker) in (0..).zip(&Arc::clone(&self.cx.spec).brokers) {
            let boot =
                Boot { registers_after: Some(Duration::from_millis(10 * (1 + index))), ..Boot::default() };
            self.start(NodeId::Broker(broker.id), boot);
        }
        self.step_until(PATIENCE, |world| {
            let controller = world.nodes.controller.view(ProcessState::Running);
            let stands = controller.brokers.len() == world.nodes.brokers().len()
                && controller.brokers.iter().all(|broker| !broker.fenced);
            stands || world.steps >= MOST_STEPS
        });
        // What the script is going to create does not exist before.
        let spec = Arc::clone(&self.cx.spec);
        let comes_later = |topic| {
            spec.script
                .iter()
                .any(|entry| matches!(entry.action, Action::CreateTopic { topic: own } if own == topic))
        };
        for (topic, _) in (0..).map(TopicId).zip(&spec.topics) {
            if !comes_later(topic) {
                self.enter(NodeId::Controller, None);
                self.nodes.controller.create_topic(&mut self.cx, topic);
            }
        }
        // Until every follower has its leader, and the long polls are parked.
        let settled = self.cx.now + Duration::from_millis(2_500);
        self.step_until(settled, |world| world.steps >= MOST_STEPS);
        self.cx.notes.clear();
    }

    fn step_until(&mut self, limit: Time, done: impl Fn(&World) -> bool) {
        while !done(self) && self.step_by(limit).is_some() {
            self.cx.notes.clear();
        }
    }

    /// Time zero: from here on everything counts.
    fn begin(&mut self) {
        // A whole second, so that the nodes' millisecond clocks and the run's agree.
        let second = Duration::from_secs(1).nanos;
        let origin = Time { nanos: self.cx.now.nanos.div_ceil(second) * second };
        self.step_until(origin, |_| false);
        self.cx.now = origin;
        self.cx.begin(origin);
        self.cx.cause = None;
        let spec = Arc::clone(&self.cx.spec);
        for (index, entry) in (0..).zip(&spec.script) {
            if let Trigger::At(time) = entry.when {
                self.cx.queue.push(
                    origin + time.since(Time::ZERO),
                    None,
                    Event::Act { action: ActionId(index) },
                );
            }
        }
        self.progress.begin(&mut self.cx, &self.nodes.controller);
    }

    pub fn spec(&self) -> &Arc<Spec> {
        &self.cx.spec
    }

    /// Since time zero.
    pub fn now(&self) -> Time {
        self.cx.run_time()
    }

    pub fn ledger(&self) -> &Ledger {
        &self.cx.ledger
    }

    /// The producer's metrics, under Kafka's names.
    pub fn metrics(&self, producer: ClientId) -> ProducerMetrics {
        self.nodes.producer(producer).metrics(self.cx.now)
    }

    /// Events handled so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Bytes that this world has for itself, which a clone takes up again; by estimate, and at once.
    pub(crate) fn memory(&self) -> u64 {
        let batches = self.unsent_batches() as usize * 128;
        (batches + self.cx.memory() + self.cx.ledger.len() * 8) as u64
    }

    /// Batches that no producer has sent yet.
    pub(crate) fn unsent_batches(&self) -> u64 {
        self.nodes.unsent_batches()
    }

    /// Set where time no longer goes on: no further step is done.
    pub fn stall(&self) -> Option<&Stall> {
        self.stalled.as_ref()
    }

    /// Events that wait.
    pub fn pending(&self) -> usize {
        self.cx.queue.len()
    }

    pub fn broker(&self, id: BrokerId) -> &Broker {
        self.nodes.broker(id)
    }

    pub fn producer(&self, client: ClientId) -> &Producer {
        self.nodes.producer(client)
    }

    pub fn controller(&self) -> &Controller {
        &self.nodes.controller
    }

    /// What has been noted so far and not been taken.
    pub(crate) fn notes(&mut self) -> &mut Vec<Happening> {
        &mut self.cx.notes
    }

    /// What has been noted and not been taken.
    pub(crate) fn noted(&self) -> &[Happening] {
        &self.cx.notes
    }

    /// Handles the next event, if it is due by then, and shows what happened. It stays among the notes.
    pub(crate) fn step_by(&mut self, until: Time) -> Option<&[Happening]> {
        let first = self.cx.notes.len();
        if self.stalled.is_some() {
            return None;
        }
        let scheduled = self.cx.queue.pop_by(self.cx.clock_at(until))?;
        debug_assert!(scheduled.at >= self.cx.now, "time ran backwards");
        if scheduled.at > self.cx.now {
            self.guard.moved(self.steps);
        } else if self.guard.is_suspicious(self.steps) && self.stalls(&scheduled.event) {
            return None;
        }
        self.steps += 1;
        self.cx.now = scheduled.at;
        self.cx.cause = scheduled.cause;
        match scheduled.event {
            Event::Arrive { connection, towards } => {
                if self.cx.arrive(connection, towards) {
                    let node = self.cx.network.connection(connection).node(towards);
                    self.wake(node, Wakeup::Readable(connection));
                }
            }
            Event::Dial { connection, attempt: u16::MAX } => self.dialled(connection),
            Event::Dial { connection, attempt } => self.cx.dial(connection, attempt),
            Event::Resend { connection, towards } => self.cx.resend(connection, towards),
            Event::Timer { node, incarnation, timer } => {
                if self.cx.process(node).incarnation == incarnation {
                    self.wake(node, Wakeup::Timer(timer));
                }
            }
            Event::Act { action } => self.act(action),
            Event::Undo { action } => self.undo(action),
            Event::Offer { action } => self.offer(action),
        }
        if !self.loads.waiting.is_empty() {
            self.offer_waiting();
        }
        if self.progress.is_waiting() {
            self.progress.observe(&mut self.cx, &self.nodes.controller, first);
        }
        Some(&self.cx.notes[first..])
    }

    /// Counts what is done once more at this instant. True: once too often.
    #[cold]
    fn stalls(&mut self, event: &Event) -> bool {
        let node = match *event {
            Event::Arrive { connection, towards } => self.cx.network.connection(connection).node(towards),
            Event::Dial { connection, .. } => self.cx.network.connection(connection).node(End::Opener),
            Event::Resend { connection, towards } => {
                self.cx.network.connection(connection).node(towards.other())
            }
            Event::Timer { node, .. } => node,
            Event::Act { .. } | Event::Undo { .. } | Event::Offer { .. } => NodeId::World,
        };
        let at = self.cx.run_time();
        self.stalled = self.guard.count(node, event, &self.cx.spec, self.steps, at);
        self.stalled.is_some()
    }

    /// The answer to a dial is back at the opener.
    fn dialled(&mut self, connection: ConnectionId) {
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
    fn wake(&mut self, node: NodeId, wakeup: Wakeup) {
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
    pub(crate) fn enter(&mut self, node: NodeId, cause: Option<HappeningId>) {
        self.cx.node = node;
        self.cx.cause = cause;
        self.cx.exited = false;
    }

    /// The node has finished its input; its process may have ended itself.
    pub(crate) fn leave(&mut self, node: NodeId) {
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

    pub(crate) fn start(&mut self, node: NodeId, boot: Boot) {
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
    pub(crate) fn end_process(&mut self, node: NodeId, dark: bool) {
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

    pub(crate) fn resume(&mut self, node: NodeId) {
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

    /// The cluster as it stands.
    pub fn view(&self) -> ClusterView {
        self.nodes.view(&self.cx)
    }

    /// Partitions by number.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.cx.spec.partitions.len() as u16).map(Partition)
    }
}
