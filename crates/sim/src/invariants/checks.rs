//! The checks. Each looks at one moment and says what is wrong with it, in the words that people will read.

use std::collections::BTreeMap;

use crate::chunks::Chunks;
use crate::happening::Fact;
use crate::ids::{BrokerId, NodeId, Offset, Partition, ProducerEpoch, ProducerId, RecordId};
use crate::protocol::PartitionState;
use crate::protocol::batch::LogBatch;
use crate::view::{BrokerView, ClusterView, LeaderView, ReplicaRole, ReplicaView};

use super::Moment;

type Checked = Result<(), String>;

fn holds(condition: bool, wrong: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(wrong()) }
}

fn replicas(view: &ClusterView) -> impl Iterator<Item = (&BrokerView, &ReplicaView)> {
    view.brokers.iter().flat_map(|broker| broker.replicas.iter().map(move |replica| (broker, replica)))
}

fn leaders(view: &ClusterView) -> impl Iterator<Item = (BrokerId, &ReplicaView, &LeaderView)> {
    replicas(view).filter_map(|(broker, replica)| match &replica.role {
        ReplicaRole::Leader(leader) => Some((broker.id, replica, leader)),
        ReplicaRole::Follower { .. } | ReplicaRole::Offline => None,
    })
}

fn replica_of(view: &ClusterView, broker: BrokerId, partition: Partition) -> Option<&ReplicaView> {
    let broker = view.brokers.iter().find(|known| known.id == broker)?;
    broker.replicas.iter().find(|replica| replica.partition == partition)
}

/// The partitions as the controller has them.
fn states(view: &ClusterView) -> impl Iterator<Item = (Partition, &PartitionState)> {
    let all = (0..).map(Partition).zip(&view.controller.partitions);
    all.filter_map(|(partition, state)| Some((partition, state.as_ref()?)))
}

/// Replicas whose log is not what it was before the step.
fn changed<'a>(moment: &Moment<'a>) -> Vec<(BrokerId, &'a ReplicaView)> {
    let is_new = |broker: BrokerId, replica: &ReplicaView| {
        let before = moment.before.and_then(|before| replica_of(before, broker, replica.partition));
        before.is_none_or(|before| {
            before.log.len() != replica.log.len() || before.log.last() != replica.log.last()
        })
    };
    replicas(moment.now)
        .filter(|(broker, replica)| is_new(broker.id, replica))
        .map(|(broker, replica)| (broker.id, replica))
        .collect()
}

pub(super) fn high_watermark_within_log(moment: &Moment<'_>) -> Checked {
    replicas(moment.now).filter(|(_, replica)| !matches!(replica.role, ReplicaRole::Offline)).try_for_each(
        |(broker, replica)| {
            let (start, end) = (replica.log_start_offset, replica.log_end_offset);
            let high_watermark = replica.high_watermark;
            holds(start <= high_watermark && high_watermark <= end, || {
                format!(
                    "broker {}, partition {}: {high_watermark} is outside of {start} to {end}",
                    broker.id, replica.partition
                )
            })
        },
    )
}

pub(super) fn high_watermark_held_by_maximal_isr(moment: &Moment<'_>) -> Checked {
    leaders(moment.now).filter(|(_, replica, _)| !moment.history.of(replica.partition).excused).try_for_each(
        |(id, replica, leader)| {
            let partition = replica.partition;
            leader.maximal_isr.iter().try_for_each(|member| {
                let end = replica_of(moment.now, member, partition)
                    .map_or(Offset(0), |member| member.log_end_offset);
                holds(replica.high_watermark <= end, || {
                    format!(
                        "partition {partition}: the high watermark on broker {id} is {}, broker {member} \
                         of its ISR has only {end}",
                        replica.high_watermark
                    )
                })
            })
        },
    )
}

pub(super) fn high_watermark_never_falls(moment: &Moment<'_>) -> Checked {
    let Some(before) = moment.before else { return Ok(()) };
    leaders(moment.now).try_for_each(|(id, replica, leader)| {
        let Some(was) = replica_of(before, id, replica.partition) else { return Ok(()) };
        let ReplicaRole::Leader(led) = &was.role else { return Ok(()) };
        let (from, to) = (was.high_watermark, replica.high_watermark);
        holds(led.leader_epoch != leader.leader_epoch || to >= from, || {
            format!("broker {id}, partition {}: from {from} to {to}", replica.partition)
        })
    })
}

pub(super) fn log_without_gaps(moment: &Moment<'_>) -> Checked {
    changed(moment).into_iter().try_for_each(|(id, replica)| {
        let mut expected = replica.log_start_offset;
        for batch in replica.log.iter().filter(|batch| batch.next_offset() > replica.log_start_offset) {
            let found = batch.base_offset;
            holds(found == expected || found <= replica.log_start_offset, || {
                format!("broker {id}, partition {}: {found} follows {expected}", replica.partition)
            })?;
            expected = batch.next_offset();
        }
        holds(expected == replica.log_end_offset || replica.log.is_empty(), || {
            format!("broker {id}, partition {}: the log ends at {expected}", replica.partition)
        })
    })
}

pub(super) fn epochs_ascend_within_log(moment: &Moment<'_>) -> Checked {
    changed(moment).into_iter().try_for_each(|(id, replica)| {
        let pairs = replica.log.iter().zip(replica.log.iter().skip(1));
        let mut falls = pairs.filter(|(first, second)| second.leader_epoch < first.leader_epoch);
        falls.next().map_or(Ok(()), |(first, second)| {
            Err(format!(
                "broker {id}, partition {}: epoch {} at offset {} follows epoch {}",
                replica.partition, second.leader_epoch, second.base_offset, first.leader_epoch
            ))
        })
    })
}

/// The last batch that begins at the same offset and was written in the same leader epoch in both.
fn last_common(one: &Chunks<LogBatch>, other: &Chunks<LogBatch>) -> Option<usize> {
    let shorter = one.len().min(other.len());
    (0..shorter).rev().find(|&place| match (one.get(place), other.get(place)) {
        (Some(one), Some(other)) => {
            (one.base_offset, one.leader_epoch) == (other.base_offset, other.leader_epoch)
        }
        _ => false,
    })
}

pub(super) fn logs_match(moment: &Moment<'_>) -> Checked {
    for (id, replica) in changed(moment) {
        for (other_id, other) in replicas(moment.now) {
            if other_id.id == id || other.partition != replica.partition {
                continue;
            }
            let Some(last) = last_common(&replica.log, &other.log) else { continue };
            let mut pairs = replica.log.iter().zip(other.log.iter()).take(last + 1);
            if let Some((one, _)) = pairs.find(|(one, other)| one != other) {
                return Err(format!(
                    "partition {}: brokers {id} and {} differ at offset {}, and agree after it",
                    replica.partition, other_id.id, one.base_offset
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn leader_completeness(moment: &Moment<'_>) -> Checked {
    for (partition, state) in states(moment.now) {
        let past = moment.history.of(partition);
        let Some(last) = past.committed.last().filter(|_| !past.excused) else { continue };
        let place = past.committed.len() - 1;
        for candidate in state.isr.union(state.elr).iter() {
            let found =
                replica_of(moment.now, candidate, partition).and_then(|replica| replica.log.get(place));
            if found != Some(last) {
                return Err(format!(
                    "partition {partition}: broker {candidate} may be elected and lacks offset {}, which was \
                     committed in leader epoch {}",
                    last.last_offset(),
                    last.leader_epoch
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn epochs_monotonic(moment: &Moment<'_>) -> Checked {
    let Some(before) = moment.before else { return Ok(()) };
    states(before).try_for_each(|(partition, was)| {
        let now = moment.now.controller.partitions.get(usize::from(partition.0));
        let Some(Some(now)) = now else { return Err(format!("partition {partition} is gone")) };
        let epochs = |state: &PartitionState| (state.leader_epoch, state.partition_epoch);
        let (from, to) = (epochs(was), epochs(now));
        holds(to.0 >= from.0 && to.1 >= from.1, || {
            format!(
                "partition {partition}: leader epoch {} and partition epoch {} after {} and {}",
                to.0, to.1, from.0, from.1
            )
        })?;
        // The same epoch never means two things.
        holds(to.1 != from.1 || was == now, || {
            format!("partition {partition}: partition epoch {} stands for two states", to.1)
        })?;
        holds(to.0 != from.0 || was.leader == now.leader, || {
            format!("partition {partition}: leader epoch {} has had two leaders", to.0)
        })
    })
}

pub(super) fn one_leader_per_epoch(moment: &Moment<'_>) -> Checked {
    let mut leaders = BTreeMap::new();
    for happening in moment.news {
        let Fact::BecameLeader { partition, leader_epoch, .. } = happening.fact else { continue };
        let key = (partition, leader_epoch);
        let first = moment.history.leaders.get(&key).or(leaders.get(&key)).copied();
        if let Some(first) = first.filter(|&first| first != happening.node) {
            return Err(format!(
                "partition {partition}, leader epoch {leader_epoch}: {first:?} and {:?}",
                happening.node
            ));
        }
        leaders.insert(key, happening.node);
    }
    Ok(())
}

pub(super) fn leader_in_isr(moment: &Moment<'_>) -> Checked {
    states(moment.now).try_for_each(|(partition, state)| {
        holds(state.leader.is_none_or(|leader| state.isr.contains(leader)), || {
            format!("partition {partition}: leader {:?}, ISR {}", state.leader, state.isr)
        })
    })
}

pub(super) fn isr_and_elr_are_replicas(moment: &Moment<'_>) -> Checked {
    states(moment.now).try_for_each(|(partition, state)| {
        let (isr, elr) = (state.isr, state.elr);
        let replicas = state.replicas.iter().copied().collect();
        let is_sound = isr.union(elr).is_subset(replicas) && isr.minus(elr) == isr;
        holds(is_sound, || format!("partition {partition}: replicas {replicas}, ISR {isr}, ELR {elr}"))
    })
}

pub(super) fn isr_not_empty(moment: &Moment<'_>) -> Checked {
    let with_elr = moment.spec.broker_config.eligible_leader_replicas;
    states(moment.now).try_for_each(|(partition, state)| {
        holds(with_elr || !state.isr.is_empty(), || format!("partition {partition} has nobody in its ISR"))
    })
}

pub(super) fn delivered_is_committed(moment: &Moment<'_>) -> Checked {
    moment.news.iter().try_for_each(|happening| {
        let Fact::Delivered { partition, offset, .. } = happening.fact else { return Ok(()) };
        let end = moment.history.of(partition).committed_end;
        holds(offset < end, || {
            format!(
                "{:?} was given offset {offset} of partition {partition}, committed is up to {end}",
                happening.node
            )
        })
    })
}

pub(super) fn delivered_in_order(moment: &Moment<'_>) -> Checked {
    let mut given: BTreeMap<(NodeId, Partition), Option<Offset>> = BTreeMap::new();
    for happening in moment.news {
        match happening.fact {
            Fact::PositionReset { partition, .. } => _ = given.insert((happening.node, partition), None),
            Fact::Delivered { partition, offset, .. } => {
                let key = (happening.node, partition);
                let last = given.get(&key).copied().unwrap_or(moment.history.given.get(&key).copied());
                holds(last.is_none_or(|last| offset > last), || {
                    format!(
                        "{:?}, partition {partition}: {offset} after {}",
                        happening.node,
                        last.unwrap_or_default()
                    )
                })?;
                given.insert(key, Some(offset));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn acknowledged_is_committed(moment: &Moment<'_>) -> Checked {
    moment.news.iter().filter(|happening| moment.history.wants_all_acks(happening)).try_for_each(
        |happening| {
            let Fact::Acknowledged { partition, offset: Some(offset), record } = happening.fact else {
                return Ok(());
            };
            let end = moment.history.of(partition).committed_end;
            holds(offset < end, || {
                format!(
                    "record {record} at offset {offset} of partition {partition}, committed is up to {end}"
                )
            })
        },
    )
}

pub(super) fn sequences_ascend(moment: &Moment<'_>) -> Checked {
    for (id, replica) in changed(moment) {
        // The last record and the sequence after it, for each producer epoch.
        let mut last: BTreeMap<(ProducerId, ProducerEpoch), (RecordId, u32)> = BTreeMap::new();
        for entry in replica.log.iter() {
            let batch = &entry.batch;
            let (Some(stamp), Some(end)) = (batch.stamp, batch.last_sequence()) else { continue };
            let (Some(&first_record), Some(&last_record)) = (batch.records().first(), batch.records().last())
            else {
                continue;
            };
            let key = (stamp.id, stamp.epoch);
            if let Some(&(record, sequence)) = last.get(&key) {
                // Numbers wrap after 2147483647.
                let wraps = sequence == i32::MAX as u32;
                holds(record < first_record && (wraps || stamp.base_sequence.0 > sequence), || {
                    format!(
                        "broker {id}, partition {}: offset {} holds sequence {} of producer {} in epoch {} after \
                         sequence {sequence}",
                        replica.partition, entry.base_offset, stamp.base_sequence, stamp.id, stamp.epoch
                    )
                })?;
            }
            last.insert(key, (last_record, end.0));
        }
    }
    Ok(())
}

pub(super) fn acknowledged_is_kept(moment: &Moment<'_>) -> Checked {
    for (partition, state) in states(moment.now) {
        let past = moment.history.of(partition);
        let Some(leader) = state.leader.filter(|_| !past.excused) else { continue };
        let Some(replica) = replica_of(moment.now, leader, partition) else { continue };
        let mut held: Vec<RecordId> =
            replica.log.iter().flat_map(|batch| batch.batch.records().iter().copied()).collect();
        held.sort_unstable();
        let missing = past.acknowledged.iter().find(|record| held.binary_search(record).is_err());
        if let Some(record) = missing {
            return Err(format!(
                "record {record} is not in partition {partition} on its leader, broker {leader}"
            ));
        }
    }
    Ok(())
}
