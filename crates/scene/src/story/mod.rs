//! A run indexed for drawing, once: messages with both ends, every record's stay in every log, states as bands of time,
//! marks. Everything is sorted, so that a picture finds what its window shows by binary search.

mod build;
mod doom;
mod queries;

pub use build::StoryBuilder;

use std::sync::Arc;

use ackscope_sim::audit::Fate;
use ackscope_sim::happening::{PartitionChange, Truncation};
use ackscope_sim::ids::{
    BatchId, BrokerId, Brokers, ClientId, HappeningId, LeaderEpoch, MachineId, NodeId, Offset, Partition,
    RecordId,
};
use ackscope_sim::protocol::batch::RecordBatch;
use ackscope_sim::protocol::{Envelope, PartitionState};
use ackscope_sim::time::Time;

pub struct Story {
    pub end: Time,
    /// One lane each: producers, brokers, controller, consumers.
    pub nodes: Vec<NodeStory>,
    /// By record number.
    pub records: Vec<RecordStory>,
    /// In order of sending.
    pub messages: Vec<Message>,
    /// The same by direction and kind, what matters last: a picture thins each by itself.
    pub flows: Vec<Flow>,
    /// The latest arrival among the messages up to each one: what a window's start is searched in.
    reach: Vec<Time>,
    /// Broker by broker in the scenario's order, partition by partition.
    pub replicas: Vec<Replica>,
    pub partitions: Vec<PartitionStory>,
    pub marks: Vec<Mark>,
    pub silences: Vec<Silence>,
    pub cuts: Vec<LinkCut>,
    /// What was done from outside, in order.
    pub deeds: Vec<Deed>,
    /// What gets room on the elastic axis.
    pub moments: Vec<Moment>,
    /// By batch number: the records that a producer put into it.
    batches: Vec<Vec<RecordId>>,
    brokers: Vec<BrokerId>,
}

pub struct NodeStory {
    pub node: NodeId,
    pub machine: MachineId,
    /// `Broker 1`, `Producer`, `Producer orders`.
    pub name: String,
    /// What the lane says beneath the name, where that never changes: `acks=1`.
    pub detail: String,
    /// When it was not simply running, and not in order: a paused process can be fenced as well.
    pub bands: Vec<Band>,
    /// Producers: their records in order of `send()`.
    pub sends: Vec<RecordId>,
    /// Producers: their records in the order in which the application heard of them.
    pub answers: Vec<RecordId>,
    /// Consumers: what they were given, in order.
    pub deliveries: Vec<Delivery>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub at: Time,
    pub record: RecordId,
    pub partition: Partition,
    pub happening: HappeningId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub from: Time,
    pub to: Time,
    pub state: State,
    pub happening: Option<HappeningId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No process.
    Down,
    /// No power.
    Dark,
    Paused,
    /// The process runs, but the controller has not let it in yet.
    Starting,
    /// The controller has fenced it, though the process may not know.
    Fenced,
    DiskFailed,
}

pub struct RecordStory {
    /// What it is called: the value's beginning, numbers without leading zeros.
    pub name: Arc<str>,
    pub producer: ClientId,
    pub partition: Option<Partition>,
    pub sent: Time,
    pub send: Option<HappeningId>,
    /// When it first left the accumulator.
    pub drained: Option<Time>,
    pub answer: Option<Answer>,
    pub fate: Fate,
    /// Behind one that was sent after it.
    pub reordered: bool,
    /// Some broker has ever had it.
    pub stored: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub at: Time,
    pub acknowledged: bool,
    pub happening: HappeningId,
}

/// What an arrow looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Produce,
    /// A successful produce response.
    Ack,
    Fetch,
    /// A fetch response with records.
    Data,
    Heartbeat,
    /// Clients asking about the cluster.
    Metadata,
    /// Brokers and controller: metadata log, ISR changes, registrations.
    Control,
    /// A refusal, or an answer that makes a follower truncate.
    Error,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::Produce,
        Kind::Ack,
        Kind::Fetch,
        Kind::Data,
        Kind::Heartbeat,
        Kind::Metadata,
        Kind::Control,
        Kind::Error,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Produce => "produce",
            Kind::Ack => "ack",
            Kind::Fetch => "fetch",
            Kind::Data => "data",
            Kind::Heartbeat => "heartbeat",
            Kind::Metadata => "metadata",
            Kind::Control => "control",
            Kind::Error => "error",
        }
    }
}

pub struct Message {
    /// Its `MessageSent`.
    pub id: HappeningId,
    pub sent: Time,
    pub arrived: Option<Time>,
    pub lost: Option<Time>,
    pub kind: Kind,
    /// It carried a record or changed something; the rest is shown when there is room for it.
    pub matters: bool,
    pub envelope: Arc<Envelope>,
    /// The request of this response, or the response to this request.
    pub partner: Option<u32>,
}

impl Message {
    /// Until when it was under way.
    pub fn until(&self, end: Time) -> Time {
        self.arrived.or(self.lost).unwrap_or(end)
    }
}

/// Messages of one kind from one node to another.
pub struct Flow {
    pub from: NodeId,
    pub to: NodeId,
    pub kind: Kind,
    pub matters: bool,
    /// Places among the messages, in order of sending.
    pub messages: Vec<u32>,
    /// The latest arrival up to each.
    reach: Vec<Time>,
}

/// One broker's log of one partition.
pub struct Replica {
    pub broker: BrokerId,
    pub partition: Partition,
    /// In order of appending.
    pub bars: Vec<Bar>,
    pub blocks: Vec<Block>,
    /// What the broker took for committed, step by step.
    pub high_watermarks: Vec<(Time, Offset)>,
    /// Log end, step by step.
    pub ends: Vec<(Time, Offset)>,
    pub cuts: Vec<LogCut>,
    /// Where the high watermark stood still below the log's end, in order.
    pub lags: Vec<Lag>,
    pub roles: Vec<RoleBand>,
    by_batch: Vec<(BatchId, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    pub from: Time,
    pub to: Time,
    pub high_watermark: Offset,
}

/// A batch's stay in a log.
#[derive(Clone, Debug)]
pub struct Bar {
    pub base: Offset,
    /// One past the last.
    pub next: Offset,
    pub epoch: LeaderEpoch,
    pub batch: Option<Arc<RecordBatch>>,
    /// The batch's records before those of this bar: old logs hold them one by one.
    pub skip: usize,
    pub from: Time,
    /// When it was cut off; `Time::NEVER`: it is still there.
    pub to: Time,
    pub appended: HappeningId,
    pub doom: Option<Doom>,
    /// The log already held these records: a retry stored twice.
    pub again: bool,
}

/// Since when a copy has been in no leader's history: it will be cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doom {
    pub from: Time,
    /// An acknowledged record is lost with it.
    pub lost: bool,
}

/// Neighbouring bars that look alike and end together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub bars: std::ops::Range<usize>,
    pub epoch: LeaderEpoch,
    pub base: Offset,
    pub next: Offset,
    pub from: Time,
    pub to: Time,
    pub doom: Option<Doom>,
    pub again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogCut {
    pub at: Time,
    pub from: Offset,
    pub to: Offset,
    pub because: Truncation,
    pub happening: HappeningId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleBand {
    pub from: Time,
    pub to: Time,
    pub role: BandRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandRole {
    Leading(LeaderEpoch),
    Following,
}

#[derive(Default)]
pub struct PartitionStory {
    /// `orders-0`.
    pub name: String,
    /// The controller's word on it at time zero.
    pub opening: Option<PartitionState>,
    /// What the controller committed, in order.
    pub changes: Vec<Change>,
    /// The highest offset that any replica ever reached.
    pub end: Offset,
    /// Offsets of copies that were cut off or are doomed to be.
    pub disputed: Vec<(Offset, Offset)>,
}

pub struct Change {
    pub at: Time,
    pub happening: HappeningId,
    pub change: Arc<PartitionChange>,
}

/// From the last heartbeat that the controller heard to the fencing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    pub broker: BrokerId,
    pub from: Time,
    pub to: Time,
    pub heartbeat: Option<HappeningId>,
    pub fenced: HappeningId,
}

/// A cut network path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkCut {
    pub a: MachineId,
    /// None: from everything.
    pub b: Option<MachineId>,
    pub one_way: bool,
    pub from: Time,
    pub to: Time,
    pub happening: HappeningId,
}

/// Something done to a node from outside: a fault or its repair, by the happening that carried it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    pub at: Time,
    pub node: NodeId,
    pub happening: HappeningId,
}

/// Something that stands as a sign on its node's lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: Time,
    pub node: NodeId,
    pub partition: Option<Partition>,
    pub happening: HappeningId,
    pub kind: MarkKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    // processes, machines and the network
    Killed,
    PowerLost,
    Stopping,
    Stopped,
    Started,
    Paused,
    Resumed,
    DiskFailed,
    DiskRestored,
    /// Done from outside, in words: `cut from broker 2`.
    Fault(String),
    Note(Arc<str>),
    // controller
    Elected {
        leader: BrokerId,
        leader_epoch: LeaderEpoch,
        log_end_offset: Offset,
        unclean: bool,
    },
    Leaderless,
    IsrChanged {
        isr: Brokers,
        grew: bool,
    },
    Fenced(BrokerId),
    Unfenced(BrokerId),
    Registered(BrokerId),
    ControllerLost,
    ControllerActive,
    // brokers
    Led(LeaderEpoch),
    Truncated {
        from: Offset,
        to: Offset,
        because: Truncation,
    },
    Refused(ackscope_sim::error::ErrorCode),
    DuplicateRecognised,
    // clients
    Retried(ackscope_sim::error::ErrorCode),
    Expired,
    Failed(RecordId),
    Reset {
        to: Offset,
    },
}

impl MarkKind {
    /// Worth a stop when jumping from moment to moment, and a sign on the overview.
    pub fn is_landmark(&self) -> bool {
        match self {
            MarkKind::Killed
            | MarkKind::PowerLost
            | MarkKind::Stopping
            | MarkKind::Paused
            | MarkKind::Resumed
            | MarkKind::Started
            | MarkKind::DiskFailed
            | MarkKind::DiskRestored
            | MarkKind::Fault(_)
            | MarkKind::Note(_)
            | MarkKind::Elected { .. }
            | MarkKind::Leaderless
            | MarkKind::IsrChanged { .. }
            | MarkKind::ControllerLost
            | MarkKind::ControllerActive
            | MarkKind::Truncated { .. }
            | MarkKind::Expired
            | MarkKind::Reset { .. } => true,
            MarkKind::Stopped
            | MarkKind::Fenced(_)
            | MarkKind::Unfenced(_)
            | MarkKind::Registered(_)
            | MarkKind::Led(_)
            | MarkKind::Refused(_)
            | MarkKind::DuplicateRecognised
            | MarkKind::Retried(_)
            | MarkKind::Failed(_) => false,
        }
    }
}

/// A time at which something happened that deserves room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Time,
    /// Room for a record's name.
    pub is_send: bool,
    /// Its surroundings keep their room in a busy stretch.
    pub is_landmark: bool,
}
