//! The world: takes the next event, lets one node react, and follows the script. It owns the nodes, the network and the
//! queue, and it is cheap to clone: a clone is a keyframe.

mod cluster;
pub mod context;
mod nodes;
pub(crate) mod process;
pub mod queue;
pub mod stall;

use std::sync::Arc;

use crate::audit::ledger::Ledger;
use crate::broker::Broker;
use crate::controller::Controller;
use crate::happening::Happening;
use crate::ids::{BrokerId, ClientId, NodeId, Partition, TopicId};
use crate::network::End;
use crate::producer::{Producer, ProducerMetrics};
use crate::script::load::Loads;
use crate::script::progress::Progress;
use crate::script::{Action, ActionId, Boot, Trigger};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{ClusterView, ProcessState};
use crate::world::cluster::Cluster;
use crate::world::context::BEFORE_THE_BEGINNING;
use crate::world::process::Wakeup;
use crate::world::queue::Event;
use crate::world::stall::{Guard, Stall};

#[derive(Clone, Debug)]
pub struct World {
    pub(crate) cluster: Cluster,
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
            progress: Progress::new(&spec),
            loads: Loads::new(&spec),
            cluster: Cluster::new(Arc::clone(&spec)),
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
        self.cluster.cx.next_happening = BEFORE_THE_BEGINNING;
        let at_once = Boot { registers_after: Some(Duration::ZERO), ..Boot::default() };
        self.cluster.start(NodeId::Controller, at_once);
        for (index, broker) in (0..).zip(&Arc::clone(&self.cluster.cx.spec).brokers) {
            let boot =
                Boot { registers_after: Some(Duration::from_millis(10 * (1 + index))), ..Boot::default() };
            self.cluster.start(NodeId::Broker(broker.id), boot);
        }
        self.step_until(PATIENCE, |world| {
            let controller = world.cluster.nodes.controller.view(ProcessState::Running);
            let stands = controller.brokers.len() == world.cluster.nodes.brokers().len()
                && controller.brokers.iter().all(|broker| !broker.fenced);
            stands || world.steps >= MOST_STEPS
        });
        // What the script is going to create does not exist before.
        let spec = Arc::clone(&self.cluster.cx.spec);
        let comes_later = |topic| {
            spec.script
                .iter()
                .any(|entry| matches!(entry.action, Action::CreateTopic { topic: own } if own == topic))
        };
        for (topic, _) in (0..).map(TopicId).zip(&spec.topics) {
            if !comes_later(topic) {
                self.cluster.enter(NodeId::Controller, None);
                self.cluster.nodes.controller.create_topic(&mut self.cluster.cx, topic);
            }
        }
        // Until every follower has its leader, and the long polls are parked.
        let settled = self.cluster.cx.now + Duration::from_millis(2_500);
        self.step_until(settled, |world| world.steps >= MOST_STEPS);
        self.cluster.cx.notes.clear();
    }

    fn step_until(&mut self, limit: Time, done: impl Fn(&World) -> bool) {
        while !done(self) && self.step_by(limit).is_some() {
            self.cluster.cx.notes.clear();
        }
    }

    /// Time zero: from here on everything counts.
    fn begin(&mut self) {
        // A whole second, so that the nodes' millisecond clocks and the run's agree.
        let second = Duration::from_secs(1).nanos;
        let origin = Time { nanos: self.cluster.cx.now.nanos.div_ceil(second) * second };
        self.step_until(origin, |_| false);
        self.cluster.cx.now = origin;
        self.cluster.cx.begin(origin);
        self.cluster.cx.cause = None;
        let spec = Arc::clone(&self.cluster.cx.spec);
        for (index, entry) in (0..).zip(&spec.script) {
            if let Trigger::At(time) = entry.when {
                self.cluster.cx.queue.push(
                    origin + time.since(Time::ZERO),
                    None,
                    Event::Act { action: ActionId(index) },
                );
            }
        }
        self.progress.begin(&mut self.cluster.cx, &self.cluster.nodes.controller);
    }

    pub fn spec(&self) -> &Arc<Spec> {
        &self.cluster.cx.spec
    }

    /// Since time zero.
    pub fn now(&self) -> Time {
        self.cluster.cx.run_time()
    }

    pub fn ledger(&self) -> &Ledger {
        &self.cluster.cx.ledger
    }

    /// The producer's metrics, under Kafka's names.
    pub fn metrics(&self, producer: ClientId) -> ProducerMetrics {
        self.cluster.nodes.producer(producer).metrics(self.cluster.cx.now)
    }

    /// Events handled so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Bytes that this world has for itself, which a clone takes up again; by estimate, and at once.
    pub(crate) fn memory(&self) -> u64 {
        let batches = self.unsent_batches() as usize * 128;
        (batches + self.cluster.cx.memory() + self.cluster.cx.ledger.len() * 8) as u64
    }

    /// Batches that no producer has sent yet.
    pub(crate) fn unsent_batches(&self) -> u64 {
        self.cluster.nodes.unsent_batches()
    }

    /// Set where time no longer goes on: no further step is done.
    pub fn stall(&self) -> Option<&Stall> {
        self.stalled.as_ref()
    }

    /// Events that wait.
    pub fn pending(&self) -> usize {
        self.cluster.cx.queue.len()
    }

    pub fn broker(&self, id: BrokerId) -> &Broker {
        self.cluster.nodes.broker(id)
    }

    pub fn producer(&self, client: ClientId) -> &Producer {
        self.cluster.nodes.producer(client)
    }

    pub fn controller(&self) -> &Controller {
        &self.cluster.nodes.controller
    }

    /// What has been noted so far and not been taken.
    pub(crate) fn notes(&mut self) -> &mut Vec<Happening> {
        &mut self.cluster.cx.notes
    }

    /// What has been noted and not been taken.
    pub(crate) fn noted(&self) -> &[Happening] {
        &self.cluster.cx.notes
    }

    /// Handles the next event, if it is due by then, and shows what happened. It stays among the notes.
    pub(crate) fn step_by(&mut self, until: Time) -> Option<&[Happening]> {
        let first = self.cluster.cx.notes.len();
        if self.stalled.is_some() {
            return None;
        }
        let scheduled = self.cluster.cx.queue.pop_by(self.cluster.cx.clock_at(until))?;
        debug_assert!(scheduled.at >= self.cluster.cx.now, "time ran backwards");
        if scheduled.at > self.cluster.cx.now {
            self.guard.moved(self.steps);
        } else if self.guard.is_suspicious(self.steps) && self.stalls(&scheduled.event) {
            return None;
        }
        self.steps += 1;
        self.cluster.cx.now = scheduled.at;
        self.cluster.cx.cause = scheduled.cause;
        match scheduled.event {
            Event::Arrive { connection, towards } => {
                if self.cluster.cx.arrive(connection, towards) {
                    let node = self.cluster.cx.network.connection(connection).node(towards);
                    self.cluster.wake(node, Wakeup::Readable(connection));
                }
            }
            Event::Dial { connection, attempt: u16::MAX } => self.cluster.dialled(connection),
            Event::Dial { connection, attempt } => self.cluster.cx.dial(connection, attempt),
            Event::Resend { connection, towards } => self.cluster.cx.resend(connection, towards),
            Event::Timer { node, incarnation, timer } => {
                if self.cluster.cx.process(node).incarnation == incarnation {
                    self.cluster.wake(node, Wakeup::Timer(timer));
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
            self.progress.observe(&mut self.cluster.cx, &self.cluster.nodes.controller, first);
        }
        Some(&self.cluster.cx.notes[first..])
    }

    /// Counts what is done once more at this instant. True: once too often.
    #[cold]
    fn stalls(&mut self, event: &Event) -> bool {
        let node = match *event {
            Event::Arrive { connection, towards } => {
                self.cluster.cx.network.connection(connection).node(towards)
            }
            Event::Dial { connection, .. } => {
                self.cluster.cx.network.connection(connection).node(End::Opener)
            }
            Event::Resend { connection, towards } => {
                self.cluster.cx.network.connection(connection).node(towards.other())
            }
            Event::Timer { node, .. } => node,
            Event::Act { .. } | Event::Undo { .. } | Event::Offer { .. } => NodeId::World,
        };
        let at = self.cluster.cx.run_time();
        self.stalled = self.guard.count(node, event, &self.cluster.cx.spec, self.steps, at);
        self.stalled.is_some()
    }

    /// The cluster as it stands.
    pub fn view(&self) -> ClusterView {
        self.cluster.nodes.view(&self.cluster.cx)
    }

    /// Partitions by number.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.cluster.cx.spec.partitions.len() as u16).map(Partition)
    }
}
