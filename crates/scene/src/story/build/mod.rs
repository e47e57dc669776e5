//! Reads the trace once, from front to back, and sorts what it says into the story's lists.

mod actions;
mod clients;
mod finish;
mod logs;
mod messages;
mod opening;
mod states;

use std::collections::BTreeMap;
use std::sync::Arc;

use ackscope_sim::happening::{Fact, Happening};
use ackscope_sim::ids::{BatchId, BrokerId, ConnectionId, LeaderEpoch, NodeId, Partition, RecordId};
use ackscope_sim::protocol::batch::RecordBatch;
use ackscope_sim::run::Trace;
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;

use logs::{lead, settle};

use super::{BandRole, LogCut, Mark, MarkKind, Moment, RecordStory, Replica, State, Story};

impl Story {
    pub fn new(run: &Trace) -> Story {
        let mut builder = StoryBuilder::new(run);
        run.happenings.iter().for_each(|happening| builder.read(happening));
        builder.finish()
    }
}

/// A story in the making: of a trace whose happenings may come little by little.
pub struct StoryBuilder {
    spec: Arc<Spec>,
    story: Story,
    batches: BTreeMap<BatchId, Arc<RecordBatch>>,
    /// Requests that wait for their response.
    asked: BTreeMap<(ConnectionId, u32), u32>,
    /// The last heartbeat that the controller heard of each broker.
    heard: BTreeMap<BrokerId, u32>,
    /// The last answer with records that each broker got.
    fetched: BTreeMap<BrokerId, u32>,
    /// The newest leader epoch that each broker has been told of.
    told: BTreeMap<(BrokerId, Partition), LeaderEpoch>,
    /// The band of each node and state that is open.
    open: BTreeMap<(usize, u8), usize>,
}

impl StoryBuilder {
    fn node_index(&self, node: NodeId) -> Option<usize> {
        self.story.nodes.iter().position(|story| story.node == node)
    }

    /// Puts a sign on the lane of the happening's node.
    fn mark(&mut self, happening: &Happening, partition: Option<Partition>, kind: MarkKind) {
        self.mark_on(happening.node, happening, partition, kind);
    }

    fn mark_on(&mut self, node: NodeId, happening: &Happening, partition: Option<Partition>, kind: MarkKind) {
        let (at, id) = (happening.at, happening.id);
        // A registration or the like does not interrupt a quiet stretch.
        if kind.is_landmark() || !matches!(node, NodeId::Controller) {
            self.moment(at, false, kind.is_landmark());
        }
        self.story.marks.push(Mark { at, node, partition, happening: id, kind });
    }

    fn moment(&mut self, at: Time, is_send: bool, is_landmark: bool) {
        match self.story.moments.last_mut() {
            Some(last) if last.at == at => {
                last.is_send |= is_send;
                last.is_landmark |= is_landmark;
            }
            _ => self.story.moments.push(Moment { at, is_send, is_landmark }),
        }
    }

    fn replica(&mut self, node: NodeId, partition: Partition) -> Option<&mut Replica> {
        let place = self.story.brokers.iter().position(|&id| Some(id) == node.broker())?;
        let partitions = self.story.partitions.len();
        self.story.replicas.get_mut(place * partitions + usize::from(partition.0))
    }

    fn replicas_of(&mut self, node: NodeId) -> impl Iterator<Item = &mut Replica> {
        self.story.replicas.iter_mut().filter(move |replica| Some(replica.broker) == node.broker())
    }

    fn record(&mut self, id: RecordId) -> Option<&mut RecordStory> {
        self.story.records.get_mut(id.0 as usize)
    }

    fn batch(&mut self, id: BatchId) -> &mut Vec<RecordId> {
        let batches = &mut self.story.batches;
        let place = id.0 as usize;
        if batches.len() <= place {
            batches.resize_with(place + 1, Vec::new);
        }
        &mut batches[place]
    }

    /// The next happening.
    pub fn read(&mut self, happening: &Happening) {
        let (at, node) = (happening.at, happening.node);
        match &happening.fact {
            Fact::ActionDone { action } => self.action_done(happening, *action),
            Fact::ActionUndone { action } => self.action_undone(happening, *action),

            Fact::ProcessStarted => self.started(happening),
            Fact::ProcessKilled | Fact::ApplicationKilled => {
                self.stopped(happening, State::Down, MarkKind::Killed);
            }
            Fact::PowerLost => self.stopped(happening, State::Dark, MarkKind::PowerLost),
            Fact::StopRequested => self.mark(happening, None, MarkKind::Stopping),
            Fact::ProcessStopped => self.stopped(happening, State::Down, MarkKind::Stopped),
            Fact::Paused => self.enter(happening, State::Paused, MarkKind::Paused),
            Fact::Resumed => self.leave(happening, State::Paused, MarkKind::Resumed),
            Fact::LogDirFailed => self.enter(happening, State::DiskFailed, MarkKind::DiskFailed),
            Fact::LogDirRestored => self.leave(happening, State::DiskFailed, MarkKind::DiskRestored),

            Fact::MessageSent { envelope } => self.sent(happening, envelope),
            Fact::MessageArrived { sent } => self.arrived(*sent, at),
            Fact::MessageLost { sent } => self.lost(*sent, at),

            Fact::SendCalled { record } => self.send_called(happening, *record),
            Fact::Buffered { record, partition, batch } => self.buffered(*record, *partition, *batch),
            Fact::BatchDrained { .. } | Fact::FlushCompleted => self.moment(at, false, false),
            Fact::Acknowledged { record, .. } => self.answered(happening, *record, true),
            Fact::SendFailed { record, .. } => {
                self.answered(happening, *record, false);
                self.mark(happening, None, MarkKind::Failed(*record));
            }
            Fact::BatchRetried { partition, error, .. } => {
                self.mark(happening, Some(*partition), MarkKind::Retried(*error));
            }
            Fact::BatchExpired { partition, .. } => {
                self.mark(happening, Some(*partition), MarkKind::Expired);
            }
            Fact::Delivered { record, partition, .. } => self.delivered(happening, *record, *partition),
            Fact::PositionReset { from: None, .. } => {}
            Fact::PositionReset { partition, to, .. } => {
                self.mark(happening, Some(*partition), MarkKind::Reset { to: *to });
            }

            Fact::Appended { partition, base_offset, last_offset, leader_epoch, batch, .. } => {
                let offsets = (*base_offset, last_offset.next());
                self.appended(happening, *partition, offsets, *leader_epoch, *batch);
            }
            Fact::DuplicateRecognised { partition, .. } => {
                self.mark(happening, Some(*partition), MarkKind::DuplicateRecognised);
            }
            Fact::ProduceRefused { partition, error, .. } => {
                self.mark(happening, Some(*partition), MarkKind::Refused(*error));
            }
            Fact::HighWatermarkMoved { partition, to, .. } => {
                if let Some(replica) = self.replica(node, *partition) {
                    replica.high_watermarks.push((at, *to));
                }
            }
            Fact::Truncated { partition, from, to, because } => {
                let cut = LogCut { at, from: *from, to: *to, because: *because, happening: happening.id };
                self.truncated(happening, *partition, cut);
            }
            Fact::BecameLeader { partition, leader_epoch, high_watermark, log_end_offset } => {
                if let Some(replica) = self.replica(node, *partition) {
                    lead(replica, at, BandRole::Leading(*leader_epoch));
                    settle(replica, at, *log_end_offset, *high_watermark);
                }
                self.mark(happening, Some(*partition), MarkKind::Led(*leader_epoch));
            }
            Fact::BecameFollower { partition, .. } => {
                if let Some(replica) = self.replica(node, *partition) {
                    lead(replica, at, BandRole::Following);
                }
            }
            Fact::LogLoaded { partition, log_end_offset, high_watermark, .. } => {
                if let Some(replica) = self.replica(node, *partition) {
                    settle(replica, at, *log_end_offset, *high_watermark);
                }
            }

            Fact::BrokerFenced { broker } => self.fenced(happening, *broker),
            Fact::BrokerUnfenced { broker } => {
                self.end_state(NodeId::Broker(*broker), State::Fenced, at);
                self.mark(happening, None, MarkKind::Unfenced(*broker));
            }
            Fact::BrokerRegistered { broker, .. } => {
                self.mark(happening, None, MarkKind::Registered(*broker));
            }
            Fact::ControllerActivated => self.controller_activated(happening),
            Fact::ControllerLost => {
                self.begin(NodeId::Controller, State::Down, happening);
                self.mark(happening, None, MarkKind::ControllerLost);
            }
            Fact::PartitionCreated(change) => self.changed(happening, change, true),
            Fact::PartitionChanged(change) => self.changed(happening, change, false),

            // The narration tells these; pictures do not show them.
            Fact::AdminAnswered { .. }
            | Fact::LoadCompleted { .. }
            | Fact::Connecting { .. }
            | Fact::Connected { .. }
            | Fact::ConnectionRefused { .. }
            | Fact::Disconnected { .. }
            | Fact::ProducerStarted
            | Fact::ProducerRefused { .. }
            | Fact::ProducerClosed
            | Fact::SendBlocked { .. }
            | Fact::BatchClosed { .. }
            | Fact::BatchSplit { .. }
            | Fact::ProducerIdAssigned { .. }
            | Fact::ProducerEpochBumped { .. }
            | Fact::LeaderLearnt { .. }
            | Fact::RequestTimedOut { .. }
            | Fact::ProduceWaits { .. }
            | Fact::IsrProposed { .. }
            | Fact::IsrRefused { .. }
            | Fact::Flushed { .. }
            | Fact::FetchRefused { .. }
            | Fact::FetchingFailed { .. }
            | Fact::RegistrationRefused { .. }
            | Fact::ControlledShutdownBegan { .. }
            | Fact::ControlledShutdownGranted { .. }
            | Fact::ConsumerFailed { .. } => {}
        }
    }

    /// A moment that turns out to matter only later.
    fn insert_moment(&mut self, at: Time) {
        if let Err(place) = self.story.moments.binary_search_by_key(&at, |moment| moment.at) {
            self.story.moments.insert(place, Moment { at, is_send: false, is_landmark: false });
        }
    }
}
