//! The text as a tree that knows its places, and one tree laid over another. Knows TOML; knows nothing of what keys mean.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::limits;
use crate::problem::{PROBLEMS, Places, Problem};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub value: Value,
    /// Where key and value stand in the text; None for what came from elsewhere.
    pub key: Option<Range<usize>>,
    pub span: Option<Range<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// As it was written.
    Decimal(String),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
}

/// In the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub entries: Vec<(String, Node)>,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let place = self.entries.iter().position(|(name, _)| name == key)?;
        Some(self.entries.remove(place).1)
    }
}

impl Node {
    pub fn new(value: Value) -> Node {
        Node { value, key: None, span: None }
    }

    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// As a person would name it in a complaint.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("\"{text}\""),
            Value::Integer(number) => number.to_string(),
            Value::Decimal(number) => number.clone(),
            Value::Flag(flag) => flag.to_string(),
            Value::List(_) => "a list".to_owned(),
            Value::Table(_) => "a table".to_owned(),
        }
    }
}

pub(crate) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let places = Places::of(text);
    let at = |offset: usize, found: String, message: &str| {
        let (line, column) = places.of_offset(offset);
        Problem { line, column, found, message: message.to_owned(), ..Problem::default() }.shortened()
    };
    if let Some(offset) = too_deep(text) {
        return Err(vec![at(offset, String::new(), "nested too deeply")]);
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let said = errors.iter().take(PROBLEMS);
        let offset = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        return Err(said.map(|error| at(offset(error), String::new(), error.message())).collect());
    }
    let mut refused = Vec::new();
    let span = root.span();
    let table = table(text, root.into_inner(), false, &mut refused);
    if refused.is_empty() {
        Ok(Node { value: Value::Table(table), key: None, span: Some(span) })
    } else {
        let said = refused.into_iter().take(PROBLEMS);
        Err(said.map(|(offset, found, message)| at(offset, found, message)).collect())
    }
}

/// Brackets within brackets, and dots in one key: nobody needs more than this, and trees are walked by recursion.
const BRACKETS: usize = 16;
const DOTS: usize = 16;
const TOO_MANY_KEYS: &str = "too many keys in one table; at most 2000 are accepted";

/// Where the nesting becomes too deep, judged before any parser sees the text.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut brackets, mut dots, mut at) = (0_usize, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                let triple = bytes[at..].starts_with(&[quote; 3]);
                at += if triple { 3 } else { 1 };
                while at < bytes.len() {
                    match bytes[at] {
                        b'\\' if quote == b'"' => at += 1,
                        b'\n' if !triple => break,
                        byte if byte == quote && !triple => break,
                        byte if byte == quote && bytes[at..].starts_with(&[quote; 3]) => {
                            at += 2;
                            break;
                        }
                        _ => {}
                    }
                    at += 1;
                }
            }
            b'#' => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                dots = 0;
            }
            b'[' | b'{' => (brackets, dots) = (brackets + 1, 0),
            b']' | b'}' => (brackets, dots) = (brackets.saturating_sub(1), 0),
            b'=' | b',' | b'\n' => dots = 0,
            b'.' => dots += 1,
            _ => {}
        }
        if brackets > BRACKETS || dots > DOTS {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// What no tree can hold: where, what was found, and what is wrong with it.
type Refused = Vec<(usize, String, &'static str)>;

fn table(text: &str, source: DeTable<'_>, config: bool, refused: &mut Refused) -> Table {
    if source.len() > limits::TABLE {
        let first = source.keys().map(|key| key.span().start).min().unwrap_or_default();
        refused.push((first, format!("{} keys", source.len()), TOO_MANY_KEYS));
        return Table::default();
    }
    let sorted = ackscope_sim::order::sorted(source, |(key, _)| key.span().start);
    let mut table = Table::default();
    for (key, value) in sorted {
        let at = key.span();
        let name = key.into_inner().into_owned();
        let mut child = node(text, value, config || name == "config", refused);
        child.key = Some(at);
        // Kafka's dotted keys may be quoted or not: both become the same tree. Elsewhere the parser lets a key stand once.
        if config && name.split('.').count() <= DOTS {
            insert(&mut table, &name, child);
        } else {
            table.entries.push((name, child));
        }
    }
    table
}

fn node(text: &str, source: Spanned<DeValue<'_>>, config: bool, refused: &mut Refused) -> Node {
    let span = source.span();
    let value = match source.into_inner() {
        DeValue::String(string) => Value::Text(string.into_owned()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => {
                refused.push((span.start, integer.to_string(), "a number beyond 64 bits"));
                Value::Integer(0)
            }
        },
        DeValue::Float(float) => Value::Decimal(float.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        // Nothing here is a date; what it was written as says so best.
        DeValue::Datetime(_) => Value::Text(text.get(span.clone()).unwrap_or_default().to_owned()),
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(text, item, config, refused)).collect())
        }
        DeValue::Table(inner) => Value::Table(table(text, inner, config, refused)),
    };
    Node { value, key: None, span: Some(span) }
}

/// Puts a value at a dotted path, with tables on the way to it.
pub(crate) fn insert(table: &mut Table, path: &str, child: Node) {
    let Some((head, rest)) = path.split_once('.') else {
        match table.get_mut(path) {
            Some(there) => lay_over(there, child),
            None => table.entries.push((path.to_owned(), child)),
        }
        return;
    };
    if table.get(head).and_then(Node::table).is_none() {
        table.remove(head);
        let key = child.key.clone();
        let empty = Node { value: Value::Table(Table::default()), key, span: child.span.clone() };
        table.entries.push((head.to_owned(), empty));
    }
    if let Some(Node { value: Value::Table(inner), .. }) = table.get_mut(head) {
        insert(inner, rest, child);
    }
}

/// Tables are joined key by key; anything else replaces what was there.
pub(crate) fn lay_over(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Table(base), Value::Table(over)) => {
            for (name, node) in over.entries {
                match base.get_mut(&name) {
                    Some(there) => lay_over(there, node),
                    None => base.entries.push((name, node)),
                }
            }
        }
        (_, value) => *base = Node { value, key: over.key, span: over.span },
    }
}
