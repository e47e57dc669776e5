//! Happenings as expectations see them: a kind and named values. One table says how each is called and what can be asked
//! of it; a field is called here what the engine calls it.

use std::sync::Arc;

use ackscope_sim::error::{ErrorCode, Failure};
use ackscope_sim::happening::{
    BatchClose, BlockedOn, Disconnect, Fact, PartitionChange, Reset, Role, Truncation,
};
use ackscope_sim::ids::{
    BatchId, BrokerEpoch, BrokerId, Brokers, ConnectionId, HappeningId, LeaderEpoch, NodeId, Offset,
    Partition, PartitionEpoch, ProducerEpoch, ProducerId, RecordId,
};
use ackscope_sim::protocol::Envelope;
use ackscope_sim::script::ActionId;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leaf {
    None,
    Flag(bool),
    Number(i128),
    Text(String),
    Numbers(Vec<i128>),
}

pub(crate) type Leaves = Vec<(&'static str, Leaf)>;

macro_rules! facts {
    ($($kind:literal $variant:ident { $($field:tt $(: $name:ident)?),* })*) => {
        /// What an expectation can name.
        pub const KINDS: &[&str] = &[$($kind),*];

        /// The place of a happening's kind in `KINDS`.
        pub(crate) fn number(fact: &Fact) -> usize {
            enum Number { $($variant),* }
            match fact { $(Fact::$variant { .. } => Number::$variant as usize),* }
        }

        /// What can be asked of a kind.
        pub(crate) fn names(kind: &str) -> Vec<&'static str> {
            let mut names = Vec::new();
            match kind {
                $($kind => { $(names.extend(facts!(@names $field $(: $name)?));)* })*
                _ => {}
            }
            if kind == "truncated" {
                names.extend(["leader_epoch", "end_offset"]);
            }
            names
        }

        /// All values of a happening by name; what is within another value has a name of its own.
        pub(crate) fn fields(fact: &Fact) -> Leaves {
            let mut leaves = Leaves::new();
            match fact {
                $(facts!(@pattern $variant $($field $(: $name)?),*) => {
                    $(facts!(@put leaves $field $(: $name)?);)*
                })*
            }
            leaves
        }
    };
    (@pattern $variant:ident $($field:tt $(: $name:ident)?),*) => { Fact::$variant { $($field $(: $name)?),* } };
    (@names failure) => { ["exception", "message"] };
    (@names envelope) => { ["from", "to", "bytes", "api", "kind"] };
    (@names $field:tt : change) => {
        [
            "partition", "leader", "previous_leader", "leader_epoch", "partition_epoch", "isr", "previous_isr", "elr",
            "previous_elr", "recovering", "because", "broker",
        ]
    };
    (@names $field:ident) => { [stringify!($field)] };
    (@put $leaves:ident $field:ident) => { $field.put(stringify!($field), &mut $leaves) };
    (@put $leaves:ident $field:tt : $name:ident) => { $name.put(stringify!($name), &mut $leaves) };
}

facts! {
    "action-done" ActionDone { action }
    "action-undone" ActionUndone { action }
    "admin-answered" AdminAnswered { action, error }
    "load-completed" LoadCompleted { action }
    "process-started" ProcessStarted {}
    "process-killed" ProcessKilled {}
    "stop-requested" StopRequested {}
    "process-stopped" ProcessStopped {}
    "power-lost" PowerLost {}
    "paused" Paused {}
    "resumed" Resumed {}
    "log-dir-failed" LogDirFailed {}
    "log-dir-restored" LogDirRestored {}
    "message-sent" MessageSent { envelope }
    "message-arrived" MessageArrived { sent }
    "message-lost" MessageLost { sent }
    "connecting" Connecting { connection, to }
    "connected" Connected { connection, to }
    "connection-refused" ConnectionRefused { connection, to }
    "disconnected" Disconnected { connection, peer, because }
    "producer-started" ProducerStarted {}
    "producer-refused" ProducerRefused { failure }
    "producer-closed" ProducerClosed {}
    "application-killed" ApplicationKilled {}
    "send-called" SendCalled { record }
    "send-blocked" SendBlocked { record, on }
    "buffered" Buffered { record, partition, batch }
    "batch-closed" BatchClosed { batch, partition, because }
    "batch-drained" BatchDrained { batch, partition, records, bytes, attempt }
    "batch-retried" BatchRetried { batch, partition, error, attempt }
    "batch-split" BatchSplit { batch, into }
    "batch-expired" BatchExpired { batch, partition }
    "acknowledged" Acknowledged { record, partition, offset }
    "send-failed" SendFailed { record, failure, thrown }
    "producer-id-assigned" ProducerIdAssigned { producer_id, epoch }
    "producer-epoch-bumped" ProducerEpochBumped { producer_id, epoch }
    "leader-learnt" LeaderLearnt { partition, leader, leader_epoch }
    "request-timed-out" RequestTimedOut { connection }
    "flush-completed" FlushCompleted {}
    "appended" Appended { partition, role, base_offset, last_offset, leader_epoch, batch }
    "duplicate-recognised" DuplicateRecognised { partition, batch, base_offset }
    "produce-refused" ProduceRefused { partition, batch, error }
    "produce-waits" ProduceWaits { partition, batch, required_offset }
    "high-watermark-moved" HighWatermarkMoved { partition, from, to }
    "truncated" Truncated { partition, from, to, because }
    "became-leader" BecameLeader { partition, leader_epoch, log_end_offset, high_watermark }
    "became-follower" BecameFollower { partition, leader, leader_epoch }
    "isr-proposed" IsrProposed { partition, isr }
    "isr-refused" IsrRefused { partition, error }
    "flushed" Flushed { partition, to }
    "log-loaded" LogLoaded { partition, log_end_offset, high_watermark, clean }
    "fetch-refused" FetchRefused { partition, from, error }
    "controller-activated" ControllerActivated {}
    "controller-lost" ControllerLost {}
    "broker-registered" BrokerRegistered { broker, broker_epoch, clean }
    "registration-refused" RegistrationRefused { broker, error }
    "broker-fenced" BrokerFenced { broker }
    "broker-unfenced" BrokerUnfenced { broker }
    "controlled-shutdown-began" ControlledShutdownBegan { broker }
    "controlled-shutdown-granted" ControlledShutdownGranted { broker }
    "partition-created" PartitionCreated { 0: change }
    "partition-changed" PartitionChanged { 0: change }
    "delivered" Delivered { record, partition, offset, leader_epoch }
    "position-reset" PositionReset { partition, from, to, because }
    "consumer-failed" ConsumerFailed { failure }
    "fetching-failed" FetchingFailed { partition, leader, log_end_offset, base_offset }
}

/// A value that can be asked for by name.
trait Put {
    fn put(&self, name: &'static str, leaves: &mut Leaves);
}

macro_rules! numbers {
    ($($type:ty)*) => {
        $(impl Put for $type {
            fn put(&self, name: &'static str, leaves: &mut Leaves) {
                leaves.push((name, Leaf::Number(self.0.into())));
            }
        })*
    };
}

numbers! {
    ActionId BatchId BrokerEpoch BrokerId ConnectionId HappeningId LeaderEpoch Offset Partition PartitionEpoch
    ProducerEpoch ProducerId RecordId
}

impl Put for u32 {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        leaves.push((name, Leaf::Number((*self).into())));
    }
}

impl Put for bool {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        leaves.push((name, Leaf::Flag(*self)));
    }
}

impl<T: Put> Put for Option<T> {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        match self {
            Some(value) => value.put(name, leaves),
            None => leaves.push((name, Leaf::None)),
        }
    }
}

impl Put for Brokers {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        leaves.push((name, Leaf::Numbers(self.iter().map(|id| id.0.into()).collect())));
    }
}

impl Put for Box<[BatchId]> {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        leaves.push((name, Leaf::Numbers(self.iter().map(|id| id.0.into()).collect())));
    }
}

impl Put for ErrorCode {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        word(name, self.name(), leaves);
    }
}

impl Put for NodeId {
    /// Clients by number: only the scenario knows their names.
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        let text = match self {
            NodeId::Controller => "controller".to_owned(),
            NodeId::World => "world".to_owned(),
            NodeId::Broker(id) => format!("broker-{id}"),
            NodeId::Producer(client) => format!("producer-{client}"),
            NodeId::Consumer(client) => format!("consumer-{client}"),
        };
        leaves.push((name, Leaf::Text(text)));
    }
}

impl Put for Arc<Failure> {
    fn put(&self, _: &'static str, leaves: &mut Leaves) {
        word("exception", &self.exception, leaves);
        word("message", &self.message, leaves);
    }
}

impl Put for Arc<Envelope> {
    fn put(&self, _: &'static str, leaves: &mut Leaves) {
        let body = &self.message.body;
        self.from.put("from", leaves);
        self.to.put("to", leaves);
        self.bytes.put("bytes", leaves);
        word("api", body.api().name(), leaves);
        word("kind", if body.is_request() { "request" } else { "response" }, leaves);
    }
}

impl Put for Arc<PartitionChange> {
    fn put(&self, _: &'static str, leaves: &mut Leaves) {
        self.partition.put("partition", leaves);
        self.leader.put("leader", leaves);
        self.previous_leader.put("previous_leader", leaves);
        self.leader_epoch.put("leader_epoch", leaves);
        self.partition_epoch.put("partition_epoch", leaves);
        self.isr.put("isr", leaves);
        self.previous_isr.put("previous_isr", leaves);
        self.elr.put("elr", leaves);
        self.previous_elr.put("previous_elr", leaves);
        self.recovering.put("recovering", leaves);
        let (because, broker) = self.because.name();
        word("because", because, leaves);
        broker.put("broker", leaves);
    }
}

impl Put for Truncation {
    fn put(&self, name: &'static str, leaves: &mut Leaves) {
        let text = match self {
            Truncation::DivergingEpoch { leader_epoch, end_offset } => {
                leader_epoch.put("leader_epoch", leaves);
                end_offset.put("end_offset", leaves);
                "diverging-epoch"
            }
            Truncation::HighWatermark => "high-watermark",
            Truncation::LeaderLogEnd => "leader-log-end",
            Truncation::Unflushed => "unflushed",
            Truncation::Wiped => "wiped",
        };
        word(name, text, leaves);
    }
}

macro_rules! words {
    ($($type:ident { $($variant:ident $word:literal)* })*) => {
        $(impl Put for $type {
            fn put(&self, name: &'static str, leaves: &mut Leaves) {
                word(name, match self { $($type::$variant => $word),* }, leaves);
            }
        })*
    };
}

words! {
    Role { Leader "leader" Follower "follower" }
    Disconnect { Closed "closed" ByPeer "by-peer" TimedOut "timed-out" }
    BlockedOn { Metadata "metadata" Memory "memory" }
    Reset { Initial "initial" OffsetOutOfRange "offset-out-of-range" Diverged "diverged" Seek "seek" }
    BatchClose {
        Full "full" Linger "linger" Drained "drained" Flush "flush" Close "close" MemoryShort "memory-short"
        Expired "expired"
    }
}

fn word(name: &'static str, text: &str, leaves: &mut Leaves) {
    leaves.push((name, Leaf::Text(text.to_owned())));
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Leaf, fields, names, number};
    use ackscope_sim::happening::{Fact, Truncation};
    use ackscope_sim::ids::{LeaderEpoch, Offset, Partition};

    fn kind(fact: &Fact) -> &'static str {
        KINDS[number(fact)]
    }

    #[test]
    fn a_happening_is_a_kind_and_named_values() {
        let because = Truncation::DivergingEpoch { leader_epoch: LeaderEpoch(0), end_offset: Offset(5) };
        let fact = Fact::Truncated { partition: Partition(0), from: Offset(10), to: Offset(5), because };
        assert_eq!(kind(&fact), "truncated");
        assert_eq!(
            fields(&fact),
            [
                ("partition", Leaf::Number(0)),
                ("from", Leaf::Number(10)),
                ("to", Leaf::Number(5)),
                ("leader_epoch", Leaf::Number(0)),
                ("end_offset", Leaf::Number(5)),
                ("because", Leaf::Text("diverging-epoch".to_owned())),
            ]
        );
        assert_eq!(kind(&Fact::ControllerLost), "controller-lost");
    }

    #[test]
    fn what_can_be_asked_of_a_kind_is_what_it_has() {
        let because = Truncation::DivergingEpoch { leader_epoch: LeaderEpoch(0), end_offset: Offset(5) };
        let fact = Fact::Truncated { partition: Partition(0), from: Offset(10), to: Offset(5), because };
        let mut found: Vec<&str> = fields(&fact).into_iter().map(|(name, _)| name).collect();
        let mut known = names(kind(&fact));
        found.sort_unstable();
        known.sort_unstable();
        assert_eq!(found, known);
        assert_eq!(names("consumer-failed"), ["exception", "message"]);
        assert!(names("partition-changed").contains(&"isr"));
    }

    #[test]
    fn kinds_are_written_once() {
        let mut sorted = KINDS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), KINDS.len());
    }
}
