//! What the engine saw of a recorded run, in the recording's own form.

use std::collections::BTreeMap;

use ackscope_sim::config::Compression;
use ackscope_sim::happening::{Fact, PartitionChange};
use ackscope_sim::ids::{NodeId, Partition, RecordId};
use ackscope_sim::producer::partition_for_key;
use ackscope_sim::run::Run;
use ackscope_sim::script::ActionId;
use ackscope_sim::time::Time;
use ackscope_sim::view::ReplicaView;
use serde_json::{Map, Value, json};

use crate::plan::{Ask, Plan};
use crate::recorded::{Recorded, Step};

/// One simulated take.
pub fn take(recorded: &Recorded, plan: &Plan, run: &Run) -> Value {
    let writer = Writer { recorded, plan, run, done: done(run) };
    json!({
        "steps": writer.steps(),
        "clients": writer.clients(),
        "partitions": writer.partitions(),
        "brokers": writer.brokers(),
        "logs": writer.logs(),
    })
}

/// When each entry of the script was done.
pub(crate) fn done(run: &Run) -> BTreeMap<ActionId, Time> {
    run.happenings
        .iter()
        .filter_map(|happening| match happening.fact {
            Fact::ActionDone { action } => Some((action, happening.at)),
            _ => None,
        })
        .collect()
}

fn ms(time: Time) -> f64 {
    (time.nanos / 1_000) as f64 / 1_000.0
}

struct Writer<'a> {
    recorded: &'a Recorded,
    plan: &'a Plan,
    run: &'a Run,
    done: BTreeMap<ActionId, Time>,
}

impl Writer<'_> {
    fn done_at(&self, place: usize) -> Option<Time> {
        self.plan.entries.get(place).copied().flatten().and_then(|entry| self.done.get(&entry)).copied()
    }

    /// Every step but the client commands.
    fn steps(&self) -> Vec<Value> {
        let steps = self.recorded.inputs.steps.iter().enumerate();
        steps
            .filter(|(_, step)| step.step != "client")
            .filter_map(|(place, step)| Some(described(step, self.done_at(place)?)))
            .collect()
    }

    fn clients(&self) -> Value {
        let names = self.recorded.inputs.clients.keys();
        let mut events: BTreeMap<&str, Vec<(Time, Value)>> =
            names.map(|name| (name.as_str(), Vec::new())).collect();
        for happening in &self.run.happenings {
            let at = happening.at;
            let (owner, name) = match happening.node {
                NodeId::Producer(client) => &self.plan.producers[usize::from(client.0)],
                NodeId::Consumer(client) => &self.plan.consumers[usize::from(client.0)],
                NodeId::Controller | NodeId::Broker(_) | NodeId::World => continue,
            };
            if let Some(event) = self.event(name, at, &happening.fact)
                && let Some(events) = events.get_mut(owner.as_str())
            {
                events.push((at, event));
            }
        }
        for (&place, ask) in &self.plan.asks {
            let step = &self.recorded.inputs.steps[place];
            let (Some(at), Some(client)) = (self.done_at(place), &step.client) else { continue };
            if let (Some(answer), Some(events)) =
                (self.answer(place, at, ask), events.get_mut(client.as_str()))
            {
                events.push((at, answer));
            }
        }
        let mut clients = Map::new();
        for (name, mut list) in events {
            list.sort_by_key(|(at, _)| *at); // stable: what is simultaneous keeps its order
            clients.insert(name.to_owned(), list.into_iter().map(|(_, event)| event).collect());
        }
        Value::Object(clients)
    }

    /// What a client process reported.
    fn event(&self, name: &str, at: Time, fact: &Fact) -> Option<Value> {
        let at = ms(at);
        Some(match fact {
            Fact::ProducerStarted => json!({"e": "producer", "p": name, "ok": true, "at": at}),
            Fact::ProducerRefused { failure } => {
                json!({"e": "producer", "p": name, "ok": false, "x": failure.exception, "m": failure.message, "at": at})
            }
            Fact::Acknowledged { record, partition, offset } => json!({
                "e": "ack", "p": name, "v": self.shown(*record),
                "part": self.run.spec.partition(*partition).number,
                "o": offset.map_or(-1, |offset| offset.0 as i64), "at": at,
            }),
            Fact::SendFailed { record, failure, thrown } => json!({
                "e": if *thrown { "threw" } else { "err" }, "p": name, "v": self.shown(*record),
                "x": failure.exception, "m": failure.message, "at": at,
            }),
            Fact::LoadCompleted { .. } => json!({"e": "burst", "p": name, "done": true, "at": at}),
            Fact::FlushCompleted => json!({"e": "flush", "id": name, "ok": true, "r": "ok", "at": at}),
            Fact::ProducerClosed => json!({"e": "closeP", "id": name, "ok": true, "r": "ok", "at": at}),
            Fact::Delivered { record, partition, offset, leader_epoch } => json!({
                "e": "rec", "c": name, "p": self.run.spec.partition(*partition).number, "o": offset.0,
                "le": self.told_epoch(leader_epoch.0), "k": self.run.ledger.key(*record),
                "v": self.shown(*record), "at": at,
            }),
            Fact::ConsumerFailed { failure } => {
                json!({"e": "cerr", "c": name, "op": "poll", "x": failure.exception, "m": failure.message, "at": at})
            }
            _ => return None,
        })
    }

    /// The answer to a command that asked something.
    fn answer(&self, place: usize, at: Time, ask: &Ask) -> Option<Value> {
        Some(match ask {
            Ask::Configs { id, outcome } => match outcome {
                Ok(()) => json!({"e": "configs", "id": id, "ok": true, "at": ms(at)}),
                Err(failure) => json!({
                    "e": "configs", "id": id, "ok": false, "x": failure.exception, "m": failure.message, "at": ms(at),
                }),
            },
            Ask::Partition { count, keys } => {
                let map: Map<String, Value> = keys
                    .iter()
                    .map(|key| (key.clone(), partition_for_key(key.as_bytes(), *count).into()))
                    .collect();
                json!({"e": "part", "n": count, "map": map, "at": ms(at)})
            }
            Ask::Position { consumer } => {
                let view = self.run.view_at(at);
                let positions = &view.consumers[usize::from(consumer.0)].positions;
                let shown: Vec<String> = positions
                    .iter()
                    .filter_map(|(partition, offset)| {
                        Some(format!("{}={}", self.run.spec.partition_name(*partition), (*offset)?))
                    })
                    .collect();
                let name = &self.plan.consumers[usize::from(consumer.0)].1;
                json!({"e": "position", "c": name, "pos": shown.join(" "), "at": ms(at)})
            }
            Ask::Elect { topic } => {
                let entry = self.plan.entries[place]?;
                let error = self.run.happenings.iter().find_map(|happening| match happening.fact {
                    Fact::AdminAnswered { action, error } if action == entry => Some(error),
                    _ => None,
                })?;
                match error {
                    None => json!({"e": "elect", "id": topic, "ok": true, "r": "ok", "at": ms(at)}),
                    Some(error) => json!({
                        "e": "elect", "id": topic, "ok": false, "x": error.exception(), "m": error.message(), "at": ms(at),
                    }),
                }
            }
        })
    }

    /// What the controller wrote about each partition.
    fn partitions(&self) -> Vec<Value> {
        let mut changes = Vec::new();
        for happening in &self.run.happenings {
            let (what, change) = match &happening.fact {
                Fact::PartitionCreated(change) => ("created", change),
                Fact::PartitionChanged(change) => ("changed", change),
                _ => continue,
            };
            changes.push(self.change(what, happening.at, change));
        }
        changes
    }

    fn change(&self, what: &str, at: Time, change: &PartitionChange) -> Value {
        let spec = self.run.spec.partition(change.partition);
        let ids = |brokers: ackscope_sim::ids::Brokers| brokers.iter().map(|id| id.0).collect::<Vec<u32>>();
        json!({
            "t_ms": ms(at),
            "what": what,
            "topic": &*self.run.spec.topic(spec.topic).name,
            "partitionId": spec.number,
            "replicas": change.replicas.iter().map(|id| id.0).collect::<Vec<u32>>(),
            "isr": ids(change.isr),
            "leader": change.leader.map_or(-1, |leader| i64::from(leader.0)),
            "leaderEpoch": change.leader_epoch.0,
            "eligibleLeaderReplicas": ids(change.elr),
            "leaderRecoveryState": u8::from(change.recovering),
        })
    }

    fn brokers(&self) -> Vec<Value> {
        let mut changes = Vec::new();
        for happening in &self.run.happenings {
            let t_ms = ms(happening.at);
            changes.push(match happening.fact {
                Fact::BrokerRegistered { broker, broker_epoch, .. } => json!({
                    "t_ms": t_ms, "what": "REGISTER_BROKER_RECORD", "brokerId": broker.0,
                    "brokerEpoch": broker_epoch.0, "fenced": true,
                }),
                Fact::BrokerFenced { broker } => json!({
                    "t_ms": t_ms, "what": "BROKER_REGISTRATION_CHANGE_RECORD", "brokerId": broker.0, "fenced": 1,
                }),
                Fact::BrokerUnfenced { broker } => json!({
                    "t_ms": t_ms, "what": "BROKER_REGISTRATION_CHANGE_RECORD", "brokerId": broker.0, "fenced": -1,
                }),
                _ => continue,
            });
        }
        changes
    }

    /// Every replica at the end, record by record.
    fn logs(&self) -> Value {
        let view = self.run.view_at(self.run.end);
        let mut topics = Map::new();
        for (topic, spec) in (0..).zip(&self.run.spec.topics) {
            let mut partitions = Map::new();
            for partition in self.run.spec.partitions_of(ackscope_sim::ids::TopicId(topic)) {
                let mut replicas = Map::new();
                for broker in &view.brokers {
                    let replica = broker.replicas.iter().find(|replica| replica.partition == partition);
                    let assigned = self.run.spec.partition(partition).replicas.contains(&broker.id);
                    let log = replica.filter(|_| assigned).map_or(Value::Null, |replica| self.log(replica));
                    replicas.insert(broker.id.to_string(), log);
                }
                partitions.insert(self.number(partition).to_string(), Value::Object(replicas));
            }
            if !partitions.is_empty() {
                topics.insert(spec.name.to_string(), Value::Object(partitions));
            }
        }
        Value::Object(topics)
    }

    fn log(&self, replica: &ReplicaView) -> Value {
        let mut records = Vec::new();
        let mut batches = Vec::new();
        for entry in replica.log.iter() {
            let stamp = entry.batch.stamp;
            for (place, (offset, record)) in entry.records().enumerate() {
                let sequence = stamp.map_or(-1, |stamp| i64::from(stamp.last_sequence(place as u32 + 1).0));
                records.push(json!([
                    offset.0,
                    self.epoch(entry.leader_epoch.0),
                    stamp.map_or(-1, |stamp| stamp.id.0 as i64),
                    stamp.map_or(-1, |stamp| i64::from(stamp.epoch.0)),
                    sequence,
                    false,
                    false,
                    self.value(record, 24),
                ]));
            }
            // What a codec makes of a batch is not for this model to say to the byte.
            if self.is_compressed(entry.batch.records().first()) {
                continue;
            }
            batches.push(json!([entry.base_offset.0, entry.last_offset().0, entry.batch.bytes]));
        }
        let epochs: Vec<Value> = if self.run.spec.version.has_leader_epochs() {
            replica.epochs.iter().map(|(epoch, start)| json!([epoch.0, start.0])).collect()
        } else {
            Vec::new()
        };
        json!({"records": records, "batches": batches, "epochs": epochs})
    }

    /// Formats before 0.11 know no leader epoch.
    fn epoch(&self, epoch: u32) -> i64 {
        if self.run.spec.version.has_leader_epochs() { i64::from(epoch) } else { -1 }
    }

    /// What a consumer is told of it: ConsumerRecord.leaderEpoch() came with 2.1.
    fn told_epoch(&self, epoch: u32) -> Option<u32> {
        self.run.spec.version.metadata_has_leader_epochs().then_some(epoch)
    }

    fn is_compressed(&self, record: Option<&RecordId>) -> bool {
        record.is_some_and(|&record| {
            let producer = self.run.ledger.get(record).producer;
            let config = &self.run.spec.producers[usize::from(producer.0)].config;
            config.as_ref().is_ok_and(|config| config.compression != Compression::None)
        })
    }

    fn number(&self, partition: Partition) -> u32 {
        self.run.spec.partition(partition).number
    }

    /// A value as the clients wrote it down: its first 12 characters when it is longer than 40.
    fn shown(&self, record: RecordId) -> String {
        let offered = self.run.ledger.get(record);
        if offered.value_bytes > 40 { self.value(record, 12) } else { self.value(record, 40) }
    }

    /// The first characters of a record's value.
    fn value(&self, record: RecordId, most: usize) -> String {
        let mut value = self.run.ledger.value(record).to_owned();
        // Values of a load are filled with blanks to 12 bytes and with x to their size.
        let full = self.run.ledger.get(record).value_bytes as usize;
        if value.len() < full {
            while value.len() < full.min(12) {
                value.push(' ');
            }
            while value.len() < full.min(most) {
                value.push('x');
            }
        }
        value.chars().take(most).collect()
    }
}

/// A step as it is written down.
fn described(step: &Step, at: Time) -> Value {
    let mut fields = Map::new();
    fields.insert("t_ms".into(), ms(at).into());
    fields.insert("step".into(), step.step.clone().into());
    let texts = [
        ("node", &step.node),
        ("a", &step.a),
        ("b", &step.b),
        ("client", &step.client),
        ("text", &step.text),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            fields.insert(name.into(), text.clone().into());
        }
    }
    if let Some(one_way) = step.oneway {
        fields.insert("oneway".into(), one_way.into());
    }
    Value::Object(fields)
}
