//! The `expect` table: what a run must show, each under the sentence that says it. Reading only; see `check`.

mod moment;
mod read;

use ackscope_sim::audit::{Fate, Totals};
use ackscope_sim::ids::{BrokerId, Brokers, NodeId, Partition};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;

use crate::facts::Leaf;
use crate::limits;
use crate::reader::Fields;
use crate::script::Step;
use crate::tree::Value;
use crate::units::Bounds;

/// A named sentence and how it is found out whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    pub name: String,
    pub(crate) check: Check,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Totals(Vec<(Total, Bounds)>),
    Records {
        values: Vec<String>,
        wants: Vec<Want>,
    },
    /// What is measured lies within bounds.
    Figure {
        measure: Measure,
        bounds: Bounds,
    },
    /// One after the other.
    Order(Vec<Moment>),
    State {
        partition: Partition,
        at: Option<Moment>,
        wants: Vec<StateWant>,
    },
    Log {
        partition: Partition,
        at: Option<Moment>,
        on: Option<BrokerId>,
        want: LogWant,
    },
    /// The producer's settings were refused with this text.
    Refused {
        producer: usize,
        message: String,
    },
}

/// A field of the audit's totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Total(pub usize);

type ReadTotal = fn(&Totals) -> u32;

pub(crate) const TOTALS: [(&str, ReadTotal); 13] = [
    ("offered", |totals| totals.offered),
    ("acked", |totals| totals.acked),
    ("kept", |totals| totals.kept),
    ("acked_lost", |totals| totals.acked_lost),
    ("failed_absent", |totals| totals.failed_absent),
    ("failed_kept", |totals| totals.failed_kept),
    ("never_sent", |totals| totals.never_sent),
    ("undecided", |totals| totals.undecided),
    ("duplicated", |totals| totals.duplicated),
    ("reordered", |totals| totals.reordered),
    ("delivered", |totals| totals.delivered),
    ("skipped", |totals| totals.skipped),
    ("vanished", |totals| totals.vanished),
];

/// What holds for each of some records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Fate(Fate),
    Delivered(Bounds),
    Duplicated(bool),
    Reordered(bool),
    Vanished(bool),
    /// The first record's offset and on.
    Offsets(i128, i128),
    /// Where all of them lie.
    Partition(Partition),
    /// The exception that the application heard.
    Error(String),
    Latency(Bounds),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StateWant {
    Leader(Option<BrokerId>),
    Isr(Brokers),
    Elr(Brokers),
    LeaderEpoch(Bounds),
    Recovering(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogWant {
    /// These records, in this order.
    Holds(Vec<String>),
    EndOffset(Bounds),
    /// All replicas hold the same, or not.
    Agree(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Total(Total),
    Count(Pattern),
    Statistic {
        of: Pattern,
        field: String,
        statistic: Statistic,
    },
    /// From send() to the answer; of all acknowledged records, or of these.
    Latency {
        quantile: Quantile,
        values: Vec<String>,
    },
    /// Without a leader that takes writes.
    Unavailable {
        partition: Partition,
        of: GapOf,
    },
    Span {
        from: Moment,
        to: Moment,
    },
    /// Under Kafka's name, as it reads at the end.
    Metric {
        producer: usize,
        name: String,
    },
}

/// How the number of a measure is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    Nanoseconds,
    Thousandths,
}

impl Measure {
    pub(crate) fn unit(&self) -> Unit {
        match self {
            Measure::Span { .. } | Measure::Latency { .. } => Unit::Nanoseconds,
            Measure::Unavailable { of: GapOf::Longest | GapOf::Total, .. } => Unit::Nanoseconds,
            Measure::Statistic { statistic: Statistic::Average, .. } | Measure::Metric { .. } => {
                Unit::Thousandths
            }
            Measure::Total(_)
            | Measure::Count(_)
            | Measure::Statistic { .. }
            | Measure::Unavailable { of: GapOf::Count, .. } => Unit::Count,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    Average,
    Least,
    Most,
    Sum,
    /// How many different values.
    Kinds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantile {
    P50,
    P90,
    P99,
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GapOf {
    Longest,
    Total,
    Count,
}

/// Happenings of a kind, narrowed down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub kind: &'static str,
    pub on: Option<NodeId>,
    pub fields: Vec<(String, FieldWant)>,
    pub after: Option<Box<Moment>>,
    pub before: Option<Box<Moment>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldWant {
    Leaf(Leaf),
    Bounds(Bounds),
    /// A record, by its value.
    Records(Vec<String>),
}

/// A place in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Time),
    /// The last action of an entry of the script.
    Step(u32),
    Happening {
        pattern: Pattern,
        nth: Nth,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nth {
    /// From 1.
    Number(u64),
    Last,
}

pub(crate) struct Names<'a> {
    pub spec: &'a Spec,
    pub steps: &'a [Step],
}

pub(crate) fn read(document: &Fields<'_>, names: &Names<'_>) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    let Some(all) = document.get("expect").and_then(|item| item.fields()) else { return expectations };
    for (name, item) in all.entries() {
        if item.node.value == Value::Flag(false) {
            continue;
        }
        if expectations.len() == limits::EXPECTATIONS {
            item.refuse_more("too many expectations", limits::EXPECTATIONS);
            break;
        }
        let Some(fields) = item.fields().filter(|_| item.is_short(name, limits::LINE)) else { continue };
        if let Some(check) = names.check(&item, &fields) {
            expectations.push(Expectation { name: name.to_owned(), check });
            fields.finish();
        }
    }
    expectations
}
