//! A whole run with its trace: the one thing that page, command line and tests hold.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::audit::{Audit, Latency};
use crate::fates::Observer;
use crate::happening::Happening;
use crate::ids::{ClientId, HappeningId};
use crate::ledger::Ledger;
use crate::producer::ProducerMetrics;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::trace::{Counters, TraceHasher};
use crate::view::ClusterView;
use crate::world::World;

/// The most keyframes that a run keeps, and the fewest events between two of them: what a seek replays, and what makes up
/// for the copy.
const KEYFRAMES: usize = 32;
const SPACING: u64 = 4_096;

/// A finished run: full trace, audit, and keyframes to look at any moment again.
pub struct Run {
    pub spec: Arc<Spec>,
    pub happenings: Vec<Happening>,
    pub ledger: Ledger,
    pub audit: Audit,
    /// When the run ended.
    pub end: Time,
    pub hash: u64,
    /// Events handled.
    pub events: u64,
    keyframes: Keyframes,
    last: World,
}

impl Run {
    /// Runs the scenario to its end.
    pub fn new(spec: Spec) -> Run {
        Run::watched(spec, |_, _| {})
    }

    /// The same, while somebody looks on: at the world before the first step and after each, and at what happened in it.
    pub(crate) fn watched(spec: Spec, mut look: impl FnMut(&World, &[Happening])) -> Run {
        let spec = Arc::new(spec);
        let mut world = World::new(Arc::clone(&spec));
        let mut hasher = TraceHasher::default();
        let mut observer = Observer::new(&spec);
        let mut keyframes = Keyframes::new(&world);
        look(&world, &[]);
        let mut noted = world.noted().len();
        while let Some(happenings) = world.step_by(spec.until) {
            for happening in happenings {
                observer.observe(happening);
                happening.hash(&mut hasher);
            }
            look(&world, &world.noted()[noted..]);
            noted = world.noted().len();
            keyframes.offer(&world);
        }
        let mut happenings = std::mem::take(world.notes());
        happenings.shrink_to_fit();
        let audit = observer.finish(&world, &happenings);
        Run {
            ledger: world.ledger().clone(),
            audit,
            end: spec.until,
            hash: hasher.finish(),
            events: world.steps(),
            happenings,
            keyframes,
            last: world,
            spec,
        }
    }

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

    /// The happenings up to and including `time`.
    pub fn until(&self, time: Time) -> &[Happening] {
        &self.happenings[..self.happenings.partition_point(|happening| happening.at <= time)]
    }

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

/// Copies of the world, spread over the run's events; when there are too many, every other one goes.
struct Keyframes {
    frames: Vec<World>,
    /// Events between two of them, at least.
    spacing: u64,
    /// When the next one is due.
    next: u64,
}

impl Keyframes {
    fn new(world: &World) -> Keyframes {
        Keyframes { frames: vec![world.clone()], spacing: SPACING, next: world.steps() + SPACING }
    }

    fn offer(&mut self, world: &World) {
        if world.steps() < self.next {
            return;
        }
        self.frames.push(world.clone());
        if self.frames.len() > KEYFRAMES {
            let mut place = 0;
            self.frames.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.spacing *= 2;
        }
        // What lies in producers' memory is copied batch by batch; a few events make up for each.
        self.next = world.steps() + self.spacing + 4 * world.unsent_batches();
    }

    /// The last one from which `time` can be reached by going on.
    fn before(&self, time: Time) -> &World {
        let place = self.frames.partition_point(|frame| frame.now() <= time);
        &self.frames[place.saturating_sub(1)]
    }
}

/// A run of which only figures are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
