//! The Sender's thread: one iteration after the other (producer.md §4), each at one value of the clock. It runs when
//! something wakes it, or when the poll it is in would time out; an iteration that could send nothing sleeps until the
//! next event instead of spinning (producer.md §3.7).

use std::sync::Arc;

use super::alarm::Alarm;
use super::batch::Batch;
use super::timer::ProducerTimer;
use super::{Instance, Request};
use crate::client::{self, InFlight, MetadataStep, NodeIndex, clock};
use crate::error::Failure;
use crate::happening::{Disconnect, Fact};
use crate::ids::{BatchId, Brokers, ConnectionId, HappeningId, Partition};
use crate::network::Dialled;
use crate::protocol::batch::RecordBatch;
use crate::protocol::{Acks, Body, ProduceRequest};
use crate::time::{Duration, Time};
use crate::world::context::Context;

/// Turns on end in which nothing happens, before the queue has its turn: there the world sees whether time stands still.
const MOST_IDLE_TURNS: u32 = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Sender {
    pub alarm: Alarm,
    /// Callbacks, and sleeps before retries of control requests, keep the thread busy until then.
    pub free_at: Time,
    pub life: Life,
    /// When the poll would return for another reason than that a request might be late.
    poll_ends: Time,
    /// No wake-up before then would find anything to do.
    quiet_until: Time,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Running,
    Closing {
        deadline: Time,
    },
    Closed,
}

/// How an iteration ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Straight on with the next one.
    Again,
    /// In a poll, this long at most; None: until something happens.
    Poll(Option<Duration>),
}

impl Turn {
    pub fn poll(timeout: Duration) -> Turn {
        Turn::Poll(Some(timeout))
    }

    /// No longer than that.
    pub fn within(self, limit: Option<Duration>) -> Turn {
        match self {
            Turn::Again => Turn::Again,
            Turn::Poll(timeout) => Turn::Poll(sooner(timeout, limit)),
        }
    }
}

pub(super) fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    [one, other].into_iter().flatten().min()
}

impl Sender {
    pub fn is_closing(&self) -> bool {
        self.life != Life::Running
    }

    /// The application's thread wakes the Sender's, unless that is busy.
    pub fn wake(&mut self, cx: &mut Context) {
        self.runs_in(cx, cx.spec.costs.wake_up);
    }

    /// The Sender's turn comes after so long, behind what else the moment brings.
    fn runs_in(&mut self, cx: &mut Context, after: Duration) {
        if self.life != Life::Closed {
            let at = (cx.now + after).max(self.free_at);
            self.alarm.set_no_later(cx, at, ProducerTimer::Sender);
        }
    }

    /// An append that changes nothing wakes the Sender too. All that comes of it is that the poll begins anew; `late`: how
    /// long it lasts at most.
    pub fn nudge(&mut self, cx: &mut Context, late: Duration) {
        if cx.now >= self.quiet_until {
            self.wake(cx);
        } else if self.alarm.due > self.quiet_until {
            self.alarm.due = self.poll_ends.min(cx.now + late);
        }
    }
}

impl Instance {
    pub fn start_sender(&mut self, cx: &mut Context, boot: Duration) {
        self.sender.free_at = cx.now + boot;
        self.application.occupy(cx.now + boot);
        self.sender.wake(cx);
    }

    /// Kafka has no timer for late requests, it merely polls no longer than that (producer.md §4.4); their strict
    /// comparison needs one millisecond more.
    pub fn late(&self) -> Duration {
        self.settings.config.request_timeout + Duration::from_millis(1)
    }

    pub fn on_sender_timer(&mut self, cx: &mut Context) {
        if self.sender.alarm.rings(cx, ProducerTimer::Sender) {
            self.poll_returns(cx);
        }
    }

    pub fn on_readable(&mut self, cx: &mut Context, connection: ConnectionId) {
        if self.network.of_connection(connection).is_some() {
            self.poll_returns(cx);
        }
    }

    pub fn on_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        let Some(node) = self.network.of_connection(connection) else { return };
        let now = clock(cx.now);
        match dialled {
            Dialled::Connected => {
                self.network.connected(cx, node);
                self.request(cx, node, now, Body::ApiVersionsRequest, client::Request::ApiVersions);
            }
            Dialled::Refused => {
                // Nothing can be in flight before there is a connection.
                let because = Disconnect::ByPeer;
                self.network.disconnect(cx, &mut self.metadata, node, because, now, &mut Vec::new());
            }
        }
        self.poll_returns(cx);
    }

    /// Something has happened, or the time is up: handle it, and go on with the next iteration.
    fn poll_returns(&mut self, cx: &mut Context) {
        if cx.now < self.sender.free_at {
            self.sender.alarm.set_no_later(cx, self.sender.free_at, ProducerTimer::Sender);
            return;
        }
        if self.handle_arrivals(cx) {
            // The application has heard something; what it does about it comes first.
            self.advance_application(cx);
            self.sender.runs_in(cx, Duration::ZERO);
        } else {
            self.iterate(cx);
            self.advance_application(cx);
        }
    }

    fn iterate(&mut self, cx: &mut Context) {
        let cause = cx.cause;
        let mut idle_turns = 0;
        loop {
            cx.cause = cause;
            if self.ends(cx) {
                return;
            }
            let noted = cx.next_happening;
            if let Turn::Poll(timeout) = self.run_once(cx) {
                let deadline = self.poll_until(cx, timeout);
                cx.cause = cause;
                if !self.ends(cx) {
                    self.sender.alarm.set(cx, deadline, ProducerTimer::Sender);
                }
                return;
            }
            if noted == cx.next_happening {
                idle_turns += 1;
            }
            if cx.now < self.sender.free_at || idle_turns == MOST_IDLE_TURNS {
                self.sender.alarm.set(cx, self.sender.free_at.max(cx.now), ProducerTimer::Sender);
                return;
            }
        }
    }

    /// When the poll returns by itself: at its timeout, or when an outstanding request might be late.
    fn poll_until(&mut self, cx: &mut Context, timeout: Option<Duration>) -> Time {
        let now = clock(cx.now);
        let timeout = sooner(timeout, self.maybe_update_metadata(cx, now));
        let ends = match timeout {
            None => Time::NEVER,
            Some(Duration::ZERO) => cx.now,
            // A timed wait never ends early: a record that ties with the end of linger still joins its batch
            // [recorded: linger-and-rate, buffer-exhausted].
            Some(timeout) => cx.now + timeout + cx.spec.costs.wake_up,
        };
        let ends = ends.max(self.sender.free_at);
        self.sender.poll_ends = match self.sender.life {
            Life::Closing { deadline } => ends.min(deadline),
            Life::Running | Life::Closed => ends,
        };
        match self.network.oldest_request() {
            None => {
                self.sender.quiet_until = self.sender.poll_ends;
                self.sender.poll_ends
            }
            Some(sent) => {
                self.sender.quiet_until = self.sender.poll_ends.min(sent + self.late());
                self.sender.poll_ends.min(cx.now + self.late()).max(self.sender.free_at)
            }
        }
    }

    /// One iteration (producer.md §4.1).
    fn run_once(&mut self, cx: &mut Context) -> Turn {
        let now = clock(cx.now);
        if let Some(turn) = self.transactional_part(cx, now) {
            return turn;
        }
        self.send_producer_data(cx, now)
    }

    /// Asks for metadata if that is due and some broker can be asked. How long the poll may last for its sake.
    pub fn maybe_update_metadata(&mut self, cx: &mut Context, now: Time) -> Option<Duration> {
        match self.network.metadata_step(cx, &mut self.metadata, now) {
            MetadataStep::Wait(limit) => limit,
            MetadataStep::Ask { node, topics } => {
                let body = Body::MetadataRequest { topics };
                self.request(cx, node, now, body, client::Request::Metadata);
                None
            }
        }
    }

    fn send_producer_data(&mut self, cx: &mut Context, now: Time) -> Turn {
        let ready = self.accumulator.ready(&self.settings, &self.metadata, now);
        for &topic in &ready.unknown_leader_topics {
            self.metadata.add(topic, now);
            self.metadata.request_update();
        }
        let mut not_ready = None;
        let mut usable = Brokers::NONE;
        for broker in ready.brokers.iter() {
            let node = self.network.of_broker(&self.settings.spec, broker);
            let is_usable = self.network.ready(cx, &self.metadata, node, now);
            if is_usable {
                usable = usable.with(broker);
            } else {
                not_ready = sooner(not_ready, self.network.node(node).poll_delay(now));
            }
            self.accumulator.update_node_latency(&self.settings, broker, now, is_usable);
        }
        let mut requests = Vec::new();
        for broker in usable.iter() {
            let node = self.network.of_broker(&self.settings.spec, broker);
            let batches = self.accumulator.drain(
                cx,
                &self.settings,
                &self.metadata,
                self.transactions.as_ref(),
                broker,
                now,
            );
            // The request is caused by what was drained last.
            requests.push((node, batches, cx.cause));
        }
        let mut expiry = self.accumulator.next_expiry(&self.settings);
        if expiry.is_none_or(|at| at <= now) {
            self.expire(cx, now);
            expiry = self.accumulator.next_expiry(&self.settings);
        }
        for (_, batches, _) in &requests {
            self.measure(batches, now);
        }
        let mut has_sent = false;
        for (node, batches, cause) in requests.into_iter().filter(|(_, batches, _)| !batches.is_empty()) {
            cx.cause = cause;
            self.send_produce_request(cx, node, batches, now);
            has_sent = true;
        }
        if has_sent {
            return Turn::Again;
        }
        let next = if usable.is_empty() { ready.next_check } else { ready.next_check_of_all };
        Turn::Poll(sooner(sooner(next, not_ready), expiry.map(|at| at.since(now))))
    }

    fn measure(&mut self, batches: &[(Partition, Arc<RecordBatch>)], now: Time) {
        let mut records = 0;
        for (partition, written) in batches {
            records += u64::from(written.count());
            let queue = self.accumulator.queue(*partition);
            let Some(batch) = queue.in_flight.iter().find(|batch| batch.id == written.id) else { continue };
            let metrics = &mut self.metrics;
            metrics.batch_size.record(now, u64::from(written.bytes));
            metrics.record_queue_time.record(now, batch.drained.since(batch.created).as_millis());
            metrics.compression_rate.record(now, u64::from(batch.compression_ratio().0));
            metrics.record_size.record(now, u64::from(written.largest_record_bytes));
        }
        self.metrics.records_per_request.record(now, records);
    }

    fn send_produce_request(
        &mut self,
        cx: &mut Context,
        node: NodeIndex,
        batches: Vec<(Partition, Arc<RecordBatch>)>,
        now: Time,
    ) {
        let acks = self.settings.config.acks;
        let sent: Vec<(Partition, BatchId)> =
            batches.iter().map(|(partition, batch)| (*partition, batch.id)).collect();
        let body = Body::ProduceRequest(ProduceRequest {
            acks,
            timeout: self.settings.config.request_timeout,
            partitions: batches,
        });
        let message_sent = HappeningId(cx.next_happening);
        let Some(correlation) =
            self.request(cx, node, now, body, client::Request::Own(Request::Produce(sent)))
        else {
            return;
        };
        if acks == Acks::None {
            // Complete as soon as its bytes are the kernel's (producer.md §4.6).
            cx.cause = Some(message_sent);
            let ended = self.network.take_in_flight(node, correlation);
            if let Some(InFlight { what: client::Request::Own(Request::Produce(sent)), .. }) = ended {
                for (partition, batch) in sent {
                    self.complete(cx, partition, batch, Ok(None), None, now);
                }
            }
        }
    }

    /// Writes a request. None: the connection turned out to be gone, which has been dealt with.
    pub fn request(
        &mut self,
        cx: &mut Context,
        node: NodeIndex,
        now: Time,
        body: Body,
        what: client::Request<Request>,
    ) -> Option<u32> {
        self.metrics.request.record(now, 1);
        let correlation = self.network.send(cx, node, now, body, what);
        if correlation.is_none() {
            let mut completions = Vec::new();
            self.network.disconnect(cx, &mut self.metadata, node, Disconnect::ByPeer, now, &mut completions);
            self.finish(cx, completions, now);
        }
        correlation
    }

    /// Batches whose time is over fail, the queued ones first (producer.md §4.1.9).
    fn expire(&mut self, cx: &mut Context, now: Time) {
        let in_flight = self.accumulator.expired_in_flight(&self.settings, now);
        let queued = self.accumulator.take_expired(cx, &self.settings, now);
        for (batch, why) in queued {
            self.fail_expired(cx, &batch, why);
            self.accumulator.deallocate(&batch);
        }
        for (partition, id) in in_flight {
            let Some(mut batch) = self.accumulator.take_in_flight(partition, id) else { continue };
            let why = self.settings.expiry(&batch, true, now).expect("it has expired");
            batch.done = true;
            self.fail_expired(cx, &batch, why);
            self.accumulator.settle(batch.id);
            if !self.settings.version.holds_memory_until_the_request_ends() {
                self.accumulator.release_memory(&batch);
            }
            // Its request is still out: what it brings concerns the bookkeeping alone.
            self.accumulator.queue(partition).in_flight.push(batch);
        }
    }

    fn fail_expired(&mut self, cx: &mut Context, batch: &Batch, why: String) {
        let cause = cx.cause.replace(batch.cause);
        cx.cause = Some(cx.note(Fact::BatchExpired { batch: batch.id, partition: batch.partition }));
        let failure = Arc::new(Failure::new("TimeoutException", why));
        self.fail_records(cx, batch, &failure);
        if let Some(transactions) = &mut self.transactions {
            let queue = self.accumulator.queue(batch.partition);
            transactions.handle_failed_batch(queue, batch, None, &failure, false);
            if batch.in_retry {
                transactions.mark_unresolved(queue, batch);
            }
            if transactions.take_reset() {
                self.accumulator.forget_sequences();
            }
        }
        cx.cause = cause;
    }

    /// Handles what has arrived and what has taken too long. True where a request has come to its end, so that the
    /// application may have heard something.
    fn handle_arrivals(&mut self, cx: &mut Context) -> bool {
        let now = clock(cx.now);
        let cause = cx.cause;
        let mut completions = Vec::new();
        self.network.poll(cx, &mut self.metadata, now, &mut completions);
        let has_completed = !completions.is_empty();
        self.finish(cx, completions, now);
        cx.cause = cause;
        has_completed
    }
}
