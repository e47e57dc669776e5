//! How the audit is made: from the trace and the logs as they lie in the end.

use std::collections::BTreeMap;

use crate::audit::{Audit, Fate, Gap, Latency, RecordAudit, Totals};
use crate::happening::{Fact, Happening};
use crate::ids::{BatchId, BrokerId, HappeningId, NodeId, Offset, Partition, RecordId};
use crate::spec::Spec;
use crate::time::Time;
use crate::view::{ClusterView, ReplicaView};
use crate::world::World;

impl Audit {
    pub(crate) fn of(world: &World, happenings: &[Happening]) -> Audit {
        let spec = world.spec();
        let view = world.view();
        let mut records: Vec<RecordAudit> = (world.ledger().iter())
            .map(|(record, offered)| RecordAudit {
                record,
                fate: Fate::Undecided,
                duplicated: false,
                reordered: false,
                vanished: false,
                delivered: 0,
                partition: None,
                offset: None,
                offered_at: offered.at,
                answered_at: None,
                decided_by: None,
            })
            .collect();
        let mut answers = vec![Answer::default(); records.len()];
        let lineage = Lineage::follow(world, happenings, &mut records, &mut answers);
        let mut latencies = Vec::new();
        for (record, answer) in records.iter_mut().zip(&answers) {
            if let Some((_, at)) = answer.acked.or(answer.failed) {
                record.answered_at = Some(at);
            }
            if let Some((_, at)) = answer.acked {
                latencies.push(at.since(record.offered_at).nanos);
            }
        }
        let mut kept = vec![0_u32; records.len()];
        let mut skipped = 0;
        for partition in world.partitions() {
            let Some(log) = log_that_counts(&view, partition) else { continue };
            let mut latest: BTreeMap<u16, RecordId> = BTreeMap::new();
            for (offset, record) in log.log.iter().flat_map(|batch| batch.records()) {
                let audit = &mut records[record.0 as usize];
                let copies = &mut kept[record.0 as usize];
                *copies += 1;
                if *copies > 1 {
                    audit.duplicated = true;
                    continue;
                }
                audit.partition = Some(partition);
                audit.offset = Some(offset);
                let newest = latest.entry(world.ledger().get(record).producer.0).or_insert(record);
                audit.reordered = record < *newest;
                *newest = record.max(*newest);
            }
            skipped += skipped_in(&view, happenings, partition, log);
        }
        for ((record, answer), copies) in records.iter_mut().zip(&answers).zip(&kept) {
            let here = *copies > 0;
            record.vanished = record.delivered > 0 && !here;
            record.fate = match (answer.acked.is_some(), answer.failed.is_some(), here) {
                (true, _, true) => Fate::Kept,
                (true, _, false) => Fate::AckedButLost,
                (false, true, true) => Fate::FailedButKept,
                (false, true, false) => Fate::FailedAndAbsent,
                (false, false, false) if answer.abandoned => Fate::NeverSent,
                (false, false, _) => Fate::Undecided,
            };
            let lost = || lineage.lost_by.get(&record.record).copied();
            record.decided_by = match record.fate {
                Fate::Kept => answer.acked.map(|(id, _)| id),
                Fate::AckedButLost => lost().or(answer.acked.map(|(id, _)| id)),
                Fate::FailedAndAbsent | Fate::FailedButKept => answer.failed.map(|(id, _)| id),
                Fate::NeverSent => answer.abandoned_by,
                Fate::Undecided => None,
            };
        }
        let latency = Latency::of(&mut latencies);
        Audit {
            totals: totals(&records, skipped),
            records,
            availability: gaps(spec, happenings, world.now()),
            latency,
        }
    }
}

fn totals(records: &[RecordAudit], skipped: u32) -> Totals {
    let mut totals = Totals { offered: records.len() as u32, skipped, ..Totals::default() };
    for record in records {
        match record.fate {
            Fate::Kept => totals.kept += 1,
            Fate::AckedButLost => totals.acked_lost += 1,
            Fate::FailedAndAbsent => totals.failed_absent += 1,
            Fate::FailedButKept => totals.failed_kept += 1,
            Fate::NeverSent => totals.never_sent += 1,
            Fate::Undecided => totals.undecided += 1,
        }
        totals.duplicated += u32::from(record.duplicated);
        totals.reordered += u32::from(record.reordered);
        totals.vanished += u32::from(record.vanished);
        totals.delivered += record.delivered;
    }
    totals.acked = totals.kept + totals.acked_lost;
    totals
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

/// Records below a consumer's position that lie in the log and were never given to it.
fn skipped_in(view: &ClusterView, happenings: &[Happening], partition: Partition, log: &ReplicaView) -> u32 {
    let mut skipped = 0;
    for consumer in &view.consumers {
        let Some(&(_, Some(position))) = consumer.positions.iter().find(|(at, _)| *at == partition) else {
            continue;
        };
        let node = NodeId::Consumer(consumer.client);
        let mut first = position;
        let mut given = std::collections::BTreeSet::new();
        for happening in happenings.iter().filter(|happening| happening.node == node) {
            if let Fact::Delivered { record, partition: at, offset, .. } = happening.fact
                && at == partition
            {
                first = first.min(offset);
                given.insert(record);
            }
        }
        let below = log.log.iter().flat_map(|batch| batch.records());
        let below = below.filter(|(offset, _)| (first..position).contains(offset));
        skipped += below.filter(|(_, record)| !given.contains(record)).count() as u32;
    }
    skipped
}

#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    acked: Option<(HappeningId, Time)>,
    failed: Option<(HappeningId, Time)>,
    /// The application died, or the run ended, with the record still in the producer's memory.
    abandoned: bool,
    abandoned_by: Option<HappeningId>,
    sent: bool,
}

/// Which replica held which batches when, and by which change of leader or cut a record was lost.
/// The batches of one replica, in order: first and last offset.
type Batches = Vec<(Offset, Offset, BatchId)>;

struct Lineage {
    lost_by: BTreeMap<RecordId, HappeningId>,
}

impl Lineage {
    fn follow(
        world: &World,
        happenings: &[Happening],
        records: &mut [RecordAudit],
        answers: &mut [Answer],
    ) -> Lineage {
        let spec = world.spec();
        let mut logs: BTreeMap<(BrokerId, Partition), Batches> = BTreeMap::new();
        let mut contents: BTreeMap<BatchId, Vec<RecordId>> = BTreeMap::new();
        let mut leaders: BTreeMap<Partition, BrokerId> = BTreeMap::new();
        let mut lost_by = BTreeMap::new();
        for happening in happenings {
            match &happening.fact {
                Fact::Buffered { record, batch, .. } => contents.entry(*batch).or_default().push(*record),
                Fact::BatchSplit { batch, into } => {
                    let children = into.clone();
                    // The children's contents follow as Buffered notes of their own.
                    for child in children {
                        contents.entry(child).or_default();
                    }
                    contents.remove(batch);
                }
                Fact::BatchDrained { batch, .. } => {
                    for record in contents.get(batch).into_iter().flatten() {
                        answers[record.0 as usize].sent = true;
                    }
                }
                Fact::Acknowledged { record, partition, offset } => {
                    let audit = &mut records[record.0 as usize];
                    (audit.partition, audit.offset) = (Some(*partition), *offset);
                    answers[record.0 as usize].acked = Some((happening.id, happening.at));
                }
                Fact::SendFailed { record, .. } => {
                    let answer = &mut answers[record.0 as usize];
                    answer.failed = answer.failed.or(Some((happening.id, happening.at)));
                }
                Fact::ApplicationKilled => {
                    let NodeId::Producer(client) = happening.node else { continue };
                    for (answer, audit) in answers.iter_mut().zip(records.iter()) {
                        if world.ledger().get(audit.record).producer == client
                            && answer.acked.is_none()
                            && answer.failed.is_none()
                            && audit.offered_at <= happening.at
                        {
                            answer.abandoned = !answer.sent;
                            answer.abandoned_by = Some(happening.id);
                        }
                    }
                }
                Fact::Delivered { record, .. } => records[record.0 as usize].delivered += 1,
                Fact::Appended { partition, base_offset, last_offset, batch, .. } => {
                    let Some(broker) = happening.node.broker() else { continue };
                    let log = logs.entry((broker, *partition)).or_default();
                    log.push((*base_offset, *last_offset, *batch));
                    if leaders.get(partition) == Some(&broker) {
                        for record in contents.get(batch).into_iter().flatten() {
                            lost_by.remove(record);
                        }
                    }
                }
                Fact::Truncated { partition, to, .. } => {
                    let Some(broker) = happening.node.broker() else { continue };
                    let log = logs.entry((broker, *partition)).or_default();
                    let keep = log.partition_point(|(base, _, _)| base < to);
                    for (_, _, batch) in log.drain(keep..) {
                        // What the leader itself loses is lost by that; a follower's cut only seals an election.
                        if leaders.get(partition) == Some(&broker) {
                            for record in contents.get(&batch).into_iter().flatten() {
                                lost_by.entry(*record).or_insert(happening.id);
                            }
                        }
                    }
                }
                Fact::PartitionChanged(change) => {
                    let (Some(new), partition) = (change.leader, change.partition) else { continue };
                    let Some(old) = leaders.insert(partition, new).filter(|&old| old != new) else {
                        continue;
                    };
                    let held = logs.get(&(new, partition)).map(Vec::as_slice).unwrap_or_default();
                    for (_, _, batch) in logs.get(&(old, partition)).map(Vec::as_slice).unwrap_or_default() {
                        let kept = held.iter().any(|(_, _, own)| own == batch);
                        for record in contents.get(batch).into_iter().flatten() {
                            if kept {
                                lost_by.remove(record);
                            } else {
                                lost_by.entry(*record).or_insert(happening.id);
                            }
                        }
                    }
                }
                Fact::PartitionCreated(change) => {
                    if let Some(leader) = change.leader {
                        leaders.insert(change.partition, leader);
                    }
                }
                _ => {}
            }
            if leaders.is_empty() && spec.warm {
                // A warm run begins with every partition at its preferred leader.
                leaders = (0..)
                    .map(Partition)
                    .zip(&spec.partitions)
                    .map(|(id, spec)| (id, spec.replicas[0]))
                    .collect();
            }
        }
        for answer in answers.iter_mut() {
            if answer.acked.is_none() && answer.failed.is_none() && !answer.sent {
                answer.abandoned = true;
            }
        }
        Lineage { lost_by }
    }
}

/// When no running broker led a partition, as far as clients could tell.
fn gaps(spec: &Spec, happenings: &[Happening], end: Time) -> Vec<Gap> {
    let mut leaders: Vec<Option<BrokerId>> =
        spec.partitions.iter().map(|partition| spec.warm.then(|| partition.replicas[0])).collect();
    let mut since: Vec<Option<Time>> = vec![None; leaders.len()];
    let mut gaps = Vec::new();
    let mut close = |since: &mut Option<Time>, partition: usize, at: Time| {
        if let Some(from) = since.take()
            && from < at
        {
            gaps.push(Gap { partition: Partition(partition as u16), from, to: at });
        }
    };
    for happening in happenings {
        match &happening.fact {
            Fact::ProcessKilled | Fact::PowerLost | Fact::Paused | Fact::ProcessStopped => {
                for (leader, since) in leaders.iter().zip(&mut since) {
                    if leader.is_some() && *leader == happening.node.broker() {
                        since.get_or_insert(happening.at);
                    }
                }
            }
            Fact::Resumed => {
                for (partition, (leader, since)) in leaders.iter().zip(&mut since).enumerate() {
                    if leader.is_some() && *leader == happening.node.broker() {
                        close(since, partition, happening.at);
                    }
                }
            }
            Fact::PartitionChanged(change) | Fact::PartitionCreated(change) => {
                let place = usize::from(change.partition.0);
                if change.leader.is_none() {
                    since[place].get_or_insert(happening.at);
                }
                leaders[place] = change.leader;
            }
            Fact::BecameLeader { partition, .. } => {
                let place = usize::from(partition.0);
                if leaders[place] == happening.node.broker() {
                    close(&mut since[place], place, happening.at);
                }
            }
            _ => {}
        }
    }
    for (partition, since) in since.iter_mut().enumerate() {
        close(since, partition, end);
    }
    gaps
}
