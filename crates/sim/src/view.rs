//! The cluster at one moment, as plain data: what the stage draws and what invariants look at. Made from the world's
//! state; each node describes itself.

use serde::{Deserialize, Serialize};

use crate::chunks::Chunks;
use crate::ids::{
    BatchId, BrokerEpoch, BrokerId, Brokers, ClientId, LeaderEpoch, Offset, Partition, PartitionEpoch,
    RecordId,
};
use crate::protocol::PartitionState;
use crate::protocol::batch::LogBatch;
use crate::time::Time;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClusterView {
    pub now: Time,
    pub controller: ControllerView,
    pub brokers: Vec<BrokerView>,
    pub producers: Vec<ProducerView>,
    pub consumers: Vec<ConsumerView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessState {
    Running,
    Paused,
    /// Not running; the machine has power.
    Down,
    /// The machine has no power.
    Dark,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControllerView {
    pub process: ProcessState,
    pub active: bool,
    /// By partition number; None: not created yet.
    pub partitions: Vec<Option<PartitionState>>,
    pub brokers: Vec<RegisteredBroker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredBroker {
    pub id: BrokerId,
    pub broker_epoch: BrokerEpoch,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BrokerView {
    pub id: BrokerId,
    pub process: ProcessState,
    pub broker_epoch: Option<BrokerEpoch>,
    pub lifecycle: Lifecycle,
    pub log_dir_failed: bool,
    /// The replicas on this broker's disk, by partition.
    pub replicas: Vec<ReplicaView>,
}

/// How far a broker's process has come, in its own eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    NotRunning,
    /// Asks to be registered.
    Starting,
    /// Registered, fenced, loading logs.
    Recovery,
    /// Unfenced.
    Running,
    PendingControlledShutdown,
    ShuttingDown,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplicaView {
    pub partition: Partition,
    pub role: ReplicaRole,
    /// Stays with the engine: pictures read what was appended and cut.
    #[serde(skip)]
    pub log: Chunks<LogBatch>,
    pub log_start_offset: Offset,
    pub log_end_offset: Offset,
    pub high_watermark: Offset,
    /// Below this everything would survive a power loss.
    pub flushed: Offset,
    /// (epoch, start offset), as in leader-epoch-checkpoint.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ReplicaRole {
    Leader(LeaderView),
    /// The leader that this broker follows, if it knows of one.
    Follower {
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
    },
    /// The process is down, or the partition has no state in it yet.
    Offline,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaderView {
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub epoch_start_offset: Offset,
    pub isr: Brokers,
    /// Committed and proposed together.
    pub maximal_isr: Brokers,
    /// What the leader knows of each follower's log end.
    pub followers: Vec<(BrokerId, Option<Offset>)>,
    /// acks=all requests that wait.
    pub waiting_produces: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProducerView {
    pub client: ClientId,
    pub process: ProcessState,
    /// Queued batches by partition, head first.
    pub queued: Vec<BatchView>,
    /// Requests on the wire, by broker.
    pub in_flight: Vec<(BrokerId, Vec<BatchId>)>,
    pub max_in_flight: u32,
    pub buffer_total: u64,
    pub buffer_available: u64,
    /// `send()` calls that wait for memory or metadata.
    pub blocked: Vec<RecordId>,
    pub acknowledged: u32,
    pub failed: u32,
    pub producer_id: Option<(crate::ids::ProducerId, crate::ids::ProducerEpoch)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BatchView {
    pub id: BatchId,
    pub partition: Partition,
    pub records: Vec<RecordId>,
    pub bytes: u32,
    pub attempts: u32,
    pub created: Time,
    pub closed: bool,
    pub in_flight: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsumerView {
    pub client: ClientId,
    pub process: ProcessState,
    /// (partition, next offset to read, None before it is known).
    pub positions: Vec<(Partition, Option<Offset>)>,
    pub delivered: u32,
}
