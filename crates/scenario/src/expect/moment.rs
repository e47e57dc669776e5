//! Places in a run, and happenings narrowed down: how they are written, and which happenings fit.

use ackscope_sim::happening::Fact;
use ackscope_sim::ids::{NodeId, RecordId};
use ackscope_sim::time::Time;

use super::read::some_values;
use super::{FieldWant, Moment, Names, Nth, Pattern};
use crate::facts::{self, Leaf};
use crate::limits;
use crate::names;
use crate::reader::{Fields, Item};
use crate::tree::Value;
use crate::units::{self, Bounds};

impl Names<'_> {
    pub(super) fn optional_moment(&self, fields: &Fields<'_>) -> Option<Option<Moment>> {
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
                Some(item) => Nth::Number(item.integer(1..limits::RECORDS + 1)?),
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
        if let Some(at) = units::duration(text).filter(|&at| at <= limits::UNTIL) {
            return Some(Moment::At(Time::ZERO + at));
        }
        let (kind, on) = match text.split_once(" on ") {
            Some((kind, node)) => (kind, Some(names::find_node(node, self.spec))),
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
                    Some(name) => format!("not a moment; did you mean {name}?"),
                    None => "not a moment".to_owned(),
                };
                let accepted = "an entry's name, a time, a kind of happening (\"truncated on broker-1\"), or { happens = … }";
                item.refuse(message, accepted);
                None
            }
        }
    }

    pub(super) fn pattern(&self, kind: &Item<'_>, fields: &Fields<'_>) -> Option<Pattern> {
        let name = kind.text()?;
        let Some(known) = facts::KINDS.iter().copied().find(|known| *known == name) else {
            kind.refuse_name("no such kind of happening", name, facts::KINDS.iter().copied());
            return None;
        };
        let mut pattern = Pattern::any(known, None);
        if let Some(item) = fields.get("on") {
            pattern.on = Some(names::node(&item, self.spec)?);
        }
        if let Some(item) = fields.get("after") {
            pattern.after = Some(Box::new(self.moment(&item)?));
        }
        if let Some(item) = fields.get("before") {
            pattern.before = Some(Box::new(self.moment(&item)?));
        }
        if let Some(item) = fields.get("where") {
            for (name, value) in item.fields()?.entries() {
                self.asked_of(known, name, &value)?;
                pattern.fields.push((name.to_owned(), self.field(name, &value)?));
            }
        }
        Some(pattern)
    }

    /// What no happening of the kind has cannot be asked of it: the answer would always be no.
    pub(super) fn asked_of(&self, kind: &str, name: &str, item: &Item<'_>) -> Option<()> {
        let names = facts::names(kind);
        if names.contains(&name) {
            return Some(());
        }
        item.refuse_name(&format!("{kind} has no such value"), name, names);
        None
    }

    pub(super) fn field(&self, name: &str, item: &Item<'_>) -> Option<FieldWant> {
        Some(match &item.node.value {
            Value::Integer(number) => FieldWant::Leaf(Leaf::Number((*number).into())),
            Value::Flag(flag) => FieldWant::Leaf(Leaf::Flag(*flag)),
            Value::List(_) => {
                let numbers: Option<Vec<i128>> =
                    item.list()?.iter().map(|one| one.integer(limits::NUMBERS).map(i128::from)).collect();
                FieldWant::Leaf(Leaf::Numbers(numbers?))
            }
            Value::Text(text) if text == "none" => FieldWant::Leaf(Leaf::None),
            Value::Text(_) if name == "partition" => {
                FieldWant::Leaf(Leaf::Number(names::partition(item, self.spec)?.0.into()))
            }
            Value::Text(_) if name == "record" => FieldWant::Records(some_values(item)?),
            Value::Text(text) => {
                if let Some(bounds) = Bounds::parse(text, |number| number.parse().ok()) {
                    FieldWant::Bounds(bounds)
                } else {
                    // The engine names clients by number.
                    let text = match names::find_node(text, self.spec) {
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

    /// The node and the fields are right; `records` are those that each of the fields names, in order. Kind, `after` and
    /// `before` are not looked at.
    pub(crate) fn fits(&self, node: NodeId, fact: &Fact, records: &[Vec<RecordId>]) -> bool {
        if self.on.is_some_and(|on| on != node) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let leaves = facts::fields(fact);
        self.fields.iter().zip(records).all(|((name, want), records)| {
            leaves.iter().filter(|(field, _)| field == name).any(|(_, leaf)| match (want, leaf) {
                (FieldWant::Leaf(want), found) => want == found,
                (FieldWant::Bounds(bounds), Leaf::Number(number)) => bounds.contains(*number),
                (FieldWant::Records(_), Leaf::Number(record)) => u32::try_from(*record)
                    .is_ok_and(|record| records.binary_search(&RecordId(record)).is_ok()),
                _ => false,
            })
        })
    }
}
