//! Whether a run shows what its document expects.

use ackscope_sim::audit::{Latency, RecordAudit};
use ackscope_sim::happening::{Fact, Happening};
use ackscope_sim::ids::{BrokerId, ClientId, LeaderEpoch, Offset, Partition, RecordId};
use ackscope_sim::run::{Run, Trace};
use ackscope_sim::script::ActionId;
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::view::ClusterView;

use crate::document::{Comparison, Document, Variant};
use crate::expect::{
    Check, GapOf, LogWant, Measure, Moment, Nth, Pattern, Quantile, StateWant, Statistic, TOTALS, Unit, Want,
};
use crate::facts::{self, Leaf};
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
    let reader = RunReader::new(run);
    variant
        .expectations
        .iter()
        .map(|expectation| {
            let (holds, found) = reader.judge(&expectation.check);
            Outcome { name: expectation.name.clone(), holds, found }
        })
        .collect()
}

/// What the document says of its variants side by side; `runs` in the order of the variants.
pub fn compare(document: &Document, runs: &[Run]) -> Vec<Outcome> {
    let readers: Vec<RunReader<'_>> = runs.iter().map(RunReader::new).collect();
    document.comparisons.iter().map(|comparison| one_comparison(comparison, &readers)).collect()
}

fn one_comparison(comparison: &Comparison, readers: &[RunReader<'_>]) -> Outcome {
    let measured = |variant: usize| {
        readers.get(variant).and_then(|reader| reader.measure(&comparison.measures[variant]))
    };
    let (of, versus) = (measured(comparison.of), measured(comparison.versus));
    let unit = comparison.measures[comparison.of].unit();
    let (holds, found) = match (of, versus) {
        (Some(of), Some(versus)) => {
            // Ratios are kept in thousandths.
            let holds = match comparison.ratio {
                true => versus != 0 && comparison.bounds.contains(of * 1_000 / versus),
                false => comparison.bounds.contains(of - versus),
            };
            (holds, format!("{} and {}", show(of, unit), show(versus, unit)))
        }
        _ => (false, "one of the two cannot be measured".to_owned()),
    };
    Outcome { name: comparison.name.clone(), holds, found }
}

type LogRecord = (Offset, LeaderEpoch, RecordId);

struct RunReader<'r> {
    run: &'r Trace,
    /// The same run with its worlds; moments are found without.
    whole: Option<&'r Run>,
    kinds: Vec<&'static str>,
    end: std::cell::OnceCell<ClusterView>,
}

impl<'r> RunReader<'r> {
    fn new(run: &'r Run) -> RunReader<'r> {
        RunReader { whole: Some(run), ..RunReader::of_trace(run) }
    }

    fn of_trace(run: &'r Trace) -> RunReader<'r> {
        let kinds = run.happenings.iter().map(|happening| facts::kind(&happening.fact)).collect();
        RunReader { run, whole: None, kinds, end: std::cell::OnceCell::new() }
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
            Some(number) => (bounds.contains(number), show(number, measure.unit())),
            None => (false, self.why_unmeasured(measure)),
        }
    }

    fn why_unmeasured(&self, measure: &Measure) -> String {
        match measure {
            Measure::Span { from, to } => {
                let missing = if self.find(from).is_none() { from } else { to };
                format!("{} did not happen", self.name(missing))
            }
            Measure::Latency { .. } => "none of them was acknowledged".to_owned(),
            Measure::Metric { name, .. } => format!("the metric {name} has no value"),
            _ => "nothing to measure".to_owned(),
        }
    }

    fn measure(&self, measure: &Measure) -> Option<i128> {
        match measure {
            Measure::Total(total) => Some((TOTALS[total.0].1)(&self.run.audit.totals).into()),
            Measure::Count(pattern) => Some(self.matching(pattern).count() as i128),
            Measure::Statistic { of, field, statistic } => self.statistic(of, field, *statistic),
            Measure::Latency { quantile, values } => self.latency(*quantile, values),
            Measure::Unavailable { partition, of } => Some(self.unavailable(*partition, *of)),
            Measure::Span { from, to } => {
                let (from, to) = (self.find(from)?, self.find(to)?);
                Some(i128::from(to.1.nanos) - i128::from(from.1.nanos))
            }
            Measure::Metric { producer, name } => {
                let value = self.whole?.metrics(ClientId(*producer as u16)).get(name)?;
                // Nothing was measured: not a number.
                value.is_finite().then(|| (value * 1_000.0).round() as i128)
            }
        }
    }

    fn statistic(&self, of: &Pattern, field: &str, statistic: Statistic) -> Option<i128> {
        let mut kinds: Vec<Leaf> = Vec::new();
        let mut numbers: Vec<i128> = Vec::new();
        for (_, happening) in self.matching(of) {
            for (name, leaf) in facts::fields(&happening.fact) {
                if name != field {
                    continue;
                }
                if let Leaf::Number(number) = leaf {
                    numbers.push(number);
                }
                if statistic == Statistic::Kinds && !kinds.contains(&leaf) {
                    kinds.push(leaf);
                }
                break;
            }
        }
        match statistic {
            Statistic::Kinds => Some(kinds.len() as i128),
            Statistic::Sum => Some(numbers.iter().sum()),
            Statistic::Least => numbers.into_iter().min(),
            Statistic::Most => numbers.into_iter().max(),
            Statistic::Average => {
                let count = numbers.len() as i128;
                (count > 0).then(|| numbers.iter().sum::<i128>() * 1_000 / count)
            }
        }
    }

    fn latency(&self, quantile: Quantile, values: &[String]) -> Option<i128> {
        let latency = if values.is_empty() {
            self.run.audit.latency
        } else {
            let spans = values.iter().flat_map(|value| self.named(value)).filter_map(|record| {
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
            for record in self.named(value) {
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
                count => format!("so it is with all {count}"),
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
                let offset = record.offset.or_else(|| self.acknowledged_offset(record.record));
                let offset = offset.map(|Offset(offset)| i128::from(offset));
                let found = offset.map_or("no offset".to_owned(), |offset| format!("offset {offset}"));
                (offset == Some(first + place), found)
            }
            Want::Partition(partition) => {
                let name = |partition| self.run.spec.partition_name(partition);
                (record.partition == Some(*partition), record.partition.map_or("nowhere".to_owned(), name))
            }
            Want::Error(error) => {
                let heard = self.failure(record.record);
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

    fn acknowledged_offset(&self, record: RecordId) -> Option<Offset> {
        self.run.happenings.iter().find_map(|happening| match happening.fact {
            Fact::Acknowledged { record: acked, offset, .. } if acked == record => offset,
            _ => None,
        })
    }

    fn failure(&self, record: RecordId) -> Option<(&str, &str)> {
        self.run.happenings.iter().find_map(|happening| match &happening.fact {
            Fact::SendFailed { record: failed, failure, .. } if *failed == record => {
                Some((&*failure.exception, &*failure.message))
            }
            _ => None,
        })
    }

    /// The records of that value: an application may send one twice.
    fn named<'s>(&'s self, value: &'s str) -> impl Iterator<Item = &'s RecordAudit> {
        self.run.audit.records.iter().filter(move |record| self.run.ledger.value(record.record) == value)
    }

    fn order(&self, moments: &[Moment]) -> (bool, String) {
        let mut last: Option<(usize, Time)> = None;
        let mut found = Vec::new();
        let mut holds = true;
        for moment in moments {
            match self.find(moment) {
                Some(place) => {
                    holds &= last.is_none_or(|last| last.0 < place.0);
                    found.push(place.1.to_string());
                    last = Some(place);
                }
                None => return (false, format!("{} did not happen", self.name(moment))),
            }
        }
        (holds, found.join(", "))
    }

    /// Looks at the cluster at a moment, or at the end of the run.
    fn at(&self, moment: Option<&Moment>, look: impl Fn(&ClusterView) -> (bool, String)) -> (bool, String) {
        let view_at = |time| self.whole.expect("a check has the whole run").view_at(time);
        match moment {
            None => look(self.end.get_or_init(|| view_at(self.run.end))),
            Some(moment) => match self.find(moment) {
                Some((_, time)) => look(&view_at(time)),
                None => (false, format!("{} did not happen", self.name(moment))),
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
        let logs: Vec<(BrokerId, Vec<LogRecord>, Offset)> = view
            .brokers
            .iter()
            .filter(|broker| on.is_none_or(|on| on == broker.id))
            .filter_map(|broker| {
                let replica = broker.replicas.iter().find(|replica| replica.partition == partition)?;
                let records = replica.log.iter().flat_map(|batch| {
                    batch.records().map(|(offset, record)| (offset, batch.leader_epoch, record))
                });
                Some((broker.id, records.collect(), replica.log_end_offset))
            })
            .collect();
        if logs.is_empty() {
            return (false, "no such replica".to_owned());
        }
        let name = |record: &RecordId| self.run.ledger.value(*record);
        match want {
            LogWant::Holds(values) => {
                let holds = |log: &[LogRecord]| {
                    log.len() == values.len()
                        && log.iter().zip(values).all(|((_, _, record), value)| name(record) == value)
                };
                let wrong = logs.iter().find(|(_, log, _)| !holds(log));
                let (broker, log, _) = wrong.unwrap_or(&logs[0]);
                let held = in_short(log.iter().map(|(_, _, record)| name(record)));
                (wrong.is_none(), format!("broker-{broker} holds {held}"))
            }
            LogWant::EndOffset(bounds) => {
                let holds = logs.iter().all(|(_, _, end)| bounds.contains(end.0.into()));
                let found: Vec<String> =
                    logs.iter().map(|(broker, _, end)| format!("broker-{broker} ends at {end}")).collect();
                (holds, found.join(", "))
            }
            LogWant::Agree(agree) => {
                let differing = logs.windows(2).find(|pair| pair[0].1 != pair[1].1);
                let found = match differing {
                    None => "all replicas hold the same".to_owned(),
                    Some(pair) => {
                        let place = pair[0].1.iter().zip(&pair[1].1).take_while(|(a, b)| a == b).count();
                        format!("broker-{} and broker-{} differ from offset {place} on", pair[0].0, pair[1].0)
                    }
                };
                (differing.is_none() == *agree, found)
            }
        }
    }

    fn matching<'p>(&'p self, pattern: &'p Pattern) -> Box<dyn Iterator<Item = (usize, &'p Happening)> + 'p> {
        let bound = |moment: &Option<Box<Moment>>, otherwise: usize| match moment {
            None => Some(otherwise),
            Some(moment) => self.find(moment).map(|(place, _)| place),
        };
        let from = match &pattern.after {
            None => Some(0),
            Some(moment) => self.find(moment).map(|(place, _)| place + 1),
        };
        let to = bound(&pattern.before, self.run.happenings.len());
        let (Some(from), Some(to)) = (from, to) else { return Box::new(std::iter::empty()) };
        let is_record = |record: i128, value: &str| {
            u32::try_from(record).is_ok_and(|record| self.run.ledger.value(RecordId(record)) == value)
        };
        let range = from.min(to)..to;
        Box::new(range.filter_map(move |place| {
            let happening = &self.run.happenings[place];
            pattern
                .fits(self.kinds[place], happening.node, &happening.fact, is_record)
                .then_some((place, happening))
        }))
    }

    /// Where a moment lies in the trace, and when it is.
    fn find(&self, moment: &Moment) -> Option<(usize, Time)> {
        match moment {
            Moment::At(time) => Some((self.run.until(*time).len(), *time)),
            Moment::Step(action) => {
                self.run.happenings.iter().enumerate().find_map(|(place, happening)| match happening.fact {
                    Fact::ActionDone { action: ActionId(done) } if done == *action => {
                        Some((place, happening.at))
                    }
                    _ => None,
                })
            }
            Moment::Happening { pattern, nth } => {
                let mut all = self.matching(pattern);
                let found = match nth {
                    Nth::Number(number) => all.nth(*number as usize - 1),
                    Nth::Last => all.last(),
                };
                found.map(|(place, happening)| (place, happening.at))
            }
        }
    }

    fn name(&self, moment: &Moment) -> String {
        match moment {
            Moment::At(time) => time.to_string(),
            Moment::Step(_) => "an entry of the script".to_owned(),
            Moment::Happening { pattern, .. } => match pattern.on {
                Some(node) => format!("{} on {}", pattern.kind, self.run.spec.node_name(node)),
                None => pattern.kind.to_owned(),
            },
        }
    }
}

/// Where a note is pinned in a run.
pub(crate) fn moment_in(run: &Trace, moment: &Moment) -> Option<(usize, Time)> {
    RunReader::of_trace(run).find(moment)
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

/// `v0..v4, x0` for a row of names.
pub fn in_short<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut parts: Vec<(&str, &str)> = Vec::new();
    for name in names {
        let follows = |last: &str| {
            let (prefix, number) = crate::units::numbered(last)?;
            let (own, next) = crate::units::numbered(name)?;
            (prefix == own && number + 1 == next).then_some(())
        };
        match parts.last_mut() {
            Some((_, last)) if follows(last).is_some() => *last = name,
            _ => parts.push((name, name)),
        }
    }
    let shown = parts.iter().map(|(first, last)| match first == last {
        true => (*first).to_owned(),
        false => format!("{first}..{last}"),
    });
    let text = shown.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "nothing".to_owned() } else { text }
}
