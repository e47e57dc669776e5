//! How the audit is made: an observer sees every happening as it is noted, and the logs as they lie in the end.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::ledger::{Ledger, Offered};
use crate::audit::{Audit, Fate, Gap, Latency, RecordAudit, Totals};
use crate::happening::{Fact, Happening, PartitionChange};
use crate::ids::{BatchId, BrokerId, ClientId, HappeningId, NodeId, Offset, Partition, RecordId};
use crate::run::trace::grown;
use crate::spec::Spec;
use crate::time::Time;
use crate::view::{ClusterView, ReplicaView};
use crate::world::World;

/// What is known of a record so far.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    /// When the application had its answer.
    answered_at: Time,
    acked: Option<HappeningId>,
    /// The first failure.
    failed: Option<HappeningId>,
    /// The one that holds it, or held it last.
    batch: Option<BatchId>,
    delivered: u32,
}

impl Life {
    /// `here`: it is in the log that counts; `orphaned`: in one that nobody leads.
    fn fate(&self, here: bool, orphaned: bool, sent: bool) -> Fate {
        match (self.acked.is_some(), self.failed.is_some(), here) {
            (true, _, true) => Fate::Kept,
            (true, _, false) if orphaned => Fate::AckedButUnavailable,
            (true, _, false) => Fate::AckedButLost,
            (false, true, true) => Fate::FailedButKept,
            (false, true, false) => Fate::FailedAndAbsent,
            (false, false, false) if !sent => Fate::NeverSent,
            (false, false, _) => Fate::Undecided,
        }
    }
}

/// What is known of a batch, and so of every record in it.
#[derive(Clone, Copy, Debug, Default)]
struct BatchLife {
    sent: bool,
    /// The change of leader, or the cut, that took it from the log that counts.
    lost_by: Option<HappeningId>,
}

/// The copies of a record in the logs that count in the end.
#[derive(Clone, Copy, Debug, Default)]
struct Copies {
    count: u32,
    partition: Partition,
    /// Of the first copy.
    offset: Offset,
    reordered: bool,
}

/// One replica's batches in order, each with its first offset.
type HeldBatches = Vec<(Offset, BatchId)>;

/// A record that a consumer was given.
struct Delivery {
    consumer: ClientId,
    partition: Partition,
    offset: Offset,
    record: RecordId,
}

/// Follows every record, and which replica holds which batches.
pub(crate) struct Observer {
    brokers: Vec<BrokerId>,
    producers: usize,
    lives: Vec<Life>,
    batches: Vec<BatchLife>,
    /// By broker, then by partition.
    logs: Vec<Vec<HeldBatches>>,
    /// Who led last, by partition.
    leaders: Vec<Option<BrokerId>>,
    /// What left a partition without a leader.
    orphaned_by: Vec<Option<HappeningId>>,
    deliveries: Vec<Delivery>,
    kills: Vec<(ClientId, HappeningId)>,
    gaps: Gaps,
}

impl Observer {
    pub fn new(spec: &Spec) -> Observer {
        // A warm run begins with every partition at its preferred leader.
        let leaders = spec.partitions.iter().map(|partition| spec.warm.then(|| partition.replicas[0]));
        let leaders: Vec<_> = leaders.collect();
        Observer {
            brokers: spec.brokers.iter().map(|broker| broker.id).collect(),
            producers: spec.producers.len(),
            lives: Vec::new(),
            batches: Vec::new(),
            logs: vec![vec![Vec::new(); spec.partitions.len()]; spec.brokers.len()],
            leaders: leaders.clone(),
            orphaned_by: vec![None; leaders.len()],
            deliveries: Vec::new(),
            kills: Vec::new(),
            gaps: Gaps { since: vec![None; leaders.len()], leaders, found: Vec::new() },
        }
    }

    pub fn observe(&mut self, happening: &Happening) {
        let id = happening.id;
        match &happening.fact {
            Fact::Buffered { record, batch, .. } => self.life(*record).batch = Some(*batch),
            Fact::BatchSplit { batch, into } => {
                // The children's contents follow as Buffered notes of their own.
                let sent = self.batch(*batch).sent;
                into.iter().for_each(|&child| self.batch(child).sent = sent);
            }
            Fact::BatchDrained { batch, .. } => self.batch(*batch).sent = true,
            Fact::Acknowledged { record, .. } => {
                let life = self.life(*record);
                (life.acked, life.answered_at) = (Some(id), happening.at);
            }
            Fact::SendFailed { record, .. } => {
                let life = self.life(*record);
                if life.acked.or(life.failed).is_none() {
                    life.answered_at = happening.at;
                }
                life.failed.get_or_insert(id);
            }
            Fact::Delivered { record, partition, offset, .. } => {
                self.delivered(happening.node, *record, *partition, *offset);
            }
            Fact::Appended { partition, base_offset, batch, .. } => {
                self.appended(happening, *partition, *base_offset, *batch);
            }
            Fact::Truncated { partition, to, .. } => self.truncated(happening, *partition, *to),
            Fact::ApplicationKilled => {
                let NodeId::Producer(client) = happening.node else { return };
                self.kills.push((client, id));
            }
            Fact::PartitionChanged(change) => {
                self.partition_changed(id, change);
                self.gaps.partition_changed(change, happening.at);
            }
            Fact::PartitionCreated(change) => {
                let leader = &mut self.leaders[usize::from(change.partition.0)];
                *leader = change.leader.or(*leader);
                self.gaps.partition_changed(change, happening.at);
            }
            Fact::ProcessKilled | Fact::PowerLost | Fact::Paused | Fact::ProcessStopped => {
                self.gaps.silenced(happening);
            }
            Fact::Resumed => self.gaps.resumed(happening),
            Fact::BecameLeader { partition, .. } => self.gaps.became_leader(happening, *partition),

            // These change no record's fate and no partition's availability.
            Fact::ActionDone { .. }
            | Fact::AdminAnswered { .. }
            | Fact::ActionUndone { .. }
            | Fact::LoadCompleted { .. }
            | Fact::ProcessStarted
            | Fact::StopRequested
            | Fact::LogDirFailed
            | Fact::LogDirRestored
            | Fact::MessageSent { .. }
            | Fact::MessageArrived { .. }
            | Fact::MessageLost { .. }
            | Fact::Connecting { .. }
            | Fact::Connected { .. }
            | Fact::ConnectionRefused { .. }
            | Fact::Disconnected { .. }
            | Fact::ProducerStarted
            | Fact::ProducerRefused { .. }
            | Fact::ProducerClosed
            | Fact::SendCalled { .. }
            | Fact::SendBlocked { .. }
            | Fact::BatchClosed { .. }
            | Fact::BatchRetried { .. }
            | Fact::BatchExpired { .. }
            | Fact::ProducerIdAssigned { .. }
            | Fact::ProducerEpochBumped { .. }
            | Fact::LeaderLearnt { .. }
            | Fact::RequestTimedOut { .. }
            | Fact::FlushCompleted
            | Fact::DuplicateRecognised { .. }
            | Fact::ProduceRefused { .. }
            | Fact::ProduceWaits { .. }
            | Fact::HighWatermarkMoved { .. }
            | Fact::BecameFollower { .. }
            | Fact::IsrProposed { .. }
            | Fact::IsrRefused { .. }
            | Fact::Flushed { .. }
            | Fact::LogLoaded { .. }
            | Fact::FetchRefused { .. }
            | Fact::FetchingFailed { .. }
            | Fact::ControllerActivated
            | Fact::ControllerLost
            | Fact::BrokerRegistered { .. }
            | Fact::RegistrationRefused { .. }
            | Fact::BrokerFenced { .. }
            | Fact::BrokerUnfenced { .. }
            | Fact::ControlledShutdownBegan { .. }
            | Fact::ControlledShutdownGranted { .. }
            | Fact::PositionReset { .. }
            | Fact::ConsumerFailed { .. } => {}
        }
    }

    fn delivered(&mut self, node: NodeId, record: RecordId, partition: Partition, offset: Offset) {
        self.life(record).delivered += 1;
        let NodeId::Consumer(consumer) = node else { return };
        self.deliveries.push(Delivery { consumer, partition, offset, record });
    }

    fn appended(&mut self, happening: &Happening, partition: Partition, base: Offset, batch: BatchId) {
        let Some((is_leader, log)) = self.replica(happening, partition) else { return };
        log.push((base, batch));
        if is_leader {
            self.batch(batch).lost_by = None;
        }
    }

    fn truncated(&mut self, happening: &Happening, partition: Partition, to: Offset) {
        let Some((is_leader, log)) = self.replica(happening, partition) else { return };
        let keep = log.partition_point(|&(base, _)| base < to);
        let cut: Vec<_> = log.drain(keep..).collect();
        // What the leader itself loses is lost by that; a follower's cut only seals an election.
        for (_, batch) in cut.into_iter().filter(|_| is_leader) {
            self.batch(batch).lost_by.get_or_insert(happening.id);
        }
    }

    fn life(&mut self, record: RecordId) -> &mut Life {
        grown(&mut self.lives, record.0)
    }

    fn batch(&mut self, batch: BatchId) -> &mut BatchLife {
        grown(&mut self.batches, batch.0)
    }

    /// The log of the broker to which this happened, and whether it is the leader's.
    fn replica(&mut self, happening: &Happening, partition: Partition) -> Option<(bool, &mut HeldBatches)> {
        let broker = happening.node.broker()?;
        let is_leader = self.leaders[usize::from(partition.0)] == Some(broker);
        let place = self.brokers.iter().position(|&known| known == broker)?;
        Some((is_leader, &mut self.logs[place][usize::from(partition.0)]))
    }

    fn partition_changed(&mut self, id: HappeningId, change: &PartitionChange) {
        let partition = usize::from(change.partition.0);
        let Some(new) = change.leader else {
            if change.previous_leader.is_some() {
                self.orphaned_by[partition] = Some(id);
            }
            return;
        };
        let old = self.leaders[partition].replace(new);
        let Some(old) = old.filter(|&old| old != new) else { return };
        let place = |id| self.brokers.iter().position(|&known| known == id).expect("a broker of this run");
        let held = &self.logs[place(new)][partition];
        let batches = self.logs[place(old)][partition].iter().enumerate();
        // Mostly the two logs hold the same at the same place.
        let is_kept = |place: usize, batch: BatchId| {
            held.get(place).is_some_and(|&(_, own)| own == batch) || held.iter().any(|&(_, own)| own == batch)
        };
        let judged: Vec<(BatchId, bool)> =
            batches.map(|(place, &(_, batch))| (batch, is_kept(place, batch))).collect();
        for (batch, is_kept) in judged {
            let lost_by = &mut self.batch(batch).lost_by;
            *lost_by = if is_kept { None } else { lost_by.or(Some(id)) };
        }
    }

    /// The run has ended.
    pub fn finish(mut self, world: &World, happenings: &[Happening]) -> Audit {
        let (view, ledger) = (world.view(), world.ledger());
        self.lives.resize(ledger.len(), Life::default());
        let mut copies = vec![Copies::default(); ledger.len()];
        let (leaderless, unavailable) = out_of_reach(&view, world.partitions(), ledger.len());
        let mut totals = Totals { offered: ledger.len() as u32, ..Totals::default() };
        for partition in world.partitions() {
            let Some(log) = log_that_counts(&view, partition) else { continue };
            let mut latest: BTreeMap<ClientId, RecordId> = BTreeMap::new();
            for (offset, record) in log.log.iter().flat_map(|batch| batch.records()) {
                let copies = &mut copies[record.0 as usize];
                copies.count += 1;
                if copies.count > 1 {
                    continue;
                }
                let newest = latest.entry(self.producer_of(ledger, record)).or_insert(record);
                (copies.partition, copies.offset, copies.reordered) = (partition, offset, record < *newest);
                *newest = record.max(*newest);
            }
            totals.skipped += self.skipped_in(&view, partition, log);
        }
        let mut latencies = Vec::with_capacity(ledger.len());
        let mut records = Vec::with_capacity(ledger.len());
        for (((record, offered), life), copies) in ledger.iter().zip(&self.lives).zip(&copies) {
            let here = copies.count > 0;
            let batch = life.batch.and_then(|batch| self.batches.get(batch.0 as usize)).copied();
            let batch = batch.unwrap_or_default();
            let orphan = unavailable[record.0 as usize].filter(|_| !here);
            let fate = life.fate(here, orphan.is_some(), batch.sent);
            let decided_by = match fate {
                Fate::Kept => life.acked,
                Fate::AckedButLost => batch.lost_by.or(life.acked),
                Fate::AckedButUnavailable => {
                    orphan.and_then(|of| self.orphaned_by[usize::from(of.0)]).or(life.acked)
                }
                Fate::FailedAndAbsent | Fate::FailedButKept => life.failed,
                Fate::NeverSent => self.killer(happenings, offered),
                Fate::Undecided => None,
            };
            if life.acked.is_some() {
                latencies.push(life.answered_at.since(offered.at).nanos);
            }
            let (partition, offset) = match life.acked.filter(|_| !here) {
                None => (here.then_some(copies.partition), here.then_some(copies.offset)),
                // Where it was when it was acknowledged.
                Some(acked) => {
                    let Fact::Acknowledged { partition, offset, .. } = happenings[acked.0 as usize].fact
                    else {
                        unreachable!("{acked} is an acknowledgement")
                    };
                    (Some(partition), offset)
                }
            };
            let audit = RecordAudit {
                record,
                fate,
                duplicated: copies.count > 1,
                reordered: copies.reordered,
                vanished: life.delivered > 0 && !here && orphan.is_none(),
                delivered: life.delivered,
                partition,
                offset,
                offered_at: offered.at,
                answered_at: life.acked.or(life.failed).map(|_| life.answered_at),
                decided_by,
            };
            totals.count(&audit);
            records.push(audit);
        }
        totals.acked = totals.kept + totals.acked_lost + totals.acked_unavailable;
        Audit {
            totals,
            records,
            availability: self.gaps.finish(world.now()),
            leaderless,
            latency: Latency::of(&mut latencies),
        }
    }

    fn producer_of(&self, ledger: &Ledger, record: RecordId) -> ClientId {
        if self.producers == 1 { ClientId(0) } else { ledger.get(record).producer }
    }

    /// The last death of its application that may have had the record in memory.
    fn killer(&self, happenings: &[Happening], offered: &Offered) -> Option<HappeningId> {
        let own = self.kills.iter().rev().filter(|&&(client, _)| client == offered.producer);
        own.map(|&(_, kill)| kill).find(|kill| offered.at <= happenings[kill.0 as usize].at)
    }

    /// Records below a consumer's position that lie in the log and were never given to it.
    fn skipped_in(&self, view: &ClusterView, partition: Partition, log: &ReplicaView) -> u32 {
        let mut skipped = 0;
        for consumer in &view.consumers {
            let Some(&(_, Some(position))) = consumer.positions.iter().find(|(at, _)| *at == partition)
            else {
                continue;
            };
            let given = self
                .deliveries
                .iter()
                .filter(|delivery| (delivery.consumer, delivery.partition) == (consumer.client, partition));
            let first = given.clone().map(|delivery| delivery.offset).fold(position, Offset::min);
            let given: BTreeSet<RecordId> = given.map(|delivery| delivery.record).collect();
            let below = log.log.iter().flat_map(|batch| batch.records());
            let below = below.filter(|(offset, _)| (first..position).contains(offset));
            skipped += below.filter(|(_, record)| !given.contains(record)).count() as u32;
        }
        skipped
    }
}

impl Totals {
    fn count(&mut self, record: &RecordAudit) {
        *match record.fate {
            Fate::Kept => &mut self.kept,
            Fate::AckedButLost => &mut self.acked_lost,
            Fate::AckedButUnavailable => &mut self.acked_unavailable,
            Fate::FailedAndAbsent => &mut self.failed_absent,
            Fate::FailedButKept => &mut self.failed_kept,
            Fate::NeverSent => &mut self.never_sent,
            Fate::Undecided => &mut self.undecided,
        } += 1;
        self.duplicated += u32::from(record.duplicated);
        self.reordered += u32::from(record.reordered);
        self.vanished += u32::from(record.vanished);
        self.delivered += record.delivered;
    }
}

/// The log that a client would read in the end: the leader's, or that of the replica which may lead next.
pub(crate) fn log_that_counts(view: &ClusterView, partition: Partition) -> Option<&ReplicaView> {
    let state = view.controller.partitions.get(usize::from(partition.0))?.as_ref()?;
    let candidates = state.replicas.iter().copied();
    let heir = state
        .leader
        .or_else(|| candidates.clone().find(|&id| state.isr.contains(id)))
        .or_else(|| candidates.clone().find(|&id| state.elr.contains(id)))
        .or(state.last_known_leader)?;
    let broker = view.brokers.iter().find(|broker| broker.id == heir)?;
    broker.replicas.iter().find(|replica| replica.partition == partition)
}

/// The partitions without a leader, and for each record the one of them of which some replica holds it.
fn out_of_reach(
    view: &ClusterView,
    partitions: impl Iterator<Item = Partition>,
    records: usize,
) -> (Vec<Partition>, Vec<Option<Partition>>) {
    let state = |partition: Partition| view.controller.partitions.get(usize::from(partition.0))?.as_ref();
    let is_leaderless = |&partition: &Partition| state(partition).is_some_and(|state| state.leader.is_none());
    let leaderless: Vec<Partition> = partitions.filter(is_leaderless).collect();
    let mut held = vec![None; records];
    let replicas = view.brokers.iter().flat_map(|broker| &broker.replicas);
    for replica in replicas.filter(|replica| leaderless.contains(&replica.partition)) {
        for (_, record) in replica.log.iter().flat_map(|batch| batch.records()) {
            held[record.0 as usize] = Some(replica.partition);
        }
    }
    (leaderless, held)
}

/// When no running broker led a partition, as far as clients could tell.
struct Gaps {
    leaders: Vec<Option<BrokerId>>,
    since: Vec<Option<Time>>,
    found: Vec<Gap>,
}

impl Gaps {
    fn silenced(&mut self, happening: &Happening) {
        for (leader, since) in self.leaders.iter().zip(&mut self.since) {
            if leader.is_some() && *leader == happening.node.broker() {
                since.get_or_insert(happening.at);
            }
        }
    }

    fn resumed(&mut self, happening: &Happening) {
        for partition in 0..self.leaders.len() {
            if self.leaders[partition].is_some() && self.leaders[partition] == happening.node.broker() {
                self.close(partition, happening.at);
            }
        }
    }

    fn partition_changed(&mut self, change: &PartitionChange, at: Time) {
        let place = usize::from(change.partition.0);
        if change.leader.is_none() {
            self.since[place].get_or_insert(at);
        }
        self.leaders[place] = change.leader;
    }

    fn became_leader(&mut self, happening: &Happening, partition: Partition) {
        let place = usize::from(partition.0);
        if self.leaders[place] == happening.node.broker() {
            self.close(place, happening.at);
        }
    }

    fn close(&mut self, partition: usize, to: Time) {
        if let Some(from) = self.since[partition].take().filter(|&from| from < to) {
            self.found.push(Gap { partition: Partition(partition as u16), from, to });
        }
    }

    fn finish(mut self, end: Time) -> Vec<Gap> {
        (0..self.since.len()).for_each(|partition| self.close(partition, end));
        self.found
    }
}
