//! What a node may do while it handles one input: read `now`, note what happens, send, connect, set timers, draw lots.
//! Nothing else reaches a node from outside, and nothing else leaves it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::audit::ledger::Ledger;
use crate::happening::{Fact, Happening};
use crate::ids::{BatchId, HappeningId, NodeId};
use crate::network::Network;
use crate::rng::{Purpose, Rng, Stream};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::process::Process;
use crate::world::queue::{Event, Queue, Scheduled, Timer};

/// What has been noted and not been taken: of a whole run, or of one step.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Happening>);

impl Clone for Notes {
    /// A copy of a world goes on from where it was taken: what lies before that is the run's.
    fn clone(&self) -> Notes {
        Notes::default()
    }
}

impl Deref for Notes {
    type Target = Vec<Happening>;

    fn deref(&self) -> &Vec<Happening> {
        &self.0
    }
}

impl DerefMut for Notes {
    fn deref_mut(&mut self) -> &mut Vec<Happening> {
        &mut self.0
    }
}

#[derive(Clone, Debug)]
pub struct Context {
    pub now: Time,
    pub spec: Arc<Spec>,
    /// The node that is handling an input.
    pub node: NodeId,
    /// The happening that led to this input; every note, message and timer made now carries it.
    pub cause: Option<HappeningId>,
    /// Of each node, by its place: for each stream one.
    rngs: Vec<[Rng; 2]>,
    pub ledger: Ledger,
    pub(crate) queue: Queue,
    pub(crate) network: Network,
    pub(crate) notes: Notes,
    pub(crate) next_happening: u32,
    processes: Vec<Process>,
    /// Of each node, by its place: the place of its process.
    homes: Vec<u16>,
    /// A running process that has ended by itself in this step.
    pub(crate) exited: bool,
    next_batch: u32,
    /// The run's time zero on the nodes' clock: what lies before it is warm-up.
    origin: Time,
}

/// Ids from here on belong to the warm-up: nothing in the trace refers to them.
pub(crate) const BEFORE_THE_BEGINNING: u32 = 1 << 31;

impl Context {
    pub(crate) fn new(spec: Arc<Spec>) -> Context {
        Context {
            now: Time::ZERO,
            node: NodeId::World,
            cause: None,
            rngs: spec.nodes().map(|node| rngs_of(&spec, node)).collect(),
            ledger: Ledger::default(),
            queue: Queue::default(),
            network: Network::new(&spec),
            notes: Notes::default(),
            next_happening: 0,
            processes: spec.nodes().map(|_| Process::default()).collect(),
            homes: homes(&spec),
            exited: false,
            next_batch: 0,
            origin: Time::ZERO,
            spec,
        }
    }

    /// Writes down what the current node does. Returns its id; to make it the cause of what follows, assign it to `cause`.
    pub fn note(&mut self, fact: Fact) -> HappeningId {
        self.note_at(self.node, fact)
    }

    /// The same for something that happens to another node.
    pub fn note_at(&mut self, node: NodeId, fact: Fact) -> HappeningId {
        let id = HappeningId(self.next_happening);
        self.next_happening += 1;
        let cause = self.cause.filter(|cause| cause.0 < BEFORE_THE_BEGINNING).into();
        let at = self.run_time();
        self.notes.push(Happening { id, at, node, cause, fact });
        id
    }

    /// Bytes in the queue and the network, by estimate.
    pub(crate) fn memory(&self) -> usize {
        self.queue.len() * size_of::<Scheduled>() + self.network.connections.memory()
    }

    /// Now, since the run's time zero.
    pub fn run_time(&self) -> Time {
        self.run_time_of(self.now)
    }

    pub(crate) fn run_time_of(&self, at: Time) -> Time {
        Time { nanos: at.nanos.saturating_sub(self.origin.nanos) }
    }

    /// The nodes' clock at a time of the run.
    pub(crate) fn clock_at(&self, time: Time) -> Time {
        time + self.origin.since(Time::ZERO)
    }

    pub(crate) fn begin(&mut self, origin: Time) {
        self.origin = origin;
        self.next_happening = 0;
        self.notes.clear();
    }

    /// Wakes this node after `after`. Timers cannot be taken back: a node keeps what it waits for and ignores the rest.
    /// They end with the process.
    pub fn set_timer(&mut self, after: Duration, timer: Timer) {
        self.set_timer_at(self.now + after, timer);
    }

    pub fn set_timer_at(&mut self, at: Time, timer: Timer) {
        let incarnation = self.process(self.node).incarnation;
        self.queue.push(at.max(self.now), self.cause, Event::Timer { node: self.node, incarnation, timer });
    }

    /// A number for a new batch.
    pub fn next_batch(&mut self) -> BatchId {
        self.next_batch += 1;
        BatchId(self.next_batch - 1)
    }

    /// Even between the two, both included.
    pub fn draw(&mut self, stream: Stream, low: Duration, high: Duration) -> Duration {
        self.rng(stream).between(low, high)
    }

    /// A whole number below `bound` (which is not zero), evenly.
    pub fn draw_below(&mut self, stream: Stream, bound: u64) -> u64 {
        self.rng(stream).below(bound)
    }

    fn rng(&mut self, stream: Stream) -> &mut Rng {
        let index = self.index_of(self.node);
        &mut self.rngs[index][stream as usize]
    }

    /// The clients' and brokers' port answers (or stops answering) new connections.
    pub fn listen(&mut self, listening: bool) {
        let node = self.node;
        self.process_mut(node).listening = listening;
    }

    /// This process ends by itself once the current input is handled.
    pub fn exit(&mut self) {
        self.exited = true;
    }

    /// Why `listener` has not heard of `node` since: its process was ended or stopped, or the way was cut. None: unknown.
    pub(crate) fn silenced_by(
        &self,
        node: NodeId,
        listener: NodeId,
        since: Option<HappeningId>,
    ) -> Option<HappeningId> {
        let (from, to) = (self.spec.machine_of(node), self.spec.machine_of(listener));
        let cuts = [self.network.path(from, to).cut_by, self.network.path(to, from).cut_by];
        let since = since.filter(|since| since.0 < BEFORE_THE_BEGINNING);
        let reasons = cuts.into_iter().chain([self.process(node).silenced]).flatten();
        reasons.filter(|&reason| reason.0 < BEFORE_THE_BEGINNING && Some(reason) > since).min()
    }

    pub(crate) fn index_of(&self, node: NodeId) -> usize {
        let brokers = self.spec.brokers.len();
        match node {
            NodeId::Controller | NodeId::World => 0,
            NodeId::Broker(id) => {
                // Ids are usually 1 to n in order.
                let guess = (id.0 as usize).wrapping_sub(1);
                match self.spec.brokers.get(guess) {
                    Some(broker) if broker.id == id => 1 + guess,
                    _ => {
                        1 + self
                            .spec
                            .brokers
                            .iter()
                            .position(|broker| broker.id == id)
                            .expect("a broker of this scenario")
                    }
                }
            }
            NodeId::Producer(client) => 1 + brokers + usize::from(client.0),
            NodeId::Consumer(client) => 1 + brokers + self.spec.producers.len() + usize::from(client.0),
        }
    }

    pub(crate) fn process(&self, node: NodeId) -> &Process {
        &self.processes[usize::from(self.homes[self.index_of(node)])]
    }

    pub(crate) fn process_mut(&mut self, node: NodeId) -> &mut Process {
        let home = self.homes[self.index_of(node)];
        &mut self.processes[usize::from(home)]
    }
}

/// By the place of each node: the place of the first node of its process.
fn homes(spec: &Spec) -> Vec<u16> {
    let nodes: Vec<NodeId> = spec.nodes().collect();
    let place = |node: NodeId| nodes.iter().position(|&other| other == node).unwrap_or_default() as u16;
    nodes.iter().map(|&node| spec.same_process(node).next().map_or(0, place)).collect()
}

fn rngs_of(spec: &Spec, node: NodeId) -> [Rng; 2] {
    [Stream::Jitter, Stream::Partitioner].map(|stream| Rng::new(spec.seed, Purpose::Node(node, stream)))
}
