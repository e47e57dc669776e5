//! Batches that wait to be sent, one queue per partition (producer.md §3; RecordAccumulator): which broker has something
//! to send, what is taken along, what has waited too long. How records get in is in `appending`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::{Batch, Format, Ratio};
use super::buffer_pool::BufferPool;
use super::partitioner::{Partitions, Sticky};
use super::settings::Settings;
use super::transaction_manager::{Sequences, TransactionManager};
use crate::client::{ExponentialBackoff, Metadata};
use crate::config::Compression;
use crate::happening::{BatchClose, Fact};
use crate::ids::{BatchId, BrokerId, Brokers, LeaderEpoch, Partition, TopicId};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::RecordBatch;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::context::Context;

#[derive(Clone, Debug, Default)]
pub(super) struct PartitionQueue {
    pub queue: VecDeque<Batch>,
    /// Drained, in that order, until their requests end; expired ones among them are `done`.
    pub in_flight: Vec<Batch>,
    /// Drained under max.in.flight=1 and not answered (producer.md §3.8).
    pub is_muted: bool,
    pub sequences: Sequences,
    /// Has had a batch at some time.
    pub is_used: bool,
}

impl PartitionQueue {
    fn is_full(&self) -> bool {
        self.queue.len() > 1 || self.queue.front().is_some_and(Batch::is_full)
    }

    /// Only the last batch can be open.
    pub fn batches_are_full(&self) -> bool {
        self.queue.back().is_none_or(Batch::is_full)
    }

    pub fn push_in_sequence_order(&mut self, batch: Batch) {
        let before =
            |queued: &&Batch| queued.stamp.is_some() && queued.base_sequence() < batch.base_sequence();
        let place = self.queue.iter().take_while(before).count();
        self.queue.insert(place, batch);
    }
}

#[derive(Clone, Debug)]
pub(super) struct TopicQueues {
    pub partitions: Partitions,
    pub sticky: Sticky,
    pub ratio: Ratio,
}

/// How long a broker has not been sent to although there was something to send (producer.md §2.9).
#[derive(Clone, Copy, Debug)]
struct NodeLatency {
    broker: BrokerId,
    ready: Time,
    drained: Time,
}

/// What a look over all queues gives (producer.md §3.6).
#[derive(Clone, Debug, Default)]
pub(super) struct Ready {
    pub brokers: Brokers,
    /// Until some head that is not sendable becomes so; only where its broker has nothing sendable.
    pub next_check: Option<Duration>,
    /// The same over all heads.
    pub next_check_of_all: Option<Duration>,
    pub unknown_leader_topics: Vec<TopicId>,
}

#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    pub partitions: Vec<PartitionQueue>,
    pub topics: Vec<TopicQueues>,
    pub pool: BufferPool,
    pub is_closed: bool,
    /// The batches that a `flush()` waits for.
    pub flush: Option<Vec<BatchId>>,
    pub format: Format,
    /// Where each broker's next walk begins.
    drain_index: Vec<(BrokerId, u32)>,
    node_latency: Vec<NodeLatency>,
    backoff: ExponentialBackoff,
}

impl Accumulator {
    pub fn new(spec: &Spec, settings: &Settings) -> Accumulator {
        let config = &settings.config;
        let topics = (0..spec.topics.len() as u16).map(|topic| TopicQueues {
            partitions: partitions_of(spec, TopicId(topic)),
            sticky: Sticky::default(),
            ratio: Ratio::ONE,
        });
        Accumulator {
            partitions: vec![PartitionQueue::default(); spec.partitions.len()],
            topics: topics.collect(),
            pool: BufferPool::new(config.buffer_memory, settings.batch_size()),
            is_closed: false,
            flush: None,
            format: Format {
                v2: settings.version.has_leader_epochs(),
                compressed: config.compression != Compression::None,
            },
            drain_index: Vec::new(),
            node_latency: Vec::new(),
            backoff: ExponentialBackoff { initial: config.retry_backoff, max: config.retry_backoff_max },
        }
    }

    pub fn queue(&mut self, partition: Partition) -> &mut PartitionQueue {
        &mut self.partitions[usize::from(partition.0)]
    }

    pub fn partitions_of(&self, topic: TopicId) -> Partitions {
        self.topics[usize::from(topic.0)].partitions
    }

    /// Which brokers have something to send now (producer.md §3.3 to §3.6).
    pub fn ready(&mut self, settings: &Settings, metadata: &Metadata, now: Time) -> Ready {
        let mut ready = Ready::default();
        let hurry = self.pool.is_waited_for() || self.is_closed || self.flush.is_some();
        let earlier = |known: Option<Duration>, left| Some(known.map_or(left, |known| known.min(left)));
        for (index, queue) in (0..).map(Partition).zip(&mut self.partitions) {
            let is_full = queue.is_full();
            let Some(head) = queue.queue.front_mut() else { continue };
            let Some(leader) = metadata.leader(index) else {
                let topic = settings.topic_of(index);
                if !ready.unknown_leader_topics.contains(&topic) {
                    ready.unknown_leader_topics.push(topic);
                }
                continue;
            };
            if queue.is_muted {
                continue;
            }
            head.see_leader_epoch(known_epoch(settings, metadata, index));
            let is_backing_off = head.is_backing_off(now);
            let to_wait = if is_backing_off { head.backoff } else { settings.config.linger };
            let waited = head.waited(now);
            if !is_backing_off && (is_full || hurry || waited >= to_wait) {
                ready.brokers = ready.brokers.with(leader);
            } else {
                let left = to_wait.saturating_sub(waited);
                ready.next_check_of_all = earlier(ready.next_check_of_all, left);
                if !ready.brokers.contains(leader) {
                    ready.next_check = earlier(ready.next_check, left);
                }
            }
        }
        if settings.config.partitioner_adaptive_partitioning_enable {
            self.learn_load(settings, metadata);
        }
        ready
    }

    /// Queue lengths become weights for the choice of sticky partitions (producer.md §2.8, §2.9).
    fn learn_load(&mut self, settings: &Settings, metadata: &Metadata) {
        let timeout = settings.config.partitioner_availability_timeout;
        for topic in &mut self.topics {
            let partitions = topic.partitions;
            let queue = |number| &self.partitions[usize::from(partitions.at(number).0)];
            if !partitions.numbers().all(|number| queue(number).is_used) {
                topic.sticky.forget_load();
                continue;
            }
            let mut sizes = Vec::with_capacity(partitions.count as usize);
            for number in partitions.numbers() {
                let Some(leader) = metadata.leader(partitions.at(number)) else { continue };
                let size = queue(number).queue.len() as u32;
                let is_slow =
                    |node: &NodeLatency| node.broker == leader && node.ready.since(node.drained) > timeout;
                // An empty queue is not looked at so closely.
                if size > 0 && !timeout.is_zero() && self.node_latency.iter().any(is_slow) {
                    continue;
                }
                sizes.push((number, size));
            }
            topic.sticky.learn_load(&sizes, partitions.count);
        }
    }

    /// The producer id was given up.
    pub fn forget_sequences(&mut self) {
        self.partitions.iter_mut().for_each(|queue| queue.sequences = Sequences::default());
    }

    /// A broker has data; `can_drain`: it can be sent to.
    pub fn update_node_latency(&mut self, settings: &Settings, broker: BrokerId, now: Time, can_drain: bool) {
        if settings.config.partitioner_availability_timeout.is_zero() {
            return;
        }
        let known = self.node_latency.iter().position(|node| node.broker == broker);
        let place = known.unwrap_or_else(|| {
            self.node_latency.push(NodeLatency { broker, ready: now, drained: now });
            self.node_latency.len() - 1
        });
        let node = &mut self.node_latency[place];
        node.ready = now;
        if can_drain {
            node.drained = now;
        }
    }

    /// Takes at most one batch of each partition that the broker leads (producer.md §3.7). What was taken is in flight
    /// from here on.
    pub fn drain(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        metadata: &Metadata,
        transactions: Option<&TransactionManager>,
        broker: BrokerId,
        now: Time,
    ) -> Vec<(Partition, Arc<RecordBatch>)> {
        let led = (0..self.partitions.len() as u16)
            .map(Partition)
            .filter(|&partition| metadata.leader(partition) == Some(broker));
        let count = led.clone().count();
        let mut taken = Vec::new();
        if count == 0 {
            return taken;
        }
        let known = self.drain_index.iter().position(|&(known, _)| known == broker);
        let place = known.unwrap_or_else(|| {
            self.drain_index.push((broker, 0));
            self.drain_index.len() - 1
        });
        let start = self.drain_index[place].1 as usize % count;
        let mut size = 0_u32;
        for (at, partition) in (0..).zip(led).cycle().skip(start).take(count) {
            self.drain_index[place].1 = at;
            let queue = &mut self.partitions[usize::from(partition.0)];
            if queue.is_muted {
                continue;
            }
            let Some(head) = queue.queue.front_mut() else { continue };
            head.see_leader_epoch(known_epoch(settings, metadata, partition));
            if head.is_backing_off(now) {
                continue;
            }
            let head = &queue.queue[0];
            let is_too_much = head.estimated_bytes().saturating_add(size) > settings.config.max_request_size;
            if is_too_much && !taken.is_empty() {
                break;
            }
            // The gate closes the whole broker, not this partition alone.
            if transactions.is_some_and(|transactions| transactions.blocks(queue, head)) {
                break;
            }
            let written = self.take_head(cx, settings, transactions, partition, now);
            size = written.bytes.saturating_add(size);
            taken.push((partition, written));
        }
        taken
    }

    fn take_head(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        transactions: Option<&TransactionManager>,
        partition: Partition,
        now: Time,
    ) -> Arc<RecordBatch> {
        let because = self.why_now(settings, partition, now);
        let queue = &mut self.partitions[usize::from(partition.0)];
        let mut batch = queue.queue.pop_front().expect("a head to drain");
        if let Some(transactions) = transactions {
            transactions.stamp(queue, &mut batch);
        }
        cx.cause = Some(batch.cause);
        close(cx, &mut batch, because);
        batch.rewritten = false;
        let was_written = batch.is_written();
        let written = Arc::clone(batch.write(settings.compression_permille));
        if !was_written && self.format.compressed {
            let topic = &mut self.topics[usize::from(settings.topic_of(partition).0)];
            topic.ratio = topic.ratio.learn(batch.compression_ratio());
        }
        batch.drained = batch.drained.max(now);
        cx.cause = Some(batch.cause);
        batch.cause = cx.note(Fact::BatchDrained {
            batch: batch.id,
            partition,
            records: batch.count(),
            bytes: written.bytes,
            attempt: batch.attempts + 1,
        });
        cx.cause = Some(batch.cause);
        if settings.guarantees_order() {
            queue.is_muted = true;
        }
        queue.in_flight.push(batch);
        written
    }

    /// What makes the head leave now, if it is still open.
    fn why_now(&self, settings: &Settings, partition: Partition, now: Time) -> BatchClose {
        let queue = &self.partitions[usize::from(partition.0)];
        match queue.queue.front() {
            Some(head) if head.is_full() || queue.queue.len() > 1 => BatchClose::Full,
            Some(head) if head.waited(now) >= settings.config.linger => BatchClose::Linger,
            _ if self.is_closed => BatchClose::Close,
            _ if self.flush.is_some() => BatchClose::Flush,
            _ if self.pool.is_waited_for() => BatchClose::MemoryShort,
            _ => BatchClose::Drained,
        }
    }

    /// Back into the queue for another attempt (producer.md §3.12): in front, or by sequence.
    pub fn reenqueue(&mut self, cx: &mut Context, mut batch: Batch, now: Time) {
        let backoff = self.backoff.draw(cx, batch.attempts);
        batch.reenqueued(now, backoff);
        let queue = self.queue(batch.partition);
        if wrong(Mutant::RetryGoesBehind) {
            queue.queue.push_back(batch);
        } else if batch.stamp.is_some() {
            queue.push_in_sequence_order(batch);
        } else {
            queue.queue.push_front(batch);
        }
    }

    /// Queued batches whose time is over, head first in each partition (producer.md §3.14).
    pub fn take_expired(&mut self, cx: &mut Context, settings: &Settings, now: Time) -> Vec<(Batch, String)> {
        let mut expired = Vec::new();
        for queue in &mut self.partitions {
            while let Some(head) = queue.queue.front() {
                let is_last = queue.queue.len() == 1;
                let is_exempt = !settings.version.has_delivery_timeout() && queue.is_muted;
                let Some(why) = settings.expiry(head, is_last, now).filter(|_| !is_exempt) else { break };
                let mut batch = queue.queue.pop_front().expect("a head was there");
                let outer = cx.cause.replace(batch.cause);
                close(cx, &mut batch, BatchClose::Expired);
                cx.cause = outer;
                expired.push((batch, why));
            }
        }
        expired
    }

    /// Batches on the wire whose time is over.
    pub fn expired_in_flight(&self, settings: &Settings, now: Time) -> Vec<(Partition, BatchId)> {
        let mut expired = Vec::new();
        if !settings.version.has_delivery_timeout() {
            return expired;
        }
        for (partition, queue) in (0..).map(Partition).zip(&self.partitions) {
            let waiting = queue.in_flight.iter().filter(|batch| !batch.done);
            let late =
                waiting.take_while(|batch| now.since(batch.created) >= settings.config.delivery_timeout);
            expired.extend(late.map(|batch| (partition, batch.id)));
        }
        expired
    }

    /// When the next batch expires, queued or in flight.
    pub fn next_expiry(&self, settings: &Settings) -> Option<Time> {
        if !settings.version.has_delivery_timeout() {
            return None; // found by whoever wakes for another reason
        }
        let heads = self.partitions.iter().flat_map(|queue| {
            let in_flight = queue.in_flight.iter().find(|batch| !batch.done);
            [queue.queue.front(), in_flight].into_iter().flatten()
        });
        heads.map(|batch| batch.created).min().map(|created| created + settings.config.delivery_timeout)
    }

    pub fn take_in_flight(&mut self, partition: Partition, id: BatchId) -> Option<Batch> {
        let in_flight = &mut self.queue(partition).in_flight;
        let place = in_flight.iter().position(|batch| batch.id == id)?;
        Some(in_flight.remove(place))
    }

    /// The batch is through: its memory returns, and a flush need not wait for it any more.
    pub fn deallocate(&mut self, batch: &Batch) {
        self.release_memory(batch);
        self.settle(batch.id);
    }

    pub fn settle(&mut self, batch: BatchId) {
        if let Some(flush) = &mut self.flush {
            flush.retain(|&waited_for| waited_for != batch);
        }
    }

    pub fn release_memory(&mut self, batch: &Batch) {
        if !batch.is_split {
            self.pool.deallocate(batch.write_limit);
        }
    }

    /// As if much had been compressed already.
    #[cfg(test)]
    pub fn assume_ratio(&mut self, millionths: u32) {
        self.topics.iter_mut().for_each(|topic| topic.ratio = Ratio(millionths));
    }

    /// Batches without a final answer.
    pub fn incomplete(&self) -> impl Iterator<Item = &Batch> {
        self.partitions
            .iter()
            .flat_map(|queue| queue.in_flight.iter().filter(|batch| !batch.done).chain(&queue.queue))
    }

    pub fn has_undrained(&self) -> bool {
        self.partitions.iter().any(|queue| !queue.queue.is_empty())
    }
}

pub(super) fn partitions_of(spec: &Spec, topic: TopicId) -> Partitions {
    let first = spec.partitions.iter().position(|partition| partition.topic == topic).unwrap_or(0);
    Partitions { first: Partition(first as u16), count: spec.topic(topic).partitions }
}

/// A newer epoch ends a backoff early where the version has that.
fn known_epoch(settings: &Settings, metadata: &Metadata, partition: Partition) -> Option<LeaderEpoch> {
    settings.version.retries_at_once_on_a_new_leader().then(|| metadata.leader_epoch(partition)).flatten()
}

pub(super) fn close(cx: &mut Context, batch: &mut Batch, because: BatchClose) {
    if batch.closed.is_some() {
        return;
    }
    batch.closed = Some(because);
    batch.cause = cx.note(Fact::BatchClosed { batch: batch.id, partition: batch.partition, because });
}
