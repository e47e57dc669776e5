//! The engine and the page, each on its own side: what the page asks, what the engine tells, and the runs under way.
//! Nothing here knows a browser: the same code answers in a worker, in the page where there is no worker, and in a test.

use std::collections::VecDeque;

use ackscope_scene::story::{Story, StoryBuilder};
use ackscope_sim::happening::Happening;
use ackscope_sim::run::budget::{Budget, Progress};
use ackscope_sim::run::{Run, Running, Trace, Worlds};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;
use ackscope_sim::view::ClusterView;
use serde::{Deserialize, Serialize};

/// What the page asks. Runs have numbers, so that late answers are known.
#[derive(Serialize, Deserialize)]
pub enum Ask {
    /// Runs a scenario for a figure: only its trace is wanted.
    Trace { number: u32, spec: Box<Spec> },
    /// Runs a scenario to be looked at, first at a time; what was run like this before is dropped.
    Run { number: u32, spec: Box<Spec>, at: Time },
    /// The cluster of the run to be looked at, at another time.
    View { number: u32, at: Time },
    /// What was told of the happenings of a run has been read: more of them, or the end.
    More { number: u32 },
    /// Ends a run where it is.
    Stop { number: u32 },
    /// Forgets a run that has not ended.
    Drop { number: u32 },
}

/// What the engine tells.
#[derive(Serialize, Deserialize)]
pub enum Tell {
    Progress {
        number: u32,
        progress: Progress,
    },
    /// A run has ended: its trace but for the happenings, which follow, and the cluster at the time that was asked for.
    Ended {
        number: u32,
        trace: Box<Trace>,
        view: Box<ClusterView>,
    },
    /// The next happenings of a run that has ended.
    Happenings {
        number: u32,
        happenings: Vec<Happening>,
        last: bool,
    },
    View {
        number: u32,
        view: Box<ClusterView>,
    },
    /// The engine has come to its end, by a fault of its own.
    Failed {
        why: String,
    },
}

/// A run that arrives little by little, and its story, which grows with it.
pub struct Arriving {
    trace: Trace,
    story: StoryBuilder,
}

impl Arriving {
    /// Begins with a trace without happenings.
    pub fn new(trace: Trace) -> Arriving {
        Arriving { story: StoryBuilder::new(&trace), trace }
    }

    pub fn read(&mut self, happenings: Vec<Happening>) {
        happenings.iter().for_each(|happening| self.story.read(happening));
        self.trace.happenings.extend(happenings);
    }

    /// All of it has come.
    pub fn finish(self) -> (Trace, Story) {
        (self.trace, self.story.finish())
    }
}

/// Messages small enough that neither side is kept from listening.
const HAPPENINGS_AT_ONCE: usize = 4_096;
/// As many events as are handled between two looks at what else there is to do.
const EVENTS_AT_ONCE: u64 = 2_000;

/// A run that is wanted.
enum Wanted {
    Waiting(Box<Spec>),
    Running(Box<Running>),
    /// It has ended; this is still to be told.
    Telling(Box<Left>),
}

struct Left {
    happenings: std::vec::IntoIter<Happening>,
    worlds: Worlds,
    /// The page is still reading what it was told last: more would only keep it from everything else.
    is_read: bool,
}

struct Job {
    number: u32,
    wanted: Wanted,
    /// Where it is looked at first; None: only its trace is wanted.
    at: Option<Time>,
}

/// Runs what is asked for, a little at a time.
#[derive(Default)]
pub struct Engine {
    /// The first one is under way.
    jobs: VecDeque<Job>,
    /// The run that is looked at.
    worlds: Option<(u32, Worlds)>,
}

impl Engine {
    pub fn hear(&mut self, ask: Ask, tell: &mut dyn FnMut(Tell)) {
        match ask {
            Ask::Trace { number, spec } => {
                self.jobs.push_back(Job { number, wanted: Wanted::Waiting(spec), at: None });
            }
            Ask::Run { number, spec, at } => {
                self.jobs.retain(|job| job.at.is_none());
                self.jobs.push_front(Job { number, wanted: Wanted::Waiting(spec), at: Some(at) });
            }
            Ask::View { number, at } => {
                if let Some((_, worlds)) = self.worlds.as_ref().filter(|(own, _)| *own == number) {
                    tell(Tell::View { number, view: Box::new(worlds.view_at(at)) });
                }
            }
            Ask::More { number } => {
                if let Some(job) = self.jobs.iter_mut().find(|job| job.number == number)
                    && let Wanted::Telling(left) = &mut job.wanted
                {
                    left.is_read = true;
                }
            }
            Ask::Stop { number } => {
                if let Some(job) = self.jobs.iter_mut().find(|job| job.number == number)
                    && let Wanted::Running(running) = &mut job.wanted
                {
                    running.stop();
                }
            }
            Ask::Drop { number } => self.jobs.retain(|job| job.number != number),
        }
    }

    /// Goes on with what was asked for. False where nothing is left to do.
    pub fn work(&mut self, tell: &mut dyn FnMut(Tell)) -> bool {
        let Some(Job { number, wanted, at }) = self.jobs.pop_front() else { return false };
        let wanted = match wanted {
            Wanted::Waiting(spec) => Wanted::Running(Box::new(Running::new(*spec, Budget::default()))),
            Wanted::Running(mut running) => {
                if running.advance(EVENTS_AT_ONCE) {
                    tell(Tell::Progress { number, progress: running.progress() });
                    Wanted::Running(running)
                } else {
                    let Run { mut trace, worlds } = running.finish();
                    let happenings = std::mem::take(&mut trace.happenings).into_iter();
                    let view = match at {
                        Some(at) => worlds.view_at(at.min(trace.end)),
                        None => trace.opening.clone(),
                    };
                    tell(Tell::Ended { number, trace: Box::new(trace), view: Box::new(view) });
                    Wanted::Telling(Box::new(Left { happenings, worlds, is_read: true }))
                }
            }
            Wanted::Telling(left) if !left.is_read => {
                self.jobs.push_front(Job { number, wanted: Wanted::Telling(left), at });
                return false;
            }
            Wanted::Telling(mut left) => {
                let happenings = left.happenings.by_ref().take(HAPPENINGS_AT_ONCE).collect();
                let last = left.happenings.len() == 0;
                tell(Tell::Happenings { number, happenings, last });
                if last {
                    self.worlds = at.map(|_| (number, left.worlds)).or(self.worlds.take());
                    return !self.jobs.is_empty();
                }
                left.is_read = false;
                Wanted::Telling(left)
            }
        };
        self.jobs.push_front(Job { number, wanted, at });
        true
    }
}

/// A message as bytes.
pub fn write(message: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(message).expect("a message can be written")
}

pub fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::library;
    use ackscope_sim::run::Run;
    use ackscope_sim::run::budget::Stopped;
    use ackscope_sim::time::Time;

    use ackscope_scene::story::Story;

    use super::{Arriving, Ask, Engine, Tell, read, write};

    /// Everything goes through bytes, as between page and worker.
    fn told(engine: &mut Engine, ask: Ask) -> Vec<Tell> {
        let mut told = Vec::new();
        let mut asks = vec![ask];
        while let Some(ask) = asks.pop() {
            let mut tell = |message: Tell| {
                let message = read(&write(&message)).expect("it can be read");
                if let Tell::Happenings { number, .. } = message {
                    asks.push(Ask::More { number });
                }
                told.push(message);
            };
            engine.hear(read(&write(&ask)).expect("it can be read"), &mut tell);
            while engine.work(&mut tell) {}
        }
        told
    }

    #[test]
    fn a_run_comes_across_whole() {
        for entry in library::library() {
            let spec = entry.document().variants[0].spec.clone();
            let here = Run::new(spec.clone());
            let at = Time { nanos: here.end.nanos / 2 };
            let mut engine = Engine::default();
            let asked = Ask::Run { number: 7, spec: Box::new(spec.clone()), at };
            let (mut arriving, mut seen_first, mut complete) = (None, None, false);
            for told in told(&mut engine, asked) {
                match told {
                    Tell::Ended { number: 7, trace, view } => {
                        assert!(*trace.spec == spec && trace.happenings.is_empty());
                        (arriving, seen_first) = (Some(Arriving::new(*trace)), Some(view));
                    }
                    Tell::Happenings { number: 7, happenings, last } => {
                        arriving.as_mut().expect("its beginning").read(happenings);
                        assert!(!std::mem::replace(&mut complete, last), "nothing comes after the last");
                    }
                    Tell::Progress { number: 7, .. } => {}
                    _ => panic!("not asked for"),
                }
            }
            assert!(complete, "{}", entry.id);
            let (trace, story) = arriving.expect("a run").finish();
            let view = seen_first.expect("a view");
            assert_eq!(story.messages.len(), Story::new(&here).messages.len());
            assert_eq!((trace.messages, &trace.done), (here.messages, &here.done));
            assert!(trace.happenings == here.happenings, "{}", entry.id);
            assert_eq!((trace.hash, trace.end, trace.events), (here.hash, here.end, here.events));
            assert_eq!(trace.audit, here.audit);
            let values = |run: &ackscope_sim::run::Trace| {
                run.ledger.iter().map(|(id, _)| run.ledger.value(id).to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(values(&trace), values(&here));
            let seen = here.view_at(at);
            let ends = |view: &ackscope_sim::view::ClusterView| {
                let replicas = view.brokers.iter().flat_map(|broker| &broker.replicas);
                replicas.map(|replica| (replica.log_end_offset, replica.high_watermark)).collect::<Vec<_>>()
            };
            assert_eq!((view.now, ends(&view)), (at, ends(&seen)));
        }
    }

    #[test]
    fn a_run_can_be_looked_at_again_and_another_takes_its_place() {
        let spec = || {
            Box::new(library::find("healthy").expect("in the library").document().variants[0].spec.clone())
        };
        let mut engine = Engine::default();
        let views = |engine: &mut Engine, number| {
            let told = told(engine, Ask::View { number, at: Time::from_millis(5) });
            told.into_iter().filter(|told| matches!(told, Tell::View { .. })).count()
        };
        assert_eq!(views(&mut engine, 1), 0);
        told(&mut engine, Ask::Run { number: 1, spec: spec(), at: Time::ZERO });
        assert_eq!(views(&mut engine, 1), 1);
        told(&mut engine, Ask::Trace { number: 2, spec: spec() });
        assert_eq!((views(&mut engine, 1), views(&mut engine, 2)), (1, 0));
        told(&mut engine, Ask::Run { number: 3, spec: spec(), at: Time::ZERO });
        assert_eq!((views(&mut engine, 1), views(&mut engine, 3)), (0, 1));
    }

    #[test]
    fn a_run_under_way_is_stopped_dropped_or_overtaken() {
        let spec = || {
            Box::new(
                library::find("rolling-restart").expect("in the library").document().variants[0].spec.clone(),
            )
        };
        let ends = |told: &[Tell]| -> Vec<(u32, Option<Stopped>)> {
            let ends = told.iter().filter_map(|told| match told {
                Tell::Ended { number, trace, .. } => Some((*number, trace.stopped.clone())),
                _ => None,
            });
            ends.collect()
        };
        let mut engine = Engine::default();
        let mut heard = Vec::new();
        let mut tell = |told| heard.push(told);
        engine.hear(Ask::Run { number: 1, spec: spec(), at: Time::ZERO }, &mut tell);
        (0..3).for_each(|_| _ = engine.work(&mut tell));
        engine.hear(Ask::Run { number: 2, spec: spec(), at: Time::ZERO }, &mut tell);
        (0..3).for_each(|_| _ = engine.work(&mut tell));
        engine.hear(Ask::Stop { number: 2 }, &mut tell);
        engine.hear(Ask::Trace { number: 3, spec: spec() }, &mut tell);
        engine.hear(Ask::Drop { number: 3 }, &mut tell);
        while engine.work(&mut tell) {}
        heard.extend(told(&mut engine, Ask::More { number: 2 }));
        assert_eq!(ends(&heard), [(2, Some(Stopped::ByHand))]);
    }
}
