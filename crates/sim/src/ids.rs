//! Names of things. Every id, offset and epoch is a type of its own, so that one cannot stand in for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            #[allow(dead_code)]
            pub fn next(self) -> $name {
                $name(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(/// A broker's `node.id`; 1 to 63.
    BrokerId(u32));
number!(/// Index of the producer or consumer in the scenario, from 0.
    ClientId(u16));
number!(/// Index of the topic in the scenario, from 0.
    TopicId(u16));
number!(/// A topic-partition: its place in `Spec::partitions`, counted through all topics.
    Partition(u16));
number!(/// A place in a log. Simulated logs stay far below what this holds.
    Offset(u32));
number!(/// Raised with every change of leader.
    LeaderEpoch(u32));
number!(/// Raised with every change of a partition's state at the controller.
    PartitionEpoch(u32));
number!(/// Given at registration: the offset of the registration record.
    BrokerEpoch(u64));
number!(/// `producer.id`, given out by InitProducerId.
    ProducerId(u64));
number!(/// `producer.epoch`.
    ProducerEpoch(u16));
number!(/// A consumer group of the scenario, from 0.
    GroupId(u16));
number!(/// A member of a group, as its coordinator has named it.
    MemberId(u32));
number!(/// Raised with every rebalance of a group.
    Generation(u32));
number!(/// A `transactional.id` of the scenario, from 0.
    TransactionalId(u16));
number!(/// A record's number within one producer id, epoch and partition; wraps after 2147483647.
    Sequence(u32));
number!(/// A record that an application has offered to a producer, in order of `send()` over the whole run.
    RecordId(u32));
number!(/// A producer's batch, numbered over the whole run. A retry keeps its number, the children of a split get new ones.
    BatchId(u32));
number!(/// Position in the controller's metadata log.
    MetadataOffset(u64));
number!(/// A TCP connection, numbered over the whole run.
    ConnectionId(u32));
number!(/// A machine: processes on the same machine share its links and its power.
    MachineId(u8));
number!(/// A happening's number: its place in the trace.
    HappeningId(u32));

/// A process that takes part in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeId {
    Controller,
    Broker(BrokerId),
    Producer(ClientId),
    Consumer(ClientId),
    /// The scenario itself: what is done to the cluster from outside.
    World,
}

impl NodeId {
    pub fn broker(self) -> Option<BrokerId> {
        match self {
            NodeId::Broker(id) => Some(id),
            NodeId::Controller | NodeId::Producer(_) | NodeId::Consumer(_) | NodeId::World => None,
        }
    }
}

/// A set of brokers (an ISR, an ELR): order carries no meaning there.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Brokers(u64);

impl Brokers {
    pub const NONE: Brokers = Brokers(0);
    /// Highest id that fits.
    pub const MAX_ID: u32 = 63;

    pub fn contains(self, id: BrokerId) -> bool {
        self.0 & (1 << id.0) != 0
    }

    #[must_use]
    pub fn with(self, id: BrokerId) -> Brokers {
        assert!(id.0 <= Brokers::MAX_ID, "broker id {id} is beyond {}", Brokers::MAX_ID);
        Brokers(self.0 | 1 << id.0)
    }

    #[must_use]
    pub fn without(self, id: BrokerId) -> Brokers {
        Brokers(self.0 & !(1 << id.0))
    }

    #[must_use]
    pub fn union(self, other: Brokers) -> Brokers {
        Brokers(self.0 | other.0)
    }

    #[must_use]
    pub fn minus(self, other: Brokers) -> Brokers {
        Brokers(self.0 & !other.0)
    }

    pub fn is_subset(self, other: Brokers) -> bool {
        self.minus(other).is_empty()
    }

    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Ascending by id.
    pub fn iter(self) -> impl Iterator<Item = BrokerId> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let id = (left != 0).then(|| BrokerId(left.trailing_zeros()))?;
            left &= left - 1;
            Some(id)
        })
    }
}

impl FromIterator<BrokerId> for Brokers {
    fn from_iter<I: IntoIterator<Item = BrokerId>>(ids: I) -> Brokers {
        ids.into_iter().fold(Brokers::NONE, Brokers::with)
    }
}

impl fmt::Display for Brokers {
    /// As Kafka's tools print an ISR: `[1, 2, 3]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (place, id) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{id}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Brokers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Brokers {
    /// From the compact form only: nobody reads lists of them.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Brokers, D::Error> {
        u64::deserialize(deserializer).map(Brokers)
    }
}
