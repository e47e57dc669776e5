//! Reads a tree strictly: every key that nobody asked for is a problem, and so is every value of the wrong kind.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use ackscope_sim::order::sorted;
use ackscope_sim::run::budget::Budget;
use ackscope_sim::time::Duration;

use crate::limits;
use crate::problem::{PROBLEMS, Places, Problem, nearest};
use crate::tree::{Node, Table, Value};
use crate::units;

/// Problems are collected here.
pub(crate) struct Reading<'t> {
    places: Places<'t>,
    problems: RefCell<Vec<Problem>>,
    /// How many records the expectations may still name.
    names: Cell<usize>,
    /// Entries of the script that could not be read: what refers to them is not told again.
    broken: RefCell<BTreeSet<String>>,
    /// What its runs may use.
    pub budget: Budget,
}

impl<'t> Reading<'t> {
    pub fn new(text: &'t str, budget: Budget) -> Reading<'t> {
        let names = Cell::new(limits::NAMES);
        let (problems, broken) = Default::default();
        Reading { places: Places::of(text), problems, names, broken, budget }
    }

    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = sorted(self.problems.into_inner(), |problem| (problem.line, problem.column));
        problems.dedup();
        problems
    }

    pub fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// Problems with this key or one below it.
    pub fn count_below(&self, path: &str) -> usize {
        self.problems.borrow().iter().filter(|problem| problem.key.starts_with(path)).count()
    }

    /// The line on which something begins, from 1; 0 for what stands in no text.
    pub fn line(&self, node: &Node) -> u32 {
        node.key.as_ref().map_or(0, |span| self.places.of_offset(span.start).0)
    }

    /// How many records the expectations may still name.
    pub fn names_left(&self) -> usize {
        self.names.get()
    }

    pub fn spend_names(&self, count: usize) {
        self.names.set(self.names.get().saturating_sub(count));
    }

    /// An entry of the script could not be read, and its problem is told.
    pub fn break_entry(&self, name: &str) {
        self.broken.borrow_mut().insert(name.to_owned());
    }

    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.borrow().contains(name)
    }

    /// Nothing more is told, so nothing more need be found out.
    pub fn is_full(&self) -> bool {
        self.problems.borrow().len() >= PROBLEMS
    }

    fn complain(&self, at: Option<&Range<usize>>, problem: Problem) {
        if !self.is_full() {
            let (line, column) = at.map_or((0, 0), |span| self.places.of_offset(span.start));
            self.problems.borrow_mut().push(Problem { line, column, ..problem }.shortened());
        }
    }
}

/// A value and how it is called.
#[derive(Clone)]
pub(crate) struct Item<'t> {
    pub reading: &'t Reading<'t>,
    pub path: String,
    pub node: &'t Node,
}

impl<'t> Item<'t> {
    /// The value is not what it should be.
    pub fn refuse(&self, message: impl Into<String>, accepted: impl Into<String>) {
        self.refuse_found(message, self.node.describe(), accepted);
    }

    /// There is too much of something.
    pub fn refuse_more(&self, message: &str, most: usize) {
        self.refuse_found(message, format!("more than {most}"), format!("at most {most}"));
    }

    /// The same, with what was found said otherwise than by the value.
    pub fn refuse_found(
        &self,
        message: impl Into<String>,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) {
        self.reading.complain(
            self.node.span.as_ref().or(self.node.key.as_ref()),
            Problem {
                key: self.path.clone(),
                found: found.into(),
                accepted: accepted.into(),
                message: message.into(),
                ..Problem::default()
            },
        );
    }

    /// The value is one of these names, or it is refused with the nearest of them.
    pub fn refuse_name<'n>(
        &self,
        message: &str,
        word: &str,
        names: impl IntoIterator<Item = &'n str> + Clone,
    ) {
        if self.reading.is_full() {
            return;
        }
        let accepted = names.clone().into_iter().collect::<Vec<_>>().join(", ");
        let message = match nearest(word, names) {
            Some(name) => format!("{message}; did you mean {name}?"),
            None => message.to_owned(),
        };
        self.refuse(message, accepted);
    }

    /// The value as text to hand on, whatever its kind.
    pub fn plain(&self) -> Option<String> {
        match &self.node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Decimal(number) => Some(number.clone()),
            Value::Flag(flag) => Some(flag.to_string()),
            Value::List(_) | Value::Table(_) => {
                self.refuse("one value is expected", "a text, a number, true or false");
                None
            }
        }
    }

    pub fn text(&self) -> Option<&'t str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.refuse("a text is expected", "a text in quotes");
                None
            }
        }
    }

    /// A text of at most so many letters.
    pub fn text_of(&self, most: usize) -> Option<&'t str> {
        self.text().filter(|text| self.is_short(text, most))
    }

    /// Whether a text, or the name of this value, has at most so many letters.
    pub fn is_short(&self, text: &str, most: usize) -> bool {
        let count = text.chars().count();
        if count > most {
            self.refuse_found("too long", format!("{count} letters"), format!("at most {most} letters"));
        }
        count <= most
    }

    /// A list of short texts.
    pub fn words(&self) -> Vec<&'t str> {
        let items = self.list_of(limits::WORDS).unwrap_or_default();
        items.iter().filter_map(|item| item.text_of(limits::WORD)).collect()
    }

    pub fn flag(&self) -> Option<bool> {
        match self.node.value {
            Value::Flag(flag) => Some(flag),
            _ => {
                self.refuse("yes or no is expected", "true or false");
                None
            }
        }
    }

    pub fn integer(&self, range: Range<u64>) -> Option<u64> {
        match self.node.value {
            Value::Integer(number) if number >= 0 && range.contains(&(number as u64)) => Some(number as u64),
            _ => {
                let accepted = format!("a whole number from {} to {}", range.start, range.end - 1);
                self.refuse("not a number in the accepted range", accepted);
                None
            }
        }
    }

    pub fn duration(&self) -> Option<Duration> {
        let found = match &self.node.value {
            Value::Text(text) => units::duration(text).filter(|&span| span <= limits::UNTIL),
            _ => None,
        };
        if found.is_none() {
            let most = limits::UNTIL_HOURS;
            let accepted = format!("a number and a unit, such as \"5 ms\" or \"1.2 s\", up to {most} h");
            self.refuse("a span of time is expected", accepted);
        }
        found
    }

    /// The size of a record.
    pub fn bytes(&self) -> Option<u32> {
        let found = match &self.node.value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Text(text) => units::bytes(text),
            _ => None,
        };
        let found = found.filter(|&bytes| bytes <= limits::RECORD_BYTES);
        if found.is_none() {
            let most = limits::RECORD_BYTES >> 30;
            let accepted =
                format!("bytes, or a number and a unit, such as \"16 KiB\" or \"1 MB\", up to {most} GiB");
            self.refuse("a size is expected", accepted);
        }
        found.map(|bytes| bytes as u32)
    }

    pub fn list(&self) -> Option<Vec<Item<'t>>> {
        match &self.node.value {
            Value::List(items) => {
                Some((0..).zip(items).map(|(index, node)| self.child(&index.to_string(), node)).collect())
            }
            _ => {
                self.refuse("a list is expected", "values in square brackets");
                None
            }
        }
    }

    /// A list with at most so many entries.
    pub fn list_of(&self, most: usize) -> Option<Vec<Item<'t>>> {
        let items = self.list()?;
        if items.len() > most {
            self.refuse_found(
                "too long a list",
                format!("{} entries", items.len()),
                format!("at most {most}"),
            );
            return None;
        }
        Some(items)
    }

    /// One value, or a list of at most so many.
    pub fn few(&self, most: usize) -> Vec<Item<'t>> {
        match &self.node.value {
            Value::List(_) => self.list_of(most).unwrap_or_default(),
            _ => vec![self.clone()],
        }
    }

    /// One value, or a list of them.
    pub fn one_or_more(&self) -> Vec<Item<'t>> {
        match &self.node.value {
            Value::List(_) => self.list().unwrap_or_default(),
            _ => vec![self.clone()],
        }
    }

    pub fn fields(&self) -> Option<Fields<'t>> {
        match &self.node.value {
            Value::Table(table) => {
                let before = self.reading.problems.borrow().len();
                Some(Fields { item: self.clone(), table, asked: RefCell::default(), before })
            }
            _ => {
                self.refuse("a table is expected", "keys with values, in braces or under a heading");
                None
            }
        }
    }

    fn child(&self, name: &str, node: &'t Node) -> Item<'t> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Item { reading: self.reading, path, node }
    }
}

/// A table that remembers what was asked of it.
pub(crate) struct Fields<'t> {
    pub item: Item<'t>,
    table: &'t Table,
    asked: RefCell<Vec<&'static str>>,
    /// How many problems there were before this table was read.
    before: usize,
}

impl<'t> Fields<'t> {
    pub fn get(&self, key: &'static str) -> Option<Item<'t>> {
        if !self.asked.borrow().contains(&key) {
            self.asked.borrow_mut().push(key);
        }
        self.table.get(key).map(|node| self.item.child(key, node))
    }

    /// Present, without being asked for.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// All of them, in the order of the text.
    pub fn entries(&self) -> impl Iterator<Item = (&'t str, Item<'t>)> {
        self.table.entries.iter().map(|(name, node)| (name.as_str(), self.item.child(name, node)))
    }

    pub fn text(&self, key: &'static str) -> Option<&'t str> {
        self.get(key).and_then(|item| item.text())
    }

    pub fn flag(&self, key: &'static str) -> Option<bool> {
        self.get(key).and_then(|item| item.flag())
    }

    pub fn integer(&self, key: &'static str, range: Range<u64>) -> Option<u64> {
        self.get(key).and_then(|item| item.integer(range))
    }

    pub fn duration(&self, key: &'static str) -> Option<Duration> {
        self.get(key).and_then(|item| item.duration())
    }

    pub fn required(&self, key: &'static str, accepted: &str) -> Option<Item<'t>> {
        let found = self.get(key);
        if found.is_none() {
            let problem = Problem {
                key: self.path_of(key),
                found: "nothing".to_owned(),
                accepted: accepted.to_owned(),
                message: "this is needed".to_owned(),
                ..Problem::default()
            };
            let node = self.item.node;
            self.item.reading.complain(node.key.as_ref().or(node.span.as_ref()), problem);
        }
        found
    }

    fn path_of(&self, key: &str) -> String {
        self.item.child(key, self.item.node).path
    }

    /// Something in this table was not what it should be.
    pub fn is_spoilt(&self) -> bool {
        self.item.reading.problems.borrow().len() > self.before
    }

    /// Whatever was not asked for does not belong here. After another problem not everything may have been asked for.
    pub fn finish(self) {
        if self.is_spoilt() {
            return;
        }
        let asked = self.asked.into_inner();
        for (name, node) in &self.table.entries {
            if asked.contains(&name.as_str()) || self.item.reading.is_full() {
                continue;
            }
            let message = match nearest(name, asked.iter().copied()) {
                Some(known) => format!("unknown key; did you mean {known}?"),
                None => "unknown key".to_owned(),
            };
            let problem = Problem {
                key: self.item.child(name, node).path,
                found: name.clone(),
                accepted: asked.join(", "),
                message,
                ..Problem::default()
            };
            self.item.reading.complain(node.key.as_ref().or(node.span.as_ref()), problem);
        }
    }
}
