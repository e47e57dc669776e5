//! What the consumer makes of the brokers' answers: metadata, offsets, validation, records.

use crate::client::Answer;
use crate::config::ConsumerConfig;
use crate::error::{ErrorCode, Failure};
use crate::happening::{Fact, Reset};
use crate::ids::{LeaderEpoch, Offset, Partition};
use crate::protocol::batch::LogBatch;
use crate::protocol::{Body, ClusterMetadata, EpochAnswer, FetchAnswer, FetchResult, ListOffsetResult};
use crate::world::context::Context;

use super::links::{InFlight, Question};
use super::positions::FetchState;
use super::{BREATH, Consumer, links, reset_target};
use crate::mutant::{Mutant, wrong};

impl Consumer {
    pub(super) fn answered(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        index: usize,
        request: InFlight,
        body: &Body,
    ) {
        match (&request.question, Answer::of(body)) {
            (Question::ApiVersions, Answer::ApiVersions) => self.links.api_versions_known(index),
            (Question::Metadata, Answer::Metadata(metadata)) => self.metadata_answered(cx, config, metadata),
            (Question::Fetch(asked), Answer::Fetch(partitions)) => {
                let hurried = cx.now.since(request.sent) < config.fetch_max_wait / 2;
                for result in partitions {
                    let asked = asked.iter().find(|(partition, _)| *partition == result.partition);
                    if let Some(&(_, offset)) = asked {
                        self.fetched(cx, config, result, offset, hurried);
                    }
                }
            }
            (Question::ListOffsets(asked), Answer::ListOffsets(partitions)) => {
                for result in partitions {
                    if asked.contains(&(result.partition, result.at)) {
                        self.offset_listed(cx, config, result);
                    }
                }
            }
            (Question::Validation(asked), Answer::OffsetsForLeaderEpoch(partitions)) => {
                for answer in partitions {
                    let asked = asked.iter().find(|(partition, ..)| *partition == answer.partition);
                    if let Some(&(_, offset, leader_epoch)) = asked {
                        self.validated(cx, config, answer, offset, leader_epoch);
                    }
                }
            }
            (
                _,
                Answer::ApiVersions
                | Answer::Metadata(_)
                | Answer::InitProducerId(_)
                | Answer::Produce(_)
                | Answer::Fetch(_)
                | Answer::ListOffsets(_)
                | Answer::OffsetsForLeaderEpoch(_),
            ) => body.misplaced(),
        }
    }

    fn metadata_answered(&mut self, cx: &mut Context, config: &ConsumerConfig, metadata: &ClusterMetadata) {
        let with_epochs = cx.spec.version.fetch_is_fenced();
        let mut is_news = self.metadata.brokers != Some(metadata.brokers);
        let mut is_wanting = false;
        for position in &mut self.positions {
            let told = metadata.partitions.iter().find(|told| told.partition == position.partition);
            let Some((leader, told)) = told.and_then(|told| Some((told.leader?, told))) else {
                is_wanting = true; // LEADER_NOT_AVAILABLE, or no such topic yet
                continue;
            };
            if position.learn(leader, told.leader_epoch, with_epochs) {
                is_news = true;
                cx.note(Fact::LeaderLearnt {
                    partition: position.partition,
                    leader: Some(leader),
                    leader_epoch: told.leader_epoch,
                });
            }
        }
        if !metadata.brokers.is_empty() {
            self.metadata.brokers = Some(metadata.brokers);
        }
        let attempts = if is_news { 0 } else { self.metadata.attempts };
        let wait = links::backoff(cx, config.retry_backoff, config.retry_backoff_max, attempts);
        self.metadata.in_flight = false;
        self.metadata.refreshed = cx.now;
        self.metadata.wanted = is_wanting;
        self.metadata.attempts = attempts + 1;
        self.metadata.not_before = cx.now + wait;
    }

    fn fetched(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        result: &FetchResult,
        asked: Offset,
        hurried: bool,
    ) {
        let partition = result.partition;
        let retry_at = cx.now + config.retry_backoff;
        let Some(position) = self.position(partition) else { return };
        if position.state != FetchState::Fetching || position.offset != Some(asked) {
            return; // it has moved on meanwhile
        }
        match &result.answer {
            FetchAnswer::Records { batches, .. } if batches.is_empty() => {
                if hurried {
                    position.retry_at = cx.now + BREATH;
                }
            }
            FetchAnswer::Records { batches, .. } => self.deliver(cx, partition, batches, asked),
            FetchAnswer::Error { error: ErrorCode::OffsetOutOfRange, .. } => {
                self.out_of_range(cx, config, partition, asked)
            }
            FetchAnswer::Error { error: ErrorCode::UnknownLeaderEpoch, .. } => {
                position.retry_at = cx.now + BREATH;
            }
            FetchAnswer::Error { current_leader, .. } => {
                // Until metadata has come, unless the answer itself names the leader (KIP-951).
                position.retry_at = retry_at;
                if let Some(current) = current_leader
                    && current.leader_epoch > position.leader_epoch
                    && position.learn(current.leader, current.leader_epoch, true)
                {
                    cx.note(Fact::LeaderLearnt {
                        partition,
                        leader: Some(current.leader),
                        leader_epoch: current.leader_epoch,
                    });
                }
                self.metadata.wanted = true;
            }
            FetchAnswer::Diverging { .. } => unreachable!("only followers are told of divergence"),
        }
    }

    /// The position has moved on before the application sees the records.
    fn deliver(&mut self, cx: &mut Context, partition: Partition, batches: &[LogBatch], from: Offset) {
        let Some(position) = self.positions.iter_mut().find(|position| position.partition == partition)
        else {
            return;
        };
        for batch in batches {
            position.offset = Some(batch.next_offset());
            position.offset_epoch = Some(batch.leader_epoch);
            for (offset, record) in batch.records().filter(|&(offset, _)| offset >= from) {
                self.delivered += 1;
                cx.note(Fact::Delivered { record, partition, offset, leader_epoch: batch.leader_epoch });
            }
        }
    }

    fn out_of_range(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        partition: Partition,
        asked: Offset,
    ) {
        let Some(position) = self.position(partition) else { return };
        if let Some(at) = reset_target(config.auto_offset_reset) {
            position.state = FetchState::AwaitReset { at, because: Reset::OffsetOutOfRange };
            return;
        }
        position.state = FetchState::Failed;
        let message = format!(
            "Fetch position {{offset={asked}}} is out of range for partition {}",
            cx.spec.partition_name(partition)
        );
        self.fail(cx, Failure::new(ErrorCode::OffsetOutOfRange.exception(), message));
    }

    fn offset_listed(&mut self, cx: &mut Context, config: &ConsumerConfig, result: &ListOffsetResult) {
        let partition = result.partition;
        let retry_at = cx.now + config.retry_backoff;
        let Some(position) = self.position(partition) else { return };
        let FetchState::AwaitReset { at, because } = position.state else { return };
        if at != result.at {
            return; // a later wish has replaced it
        }
        match result.result {
            Ok((to, _)) => {
                let from = position.offset;
                position.seek(to, None);
                cx.note(Fact::PositionReset { partition, from, to, because });
            }
            Err(error) => {
                position.retry_at = retry_at;
                self.metadata.wanted |= error != ErrorCode::OffsetNotAvailable;
            }
        }
    }

    /// consumer-and-transactions.md §2.5: does the new leader have everything up to the position? `asked` and
    /// `leader_epoch` are as they were then.
    fn validated(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        answer: &EpochAnswer,
        asked: Offset,
        leader_epoch: LeaderEpoch,
    ) {
        let partition = answer.partition;
        let retry_at = cx.now + config.retry_backoff;
        let target = reset_target(config.auto_offset_reset);
        let Some(position) = self.position(partition) else { return };
        if position.state != FetchState::AwaitValidation
            || position.offset != Some(asked)
            || position.leader_epoch != leader_epoch
        {
            return;
        }
        match (answer.result, target) {
            (Err(error), _) => {
                position.retry_at = retry_at;
                self.metadata.wanted |= error != ErrorCode::UnknownLeaderEpoch;
            }
            (Ok(Some((_, end))), _) if end >= asked || wrong(Mutant::KeepsPosition) => {
                position.state = FetchState::Fetching;
                position.retry_at = cx.now;
            }
            (Ok(Some((epoch, end))), Some(_)) => {
                position.seek(end, Some(epoch));
                let because = Reset::Diverged;
                cx.note(Fact::PositionReset { partition, from: Some(asked), to: end, because });
            }
            (Ok(None), Some(at)) => {
                position.state = FetchState::AwaitReset { at, because: Reset::Diverged };
                position.retry_at = cx.now;
            }
            (Ok(divergence), None) => {
                // It stays unvalidated: asked, and thrown, again after request.timeout.ms
                // (consumer-and-transactions.md R2.23).
                let name = cx.spec.partition_name(partition);
                let divergent = divergence.map_or(String::new(), |(epoch, end)| {
                    format!("{name}=OffsetAndMetadata{{offset={end}, leaderEpoch={epoch}, metadata=''}}")
                });
                let message = format!("Truncated partitions detected with divergent offsets {{{divergent}}}");
                self.fail(cx, Failure::new("LogTruncationException", message));
            }
        }
    }
}
