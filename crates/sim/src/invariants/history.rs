//! What the checks remember of a run: what was committed and by whom it was led, and how far consumers had come.

use std::collections::BTreeMap;

use crate::chunks::Chunks;
use crate::happening::{Fact, Happening, PartitionChange, Truncation};
use crate::ids::{LeaderEpoch, NodeId, Offset, Partition, RecordId};
use crate::protocol::Acks;
use crate::protocol::batch::LogBatch;
use crate::spec::Spec;
use crate::view::{ClusterView, ReplicaRole};

/// One partition's past.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Every batch that ever lay below a leader's high watermark, while nothing excused its loss.
    pub committed: Chunks<LogBatch>,
    /// The highest high watermark that any leader has had.
    pub committed_end: Offset,
    /// An unclean election or the loss of data on a disk: from here on committed records may be gone.
    pub excused: bool,
    /// Acknowledged to a producer with acks=all.
    pub acknowledged: Vec<RecordId>,
}

#[derive(Clone, Debug, Default)]
pub struct History {
    pub partitions: Vec<Past>,
    pub leaders: BTreeMap<(Partition, LeaderEpoch), NodeId>,
    /// The last offset that a consumer was given since its last reset.
    pub given: BTreeMap<(NodeId, Partition), Offset>,
    acks: Vec<Acks>,
    pub acknowledged: u32,
    pub fenced: u32,
    pub isr_shrank: u32,
    pub isr_grew: u32,
    pub elected: u32,
    pub truncated: u32,
    pub retried: u32,
    pub duplicates: u32,
    pub delivered: u32,
}

impl History {
    pub fn new(spec: &Spec) -> History {
        let acks = |producer: &crate::spec::ProducerSpec| {
            producer.config.as_ref().map_or(Acks::None, |config| config.acks)
        };
        History {
            partitions: vec![Past::default(); spec.partitions.len()],
            acks: spec.producers.iter().map(acks).collect(),
            ..History::default()
        }
    }

    pub fn of(&self, partition: Partition) -> &Past {
        &self.partitions[usize::from(partition.0)]
    }

    pub fn wants_all_acks(&self, happening: &Happening) -> bool {
        let NodeId::Producer(client) = happening.node else { return false };
        self.acks.get(usize::from(client.0)) == Some(&Acks::All)
    }

    /// What the checks of this step must know already: excuses, and what is committed by now.
    pub(super) fn learn(&mut self, now: &ClusterView, news: &[Happening]) {
        for happening in news {
            match &happening.fact {
                Fact::PartitionChanged(change) if is_unclean(change) => {
                    self.partitions[usize::from(change.partition.0)].excused = true;
                }
                Fact::Truncated { partition, because: Truncation::Unflushed | Truncation::Wiped, .. } => {
                    self.partitions[usize::from(partition.0)].excused = true
                }
                // Some leaders come and go within a step: a zombie that wakes up.
                Fact::HighWatermarkMoved { partition, to, .. } => {
                    let past = &mut self.partitions[usize::from(partition.0)];
                    past.committed_end = past.committed_end.max(*to);
                }
                _ => {}
            }
        }
        for replica in now.brokers.iter().flat_map(|broker| &broker.replicas) {
            if let ReplicaRole::Leader(_) = replica.role {
                let past = &mut self.partitions[usize::from(replica.partition.0)];
                past.commit(&replica.log, replica.high_watermark);
            }
        }
    }

    /// What the next step's checks build on.
    pub(super) fn remember(&mut self, news: &[Happening]) {
        for happening in news {
            match &happening.fact {
                Fact::BecameLeader { partition, leader_epoch, .. } => {
                    self.leaders.insert((*partition, *leader_epoch), happening.node);
                }
                Fact::Acknowledged { record, partition, .. } => {
                    self.acknowledged += 1;
                    if self.wants_all_acks(happening) {
                        self.partitions[usize::from(partition.0)].acknowledged.push(*record);
                    }
                }
                Fact::Delivered { partition, offset, .. } => {
                    self.delivered += 1;
                    self.given.insert((happening.node, *partition), *offset);
                }
                Fact::PositionReset { partition, .. } => {
                    self.given.remove(&(happening.node, *partition));
                }
                Fact::ProcessStarted => self.given.retain(|(node, _), _| *node != happening.node),
                Fact::BrokerFenced { .. } => self.fenced += 1,
                Fact::BatchRetried { .. } => self.retried += 1,
                Fact::DuplicateRecognised { .. } => self.duplicates += 1,
                Fact::Truncated { because, .. } => {
                    let is_lost = matches!(because, Truncation::Unflushed | Truncation::Wiped);
                    self.truncated += u32::from(!is_lost);
                }
                Fact::PartitionChanged(change) => {
                    self.isr_shrank += u32::from(!change.previous_isr.is_subset(change.isr));
                    self.isr_grew += u32::from(!change.isr.is_subset(change.previous_isr));
                    let is_new = change.leader.is_some() && change.leader != change.previous_leader;
                    self.elected += u32::from(is_new);
                }
                _ => {}
            }
        }
    }
}

impl Past {
    fn commit(&mut self, log: &Chunks<LogBatch>, high_watermark: Offset) {
        self.committed_end = self.committed_end.max(high_watermark);
        let known = self.committed.len();
        // A leader whose log has left the committed one adds nothing; the checks will say so.
        let is_continued = match known.checked_sub(1) {
            None => true,
            Some(last) => log.get(last).is_some_and(|batch| Some(batch) == self.committed.get(last)),
        };
        if self.excused || !is_continued {
            return;
        }
        for batch in log.iter_from(known).take_while(|batch| batch.next_offset() <= high_watermark) {
            self.committed.push(batch.clone());
        }
    }
}

/// The new leader was neither in sync nor eligible, or is marked so.
fn is_unclean(change: &PartitionChange) -> bool {
    let may_lead = change.previous_isr.union(change.previous_elr);
    change.recovering
        || change.leader != change.previous_leader
            && change.leader.is_some_and(|leader| !may_lead.contains(leader))
}
