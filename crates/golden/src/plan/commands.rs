//! What client processes were told to do.

use std::sync::Arc;

use ackscope_sim::config::{ConsumerConfig, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::error::Failure;
use ackscope_sim::ids::{BrokerId, Brokers, ClientId, NodeId, Offset, TopicId};
use ackscope_sim::script::{Action, Boot, Condition, Entry, Keys, Load, Pacing, SendRecord, Trigger};
use ackscope_sim::spec::{ConsumerSpec, PartitionSpec, ProducerSpec, TopicSpec};
use ackscope_sim::time::Duration;

use crate::limits;
use crate::problem::{Problem, at_most, missing, odd, within};
use crate::recorded::{Client, Step};

use super::names::{broker_at, number, optional, properties, quoted};
use super::{Ask, Builder, span};

/// A fresh JVM takes this long to build its first producer, and this long for those that follow.
const FIRST_CLIENT: Duration = Duration::from_millis(150);
/// From a send to its answer, once everything is warm.
const SEND_TAKES_MS: f64 = 8.0;
const NEXT_CLIENT: Duration = Duration::from_millis(15);

/// What each command is made of.
const COMMANDS: [(&str, &str); 14] = [
    ("topic", "topic NAME ASSIGNMENT CONFIG"),
    ("P", "P NAME CONFIG"),
    ("S", "S PRODUCER TOPIC PARTITION KEY VALUE"),
    ("burst", "burst PRODUCER TOPIC PARTITION PREFIX COUNT GAP_US SIZE"),
    ("flush", "flush PRODUCER"),
    ("closeP", "closeP PRODUCER TIMEOUT_MS"),
    ("metrics", "metrics PRODUCER"),
    ("C", "C NAME CONFIG TOPIC:PARTITION,…"),
    ("K", "K CONSUMER position, or K CONSUMER seek TOPIC PARTITION OFFSET"),
    ("stopC", "stopC CONSUMER"),
    ("elect", "elect TOPIC PARTITION KIND"),
    ("alter", "alter TOPIC CONFIG"),
    ("configs", "configs ID CONFIG"),
    ("part", "part COUNT KEY,…"),
];

fn not_a_command(words: &[&str]) -> Problem {
    let known = COMMANDS.iter().find(|(name, _)| words.first() == Some(name));
    let accepted = match known {
        Some((_, usage)) => (*usage).to_owned(),
        None => COMMANDS.map(|(name, _)| name).join(", "),
    };
    odd("command", quoted(&words.join(" ")), accepted)
}

impl Builder<'_> {
    /// From the moment at which a topic's brokers are there until it stands. A later step that waited for it tells when
    /// that was; otherwise it is what it usually was.
    fn creation_takes(&self, place: usize, name: &str, replicas: Brokers) -> Duration {
        const USUALLY: Duration = Duration::from_millis(600);
        let steps = &self.recorded.inputs.steps;
        let stood_at = steps[place..].iter().find_map(|step| {
            let after = step.after.as_ref().filter(|after| after.state.as_deref() == Some(name))?;
            Some(step.t_ms - after.delay_ms)
        });
        let is_replica = |step: &&Step| {
            let id = step.node.as_deref().and_then(|node| node.parse().ok());
            step.step == "start" && id.is_some_and(|id| replicas.contains(BrokerId(id)))
        };
        // A broker of the ZooKeeper age does not say when it was up.
        let boot = Costs::default().broker_boot.nanos as f64 / 1e6;
        let up_at = steps[..place]
            .iter()
            .filter(is_replica)
            .map(|step| step.t_ms + step.unfenced_after_ms.unwrap_or(boot))
            .reduce(f64::max);
        match (stood_at, up_at) {
            (Some(stood), Some(up)) if stood > up => span(stood - up),
            _ => USUALLY,
        }
    }

    /// The admin client waits until brokers answer, and is slow itself: a step that waited for the topic tells when it was
    /// there.
    fn creation(&self, place: usize, name: &str, replicas: Brokers, when: Trigger) -> Trigger {
        match when {
            // At the very start the client's process itself comes up only now.
            Trigger::At(_) | Trigger::After { .. } => Trigger::When {
                condition: Condition::Unfenced { brokers: replicas },
                delay: self.creation_takes(place, name, replicas),
                not_before: self.previous.map(|(id, _)| id),
                patience: None,
            },
            waits @ Trigger::When { .. } => waits,
        }
    }

    fn start_producer(
        &mut self,
        place: usize,
        step: &Step,
        client: &str,
        name: &str,
        config: &str,
    ) -> Result<Action, Problem> {
        let first = self.producer_names.iter().all(|(owner, _)| owner != client);
        let producer = self.new_producer(client, name, config)?;
        let builds = if first { self.warm_up(place, step, client) } else { NEXT_CLIENT };
        self.built_at.insert(producer, step.t_ms + builds.nanos as f64 / 1e6);
        let boot = Boot { registers_after: Some(builds), ..Boot::default() };
        Ok(Action::Start { node: NodeId::Producer(producer), boot })
    }

    fn burst(
        &mut self,
        client: &str,
        [producer, topic, partition, prefix, count, gap_us, size]: [&str; 7],
    ) -> Result<Load, Problem> {
        if partition.starts_with("rr") {
            return Err(Problem::NotModelled("a burst over partitions in turn"));
        }
        let count = number("burst", count)?;
        self.offer(count)?;
        let gap_us = within("gap", number("gap", gap_us)?, 0..=limits::MILLIS as u64 * 1_000)?;
        let size = within("size", number("size", size)?, 0..=limits::RECORD_BYTES)?;
        Ok(Load {
            producer: self.producer(client, producer)?,
            topic: self.topic(topic)?,
            partition: optional("partition", partition)?,
            count,
            pacing: Pacing::Every { gap: Duration::from_micros(gap_us) },
            keys: Keys::None,
            prefix: prefix.into(),
            digits: 8,
            value_bytes: size.max(12),
        })
    }

    /// A command to a client process.
    pub(super) fn command(&mut self, place: usize, step: &Step) -> Result<(), Problem> {
        let client = step.client.clone().ok_or(missing("client", "a client process"))?;
        let words = step.cmd.as_deref().ok_or(missing("cmd", "a command"))?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut when = self.trigger(step)?;
        let action = match *words.as_slice() {
            ["topic", name, assignment, config] => {
                let (topic, replicas) = self.new_topic(name, assignment, config)?;
                when = self.creation(place, name, replicas, when);
                Action::CreateTopic { topic }
            }
            ["P", name, config] => self.start_producer(place, step, &client, name, config)?,
            ["S", producer, topic, partition, key, value] => {
                self.offer(1)?;
                Action::Send {
                    producer: self.producer(&client, producer)?,
                    record: SendRecord {
                        topic: self.topic(topic)?,
                        partition: optional("partition", partition)?,
                        key: (key != "-").then(|| key.into()),
                        value: value.into(),
                        value_bytes: value.len() as u32,
                        serializable: true,
                    },
                }
            }
            ["burst", producer, topic, partition, prefix, count, gap_us, size] => {
                let words = [producer, topic, partition, prefix, count, gap_us, size];
                let load = self.burst(&client, words)?;
                // The client's one thread is still in the constructor.
                let built = self.built_at.get(&load.producer).copied().unwrap_or(0.0);
                if step.t_ms < built {
                    self.enter(step, when, Action::Note { text: "burst".into() });
                    let (entry, _) = self.previous.expect("just entered");
                    let when = Trigger::After { entry, delay: span(built - step.t_ms) };
                    self.script.push(Entry { when, action: Action::Load(load), lasts: None });
                    return Ok(());
                }
                Action::Load(load)
            }
            ["flush", producer] => Action::Flush { producer: self.producer(&client, producer)? },
            ["closeP", producer, timeout_ms] => Action::CloseProducer {
                producer: self.producer(&client, producer)?,
                // Long.MAX_VALUE is close() without a timeout.
                timeout: Duration::from_nanos(
                    number::<u64>("timeout", timeout_ms)?.saturating_mul(1_000_000),
                ),
            },
            ["C", name, config, topics] => {
                Action::StartConsumer { consumer: self.new_consumer(&client, name, config, topics)? }
            }
            ["stopC", name] => Action::StopConsumer { consumer: self.consumer(&client, name)? },
            ["K", name, "position"] => {
                self.asks.insert(place, Ask::Position { consumer: self.consumer(&client, name)? });
                Action::Note { text: "position".into() }
            }
            ["K", name, "seek", topic, partition, offset] => Action::Seek {
                consumer: self.consumer(&client, name)?,
                partition: self.partition(topic, number("partition", partition)?)?,
                offset: Offset(number("offset", offset)?),
            },
            ["elect", topic, partition, kind] => {
                let ask = Ask::Elect { topic: topic.to_owned() };
                self.asks.insert(place, ask);
                Action::ElectLeader {
                    partition: self.partition(topic, number("partition", partition)?)?,
                    unclean: kind == "unclean",
                }
            }
            ["alter", topic, config] => {
                let config = self.topic_config(config)?;
                Action::AlterTopic { topic: self.topic(topic)?, config }
            }
            ["configs", id, config] => {
                let outcome = self.producer_config(config).map(|_| ());
                self.asks.insert(place, Ask::Configs { id: id.to_owned(), outcome });
                Action::Note { text: "configs".into() }
            }
            ["part", count, keys] => {
                let count = within("part", number("part", count)?, 1..=limits::KEYS as u32)?;
                let keys: Vec<String> = keys.split(',').take(limits::KEYS + 1).map(str::to_owned).collect();
                at_most("keys", keys.len(), limits::KEYS)?;
                self.asks.insert(place, Ask::Partition { count, keys });
                Action::Note { text: "part".into() }
            }
            ["metrics", ..] => Action::Note { text: "metrics".into() },
            ["txn", ..] => return Err(Problem::NotModelled("transactions")),
            ["offsets", ..] | ["K", _, "commit" | "commitAt", ..] => {
                return Err(Problem::NotModelled("committing offsets, which needs a group"));
            }
            ["K", _, "sleep", ..] => return Err(Problem::NotModelled("a sleep between two polls")),
            _ => return Err(not_a_command(&words)),
        };
        self.enter(step, when, action);
        Ok(())
    }

    /// How long the JVM of a client took over its first producer. Warm-up is not part of the model, but heartbeats and
    /// checks run on meanwhile: the first answers that a step waited for tell how late everything was.
    fn warm_up(&self, place: usize, started: &Step, client: &str) -> Duration {
        let later = &self.recorded.inputs.steps[place + 1..];
        let Some(waited) = later.iter().position(|step| step.after.is_some()) else { return FIRST_CLIENT };
        let after = later[waited].after.as_ref().expect("found by it");
        let (Some(prefix), Some(owner)) = (&after.answers, &after.client) else { return FIRST_CLIENT };
        let sends = later[..waited].iter().filter_map(|step| Some((step.t_ms, step.cmd.as_ref()?)));
        let is_one = |words: &[String]| matches!(words, [s, .., value] if s == "S" && value.starts_with(prefix.as_str()));
        let mut sends = sends.filter(|(_, words)| is_one(words));
        let heard = later[waited].t_ms - after.delay_ms;
        match sends.next_back() {
            // Unless the last of them was simply sent late.
            Some((sent, _)) if owner == client && heard - sent > 2.0 * SEND_TAKES_MS => {
                span((heard - started.t_ms - SEND_TAKES_MS).clamp(15.0, 600.0))
            }
            Some((sent, _)) if owner == client => span((sent - started.t_ms).clamp(15.0, 600.0)),
            _ => FIRST_CLIENT,
        }
    }

    /// Counts the records that a command offers.
    fn offer(&mut self, count: u32) -> Result<(), Problem> {
        self.records += u64::from(count);
        within("records", self.records, 0..=limits::RECORDS).map(|_| ())
    }

    /// A client process, which has room for one more.
    fn process(&self, client: &str) -> Result<&'_ Client, Problem> {
        at_most(
            "producers and consumers",
            self.producers.len() + self.consumers.len() + 1,
            limits::PRODUCERS,
        )?;
        let known = self.recorded.inputs.clients.get(client);
        known.ok_or_else(|| odd("client", quoted(client), "one of the recording's clients"))
    }

    fn new_topic(
        &mut self,
        name: &str,
        assignment: &str,
        config: &str,
    ) -> Result<(TopicId, Brokers), Problem> {
        let topic = TopicId(self.topics.len() as u16);
        let mut all = Brokers::NONE;
        let mut partitions = 0;
        at_most("topics", self.topics.len() + 1, limits::TOPICS)?;
        for replicas in assignment.split(';') {
            at_most("partitions", self.partitions.len() + 1, limits::PARTITIONS)?;
            let mut holders: Vec<BrokerId> = Vec::new();
            for name in replicas.split(',') {
                let id = self.broker_named("replica", name)?;
                if holders.contains(&id) {
                    return Err(odd("replicas", quoted(replicas), "different brokers"));
                }
                holders.push(id);
            }
            let replicas = holders;
            all = replicas.iter().copied().fold(all, Brokers::with);
            self.partitions.push(PartitionSpec { topic, number: partitions, replicas });
            partitions += 1;
        }
        let config = self.topic_config(config)?;
        self.topics.push(TopicSpec { name: name.into(), partitions, config });
        Ok((topic, all))
    }

    fn topic_config(&self, config: &str) -> Result<TopicConfig, Problem> {
        let pairs = properties(config)?;
        let configured = TopicConfig::from_properties(self.version, &pairs);
        Ok(configured.map_err(|failure| Problem::Refused(failure.message.to_string()))?.config)
    }

    fn producer_config(&self, config: &str) -> Result<ProducerConfig, Arc<Failure>> {
        let pairs = properties(config)
            .map_err(|problem| Arc::new(Failure::new("ConfigException", problem.to_string())))?;
        let configured = ProducerConfig::from_properties(self.version, &pairs);
        configured.map(|configured| configured.config).map_err(Arc::new)
    }

    fn new_producer(&mut self, client: &str, name: &str, config: &str) -> Result<ClientId, Problem> {
        let process = self.process(client)?;
        let mut bootstrap: Vec<BrokerId> = process.bootstrap.iter().copied().map(BrokerId).collect();
        for (key, value) in properties(config)? {
            if key == "bootstrap.servers" {
                bootstrap = value.split(',').map(broker_at).collect::<Result<_, _>>()?;
            }
        }
        self.producers.push(ProducerSpec {
            name: name.into(),
            machine: self.machines[&process.machine],
            bootstrap,
            config: self.producer_config(config),
        });
        self.producer_names.push((client.to_owned(), name.to_owned()));
        Ok(ClientId(self.producers.len() as u16 - 1))
    }

    fn new_consumer(
        &mut self,
        client: &str,
        name: &str,
        config: &str,
        topics: &str,
    ) -> Result<ClientId, Problem> {
        let process = self.process(client)?;
        let configured = ConsumerConfig::from_properties(self.version, &properties(config)?);
        let mut partitions = Vec::new();
        for topic in topics.split(',') {
            let (topic, partition) =
                topic.split_once(':').ok_or(Problem::NotModelled("subscribing, which needs a group"))?;
            at_most("partitions", partitions.len() + 1, limits::PARTITIONS)?;
            partitions.push(self.partition(topic, number("partition", partition)?)?);
        }
        self.consumers.push(ConsumerSpec {
            runs_with: None,
            name: name.into(),
            machine: self.machines[&process.machine],
            bootstrap: process.bootstrap.iter().copied().map(BrokerId).collect(),
            config: configured.map_err(|failure| Problem::Refused(failure.message.to_string()))?.config,
            partitions,
        });
        self.consumer_names.push((client.to_owned(), name.to_owned()));
        Ok(ClientId(self.consumers.len() as u16 - 1))
    }
}
