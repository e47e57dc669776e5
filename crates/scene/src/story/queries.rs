//! What pictures and words ask of a story.

use ackscope_sim::ids::{BatchId, BrokerId, Brokers, HappeningId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::protocol::batch::RecordBatch;
use ackscope_sim::protocol::{Body, FetchAnswer};
use ackscope_sim::time::{Duration, Time};

use super::{BandRole, Bar, Flow, Kind, Lag, Mark, Message, NodeStory, RecordStory, Replica, State, Story};
use crate::picture::Source;

impl Story {
    pub fn node(&self, node: NodeId) -> Option<&NodeStory> {
        self.nodes.iter().find(|story| story.node == node)
    }

    pub fn record(&self, record: RecordId) -> &RecordStory {
        &self.records[record.0 as usize]
    }

    pub fn replica(&self, broker: BrokerId, partition: Partition) -> Option<&Replica> {
        let place = self.brokers.iter().position(|&id| id == broker)?;
        self.replicas.get(place * self.partitions.len() + usize::from(partition.0))
    }

    pub fn brokers(&self) -> &[BrokerId] {
        &self.brokers
    }

    pub fn message(&self, id: HappeningId) -> Option<&Message> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok().map(|at| &self.messages[at])
    }

    /// A batch's records.
    pub fn batch(&self, batch: BatchId) -> &[RecordId] {
        self.batches.get(batch.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// A flow's messages in a window, as places in its list.
    pub fn flow_in(&self, flow: &Flow, from: Time, to: Time) -> std::ops::Range<usize> {
        let start = flow.reach.partition_point(|&reach| reach < from);
        let end = flow.messages.partition_point(|&place| self.messages[place as usize].sent <= to);
        start.min(end)..end
    }

    /// The messages that may have been under way in a window, in order of sending.
    pub fn messages_in(&self, from: Time, to: Time) -> &[Message] {
        let start = self.reach.partition_point(|&reach| reach < from);
        let end = self.messages.partition_point(|message| message.sent <= to);
        &self.messages[start.min(end)..end]
    }

    /// The marks within a window.
    pub fn marks_in(&self, from: Time, to: Time) -> &[Mark] {
        let start = self.marks.partition_point(|mark| mark.at < from);
        let end = self.marks.partition_point(|mark| mark.at <= to);
        &self.marks[start..end.max(start)]
    }

    /// The batches that a message carries, or answers, of one partition.
    pub fn batches_of<'a>(
        &'a self,
        message: &'a Message,
        partition: Partition,
    ) -> impl Iterator<Item = &'a RecordBatch> + 'a {
        let request = match message.envelope.message.body {
            Body::ProduceResponse { .. } => message.partner.map(|at| &self.messages[at as usize]),
            _ => Some(message),
        };
        let (mut sent, mut fetched): (&[_], &[_]) = (&[], &[]);
        match request.map(|request| &request.envelope.message.body) {
            Some(Body::ProduceRequest(request)) => sent = &request.partitions,
            Some(Body::FetchResponse { partitions }) => fetched = partitions,
            _ => {}
        }
        let sent = sent.iter().filter(move |(to, _)| *to == partition).map(|(_, batch)| &**batch);
        let fetched =
            fetched.iter().filter(move |result| result.partition == partition).flat_map(
                |result| match &result.answer {
                    FetchAnswer::Records { batches, .. } => batches.as_slice(),
                    FetchAnswer::Diverging { .. } | FetchAnswer::Error { .. } => &[],
                },
            );
        sent.chain(fetched.map(|entry| &*entry.batch))
    }

    /// The partition that a message is about: None for all or none.
    pub fn touches(&self, message: &Message, partition: Partition) -> bool {
        match &message.envelope.message.body {
            Body::ProduceRequest(request) => request.partitions.iter().any(|(to, _)| *to == partition),
            Body::ProduceResponse { partitions } => partitions.iter().any(|of| of.partition == partition),
            Body::FetchRequest(request) => request.partitions.iter().any(|of| of.partition == partition),
            // An answer about other partitions alone is about them; one about none at all is an empty poll.
            Body::FetchResponse { partitions } => {
                partitions.is_empty() || partitions.iter().any(|of| of.partition == partition)
            }
            Body::AlterPartitionRequest { partitions, .. } => {
                partitions.iter().any(|of| of.partition == partition)
            }
            Body::OffsetsForLeaderEpochRequest { partitions } => {
                partitions.iter().any(|of| of.partition == partition)
            }
            Body::OffsetsForLeaderEpochResponse { partitions } => {
                partitions.iter().any(|of| of.partition == partition)
            }
            _ => true,
        }
    }

    /// Whether a message carries a record or answers the request that did.
    pub fn carries(&self, message: &Message, record: RecordId) -> bool {
        let Some(partition) = self.record(record).partition else { return false };
        matches!(message.kind, Kind::Produce | Kind::Ack | Kind::Data | Kind::Error)
            && self.batches_of(message, partition).any(|batch| batch.records().contains(&record))
    }

    /// The ISR as the controller had it at a time.
    pub fn isr_at(&self, partition: Partition, at: Time) -> Brokers {
        let Some(story) = self.partitions.get(usize::from(partition.0)) else { return Brokers::NONE };
        match story.changes.partition_point(|change| change.at <= at) {
            0 => story.opening.as_ref().map_or(Brokers::NONE, |opening| opening.isr),
            after => story.changes[after - 1].change.isr,
        }
    }

    /// A node's states at a time: none means it simply runs.
    pub fn states_at(&self, node: NodeId, at: Time) -> impl Iterator<Item = State> + '_ {
        let bands = self.node(node).map_or(&[][..], |story| &story.bands);
        bands.iter().filter(move |band| band.from <= at && at < band.to).map(|band| band.state)
    }

    /// Whether packets from one node to another vanish at a time.
    pub fn is_cut(&self, from: NodeId, to: NodeId, at: Time) -> bool {
        let machine = |node| self.node(node).map(|story| story.machine);
        let (Some(from), Some(to)) = (machine(from), machine(to)) else { return false };
        from != to
            && self.cuts.iter().filter(|cut| cut.from <= at && at < cut.to).any(|cut| {
                let hits = |a, b| cut.a == a && cut.b.is_none_or(|other| other == b);
                hits(from, to) || (!cut.one_way && hits(to, from))
            })
    }

    pub fn length(&self) -> Duration {
        self.end.since(Time::ZERO)
    }

    /// The next landmark after `at`, or the last one before it.
    pub fn landmark(&self, at: Time, forward: bool) -> Option<&Mark> {
        let mut landmarks = self.marks.iter().filter(|mark| mark.kind.is_landmark());
        if forward {
            landmarks.find(|mark| mark.at > at)
        } else {
            landmarks.take_while(|mark| mark.at < at).last()
        }
    }

    /// The next time at which something worth drawing happens, or the last one before: a step of playback.
    pub fn step(&self, at: Time, forward: bool) -> Option<Time> {
        if forward {
            let next = self.moments.partition_point(|moment| moment.at <= at);
            return self.moments.get(next).map(|moment| moment.at);
        }
        let before = self.moments.partition_point(|moment| moment.at < at);
        before.checked_sub(1).map(|place| self.moments[place].at)
    }

    /// The next time at which something happens on one node's lane, or the last one before: what it sends and gets, does
    /// and has done to it.
    pub fn step_on(&self, node: NodeId, at: Time, forward: bool) -> Option<Time> {
        let mut found: Option<Time> = None;
        let mut consider = |time: Time| {
            let nearer = |best: Time| if forward { time < best } else { time > best };
            let beyond = if forward { time > at } else { time < at };
            let counts = || self.moments.binary_search_by_key(&time, |moment| moment.at).is_ok();
            if beyond && found.is_none_or(nearer) && counts() {
                found = Some(time);
            }
        };
        for message in &self.messages {
            if message.envelope.from == node {
                consider(message.sent);
            }
            if message.envelope.to == node {
                message.arrived.into_iter().for_each(&mut consider);
            }
        }
        self.marks.iter().filter(|mark| mark.node == node).for_each(|mark| consider(mark.at));
        self.deeds.iter().filter(|deed| deed.node == node).for_each(|deed| consider(deed.at));
        if let Some(own) = self.node(node) {
            own.bands.iter().flat_map(|band| [band.from, band.to]).for_each(&mut consider);
            own.sends.iter().for_each(|&record| consider(self.record(record).sent));
            let answers = own.answers.iter().filter_map(|&record| self.record(record).answer);
            answers.for_each(|answer| consider(answer.at));
            own.deliveries.iter().for_each(|delivery| consider(delivery.at));
        }
        for replica in self.replicas.iter().filter(|replica| Some(replica.broker) == node.broker()) {
            replica.bars.iter().for_each(|bar| consider(bar.from));
            replica.cuts.iter().for_each(|cut| consider(cut.at));
        }
        found
    }

    /// Where a source stands: the lane that a step on it goes along.
    pub fn node_of(&self, source: Source) -> Option<NodeId> {
        match source {
            Source::Node(node) => Some(node),
            Source::Entry { broker, .. } | Source::Log { broker, .. } => Some(NodeId::Broker(broker)),
            Source::Record(record) => Some(NodeId::Producer(self.records.get(record.0 as usize)?.producer)),
            Source::Message(id) => Some(self.message(id)?.envelope.from),
            Source::Happening(id) => {
                let deed = self.deeds.iter().find(|deed| deed.happening == id).map(|deed| deed.node);
                deed.or_else(|| Some(self.marks.iter().find(|mark| mark.happening == id)?.node))
            }
            Source::None | Source::Partition(_) | Source::Link(..) | Source::Overview => None,
        }
    }

    /// The happening that a source stands for at a time: what "why?" is asked of.
    pub fn subject(&self, source: Source, now: Time) -> Option<HappeningId> {
        match source {
            Source::Message(id) | Source::Happening(id) => Some(id),
            Source::Record(record) => {
                let of = self.records.get(record.0 as usize)?;
                let heard = of.answer.filter(|answer| answer.at <= now);
                heard.map(|answer| answer.happening).or(of.send)
            }
            Source::Entry { broker, partition, record, .. } => {
                let replica = self.replica(broker, partition)?;
                let copies = replica.bars.iter().filter(|bar| bar.holds(record).is_some());
                let latest = copies.clone().rev().find(|bar| bar.from <= now);
                latest.or_else(|| copies.clone().next()).map(|bar| bar.appended)
            }
            Source::Log { broker, partition } => {
                let bars = &self.replica(broker, partition)?.bars;
                bars.iter().rev().find(|bar| bar.from <= now).map(|bar| bar.appended)
            }
            Source::Node(node) => {
                let marks = &self.marks[..self.marks.partition_point(|mark| mark.at <= now)];
                marks.iter().rev().find(|mark| mark.node == node).map(|mark| mark.happening)
            }
            Source::Partition(partition) => {
                let changes = &self.partitions.get(usize::from(partition.0))?.changes;
                let before = changes.partition_point(|change| change.at <= now);
                before.checked_sub(1).map(|place| changes[place].happening)
            }
            Source::Link(a, b) => {
                let cut = self.cuts.iter().rev().filter(|cut| cut.from <= now);
                let between = |machine| {
                    [a, b].iter().any(|&node| self.node(node).is_some_and(|of| of.machine == machine))
                };
                cut.clone().find(|cut| between(cut.a)).map(|cut| cut.happening)
            }
            Source::None | Source::Overview => None,
        }
    }
}

impl Replica {
    /// The log end at a time.
    pub fn end_at(&self, at: Time) -> Offset {
        step_at(&self.ends, at)
    }

    pub fn high_watermark_at(&self, at: Time) -> Offset {
        step_at(&self.high_watermarks, at)
    }

    pub fn lags_in(&self, from: Time, to: Time) -> &[Lag] {
        let start = self.lags.partition_point(|lag| lag.to <= from);
        let end = self.lags.partition_point(|lag| lag.from <= to);
        &self.lags[start..end.max(start)]
    }

    /// The batch's copy here that was appended last before `at`, or first after it.
    pub fn bar_of(&self, batch: BatchId, at: Time) -> Option<&Bar> {
        let start = self.by_batch.partition_point(|&(id, _)| id < batch);
        let copies = self.by_batch[start..].iter().take_while(|&&(id, _)| id == batch);
        let mut best: Option<&Bar> = None;
        for &(_, index) in copies {
            let bar = &self.bars[index as usize];
            if best.is_none() || bar.from <= at {
                best = Some(bar);
            }
        }
        best
    }

    /// What lay at an offset at a time.
    pub fn bar_at(&self, offset: Offset, at: Time) -> Option<&Bar> {
        let blocks = self.blocks.iter().filter(|block| block.from <= at && at < block.to);
        blocks
            .filter(|block| block.base <= offset && offset < block.next)
            .flat_map(|block| {
                let bars = &self.bars[block.bars.clone()];
                bars.get(bars.partition_point(|bar| bar.next <= offset))
            })
            .find(|bar| bar.base <= offset && bar.from <= at)
    }

    pub fn role_at(&self, at: Time) -> Option<BandRole> {
        self.roles.iter().find(|band| band.from <= at && at < band.to).map(|band| band.role)
    }
}

impl Bar {
    pub fn records(&self) -> &[RecordId] {
        let count = (self.next.0 - self.base.0) as usize;
        let held = self.batch.as_ref().and_then(|batch| batch.records().get(self.skip..));
        held.map_or(&[], |records| &records[..count.min(records.len())])
    }

    pub fn record_at(&self, offset: Offset) -> Option<RecordId> {
        let place = offset.0.checked_sub(self.base.0)?;
        self.records().get(place as usize).copied()
    }

    pub fn holds(&self, record: RecordId) -> Option<Offset> {
        let place = self.records().iter().position(|&held| held == record)?;
        Some(Offset(self.base.0 + place as u32))
    }
}

fn step_at(steps: &[(Time, Offset)], at: Time) -> Offset {
    match steps.partition_point(|&(when, _)| when <= at) {
        0 => Offset(0),
        after => steps[after - 1].1,
    }
}
