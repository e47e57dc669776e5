//! From what was done to a real cluster to a scenario for the engine: every step becomes an entry of the script, and
//! waits for what the recording waited for.

mod commands;
mod names;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use ackscope_sim::config::{BrokerConfig, Costs};
use ackscope_sim::error::Failure;
use ackscope_sim::ids::{BrokerEpoch, BrokerId, ClientId, MachineId, NodeId};
use ackscope_sim::run::Run;
use ackscope_sim::script::{Action, ActionId, Boot, Condition, Entry, Trigger};
use ackscope_sim::spec::{
    BrokerSpec, ConsumerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec,
};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::version::KafkaVersion;

use crate::limits;
use crate::problem::{Problem, Unusable, missing, odd, within};
use crate::recorded::{Recorded, Step};
use crate::sessions::Sessions;
use crate::take::done;

use self::names::quoted;
use self::waiting::earlier;

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
const SEED: u64 = 2;

/// How long after the last step the cluster is left alone before its logs are read.
const AFTERMATH: Duration = Duration::from_secs(45);

const AFTERMATH_AT_LEAST: Duration = Duration::from_secs(20);
/// By how much a run is longer in which not every step was done.
const LONGER: Duration = Duration::from_secs(60);

/// `kill -9` was written down when the process was gone, this long after its threads had stopped; until then its sockets
/// still took bytes.
const KILL_TAKES: Duration = Duration::from_millis(20);
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

const STEPS: &str = "client, start, stop, clean stop done, kill -9, pause, resume, cut, heal, wipe, lose unflushed, kill \
                     application, note, cell";

fn not_a_broker() -> Problem {
    odd("node", "\"kc\"", "a broker's number")
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
    /// Offered by the steps so far.
    records: u64,
}

impl<'r> Builder<'r> {
    fn new(recorded: &'r Recorded, version: KafkaVersion) -> Result<Builder<'r>, Unusable> {
        recorded.inputs.check().map_err(|problem| Unusable::Inputs { place: "inputs", problem })?;
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
            records: 0,
        })
    }

    fn build(mut self) -> Result<Plan, Unusable> {
        let steps = &self.recorded.inputs.steps;
        for (place, step) in steps.iter().enumerate() {
            let done = step.check().and_then(|()| self.step(place, step));
            let named = || step.step.chars().take(40).collect();
            done.map_err(|problem| Unusable::Step { place, step: named(), problem })?;
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

    fn step(&mut self, place: usize, step: &Step) -> Result<(), Problem> {
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
                let NodeId::Broker(broker) = self.node(step)? else { return Err(not_a_broker()) };
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
                let NodeId::Broker(broker) = self.node(step)? else { return Err(not_a_broker()) };
                let partition = match &step.topic {
                    Some(topic) => Some(self.partition(topic, step.partition.unwrap_or(0))?),
                    None => None,
                };
                match (step.step.as_str(), partition) {
                    ("wipe", partition) => Action::Wipe { broker, partition },
                    (_, Some(partition)) => {
                        // The batch that began at offset `keep` was still there, unless it was the last one:
                        // last-replica-standing-min1 against kip101-divergence.
                        let keep = step.keep.ok_or(missing("keep", "an offset"))?;
                        let keep = within("keep", keep, 0..=limits::RECORDS)? + 1;
                        Action::LoseUnflushed { broker, partition, keep }
                    }
                    (_, None) => return Err(missing("topic", "the topic whose end is lost")),
                }
            }
            "kill application" => {
                let client = step.client.clone().ok_or(missing("client", "a client process"))?;
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
            other => return Err(odd("step", quoted(other), STEPS)),
        };
        let when = self.trigger(step)?;
        self.enter(step, when, action);
        Ok(())
    }
}
