//! The `expect` table: what a run must show, each under the sentence that says it. Reading only; see `check`.

use ackscope_sim::audit::{Fate, Totals};
use ackscope_sim::happening::Fact;
use ackscope_sim::ids::{BrokerId, Brokers, NodeId, Partition};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::{Duration, Time};

use crate::cluster;
use crate::facts::{self, Leaf};
use crate::limits;
use crate::reader::{Fields, Item};
use crate::script::{self, Step};
use crate::tree::Value;
use crate::units::{self, Bounds};

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
            item.refuse("too many expectations", format!("at most {}", limits::EXPECTATIONS));
            break;
        }
        let Some(fields) = item.fields() else { continue };
        if let Some(check) = names.check(&item, &fields) {
            expectations.push(Expectation { name: name.to_owned(), check });
            fields.finish();
        }
    }
    expectations
}

/// Keys of which one says what kind of expectation it is.
const LEADS: &str = "records, happens, never, order, from, partition, log, latency, unavailable, average, least, most, \
                     sum, kinds, metric, refused, or totals such as acked_lost";

impl Names<'_> {
    fn check(&self, item: &Item<'_>, fields: &Fields<'_>) -> Option<Check> {
        if fields.has("records") && !fields.has("latency_of") {
            return self.records(fields);
        }
        if fields.has("order") {
            let moments = fields.get("order")?.list()?;
            let moments: Option<Vec<Moment>> = moments.iter().map(|item| self.moment(item)).collect();
            return Some(Check::Order(moments?));
        }
        if fields.has("log") {
            return self.log(fields);
        }
        if fields.has("partition") {
            return self.state(fields);
        }
        if let Some(item) = fields.get("refused") {
            let message = item.text()?.to_owned();
            return Some(Check::Refused { producer: self.producer(fields)?, message });
        }
        if let Some(kind) = fields.get("never") {
            let pattern = self.pattern(&kind, fields)?;
            return Some(Check::Figure { measure: Measure::Count(pattern), bounds: Bounds::exactly(0) });
        }
        if fields.has("happens") {
            let bounds = match fields.get("count") {
                Some(item) => number_bounds(&item)?,
                None => Bounds::at_least(1),
            };
            return Some(Check::Figure { measure: self.measure(item, fields)?, bounds });
        }
        let present: Vec<usize> = (0..TOTALS.len()).filter(|&index| fields.has(TOTALS[index].0)).collect();
        if !present.is_empty() {
            let totals = present.into_iter().map(|index| {
                let item = fields.get(TOTALS[index].0)?;
                Some((Total(index), number_bounds(&item)?))
            });
            return Some(Check::Totals(totals.collect::<Option<_>>()?));
        }
        let measure = self.measure(item, fields)?;
        let key = if matches!(measure, Measure::Span { .. }) { "takes" } else { "is" };
        let (accepted, read): (&str, fn(&Item<'_>) -> Option<Bounds>) = match measure.unit() {
            Unit::Nanoseconds => ("\"< 20 ms\", \"7 s..10.1 s\"", span_bounds),
            Unit::Count => ("5, \">= 5\", \"3..7\"", number_bounds),
            Unit::Thousandths => ("5, \">= 2.5\", \"3..7\"", thousandth_bounds),
        };
        let bounds = read(&fields.required(key, accepted)?)?;
        Some(Check::Figure { measure, bounds })
    }

    /// Something with a number, without saying what it must be.
    pub(crate) fn measure(&self, item: &Item<'_>, fields: &Fields<'_>) -> Option<Measure> {
        if let Some(kind) = fields.get("happens") {
            return Some(Measure::Count(self.pattern(&kind, fields)?));
        }
        if let Some(from) = fields.get("from") {
            let from = self.moment(&from)?;
            let to = self.moment(&fields.required("to", "a moment")?)?;
            return Some(Measure::Span { from, to });
        }
        let statistics = [
            ("average", Statistic::Average),
            ("least", Statistic::Least),
            ("most", Statistic::Most),
            ("sum", Statistic::Sum),
            ("kinds", Statistic::Kinds),
        ];
        for (key, statistic) in statistics {
            if let Some(field) = fields.get(key) {
                let field = field.text()?.to_owned();
                let of = fields.required("of", "a kind of happening")?;
                return Some(Measure::Statistic { of: self.pattern(&of, fields)?, field, statistic });
            }
        }
        if let Some(item) = fields.get("latency") {
            let quantile = match item.text()? {
                "p50" => Quantile::P50,
                "p90" => Quantile::P90,
                "p99" => Quantile::P99,
                "max" => Quantile::Max,
                _ => {
                    item.refuse("not a measure of latency", "p50, p90, p99, max");
                    return None;
                }
            };
            let values = match fields.get("latency_of") {
                Some(item) => values(&item)?,
                None => Vec::new(),
            };
            return Some(Measure::Latency { quantile, values });
        }
        if let Some(item) = fields.get("unavailable") {
            let partition = cluster::partition(&item, self.spec)?;
            let of = match fields.text("measured") {
                None | Some("longest") => GapOf::Longest,
                Some("total") => GapOf::Total,
                Some("count") => GapOf::Count,
                Some(_) => {
                    fields
                        .get("measured")?
                        .refuse("not a measure of unavailability", "longest, total, count");
                    return None;
                }
            };
            return Some(Measure::Unavailable { partition, of });
        }
        if let Some(item) = fields.get("metric") {
            return Some(Measure::Metric { name: item.text()?.to_owned(), producer: self.producer(fields)? });
        }
        if let Some(item) = fields.get("total") {
            let name = item.text()?;
            let found = TOTALS.iter().position(|(known, _)| *known == name);
            if found.is_none() {
                item.refuse_name("no such total", name, TOTALS.iter().map(|(known, _)| *known));
            }
            return found.map(|index| Measure::Total(Total(index)));
        }
        for (name, _) in TOTALS {
            fields.get(name);
        }
        item.refuse("it does not say what is expected", LEADS);
        None
    }

    fn records(&self, fields: &Fields<'_>) -> Option<Check> {
        let values = values(&fields.get("records")?)?;
        let mut wants = Vec::new();
        if let Some(item) = fields.get("fate") {
            let name = item.text()?;
            match Fate::ALL.into_iter().find(|fate| fate.name() == name) {
                Some(fate) => wants.push(Want::Fate(fate)),
                None => item.refuse_name("no such fate", name, Fate::ALL.map(Fate::name)),
            }
        }
        if let Some(item) = fields.get("delivered") {
            wants.push(Want::Delivered(number_bounds(&item)?));
        }
        for (key, want) in [
            ("duplicated", Want::Duplicated as fn(bool) -> Want),
            ("reordered", Want::Reordered),
            ("vanished", Want::Vanished),
        ] {
            if let Some(flag) = fields.flag(key) {
                wants.push(want(flag));
            }
        }
        if let Some(item) = fields.get("offsets") {
            let bounds = number_bounds(&item)?;
            if bounds.high - bounds.low != values.len() as i128 - 1 {
                item.refuse(
                    "as many offsets as records",
                    format!("{} of them, such as \"5..9\"", values.len()),
                );
            }
            wants.push(Want::Offsets(bounds.low, bounds.high));
        }
        if let Some(item) = fields.get("in") {
            wants.push(Want::Partition(cluster::partition(&item, self.spec)?));
        }
        if let Some(error) = fields.text("error") {
            wants.push(Want::Error(error.to_owned()));
        }
        if let Some(item) = fields.get("latency") {
            wants.push(Want::Latency(span_bounds(&item)?));
        }
        if wants.is_empty() {
            fields.required(
                "fate",
                "fate, delivered, duplicated, reordered, vanished, offsets, in, error or latency",
            );
        }
        Some(Check::Records { values, wants })
    }

    fn state(&self, fields: &Fields<'_>) -> Option<Check> {
        let partition = cluster::partition(&fields.get("partition")?, self.spec)?;
        let at = self.optional_moment(fields)?;
        let mut wants = Vec::new();
        if let Some(item) = fields.get("leader") {
            wants.push(StateWant::Leader(script::leader(&item, self.spec)?));
        }
        if let Some(item) = fields.get("isr") {
            wants.push(StateWant::Isr(script::brokers(&item, self.spec)?));
        }
        if let Some(item) = fields.get("elr") {
            wants.push(StateWant::Elr(script::brokers(&item, self.spec)?));
        }
        if let Some(item) = fields.get("leader_epoch") {
            wants.push(StateWant::LeaderEpoch(number_bounds(&item)?));
        }
        if let Some(flag) = fields.flag("recovering") {
            wants.push(StateWant::Recovering(flag));
        }
        if wants.is_empty() {
            fields.required("leader", "leader, isr, elr, leader_epoch or recovering");
        }
        Some(Check::State { partition, at, wants })
    }

    fn log(&self, fields: &Fields<'_>) -> Option<Check> {
        let partition = cluster::partition(&fields.get("log")?, self.spec)?;
        let at = self.optional_moment(fields)?;
        let on = match fields.get("on") {
            Some(item) => Some(cluster::broker(&item, self.spec)?),
            None => None,
        };
        let want = if let Some(item) = fields.get("holds") {
            LogWant::Holds(values(&item)?)
        } else if let Some(item) = fields.get("end_offset") {
            LogWant::EndOffset(number_bounds(&item)?)
        } else {
            LogWant::Agree(
                fields.required("agree", "holds = \"v0..v4\", end_offset = 5, or agree = true")?.flag()?,
            )
        };
        Some(Check::Log { partition, at, on, want })
    }

    fn producer(&self, fields: &Fields<'_>) -> Option<usize> {
        match fields.get("producer") {
            Some(item) => match cluster::node(&item, self.spec)? {
                NodeId::Producer(client) => Some(usize::from(client.0)),
                _ => {
                    item.refuse("not a producer", "producer-…");
                    None
                }
            },
            None if self.spec.producers.len() == 1 => Some(0),
            None => {
                fields.required("producer", "which producer");
                None
            }
        }
    }

    fn optional_moment(&self, fields: &Fields<'_>) -> Option<Option<Moment>> {
        match fields.get("at") {
            Some(item) => self.moment(&item).map(Some),
            None => Some(None),
        }
    }

    /// An entry's name, a time, a kind of happening (`truncated`, `truncated on broker-1`), or a table that says more.
    pub(crate) fn moment(&self, item: &Item<'_>) -> Option<Moment> {
        if item.node.table().is_some() {
            let fields = item.fields()?;
            let kind = fields.required("happens", "a kind of happening")?;
            let nth = match fields.get("nth") {
                Some(item) if item.node.value == Value::Text("last".to_owned()) => Nth::Last,
                Some(item) => Nth::Number(item.integer(1..limits::RECORDS)?),
                None => Nth::Number(1),
            };
            let pattern = self.pattern(&kind, &fields)?;
            fields.finish();
            return Some(Moment::Happening { pattern, nth });
        }
        let text = item.text()?;
        if let Some(step) = self.steps.iter().find(|step| step.name == text && !step.actions.is_empty()) {
            return Some(Moment::Step(step.actions.end - 1));
        }
        if let Some(at) = units::duration(text) {
            return Some(Moment::At(Time::ZERO + at));
        }
        let (kind, on) = match text.split_once(" on ") {
            Some((kind, node)) => (kind, Some(cluster::find_node(node, self.spec))),
            None => (text, None),
        };
        let known = facts::KINDS.iter().copied().find(|known| *known == kind);
        match (known, on) {
            (Some(kind), None) => {
                Some(Moment::Happening { pattern: Pattern::any(kind, None), nth: Nth::Number(1) })
            }
            (Some(kind), Some(Some(node))) => {
                Some(Moment::Happening { pattern: Pattern::any(kind, Some(node)), nth: Nth::Number(1) })
            }
            _ => {
                let names =
                    self.steps.iter().map(|step| step.name.as_str()).chain(facts::KINDS.iter().copied());
                let message = match crate::problem::nearest(text, names) {
                    Some(name) => format!("not a moment; did you mean {name:?}?"),
                    None => "not a moment".to_owned(),
                };
                let accepted = "an entry's name, a time, a kind of happening (\"truncated on broker-1\"), or { happens = … }";
                item.refuse(message, accepted);
                None
            }
        }
    }

    fn pattern(&self, kind: &Item<'_>, fields: &Fields<'_>) -> Option<Pattern> {
        let name = kind.text()?;
        let Some(known) = facts::KINDS.iter().copied().find(|known| *known == name) else {
            kind.refuse_name("no such kind of happening", name, facts::KINDS.iter().copied());
            return None;
        };
        let mut pattern = Pattern::any(known, None);
        if let Some(item) = fields.get("on") {
            pattern.on = Some(cluster::node(&item, self.spec)?);
        }
        if let Some(item) = fields.get("after") {
            pattern.after = Some(Box::new(self.moment(&item)?));
        }
        if let Some(item) = fields.get("before") {
            pattern.before = Some(Box::new(self.moment(&item)?));
        }
        if let Some(item) = fields.get("where") {
            for (name, value) in item.fields()?.entries() {
                pattern.fields.push((name.to_owned(), self.field(name, &value)?));
            }
        }
        Some(pattern)
    }

    fn field(&self, name: &str, item: &Item<'_>) -> Option<FieldWant> {
        Some(match &item.node.value {
            Value::Integer(number) => FieldWant::Leaf(Leaf::Number((*number).into())),
            Value::Flag(flag) => FieldWant::Leaf(Leaf::Flag(*flag)),
            Value::List(_) => {
                let numbers: Option<Vec<i128>> =
                    item.list()?.iter().map(|one| one.integer(0..u64::MAX).map(i128::from)).collect();
                FieldWant::Leaf(Leaf::Numbers(numbers?))
            }
            Value::Text(text) if text == "none" => FieldWant::Leaf(Leaf::None),
            Value::Text(_) if name == "partition" => {
                FieldWant::Leaf(Leaf::Number(cluster::partition(item, self.spec)?.0.into()))
            }
            Value::Text(_) if name == "record" => FieldWant::Records(values(item)?),
            Value::Text(text) => {
                if let Some(bounds) = Bounds::parse(text, |number| number.parse().ok()) {
                    FieldWant::Bounds(bounds)
                } else {
                    // The engine names clients by number.
                    let text = match cluster::find_node(text, self.spec) {
                        Some(NodeId::Producer(client)) => format!("producer-{client}"),
                        Some(NodeId::Consumer(client)) => format!("consumer-{client}"),
                        _ => text.clone(),
                    };
                    FieldWant::Leaf(Leaf::Text(text))
                }
            }
            Value::Decimal(_) | Value::Table(_) => {
                item.refuse(
                    "not a value that a happening has",
                    "a number, a text, true or false, a list of numbers",
                );
                return None;
            }
        })
    }
}

impl Pattern {
    pub(crate) fn any(kind: &'static str, on: Option<NodeId>) -> Pattern {
        Pattern { kind, on, fields: Vec::new(), after: None, before: None }
    }

    /// The kind, the node and the fields are right; `after` and `before` are not looked at.
    pub(crate) fn fits(
        &self,
        kind: &str,
        node: NodeId,
        fact: &Fact,
        is_record: impl Fn(i128, &str) -> bool,
    ) -> bool {
        if !facts::same(self.kind, kind) || self.on.is_some_and(|on| on != node) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let leaves = facts::fields(fact);
        self.fields.iter().all(|(name, want)| {
            leaves.iter().filter(|(field, _)| field == name).any(|(_, leaf)| match (want, leaf) {
                (FieldWant::Leaf(Leaf::Text(want)), Leaf::Text(found)) => facts::same(want, found),
                (FieldWant::Leaf(want), found) => want == found,
                (FieldWant::Bounds(bounds), Leaf::Number(number)) => bounds.contains(*number),
                (FieldWant::Records(values), Leaf::Number(record)) => {
                    values.iter().any(|value| is_record(*record, value))
                }
                _ => false,
            })
        })
    }
}

fn values(item: &Item<'_>) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for one in item.one_or_more() {
        match units::values(one.text()?, limits::RECORDS as usize) {
            Some(more) => values.extend(more),
            None if one.text()?.is_empty() => {}
            None => {
                one.refuse("not a list of records", "\"v0\", \"v0..v4\" or \"a, b, c\"");
                return None;
            }
        }
    }
    Some(values)
}

fn number_bounds(item: &Item<'_>) -> Option<Bounds> {
    let found = match &item.node.value {
        Value::Integer(number) => Some(Bounds::exactly((*number).into())),
        Value::Text(text) => Bounds::parse(text, |number| number.parse().ok()),
        _ => None,
    };
    if found.is_none() {
        item.refuse("a number or a range is expected", "5, \">= 5\", \"< 5\", \"3..7\"");
    }
    found
}

fn thousandth_bounds(item: &Item<'_>) -> Option<Bounds> {
    let text = item.plain()?;
    let found = Bounds::parse(&text, units::thousandths);
    if found.is_none() {
        item.refuse("a number or a range is expected", "5, \">= 2.5\", \"< 5\", \"3..7\"");
    }
    found
}

fn span_bounds(item: &Item<'_>) -> Option<Bounds> {
    let nanos = |text: &str| units::duration(text).map(|span: Duration| i128::from(span.nanos));
    let found = match &item.node.value {
        Value::Text(text) => Bounds::parse(text, nanos),
        _ => None,
    };
    if found.is_none() {
        item.refuse("a span of time or a range is expected", "\"5 ms\", \"< 20 ms\", \"7 s..10.1 s\"");
    }
    found
}
