//! What applications send: single records, series, loads.

use std::sync::Arc;

use ackscope_sim::ids::{ClientId, TopicId};
use ackscope_sim::script::{Action, Keys, Load, Pacing, SendRecord};
use ackscope_sim::time::Duration;

use crate::limits;
use crate::names::topic;
use crate::reader::{Fields, Item};
use crate::script::Script;
use crate::tree::{Node, Value};
use crate::units::{self, NoValues, records_accepted};

impl Script<'_> {
    /// Who sends where: the first producer and the only topic need not be named.
    pub(super) fn route(&self, fields: &Fields<'_>) -> Option<(ClientId, TopicId, Option<u32>)> {
        let producer = match fields.get("producer") {
            Some(item) => self.producer(&item)?,
            None if !self.spec.producers.is_empty() => ClientId(0),
            None => {
                fields.required("producer", "which producer");
                return None;
            }
        };
        let topic = match fields.get("topic") {
            Some(item) => topic(&item, self.spec)?,
            None if self.spec.topics.len() == 1 => TopicId(0),
            None => {
                fields.required("topic", "which topic");
                return None;
            }
        };
        // One beyond what exists can be asked for: it is an error that applications make.
        let partition = fields.integer("to_partition", 0..1_000).map(|number| number as u32);
        Some((producer, topic, partition))
    }

    pub(super) fn sends(&mut self, object: &Item<'_>, fields: &Fields<'_>) -> Vec<Action> {
        let every = fields.duration("every");
        let key = fields.get("key").and_then(|item| item.text_of(limits::WORD)).map(Arc::from);
        let size = fields.get("size").and_then(|item| item.bytes());
        let serializable = fields.flag("serializable").unwrap_or(true);
        let Some((producer, topic, partition)) = self.route(fields) else { return Vec::new() };
        let items = object.one_or_more();
        // A series of numbers from 0 is one load; anything else is sent one by one.
        if let ([item], None, true) = (&*items, &key, serializable)
            && let Some((prefix, 0, last)) = series_of(item.node)
            && (1..limits::SCRIPT as u64).contains(&last)
            && prefix.chars().count() < limits::WORD - 3
        {
            self.records += last + 1;
            return vec![Action::Load(Load {
                producer,
                topic,
                partition,
                count: last as u32 + 1,
                pacing: Pacing::Every { gap: every.unwrap_or_default() },
                keys: Keys::None,
                prefix: prefix.into(),
                digits: 0,
                value_bytes: size.unwrap_or(0).max((prefix.len() + last.to_string().len()) as u32),
            })];
        }
        let mut values = Vec::new();
        for item in items {
            let Some(text) = item.text() else { return Vec::new() };
            match units::values(text, limits::SCRIPT.saturating_sub(self.entries.len() + values.len())) {
                Ok(more) => values.extend(more),
                Err(NoValues::TooMany) => {
                    let accepted = format!(
                        "at most {} in all; more of them by load = 2500, prefix = \"v\"",
                        limits::SCRIPT
                    );
                    item.refuse("too many single records", accepted);
                    return Vec::new();
                }
                Err(NoValues::Unreadable) => {
                    item.refuse("not a list of records", records_accepted());
                    return Vec::new();
                }
            }
        }
        self.records += values.len() as u64;
        let records = values.into_iter().map(|value| Action::Send {
            producer,
            record: SendRecord {
                topic,
                partition,
                key: key.clone(),
                value_bytes: size.unwrap_or(0).max(value.len() as u32),
                value: value.into(),
                serializable,
            },
        });
        records.collect()
    }

    pub(super) fn load(&mut self, object: &Item<'_>, fields: &Fields<'_>) -> Option<Action> {
        let count = object.integer(1..limits::RECORDS + 1)?;
        self.records += count;
        let gap = match (fields.get("rate"), fields.duration("every")) {
            (Some(item), None) => {
                let gap = item.text().and_then(units::rate);
                if gap.is_none() {
                    item.refuse("a rate is expected", "such as \"1000/s\", up to one record in a nanosecond");
                }
                gap?
            }
            (None, Some(gap)) => gap,
            (Some(item), Some(_)) => {
                item.refuse("every and rate say the same", "one of them");
                return None;
            }
            // With a limit of unanswered ones the answers set the pace.
            (None, None) if fields.has("outstanding") => Duration::ZERO,
            (None, None) => {
                fields.required("rate", "rate = \"1000/s\", every = \"1 ms\", or outstanding = 1")?;
                return None;
            }
        };
        let outstanding = fields.integer("outstanding", 1..limits::RECORDS + 1);
        let poisson = fields.flag("poisson").unwrap_or(false);
        let pacing = match outstanding {
            Some(limit) => Pacing::Outstanding { limit: limit as u32, gap },
            None if poisson => Pacing::Poisson { gap },
            None => Pacing::Every { gap },
        };
        let keys = match fields.get("keys") {
            Some(item) => keys(&item)?,
            None => Keys::None,
        };
        let prefix = fields.get("prefix").map_or(Some("r"), |item| item.text_of(limits::WORD))?;
        let size = fields.get("size").and_then(|item| item.bytes()).unwrap_or(100);
        let (producer, topic, partition) = self.route(fields)?;
        Some(Action::Load(Load {
            producer,
            topic,
            partition,
            count: count as u32,
            pacing,
            keys,
            prefix: prefix.into(),
            digits: 0,
            value_bytes: size,
        }))
    }
}

fn keys(item: &Item<'_>) -> Option<Keys> {
    let range = 1..limits::KEYS + 1;
    if let Value::Integer(_) = item.node.value {
        return Some(Keys::Uniform { count: item.integer(range)? as u32 });
    }
    let fields = item.fields()?;
    let count = fields.required("count", "how many keys")?.integer(range)? as u32;
    let round_robin = fields.flag("round_robin").unwrap_or(false);
    let hot = fields.integer("hot_permille", 1..1_001);
    fields.finish();
    Some(match hot {
        Some(permille) => Keys::Hot { count, hot_permille: permille as u32 },
        None if round_robin => Keys::RoundRobin { count },
        None => Keys::Uniform { count },
    })
}

fn series_of(node: &Node) -> Option<(&str, u64, u64)> {
    match &node.value {
        Value::Text(text) => units::series(text.trim()),
        _ => None,
    }
}
