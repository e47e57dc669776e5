//! Reads the trace once, from front to back, and sorts what it says into the story's lists.

mod actions;
mod logs;
mod messages;

use std::collections::BTreeMap;
use std::sync::Arc;

use ackscope_sim::audit::Fate;
use ackscope_sim::happening::{ChangeReason, Fact, Happening, PartitionChange};
use ackscope_sim::ids::{
    BatchId, BrokerId, ConnectionId, HappeningId, LeaderEpoch, NodeId, Offset, Partition, RecordId,
};
use ackscope_sim::protocol::batch::RecordBatch;
use ackscope_sim::run::Trace;
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;
use ackscope_sim::view::{ClusterView, ProcessState, ReplicaRole};

use logs::{close_role, lags, lead, settle, truncate, union};

use super::{
    Answer, Band, BandRole, Bar, Change, Delivery, LogCut, Mark, MarkKind, Moment, NodeStory, PartitionStory,
    RecordStory, Replica, Silence, State, Story, doom,
};

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

fn slot(state: State) -> u8 {
    match state {
        State::Down | State::Dark => 0,
        State::Paused => 1,
        State::Starting | State::Fenced => 2,
        State::DiskFailed => 3,
    }
}

fn numbered(kind: &str, name: &str, only: bool) -> String {
    if only { kind.to_owned() } else { format!("{kind} {name}") }
}

impl StoryBuilder {
    /// Of everything in the trace but its happenings.
    pub fn new(run: &Trace) -> StoryBuilder {
        let Trace { spec, ledger, audit, end, .. } = run;
        let partitions = spec.partitions.len();
        let bare = |node, name, detail| NodeStory {
            node,
            machine: spec.machine_of(node),
            name,
            detail,
            bands: Vec::new(),
            sends: Vec::new(),
            answers: Vec::new(),
            deliveries: Vec::new(),
        };
        let mut nodes = Vec::new();
        for (index, producer) in (0..).zip(&spec.producers) {
            let detail = match &producer.config {
                Ok(config) => format!("acks={}", config.acks.name()),
                Err(_) => "refused".to_owned(),
            };
            let name = numbered("Producer", &producer.name, spec.producers.len() == 1);
            nodes.push(bare(NodeId::Producer(ackscope_sim::ids::ClientId(index)), name, detail));
        }
        for broker in &spec.brokers {
            nodes.push(bare(NodeId::Broker(broker.id), format!("Broker {}", broker.id), String::new()));
        }
        nodes.push(bare(NodeId::Controller, "Controller".to_owned(), String::new()));
        for (index, consumer) in (0..).zip(&spec.consumers) {
            let name = numbered("Consumer", &consumer.name, spec.consumers.len() == 1);
            nodes.push(bare(NodeId::Consumer(ackscope_sim::ids::ClientId(index)), name, String::new()));
        }
        let records = ledger.iter().map(|(id, offered)| {
            let audited = audit.records.get(id.0 as usize);
            RecordStory {
                name: label(ledger.value(id)),
                producer: offered.producer,
                partition: audited.and_then(|audited| audited.partition),
                sent: offered.at,
                send: None,
                drained: None,
                answer: None,
                fate: audited.map_or(Fate::Undecided, |audited| audited.fate),
                reordered: audited.is_some_and(|audited| audited.reordered),
                stored: false,
            }
        });
        let replicas = spec.brokers.iter().flat_map(|broker| {
            (0..partitions).map(|partition| Replica {
                broker: broker.id,
                partition: Partition(partition as u16),
                bars: Vec::new(),
                blocks: Vec::new(),
                high_watermarks: Vec::new(),
                ends: Vec::new(),
                cuts: Vec::new(),
                lags: Vec::new(),
                roles: Vec::new(),
                by_batch: Vec::new(),
            })
        });
        let story = Story {
            end: *end,
            nodes,
            records: records.collect(),
            messages: Vec::new(),
            flows: Vec::new(),
            reach: Vec::new(),
            replicas: replicas.collect(),
            partitions: (0..partitions as u16)
                .map(|partition| PartitionStory {
                    name: spec.partition_name(Partition(partition)),
                    ..PartitionStory::default()
                })
                .collect(),
            marks: Vec::new(),
            silences: Vec::new(),
            cuts: Vec::new(),
            deeds: Vec::new(),
            moments: Vec::new(),
            batches: Vec::new(),
            brokers: spec.brokers.iter().map(|broker| broker.id).collect(),
        };
        let mut builder = StoryBuilder {
            spec: Arc::clone(spec),
            story,
            batches: BTreeMap::new(),
            asked: BTreeMap::new(),
            heard: BTreeMap::new(),
            fetched: BTreeMap::new(),
            told: BTreeMap::new(),
            open: BTreeMap::new(),
        };
        // Long runs send many: room for all of them at once, instead of twice as much in the end.
        builder.story.messages.reserve_exact(run.messages as usize);
        builder.open_with(&run.opening);
        builder
    }

    /// What was so before anything happened.
    fn open_with(&mut self, view: &ClusterView) {
        let controller = &view.controller;
        for (story, state) in self.story.partitions.iter_mut().zip(&controller.partitions) {
            story.opening = state.clone();
        }
        self.open_node(NodeId::Controller, controller.process);
        for broker in &view.brokers {
            let node = NodeId::Broker(broker.id);
            self.open_node(node, broker.process);
            let registered = controller.brokers.iter().find(|registered| registered.id == broker.id);
            let up = matches!(broker.process, ProcessState::Running | ProcessState::Paused);
            if up && registered.is_none_or(|registered| registered.fenced) {
                self.begin_at(node, State::Starting, Time::ZERO, None);
            }
            for view in &broker.replicas {
                let Some(replica) = self.replica(node, view.partition) else { continue };
                match &view.role {
                    ReplicaRole::Leader(leader) => {
                        lead(replica, Time::ZERO, BandRole::Leading(leader.leader_epoch));
                    }
                    ReplicaRole::Follower { .. } => lead(replica, Time::ZERO, BandRole::Following),
                    ReplicaRole::Offline => {}
                }
                settle(replica, Time::ZERO, view.log_end_offset, view.high_watermark);
            }
        }
        for producer in &view.producers {
            self.open_node(NodeId::Producer(producer.client), producer.process);
        }
        for consumer in &view.consumers {
            self.open_node(NodeId::Consumer(consumer.client), consumer.process);
        }
    }

    fn open_node(&mut self, node: NodeId, process: ProcessState) {
        let state = match process {
            ProcessState::Running => return,
            ProcessState::Paused => State::Paused,
            ProcessState::Down => State::Down,
            ProcessState::Dark => State::Dark,
        };
        self.begin_at(node, state, Time::ZERO, None);
    }

    fn node_index(&self, node: NodeId) -> Option<usize> {
        self.story.nodes.iter().position(|story| story.node == node)
    }

    fn begin(&mut self, node: NodeId, state: State, happening: &Happening) {
        self.begin_at(node, state, happening.at, Some(happening.id));
    }

    fn begin_at(&mut self, node: NodeId, state: State, from: Time, happening: Option<HappeningId>) {
        let Some(index) = self.node_index(node) else { return };
        self.end_state(node, state, from);
        let bands = &mut self.story.nodes[index].bands;
        bands.push(Band { from, to: Time::NEVER, state, happening });
        self.open.insert((index, slot(state)), bands.len() - 1);
    }

    /// Ends whatever band of that sort is open.
    fn end_state(&mut self, node: NodeId, state: State, at: Time) {
        let Some(index) = self.node_index(node) else { return };
        if let Some(band) = self.open.remove(&(index, slot(state))) {
            self.story.nodes[index].bands[band].to = at;
        }
    }

    fn is_down(&self, node: NodeId) -> bool {
        self.node_index(node).is_some_and(|index| self.open.contains_key(&(index, slot(State::Down))))
    }

    fn mark(&mut self, happening: &Happening, node: NodeId, partition: Option<Partition>, kind: MarkKind) {
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
            Fact::ActionDone { action } => {
                let spec = Arc::clone(&self.spec);
                if let Some(entry) = spec.script.get(action.0 as usize) {
                    self.action(happening, &entry.action);
                }
            }
            Fact::ActionUndone { action } => {
                let spec = Arc::clone(&self.spec);
                if let Some(entry) = spec.script.get(action.0 as usize) {
                    self.undone(happening, &entry.action);
                }
            }
            Fact::ProcessStarted => self.started(happening),
            Fact::ProcessKilled | Fact::ApplicationKilled => {
                self.stopped(happening, State::Down);
                self.mark(happening, node, None, MarkKind::Killed);
            }
            Fact::PowerLost => {
                self.stopped(happening, State::Dark);
                self.mark(happening, node, None, MarkKind::PowerLost);
            }
            Fact::StopRequested => self.mark(happening, node, None, MarkKind::Stopping),
            Fact::ProcessStopped => {
                self.stopped(happening, State::Down);
                self.mark(happening, node, None, MarkKind::Stopped);
            }
            Fact::Paused => {
                self.begin(node, State::Paused, happening);
                self.mark(happening, node, None, MarkKind::Paused);
            }
            Fact::Resumed => {
                self.end_state(node, State::Paused, at);
                self.mark(happening, node, None, MarkKind::Resumed);
            }
            Fact::LogDirFailed => {
                self.begin(node, State::DiskFailed, happening);
                self.mark(happening, node, None, MarkKind::DiskFailed);
            }
            Fact::LogDirRestored => {
                self.end_state(node, State::DiskFailed, at);
                self.mark(happening, node, None, MarkKind::DiskRestored);
            }
            Fact::MessageSent { envelope } => self.sent(happening, envelope),
            Fact::MessageArrived { sent } => self.arrived(*sent, at),
            Fact::MessageLost { sent } => {
                if let Ok(index) = self.story.messages.binary_search_by_key(sent, |message| message.id) {
                    self.story.messages[index].lost = Some(at);
                }
            }
            Fact::SendCalled { record } => {
                let id = happening.id;
                if let Some(story) = self.record(*record) {
                    (story.send, story.sent) = (Some(id), at);
                }
                if let Some(index) = self.node_index(node) {
                    self.story.nodes[index].sends.push(*record);
                }
                self.moment(at, true, false);
            }
            Fact::Buffered { record, partition, batch } => {
                self.batch(*batch).push(*record);
                if let Some(story) = self.record(*record) {
                    story.partition = Some(*partition);
                }
            }
            Fact::BatchDrained { .. } | Fact::FlushCompleted => self.moment(at, false, false),
            Fact::Acknowledged { record, .. } => self.answered(happening, *record, true),
            Fact::SendFailed { record, .. } => {
                self.answered(happening, *record, false);
                self.mark(happening, node, None, MarkKind::Failed(*record));
            }
            Fact::BatchRetried { partition, error, .. } => {
                self.mark(happening, node, Some(*partition), MarkKind::Retried(*error));
            }
            Fact::BatchExpired { partition, .. } => {
                self.mark(happening, node, Some(*partition), MarkKind::Expired);
            }
            Fact::Appended { partition, base_offset, last_offset, leader_epoch, batch, .. } => {
                let (batch, skip) = self.resolve(node, *partition, *base_offset, *batch);
                let bar = Bar {
                    base: *base_offset,
                    next: last_offset.next(),
                    epoch: *leader_epoch,
                    batch,
                    skip,
                    from: at,
                    to: Time::NEVER,
                    appended: happening.id,
                    doom: None,
                    again: false,
                };
                for &record in bar.records() {
                    if let Some(story) = self.story.records.get_mut(record.0 as usize) {
                        story.stored = true;
                    }
                }
                if let Some(replica) = self.replica(node, *partition) {
                    replica.ends.push((at, bar.next));
                    replica.bars.push(bar);
                }
                self.moment(at, false, false);
            }
            Fact::DuplicateRecognised { partition, .. } => {
                self.mark(happening, node, Some(*partition), MarkKind::DuplicateRecognised);
            }
            Fact::ProduceRefused { partition, error, .. } => {
                self.mark(happening, node, Some(*partition), MarkKind::Refused(*error));
            }
            Fact::HighWatermarkMoved { partition, to, .. } => {
                if let Some(replica) = self.replica(node, *partition) {
                    replica.high_watermarks.push((at, *to));
                }
            }
            Fact::Truncated { partition, from, to, because } => {
                let cut = LogCut { at, from: *from, to: *to, because: *because, happening: happening.id };
                if let Some(replica) = self.replica(node, *partition) {
                    truncate(replica, cut);
                }
                if from > to {
                    let kind = MarkKind::Truncated { from: *from, to: *to, because: *because };
                    self.mark(happening, node, Some(*partition), kind);
                }
            }
            Fact::BecameLeader { partition, leader_epoch, high_watermark, log_end_offset } => {
                if let Some(replica) = self.replica(node, *partition) {
                    lead(replica, at, BandRole::Leading(*leader_epoch));
                    settle(replica, at, *log_end_offset, *high_watermark);
                }
                self.mark(happening, node, Some(*partition), MarkKind::Led(*leader_epoch));
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
            Fact::BrokerFenced { broker } => self.fence(happening, *broker),
            Fact::BrokerUnfenced { broker } => {
                self.end_state(NodeId::Broker(*broker), State::Fenced, at);
                self.mark(happening, node, None, MarkKind::Unfenced(*broker));
            }
            Fact::BrokerRegistered { broker, .. } => {
                self.mark(happening, node, None, MarkKind::Registered(*broker));
            }
            Fact::ControllerActivated => {
                self.end_state(NodeId::Controller, State::Down, at);
                let lost = self.story.marks.iter().any(|mark| mark.kind == MarkKind::ControllerLost);
                if lost {
                    self.mark(happening, node, None, MarkKind::ControllerActive);
                }
            }
            Fact::ControllerLost => {
                self.begin(NodeId::Controller, State::Down, happening);
                self.mark(happening, node, None, MarkKind::ControllerLost);
            }
            Fact::PartitionCreated(change) => self.changed(happening, change, true),
            Fact::PartitionChanged(change) => self.changed(happening, change, false),
            Fact::Delivered { record, partition, .. } => {
                let (record, partition, happening) = (*record, *partition, happening.id);
                if let Some(index) = self.node_index(node) {
                    let delivery = Delivery { at, record, partition, happening };
                    self.story.nodes[index].deliveries.push(delivery);
                }
                self.moment(at, false, false);
            }
            Fact::PositionReset { partition, from: Some(_), to, .. } => {
                self.mark(happening, node, Some(*partition), MarkKind::Reset { to: *to });
            }
            // Heard of in words, not seen in the picture.
            _ => {}
        }
    }

    fn started(&mut self, happening: &Happening) {
        let (at, node) = (happening.at, happening.node);
        self.end_state(node, State::Down, at);
        if node.broker().is_some() {
            self.begin(node, State::Starting, happening);
        }
        self.mark(happening, node, None, MarkKind::Started);
    }

    fn stopped(&mut self, happening: &Happening, state: State) {
        let (at, node) = (happening.at, happening.node);
        for over in [State::Paused, State::Starting, State::DiskFailed] {
            self.end_state(node, over, at);
        }
        self.begin(node, state, happening);
        for replica in self.replicas_of(node) {
            close_role(replica, at);
        }
    }

    fn fence(&mut self, happening: &Happening, broker: BrokerId) {
        let node = NodeId::Broker(broker);
        if !self.is_down(node) {
            self.begin(node, State::Fenced, happening);
        }
        if let Some(&index) = self.heard.get(&broker) {
            let heartbeat = &mut self.story.messages[index as usize];
            heartbeat.matters = true;
            let (from, id) = (heartbeat.until(happening.at), heartbeat.id);
            self.story.silences.push(Silence {
                broker,
                from,
                to: happening.at,
                heartbeat: Some(id),
                fenced: happening.id,
            });
        }
        self.mark(happening, happening.node, None, MarkKind::Fenced(broker));
    }

    /// A moment that turns out to matter only later.
    fn insert_moment(&mut self, at: Time) {
        if let Err(place) = self.story.moments.binary_search_by_key(&at, |moment| moment.at) {
            self.story.moments.insert(place, Moment { at, is_send: false, is_landmark: false });
        }
    }

    fn answered(&mut self, happening: &Happening, record: RecordId, acknowledged: bool) {
        let answer = Answer { at: happening.at, acknowledged, happening: happening.id };
        if let Some(story) = self.record(record) {
            story.answer = Some(answer);
        }
        if let Some(index) = self.node_index(happening.node) {
            self.story.nodes[index].answers.push(record);
        }
        self.moment(happening.at, false, false);
    }

    fn changed(&mut self, happening: &Happening, change: &Arc<PartitionChange>, created: bool) {
        let partition = change.partition;
        let story = &mut self.story.partitions[usize::from(partition.0)];
        story.changes.push(Change { at: happening.at, happening: happening.id, change: change.clone() });
        if created {
            return;
        }
        let elected = change.leader.filter(|&leader| Some(leader) != change.previous_leader);
        let kind = if let Some(leader) = elected {
            let end = self
                .replica(NodeId::Broker(leader), partition)
                .map_or(Offset(0), |replica| replica.end_at(happening.at));
            MarkKind::Elected {
                leader,
                leader_epoch: change.leader_epoch,
                log_end_offset: end,
                unclean: change.because == ChangeReason::UncleanElection || change.recovering,
            }
        } else if change.leader.is_none() && change.previous_leader.is_some() {
            MarkKind::Leaderless
        } else if change.isr != change.previous_isr {
            let grew = !change.isr.minus(change.previous_isr).is_empty();
            MarkKind::IsrChanged { isr: change.isr, grew }
        } else {
            return;
        };
        self.mark(happening, happening.node, Some(partition), kind);
    }

    pub fn finish(mut self) -> Story {
        let story = &mut self.story;
        let end = story.end;
        story.moments.shrink_to_fit();
        for replica in &mut story.replicas {
            replica.bars.shrink_to_fit();
            replica.high_watermarks.shrink_to_fit();
            replica.ends.shrink_to_fit();
        }
        // What lasts to the end holds at the run's last moment, too.
        let after = Time { nanos: end.nanos.saturating_add(1) };
        for node in &mut story.nodes {
            for band in &mut node.bands {
                band.to = band.to.min(after);
            }
        }
        let mut reach = Time::ZERO;
        story.reach = story
            .messages
            .iter()
            .map(|message| {
                reach = reach.max(message.until(end));
                reach
            })
            .collect();
        story.flows = messages::flows(&story.messages, end);
        let partitions = story.partitions.len();
        for index in 0..partitions {
            let elections: Vec<doom::Election> = story.partitions[index]
                .changes
                .iter()
                .filter_map(|change| {
                    let elected = change.change.leader?;
                    let changed = Some(elected) != change.change.previous_leader;
                    changed.then_some((change.at, elected, change.change.leader_epoch))
                })
                .collect();
            let mut replicas: Vec<&mut Replica> =
                story.replicas.iter_mut().skip(index).step_by(partitions).collect();
            doom::condemn(&mut replicas, &elections, &story.records, end);
            for replica in replicas {
                doom::repeat(&mut replica.bars, story.records.len());
                replica.blocks = doom::blocks(&replica.bars);
                replica.by_batch = (0..)
                    .zip(&replica.bars)
                    .filter_map(|(at, bar)| Some((bar.batch.as_ref()?.id, at)))
                    .collect();
                replica.by_batch.sort_unstable();
                replica.lags = lags(replica, end);
                for band in &mut replica.roles {
                    band.to = band.to.min(after);
                }
                let partition = &mut story.partitions[index];
                partition.end = replica.bars.iter().map(|bar| bar.next).fold(partition.end, Offset::max);
                let disputed = replica.blocks.iter().filter(|block| block.doom.is_some() || block.to < end);
                partition.disputed.extend(disputed.map(|block| (block.base, block.next)));
            }
            story.partitions[index].disputed = union(std::mem::take(&mut story.partitions[index].disputed));
        }
        self.story
    }
}

/// `w7` of `w00000007`; long values are cut.
fn label(value: &str) -> Arc<str> {
    const LONGEST: usize = 14;
    let trimmed = value.trim_end();
    let digits = trimmed.len() - trimmed.trim_end_matches(|character: char| character.is_ascii_digit()).len();
    let (family, number) = trimmed.split_at(trimmed.len() - digits);
    let number = if digits > 0 { number[..digits - 1].trim_start_matches('0').len() + 1 } else { 0 };
    let short = format!("{family}{}", &trimmed[trimmed.len() - number..]);
    if short.chars().count() > LONGEST {
        return short.chars().take(LONGEST - 1).chain(['…']).collect::<String>().into();
    }
    short.into()
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_are_short_and_keep_their_number() {
        let short = |value: &str| label(value).to_string();
        assert_eq!(short("w3"), "w3");
        assert_eq!(short("v00000149   "), "v149");
        assert_eq!(short("v00000000"), "v0");
        assert_eq!(short("000"), "0");
        assert_eq!(short("hello"), "hello");
        assert_eq!(short("a-rather-long-value-7"), "a-rather-long…");
        assert_eq!(short(""), "");
    }
}
