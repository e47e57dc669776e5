//! Names in a recording, and what they stand for here.

use ackscope_sim::config::TopicConfig;
use ackscope_sim::ids::{BrokerId, ClientId, MachineId, NodeId, Partition, TopicId};
use ackscope_sim::spec::TopicSpec;

use crate::limits;
use crate::problem::{Problem, at_most, missing, odd, within};
use crate::recorded::Step;

use super::Builder;

impl Builder<'_> {
    pub(super) fn node(&self, step: &Step) -> Result<NodeId, Problem> {
        match step.node.as_deref() {
            Some("kc") => Ok(NodeId::Controller),
            Some(name) => self.broker_named("node", name).map(NodeId::Broker),
            None => Err(missing("node", "\"kc\" or a broker's number")),
        }
    }

    /// A broker of this cluster, by its number.
    pub(super) fn broker_named(&self, what: &'static str, name: &str) -> Result<BrokerId, Problem> {
        let id = number(what, name)?;
        within(what, id, 1..=self.recorded.inputs.brokers).map(BrokerId)
    }

    pub(super) fn pair(&self, step: &Step) -> Result<(MachineId, MachineId), Problem> {
        let machine = |name: &Option<String>| {
            let name = name.as_deref().ok_or(missing("machine", "two machines, a and b"))?;
            self.machines.get(name).copied().ok_or_else(|| {
                let known: Vec<&str> = self.machines.keys().map(String::as_str).collect();
                odd("machine", quoted(name), known.join(", "))
            })
        };
        let (a, b) = (machine(&step.a)?, machine(&step.b)?);
        if a == b {
            let accepted = "two different machines: there is no link from one to itself";
            return Err(odd("machine", quoted(step.b.as_deref().unwrap_or_default()), accepted));
        }
        Ok((a, b))
    }

    pub(super) fn nodes_of(&self, client: &str) -> Vec<NodeId> {
        let producers = (0..).zip(&self.producer_names).filter(|(_, (owner, _))| owner == client);
        let consumers = (0..).zip(&self.consumer_names).filter(|(_, (owner, _))| owner == client);
        let producers = producers.map(|(index, _)| NodeId::Producer(ClientId(index)));
        producers.chain(consumers.map(|(index, _)| NodeId::Consumer(ClientId(index)))).collect()
    }

    pub(super) fn producer(&self, client: &str, name: &str) -> Result<ClientId, Problem> {
        let found = newest(&self.producer_names, client, name);
        found.ok_or_else(|| odd("producer", quoted(name), "one that command P made above"))
    }

    pub(super) fn consumer(&self, client: &str, name: &str) -> Result<ClientId, Problem> {
        let found = newest(&self.consumer_names, client, name);
        found.ok_or_else(|| odd("consumer", quoted(name), "one that command C made above"))
    }

    /// A topic that nobody created is known to the clients by name all the same.
    pub(super) fn topic(&mut self, name: &str) -> Result<TopicId, Problem> {
        if let Some(index) = self.topics.iter().position(|topic| &*topic.name == name) {
            return Ok(TopicId(index as u16));
        }
        at_most("topics", self.topics.len() + 1, limits::TOPICS)?;
        self.topics.push(TopicSpec { name: name.into(), partitions: 0, config: TopicConfig::default() });
        Ok(TopicId(self.topics.len() as u16 - 1))
    }

    pub(super) fn partition(&self, topic: &str, number: u32) -> Result<Partition, Problem> {
        let known = self.topics.iter().position(|spec| &*spec.name == topic);
        let topic = known.ok_or_else(|| odd("topic", quoted(topic), "one that command topic made above"))?;
        let found = self
            .partitions
            .iter()
            .position(|spec| usize::from(spec.topic.0) == topic && spec.number == number);
        let partitions = self.topics[topic].partitions;
        let none = || odd("partition", number, format!("below {partitions}, as many as the topic has"));
        Ok(Partition(found.ok_or_else(none)? as u16))
    }
}

pub(super) fn newest(names: &[(String, String)], client: &str, name: &str) -> Option<ClientId> {
    let found = names.iter().rposition(|(owner, own)| owner == client && own == name)?;
    Some(ClientId(found as u16))
}

pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A whole number of the kind that belongs there; how large it may be is the caller's to say.
pub(super) fn number<N: std::str::FromStr>(what: &'static str, text: &str) -> Result<N, Problem> {
    text.parse().map_err(|_| odd(what, quoted(text), "a whole number"))
}

/// `-`: none.
pub(super) fn optional(what: &'static str, text: &str) -> Result<Option<u32>, Problem> {
    if text == "-" { Ok(None) } else { number(what, text).map(Some) }
}

/// `k=v;k=v`.
pub(super) fn properties(text: &str) -> Result<Vec<(&str, &str)>, Problem> {
    text.split(';')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').ok_or_else(|| odd("setting", quoted(pair), "key=value")))
        .collect()
}

/// Broker N is 10.77.0.(10 + N); at 10.77.0.99 nothing lives.
pub(super) fn broker_at(address: &str) -> Result<BrokerId, Problem> {
    let host = address.split(':').next().unwrap_or_default();
    let last = host.rsplit('.').next().and_then(|last| last.parse::<u8>().ok());
    let id = last.and_then(|last| last.checked_sub(10));
    id.map(|id| BrokerId(id.into()))
        .ok_or_else(|| odd("bootstrap.servers", quoted(address), "10.77.0.11 for broker 1, and so on"))
}
