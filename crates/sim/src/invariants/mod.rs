//! What must hold in every run, as named functions: each name is the sentence that people are shown. Here are the table,
//! and how a run is watched; the checks themselves are beside, as is what they remember of the past.

mod checks;
mod history;
#[cfg(test)]
mod tests;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use self::history::History;

use crate::happening::{Fact, Happening};
use crate::run::Run;
use crate::run::budget::Budget;
use crate::run::trace::TraceHasher;
use crate::spec::Spec;
use crate::time::Time;
use crate::view::ClusterView;
use crate::world::World;

/// What a check looks at: the cluster after a step, and before it, what happened in between, and what came before that.
pub struct Moment<'a> {
    pub spec: &'a Spec,
    pub before: Option<&'a ClusterView>,
    pub now: &'a ClusterView,
    pub news: &'a [Happening],
    pub history: &'a History,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    EachStep,
    AtEnd,
    /// At the end: so that a run in which nothing happened does not pass for a proof.
    DidOccur,
}

pub struct Invariant {
    /// The sentence.
    pub name: &'static str,
    pub when: When,
    /// Releases that broke it, and by which failures, are told apart here.
    pub applies: fn(&Spec) -> bool,
    /// What is wrong, if something is.
    pub check: fn(&Moment<'_>) -> Result<(), String>,
}

const fn always(_: &Spec) -> bool {
    true
}

const fn each_step(name: &'static str, check: fn(&Moment<'_>) -> Result<(), String>) -> Invariant {
    Invariant { name, when: When::EachStep, applies: always, check }
}

const fn at_end(name: &'static str, check: fn(&Moment<'_>) -> Result<(), String>) -> Invariant {
    Invariant { name, when: When::AtEnd, applies: always, check }
}

const fn did_occur(name: &'static str, check: fn(&Moment<'_>) -> Result<(), String>) -> Invariant {
    Invariant { name, when: When::DidOccur, applies: always, check }
}

impl Invariant {
    const fn where_it(self, applies: fn(&Spec) -> bool) -> Invariant {
        Invariant { applies, ..self }
    }
}

/// Before leader epochs a follower cut its log at its own high watermark (KIP-101).
fn truncates_by_epoch(spec: &Spec) -> bool {
    spec.version.has_leader_epochs()
}

/// Until 2.0 a second quick election left two logs that differ (KIP-279).
fn truncates_until_logs_agree(spec: &Spec) -> bool {
    spec.version.truncation_is_iterative()
}

fn keeps_the_last_member(spec: &Spec) -> bool {
    spec.version.keeps_the_last_in_sync_replica()
}

pub const INVARIANTS: &[Invariant] = &[
    each_step("The high watermark lies within the log.", checks::high_watermark_within_log),
    each_step(
        "A leader's high watermark does not pass what every member of its maximal ISR holds.",
        checks::high_watermark_held_by_maximal_isr,
    )
    .where_it(truncates_by_epoch),
    each_step(
        "A leader's high watermark does not fall within one leader epoch.",
        checks::high_watermark_never_falls,
    ),
    each_step("The offsets of a log follow one another without a gap.", checks::log_without_gaps),
    each_step("Leader epochs within a log never decrease.", checks::epochs_ascend_within_log)
        .where_it(truncates_by_epoch),
    each_step(
        "Two logs that have the same offset written in the same leader epoch agree up to there.",
        checks::logs_match,
    )
    .where_it(truncates_until_logs_agree),
    each_step(
        "What was committed is on every replica that may be elected cleanly.",
        checks::leader_completeness,
    )
    .where_it(truncates_by_epoch),
    each_step("A partition's epochs never go back.", checks::epochs_monotonic),
    each_step("A leader epoch has one leader at most.", checks::one_leader_per_epoch),
    each_step("The leader is a member of the ISR.", checks::leader_in_isr),
    each_step("ISR and ELR are replicas, and nobody is in both.", checks::isr_and_elr_are_replicas),
    each_step("The ISR is empty only where eligible leader replicas are kept.", checks::isr_not_empty)
        .where_it(keeps_the_last_member),
    each_step("A consumer is given only what is committed.", checks::delivered_is_committed),
    each_step("A consumer's offsets ascend until its position is reset.", checks::delivered_in_order),
    each_step(
        "acks=all is answered only when the record is below the high watermark.",
        checks::acknowledged_is_committed,
    ),
    each_step(
        "Within one producer epoch no sequence is stored twice, and all in the order of sending.",
        checks::sequences_ascend,
    ),
    at_end("No record that was acknowledged with acks=all is missing.", checks::acknowledged_is_kept)
        .where_it(truncates_by_epoch),
    did_occur("A record was acknowledged.", |moment| occurred(moment.history.acknowledged)),
    did_occur("A broker was fenced.", |moment| occurred(moment.history.fenced)),
    did_occur("The ISR shrank.", |moment| occurred(moment.history.isr_shrank)),
    did_occur("The ISR grew.", |moment| occurred(moment.history.isr_grew)),
    did_occur("A new leader was elected.", |moment| occurred(moment.history.elected)),
    did_occur("A follower truncated its log.", |moment| occurred(moment.history.truncated)),
    did_occur("A batch was sent again.", |moment| occurred(moment.history.retried)),
    did_occur("A retry was recognised as a duplicate.", |moment| occurred(moment.history.duplicates)),
    did_occur("A consumer was given a record.", |moment| occurred(moment.history.delivered)),
];

fn occurred(times: u32) -> Result<(), String> {
    if times > 0 { Ok(()) } else { Err("it did not".to_owned()) }
}

/// One invariant over one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub when: When,
    /// How often it was looked at; zero: it does not apply to this release.
    pub checked: u64,
    /// When it was first found broken, and how.
    pub violated: Option<(Time, String)>,
}

/// A run that was looked at after every step.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub rows: Vec<Row>,
    /// The trace's, as of a run that nobody looks at.
    pub hash: u64,
}

impl Inspection {
    pub fn violated(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.when != When::DidOccur && row.violated.is_some())
    }
}

/// Runs the scenario and checks every invariant, after every step that something happened in.
pub fn inspect(spec: Spec) -> Inspection {
    let spec = Arc::new(spec);
    let mut world = World::new(Arc::clone(&spec));
    let mut watch = Watch::new(Arc::clone(&spec));
    let mut hasher = TraceHasher::default();
    watch.look(&world, &[]);
    while let Some(happenings) = world.step_by(spec.until) {
        happenings.iter().for_each(|happening| happening.hash(&mut hasher));
        let news = std::mem::take(world.notes());
        watch.look(&world, &news);
    }
    Inspection { rows: watch.finish(), hash: hasher.finish() }
}

/// A whole run, and what the invariants say of it.
pub fn run_inspected(spec: Spec, budget: Budget) -> (Run, Vec<Row>) {
    let mut watch = Watch::new(Arc::new(spec.clone()));
    let run = Run::watched(spec, budget, |world, news| watch.look(world, news));
    (run, watch.finish())
}

/// Messages on their way change nothing by themselves.
fn is_of_the_network(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::MessageSent { .. }
            | Fact::MessageArrived { .. }
            | Fact::MessageLost { .. }
            | Fact::Connecting { .. }
            | Fact::Connected { .. }
            | Fact::ConnectionRefused { .. }
    )
}

/// Looks on while a run goes by.
pub struct Watch {
    spec: Arc<Spec>,
    before: Option<ClusterView>,
    history: History,
    rows: Vec<Row>,
}

impl Watch {
    pub fn new(spec: Arc<Spec>) -> Watch {
        let row = |invariant: &Invariant| Row {
            name: invariant.name,
            when: invariant.when,
            checked: 0,
            violated: None,
        };
        Watch { history: History::new(&spec), rows: INVARIANTS.iter().map(row).collect(), before: None, spec }
    }

    /// The world after a step; nothing to see where only messages went by.
    fn look(&mut self, world: &World, news: &[Happening]) {
        let is_first = self.before.is_none();
        if is_first || news.iter().any(|happening| !is_of_the_network(&happening.fact)) {
            self.observe(world.view(), news);
        }
    }

    /// The cluster after a step, and what happened in it.
    pub fn observe(&mut self, now: ClusterView, news: &[Happening]) {
        self.history.learn(&now, news);
        self.check(When::EachStep, &now, news);
        self.history.remember(news);
        self.before = Some(now);
    }

    pub fn finish(mut self) -> Vec<Row> {
        if let Some(last) = self.before.clone() {
            self.check(When::AtEnd, &last, &[]);
            self.check(When::DidOccur, &last, &[]);
        }
        self.rows
    }

    fn check(&mut self, when: When, now: &ClusterView, news: &[Happening]) {
        let before = self.before.as_ref();
        let moment = Moment { spec: &self.spec, before, now, news, history: &self.history };
        for (invariant, row) in INVARIANTS.iter().zip(&mut self.rows) {
            if invariant.when != when || row.violated.is_some() || !(invariant.applies)(&self.spec) {
                continue;
            }
            row.checked += 1;
            row.violated = (invariant.check)(&moment).err().map(|wrong| (now.now, wrong));
        }
    }
}
