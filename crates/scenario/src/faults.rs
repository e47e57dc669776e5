//! What can be done to a node or a link from outside while one watches, and the entry of the `do` table that each makes.

use ackscope_sim::happening::Fact;
use ackscope_sim::ids::NodeId;
use ackscope_sim::protocol::Api;
use ackscope_sim::script::{Action, Condition, Trigger};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::{Duration, Time};

use crate::adjust;
use crate::document::Variant;
use crate::edit::{self, EditError, literal};
use crate::names::nodes;
use crate::script::{APIS, Step};
use crate::units::write_duration;

/// Something that can be done to a node.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    /// As buttons are called: `crash`.
    pub id: &'static str,
    /// What the button says.
    pub name: &'static str,
    /// What it does, in a few words.
    pub hint: &'static str,
    /// The key of the entry.
    key: &'static str,
    /// What else the entry needs.
    with: &'static [(&'static str, &'static str)],
    to: To,
    when: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Anyone,
    /// A broker or the controller.
    Server,
    Client,
    Broker,
    Producer,
    /// A link of the node, or all of them.
    Link,
    /// One link of the node.
    OneLink,
    /// One link, in the direction away from the node.
    OneWay,
    /// A message that the node sends.
    Message,
}

/// In which state of the node it makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Up,
    Down,
    Paused,
    Always,
}

/// How a node stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Up,
    Down,
    Paused,
}

macro_rules! verbs {
    ($($id:literal $name:literal $key:ident [$($with:ident $value:literal)*] $to:ident $when:ident $hint:literal;)*) => {
        /// In the order in which they are offered. One id may have several rows, for different nodes or states.
        pub const VERBS: &[Verb] = &[$(Verb {
            id: $id,
            name: $name,
            hint: $hint,
            key: stringify!($key),
            with: &[$((stringify!($with), $value)),*],
            to: To::$to,
            when: When::$when,
        }),*];
    };
}

verbs! {
    "crash" "Crash" kill [] Anyone Up "kill -9. What was written stays in the page cache.";
    "restart" "Restart" start [] Anyone Down "Start the process again.";
    "restart" "Restart" stop [for "1 s"] Server Up "SIGTERM; started again after 1 s.";
    "stop" "Stop" stop [] Server Up "SIGTERM: leaderships are handed over first.";
    "stop" "Close" stop [] Client Up "close(): what waits is sent first.";
    "pause" "Pause" pause [for "5 s"] Anyone Up "SIGSTOP, or a long garbage collection. The kernel still accepts bytes.";
    "resume" "Resume" resume [] Anyone Paused "SIGCONT.";
    "power-loss" "Power loss" power_loss [] Server Up "What was not flushed to disk is gone.";
    "disk-full" "Disk full" fail_disk [] Broker Up "The log directory fails: KAFKA_STORAGE_ERROR.";
    "disk-stall" "Disk stall" stall_disk [for "5 s"] Broker Up "Writes hang for 5 s.";
    "disk-slow" "Disk slow" slow_disk [by "20 ms" for "5 s"] Broker Up "Every append and flush takes 20 ms longer.";
    "disk-back" "Disk back" restore_disk [] Broker Always "A failed log directory works again.";
    "disk-loss" "Disk loss" wipe [] Broker Down "An empty disk in its place. The process must be down.";
    "slow" "Slow" slow [by "20 ms" for "5 s"] Broker Up "Every request takes 20 ms longer.";
    "burst" "Burst" load [every "1 ms"] Producer Up "20 more records, 1 ms apart.";
    "cut" "Cut" cut [for "5 s"] Link Always "Packets vanish.";
    "cut-one-way" "Cut one way" cut [for "5 s"] OneWay Always "Packets in this direction are dropped; the other direction stays open.";
    "heal" "Heal" heal [] Link Always "Packets go through again.";
    "lag" "Slow link" slow [by "100 ms" for "5 s"] Link Always "Every packet takes 100 ms longer.";
    "close" "Close connection" close [] OneLink Always "Both ends hear that the connection is closed; what was asked on it stays unanswered.";
    "drop" "Drop" drop_next [] Message Always "The next one is lost.";
    "delay" "Delay" delay_next [by "1 s"] Message Always "The next one takes 1 s longer.";
    "hold" "Hold" hold_next [for "2 s"] Message Always "The next one waits 2 s; later ones may overtake it.";
    "duplicate" "Duplicate" duplicate_next [] Message Always "The next one arrives twice.";
}

/// How many records a burst has.
const BURST: u32 = 20;

/// A kind of message, as the entries call it, and its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// `produce response`
    pub kind: String,
    pub to: String,
}

impl Verb {
    /// What can ever be done to a node itself.
    pub fn of_node(node: NodeId) -> Vec<&'static Verb> {
        let fits = |verb: &&Verb| match verb.to {
            To::Anyone => true,
            To::Server => matches!(node, NodeId::Broker(_) | NodeId::Controller),
            To::Client => matches!(node, NodeId::Producer(_) | NodeId::Consumer(_)),
            To::Broker => matches!(node, NodeId::Broker(_)),
            To::Producer => matches!(node, NodeId::Producer(_)),
            To::Link | To::OneLink | To::OneWay | To::Message => false,
        };
        VERBS.iter().filter(fits).collect()
    }

    pub fn of_links() -> impl Iterator<Item = &'static Verb> {
        VERBS.iter().filter(|verb| matches!(verb.to, To::Link | To::OneLink | To::OneWay))
    }

    /// It needs to know which link.
    pub fn needs_peer(&self) -> bool {
        matches!(self.to, To::OneLink | To::OneWay)
    }

    /// It is done to one direction of a link.
    pub fn is_one_way(&self) -> bool {
        matches!(self.to, To::OneWay | To::Message)
    }

    pub fn of_messages() -> impl Iterator<Item = &'static Verb> {
        VERBS.iter().filter(|verb| verb.to == To::Message)
    }

    pub fn is_possible(&self, standing: Standing) -> bool {
        match self.when {
            When::Up => standing != Standing::Down,
            When::Down => standing == Standing::Down,
            When::Paused => standing == Standing::Paused,
            When::Always => true,
        }
    }

    /// The entry that does this to a node: what its name begins with, and its table. `peer`: the other end of the link,
    /// none for all of them; `next`: which message.
    pub fn entry(
        &self,
        spec: &Spec,
        node: NodeId,
        peer: Option<NodeId>,
        next: Option<&Next>,
        at: Time,
    ) -> (String, String) {
        let name = spec.node_name(node);
        let mut pairs = vec![("at", literal(&write_time(at)))];
        let mut stem = format!("{} {name}", self.id);
        let between = |other: NodeId| format!("{name} <-> {}", spec.node_name(other));
        match (self.to, peer, next) {
            (To::OneWay, Some(peer), _) => {
                let peer = spec.node_name(peer);
                stem = format!("{} {name} to {peer}", self.key);
                pairs.push((self.key, literal(&format!("{name} -> {peer}"))));
            }
            (To::Link | To::OneLink, Some(peer), _) => {
                stem = format!("{stem} and {}", spec.node_name(peer));
                pairs.push((self.key, literal(&between(peer))));
            }
            // With a broker alone it would be the broker that is slow.
            (To::Link, None, _) if self.key == "slow" => {
                let others = nodes(spec).into_iter().filter(|&other| other != node);
                let links: Vec<String> = others.map(|other| literal(&between(other))).collect();
                pairs.push((self.key, format!("[{}]", links.join(", "))));
            }
            (To::Message, _, Some(next)) => {
                stem = format!("{} {} of {name}", self.id, next.kind);
                pairs.push((self.key, literal(&next.kind)));
                pairs.push(("on", literal(&format!("{name} -> {}", next.to))));
            }
            (To::Producer, ..) => {
                pairs.push((self.key, BURST.to_string()));
                pairs.push(("producer", literal(&name)));
                if let Some(topic) = spec.topics.first().filter(|_| spec.topics.len() > 1) {
                    pairs.push(("topic", literal(&topic.name)));
                }
            }
            _ => pairs.push((self.key, literal(&name))),
        }
        pairs.extend(self.with.iter().map(|&(key, value)| (key, literal(value))));
        (stem, table(&pairs))
    }
}

/// A moment as an entry's `at` says it.
pub fn write_time(at: Time) -> String {
    write_duration(at.since(Time::ZERO))
}

/// Values as TOML.
fn table(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// What a node sends to whom: what can be dropped, delayed or doubled. The most telling first.
pub fn messages_of(spec: &Spec, node: NodeId) -> Vec<Next> {
    let mut found = Vec::new();
    let all = nodes(spec);
    let some = |fits: fn(&NodeId) -> bool| all.iter().copied().filter(fits).collect::<Vec<NodeId>>();
    let brokers = some(|node| matches!(node, NodeId::Broker(_)));
    let producers = some(|node| matches!(node, NodeId::Producer(_)));
    let consumers = some(|node| matches!(node, NodeId::Consumer(_)));
    let mut add = |others: &[NodeId], apis: &[Api], kind: &str| {
        for (api, &other) in apis.iter().flat_map(|api| others.iter().map(move |other| (api, other))) {
            if other != node {
                let name = APIS.iter().find(|(_, known)| known == api).map_or("", |(name, _)| *name);
                found.push(Next { kind: format!("{name} {kind}"), to: spec.node_name(other) });
            }
        }
    };
    let controller = [NodeId::Controller];
    match node {
        NodeId::Producer(_) => add(&brokers, &[Api::Produce, Api::Metadata, Api::InitProducerId], "request"),
        NodeId::Consumer(_) => add(&brokers, &[Api::Fetch, Api::Metadata], "request"),
        NodeId::Broker(_) => {
            add(&producers, &[Api::Produce], "response");
            add(&consumers, &[Api::Fetch], "response");
            add(&brokers, &[Api::Fetch], "response");
            add(&brokers, &[Api::Fetch, Api::OffsetsForLeaderEpoch], "request");
            add(&producers, &[Api::Metadata, Api::InitProducerId], "response");
            add(
                &controller,
                &[Api::BrokerHeartbeat, Api::AlterPartition, Api::BrokerRegistration],
                "request",
            );
        }
        NodeId::Controller => {
            add(&brokers, &[Api::BrokerHeartbeat, Api::AlterPartition, Api::BrokerRegistration], "response");
        }
        NodeId::World => {}
    }
    found
}

/// What a node sends to one other.
pub fn messages_between(spec: &Spec, from: NodeId, to: NodeId) -> Vec<Next> {
    let to = spec.node_name(to);
    messages_of(spec, from).into_iter().filter(|next| next.to == to).collect()
}

/// A name that no entry of the text has: the stem, or the stem and a number.
pub fn fresh_name(variant: &Variant, stem: &str) -> String {
    let taken = |name: &str| variant.steps.iter().any(|step| step.name == name);
    let numbered = (2_u32..).map(|number| format!("{stem} {number}"));
    std::iter::once(stem.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// What an entry waits for, in words; None where it has a time of its own.
pub fn waits_for(variant: &Variant, step: &Step) -> Option<String> {
    let spec = &variant.spec;
    let entry = spec.script.get(step.actions.start as usize)?;
    let name_of = |action: u32| {
        let found = variant.steps.iter().find(|step| step.actions.contains(&action));
        found.map_or("the start", |step| step.name.as_str())
    };
    let (words, delay) = match &entry.when {
        Trigger::At(_) => return None,
        Trigger::After { entry, delay } => (format!("after “{}”", name_of(entry.0)), *delay),
        Trigger::When { condition, delay, .. } => (in_words(spec, condition), *delay),
    };
    Some(if delay.is_zero() { words } else { format!("{} {words}", write_duration(delay)) })
}

fn in_words(spec: &Spec, condition: &Condition) -> String {
    let of = |partition| spec.partition_name(partition);
    match condition {
        Condition::State { partitions } => match partitions.first() {
            Some(&(partition, Some(leader), _)) => {
                format!("after broker {leader} leads {}, with the ISR asked for", of(partition))
            }
            Some(&(partition, None, _)) => format!("after {} has no leader", of(partition)),
            None => "at once".to_owned(),
        },
        Condition::Answers { prefix, count, acks_only, .. } => {
            let what = if *acks_only { "acknowledgements" } else { "answers" };
            let of = if prefix.is_empty() { String::new() } else { format!(" for {prefix}*") };
            format!("after {count} {what}{of}")
        }
        Condition::Appended { partition, count } => {
            format!("after record {count} of {} is appended", of(*partition))
        }
        Condition::AppendedOn { broker, partition, end_offset } => {
            format!("after {} on broker {broker} ends at {}", of(*partition), end_offset.0)
        }
        Condition::IsrAtMost { partition, members } => {
            format!("after the ISR of {} is down to {members}", of(*partition))
        }
        Condition::IsrAtLeast { partition, members } => {
            format!("after the ISR of {} is up to {members}", of(*partition))
        }
        Condition::Leader { partition, leader: Some(leader) } => {
            format!("after broker {leader} leads {}", of(*partition))
        }
        Condition::Leader { partition, leader: None } => format!("after {} has no leader", of(*partition)),
        Condition::Delivered { consumer, count } => {
            format!("after {} has read {count} records", spec.node_name(NodeId::Consumer(*consumer)))
        }
        Condition::Events { kind, count, .. } => format!("after {kind} (number {count})"),
        Condition::Running { broker } => format!("after broker {broker} runs"),
        Condition::Unfenced { .. } => "after all brokers run".to_owned(),
        Condition::Stopped { broker } => format!("after broker {broker} has stopped"),
    }
}

/// An entry some nanoseconds later (or earlier): the key that says when it comes, and that key's new value, rounded to
/// `unit`. What waits for something still does, and at least as long; an empty value is no wait at all.
pub fn moved(variant: &Variant, step: &Step, by: i64, unit: u64) -> Option<(&'static str, String)> {
    let entry = variant.spec.script.get(step.actions.start as usize)?;
    let (key, now) = match &entry.when {
        Trigger::At(at) => ("at", at.nanos),
        Trigger::After { delay, .. } | Trigger::When { delay, .. } => ("delay", delay.nanos),
    };
    let unit = unit.max(1);
    let later = now.saturating_add_signed(by).saturating_add(unit / 2) / unit * unit;
    let value = Duration::from_nanos(later);
    Some((key, if key == "delay" && value.is_zero() { String::new() } else { write_duration(value) }))
}

/// The entry of the text that a happening carried out, if it did.
pub fn step_of<'v>(variant: &'v Variant, fact: &Fact) -> Option<&'v Step> {
    let Fact::ActionDone { action } = fact else { return None };
    variant.steps.iter().find(|step| step.actions.contains(&action.0))
}

/// How long an entry's effect lasts, where it ends by itself.
pub fn lasts(variant: &Variant, step: &Step) -> Option<Duration> {
    variant.spec.script.get(step.actions.start as usize)?.lasts
}

/// The entries of a variant alone stand below its name.
pub fn place<'p>(variant: &'p Variant, path: &[&'p str]) -> Vec<&'p str> {
    let own: &[&str] = if variant.name.is_empty() { &[] } else { &["variant", &variant.name] };
    own.iter().chain(path).copied().collect()
}

/// How long a run goes on after what is done to it in its last moments.
const AFTERMATH: Duration = Duration::from_secs(30);
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// Some whole seconds later.
fn end_after(at: Time) -> Time {
    const SECOND: u64 = 1_000_000_000;
    Time { nanos: (at + AFTERMATH).nanos / SECOND * SECOND }
}

/// What is done as the run ends has no consequences yet: the run goes on for a while.
pub fn go_on(text: &str, variant: &Variant, at: Time) -> Result<String, EditError> {
    if at + LAST_MOMENTS < variant.spec.until {
        return Ok(text.to_owned());
    }
    adjust::set(text, variant, "until", &write_time(end_after(at)))
}

/// Without the entry for which it went on, the run ends where it did, or after the last such entry.
pub fn go_on_no_more(
    text: &str,
    variant: &Variant,
    origin: &Variant,
    gone: &Step,
) -> Result<String, EditError> {
    let at = |step: &Step| match variant.spec.script.get(step.actions.start as usize)?.when {
        Trigger::At(at) => Some(at),
        Trigger::After { .. } | Trigger::When { .. } => None,
    };
    if at(gone).is_none_or(|at| end_after(at) != variant.spec.until) {
        return Ok(text.to_owned());
    }
    let others = variant.steps.iter().filter(|step| step.name != gone.name).filter_map(at);
    match others.filter(|&at| at + LAST_MOMENTS >= origin.spec.until).max() {
        Some(last) => adjust::set(text, variant, "until", &write_time(end_after(last))),
        None => adjust::reset(text, variant, origin, "until"),
    }
}

/// Another producer that sends a few records from now on.
pub fn add_producer(text: &str, variant: &Variant, at: Time) -> Result<String, EditError> {
    let spec = &variant.spec;
    let name = free_name("p", |name| spec.producers.iter().any(|producer| *producer.name == *name));
    let node = format!("producer-{name}");
    let text = edit::set(text, &["producer", &name], "{}")?;
    let joins = fresh_name(variant, &format!("{node} joins"));
    let sends = fresh_name(variant, &format!("{node} sends"));
    let mut load = vec![
        ("after", literal(&joins)),
        ("load", BURST.to_string()),
        ("every", literal("10 ms")),
        ("producer", literal(&node)),
        ("prefix", literal(&name)),
    ];
    if let Some(topic) = spec.topics.first().filter(|_| spec.topics.len() > 1) {
        load.push(("topic", literal(&topic.name)));
    }
    let start = [("at", literal(&write_time(at))), ("start", literal(&node))];
    let text = edit::set(&text, &place(variant, &["do", &joins]), &table(&start))?;
    edit::set(&text, &place(variant, &["do", &sends]), &table(&load))
}

/// Another consumer that reads everything there is, from now on.
pub fn add_consumer(text: &str, variant: &Variant, at: Time) -> Result<String, EditError> {
    let name = free_name("c", |name| variant.spec.consumers.iter().any(|consumer| *consumer.name == *name));
    let node = format!("consumer-{name}");
    let config = "{ config.auto.offset.reset = \"earliest\" }";
    let text = edit::set(text, &["consumer", &name], config)?;
    let joins = fresh_name(variant, &format!("{node} joins"));
    let start = [("at", literal(&write_time(at))), ("start", literal(&node))];
    edit::set(&text, &place(variant, &["do", &joins]), &table(&start))
}

fn free_name(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    (2_u32..).map(|number| format!("{stem}{number}")).find(|name| !taken(name)).unwrap_or_default()
}

/// Takes an entry out that the text gained by `Verb::entry`, `add_producer` or `add_consumer`; with the start of a client
/// goes the client, and all that is done to it.
pub fn remove(text: &str, variant: &Variant, step: &Step) -> Result<String, EditError> {
    let text = edit::remove(text, &place(variant, &["do", &step.name]))?;
    let started = variant.spec.script.get(step.actions.start as usize).map(|entry| &entry.action);
    let node = match started.filter(|_| step.name.ends_with(" joins")) {
        Some(&Action::StartProducer { producer }) => NodeId::Producer(producer),
        Some(&Action::StartConsumer { consumer }) => NodeId::Consumer(consumer),
        _ => return Ok(text),
    };
    let name = variant.spec.node_name(node);
    let Some((kind, name)) = name.split_once('-') else { return Ok(text) };
    let mut text = edit::remove(&text, &[kind, name])?;
    for other in variant.steps.iter().filter(|other| other.name != step.name) {
        let actions = other.actions.clone().filter_map(|action| variant.spec.script.get(action as usize));
        if actions.into_iter().any(|entry| entry.action.is_about_client(&variant.spec, node)) {
            text = edit::remove(&text, &place(variant, &["do", &other.name]))?;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use ackscope_sim::ids::{BrokerId, NodeId};
    use ackscope_sim::spec::Spec;
    use ackscope_sim::time::Time;

    use super::{
        Standing, VERBS, Verb, add_consumer, add_producer, fresh_name, go_on, go_on_no_more, messages_of,
        place, remove, waits_for,
    };
    use crate::document::{Document, Variant};
    use crate::edit::{self, literal};
    use crate::library::{find, library};

    const NOW: Time = Time { nanos: 500_001_000 };

    fn nodes_of(document: &Document) -> Vec<NodeId> {
        crate::names::nodes(&document.variants[0].spec)
    }

    /// Lines may have moved.
    fn specs(document: &Document) -> Vec<Spec> {
        document.variants.iter().map(|variant| variant.spec.clone()).collect()
    }

    #[test]
    fn what_is_done_at_the_end_still_has_consequences() {
        let text = find("acks-1-leader-crash").unwrap().text;
        let origin = Document::parse(text).unwrap().variants.remove(0);
        let until = origin.spec.until;
        assert_eq!(go_on(text, &origin, Time::from_millis(14_900)).unwrap(), text, "there is time");

        let broken = |text: &str, variant: &Variant, at: Time| {
            let crash = VERBS.iter().find(|verb| verb.id == "crash").unwrap();
            let (stem, made) = crash.entry(&variant.spec, NodeId::Broker(BrokerId(2)), None, None, at);
            let text = edit::set(text, &["do", &fresh_name(variant, &stem)], &made).unwrap();
            go_on(&text, variant, at).unwrap()
        };
        let of = |text: &str| Document::parse(text).unwrap().variants.remove(0);
        let once = broken(text, &origin, until);
        assert_eq!(of(&once).spec.until, Time::from_millis(46_000));
        let twice = broken(&once, &of(&once), Time::from_millis(46_000));
        assert_eq!(of(&twice).spec.until, Time::from_millis(76_000));

        let without = |text: &str, name: &str| {
            let variant = of(text);
            let step = variant.steps.iter().find(|step| step.name == name).unwrap();
            let text = remove(text, &variant, step).unwrap();
            go_on_no_more(&text, &variant, &origin, step).unwrap()
        };
        let first = without(&twice, "crash broker-2 2");
        assert_eq!(of(&first).spec.until, Time::from_millis(46_000));
        assert_eq!(of(&without(&first, "crash broker-2")).spec, origin.spec);
    }

    #[test]
    fn what_can_be_done_depends_on_how_the_node_stands() {
        let broker = NodeId::Broker(BrokerId(1));
        let ids = |standing| {
            let possible = Verb::of_node(broker).into_iter().filter(|verb| verb.is_possible(standing));
            possible.map(|verb| verb.id).collect::<Vec<_>>()
        };
        assert!(ids(Standing::Up).contains(&"crash") && !ids(Standing::Up).contains(&"disk-loss"));
        assert!(ids(Standing::Down).contains(&"restart") && !ids(Standing::Down).contains(&"crash"));
        assert!(ids(Standing::Paused).contains(&"resume") && !ids(Standing::Up).contains(&"resume"));
    }

    #[test]
    fn every_verb_makes_an_entry_that_a_scenario_takes() {
        let text = find("acks-1-leader-crash").unwrap().text;
        let document = Document::parse(text).unwrap();
        let spec = &document.variants[0].spec;
        for node in nodes_of(&document) {
            let next = messages_of(spec, node);
            let other = NodeId::Broker(BrokerId(2));
            let verbs = Verb::of_node(node).into_iter().chain(Verb::of_links());
            let plain = verbs.flat_map(|verb| [(verb, None, None), (verb, Some(other), None)]);
            let plain = plain.filter(|(verb, peer, _)| peer.is_some() || !verb.needs_peer());
            let messages =
                next.iter().flat_map(|next| Verb::of_messages().map(move |verb| (verb, None, Some(next))));
            for (verb, peer, next) in plain.chain(messages).filter(|(_, peer, _)| *peer != Some(node)) {
                let (name, entry) = verb.entry(spec, node, peer, next, NOW);
                let changed = edit::set(text, &["do", &name], &entry).unwrap();
                let read =
                    Document::parse(&changed).unwrap_or_else(|problems| panic!("{entry}: {}", problems[0]));
                let step = read.variants[0].steps.iter().find(|step| step.name == name).expect("the entry");
                assert!(waits_for(&read.variants[0], step).is_none());
            }
        }
    }

    #[test]
    fn an_entry_can_be_added_left_out_and_removed_in_every_variant_of_the_library() {
        for entry in library() {
            for variant in &entry.document().variants {
                let name = fresh_name(variant, "crash broker-1");
                let (_, made) = VERBS[0].entry(&variant.spec, NodeId::Broker(BrokerId(1)), None, None, NOW);
                let there = edit::set(entry.text, &place(variant, &["do", &name]), &made)
                    .unwrap_or_else(|error| panic!("{} {}: {error}", entry.id, variant.name));
                let read = Document::parse(&there)
                    .unwrap_or_else(|problems| panic!("{}: {}", entry.id, problems[0]));
                let changed = read.variant(&variant.name).unwrap();
                let step = changed.steps.iter().find(|step| step.name == name).expect("the entry");
                let again = remove(&there, changed, step).unwrap();
                assert!(specs(&Document::parse(&again).unwrap()) == specs(&entry.document()), "{}", entry.id);
                for step in &variant.steps {
                    let off = edit::set(entry.text, &place(variant, &["do", &step.name, "off"]), "true")
                        .unwrap_or_else(|error| panic!("{} {}: {error}", entry.id, step.name));
                    let read = Document::parse(&off)
                        .unwrap_or_else(|problems| panic!("{}: {}", entry.id, problems[0]));
                    let changed = read.variant(&variant.name).unwrap();
                    assert!(
                        changed.steps.iter().any(|own| own.name == step.name && own.off),
                        "{}",
                        step.name
                    );
                }
            }
        }
    }

    #[test]
    fn an_entry_moves_by_its_time_or_by_its_wait_and_stays_after_what_it_waits_for() {
        let document = find("acks-1-leader-crash").unwrap().document();
        let variant = &document.variants[0];
        let moved = |name: &str, by_millis: i64, unit: u64| {
            let step = variant.steps.iter().find(|step| step.name == name).unwrap();
            super::moved(variant, step, by_millis * 1_000_000, unit).unwrap()
        };
        assert_eq!(moved("followers stall", 337, 10_000_000), ("at", "1.54 s".to_owned()));
        assert_eq!(moved("followers stall", -5_000, 1_000_000), ("at", "0 s".to_owned()));
        assert_eq!(moved("leader dies", 10, 1_000_000), ("delay", "35 ms".to_owned()));
        assert_eq!(moved("leader dies", -40, 1_000_000), ("delay", String::new()));
        for entry in library() {
            for variant in &entry.document().variants {
                for step in &variant.steps {
                    let Some((key, value)) = super::moved(variant, step, 20_000_000, 1_000_000) else {
                        continue;
                    };
                    let path = place(variant, &["do", &step.name, key]);
                    let text = edit::set(entry.text, &path, &literal(&value))
                        .unwrap_or_else(|error| panic!("{} {}: {error}", entry.id, step.name));
                    Document::parse(&text)
                        .unwrap_or_else(|problems| panic!("{} {}: {}", entry.id, step.name, problems[0]));
                }
            }
        }
    }

    /// What is done to `producer-p20` stays when `producer-p2` goes.
    #[test]
    fn a_client_takes_its_own_entries_along_and_no_others() {
        let text = "ackscope = 1\nid = \"x\"\ntitle = \"x\"\nuntil = \"9 s\"\n[cluster]\nbrokers = 3\n[topic.t]\n\
            [producer.p]\n[producer.p20]\n[do]\n\"crash producer-p20\" = { at = \"2 s\", kill = \"producer-p20\" }\n";
        let of = |text: &str| Document::parse(text).unwrap().variants.remove(0);
        let text = add_producer(text, &of(text), NOW).unwrap();
        let text = edit::set(&text, &["do", "its end"], "{ at = \"3 s\", kill = \"producer-p2\" }").unwrap();
        let changed = of(&text);
        let start = changed.steps.iter().find(|step| step.name == "producer-p2 joins").unwrap();
        let left = of(&remove(&text, &changed, start).unwrap());
        let names: Vec<&str> = left.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["crash producer-p20"]);
        assert_eq!(left.spec.producers.len(), 2);
    }

    #[test]
    fn clients_come_and_go() {
        for entry in library() {
            let document = entry.document();
            let variant = &document.variants[0];
            for add in [add_producer, add_consumer] {
                let text =
                    add(entry.text, variant, NOW).unwrap_or_else(|error| panic!("{}: {error}", entry.id));
                let read =
                    Document::parse(&text).unwrap_or_else(|problems| panic!("{}: {}", entry.id, problems[0]));
                let changed = &read.variants[0];
                let clients =
                    |variant: &crate::Variant| variant.spec.producers.len() + variant.spec.consumers.len();
                assert_eq!(clients(changed), clients(variant) + 1, "{}", entry.id);
                let step = changed
                    .steps
                    .iter()
                    .find(|step| step.name.contains("er-") && step.name.ends_with(" joins"))
                    .expect("its start");
                let again =
                    remove(&text, changed, step).unwrap_or_else(|error| panic!("{}: {error}", entry.id));
                assert!(specs(&Document::parse(&again).unwrap()) == specs(&document), "{}", entry.id);
            }
        }
    }
}
