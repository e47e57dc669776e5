//! What a follower does with its leader's answers: append, or find out how much of its own log to cut (broker.md §4.1,
//! §5.3).

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::fetcher::Step;
use crate::broker::replicas::fetchers::Fetchers;
use crate::happening::{Fact, Role as ReplicaRole, Truncation};
use crate::ids::{BrokerId, HappeningId, LeaderEpoch, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::LogBatch;
use crate::protocol::{EpochAnswer, FetchAnswer, FetchResult, ListOffsetResult};
use crate::world::context::Context;

impl Replicas {
    /// Returns the high watermark's rise, if there was one.
    pub fn append_as_follower(
        &mut self,
        cx: &mut Context,
        image: &Image,
        partition: Partition,
        leader_high_watermark: Offset,
        leader_log_start: Offset,
        batches: &[LogBatch],
    ) -> Option<HappeningId> {
        let (now, version, arrival) = (cx.now, cx.spec.version, cx.cause);
        let mut appended = arrival;
        for entry in batches {
            let replica = self.get_mut(partition).expect("it is followed");
            replica.log.append(entry.clone(), now, version);
            appended = Some(cx.note(Fact::Appended {
                partition,
                role: ReplicaRole::Follower,
                base_offset: entry.base_offset,
                last_offset: entry.last_offset(),
                leader_epoch: entry.leader_epoch,
                batch: entry.batch.id,
            }));
        }
        let ticks = self.uptime.checkpoint_ticks(cx);
        let replica = self.get_mut(partition).expect("it is followed");
        if !batches.is_empty() {
            replica.maybe_flush(cx, image, partition);
        }
        debug_assert!(replica.log.start() >= leader_log_start, "no log is ever cut at its start");
        let to = leader_high_watermark.min(replica.log.end());
        let mut risen = None;
        if to != replica.high_watermark {
            let from = replica.move_high_watermark(to, ticks);
            let moved = cx.note(Fact::HighWatermarkMoved { partition, from, to });
            risen = (to > from).then_some(moved);
        }
        // The next fetch tells the leader of it.
        cx.cause = appended;
        risen
    }

    /// The leader's log leaves this one where its largest epoch up to ours ends (broker.md §5.3). With KIP-101 alone only
    /// that offset is looked at, not `by_epoch`. True: the leader's epoch is known here, so that this was the last cut.
    pub fn truncate_to_common_epoch(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        leader_epoch: Option<LeaderEpoch>,
        end_offset: Option<Offset>,
        by_epoch: bool,
    ) -> bool {
        let Some(replica) = self.get(partition) else { return true };
        let end = replica.log.end();
        let Some(leader_end) = end_offset else {
            let high_watermark = replica.high_watermark;
            self.truncate(cx, partition, high_watermark, Truncation::HighWatermark);
            return true;
        };
        let asked = leader_epoch.filter(|_| by_epoch && !wrong(Mutant::TruncatesOnce));
        let own = asked.and_then(|epoch| replica.log.epochs().end_offset_for(epoch, end, cx.spec.version));
        let (to, is_common) = match own {
            Some((epoch, own_end)) if Some(epoch) == asked => (own_end.min(leader_end), true),
            // An epoch that is not here: back to the end of the one before it, and ask again.
            Some((epoch, own_end)) if Some(epoch) < asked => (own_end, false),
            _ => (leader_end, true),
        };
        let because = match leader_epoch {
            Some(leader_epoch) => Truncation::DivergingEpoch { leader_epoch, end_offset: leader_end },
            None => Truncation::LeaderLogEnd,
        };
        self.truncate(cx, partition, to.min(end), because);
        is_common
    }
}

impl Fetchers {
    /// Returns the high watermark's rise, if there was one.
    pub fn take_fetch_result(
        &mut self,
        cx: &mut Context,
        replicas: &mut Replicas,
        image: &Image,
        source: BrokerId,
        result: &FetchResult,
    ) -> Option<HappeningId> {
        let partition = result.partition;
        if !self.is_current(replicas, source, partition) {
            return None;
        }
        match &result.answer {
            FetchAnswer::Records { high_watermark, log_start_offset, batches } => {
                let Some((log_end_offset, base_offset)) =
                    replicas.get(partition).and_then(|replica| replica.log.misfit(batches))
                else {
                    let (high_watermark, start) = (*high_watermark, *log_start_offset);
                    return replicas.append_as_follower(cx, image, partition, high_watermark, start, batches);
                };
                // Nothing fits any more: two logs that differ without anybody knowing.
                self.next_step(source, partition, Step::Failed);
                cx.note(Fact::FetchingFailed { partition, leader: source, log_end_offset, base_offset });
            }
            FetchAnswer::Diverging { leader_epoch, end_offset } => {
                replicas.truncate_to_common_epoch(cx, partition, *leader_epoch, *end_offset, true);
            }
            FetchAnswer::Error { error, .. } => self.partition_failed(cx, source, partition, *error),
        }
        None
    }

    /// Before fetch v12: the answer about the end of the own last epoch.
    pub fn take_end_of_epoch(
        &mut self,
        cx: &mut Context,
        replicas: &mut Replicas,
        source: BrokerId,
        result: &EpochAnswer,
    ) {
        let partition = result.partition;
        if !self.is_current(replicas, source, partition) {
            return;
        }
        let answer = match result.result {
            Ok(answer) => answer,
            Err(error) => return self.partition_failed(cx, source, partition, error),
        };
        let by_epoch = cx.spec.version.truncation_is_iterative();
        let (epoch, end) = (answer.map(|(epoch, _)| epoch), answer.map(|(_, end)| end));
        if replicas.truncate_to_common_epoch(cx, partition, epoch, end, by_epoch) {
            self.next_step(source, partition, Step::Fetching);
        }
    }

    /// broker.md §4.1.7.
    pub fn take_offsets(
        &mut self,
        cx: &mut Context,
        replicas: &mut Replicas,
        source: BrokerId,
        earliest: &ListOffsetResult,
        latest: &ListOffsetResult,
    ) {
        let partition = earliest.partition;
        if !self.is_current(replicas, source, partition) {
            return;
        }
        let (start, leader_end) = match (earliest.result, latest.result) {
            (Ok((start, _)), Ok((end, _))) => (start, end),
            (Err(error), _) | (_, Err(error)) => return self.partition_failed(cx, source, partition, error),
        };
        let ticks = replicas.uptime.checkpoint_ticks(cx);
        let replica = replicas.get_mut(partition).expect("it is followed");
        let end = replica.log.end();
        if leader_end < end {
            replicas.truncate(cx, partition, leader_end, Truncation::LeaderLogEnd);
        } else if start > end {
            replica.log.truncate_fully_and_start_at(start);
            replica.move_high_watermark(start, ticks);
            let because = Truncation::LeaderLogEnd;
            cx.cause = Some(cx.note(Fact::Truncated { partition, from: end, to: start, because }));
        }
        self.next_step(source, partition, Step::Fetching);
    }
}
