//! The application's thread inside the producer: `send()` with its waits for metadata and memory, `flush()`, and what
//! the application hears at once (producer.md §2).

use std::collections::VecDeque;
use std::sync::Arc;

use super::alarm::Alarm;
use super::appending::{Appended, Ask, Wake};
use super::chooser::Chooser;
use super::settings::Settings;
use super::timer::ProducerTimer;
use super::{Instance, refusal};
use crate::audit::ledger::Offered;
use crate::client::clock;
use crate::error::{ErrorCode, Failure};
use crate::happening::{BlockedOn, Fact};
use crate::ids::{HappeningId, RecordId, TopicId};
use crate::time::{Duration, Time};
use crate::world::context::Context;

#[derive(Clone, Debug)]
pub(super) struct Application {
    /// What the thread will do once it is free.
    calls: VecDeque<Call>,
    state: State,
    /// Serialising and compressing take the thread's time.
    busy_until: Time,
    alarm: Alarm,
    pub unanswered: u32,
    chooser: Chooser,
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Send(RecordId),
    Flush,
    Close(Duration),
}

#[derive(Clone, Copy, Debug)]
enum State {
    Free,
    /// `send()` needs to know the topic's partitions.
    AwaitsMetadata {
        record: RecordId,
        since: Time,
        version: u32,
        called: HappeningId,
    },
    /// `send()` needs a buffer.
    AwaitsMemory {
        ask: Ask,
        size: u32,
        since: Time,
        until: Time,
        called: HappeningId,
    },
    /// `flush()` waits for the batches that were incomplete when it was called.
    AwaitsFlush {
        called: Option<HappeningId>,
    },
}

impl Application {
    pub fn new(settings: &Settings) -> Application {
        Application {
            calls: VecDeque::new(),
            state: State::Free,
            busy_until: Time::ZERO,
            alarm: Alarm::default(),
            unanswered: 0,
            chooser: Chooser::new(settings),
        }
    }

    /// The thread is inside a call that returns at `until`.
    pub fn occupy(&mut self, until: Time) {
        self.busy_until = until;
    }

    fn wake_at(&mut self, cx: &mut Context, at: Time) {
        self.alarm.set(cx, at, ProducerTimer::Application);
    }

    pub fn is_blocked(&self) -> bool {
        !matches!(self.state, State::Free) || !self.calls.is_empty()
    }

    /// Records whose `send()` has not returned, in order.
    pub fn blocked(&self) -> Vec<RecordId> {
        let current = match self.state {
            State::AwaitsMetadata { record, .. } => Some(record),
            State::AwaitsMemory { ask, .. } => Some(ask.record),
            State::Free | State::AwaitsFlush { .. } => None,
        };
        let waiting = self.calls.iter().filter_map(|call| match *call {
            Call::Send(record) => Some(record),
            Call::Flush | Call::Close(_) => None,
        });
        current.into_iter().chain(waiting).collect()
    }
}

impl Instance {
    pub fn send(&mut self, cx: &mut Context, record: RecordId) {
        self.application.unanswered += 1;
        self.call(cx, Call::Send(record));
    }

    /// From another thread, where this one waits inside a call; else in its turn.
    pub fn request_close(&mut self, cx: &mut Context, timeout: Duration) {
        if matches!(self.application.state, State::Free) {
            self.call(cx, Call::Close(timeout));
        } else {
            self.close(cx, timeout);
        }
    }

    pub fn flush(&mut self, cx: &mut Context) {
        self.call(cx, Call::Flush);
    }

    fn call(&mut self, cx: &mut Context, call: Call) {
        if self.application.is_blocked() || cx.now < self.application.busy_until {
            self.application.calls.push_back(call);
            self.advance_application(cx);
        } else {
            self.carry_out(cx, call);
        }
    }

    pub fn on_application_timer(&mut self, cx: &mut Context) {
        if self.application.alarm.rings(cx, ProducerTimer::Application) {
            self.advance_application(cx);
        }
    }

    /// Lets the thread go on as far as it can: a wait may be over, and calls may be waiting behind it.
    pub fn advance_application(&mut self, cx: &mut Context) {
        let cause = cx.cause;
        loop {
            cx.cause = cause;
            match self.application.state {
                State::Free => {
                    if cx.now < self.application.busy_until {
                        if !self.application.calls.is_empty() {
                            self.application.wake_at(cx, self.application.busy_until);
                        }
                        break;
                    }
                    let Some(call) = self.application.calls.pop_front() else { break };
                    self.carry_out(cx, call);
                }
                State::AwaitsMetadata { .. } => {
                    if !self.check_metadata(cx) {
                        break;
                    }
                }
                State::AwaitsMemory { .. } => {
                    if !self.check_memory(cx) {
                        break;
                    }
                }
                State::AwaitsFlush { called } => {
                    if self.accumulator.flush.as_ref().is_some_and(|waited_for| !waited_for.is_empty()) {
                        break;
                    }
                    self.accumulator.flush = None;
                    self.application.state = State::Free;
                    cx.cause = cause.or(called);
                    cx.note(Fact::FlushCompleted);
                }
            }
        }
        cx.cause = cause;
    }

    fn carry_out(&mut self, cx: &mut Context, call: Call) {
        match call {
            Call::Send(record) => self.begin_send(cx, record),
            Call::Close(timeout) => self.close(cx, timeout),
            Call::Flush => {
                let incomplete = self.accumulator.incomplete().map(|batch| batch.id).collect();
                self.accumulator.flush = Some(incomplete);
                self.application.state = State::AwaitsFlush { called: cx.cause };
                self.sender.wake(cx);
                self.advance_application(cx);
            }
        }
    }

    fn begin_send(&mut self, cx: &mut Context, record: RecordId) {
        let called = cx.note(Fact::SendCalled { record });
        let cause = cx.cause.replace(called);
        let now = clock(cx.now);
        let offered = *cx.ledger.get(record);
        let (topic, partition) = (offered.topic, offered.partition);
        if self.sender.is_closing() {
            self.fail_send(cx, record, refusal::closed(self.settings.version), true);
        } else if self.metadata.topic_error(topic) == Some(ErrorCode::InvalidTopic) {
            let failure = Failure::new("InvalidTopicException", &*self.settings.spec.topic(topic).name);
            self.fail_send(cx, record, failure, false);
        } else {
            self.metadata.add(topic, now);
            if self.knows_partition(topic, partition) {
                self.serialize_and_append(cx, record, &offered, now, now);
            } else {
                cx.note(Fact::SendBlocked { record, on: BlockedOn::Metadata });
                self.await_metadata(cx, record, topic, now, called);
            }
        }
        cx.cause = cause;
    }

    fn knows_partition(&self, topic: TopicId, partition: Option<u32>) -> bool {
        let count = self.settings.spec.topic(topic).partitions;
        self.metadata.knows(topic) && partition.is_none_or(|number| number < count)
    }

    fn await_metadata(
        &mut self,
        cx: &mut Context,
        record: RecordId,
        topic: TopicId,
        since: Time,
        called: HappeningId,
    ) {
        self.metadata.request_update_for(topic);
        let version = self.metadata.update_version;
        self.application.state = State::AwaitsMetadata { record, since, version, called };
        self.application.wake_at(cx, since + self.settings.config.max_block);
        self.sender.wake(cx);
    }

    /// True where the wait is over, for better or worse.
    fn check_metadata(&mut self, cx: &mut Context) -> bool {
        let State::AwaitsMetadata { record, since, version, called } = self.application.state else {
            return false;
        };
        let now = clock(cx.now);
        let has_news = self.metadata.update_version > version;
        let is_late = now.since(since) >= self.settings.config.max_block;
        if !has_news && !is_late {
            return false;
        }
        let offered = *cx.ledger.get(record);
        let (topic, partition) = (offered.topic, offered.partition);
        self.application.state = State::Free;
        if is_late {
            let failure = refusal::metadata_timeout(&self.settings, &self.metadata, topic, partition);
            cx.cause = Some(called);
            self.fail_send(cx, record, failure, false);
        } else if let Some(failure) = refusal::topic_failure(&self.settings, &self.metadata, topic) {
            self.fail_send(cx, record, failure, false);
        } else if self.knows_partition(topic, partition) {
            cx.cause = Some(called);
            self.serialize_and_append(cx, record, &offered, since, now);
        } else {
            self.metadata.add(topic, now);
            self.await_metadata(cx, record, topic, since, called);
            return false;
        }
        true
    }

    /// The part of `send()` behind the metadata wait, which has taken from `since` until `now`.
    fn serialize_and_append(
        &mut self,
        cx: &mut Context,
        record: RecordId,
        offered: &Offered,
        since: Time,
        now: Time,
    ) {
        if !offered.serializable {
            let message = "Can't convert value of class java.lang.Object to class \
                           org.apache.kafka.common.serialization.StringSerializer specified in value.serializer";
            self.fail_send(cx, record, Failure::new("SerializationException", message), true);
            return;
        }
        let topic = offered.topic;
        let size = self.accumulator.format.size_of(offered.key_bytes(), offered.value_bytes);
        if let Some(failure) = refusal::record_too_large(&self.settings, size.upper_bound) {
            self.fail_send(cx, record, failure, false);
            return;
        }
        let partition = self.choose_partition(cx, offered);
        let ask = Ask { record, topic, partition, size, timestamp: now };
        let until = now + self.settings.config.max_block.saturating_sub(now.since(since));
        let called = cx.cause.expect("send() was noted");
        self.append(cx, ask, until, called, None);
    }

    fn append(
        &mut self,
        cx: &mut Context,
        mut ask: Ask,
        until: Time,
        called: HappeningId,
        buffer: Option<u32>,
    ) {
        let settings = &self.settings;
        let chooses_again =
            buffer.is_none() && self.application.chooser.chooses_again(settings, ask.partition);
        let mut appended = self.accumulator.append(cx, settings, &self.metadata, ask, chooses_again, buffer);
        if appended == Appended::NewBatchNeeded {
            let partitions = self.accumulator.partitions_of(ask.topic);
            self.application.chooser.on_new_batch(cx, &self.metadata, partitions, ask.topic, ask.partition);
            let offered = *cx.ledger.get(ask.record);
            ask.partition = self.choose_partition(cx, &offered);
            appended = self.accumulator.append(cx, &self.settings, &self.metadata, ask, false, None);
        }
        match appended {
            Appended::Done { wake } => {
                let compressing = cx.spec.costs.compress_per_kib * u64::from(ask.size.plain) / 1_024;
                self.application.busy_until = cx.now + cx.spec.costs.send + compressing;
                match wake {
                    Wake::Needed => self.sender.wake(cx),
                    Wake::Idle => self.sender.nudge(cx, self.late()),
                    Wake::No => {}
                }
            }
            Appended::Waits { size } => {
                cx.note(Fact::SendBlocked { record: ask.record, on: BlockedOn::Memory });
                self.application.state = State::AwaitsMemory { ask, size, since: cx.now, until, called };
                self.application.wake_at(cx, until);
            }
            Appended::Impossible { size } => {
                let message = format!(
                    "Attempt to allocate {size} bytes, but there is a hard limit of {} on memory allocations.",
                    self.accumulator.pool.total()
                );
                self.fail_send(cx, ask.record, Failure::new("IllegalArgumentException", message), true);
            }
            Appended::NewBatchNeeded => unreachable!("asked for only once"),
        }
    }

    fn choose_partition(&mut self, cx: &mut Context, offered: &Offered) -> Option<u32> {
        let partitions = self.accumulator.partitions_of(offered.topic);
        self.application.chooser.choose(cx, &self.settings, &self.metadata, partitions, offered)
    }

    /// True where the wait is over, for better or worse.
    fn check_memory(&mut self, cx: &mut Context) -> bool {
        let State::AwaitsMemory { ask, size, since, until, called } = self.application.state else {
            return false;
        };
        let granted = self.accumulator.pool.take_waited();
        if !granted && cx.now < until {
            return false;
        }
        self.application.state = State::Free;
        cx.cause = Some(called);
        let now = clock(cx.now);
        self.metrics.bufferpool_wait.record(now, cx.now.since(since).nanos);
        if granted {
            self.append(cx, ask, until, called, Some(size));
            return true;
        }
        self.accumulator.pool.give_up();
        self.metrics.buffer_exhausted.record(now, 1);
        let failure = refusal::buffer_exhausted(&self.settings, &self.accumulator.pool, size);
        self.fail_send(cx, ask.record, failure, false);
        true
    }

    /// `send()` fails: in its future, or (`thrown`) in the caller's face (producer.md §2.6).
    pub fn fail_send(&mut self, cx: &mut Context, record: RecordId, failure: Failure, thrown: bool) {
        let is_metered = !matches!(&*failure.exception, "IllegalStateException" | "IllegalArgumentException");
        if is_metered {
            self.metrics.record_error.record(clock(cx.now), 1);
        }
        self.answer_failure(cx, record, Arc::new(failure), thrown);
    }

    pub fn answer_failure(
        &mut self,
        cx: &mut Context,
        record: RecordId,
        failure: Arc<Failure>,
        thrown: bool,
    ) {
        self.application.unanswered -= 1;
        self.answers.failed += 1;
        cx.note(Fact::SendFailed { record, failure, thrown });
    }

    /// The producer is being closed: a `send()` that waits for memory ends at once.
    pub fn interrupt_memory_wait(&mut self, cx: &mut Context) {
        if let State::AwaitsMemory { ask, .. } = self.application.state {
            self.application.state = State::Free;
            self.accumulator.pool.give_up();
            let failure = Failure::new("KafkaException", "Producer closed while allocating memory");
            self.fail_send(cx, ask.record, failure, true);
            self.advance_application(cx);
        }
    }

    /// The Sender has ended, and with it the metadata that a `send()` may be waiting for.
    pub fn interrupt_metadata_wait(&mut self, cx: &mut Context) {
        if let State::AwaitsMetadata { record, .. } = self.application.state {
            self.application.state = State::Free;
            let failure = Failure::new("KafkaException", "Producer closed while send in progress");
            self.fail_send(cx, record, failure, true);
        }
        self.advance_application(cx);
    }
}
