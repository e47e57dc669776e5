//! What becomes of the batches of a request that has ended: acknowledged, sent again, split or failed (producer.md §4.7,
//! §5; Sender.handleProduceResponse, completeBatch, failBatch).

use std::sync::Arc;

use super::batch::Batch;
use super::refusal::topic_unauthorized;
use super::{Instance, Request};
use crate::client::{Answer, Completion, NodeIndex, Outcome, clock};
use crate::error::{ErrorCode, Failure};
use crate::happening::Fact;
use crate::ids::{BatchId, Offset, Partition, ProducerEpoch, ProducerId};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{Body, CurrentLeader, ProduceResult};
use crate::time::Time;
use crate::world::context::Context;

impl Instance {
    /// The callbacks of requests that have ended, in order.
    pub fn finish(&mut self, cx: &mut Context, completions: Vec<Completion<Request>>, now: Time) {
        for Completion { node, sent, what, outcome, cause } in completions {
            cx.cause = cause;
            match (what, outcome) {
                (Request::Produce(batches), Outcome::Answered(envelope)) => {
                    let results = produce_results(&envelope.message.body);
                    self.handle_produce_response(cx, &batches, results, now);
                    self.metrics.request_latency.record(now, now.since(sent).as_millis());
                    self.metrics.produce_throttle_time.record(now, 0);
                }
                (Request::Produce(batches), Outcome::Disconnected) => {
                    self.fail_request(cx, node, &batches, false, now);
                }
                (Request::Produce(batches), Outcome::TimedOut) => {
                    self.fail_request(cx, node, &batches, true, now);
                }
                (Request::InitProducerId, Outcome::Answered(envelope)) => {
                    self.handle_init_producer_id(cx, Some(producer_id(&envelope.message.body)));
                }
                (Request::InitProducerId, Outcome::Disconnected | Outcome::TimedOut) => {
                    self.handle_init_producer_id(cx, None);
                }
            }
        }
    }

    /// The connection went away, or was given up (`timed_out`), before there was an answer.
    fn fail_request(
        &mut self,
        cx: &mut Context,
        node: NodeIndex,
        sent: &[(Partition, BatchId)],
        timed_out: bool,
        now: Time,
    ) {
        let version = self.settings.version;
        let timed_out = timed_out && version.tells_request_timeouts_apart();
        let error = if timed_out { ErrorCode::RequestTimedOut } else { ErrorCode::NetworkException };
        let message = version.names_the_disconnected_node().then(|| {
            let why = if timed_out { " due to timeout" } else { "" };
            format!("Disconnected from node {}{why}", self.network.name(node))
        });
        let cause = cx.cause;
        for &(partition, batch) in sent {
            cx.cause = cause;
            self.complete(cx, partition, batch, Err(error), message.as_deref(), now);
        }
    }

    fn handle_produce_response(
        &mut self,
        cx: &mut Context,
        sent: &[(Partition, BatchId)],
        results: &[ProduceResult],
        now: Time,
    ) {
        let cause = cx.cause;
        let mut told: Vec<(Partition, CurrentLeader)> = Vec::new();
        for answer in results {
            let Some(&(partition, batch)) = sent.iter().find(|(own, _)| *own == answer.partition) else {
                continue;
            };
            cx.cause = cause;
            self.complete(cx, partition, batch, answer.result.map(Some), None, now);
            if matches!(answer.result, Err(ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch))
                && let Some(leader) = answer.current_leader
            {
                told.push((partition, leader));
            }
        }
        cx.cause = cause;
        if self.settings.version.learns_leaders_from_refusals() && !wrong(Mutant::StaleMetadata) {
            for (partition, leader) in told {
                self.metadata.learn_from_refusal(cx, partition, leader);
            }
        }
    }

    /// One batch has its answer; `message` replaces the error's stock text.
    pub fn complete(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        id: BatchId,
        result: Result<Option<Offset>, ErrorCode>,
        message: Option<&str>,
        now: Time,
    ) {
        if self.settings.guarantees_order() {
            self.accumulator.queue(partition).is_muted = false;
        }
        let Some(batch) = self.accumulator.take_in_flight(partition, id) else { return };
        let error = match result {
            Ok(offset) => return self.succeed(cx, batch, offset),
            Err(error) => error,
        };
        let splits = self.settings.version.has_batch_split();
        if error == ErrorCode::MessageTooLarge && batch.count() > 1 && !batch.done && splits {
            let settings = Arc::clone(&self.settings);
            self.accumulator.split(cx, &settings, batch);
            self.metrics.batch_split.record(now, 1);
            return;
        }
        if self.can_retry(&batch, error, now) {
            match self.dropped(&batch) {
                Some(failure) => self.fail(cx, batch, error, failure),
                None => self.retry(cx, batch, error, now),
            }
        } else if error == ErrorCode::DuplicateSequenceNumber {
            self.succeed(cx, batch, None);
        } else {
            let failure = self.failure(&batch, error, message);
            self.fail(cx, batch, error, failure);
        }
        if error.is_invalid_metadata() && !wrong(Mutant::StaleMetadata) {
            self.metadata.request_update();
        }
    }

    /// producer.md §4.7.
    fn can_retry(&mut self, batch: &Batch, error: ErrorCode, now: Time) -> bool {
        let config = &self.settings.config;
        let is_late = self.settings.version.has_delivery_timeout()
            && now.since(batch.created) >= config.delivery_timeout;
        if is_late || batch.attempts >= config.retries || batch.done {
            return false;
        }
        match &mut self.transactions {
            Some(transactions) => {
                transactions.can_retry(self.accumulator.queue(batch.partition), batch, error)
            }
            None => error.is_retriable(),
        }
    }

    fn retry(&mut self, cx: &mut Context, mut batch: Batch, error: ErrorCode, now: Time) {
        batch.cause = cx.note(Fact::BatchRetried {
            batch: batch.id,
            partition: batch.partition,
            error,
            attempt: batch.attempts + 1,
        });
        self.metrics.record_retry.record(now, u64::from(batch.count()));
        self.accumulator.reenqueue(cx, batch, now);
    }

    fn succeed(&mut self, cx: &mut Context, batch: Batch, offset: Option<Offset>) {
        if self.transactions.as_ref().is_some_and(|transactions| transactions.owns(&batch)) {
            self.accumulator.queue(batch.partition).sequences.acknowledge(&batch, offset);
        }
        if batch.done {
            self.release_late(&batch);
            return;
        }
        let partition = batch.partition;
        for (&record, place) in batch.records().iter().zip(0..) {
            let offset = offset.map(|base| Offset(base.0 + place));
            cx.note(Fact::Acknowledged { record, partition, offset });
        }
        self.answers.acknowledged += batch.count();
        self.application.unanswered -= batch.count();
        self.occupy(cx, batch.count());
        self.accumulator.deallocate(&batch);
    }

    /// Why a batch may not be sent again although its error could go away: before 2.5 it belongs to the id that it was
    /// stamped with.
    fn dropped(&self, batch: &Batch) -> Option<Failure> {
        let transactions = self.transactions.as_ref().filter(|transactions| !transactions.owns(batch))?;
        let number = |id: Option<ProducerId>| id.map_or("-1".to_owned(), |id| id.0.to_string());
        let (was, is) = (batch.stamp.map(|stamp| stamp.id), transactions.id.map(|(id, _)| id));
        let (was, is) = (number(was), number(is));
        let message = format!(
            "Attempted to retry sending a batch but the producer id changed from {was} to {is} in the mean time. This \
             batch will be dropped."
        );
        Some(Failure::new("OutOfOrderSequenceException", message))
    }

    fn failure(&self, batch: &Batch, error: ErrorCode, message: Option<&str>) -> Failure {
        match (error, message) {
            (ErrorCode::TopicAuthorizationFailed, _) => {
                topic_unauthorized(&self.settings.spec.topic(self.settings.topic_of(batch.partition)).name)
            }
            (ErrorCode::ClusterAuthorizationFailed, _) => {
                Failure::new(error.exception(), "The producer is not authorized to do idempotent sends")
            }
            (_, Some(message)) => Failure::new(error.exception(), message),
            (_, None) => Failure::from(error),
        }
    }

    fn fail(&mut self, cx: &mut Context, batch: Batch, error: ErrorCode, failure: Failure) {
        if batch.done {
            // Counted a second time, and nothing else (producer.md §4.12).
            let now = clock(cx.now);
            self.metrics.record_error.record(now, u64::from(batch.count()));
            self.release_late(&batch);
            return;
        }
        let failure = Arc::new(failure);
        let refused = batch.attempts < self.settings.config.retries;
        self.fail_records(cx, &batch, &failure);
        if let Some(transactions) = &mut self.transactions {
            let queue = self.accumulator.queue(batch.partition);
            transactions.handle_failed_batch(queue, &batch, Some(error), &failure, refused);
            if transactions.take_reset() {
                self.accumulator.forget_sequences();
            }
        }
        self.accumulator.deallocate(&batch);
    }

    /// The callbacks of a failed batch.
    pub fn fail_records(&mut self, cx: &mut Context, batch: &Batch, failure: &Arc<Failure>) {
        let now = clock(cx.now);
        self.metrics.record_error.record(now, u64::from(batch.count()));
        for &record in batch.records() {
            self.answer_failure(cx, record, Arc::clone(failure), false);
        }
        self.occupy(cx, batch.count());
    }

    /// The request of an expired batch has ended: now its memory returns, where the version holds it until then.
    fn release_late(&mut self, batch: &Batch) {
        if self.settings.version.holds_memory_until_the_request_ends() {
            self.accumulator.release_memory(batch);
        }
    }

    /// Callbacks run on the Sender's thread.
    fn occupy(&mut self, cx: &mut Context, callbacks: u32) {
        let begins = self.sender.free_at.max(cx.now);
        self.sender.free_at = begins + cx.spec.costs.callback * u64::from(callbacks);
    }
}

fn produce_results(body: &Body) -> &[ProduceResult] {
    match Answer::of(body) {
        Answer::Produce(results) => results,
        Answer::ApiVersions
        | Answer::Metadata(_)
        | Answer::InitProducerId(_)
        | Answer::Fetch(_)
        | Answer::ListOffsets(_)
        | Answer::OffsetsForLeaderEpoch(_) => body.misplaced(),
    }
}

fn producer_id(body: &Body) -> Result<(ProducerId, ProducerEpoch), ErrorCode> {
    match Answer::of(body) {
        Answer::InitProducerId(result) => result,
        Answer::ApiVersions
        | Answer::Metadata(_)
        | Answer::Produce(_)
        | Answer::Fetch(_)
        | Answer::ListOffsets(_)
        | Answer::OffsetsForLeaderEpoch(_) => body.misplaced(),
    }
}
