//! The `do` table: what happens to the cluster from outside, entry by entry, turned into the engine's script.

mod clients;
mod condition;
mod meddle;
mod records;

use std::ops::Range;

use ackscope_sim::config::TopicConfig;
use ackscope_sim::happening::Happening;
use ackscope_sim::ids::{ClientId, NodeId, Offset, Partition};
use ackscope_sim::run::Trace;
use ackscope_sim::script::{Action, ActionId, Boot, Entry, Patience, Trigger};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::{Duration, Time};

pub(crate) use self::meddle::APIS;
use self::meddle::meddle;
use crate::expect::Moment;
use crate::limits;
use crate::names::{Link, broker, find_node, link, node, partition, path, topic};
use crate::reader::{Fields, Item};
use crate::tree::Value;

/// One entry of the `do` table as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    /// The word that says what is done: `kill`, `send`, …; `note` where nothing is.
    pub verb: &'static str,
    /// What it is done to, as written.
    pub object: String,
    pub note: Option<String>,
    /// Left out with `off = true`: its moment comes, and nothing is done.
    pub off: bool,
    /// Its entries in the engine's script.
    pub actions: Range<u32>,
    /// From 1; where the entry stands in the text.
    pub line: u32,
}

impl Step {
    pub(crate) fn is_at(&self, moment: &Moment) -> bool {
        matches!(moment, Moment::Step(action) if self.actions.contains(action))
    }

    /// When it was done in a run, if it was.
    pub fn done_at(&self, run: &Trace) -> Option<Time> {
        self.done(run).map(|happening| happening.at)
    }

    /// What carried it out in a run, if anything did.
    pub fn done<'r>(&self, run: &'r Trace) -> Option<&'r Happening> {
        self.actions
            .clone()
            .filter_map(|action| run.done(ActionId(action)))
            .min_by_key(|happening| happening.id)
    }
}

/// What an entry can do, with the keys that belong to it beside `at`, `after`, `when`, `delay`, `for`, `note`.
pub const VERBS: &[(&str, &str)] = &[
    ("start", "a node, or a list of them"),
    ("kill", "a node: kill -9"),
    ("stop", "a node: SIGTERM, close()"),
    ("pause", "a node: SIGSTOP"),
    ("resume", "a node"),
    ("power_loss", "a broker: no packet leaves any more, what was not flushed is gone"),
    ("fail_disk", "a broker"),
    ("restore_disk", "a broker"),
    ("slow_disk", "a broker, by = \"20 ms\""),
    ("stall_disk", "a broker"),
    ("wipe", "a broker, partition = \"t-0\" or the whole disk"),
    ("lose_unflushed", "a broker, partition = \"t-0\", keep = 4"),
    ("cut", "\"broker-1 <-> broker-2\", \"broker-1 -> broker-2\", or a node"),
    ("heal", "as cut"),
    ("slow", "a broker or a link, by = \"20 ms\""),
    ("close", "\"broker-1 <-> producer-p\": their connections"),
    ("drop_next", "\"produce response\", on = \"broker-1 -> producer-p\", count = 1"),
    ("duplicate_next", "as drop_next"),
    ("delay_next", "as drop_next, by = \"20 ms\""),
    ("hold_next", "as drop_next, for = \"1 s\""),
    ("refuse_next", "as drop_next, with = \"NOT_ENOUGH_REPLICAS\""),
    ("create_topic", "a topic"),
    ("alter_topic", "a topic, config.min.insync.replicas = 1"),
    ("elect", "a partition, unclean = true"),
    ("send", "\"v0..v4\", every = \"20 ms\""),
    ("load", "a number of records, rate = \"1000/s\" or every = \"1 ms\""),
    ("flush", "a producer"),
    ("seek", "a consumer, partition = \"t-0\", offset = 5"),
];

struct Script<'a> {
    spec: &'a Spec,
    entries: Vec<Entry>,
    steps: Vec<Step>,
    records: u64,
    most_records: u64,
    /// Actions that can make a broker unreachable.
    faults: u64,
}

pub(crate) fn read(document: &Fields<'_>, spec: &mut Spec) -> Vec<Step> {
    let most_records = document.item.reading.budget.records.min(limits::RECORDS);
    let mut script =
        Script { spec, entries: Vec::new(), steps: Vec::new(), records: 0, most_records, faults: 0 };
    if let Some(all) = document.get("do").and_then(|item| item.fields()) {
        for (name, item) in all.entries() {
            // A variant takes an entry out of the story.
            if item.node.value == Value::Flag(false) {
                continue;
            }
            script.step(name, &item);
            let is_read =
                script.steps.last().is_some_and(|step| step.name == name && !step.actions.is_empty());
            if !is_read && !item.reading.is_clean() {
                item.reading.break_entry(name);
            }
            if let Some((message, found, accepted)) = script.too_much() {
                item.refuse_found(message, found, accepted);
                break;
            }
        }
    }
    script.start_clients();
    let Script { entries, steps, .. } = script;
    spec.script = entries;
    steps
}

impl Script<'_> {
    /// What the entries so far ask for beyond what a run can do: what is too much, found and accepted.
    fn too_much(&self) -> Option<(&'static str, String, String)> {
        // A run may be given a larger budget than the usual one.
        let records = self.most_records;
        let deliveries = self.records * self.spec.consumers.len() as u64;
        let elections = self.faults * self.spec.partitions.len() as u64;
        let rows = [
            ("too many actions", self.entries.len() as u64, limits::SCRIPT as u64, ""),
            ("too many records", self.records, records, ", unless the budget is raised"),
            ("too many records times consumers", deliveries, limits::DELIVERIES * records, ""),
            ("too many faults times partitions", elections, limits::ELECTIONS, ""),
        ];
        let (message, found, most, but) = rows.into_iter().find(|(_, found, most, _)| found > most)?;
        Some((message, found.to_string(), format!("at most {most}{but}")))
    }

    fn step(&mut self, name: &str, item: &Item<'_>) {
        let Some(fields) = item.fields() else { return };
        let first = self.entries.len() as u32;
        if !item.is_short(name, limits::LINE) {
            return;
        }
        let note = fields.get("note").and_then(|item| item.text_of(limits::PARAGRAPH)).map(str::to_owned);
        let trigger = self.trigger(&fields);
        let lasts = fields.duration("for");
        let off = fields.flag("off") == Some(true);
        let verbs: Vec<&'static str> =
            VERBS.iter().map(|&(verb, _)| verb).filter(|verb| fields.has(verb)).collect();
        let verb = match verbs[..] {
            // The moment stays for what hangs on it; nothing is done.
            [verb] if off => {
                let object = fields.get(verb).map(|object| show(&object.node.value)).unwrap_or_default();
                let Some(when) = trigger else { return };
                self.entries.push(Entry { when, action: Action::Note { text: "".into() }, lasts: None });
                let (actions, line) = (first..first + 1, item.reading.line(item.node));
                self.steps.push(Step { name: name.to_owned(), verb, object, note: None, off, actions, line });
                return;
            }
            [verb] => verb,
            [] if note.is_some() => "note",
            [] => {
                // Asked for, so that a misspelt one finds its neighbour.
                VERBS.iter().for_each(|&(verb, _)| _ = fields.get(verb));
                let clean = !fields.is_spoilt();
                fields.finish();
                if clean && item.reading.count_below(&item.path) == 0 {
                    let accepted = VERBS.iter().map(|(verb, _)| *verb).collect::<Vec<_>>().join(", ");
                    item.refuse("nothing is done here", accepted);
                }
                return;
            }
            [_, second, ..] => {
                if let Some(second) = fields.get(second) {
                    second.refuse("one entry does one thing", "an entry of its own");
                }
                return;
            }
        };
        let object = if verb == "note" { None } else { fields.get(verb) };
        let actions = match &object {
            Some(object) => self.actions(verb, object, &fields),
            None => vec![Action::Note { text: note.as_deref().unwrap_or_default().into() }],
        };
        if !actions.iter().all(Action::has_opposite)
            && let Some(item) = fields.get("for")
        {
            item.refuse(
                "this action has no opposite, so it takes no `for`",
                "pause, stop, kill, cut, slow, …",
            );
        }
        let Some(trigger) = trigger else {
            fields.finish();
            return;
        };
        let gap = if verb == "send" { fields.duration("every").unwrap_or_default() } else { Duration::ZERO };
        for (place, action) in (0..).zip(actions) {
            let when = match place {
                0 => trigger.clone(),
                _ if gap.is_zero() => trigger.clone(),
                _ => Trigger::After { entry: ActionId(first), delay: gap * place },
            };
            self.faults += u64::from(is_fault(&action));
            self.entries.push(Entry { when, action, lasts });
        }
        self.steps.push(Step {
            name: name.to_owned(),
            verb,
            object: object.map(|object| show(&object.node.value)).unwrap_or_default(),
            note,
            off,
            actions: first..self.entries.len() as u32,
            line: item.reading.line(item.node),
        });
        fields.finish();
    }

    fn trigger(&self, fields: &Fields<'_>) -> Option<Trigger> {
        let delay = fields.duration("delay");
        let before = match fields.get("after") {
            Some(item) => match self.named(&item) {
                None => {
                    // Asked for, so that they are known.
                    ["at", "when", "or_after"].iter().for_each(|&key| _ = fields.get(key));
                    return None;
                }
                found => found,
            },
            None => None,
        };
        if let Some(item) = fields.get("when") {
            if let Some(at) = fields.get("at") {
                at.refuse("either a time or a condition", "at or when");
            }
            let patience = fields
                .duration("or_after")
                .map(|give_up_after| Patience { similar_after: give_up_after, give_up_after });
            let condition = self.condition(&item)?;
            return Some(Trigger::When {
                condition,
                delay: delay.unwrap_or_default(),
                not_before: before,
                patience,
            });
        }
        match (fields.duration("at"), before) {
            (Some(at), None) if delay.is_none() => Some(Trigger::At(Time::ZERO + at)),
            (Some(_), _) => {
                fields.get("at")?.refuse(
                    "at is a time of the run and takes no after or delay",
                    "at alone, or after with delay",
                );
                None
            }
            (None, Some(entry)) => Some(Trigger::After { entry, delay: delay.unwrap_or_default() }),
            (None, None) => {
                // Asked for, so that a misspelt one is recognised.
                if !fields.has("at") {
                    fields.required("at", "at = \"1 s\", after = \"another entry\", or when = { … }");
                }
                None
            }
        }
    }

    /// The last action of the entry of that name, which must stand above.
    fn named(&self, item: &Item<'_>) -> Option<ActionId> {
        let name = item.text()?;
        let found = self.steps.iter().find(|step| step.name == name && !step.actions.is_empty());
        if found.is_none() && !item.reading.is_broken(name) {
            item.refuse_name(
                "no entry of that name above",
                name,
                self.steps.iter().map(|step| step.name.as_str()),
            );
        }
        found.map(|step| ActionId(step.actions.end - 1))
    }

    fn actions(&mut self, verb: &'static str, object: &Item<'_>, fields: &Fields<'_>) -> Vec<Action> {
        let spec = self.spec;
        match verb {
            "send" => self.sends(object, fields),
            "load" => self.load(object, fields).into_iter().collect(),
            "drop_next" | "duplicate_next" | "delay_next" | "hold_next" | "refuse_next" => {
                meddle(verb, object, fields, spec).into_iter().collect()
            }
            _ => object.one_or_more().iter().flat_map(|one| self.plain(verb, one, fields)).collect(),
        }
    }

    fn plain(&self, verb: &'static str, one: &Item<'_>, fields: &Fields<'_>) -> Vec<Action> {
        self.try_plain(verb, one, fields).unwrap_or_default()
    }

    /// The verbs that are done to one thing at a time.
    fn try_plain(&self, verb: &'static str, one: &Item<'_>, fields: &Fields<'_>) -> Option<Vec<Action>> {
        let spec = self.spec;
        let by =
            || fields.required("by", "a span of time such as \"20 ms\"").and_then(|item| item.duration());
        let action = match verb {
            "start" => match node(one, spec)? {
                NodeId::Producer(producer) => Action::StartProducer { producer },
                NodeId::Consumer(consumer) => Action::StartConsumer { consumer },
                node => Action::Start {
                    node,
                    boot: Boot {
                        registers_after: fields.duration("registers_after"),
                        ready_after: fields.duration("ready_after"),
                        ..Boot::default()
                    },
                },
            },
            "kill" => match node(one, spec)? {
                node @ (NodeId::Producer(_) | NodeId::Consumer(_)) => Action::KillApplication { node },
                node => Action::Kill { node },
            },
            "stop" => match node(one, spec)? {
                NodeId::Producer(producer) => {
                    let timeout = fields.duration("timeout").unwrap_or(Duration::MAX);
                    Action::CloseProducer { producer, timeout }
                }
                NodeId::Consumer(consumer) => Action::StopConsumer { consumer },
                node => Action::Stop { node },
            },
            "pause" => Action::Pause { node: node(one, spec)? },
            "resume" => Action::Resume { node: node(one, spec)? },
            "power_loss" => Action::PowerLoss { node: node(one, spec)? },
            "fail_disk" => Action::FailDisk { broker: broker(one, spec)? },
            "restore_disk" => Action::RestoreDisk { broker: broker(one, spec)? },
            "slow_disk" => Action::SlowDisk { broker: broker(one, spec)?, by: by()? },
            "stall_disk" => Action::StallDisk { broker: broker(one, spec)? },
            "wipe" => Action::Wipe {
                broker: broker(one, spec)?,
                partition: match fields.get("partition") {
                    Some(item) => Some(partition(&item, spec)?),
                    None => None,
                },
            },
            "lose_unflushed" => Action::LoseUnflushed {
                broker: broker(one, spec)?,
                partition: self.partition_of(fields)?,
                keep: fields
                    .required("keep", "how many records stay")
                    .and_then(|item| item.integer(0..limits::RECORDS + 1))?,
            },
            "cut" | "heal" => {
                let Link { a, b, one_way } = link(one, one.text()?, spec)?;
                if verb == "cut" { Action::Cut { a, b, one_way } } else { Action::Heal { a, b } }
            }
            "slow" => {
                let text = one.text()?;
                match find_node(text, spec) {
                    Some(NodeId::Broker(broker)) => Action::SlowBroker { broker, by: by()? },
                    _ => {
                        let Link { a, b, .. } = link(one, text, spec)?;
                        Action::SlowLink { a, b, by: by()? }
                    }
                }
            }
            "close" => {
                let path = path(one, one.text()?, spec)?;
                let Some(to) = path.to else {
                    one.refuse("between whom?", "\"broker-1 <-> producer-p\"");
                    return None;
                };
                Action::CloseConnections { a: path.from, b: to }
            }
            "create_topic" => Action::CreateTopic { topic: topic(one, spec)? },
            "alter_topic" => {
                let topic = topic(one, spec)?;
                let item = fields.required("config", "config.min.insync.replicas = 1")?;
                let base = spec.topic(topic).config.clone();
                Action::AlterTopic { topic, config: altered(&item, base, spec)? }
            }
            "elect" => Action::ElectLeader {
                partition: partition(one, spec)?,
                unclean: fields.flag("unclean").unwrap_or(false),
            },
            "flush" => Action::Flush { producer: self.producer(one)? },
            "seek" => Action::Seek {
                consumer: self.consumer(one)?,
                partition: self.partition_of(fields)?,
                offset: Offset(
                    fields
                        .required("offset", "an offset")
                        .and_then(|item| item.integer(0..limits::RECORDS + 1))? as u32,
                ),
            },
            _ => return None,
        };
        Some(vec![action])
    }

    fn partition_of(&self, fields: &Fields<'_>) -> Option<Partition> {
        match fields.get("partition") {
            Some(item) => partition(&item, self.spec),
            None if self.spec.partitions.len() == 1 => Some(Partition(0)),
            None => {
                fields.required("partition", "a partition, such as \"orders-0\"");
                None
            }
        }
    }

    fn producer(&self, item: &Item<'_>) -> Option<ClientId> {
        match node(item, self.spec)? {
            NodeId::Producer(client) => Some(client),
            _ => {
                item.refuse("not a producer", "producer-…");
                None
            }
        }
    }

    fn consumer(&self, item: &Item<'_>) -> Option<ClientId> {
        match node(item, self.spec)? {
            NodeId::Consumer(client) => Some(client),
            _ => {
                item.refuse("not a consumer", "consumer-…");
                None
            }
        }
    }
}

/// Whether an action can make a broker unreachable, so that others are elected.
fn is_fault(action: &Action) -> bool {
    matches!(
        action,
        Action::Kill { .. }
            | Action::Stop { .. }
            | Action::Pause { .. }
            | Action::PowerLoss { .. }
            | Action::FailDisk { .. }
            | Action::StallDisk { .. }
            | Action::Cut { .. }
    )
}

/// A topic's settings with some of them changed; what is not named stays.
fn altered(item: &Item<'_>, base: TopicConfig, spec: &Spec) -> Option<TopicConfig> {
    let mut settings = Vec::new();
    let made = crate::settings::topic_config(item, spec, &mut settings)?;
    Some(TopicConfig {
        min_insync_replicas: made.min_insync_replicas.or(base.min_insync_replicas),
        unclean_leader_election_enable: made
            .unclean_leader_election_enable
            .or(base.unclean_leader_election_enable),
        max_message_bytes: made.max_message_bytes.or(base.max_message_bytes),
        flush_messages: made.flush_messages.or(base.flush_messages),
        flush_ms: made.flush_ms.or(base.flush_ms),
    })
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(items) => items.iter().map(|item| show(&item.value)).collect::<Vec<_>>().join(", "),
        Value::Table(_) => String::new(),
    }
}
