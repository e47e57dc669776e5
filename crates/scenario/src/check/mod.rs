//! Whether a run shows what its document expects.

mod index;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use ackscope_sim::audit::{Latency, RecordAudit};
use ackscope_sim::ids::{BrokerId, ClientId, LeaderEpoch, Offset, Partition, RecordId};
use ackscope_sim::run::{Run, Trace};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::view::{ClusterView, ReplicaView};

use self::index::{Index, Matching, Missing};
use crate::document::{Comparison, Document, Variant};
use crate::expect::{
    Check, GapOf, LogWant, Measure, Moment, Pattern, Quantile, StateWant, Statistic, TOTALS, Unit, Want,
};
use crate::facts::{self, Leaf};
use crate::script::Step;
use crate::units::{Bounds, write_duration};

/// One expectation held against a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The sentence.
    pub name: String,
    pub holds: bool,
    /// What the run showed; says most where it does not hold.
    pub found: String,
}

/// All expectations of a variant.
pub fn check(variant: &Variant, run: &Run) -> Vec<Outcome> {
    let judge = Judge::new(run, &variant.steps);
    let judges = std::slice::from_ref(&judge);
    let expectations = variant.expectations.iter();
    expectations.map(|one| outcome(&one.name, judges, || judge.judge(&one.check))).collect()
}

/// What the document says of its variants side by side; `runs` in the order of the variants.
pub fn compare(document: &Document, runs: &[Run]) -> Vec<Outcome> {
    let judges = runs.iter().zip(&document.variants).map(|(run, variant)| Judge::new(run, &variant.steps));
    let judges: Vec<Judge<'_>> = judges.collect();
    let comparisons = document.comparisons.iter();
    comparisons.map(|one| outcome(&one.name, &judges, || side_by_side(one, &judges))).collect()
}

/// What is found, unless nothing can be decided.
fn outcome(name: &str, judges: &[Judge<'_>], find: impl FnOnce() -> (bool, String)) -> Outcome {
    let undecided = || judges.iter().find_map(Judge::undecided);
    let (holds, found) = if undecided().is_none() { find() } else { (false, String::new()) };
    match undecided() {
        Some(why) => Outcome { name: name.to_owned(), holds: false, found: format!("not decided: {why}") },
        None => Outcome { name: name.to_owned(), holds, found },
    }
}

fn side_by_side(comparison: &Comparison, judges: &[Judge<'_>]) -> (bool, String) {
    let measured = |variant: usize| {
        judges.get(variant).and_then(|judge| judge.measure(&comparison.measures[variant]).ok())
    };
    let (of, versus) = (measured(comparison.of), measured(comparison.versus));
    let unit = comparison.measures[comparison.of].unit();
    match (of, versus) {
        (Some(of), Some(versus)) => {
            // Ratios are kept in thousandths.
            let holds = match comparison.ratio {
                true => versus != 0 && comparison.bounds.contains(of * 1_000 / versus),
                false => comparison.bounds.contains(of - versus),
            };
            (holds, format!("{} and {}", show(of, unit), show(versus, unit)))
        }
        _ => (false, "one of the two cannot be measured".to_owned()),
    }
}

struct Judge<'r> {
    run: &'r Run,
    index: Index<'r>,
    steps: &'r [Step],
    end: OnceCell<ClusterView>,
}

impl<'r> Judge<'r> {
    fn new(run: &'r Run, steps: &'r [Step]) -> Judge<'r> {
        Judge { run, index: Index::new(run), steps, end: OnceCell::new() }
    }

    /// Why nothing can be said of the run.
    fn undecided(&self) -> Option<String> {
        if self.run.stopped.is_some() {
            return Some("the run ended early".to_owned());
        }
        let most = self.index.most;
        let why = || format!("together the expectations look at more than {most} happenings and records");
        self.index.is_exhausted().then(why)
    }

    fn judge(&self, check: &Check) -> (bool, String) {
        match check {
            Check::Totals(wants) => {
                let mut holds = true;
                let found: Vec<String> = wants
                    .iter()
                    .map(|(total, bounds)| {
                        let (name, read) = TOTALS[total.0];
                        let number = read(&self.run.audit.totals);
                        holds &= bounds.contains(number.into());
                        format!("{name} {number}")
                    })
                    .collect();
                (holds, found.join(", "))
            }
            Check::Records { values, wants } => self.records(values, wants),
            Check::Figure { measure, bounds } => self.figure(measure, bounds),
            Check::Order(moments) => self.order(moments),
            Check::State { partition, at, wants } => {
                self.at(at.as_ref(), |view| self.state(view, *partition, wants))
            }
            Check::Log { partition, at, on, want } => {
                self.at(at.as_ref(), |view| self.log(view, *partition, *on, want))
            }
            Check::Refused { producer, message } => match &self.run.spec.producers[*producer].config {
                Ok(_) => (false, "the settings were accepted".to_owned()),
                Err(failure) => (*failure.message == **message, failure.message.to_string()),
            },
        }
    }

    fn figure(&self, measure: &Measure, bounds: &Bounds) -> (bool, String) {
        match self.measure(measure) {
            Ok(number) => (bounds.contains(number), show(number, measure.unit())),
            Err(why) => (false, why),
        }
    }

    /// The number, or why there is none.
    fn measure(&self, measure: &Measure) -> Result<i128, String> {
        match measure {
            Measure::Total(total) => Ok((TOTALS[total.0].1)(&self.run.audit.totals).into()),
            Measure::Count(pattern) => Ok(self.matching(pattern)?.count() as i128),
            Measure::Statistic { of, field, statistic } => self.statistic(of, field, *statistic),
            Measure::Latency { quantile, values } => {
                let found = self.latency(*quantile, values);
                found.ok_or_else(|| "none of them was acknowledged".to_owned())
            }
            Measure::Unavailable { partition, of } => Ok(self.unavailable(*partition, *of)),
            Measure::Span { from, to } => {
                let (from, to) = (self.find(from)?, self.find(to)?);
                Ok(i128::from(to.1.nanos) - i128::from(from.1.nanos))
            }
            Measure::Metric { producer, name } => {
                let value = self.run.metrics(ClientId(*producer as u16)).get(name);
                // Nothing was measured: not a number.
                let value = value.filter(|value| value.is_finite());
                value
                    .map(|value| (value * 1_000.0).round() as i128)
                    .ok_or_else(|| format!("the metric {name} has no value"))
            }
        }
    }

    fn statistic(&self, of: &Pattern, field: &str, statistic: Statistic) -> Result<i128, String> {
        let leaves = self.matching(of)?.filter_map(|(_, happening)| {
            let all = facts::fields(&happening.fact);
            all.into_iter().find(|(name, _)| *name == field).map(|(_, leaf)| leaf)
        });
        if statistic == Statistic::Kinds {
            return Ok(leaves.collect::<BTreeSet<Leaf>>().len() as i128);
        }
        let numbers = leaves.filter_map(|leaf| match leaf {
            Leaf::Number(number) => Some(number),
            _ => None,
        });
        let nothing = || "nothing to measure".to_owned();
        match statistic {
            Statistic::Sum => Ok(numbers.sum()),
            Statistic::Least => numbers.min().ok_or_else(nothing),
            Statistic::Most => numbers.max().ok_or_else(nothing),
            Statistic::Average | Statistic::Kinds => {
                let (sum, count) = numbers.fold((0, 0), |(sum, count), number| (sum + number, count + 1));
                if count > 0 { Ok(sum * 1_000 / count) } else { Err(nothing()) }
            }
        }
    }

    fn latency(&self, quantile: Quantile, values: &[String]) -> Option<i128> {
        let latency = if values.is_empty() {
            self.run.audit.latency
        } else {
            let spans = values.iter().flat_map(|value| self.index.named(value)).filter_map(|record| {
                let answered = record.answered_at?;
                Some(answered.since(record.offered_at).nanos)
            });
            Latency::of(&mut spans.collect::<Vec<u64>>())
        };
        let micros = match quantile {
            Quantile::P50 => latency.p50_us,
            Quantile::P90 => latency.p90_us,
            Quantile::P99 => latency.p99_us,
            Quantile::Max => latency.max_us,
        };
        (latency.count > 0).then_some(i128::from(micros) * 1_000)
    }

    fn unavailable(&self, partition: Partition, of: GapOf) -> i128 {
        let gaps = self.run.audit.availability.iter().filter(|gap| gap.partition == partition);
        let spans = gaps.map(|gap| i128::from(gap.to.since(gap.from).nanos));
        match of {
            GapOf::Count => spans.count() as i128,
            GapOf::Total => spans.sum(),
            GapOf::Longest => spans.max().unwrap_or(0),
        }
    }

    fn records(&self, values: &[String], wants: &[Want]) -> (bool, String) {
        let mut wrong: Vec<String> = Vec::new();
        let mut first: Option<String> = None;
        for (place, value) in (0_i128..).zip(values) {
            let mut found_any = false;
            for record in self.index.named(value) {
                found_any = true;
                for want in wants {
                    let (holds, found) = self.want(record, want, place);
                    first.get_or_insert_with(|| found.clone());
                    if !holds {
                        wrong.push(format!("{value}: {found}"));
                    }
                }
            }
            if !found_any {
                wrong.push(format!("{value}: no such record"));
            }
        }
        if wrong.is_empty() {
            let found = match values.len() {
                1 => first.unwrap_or_default(),
                count => format!("same for all {count}"),
            };
            return (true, found);
        }
        let more = wrong.len().saturating_sub(5);
        wrong.truncate(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (false, wrong.join("; ") + &more)
    }

    fn want(&self, record: &RecordAudit, want: &Want, place: i128) -> (bool, String) {
        let yes = |flag: bool, word: &str| if flag { word.to_owned() } else { format!("not {word}") };
        match want {
            Want::Fate(fate) => (record.fate == *fate, record.fate.name().to_owned()),
            Want::Delivered(bounds) => {
                (bounds.contains(record.delivered.into()), format!("delivered {} times", record.delivered))
            }
            Want::Duplicated(flag) => (record.duplicated == *flag, yes(record.duplicated, "duplicated")),
            Want::Reordered(flag) => (record.reordered == *flag, yes(record.reordered, "reordered")),
            Want::Vanished(flag) => (record.vanished == *flag, yes(record.vanished, "vanished")),
            Want::Offsets(first, _) => {
                // A lost record has the offset that it was acknowledged with.
                let offset = record.offset.or_else(|| self.index.acknowledged_offset(record.record));
                let offset = offset.map(|Offset(offset)| i128::from(offset));
                let found = offset.map_or("no offset".to_owned(), |offset| format!("offset {offset}"));
                (offset == Some(first + place), found)
            }
            Want::Partition(partition) => {
                let name = |partition| self.run.spec.partition_name(partition);
                (record.partition == Some(*partition), record.partition.map_or("nowhere".to_owned(), name))
            }
            Want::Error(error) => {
                let heard = self.index.failure(record.record);
                let found = heard
                    .map_or("no error".to_owned(), |(exception, message)| format!("{exception}: {message}"));
                (heard.is_some_and(|(exception, message)| exception == error || message == error), found)
            }
            Want::Latency(bounds) => match record.answered_at {
                Some(at) => {
                    let span = at.since(record.offered_at);
                    (bounds.contains(span.nanos.into()), format!("answered after {}", write_duration(span)))
                }
                None => (false, "never answered".to_owned()),
            },
        }
    }

    fn order(&self, moments: &[Moment]) -> (bool, String) {
        let mut last: Option<(usize, Time)> = None;
        let mut found = Vec::new();
        let mut holds = true;
        for moment in moments {
            match self.find(moment) {
                Ok(place) => {
                    holds &= last.is_none_or(|last| last.0 < place.0);
                    found.push(place.1.to_string());
                    last = Some(place);
                }
                Err(never) => return (false, never),
            }
        }
        (holds, found.join(", "))
    }

    /// Looks at the cluster at a moment, or at the end of the run.
    fn at(&self, moment: Option<&Moment>, look: impl Fn(&ClusterView) -> (bool, String)) -> (bool, String) {
        match moment {
            None => look(self.end.get_or_init(|| self.run.view_at(self.run.end))),
            Some(moment) => match self.find(moment) {
                Ok((_, time)) => look(&self.run.view_at(time)),
                Err(never) => (false, never),
            },
        }
    }

    fn state(&self, view: &ClusterView, partition: Partition, wants: &[StateWant]) -> (bool, String) {
        let Some(Some(state)) = view.controller.partitions.get(usize::from(partition.0)) else {
            return (false, "the partition does not exist".to_owned());
        };
        let holds = wants.iter().all(|want| match want {
            StateWant::Leader(leader) => state.leader == *leader,
            StateWant::Isr(isr) => state.isr == *isr,
            StateWant::Elr(elr) => state.elr == *elr,
            StateWant::LeaderEpoch(bounds) => bounds.contains(state.leader_epoch.0.into()),
            StateWant::Recovering(recovering) => state.recovering == *recovering,
        });
        let leader = state.leader.map_or("none".to_owned(), |leader| leader.to_string());
        let mut found = format!("leader {leader}, epoch {}, ISR {}", state.leader_epoch, state.isr);
        if !state.elr.is_empty() {
            found += &format!(", ELR {}", state.elr);
        }
        if state.recovering {
            found += ", recovering";
        }
        (holds, found)
    }

    fn log(
        &self,
        view: &ClusterView,
        partition: Partition,
        on: Option<BrokerId>,
        want: &LogWant,
    ) -> (bool, String) {
        let logs: Vec<(BrokerId, &ReplicaView)> = view
            .brokers
            .iter()
            .filter(|broker| on.is_none_or(|on| on == broker.id))
            .filter_map(|broker| {
                let replica = broker.replicas.iter().find(|replica| replica.partition == partition)?;
                Some((broker.id, replica))
            })
            .collect();
        if logs.is_empty() {
            return (false, "no such replica".to_owned());
        }
        self.index.look_at(logs.iter().map(|(_, replica)| u64::from(replica.log_end_offset.0)).sum());
        match want {
            LogWant::Holds(values) => {
                let names = |replica| records(replica).map(|(_, _, record)| self.run.ledger.value(record));
                let wrong =
                    logs.iter().find(|(_, replica)| !names(replica).eq(values.iter().map(String::as_str)));
                let (broker, replica) = wrong.unwrap_or(&logs[0]);
                (wrong.is_none(), format!("broker-{broker} holds {}", in_short(names(replica))))
            }
            LogWant::EndOffset(bounds) => {
                let ends = |replica: &ReplicaView| replica.log_end_offset;
                let holds = logs.iter().all(|(_, replica)| bounds.contains(ends(replica).0.into()));
                let found: Vec<String> = logs
                    .iter()
                    .map(|(broker, replica)| format!("broker-{broker} ends at {}", ends(replica)))
                    .collect();
                (holds, found.join(", "))
            }
            LogWant::Agree(agree) => {
                let differing = logs.windows(2).find(|pair| !records(pair[0].1).eq(records(pair[1].1)));
                let found = match differing {
                    None => "all replicas hold the same".to_owned(),
                    Some(pair) => {
                        let same = records(pair[0].1).zip(records(pair[1].1)).take_while(|(a, b)| a == b);
                        let place = same.count();
                        format!("broker-{} and broker-{} differ from offset {place} on", pair[0].0, pair[1].0)
                    }
                };
                (differing.is_none() == *agree, found)
            }
        }
    }

    fn matching<'p>(&'p self, pattern: &'p Pattern) -> Result<Matching<'p>, String> {
        self.index.matching(pattern).map_err(|missing| self.never(&missing))
    }

    fn find(&self, moment: &Moment) -> Result<(usize, Time), String> {
        self.index.find(moment).map_err(|missing| self.never(&missing))
    }

    fn never(&self, Missing(moment): &Missing<'_>) -> String {
        format!("{} never happened", self.name(moment))
    }

    fn name(&self, moment: &Moment) -> String {
        match moment {
            Moment::At(time) => time.to_string(),
            Moment::Step(_) => {
                let step = self.steps.iter().find(|step| step.is_at(moment));
                step.map_or("an entry of the script".to_owned(), |step| format!("{:?}", step.name))
            }
            Moment::Happening { pattern, .. } => match pattern.on {
                Some(node) => format!("{} on {}", pattern.kind, self.run.spec.node_name(node)),
                None => pattern.kind.to_owned(),
            },
        }
    }
}

/// What a log holds, record by record.
fn records(replica: &ReplicaView) -> impl Iterator<Item = (Offset, LeaderEpoch, RecordId)> + '_ {
    replica
        .log
        .iter()
        .flat_map(|batch| batch.records().map(|(offset, record)| (offset, batch.leader_epoch, record)))
}

/// Where moments lie in a run; None: it never came.
pub(crate) fn moments_in<'m>(
    trace: &Trace,
    moments: impl IntoIterator<Item = &'m Moment>,
) -> Vec<Option<(usize, Time)>> {
    let index = Index::new(trace);
    moments.into_iter().map(|moment| index.find(moment).ok()).collect()
}

fn show(number: i128, unit: Unit) -> String {
    match unit {
        Unit::Count => return number.to_string(),
        Unit::Thousandths => {
            let sign = if number < 0 { "-" } else { "" };
            let (whole, rest) = (number.abs() / 1_000, number.abs() % 1_000);
            return format!("{sign}{whole}.{rest:03}");
        }
        Unit::Nanoseconds => {}
    }
    let sign = if number < 0 { "-" } else { "" };
    // Three places are enough to read; the comparison was exact.
    let nanos = u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
    let rounded = match nanos {
        0..1_000_000 => nanos / 1_000 * 1_000,
        1_000_000..1_000_000_000 => nanos / 1_000 * 1_000,
        _ => nanos / 1_000_000 * 1_000_000,
    };
    format!("{sign}{}", write_duration(Duration::from_nanos(rounded)))
}

/// So many names, or rows of them, are told one by one.
const TOLD: usize = 50;

/// `v0..v4, x0` for a row of names.
pub fn in_short<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut parts: Vec<(&str, &str)> = Vec::new();
    let mut more = 0_u32;
    for name in names {
        let follows = |last: &str| {
            let (prefix, number) = crate::units::numbered(last)?;
            let (own, next) = crate::units::numbered(name)?;
            (prefix == own && number.checked_add(1) == Some(next)).then_some(())
        };
        let full = parts.len() == TOLD;
        match parts.last_mut() {
            Some((_, last)) if more == 0 && follows(last).is_some() => *last = name,
            _ if full => more += 1,
            _ => parts.push((name, name)),
        }
    }
    let shown = parts.iter().map(|(first, last)| match first == last {
        true => (*first).to_owned(),
        false => format!("{first}..{last}"),
    });
    let text = shown.collect::<Vec<_>>().join(", ");
    match (text.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (false, 0) => text,
        (false, more) => format!("{text} and {more} more"),
    }
}
