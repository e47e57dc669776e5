//! Nodes, batches and machines as people call them.

use ackscope_sim::ids::{BatchId, BrokerId, MachineId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::time::Time;

use super::Narrator;

/// Names beyond this many are counted instead.
const MOST_NAMES: usize = 2;

impl Narrator<'_> {
    /// `Broker 1`, to begin a sentence with.
    pub(super) fn name(&self, node: NodeId) -> String {
        match node {
            NodeId::World => "The scenario".to_owned(),
            NodeId::Controller => "The controller".to_owned(),
            NodeId::Producer(_) if self.spec.producers.len() == 1 => "The producer".to_owned(),
            NodeId::Consumer(_) if self.spec.consumers.len() == 1 => "The consumer".to_owned(),
            _ => self.story.node(node).map_or_else(|| self.spec.node_name(node), |story| story.name.clone()),
        }
    }

    /// `broker 1`, within a sentence.
    pub(super) fn whom(&self, node: NodeId) -> String {
        match node {
            NodeId::World => "the scenario".to_owned(),
            NodeId::Controller => "the controller".to_owned(),
            NodeId::Broker(id) => format!("broker {id}"),
            NodeId::Producer(_) if self.spec.producers.len() == 1 => "the producer".to_owned(),
            NodeId::Consumer(_) if self.spec.consumers.len() == 1 => "the consumer".to_owned(),
            NodeId::Producer(_) | NodeId::Consumer(_) => self.spec.node_name(node),
        }
    }

    pub(super) fn machine(&self, machine: MachineId) -> String {
        let nodes = self.story.nodes.iter().filter(|story| story.machine == machine);
        let names: Vec<String> = nodes.map(|story| self.whom(story.node)).collect();
        if names.is_empty() { format!("machine {}", machine.0) } else { names.join(" and ") }
    }

    pub(super) fn partition(&self, partition: Partition) -> &str {
        &self.story.partitions[usize::from(partition.0)].name
    }

    /// ` of orders-1`; empty where the run has one partition only.
    pub(super) fn of_partition(&self, partition: Partition) -> String {
        match self.story.partitions.as_slice() {
            [_] => String::new(),
            _ => format!(" of {}", self.partition(partition)),
        }
    }

    pub(super) fn record(&self, record: RecordId) -> &str {
        match &*self.story.record(record).name {
            "" => "a record",
            name => name,
        }
    }

    /// `w2`, `w0–w4`, `batch 7` where nothing is known of it.
    pub(super) fn batch(&self, batch: BatchId) -> String {
        match self.story.batch(batch) {
            [] => format!("batch {batch}"),
            records => self.records(records),
        }
    }

    /// `w2`, `w0 and w1`, `w0–w4`.
    pub(super) fn records(&self, records: &[RecordId]) -> String {
        let sorted = ackscope_sim::order::distinct(records.iter().copied());
        match sorted.as_slice() {
            [] => "nothing".to_owned(),
            [one] => self.record(*one).to_owned(),
            [one, other] if MOST_NAMES == 2 => format!("{} and {}", self.record(*one), self.record(*other)),
            [first, .., last] if last.0 - first.0 + 1 == sorted.len() as u32 => {
                format!("{}–{}", self.record(*first), self.record(*last))
            }
            [first, .., last] => {
                let (first, last) = (self.record(*first), self.record(*last));
                format!("{first} … {last} ({} records)", sorted.len())
            }
        }
    }

    /// What a broker's log held at these offsets just before a time.
    pub(super) fn held(
        &self,
        broker: BrokerId,
        partition: Partition,
        offsets: std::ops::Range<u32>,
        until: Time,
    ) -> Vec<RecordId> {
        let Some(replica) = self.story.replica(broker, partition) else { return Vec::new() };
        let bars = replica.bars.iter().filter(|bar| bar.from < until && bar.to >= until);
        bars.flat_map(|bar| {
            let (from, to) = (bar.base.0.max(offsets.start), bar.next.0.min(offsets.end));
            (from..to).filter_map(|offset| bar.record_at(Offset(offset)))
        })
        .collect()
    }

    /// Whether another broker's log holds the record at a time.
    pub(super) fn held_by_others(
        &self,
        record: RecordId,
        broker: BrokerId,
        partition: Partition,
        at: Time,
    ) -> bool {
        let others = self.story.brokers().iter().filter(|&&other| other != broker);
        let mut replicas = others.filter_map(|&other| self.story.replica(other, partition));
        replicas.any(|replica| {
            replica.bars.iter().any(|bar| bar.from <= at && at < bar.to && bar.holds(record).is_some())
        })
    }
}

/// `offset 7`, `offsets 5–9`.
pub(super) fn offsets(base: Offset, last: Offset) -> String {
    if base == last { format!("offset {base}") } else { format!("offsets {base}–{last}") }
}

/// `1 record`, `5 records`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
