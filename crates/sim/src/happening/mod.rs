//! Everything that happens in a run, as plain data: the one stream that picture, list, narration, audit and tests read.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{ErrorCode, Failure};
use crate::ids::{
    BatchId, BrokerEpoch, BrokerId, Brokers, ConnectionId, HappeningId, LeaderEpoch, NodeId, Offset,
    Partition, PartitionEpoch, ProducerEpoch, ProducerId, RecordId,
};
use crate::protocol::Envelope;
use crate::script::ActionId;
use crate::time::Time;

/// One thing that happened, where, when, and because of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Happening {
    pub id: HappeningId,
    pub at: Time,
    /// The node that did it or to which it happened.
    pub node: NodeId,
    pub cause: Cause,
    pub fact: Fact,
}

/// What a happening goes back to, if to anything: an optional id in the room of an id, as a run keeps very many.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cause(u32);

impl Cause {
    pub const NONE: Cause = Cause(u32::MAX);

    pub fn id(self) -> Option<HappeningId> {
        (self != Cause::NONE).then_some(HappeningId(self.0))
    }
}

impl From<Option<HappeningId>> for Cause {
    fn from(id: Option<HappeningId>) -> Cause {
        id.map_or(Cause::NONE, |id| Cause(id.0))
    }
}

impl Hash for Cause {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cause, D::Error> {
        Option::deserialize(deserializer).map(Cause::from)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fact {
    // the scenario
    /// An action of the scenario (a fault, a repair, a command to an application) was carried out.
    ActionDone {
        action: ActionId,
    },
    /// What the admin client that asked for it heard.
    AdminAnswered {
        action: ActionId,
        error: Option<ErrorCode>,
    },
    /// An action's duration is over: its opposite was carried out.
    ActionUndone {
        action: ActionId,
    },
    /// The last record of a load was handed to its producer (the node).
    LoadCompleted {
        action: ActionId,
    },

    // processes and machines: the node is the one concerned
    ProcessStarted,
    /// kill -9, a crash, an OOM kill: what had been written survives in the page cache.
    ProcessKilled,
    /// SIGTERM received.
    StopRequested,
    ProcessStopped,
    PowerLost,
    Paused,
    Resumed,
    LogDirFailed,
    LogDirRestored,

    // network
    MessageSent {
        envelope: Arc<Envelope>,
    },
    /// `sent` is the MessageSent.
    MessageArrived {
        sent: HappeningId,
    },
    /// A packet vanished for good: the connection is gone, or a fault took it.
    MessageLost {
        sent: HappeningId,
    },
    Connecting {
        connection: ConnectionId,
        to: NodeId,
    },
    Connected {
        connection: ConnectionId,
        to: NodeId,
    },
    ConnectionRefused {
        connection: ConnectionId,
        to: NodeId,
    },
    /// The node has lost or closed its end.
    Disconnected {
        connection: ConnectionId,
        peer: NodeId,
        because: Disconnect,
    },

    // the application and its producer: the node is the producer
    ProducerStarted,
    /// The configuration was refused (ConfigException).
    ProducerRefused {
        failure: Arc<Failure>,
    },
    ProducerClosed,
    ApplicationKilled,
    /// `send()` was called.
    SendCalled {
        record: RecordId,
    },
    /// `send()` waits.
    SendBlocked {
        record: RecordId,
        on: BlockedOn,
    },
    Buffered {
        record: RecordId,
        partition: Partition,
        batch: BatchId,
    },
    /// The batch takes no more records.
    BatchClosed {
        batch: BatchId,
        partition: Partition,
        because: BatchClose,
    },
    /// The batch left the accumulator in a request; `attempt` counts from 1.
    BatchDrained {
        batch: BatchId,
        partition: Partition,
        records: u32,
        bytes: u32,
        attempt: u32,
    },
    /// The batch went back into the accumulator.
    BatchRetried {
        batch: BatchId,
        partition: Partition,
        error: ErrorCode,
        attempt: u32,
    },
    BatchSplit {
        batch: BatchId,
        into: Box<[BatchId]>,
    },
    BatchExpired {
        batch: BatchId,
        partition: Partition,
    },
    /// The application heard success; offset is None with acks=0.
    Acknowledged {
        record: RecordId,
        partition: Partition,
        offset: Option<Offset>,
    },
    /// The application heard failure (callback or future; `thrown`: by the call itself).
    SendFailed {
        record: RecordId,
        failure: Arc<Failure>,
        thrown: bool,
    },
    ProducerIdAssigned {
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    },
    ProducerEpochBumped {
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    },
    /// The client learnt who leads; `None`: nobody.
    LeaderLearnt {
        partition: Partition,
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
    },
    /// A request timed out: the client closes the connection.
    RequestTimedOut {
        connection: ConnectionId,
    },
    FlushCompleted,

    // brokers: the node is the broker
    Appended {
        partition: Partition,
        role: Role,
        base_offset: Offset,
        last_offset: Offset,
        leader_epoch: LeaderEpoch,
        batch: BatchId,
    },
    /// A retry of a stored batch: answered with the old offset, not appended.
    DuplicateRecognised {
        partition: Partition,
        batch: BatchId,
        base_offset: Offset,
    },
    ProduceRefused {
        partition: Partition,
        batch: BatchId,
        error: ErrorCode,
    },
    /// An acks=all request waits for the high watermark.
    ProduceWaits {
        partition: Partition,
        batch: BatchId,
        required_offset: Offset,
    },
    HighWatermarkMoved {
        partition: Partition,
        from: Offset,
        to: Offset,
    },
    Truncated {
        partition: Partition,
        from: Offset,
        to: Offset,
        because: Truncation,
    },
    BecameLeader {
        partition: Partition,
        leader_epoch: LeaderEpoch,
        log_end_offset: Offset,
        high_watermark: Offset,
    },
    BecameFollower {
        partition: Partition,
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
    },
    /// The leader asks the controller for another ISR.
    IsrProposed {
        partition: Partition,
        isr: Brokers,
    },
    IsrRefused {
        partition: Partition,
        error: ErrorCode,
    },
    Flushed {
        partition: Partition,
        to: Offset,
    },
    LogLoaded {
        partition: Partition,
        log_end_offset: Offset,
        high_watermark: Offset,
        clean: bool,
    },
    /// A fetch or other replication request was refused.
    FetchRefused {
        partition: Partition,
        from: NodeId,
        error: ErrorCode,
    },

    // controller
    ControllerActivated,
    ControllerLost,
    BrokerRegistered {
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
        clean: bool,
    },
    RegistrationRefused {
        broker: BrokerId,
        error: ErrorCode,
    },
    BrokerFenced {
        broker: BrokerId,
    },
    BrokerUnfenced {
        broker: BrokerId,
    },
    ControlledShutdownBegan {
        broker: BrokerId,
    },
    ControlledShutdownGranted {
        broker: BrokerId,
    },
    PartitionCreated(Arc<PartitionChange>),
    PartitionChanged(Arc<PartitionChange>),

    // consumers
    Delivered {
        record: RecordId,
        partition: Partition,
        offset: Offset,
        leader_epoch: LeaderEpoch,
    },
    PositionReset {
        partition: Partition,
        from: Option<Offset>,
        to: Offset,
        because: Reset,
    },
    ConsumerFailed {
        failure: Arc<Failure>,
    },
    /// A follower stops until there is another leader: what the leader sends does not continue its log.
    FetchingFailed {
        partition: Partition,
        leader: BrokerId,
        log_end_offset: Offset,
        base_offset: Offset,
    },
}

/// A partition's state as the controller committed it, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionChange {
    pub partition: Partition,
    pub replicas: Vec<BrokerId>,
    pub leader: Option<BrokerId>,
    pub previous_leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Brokers,
    pub previous_isr: Brokers,
    pub elr: Brokers,
    pub previous_elr: Brokers,
    pub recovering: bool,
    pub because: ChangeReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ChangeReason {
    Created,
    Fenced(BrokerId),
    ControlledShutdown(BrokerId),
    Unfenced(BrokerId),
    Registered(BrokerId),
    AlterPartition,
    LogDirFailed(BrokerId),
    PreferredElection,
    UncleanElection,
    ConfigChanged,
}

impl ChangeReason {
    /// One word for machines, and the broker that it is about.
    pub fn name(self) -> (&'static str, Option<BrokerId>) {
        match self {
            ChangeReason::Created => ("created", None),
            ChangeReason::Fenced(broker) => ("fenced", Some(broker)),
            ChangeReason::ControlledShutdown(broker) => ("controlled-shutdown", Some(broker)),
            ChangeReason::Unfenced(broker) => ("unfenced", Some(broker)),
            ChangeReason::Registered(broker) => ("registered", Some(broker)),
            ChangeReason::AlterPartition => ("alter-partition", None),
            ChangeReason::LogDirFailed(broker) => ("log-dir-failed", Some(broker)),
            ChangeReason::PreferredElection => ("preferred-election", None),
            ChangeReason::UncleanElection => ("unclean-election", None),
            ChangeReason::ConfigChanged => ("config-changed", None),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    Leader,
    Follower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Disconnect {
    /// This end closed it.
    Closed,
    /// The other end closed it, or its process died.
    ByPeer,
    TimedOut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BlockedOn {
    Metadata,
    Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BatchClose {
    /// The next record did not fit, or nothing more could.
    Full,
    Linger,
    /// Drained along with another partition of the same broker.
    Drained,
    Flush,
    Close,
    MemoryShort,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Truncation {
    /// The leader's log leaves ours at the end of this epoch.
    DivergingEpoch {
        leader_epoch: LeaderEpoch,
        end_offset: Offset,
    },
    /// No epoch to go by: back to the own high watermark (before 0.11).
    HighWatermark,
    /// The leader's log ends below ours.
    LeaderLogEnd,
    /// What had not reached the disk is gone.
    Unflushed,
    Wiped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reset {
    /// First position: assigned, nothing committed.
    Initial,
    OffsetOutOfRange,
    /// Log truncation detected: back to the point of divergence (KIP-320).
    Diverged,
    Seek,
}
