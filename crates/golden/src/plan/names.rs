//! Names in a recording, and what they stand for here.

use ackscope_sim::config::TopicConfig;
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, NodeId, Partition, TopicId};
use ackscope_sim::spec::TopicSpec;

use crate::recorded::Step;

use super::Builder;

impl Builder<'_> {
    pub(super) fn node(&self, step: &Step) -> Result<NodeId, String> {
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

    pub(super) fn pair(&self, step: &Step) -> Result<(MachineId, MachineId), String> {
        let machine = |name: &Option<String>| {
            let name = name.as_deref().ok_or("needs two machines")?;
            self.machines.get(name).copied().ok_or_else(|| format!("unknown machine {name:?}"))
        };
        Ok((machine(&step.a)?, machine(&step.b)?))
    }

    pub(super) fn nodes_of(&self, client: &str) -> Vec<NodeId> {
        let producers = (0..).zip(&self.producer_names).filter(|(_, (owner, _))| owner == client);
        let consumers = (0..).zip(&self.consumer_names).filter(|(_, (owner, _))| owner == client);
        let producers = producers.map(|(index, _)| NodeId::Producer(ClientId(index)));
        producers.chain(consumers.map(|(index, _)| NodeId::Consumer(ClientId(index)))).collect()
    }

    pub(super) fn producer(&self, client: &str, name: &str) -> Result<ClientId, String> {
        newest(&self.producer_names, client, name).ok_or_else(|| format!("unknown producer {name:?}"))
    }

    pub(super) fn consumer(&self, client: &str, name: &str) -> Result<ClientId, String> {
        newest(&self.consumer_names, client, name).ok_or_else(|| format!("unknown consumer {name:?}"))
    }

    /// A topic that nobody created is known to the clients by name all the same.
    pub(super) fn topic(&mut self, name: &str) -> Result<TopicId, String> {
        if let Some(index) = self.topics.iter().position(|topic| &*topic.name == name) {
            return Ok(TopicId(index as u16));
        }
        self.topics.push(TopicSpec { name: name.into(), partitions: 0, config: TopicConfig::default() });
        Ok(TopicId(self.topics.len() as u16 - 1))
    }

    pub(super) fn partition(&self, topic: &str, number: u32) -> Result<Partition, String> {
        let topic = self.topics.iter().position(|spec| &*spec.name == topic).ok_or("unknown topic")?;
        let found = self
            .partitions
            .iter()
            .position(|spec| usize::from(spec.topic.0) == topic && spec.number == number);
        Ok(Partition(found.ok_or("unknown partition")? as u16))
    }
}

pub(super) fn newest(names: &[(String, String)], client: &str, name: &str) -> Option<ClientId> {
    let found = names.iter().rposition(|(owner, own)| owner == client && own == name)?;
    Some(ClientId(found as u16))
}

pub(super) fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

/// `-`: none.
pub(super) fn optional(text: &str) -> Result<Option<u32>, String> {
    if text == "-" { Ok(None) } else { number(text).map(Some) }
}

/// `k=v;k=v`.
pub(super) fn properties(text: &str) -> Result<Vec<(&str, &str)>, String> {
    text.split(';')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').ok_or_else(|| format!("{pair:?} is not key=value")))
        .collect()
}

/// Broker N is 10.77.0.(10 + N); at 10.77.0.99 nothing lives.
pub(super) fn broker_at(address: &str) -> Result<BrokerId, String> {
    let host = address.split(':').next().unwrap_or_default();
    let last: u32 = number(host.rsplit('.').next().unwrap_or_default())?;
    last.checked_sub(10).map(BrokerId).ok_or_else(|| format!("{address:?} is no broker's address"))
}
