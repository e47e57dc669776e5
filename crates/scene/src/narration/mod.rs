//! A run in words: Kafka's terms, the numbers that mattered, the setting that decides. Command line and page say the same.

mod actions;
mod brokers;
mod chain;
mod clients;
mod controller;
mod names;
mod processes;
mod records;
mod requests;
mod sentence;
mod state;
mod verdict;
mod weight;

use ackscope_sim::audit::Audit;
use ackscope_sim::happening::Happening;
use ackscope_sim::ids::{HappeningId, RecordId};
use ackscope_sim::run::Trace;
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;

pub use state::{broker_state, broker_state_short, node_state};
pub use verdict::{Share, Verdict, verdict};

use crate::story::Story;

/// What happened, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// `Broker 1 truncates to offset 5.`
    pub what: String,
    /// `The last copies of w0–w4 are gone, …`; may be empty.
    pub why: String,
    /// The setting that decides it: `broker.session.timeout.ms`.
    pub setting: Option<&'static str>,
}

fn say(what: impl Into<String>) -> Sentence {
    Sentence { what: what.into(), ..Sentence::default() }
}

fn because(what: impl Into<String>, why: impl Into<String>) -> Sentence {
    Sentence { what: what.into(), why: why.into(), setting: None }
}

impl Sentence {
    fn by(self, setting: &'static str) -> Sentence {
        Sentence { setting: Some(setting), ..self }
    }

    /// What happened and what it means, in one line.
    pub fn text(self) -> String {
        if self.why.is_empty() { self.what } else { format!("{} {}", self.what, self.why) }
    }
}

/// A step of a chain of causes, or of a record's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub happening: HappeningId,
    pub at: Time,
    pub sentence: Sentence,
    /// Here the record's fate was decided.
    pub decides: bool,
}

/// A row of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub happening: HappeningId,
    pub at: Time,
    /// `broker-1`
    pub node: String,
    pub text: String,
}

/// Tells a run.
#[derive(Clone, Copy)]
pub struct Narrator<'a> {
    spec: &'a Spec,
    happenings: &'a [Happening],
    audit: &'a Audit,
    story: &'a Story,
}

impl<'a> Narrator<'a> {
    pub fn new(run: &'a Trace, story: &'a Story) -> Narrator<'a> {
        Narrator::of(&run.spec, &run.happenings, &run.audit, story)
    }

    /// From the parts of a run.
    pub fn of(
        spec: &'a Spec,
        happenings: &'a [Happening],
        audit: &'a Audit,
        story: &'a Story,
    ) -> Narrator<'a> {
        Narrator { spec, happenings, audit, story }
    }

    fn happening(&self, id: HappeningId) -> Option<&'a Happening> {
        self.happenings.get(id.0 as usize)
    }

    /// What a happening is, in a sentence or two.
    pub fn sentence(&self, id: HappeningId) -> Sentence {
        self.happening(id).map_or_else(Sentence::default, |happening| self.tell(happening))
    }

    /// Whether `next` can be told in one sentence with `last`: the same happens to the next record.
    pub fn continues(&self, last: HappeningId, next: HappeningId) -> bool {
        let (last, next) = (self.happening(last), self.happening(next));
        last.zip(next).is_some_and(|(last, next)| records::continues(last, next))
    }

    /// Whether it happened to a single record.
    pub fn is_of_record(&self, id: HappeningId) -> bool {
        self.happening(id).and_then(records::record_of).is_some()
    }

    /// The sentence for happenings of which each continues the one before.
    pub fn together(&self, ids: &[HappeningId]) -> Sentence {
        self.tell_all(&ids.iter().filter_map(|&id| self.happening(id)).collect::<Vec<_>>())
    }

    /// Why it happened: the happening itself, then what led to it, then what led to that.
    pub fn why(&self, id: HappeningId) -> Vec<Step> {
        self.causes(id)
    }

    /// What became of a record, from `send()` to its end.
    pub fn life(&self, record: RecordId) -> Vec<Step> {
        self.story_of(record)
    }

    /// The line for a moment: the latest thing up to then that deserves one.
    pub fn present(&self, now: Time) -> Option<(HappeningId, Sentence)> {
        let end = self.happenings.partition_point(|happening| happening.at <= now);
        // Of what happened at the same moment, the weightiest.
        let mut latest = self.happenings[..end].iter().rev().filter(|happening| self.weight(happening) > 1);
        let first = latest.next()?;
        let peers = latest.take_while(|happening| happening.at == first.at);
        let best =
            peers.fold(
                first,
                |best, happening| {
                    if self.weight(happening) > self.weight(best) { happening } else { best }
                },
            );
        Some((best.id, self.tell(best)))
    }

    /// Everything worth a line, in order: for those who read instead of watching.
    pub fn transcript(&self) -> impl Iterator<Item = Row> + use<'a> {
        let narrator = *self;
        narrator.happenings.iter().filter(move |happening| narrator.weight(happening) > 1).map(
            move |happening| {
                let text = narrator.tell(happening).text();
                let node = narrator.spec.node_name(happening.node);
                Row { happening: happening.id, at: happening.at, node, text }
            },
        )
    }
}
