//! What the consumer makes of the brokers' answers: metadata, offsets, validation, records.

use crate::client::{Answer, Completion, Outcome};
use crate::config::ConsumerConfig;
use crate::error::{ErrorCode, Failure};
use crate::happening::{Fact, Reset};
use crate::ids::{LeaderEpoch, Offset, Partition};
use crate::protocol::batch::LogBatch;
use crate::protocol::{Body, EpochAnswer, FetchAnswer, FetchResult, ListOffsetResult};
use crate::time::Time;
use crate::world::context::Context;

use super::positions::FetchState;
use super::{BREATH, Consumer, Request, reset_target};
use crate::mutant::{Mutant, wrong};

impl Consumer {
    /// A request has come to its end. Without an answer it is repeated, to whomever metadata names then.
    pub(super) fn finish(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        completion: Completion<Request>,
    ) {
        match (completion.what, completion.outcome) {
            (what, Outcome::Answered(envelope)) => {
                self.answered(cx, config, completion.sent, what, &envelope.message.body);
            }
            (Request::Fetch(_), Outcome::Disconnected | Outcome::TimedOut) => {}
            (Request::ListOffsets(asked), Outcome::Disconnected | Outcome::TimedOut) => {
                self.retry_later(cx, config, asked.into_iter().map(|(partition, _)| partition));
            }
            (Request::Validation(asked), Outcome::Disconnected | Outcome::TimedOut) => {
                self.retry_later(cx, config, asked.into_iter().map(|(partition, ..)| partition));
            }
        }
    }

    fn answered(
        &mut self,
        cx: &mut Context,
        config: &ConsumerConfig,
        sent: Time,
        what: Request,
        body: &Body,
    ) {
        match (what, Answer::of(body)) {
            (Request::Fetch(asked), Answer::Fetch(results)) => {
                let hurried = cx.now.since(sent) < config.fetch_max_wait / 2;
                for result in results {
                    let asked = asked.iter().find(|(partition, _)| *partition == result.partition);
                    if let Some(&(_, offset)) = asked {
                        self.fetched(cx, config, result, offset, hurried);
                    }
                }
            }
            (Request::ListOffsets(asked), Answer::ListOffsets(results)) => {
                for result in results {
                    if asked.contains(&(result.partition, result.at)) {
                        self.offset_listed(cx, config, result);
                    }
                }
            }
            (Request::Validation(asked), Answer::OffsetsForLeaderEpoch(answers)) => {
                for answer in answers {
                    let asked = asked.iter().find(|(partition, ..)| *partition == answer.partition);
                    if let Some(&(_, offset, leader_epoch)) = asked {
                        self.validated(cx, config, answer, offset, leader_epoch);
                    }
                }
            }
            (
                Request::Fetch(_) | Request::ListOffsets(_) | Request::Validation(_),
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
                if let &Some(current) = current_leader {
                    self.metadata.learn_from_refusal(cx, partition, current);
                    self.learn_leaders();
                }
                self.metadata.request_update();
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
                if error != ErrorCode::OffsetNotAvailable {
                    self.metadata.request_update();
                }
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
                if error != ErrorCode::UnknownLeaderEpoch {
                    self.metadata.request_update();
                }
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
