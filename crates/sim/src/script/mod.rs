//! What is done to the cluster from outside: faults, repairs, commands to applications. Data, carried out by the world
//! at a time or when something has happened. There is no other way to change a run.

mod act;
pub(crate) mod load;
pub(crate) mod progress;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{BrokerEpoch, BrokerId, Brokers, ClientId, MachineId, NodeId, Offset, Partition, TopicId};
use crate::protocol::Api;
use crate::spec::Spec;
use crate::time::{Duration, Time};

/// An entry's place in the script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(pub u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    pub when: Trigger,
    pub action: Action,
    /// Undone after this long, where the action has an opposite (pause/resume, cut/heal, slow/normal).
    pub lasts: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trigger {
    At(Time),
    /// This long after the entry of that number was done.
    After {
        entry: ActionId,
        delay: Duration,
    },
    /// `delay` after the condition has come true, and not before entry `not_before` was done. If it has not come true
    /// `give_up` after `not_before` (or the start), the entry is done regardless.
    When {
        condition: Condition,
        delay: Duration,
        not_before: Option<ActionId>,
        patience: Option<Patience>,
    },
}

/// How long to wait for a condition, and what will do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Patience {
    /// From here on a similar state will do (as many in each ISR, a leader where there was one).
    pub similar_after: Duration,
    pub give_up_after: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// Every partition named has this leader and ISR at the controller.
    State {
        partitions: Vec<(Partition, Option<BrokerId>, Brokers)>,
    },
    /// The producer's application has heard of `count` records whose value begins with `prefix`.
    Answers {
        producer: Option<ClientId>,
        prefix: Box<str>,
        count: u32,
        acks_only: bool,
    },
    /// The `count`th record is appended to the leader's log (counted over the partition's leaders).
    Appended {
        partition: Partition,
        count: u32,
    },
    /// A record is appended on that broker.
    AppendedOn {
        broker: BrokerId,
        partition: Partition,
        end_offset: Offset,
    },
    /// The partition's committed ISR has at most / at least so many members.
    IsrAtMost {
        partition: Partition,
        members: u32,
    },
    IsrAtLeast {
        partition: Partition,
        members: u32,
    },
    Leader {
        partition: Partition,
        leader: Option<BrokerId>,
    },
    /// The consumer has been given so many records.
    Delivered {
        consumer: ClientId,
        count: u32,
    },
    /// These clients together have reported this many events of a kind (`ready`, `burst`, `flush`, `closeP`, …).
    Events {
        clients: Vec<NodeId>,
        kind: Box<str>,
        count: u32,
    },
    /// The broker is unfenced (again).
    Running {
        broker: BrokerId,
    },
    /// All of them are unfenced at the controller.
    Unfenced {
        brokers: Brokers,
    },
    /// The broker's process has ended by itself.
    Stopped {
        broker: BrokerId,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    // processes
    Start {
        node: NodeId,
        boot: Boot,
    },
    /// kill -9.
    Kill {
        node: NodeId,
    },
    /// SIGTERM: controlled shutdown.
    Stop {
        node: NodeId,
    },
    /// SIGSTOP: the kernel goes on accepting bytes.
    Pause {
        node: NodeId,
    },
    Resume {
        node: NodeId,
    },
    /// The machine loses power: no packet leaves any more, unflushed data is gone.
    PowerLoss {
        node: NodeId,
    },
    // disks
    /// The log directory fails: KAFKA_STORAGE_ERROR.
    FailDisk {
        broker: BrokerId,
    },
    RestoreDisk {
        broker: BrokerId,
    },
    /// Appends and flushes take this much longer.
    SlowDisk {
        broker: BrokerId,
        by: Duration,
    },
    /// Writes hang until lifted.
    StallDisk {
        broker: BrokerId,
    },
    /// The partition's directory is deleted (None: the whole disk). The process must be down.
    Wipe {
        broker: BrokerId,
        partition: Option<Partition>,
    },
    /// The partition's log is cut to its first `keep` records, and loses its last batch at least. The process must be down.
    LoseUnflushed {
        broker: BrokerId,
        partition: Partition,
        keep: u64,
    },
    // network
    /// Packets vanish; `one_way`: only those from `a` to `b`. None for `b`: from everything.
    Cut {
        a: MachineId,
        b: Option<MachineId>,
        one_way: bool,
    },
    Heal {
        a: MachineId,
        b: Option<MachineId>,
    },
    /// Additional delay each way.
    SlowLink {
        a: MachineId,
        b: Option<MachineId>,
        by: Duration,
    },
    /// Something happens to the next `count` messages of a kind.
    Meddle {
        from: NodeId,
        to: NodeId,
        api: Api,
        response: bool,
        count: u32,
        what: Meddling,
    },
    CloseConnections {
        a: NodeId,
        b: NodeId,
    },
    // a broker's CPU
    SlowBroker {
        broker: BrokerId,
        by: Duration,
    },
    // the cluster's admin
    CreateTopic {
        topic: TopicId,
    },
    ElectLeader {
        partition: Partition,
        unclean: bool,
    },
    AlterTopic {
        topic: TopicId,
        config: crate::config::TopicConfig,
    },
    // applications
    StartProducer {
        producer: ClientId,
    },
    Send {
        producer: ClientId,
        record: SendRecord,
    },
    Load(Load),
    Flush {
        producer: ClientId,
    },
    CloseProducer {
        producer: ClientId,
        timeout: Duration,
    },
    StartConsumer {
        consumer: ClientId,
    },
    Seek {
        consumer: ClientId,
        partition: Partition,
        offset: Offset,
    },
    StopConsumer {
        consumer: ClientId,
    },
    /// The application's process dies, its buffers with it.
    KillApplication {
        node: NodeId,
    },
    /// A moment with a name.
    Note {
        text: Arc<str>,
    },
}

impl Action {
    /// Whether it is done to this client, or to a way that only this client uses.
    pub fn is_about_client(&self, spec: &Spec, client: NodeId) -> bool {
        let own_machine = |machine: MachineId| {
            let alone = spec.nodes().all(|other| other == client || spec.machine_of(other) != machine);
            alone && spec.machine_of(client) == machine
        };
        match self {
            Action::Start { node, .. }
            | Action::Kill { node }
            | Action::KillApplication { node }
            | Action::Stop { node }
            | Action::Pause { node }
            | Action::Resume { node }
            | Action::PowerLoss { node } => *node == client,
            Action::StartProducer { producer }
            | Action::Send { producer, .. }
            | Action::Flush { producer }
            | Action::CloseProducer { producer, .. } => NodeId::Producer(*producer) == client,
            Action::Load(load) => NodeId::Producer(load.producer) == client,
            Action::StartConsumer { consumer }
            | Action::StopConsumer { consumer }
            | Action::Seek { consumer, .. } => NodeId::Consumer(*consumer) == client,
            Action::Meddle { from: a, to: b, .. } | Action::CloseConnections { a, b } => {
                [*a, *b].contains(&client)
            }
            Action::Cut { a, b, .. } | Action::Heal { a, b } | Action::SlowLink { a, b, .. } => {
                own_machine(*a) || b.is_some_and(own_machine)
            }
            Action::FailDisk { .. }
            | Action::RestoreDisk { .. }
            | Action::SlowDisk { .. }
            | Action::StallDisk { .. }
            | Action::Wipe { .. }
            | Action::LoseUnflushed { .. }
            | Action::SlowBroker { .. }
            | Action::CreateTopic { .. }
            | Action::ElectLeader { .. }
            | Action::AlterTopic { .. }
            | Action::Note { .. } => false,
        }
    }

    /// Whether it can last for a while: then the end of that while undoes it (`World::undo`).
    pub fn has_opposite(&self) -> bool {
        matches!(
            self,
            Action::Pause { .. }
                | Action::Stop { .. }
                | Action::Kill { .. }
                | Action::PowerLoss { .. }
                | Action::FailDisk { .. }
                | Action::SlowDisk { .. }
                | Action::StallDisk { .. }
                | Action::SlowBroker { .. }
                | Action::Cut { .. }
                | Action::SlowLink { .. }
                | Action::Meddle { .. }
        )
    }
}

/// How long a process takes to come up. None: the scenario's costs decide, or what has to be waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Boot {
    /// From the start of the process to its first registration attempt (the controller: until it is active; a client:
    /// until its constructor returns).
    pub registers_after: Option<Duration>,
    /// From the start to the first heartbeat that asks to be unfenced; before KRaft, to the first ping of ZooKeeper, or to
    /// ZooKeeper's first tick.
    pub ready_after: Option<Duration>,
    /// The epoch that the registration will get, where a recorded run prescribes it.
    pub broker_epoch: Option<BrokerEpoch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Meddling {
    Drop,
    Duplicate,
    Delay(Duration),
    /// Held until the entry is undone.
    Hold,
    /// The receiver answers with this error instead of handling it.
    Refuse(crate::error::ErrorCode),
}

/// One record as an application hands it over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SendRecord {
    pub topic: TopicId,
    /// The partition number that the application names, if any.
    pub partition: Option<u32>,
    pub key: Option<Arc<str>>,
    pub value: Arc<str>,
    /// Bytes of the value where it is longer than what `value` shows.
    pub value_bytes: u32,
    /// What the serializer makes of it.
    pub serializable: bool,
}

/// A stream of records.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Load {
    pub producer: ClientId,
    pub topic: TopicId,
    pub partition: Option<u32>,
    pub count: u32,
    pub pacing: Pacing,
    pub keys: Keys,
    /// Values are this prefix and a number.
    pub prefix: Arc<str>,
    /// Digits of that number, zero-padded; 0: plain.
    pub digits: u32,
    pub value_bytes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pacing {
    /// One every `gap`, whatever becomes of the ones before (but `send()` itself may block).
    Every { gap: Duration },
    /// On average one every `gap`, exponentially spaced.
    Poisson { gap: Duration },
    /// The next one when this many are unanswered or fewer (1: wait for each future), at most one every `gap`.
    Outstanding { limit: u32, gap: Duration },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Keys {
    None,
    /// `k0` … `k(n-1)`, drawn evenly.
    Uniform {
        count: u32,
    },
    /// One key takes `hot_permille` of all, the rest go evenly.
    Hot {
        count: u32,
        hot_permille: u32,
    },
    RoundRobin {
        count: u32,
    },
}
