//! From the tables of a document to expectations.

use ackscope_sim::audit::Fate;
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Duration;

use super::{
    Check, GapOf, LogWant, Measure, Names, Quantile, StateWant, Statistic, TOTALS, Total, Unit, Want,
};
use crate::expect::Moment;
use crate::limits;
use crate::names;
use crate::reader::{Fields, Item};
use crate::tree::Value;
use crate::units::{self, Bounds, NoValues, records_accepted};

/// Keys of which one says what kind of expectation it is.
const LEADS: &str = "records, happens, never, order, from, partition, log, latency, unavailable, average, least, most, \
                     sum, kinds, metric, refused, or totals such as acked_lost";

impl Names<'_> {
    pub(super) fn check(&self, item: &Item<'_>, fields: &Fields<'_>) -> Option<Check> {
        if fields.has("records") && !fields.has("latency_of") {
            return self.records(fields);
        }
        if fields.has("order") {
            let order = fields.get("order")?;
            let moments = order.list_of(limits::WORDS)?;
            if moments.len() < 2 {
                order.refuse("an order needs at least two moments", "a list of at least two");
                return None;
            }
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
            let message = item.text_of(limits::PARAGRAPH)?.to_owned();
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
                let of = fields.required("of", "a kind of happening")?;
                let of = self.pattern(&of, fields)?;
                self.asked_of(of.kind, field.text()?, &field)?;
                return Some(Measure::Statistic { of, field: field.text()?.to_owned(), statistic });
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
                Some(item) => some_values(&item)?,
                None => Vec::new(),
            };
            return Some(Measure::Latency { quantile, values });
        }
        if let Some(item) = fields.get("unavailable") {
            let partition = names::partition(&item, self.spec)?;
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

    pub(super) fn records(&self, fields: &Fields<'_>) -> Option<Check> {
        let values = some_values(&fields.get("records")?)?;
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
            if bounds.high.checked_sub(bounds.low) != Some(values.len() as i128 - 1) {
                item.refuse(
                    "as many offsets as records",
                    format!("{} of them, such as \"5..9\"", values.len()),
                );
            }
            wants.push(Want::Offsets(bounds.low, bounds.high));
        }
        if let Some(item) = fields.get("in") {
            wants.push(Want::Partition(names::partition(&item, self.spec)?));
        }
        if let Some(error) = fields.get("error").and_then(|item| item.text_of(limits::PARAGRAPH)) {
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

    pub(super) fn state(&self, fields: &Fields<'_>) -> Option<Check> {
        let partition = names::partition(&fields.get("partition")?, self.spec)?;
        let at = self.optional_moment(fields)?;
        let mut wants = Vec::new();
        if let Some(item) = fields.get("leader") {
            wants.push(StateWant::Leader(names::leader(&item, self.spec)?));
        }
        if let Some(item) = fields.get("isr") {
            wants.push(StateWant::Isr(names::brokers(&item, self.spec)?));
        }
        if let Some(item) = fields.get("elr") {
            wants.push(StateWant::Elr(names::brokers(&item, self.spec)?));
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

    pub(super) fn log(&self, fields: &Fields<'_>) -> Option<Check> {
        let partition = names::partition(&fields.get("log")?, self.spec)?;
        let at = self.optional_moment(fields)?;
        let on = match fields.get("on") {
            Some(item) => Some(names::broker(&item, self.spec)?),
            None => None,
        };
        let want = if let Some(item) = fields.get("holds") {
            LogWant::Holds(values(&item)?)
        } else if let Some(item) = fields.get("end_offset") {
            LogWant::EndOffset(number_bounds(&item)?)
        } else {
            let agree = fields.required("agree", "holds = \"v0..v4\", end_offset = 5, or agree = true")?;
            if on.is_some() {
                agree.refuse("one replica always agrees with itself", "agree without on");
                return None;
            }
            LogWant::Agree(agree.flag()?)
        };
        Some(Check::Log { partition, at, on, want })
    }

    pub(super) fn producer(&self, fields: &Fields<'_>) -> Option<usize> {
        match fields.get("producer") {
            Some(item) => match names::node(&item, self.spec)? {
                NodeId::Producer(client) => Some(usize::from(client.0)),
                _ => {
                    item.refuse("not a producer", "producer-…");
                    None
                }
            },
            // The first one, unless said.
            None if !self.spec.producers.is_empty() => Some(0),
            None => {
                fields.required("producer", "which producer");
                None
            }
        }
    }
}

/// Some records; none of them would say nothing.
pub(super) fn some_values(item: &Item<'_>) -> Option<Vec<String>> {
    let values = values(item)?;
    if values.is_empty() {
        item.refuse("it names no record", "\"v0\", \"v0..v4\" or \"a, b, c\"");
        return None;
    }
    Some(values)
}

fn values(item: &Item<'_>) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for one in item.one_or_more() {
        let left = item.reading.names_left();
        match units::values(one.text()?, left) {
            Ok(more) => {
                item.reading.spend_names(more.len());
                values.extend(more);
            }
            Err(_) if one.text()?.is_empty() => {}
            Err(NoValues::TooMany) => {
                let most = limits::NAMES;
                let accepted = format!("{left} here, at most {most} in all expectations together");
                one.refuse("too many records are named", accepted);
                return None;
            }
            Err(NoValues::Unreadable) => {
                one.refuse("not a list of records", records_accepted());
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
        item.refuse("a number or a range is expected", "5, \">= 5\", \"< 5\", \"3..7\", up to 64 bits");
    }
    found
}

fn thousandth_bounds(item: &Item<'_>) -> Option<Bounds> {
    let text = item.plain()?;
    let found = Bounds::parse(&text, units::thousandths);
    if found.is_none() {
        item.refuse(
            "a number or a range is expected",
            "5, \">= 2.5\", \"< 5\", \"3..7\", up to 32 bits and three decimals",
        );
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
