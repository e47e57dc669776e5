//! The story before its first happening: nodes, records, replicas, and the state that the run opens with.

use std::collections::BTreeMap;
use std::sync::Arc;

use ackscope_sim::audit::Fate;
use ackscope_sim::ids::{ClientId, NodeId, Partition};
use ackscope_sim::run::Trace;
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;
use ackscope_sim::view::{ClusterView, ProcessState, ReplicaRole};

use super::StoryBuilder;
use super::logs::{lead, settle};
use crate::story::{BandRole, NodeStory, PartitionStory, RecordStory, Replica, State, Story};

impl StoryBuilder {
    /// Of everything in the trace but its happenings.
    pub fn new(run: &Trace) -> StoryBuilder {
        let Trace { spec, end, .. } = run;
        let partitions = 0..spec.partitions.len() as u16;
        let story = Story {
            end: *end,
            nodes: nodes(spec),
            records: records(run),
            messages: Vec::new(),
            flows: Vec::new(),
            reach: Vec::new(),
            replicas: replicas(spec),
            partitions: partitions
                .map(|partition| PartitionStory {
                    name: spec.partition_name(Partition(partition)),
                    ..PartitionStory::default()
                })
                .collect(),
            marks: Vec::new(),
            silences: Vec::new(),
            cuts: Vec::new(),
            deeds: Vec::new(),
            moments: Vec::new(),
            batches: Vec::new(),
            brokers: spec.brokers.iter().map(|broker| broker.id).collect(),
        };
        let mut builder = StoryBuilder {
            spec: Arc::clone(spec),
            story,
            batches: BTreeMap::new(),
            asked: BTreeMap::new(),
            heard: BTreeMap::new(),
            fetched: BTreeMap::new(),
            told: BTreeMap::new(),
            open: BTreeMap::new(),
        };
        // Long runs send many: room for all of them at once, instead of twice as much in the end.
        builder.story.messages.reserve_exact(run.messages as usize);
        builder.open_with(&run.opening);
        builder
    }

    /// What was so before anything happened.
    fn open_with(&mut self, view: &ClusterView) {
        let controller = &view.controller;
        for (story, state) in self.story.partitions.iter_mut().zip(&controller.partitions) {
            story.opening = state.clone();
        }
        self.open_node(NodeId::Controller, controller.process);
        for broker in &view.brokers {
            let node = NodeId::Broker(broker.id);
            self.open_node(node, broker.process);
            let registered = controller.brokers.iter().find(|registered| registered.id == broker.id);
            let up = matches!(broker.process, ProcessState::Running | ProcessState::Paused);
            if up && registered.is_none_or(|registered| registered.fenced) {
                self.begin_at(node, State::Starting, Time::ZERO, None);
            }
            for view in &broker.replicas {
                let Some(replica) = self.replica(node, view.partition) else { continue };
                match &view.role {
                    ReplicaRole::Leader(leader) => {
                        lead(replica, Time::ZERO, BandRole::Leading(leader.leader_epoch));
                    }
                    ReplicaRole::Follower { .. } => lead(replica, Time::ZERO, BandRole::Following),
                    ReplicaRole::Offline => {}
                }
                settle(replica, Time::ZERO, view.log_end_offset, view.high_watermark);
            }
        }
        for producer in &view.producers {
            self.open_node(NodeId::Producer(producer.client), producer.process);
        }
        for consumer in &view.consumers {
            self.open_node(NodeId::Consumer(consumer.client), consumer.process);
        }
    }

    fn open_node(&mut self, node: NodeId, process: ProcessState) {
        let state = match process {
            ProcessState::Running => return,
            ProcessState::Paused => State::Paused,
            ProcessState::Down => State::Down,
            ProcessState::Dark => State::Dark,
        };
        self.begin_at(node, state, Time::ZERO, None);
    }
}

fn nodes(spec: &Spec) -> Vec<NodeStory> {
    let bare = |node, name, detail| NodeStory {
        node,
        machine: spec.machine_of(node),
        name,
        detail,
        bands: Vec::new(),
        sends: Vec::new(),
        answers: Vec::new(),
        deliveries: Vec::new(),
    };
    let mut nodes = Vec::new();
    for (index, producer) in (0..).zip(&spec.producers) {
        let detail = match &producer.config {
            Ok(config) => format!("acks={}", config.acks.name()),
            Err(_) => "refused".to_owned(),
        };
        let name = numbered("Producer", &producer.name, spec.producers.len() == 1);
        nodes.push(bare(NodeId::Producer(ClientId(index)), name, detail));
    }
    for broker in &spec.brokers {
        nodes.push(bare(NodeId::Broker(broker.id), format!("Broker {}", broker.id), String::new()));
    }
    nodes.push(bare(NodeId::Controller, "Controller".to_owned(), String::new()));
    for (index, consumer) in (0..).zip(&spec.consumers) {
        let name = numbered("Consumer", &consumer.name, spec.consumers.len() == 1);
        nodes.push(bare(NodeId::Consumer(ClientId(index)), name, String::new()));
    }
    nodes
}

fn numbered(kind: &str, name: &str, only: bool) -> String {
    if only { kind.to_owned() } else { format!("{kind} {name}") }
}

fn records(run: &Trace) -> Vec<RecordStory> {
    let records = run.ledger.iter().map(|(id, offered)| {
        let audited = run.audit.records.get(id.0 as usize);
        RecordStory {
            name: label(run.ledger.value(id)),
            producer: offered.producer,
            partition: audited.and_then(|audited| audited.partition),
            sent: offered.at,
            send: None,
            drained: None,
            answer: None,
            fate: audited.map_or(Fate::Undecided, |audited| audited.fate),
            reordered: audited.is_some_and(|audited| audited.reordered),
            stored: false,
        }
    });
    records.collect()
}

fn replicas(spec: &Spec) -> Vec<Replica> {
    let replicas = spec.brokers.iter().flat_map(|broker| {
        (0..spec.partitions.len()).map(|partition| Replica {
            broker: broker.id,
            partition: Partition(partition as u16),
            bars: Vec::new(),
            blocks: Vec::new(),
            high_watermarks: Vec::new(),
            ends: Vec::new(),
            cuts: Vec::new(),
            lags: Vec::new(),
            roles: Vec::new(),
            by_batch: Vec::new(),
        })
    });
    replicas.collect()
}

/// `w7` of `w00000007`; long values are cut.
fn label(value: &str) -> Arc<str> {
    const LONGEST: usize = 14;
    let trimmed = value.trim_end();
    let digits = trimmed.len() - trimmed.trim_end_matches(|character: char| character.is_ascii_digit()).len();
    let (family, number) = trimmed.split_at(trimmed.len() - digits);
    let number = if digits > 0 { number[..digits - 1].trim_start_matches('0').len() + 1 } else { 0 };
    let short = format!("{family}{}", &trimmed[trimmed.len() - number..]);
    if short.chars().count() > LONGEST {
        return short.chars().take(LONGEST - 1).chain(['…']).collect::<String>().into();
    }
    short.into()
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_are_short_and_keep_their_number() {
        let short = |value: &str| label(value).to_string();
        assert_eq!(short("w3"), "w3");
        assert_eq!(short("v00000149   "), "v149");
        assert_eq!(short("v00000000"), "v0");
        assert_eq!(short("000"), "0");
        assert_eq!(short("hello"), "hello");
        assert_eq!(short("a-rather-long-value-7"), "a-rather-long…");
        assert_eq!(short(""), "");
    }
}
