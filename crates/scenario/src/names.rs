//! Names in a document, turned into the numbers of the engine: nodes, links, topics, partitions.

use ackscope_sim::ids::{BrokerId, Brokers, ClientId, MachineId, NodeId, Partition, TopicId};
use ackscope_sim::spec::Spec;

use crate::problem::nearest;
use crate::reader::Item;
use crate::tree::Value;

pub(crate) fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// `broker-1`, `controller`, `producer-p`, `consumer-c`.
pub(crate) fn node(item: &Item<'_>, spec: &Spec) -> Option<NodeId> {
    let text = item.text()?;
    let found = find_node(text, spec);
    if found.is_none() {
        let names = node_names(spec);
        item.refuse_name("no such node", text, names.iter().map(String::as_str));
    }
    found
}

pub(crate) fn find_node(text: &str, spec: &Spec) -> Option<NodeId> {
    nodes(spec).into_iter().find(|&node| spec.node_name(node) == text.trim())
}

/// Controller, brokers, producers, consumers.
pub fn nodes(spec: &Spec) -> Vec<NodeId> {
    [NodeId::Controller]
        .into_iter()
        .chain(spec.brokers.iter().map(|broker| NodeId::Broker(broker.id)))
        .chain((0..spec.producers.len() as u16).map(|index| NodeId::Producer(ClientId(index))))
        .chain((0..spec.consumers.len() as u16).map(|index| NodeId::Consumer(ClientId(index))))
        .collect()
}

fn node_names(spec: &Spec) -> Vec<String> {
    nodes(spec).into_iter().map(|node| spec.node_name(node)).collect()
}

pub(crate) fn broker(item: &Item<'_>, spec: &Spec) -> Option<BrokerId> {
    match node(item, spec)? {
        NodeId::Broker(id) => Some(id),
        _ => {
            item.refuse("only a broker can do that", "broker-1, …");
            None
        }
    }
}

/// Two nodes and a direction: `broker-1 <-> broker-2`, `broker-1 -> broker-2`, or one node and everything around it.
pub(crate) struct Path {
    pub from: NodeId,
    pub to: Option<NodeId>,
    pub one_way: bool,
}

pub(crate) fn path(item: &Item<'_>, text: &str, spec: &Spec) -> Option<Path> {
    let (from, to, one_way) = match (text.split_once("<->"), text.split_once("->")) {
        (Some((from, to)), _) => (from, Some(to), false),
        (None, Some((from, to))) => (from, Some(to), true),
        (None, None) => (text, None, false),
    };
    let find = |name: &str| {
        let found = find_node(name, spec);
        if found.is_none() {
            let names = node_names(spec);
            let message = match nearest(name.trim(), names.iter().map(String::as_str)) {
                Some(known) => format!("no such node: {}; did you mean {known}?", name.trim()),
                None => format!("no such node: {}", name.trim()),
            };
            item.refuse(
                message,
                "\"broker-1 <-> broker-2\", \"broker-1 -> broker-2\", or one node: all its links",
            );
        }
        found
    };
    let from = find(from)?;
    let to = match to {
        Some(to) => Some(find(to)?),
        None => None,
    };
    if to == Some(from) {
        item.refuse("a node has no link to itself", "two different nodes");
        return None;
    }
    Some(Path { from, to, one_way })
}

/// The machines at the ends of a path.
pub(crate) struct Link {
    pub a: MachineId,
    pub b: Option<MachineId>,
    pub one_way: bool,
}

pub(crate) fn link(item: &Item<'_>, text: &str, spec: &Spec) -> Option<Link> {
    let Path { from, to, one_way } = path(item, text, spec)?;
    let (a, b) = (spec.machine_of(from), to.map(|to| spec.machine_of(to)));
    if b == Some(a) {
        item.refuse("both are on one machine: there is no link between them", "nodes on different machines");
        return None;
    }
    Some(Link { a, b, one_way })
}

pub(crate) fn topic(item: &Item<'_>, spec: &Spec) -> Option<TopicId> {
    let text = item.text()?;
    let found =
        (0..).zip(&spec.topics).find(|(_, topic)| &*topic.name == text).map(|(index, _)| TopicId(index));
    if found.is_none() {
        item.refuse_name("no such topic", text, spec.topics.iter().map(|topic| &*topic.name));
    }
    found
}

/// `orders-0`.
pub(crate) fn partition(item: &Item<'_>, spec: &Spec) -> Option<Partition> {
    let text = item.text()?;
    let found = find_partition(text, spec);
    if found.is_none() {
        let names: Vec<String> =
            (0..spec.partitions.len() as u16).map(|index| spec.partition_name(Partition(index))).collect();
        item.refuse_name("no such partition", text, names.iter().map(String::as_str));
    }
    found
}

pub(crate) fn find_partition(text: &str, spec: &Spec) -> Option<Partition> {
    (0..spec.partitions.len() as u16).map(Partition).find(|&partition| spec.partition_name(partition) == text)
}

/// `orders` for all of its partitions, or one of them.
pub(crate) fn topic_or_partition(item: &Item<'_>, spec: &Spec) -> Vec<Partition> {
    let Some(text) = item.text() else { return Vec::new() };
    match (0..).zip(&spec.topics).find(|(_, topic)| &*topic.name == text) {
        Some((index, _)) => spec.partitions_of(TopicId(index)).collect(),
        None => partition(item, spec).into_iter().collect(),
    }
}

/// A broker that leads, or `"none"`.
pub(crate) fn leader(item: &Item<'_>, spec: &Spec) -> Option<Option<BrokerId>> {
    match &item.node.value {
        Value::Text(text) if text == "none" => Some(None),
        Value::Integer(_) => Some(Some(BrokerId(item.integer(1..spec.brokers.len() as u64 + 1)? as u32))),
        _ => Some(Some(broker(item, spec)?)),
    }
}

/// `[1, 2, 3]`, as Kafka's tools print an ISR.
pub(crate) fn brokers(item: &Item<'_>, spec: &Spec) -> Option<Brokers> {
    let range = 1..spec.brokers.len() as u64 + 1;
    item.list()?.iter().map(|one| one.integer(range.clone()).map(|id| BrokerId(id as u32))).collect()
}
