//! A whole run: what happened in it and what became of every record (`Trace`), and with it the world at any moment
//! (`Run`). A run can be made in one go, or a little at a time (`Running`), and never uses more than its budget.

pub mod budget;
pub(crate) mod keyframes;
pub mod trace;

use std::hash::Hash;
use std::hash::Hasher;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::audit::fates::Observer;
use crate::audit::ledger::Ledger;
use crate::audit::{Audit, Latency};
use crate::happening::{Fact, Happening};
use crate::ids::{ClientId, HappeningId};
use crate::producer::ProducerMetrics;
use crate::run::budget::{Budget, Progress, Stopped};
use crate::run::keyframes::Keyframes;
use crate::run::trace::{Counters, TraceHasher};
use crate::script::ActionId;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::ClusterView;
use crate::world::World;

/// Everything that happened in a run, and what became of every record: what pictures, words and checks read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trace {
    pub spec: Arc<Spec>,
    pub happenings: Vec<Happening>,
    pub ledger: Ledger,
    pub audit: Audit,
    /// The cluster at time zero.
    pub opening: ClusterView,
    /// When the run ended.
    pub end: Time,
    /// Why it ended before the scenario does.
    pub stopped: Option<Stopped>,
    pub hash: u64,
    /// Events handled.
    pub events: u64,
    /// Messages among the happenings.
    pub messages: u32,
    /// The actions of the script that were carried out, in their order, each by the happening that did it.
    pub done: Vec<(ActionId, HappeningId)>,
}

impl Trace {
    /// 16 hexadecimal digits over every byte of every happening.
    pub fn trace_hash(&self) -> String {
        format!("{:016x}", self.hash)
    }

    pub fn happening(&self, id: HappeningId) -> &Happening {
        &self.happenings[id.0 as usize]
    }

    /// The chain of causes, the happening itself first.
    pub fn causes(&self, id: HappeningId) -> impl Iterator<Item = &Happening> {
        std::iter::successors(Some(self.happening(id)), |happening| {
            happening.cause.id().map(|cause| self.happening(cause))
        })
    }

    /// What carried an action of the script out, if anything did.
    pub fn done(&self, action: ActionId) -> Option<&Happening> {
        let place = self.done.binary_search_by_key(&action, |&(action, _)| action).ok()?;
        Some(self.happening(self.done[place].1))
    }

    /// The happenings up to and including `time`.
    pub fn until(&self, time: Time) -> &[Happening] {
        &self.happenings[..self.happenings.partition_point(|happening| happening.at <= time)]
    }
}

/// The worlds of a run: any moment of it can be looked at again.
pub struct Worlds {
    keyframes: Keyframes,
    last: World,
    /// When the run ended.
    end: Time,
}

impl Worlds {
    /// The cluster as it stood at `time`: the nearest keyframe and a short replay.
    pub fn view_at(&self, time: Time) -> ClusterView {
        let mut view = self.world_at(time).view();
        view.now = time;
        view
    }

    /// The world itself as it stood at `time`.
    pub fn world_at(&self, time: Time) -> World {
        if time >= self.end {
            return self.last.clone();
        }
        let mut world = self.keyframes.before(time).clone();
        while world.step_by(time).is_some() {
            world.notes().clear();
        }
        world
    }

    /// The producer's metrics as they read at the end, under Kafka's names.
    pub fn metrics(&self, producer: ClientId) -> ProducerMetrics {
        self.last.metrics(producer)
    }

    /// The world at the end of the run.
    pub fn last(&self) -> &World {
        &self.last
    }
}

/// A finished run: what is read as its trace, what can be looked at as its worlds.
pub struct Run {
    pub trace: Trace,
    pub worlds: Worlds,
}

impl Deref for Run {
    type Target = Trace;

    fn deref(&self) -> &Trace {
        &self.trace
    }
}

impl Run {
    /// Runs the scenario to its end, or as far as the usual budget goes.
    pub fn new(spec: Spec) -> Run {
        Run::within(spec, Budget::default())
    }

    /// Runs the scenario to its end, or as far as the budget goes.
    pub fn within(spec: Spec, budget: Budget) -> Run {
        Run::watched(spec, budget, |_, _| {})
    }

    /// The same, while somebody looks on: at the world before the first step and after each, and at what happened in it.
    pub(crate) fn watched(spec: Spec, budget: Budget, look: impl FnMut(&World, &[Happening])) -> Run {
        let mut running = Running::watched(spec, budget, look);
        while running.advance(u64::MAX) {}
        running.finish()
    }

    /// The cluster as it stood at `time`.
    pub fn view_at(&self, time: Time) -> ClusterView {
        self.worlds.view_at(time)
    }

    /// The world itself as it stood at `time`.
    pub fn world_at(&self, time: Time) -> World {
        self.worlds.world_at(time)
    }

    /// The producer's metrics as they read at the end, under Kafka's names.
    pub fn metrics(&self, producer: ClientId) -> ProducerMetrics {
        self.worlds.metrics(producer)
    }

    /// The world at the end of the run.
    pub fn last(&self) -> &World {
        self.worlds.last()
    }
}

/// A run that is under way.
pub struct Running<L = fn(&World, &[Happening])> {
    spec: Arc<Spec>,
    budget: Budget,
    world: World,
    opening: ClusterView,
    hasher: TraceHasher,
    observer: Observer,
    keyframes: Keyframes,
    messages: u32,
    done: Vec<(ActionId, HappeningId)>,
    stopped: Option<Stopped>,
    look: L,
}

/// How many events lie between two looks at the memory used.
const MEASURED_EVERY: u64 = 256;

impl Running {
    pub fn new(spec: Spec, budget: Budget) -> Running {
        Running::watched(spec, budget, |_, _| {})
    }
}

impl<L: FnMut(&World, &[Happening])> Running<L> {
    pub(crate) fn watched(spec: Spec, budget: Budget, mut look: L) -> Running<L> {
        let spec = Arc::new(spec);
        let world = World::new(Arc::clone(&spec));
        look(&world, &[]);
        Running {
            opening: world.view(),
            hasher: TraceHasher::default(),
            observer: Observer::new(&spec),
            keyframes: Keyframes::new(&world),
            messages: 0,
            done: Vec::new(),
            stopped: None,
            spec,
            budget,
            world,
            look,
        }
    }

    /// Handles so many events more. False where the run is over.
    pub fn advance(&mut self, events: u64) -> bool {
        let target = self.world.steps().saturating_add(events);
        while self.world.steps() < target {
            if self.stopped.is_some() {
                return false;
            }
            let until = self.world.steps().saturating_add(MEASURED_EVERY).min(target);
            if !self.steps_to(until) {
                let stall = self.world.stall();
                self.stopped = stall.map(|stall| Stopped::Stalled(stall.sentence(&self.spec).into()));
                return false;
            }
            self.stopped = self.exceeded();
        }
        self.stopped.is_none()
    }

    /// Handles events up to that many in all. False where no more is due.
    fn steps_to(&mut self, steps: u64) -> bool {
        let mut noted = self.world.noted().len();
        while self.world.steps() < steps {
            let Some(happenings) = self.world.step_by(self.spec.until) else { return false };
            for happening in happenings {
                self.observer.observe(happening);
                happening.hash(&mut self.hasher);
                match happening.fact {
                    Fact::MessageSent { .. } => self.messages += 1,
                    Fact::ActionDone { action } => self.done.push((action, happening.id)),
                    _ => {}
                }
            }
            (self.look)(&self.world, &self.world.noted()[noted..]);
            noted = self.world.noted().len();
            self.keyframes.offer(&self.world);
        }
        true
    }

    fn exceeded(&self) -> Option<Stopped> {
        let Budget { events, records, memory } = self.budget;
        if self.world.steps() >= events {
            Some(Stopped::Events(events))
        } else if self.world.ledger().len() as u64 > records {
            Some(Stopped::Records(records))
        } else {
            (self.memory() > memory).then_some(Stopped::Memory(memory))
        }
    }

    /// What the run takes up so far, by estimate.
    fn memory(&self) -> u64 {
        // A message weighs more than its entry; most entries have none.
        const HAPPENING: usize = size_of::<Happening>() + 64;
        // In the ledger, the audit and the pictures.
        const RECORD: usize = 400;
        let told = self.world.noted().len() * HAPPENING + self.world.ledger().len() * RECORD;
        told as u64 + self.keyframes.memory() + self.world.memory()
    }

    pub fn progress(&self) -> Progress {
        Progress {
            now: self.world.now(),
            until: self.spec.until,
            events: self.world.steps(),
            memory: self.memory(),
        }
    }

    /// Ends the run where it is.
    pub fn stop(&mut self) {
        self.stopped.get_or_insert(Stopped::ByHand);
    }

    /// What has come of it. A run that is not over ends here.
    pub fn finish(mut self) -> Run {
        let mut happenings = std::mem::take(self.world.notes());
        happenings.shrink_to_fit();
        // Each action by what first carried it out.
        let mut done = crate::order::distinct(self.done);
        done.dedup_by_key(|(action, _)| *action);
        let end = if self.stopped.is_some() { self.world.now() } else { self.spec.until };
        let trace = Trace {
            ledger: self.world.ledger().clone(),
            audit: self.observer.finish(&self.world, &happenings),
            opening: self.opening,
            end,
            stopped: self.stopped,
            hash: self.hasher.finish(),
            events: self.world.steps(),
            messages: self.messages,
            done,
            happenings,
            spec: self.spec,
        };
        Run { trace, worlds: Worlds { keyframes: self.keyframes, last: self.world, end } }
    }
}

/// A run of which only figures are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub offered: u64,
    pub acked: u64,
    pub failed: u64,
    pub latency: Latency,
    /// From time zero to the last acknowledgement.
    pub duration: Duration,
    pub events: u64,
    pub batches: u64,
    pub batch_bytes: u64,
    pub produce_requests: u64,
    /// The mean number of events that waited.
    pub mean_pending: u64,
}

/// Runs the scenario to its end without a trace.
pub fn count(spec: Spec) -> Counted {
    let until = spec.until;
    let mut world = World::new(Arc::new(spec));
    let mut counters = Counters::default();
    let (mut pending, first) = (0, world.steps());
    while let Some(happenings) = world.step_by(until) {
        happenings.iter().for_each(|happening| counters.count(happening));
        world.notes().clear();
        pending += world.pending() as u64;
    }
    let events = world.steps() - first;
    Counted {
        offered: counters.offered,
        acked: counters.acked,
        failed: counters.failed,
        latency: counters.latency(),
        duration: counters.last_ack.since(Time::ZERO),
        events,
        batches: counters.batches,
        batch_bytes: counters.batch_bytes,
        produce_requests: counters.produce_requests,
        mean_pending: pending / events.max(1),
    }
}
