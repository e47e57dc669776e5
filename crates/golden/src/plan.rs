//! From what was done to a real cluster to a scenario for the engine: every step becomes an entry of the script, and
//! waits for what the recording waited for.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackscope_sim::config::{BrokerConfig, ConsumerConfig, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::error::Failure;
use ackscope_sim::ids::{
    BrokerEpoch, BrokerId, Brokers, ClientId, MachineId, NodeId, Offset, Partition, TopicId,
};
use ackscope_sim::run::Run;
use ackscope_sim::script::{
    Action, ActionId, Boot, Condition, Entry, Keys, Load, Pacing, Patience, SendRecord, Trigger,
};
use ackscope_sim::spec::{
    BrokerSpec, ConsumerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec,
};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::version::KafkaVersion;

use crate::recorded::{After, Recorded, Step};
use crate::sessions::Sessions;
use crate::take::done;

/// Why a file cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("not a recorded run: {0}")]
    Json(String),
    #[error("kafka {0:?}: expected a release such as \"4.3.1\", 0.10 or later")]
    Version(String),
    #[error("step {place} ({step}): {problem}")]
    Step { place: usize, step: String, problem: String },
    #[error("broker_config: {0}")]
    BrokerConfig(String),
}

/// A scenario and what is needed to write its outcome down in the recording's form.
#[derive(Clone, Debug)]
pub struct Plan {
    pub spec: Spec,
    /// (client process, name) of every producer and consumer of the spec.
    pub producers: Vec<(String, String)>,
    pub consumers: Vec<(String, String)>,
    /// Which entry of the script did step n; None: the step needed none.
    pub entries: Vec<Option<ActionId>>,
    /// Commands that ask without doing anything to the cluster.
    pub asks: BTreeMap<usize, Ask>,
}

/// A command whose answer is computed, not simulated.
#[derive(Clone, Debug)]
pub enum Ask {
    Configs { id: String, outcome: Result<(), Arc<Failure>> },
    Partition { count: u32, keys: Vec<String> },
    Position { consumer: ClientId },
    Elect { topic: String },
}

/// Times of a recording are in milliseconds with a fraction.
pub(crate) fn time(ms: f64) -> Time {
    Time { nanos: (ms.max(0.0) * 1e6).round() as u64 }
}

fn span(ms: f64) -> Duration {
    Duration::from_nanos((ms.max(0.0) * 1e6).round() as u64)
}

/// Where two followers race, chance decides in Kafka too: another seed may order them otherwise.
const SEED: u64 = 4;

/// How long after the last step the cluster is left alone before its logs are read.
const AFTERMATH: Duration = Duration::from_secs(45);

const AFTERMATH_AT_LEAST: Duration = Duration::from_secs(20);
/// By how much a run is longer in which not every step was done.
const LONGER: Duration = Duration::from_secs(60);

/// `kill -9` was written down when the process was gone, this long after its threads had stopped; until then its sockets
/// still took bytes.
const KILL_TAKES: Duration = Duration::from_millis(20);
/// … but not before this long after what the script had waited for: the command came after it.
const KILL_REACTS: Duration = Duration::from_millis(5);

/// A fresh JVM takes this long to build its first producer, and this long for those that follow.
const FIRST_CLIENT: Duration = Duration::from_millis(150);
/// From a send to its answer, once everything is warm.
const SEND_TAKES_MS: f64 = 8.0;
const NEXT_CLIENT: Duration = Duration::from_millis(15);

impl Plan {
    pub fn of(recorded: &Recorded) -> Result<Plan, Unusable> {
        let version = KafkaVersion::of_release(&recorded.kafka)
            .ok_or_else(|| Unusable::Version(recorded.kafka.clone()))?;
        Builder::new(recorded, version)?.build()
    }

    /// When the run should have ended: a while after its last step, or, while there are steps that still wait, later.
    pub(crate) fn end_after(&self, run: &Run) -> Time {
        let done = done(run);
        let mut last = Time::ZERO;
        for entry in self.entries.iter().flatten() {
            match done.get(entry) {
                Some(&at) => last = last.max(at),
                None => return self.spec.until + LONGER,
            }
        }
        last + AFTERMATH_AT_LEAST
    }
}

struct Builder<'r> {
    recorded: &'r Recorded,
    version: KafkaVersion,
    machines: BTreeMap<String, MachineId>,
    topics: Vec<TopicSpec>,
    partitions: Vec<PartitionSpec>,
    producers: Vec<ProducerSpec>,
    producer_names: Vec<(String, String)>,
    consumers: Vec<ConsumerSpec>,
    consumer_names: Vec<(String, String)>,
    script: Vec<Entry>,
    entries: Vec<Option<ActionId>>,
    asks: BTreeMap<usize, Ask>,
    /// When each producer's constructor returned, on the recording's clock.
    built_at: BTreeMap<ClientId, f64>,
    /// The last step's entry and recorded time.
    previous: Option<(ActionId, f64)>,
}

impl<'r> Builder<'r> {
    fn new(recorded: &'r Recorded, version: KafkaVersion) -> Result<Builder<'r>, Unusable> {
        let mut machines = BTreeMap::from([("kc".to_owned(), MachineId(0))]);
        for broker in 1..=recorded.inputs.brokers {
            machines.insert(broker.to_string(), MachineId(broker as u8));
        }
        for client in recorded.inputs.clients.values() {
            let next = MachineId(machines.len() as u8);
            machines.entry(client.machine.clone()).or_insert(next);
        }
        Ok(Builder {
            recorded,
            version,
            machines,
            topics: Vec::new(),
            partitions: Vec::new(),
            producers: Vec::new(),
            producer_names: Vec::new(),
            consumers: Vec::new(),
            consumer_names: Vec::new(),
            script: Vec::new(),
            entries: Vec::new(),
            asks: BTreeMap::new(),
            built_at: BTreeMap::new(),
            previous: None,
        })
    }

    fn build(mut self) -> Result<Plan, Unusable> {
        let steps = &self.recorded.inputs.steps;
        for (place, step) in steps.iter().enumerate() {
            self.step(place, step).map_err(|problem| Unusable::Step {
                place,
                step: step.step.clone(),
                problem,
            })?;
        }
        let inputs = &self.recorded.inputs;
        let pairs: Vec<(&str, &str)> =
            inputs.broker_config.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let mut broker_config = BrokerConfig::from_properties(self.version, &pairs)
            .map_err(|failure| Unusable::BrokerConfig(failure.message.to_string()))?
            .config;
        if let Some(on) = inputs.eligible_leader_replicas {
            broker_config.eligible_leader_replicas = on;
        }
        let last = steps.last().map_or(0.0, |step| step.t_ms);
        // A relay in front of every broker delays each message by that much, whoever sends it; in front of the controller
        // is none.
        let delay = inputs.link_delay_ms.map_or(Duration::ZERO, span);
        let link = |delay| Link {
            latency: Duration::from_micros(60) + delay,
            jitter: Duration::from_micros(40),
            bytes_per_second: Some(1_250_000_000),
        };
        let to_controller = |id| (MachineId(0), MachineId(id as u8), link(Duration::ZERO));
        let spec = Spec {
            version: self.version,
            seed: SEED,
            until: time(last) + AFTERMATH,
            brokers: (1..=inputs.brokers)
                .map(|id| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack: None })
                .collect(),
            controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
            broker_config,
            costs: Costs::default(),
            links: Links {
                default: link(delay),
                between: (1..=inputs.brokers).filter(|_| delay > Duration::ZERO).map(to_controller).collect(),
            },
            topics: self.topics,
            partitions: self.partitions,
            producers: self.producers,
            consumers: self.consumers,
            script: self.script,
            warm: false,
        };
        Ok(Plan {
            spec,
            producers: self.producer_names,
            consumers: self.consumer_names,
            entries: self.entries,
            asks: self.asks,
        })
    }

    fn step(&mut self, place: usize, step: &Step) -> Result<(), String> {
        let action = match step.step.as_str() {
            "client" => return self.command(place, step),
            "start" => {
                let node = self.node(step)?;
                let registers_after =
                    if node == NodeId::Controller { step.active_after_ms } else { step.registered_after_ms };
                let ready_after = if self.version.uses_zookeeper() {
                    let sessions = Sessions::of(&self.recorded.inputs);
                    match node {
                        NodeId::Controller => sessions.tick_ms(step.t_ms).map(|tick| tick - step.t_ms),
                        _ => sessions.first_ping_ms(step.node.as_deref().unwrap_or_default(), step.t_ms),
                    }
                } else {
                    step.unfenced_after_ms
                };
                let boot = Boot {
                    // A controller's second start was recorded with the moment of its first activation: no use.
                    registers_after: registers_after.filter(|after| *after >= 0.0).map(span),
                    ready_after: ready_after.map(span),
                    broker_epoch: step.broker_epoch.map(BrokerEpoch),
                };
                Action::Start { node, boot }
            }
            "stop" => Action::Stop { node: self.node(step)? },
            "clean stop done" => {
                let NodeId::Broker(broker) = self.node(step)? else { return Err("not a broker".to_owned()) };
                let when = self.when(Condition::Stopped { broker }, Duration::ZERO, step);
                self.enter(step, when, Action::Note { text: "clean stop done".into() });
                return Ok(());
            }
            "kill -9" => {
                let node = self.node(step)?;
                // First its threads stop, then its sockets close.
                let when = self.trigger(step)?;
                let (when, rest) = earlier(when, KILL_TAKES);
                let paused = ActionId(self.script.len() as u32);
                self.script.push(Entry { when, action: Action::Pause { node }, lasts: None });
                self.enter(step, Trigger::After { entry: paused, delay: rest }, Action::Kill { node });
                return Ok(());
            }
            "pause" => Action::Pause { node: self.node(step)? },
            "resume" => Action::Resume { node: self.node(step)? },
            "cut" => {
                let (a, b) = self.pair(step)?;
                Action::Cut { a, b: Some(b), one_way: step.oneway.unwrap_or(false) }
            }
            "heal" => {
                let (a, b) = self.pair(step)?;
                Action::Heal { a, b: Some(b) }
            }
            "wipe" | "lose unflushed" => {
                let NodeId::Broker(broker) = self.node(step)? else { return Err("not a broker".to_owned()) };
                let partition = match &step.topic {
                    Some(topic) => Some(self.partition(topic, step.partition.unwrap_or(0))?),
                    None => None,
                };
                match (step.step.as_str(), partition) {
                    ("wipe", partition) => Action::Wipe { broker, partition },
                    (_, Some(partition)) => {
                        // The batch that began at offset `keep` was still there, unless it was the last one:
                        // last-replica-standing-min1 against kip101-divergence.
                        let keep = step.keep.ok_or("no `keep`")? + 1;
                        Action::LoseUnflushed { broker, partition, keep }
                    }
                    (_, None) => return Err("no topic".to_owned()),
                }
            }
            "kill application" => {
                let client = step.client.clone().ok_or("no client")?;
                let when = self.trigger(step)?;
                let victims: Vec<NodeId> = self.nodes_of(&client);
                self.enter(step, when, Action::Note { text: "kill application".into() });
                let (after, _) = self.previous.expect("just entered");
                for node in victims {
                    let when = Trigger::After { entry: after, delay: Duration::ZERO };
                    self.script.push(Entry { when, action: Action::KillApplication { node }, lasts: None });
                }
                return Ok(());
            }
            "note" | "cell" => Action::Note { text: step.text.clone().unwrap_or_default().into() },
            _ => return Err("no such step".to_owned()),
        };
        let when = self.trigger(step)?;
        self.enter(step, when, action);
        Ok(())
    }

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

    /// A command to a client process.
    fn command(&mut self, place: usize, step: &Step) -> Result<(), String> {
        let client = step.client.clone().ok_or("no client")?;
        let words: Vec<&str> = step.cmd.as_deref().ok_or("no command")?.iter().map(String::as_str).collect();
        let mut when = self.trigger(step)?;
        let action = match *words.as_slice() {
            ["topic", name, assignment, config] => {
                let (topic, replicas) = self.new_topic(name, assignment, config)?;
                // The admin client waits until brokers answer, and is slow itself: a step that waited for the topic
                // tells when it was there.
                let not_before = self.previous.map(|(id, _)| id);
                let delay = self.creation_takes(place, name, replicas);
                when = match when {
                    // At the very start the client's process itself comes up only now.
                    Trigger::At(_) | Trigger::After { .. } => Trigger::When {
                        condition: Condition::Unfenced { brokers: replicas },
                        delay,
                        not_before,
                        patience: None,
                    },
                    waits @ Trigger::When { .. } => waits,
                };
                Action::CreateTopic { topic }
            }
            ["P", name, config] => {
                let first = self.producer_names.iter().all(|(owner, _)| *owner != client);
                let producer = self.new_producer(&client, name, config)?;
                let builds = if first { self.warm_up(place, step, &client) } else { NEXT_CLIENT };
                self.built_at.insert(producer, step.t_ms + builds.nanos as f64 / 1e6);
                let registers_after = Some(builds);
                Action::Start {
                    node: NodeId::Producer(producer),
                    boot: Boot { registers_after, ..Boot::default() },
                }
            }
            ["S", producer, topic, partition, key, value] => Action::Send {
                producer: self.producer(&client, producer)?,
                record: SendRecord {
                    topic: self.topic(topic)?,
                    partition: optional(partition)?,
                    key: (key != "-").then(|| key.into()),
                    value: value.into(),
                    value_bytes: value.len() as u32,
                    serializable: true,
                },
            },
            ["burst", producer, topic, partition, prefix, count, gap_us, size] => {
                if partition.starts_with("rr") {
                    return Err("a burst over partitions in turn is not modelled yet".to_owned());
                }
                let load = Load {
                    producer: self.producer(&client, producer)?,
                    topic: self.topic(topic)?,
                    partition: optional(partition)?,
                    count: number(count)?,
                    pacing: Pacing::Every { gap: Duration::from_micros(number(gap_us)?) },
                    keys: Keys::None,
                    prefix: prefix.into(),
                    digits: 8,
                    value_bytes: number::<u32>(size)?.max(12),
                };
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
                timeout: Duration::from_millis(number(timeout_ms)?),
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
                partition: self.partition(topic, number(partition)?)?,
                offset: Offset(number(offset)?),
            },
            ["elect", topic, partition, kind] => {
                let ask = Ask::Elect { topic: topic.to_owned() };
                self.asks.insert(place, ask);
                Action::ElectLeader {
                    partition: self.partition(topic, number(partition)?)?,
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
                let keys = keys.split(',').map(str::to_owned).collect();
                self.asks.insert(place, Ask::Partition { count: number(count)?, keys });
                Action::Note { text: "part".into() }
            }
            ["metrics", ..] => Action::Note { text: "metrics".into() },
            ["txn", ..] => return Err("transactions are not modelled yet".to_owned()),
            ["offsets", ..] | ["K", _, "commit" | "commitAt", ..] => {
                return Err("committing offsets needs a group: not modelled yet".to_owned());
            }
            ["K", _, "sleep", ..] => return Err("a sleep between two polls is not modelled yet".to_owned()),
            [other, ..] => {
                const ALL: &str =
                    "topic, P, S, burst, flush, closeP, metrics, C, K, stopC, elect, alter, configs, part";
                return Err(format!("command {:?}: found {other:?}; accepted: {ALL}", words.join(" ")));
            }
            [] => return Err("an empty command".to_owned()),
        };
        self.enter(step, when, action);
        Ok(())
    }

    fn enter(&mut self, step: &Step, when: Trigger, action: Action) {
        let id = ActionId(self.script.len() as u32);
        self.script.push(Entry { when, action, lasts: None });
        self.entries.push(Some(id));
        self.previous = Some((id, step.t_ms));
    }

    /// How long the JVM of a client took over its first producer. Warm-up is not part of the model, but heartbeats and
    /// checks run on meanwhile: the first answers that a step waited for tell how late everything was.
    fn warm_up(&self, place: usize, started: &Step, client: &str) -> Duration {
        let later = &self.recorded.inputs.steps[place + 1..];
        let Some(waited) = later.iter().position(|step| step.after.is_some()) else { return FIRST_CLIENT };
        let after = later[waited].after.as_ref().expect("found by it");
        let (Some(prefix), Some(owner)) = (&after.answers, &after.client) else { return FIRST_CLIENT };
        let sends = later[..waited].iter().filter_map(|step| Some((step.t_ms, step.cmd.as_ref()?)));
        let mut sends = sends.filter(|(_, words)| words[0] == "S" && words[5].starts_with(prefix.as_str()));
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

    /// When a step is done: at its distance from the one before it, or after what it waited for.
    fn trigger(&self, step: &Step) -> Result<Trigger, String> {
        let plain = || match self.previous {
            None => Trigger::At(time(step.t_ms)),
            Some((entry, t_ms)) => Trigger::After { entry, delay: span(step.t_ms - t_ms) },
        };
        let Some(after) = &step.after else { return Ok(plain()) };
        Ok(match self.condition(after)? {
            Some(condition) => self.when(condition, span(after.delay_ms), step),
            None => plain(),
        })
    }

    fn when(&self, condition: Condition, delay: Duration, step: &Step) -> Trigger {
        let waited = self.previous.map_or(0.0, |(_, t_ms)| step.t_ms - t_ms);
        let patience =
            Patience { similar_after: span(waited + 1_000.0), give_up_after: span(2.0 * waited + 5_000.0) };
        Trigger::When {
            condition,
            delay,
            not_before: self.previous.map(|(id, _)| id),
            patience: Some(patience),
        }
    }

    fn condition(&self, after: &After) -> Result<Option<Condition>, String> {
        if let Some(topic) = &after.state {
            let mut partitions = Vec::new();
            for (number, state) in after.partitions.iter().flatten() {
                let leader = u32::try_from(state.leader).ok().map(BrokerId);
                let isr: Brokers = state.isr.iter().copied().map(BrokerId).collect();
                partitions.push((self.partition(topic, self::number(number)?)?, leader, isr));
            }
            return Ok(Some(Condition::State { partitions }));
        }
        let client = after.client.as_deref().ok_or("`after` names no client")?;
        let count = after.n.ok_or("`after` has no n")?;
        if let Some(prefix) = &after.answers {
            return Ok(Some(Condition::Answers {
                producer: None,
                prefix: prefix.as_str().into(),
                count,
                acks_only: after.kind.as_deref() == Some("ack"),
            }));
        }
        let event = after.event.as_deref().ok_or("`after` names neither state, answers nor event")?;
        Ok(match event {
            // Nothing in the cluster hangs on these.
            "configs" | "part" | "metrics" | "ready" | "describe" | "topic" | "position" | "elect" => None,
            _ => {
                let nodes = self.nodes_of(client);
                Some(Condition::Events { clients: nodes, kind: event.into(), count })
            }
        })
    }

    fn node(&self, step: &Step) -> Result<NodeId, String> {
        match step.node.as_deref() {
            Some("kc") => Ok(NodeId::Controller),
            Some(name) => match name.parse() {
                Ok(id) if (1..=self.recorded.inputs.brokers).contains(&id) => {
                    Ok(NodeId::Broker(BrokerId(id)))
                }
                _ => Err(format!("unknown node {name:?}")),
            },
            None => Err("no node".to_owned()),
        }
    }

    fn pair(&self, step: &Step) -> Result<(MachineId, MachineId), String> {
        let machine = |name: &Option<String>| {
            let name = name.as_deref().ok_or("needs two machines")?;
            self.machines.get(name).copied().ok_or_else(|| format!("unknown machine {name:?}"))
        };
        Ok((machine(&step.a)?, machine(&step.b)?))
    }

    fn nodes_of(&self, client: &str) -> Vec<NodeId> {
        let producers = (0..).zip(&self.producer_names).filter(|(_, (owner, _))| owner == client);
        let consumers = (0..).zip(&self.consumer_names).filter(|(_, (owner, _))| owner == client);
        let producers = producers.map(|(index, _)| NodeId::Producer(ClientId(index)));
        producers.chain(consumers.map(|(index, _)| NodeId::Consumer(ClientId(index)))).collect()
    }

    fn new_topic(
        &mut self,
        name: &str,
        assignment: &str,
        config: &str,
    ) -> Result<(TopicId, Brokers), String> {
        let topic = TopicId(self.topics.len() as u16);
        let mut all = Brokers::NONE;
        let mut partitions = 0;
        for replicas in assignment.split(';') {
            let replicas: Result<Vec<BrokerId>, String> =
                replicas.split(',').map(|id| number(id).map(BrokerId)).collect();
            let replicas = replicas?;
            all = replicas.iter().copied().fold(all, Brokers::with);
            self.partitions.push(PartitionSpec { topic, number: partitions, replicas });
            partitions += 1;
        }
        let config = self.topic_config(config)?;
        self.topics.push(TopicSpec { name: name.into(), partitions, config });
        Ok((topic, all))
    }

    fn topic_config(&self, config: &str) -> Result<TopicConfig, String> {
        let pairs = properties(config)?;
        let configured = TopicConfig::from_properties(self.version, &pairs);
        Ok(configured.map_err(|failure| failure.message.to_string())?.config)
    }

    fn producer_config(&self, config: &str) -> Result<ProducerConfig, Arc<Failure>> {
        let pairs =
            properties(config).map_err(|problem| Arc::new(Failure::new("ConfigException", problem)))?;
        let configured = ProducerConfig::from_properties(self.version, &pairs);
        configured.map(|configured| configured.config).map_err(Arc::new)
    }

    fn new_producer(&mut self, client: &str, name: &str, config: &str) -> Result<ClientId, String> {
        let process = self.recorded.inputs.clients.get(client).ok_or("unknown client")?;
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
    ) -> Result<ClientId, String> {
        let process = self.recorded.inputs.clients.get(client).ok_or("unknown client")?;
        let configured = ConsumerConfig::from_properties(self.version, &properties(config)?);
        let mut partitions = Vec::new();
        for topic in topics.split(',') {
            let (topic, partition) =
                topic.split_once(':').ok_or("subscribing needs a group: not modelled yet")?;
            partitions.push(self.partition(topic, number(partition)?)?);
        }
        self.consumers.push(ConsumerSpec {
            name: name.into(),
            machine: self.machines[&process.machine],
            bootstrap: process.bootstrap.iter().copied().map(BrokerId).collect(),
            config: configured.map_err(|failure| failure.message.to_string())?.config,
            partitions,
        });
        self.consumer_names.push((client.to_owned(), name.to_owned()));
        Ok(ClientId(self.consumers.len() as u16 - 1))
    }

    fn producer(&self, client: &str, name: &str) -> Result<ClientId, String> {
        newest(&self.producer_names, client, name).ok_or_else(|| format!("unknown producer {name:?}"))
    }

    fn consumer(&self, client: &str, name: &str) -> Result<ClientId, String> {
        newest(&self.consumer_names, client, name).ok_or_else(|| format!("unknown consumer {name:?}"))
    }

    /// A topic that nobody created is known to the clients by name all the same.
    fn topic(&mut self, name: &str) -> Result<TopicId, String> {
        if let Some(index) = self.topics.iter().position(|topic| &*topic.name == name) {
            return Ok(TopicId(index as u16));
        }
        self.topics.push(TopicSpec { name: name.into(), partitions: 0, config: TopicConfig::default() });
        Ok(TopicId(self.topics.len() as u16 - 1))
    }

    fn partition(&self, topic: &str, number: u32) -> Result<Partition, String> {
        let topic = self.topics.iter().position(|spec| &*spec.name == topic).ok_or("unknown topic")?;
        let found = self
            .partitions
            .iter()
            .position(|spec| usize::from(spec.topic.0) == topic && spec.number == number);
        Ok(Partition(found.ok_or("unknown partition")? as u16))
    }
}

fn newest(names: &[(String, String)], client: &str, name: &str) -> Option<ClientId> {
    let found = names.iter().rposition(|(owner, own)| owner == client && own == name)?;
    Some(ClientId(found as u16))
}

/// The same trigger up to `lead` earlier, and how much that left over.
fn earlier(when: Trigger, lead: Duration) -> (Trigger, Duration) {
    match when {
        Trigger::At(at) => (Trigger::At(at), Duration::ZERO),
        Trigger::After { entry, delay } => {
            let lead = lead.min(delay.saturating_sub(KILL_REACTS));
            (Trigger::After { entry, delay: delay - lead }, lead)
        }
        Trigger::When { condition, delay, not_before, patience } => {
            let lead = lead.min(delay.saturating_sub(KILL_REACTS));
            (Trigger::When { condition, delay: delay - lead, not_before, patience }, lead)
        }
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

/// `-`: none.
fn optional(text: &str) -> Result<Option<u32>, String> {
    if text == "-" { Ok(None) } else { number(text).map(Some) }
}

/// `k=v;k=v`.
fn properties(text: &str) -> Result<Vec<(&str, &str)>, String> {
    text.split(';')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').ok_or_else(|| format!("{pair:?} is not key=value")))
        .collect()
}

/// Broker N is 10.77.0.(10 + N); at 10.77.0.99 nothing lives.
fn broker_at(address: &str) -> Result<BrokerId, String> {
    let host = address.split(':').next().unwrap_or_default();
    let last: u32 = number(host.rsplit('.').next().unwrap_or_default())?;
    last.checked_sub(10).map(BrokerId).ok_or_else(|| format!("{address:?} is no broker's address"))
}
