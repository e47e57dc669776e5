//! How a record gets into the accumulator (producer.md §2.10): into its partition's last batch, or into a new one for which
//! the pool has memory.

use super::accumulator::{Accumulator, close};
use super::batch::{Batch, RecordSize};
use super::buffer_pool::Allocation;
use super::partitioner::draw;
use super::settings::Settings;
use crate::client::{Metadata, clock};
use crate::happening::{BatchClose, Fact};
use crate::ids::{Partition, RecordId, TopicId};
use crate::time::Time;
use crate::world::context::Context;

/// A record as the application thread hands it over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub record: RecordId,
    pub topic: TopicId,
    /// None: the sticky partition.
    pub partition: Option<u32>,
    pub size: RecordSize,
    pub timestamp: Time,
}

/// Whether an append wakes the Sender (producer.md §0.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    No,
    /// A batch was opened, or is full now.
    Needed,
    /// There was a full batch before: Kafka wakes the Sender all the same, but nothing has changed for it.
    Idle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    Done {
        wake: Wake,
    },
    /// A partitioner of the old kind wants to choose again before a new batch is opened.
    NewBatchNeeded,
    /// The pool is exhausted.
    Waits {
        size: u32,
    },
    /// The batch would be larger than the whole pool.
    Impossible {
        size: u32,
    },
}

impl Accumulator {
    /// Appends a record; `buffer`: memory that was waited for. The application thread's part of producer.md §2.10.
    pub fn append(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        metadata: &Metadata,
        ask: Ask,
        choose_again: bool,
        mut buffer: Option<u32>,
    ) -> Appended {
        loop {
            let (partition, number) = self.choose_partition(cx, metadata, ask);
            if ask.partition.is_none() && self.change_partition(cx, settings, metadata, ask.topic, number, 0)
            {
                continue;
            }
            if let Some(wake) = self.append_to_last(cx, settings, metadata, ask, number) {
                // What was waited for is not needed after all.
                if let Some(size) = buffer {
                    self.pool.deallocate(size);
                }
                return Appended::Done { wake };
            }
            if choose_again {
                return Appended::NewBatchNeeded;
            }
            let place = (partition, number);
            if let Some(appended) = self.append_to_new(cx, settings, metadata, ask, place, &mut buffer) {
                return appended;
            }
        }
    }

    /// Opens a batch for the record. None: another partition's turn has come.
    #[inline(never)]
    fn append_to_new(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        metadata: &Metadata,
        ask: Ask,
        (partition, number): (Partition, u32),
        buffer: &mut Option<u32>,
    ) -> Option<Appended> {
        let size = match buffer.take() {
            Some(size) => size,
            None => {
                let size = settings.batch_size().max(ask.size.upper_bound);
                match self.pool.allocate(size) {
                    Allocation::Granted => size,
                    Allocation::Waits => return Some(Appended::Waits { size }),
                    Allocation::Impossible => return Some(Appended::Impossible { size }),
                }
            }
        };
        // The batch that had no room is closed now, and that may let the sticky partition change.
        if ask.partition.is_none() && self.change_partition(cx, settings, metadata, ask.topic, number, 0) {
            *buffer = Some(size);
            return None;
        }
        let now = clock(cx.now);
        let ratio = self.topics[usize::from(ask.topic.0)].ratio;
        let mut batch = Batch::new(cx.next_batch(), partition, self.format, size, ratio, now);
        let fits = batch.try_append(ask.record, ask.size, ask.timestamp, now);
        assert!(fits.is_some(), "the first record always fits");
        batch.cause = cx.note(Fact::Buffered { record: ask.record, partition, batch: batch.id });
        let appended = batch.estimated_bytes();
        let queue = self.queue(partition);
        queue.is_used = true;
        queue.queue.push_back(batch);
        if ask.partition.is_none() {
            self.change_partition(cx, settings, metadata, ask.topic, number, appended);
        }
        Some(Appended::Done { wake: Wake::Needed })
    }

    fn choose_partition(&mut self, cx: &mut Context, metadata: &Metadata, ask: Ask) -> (Partition, u32) {
        let topic = &mut self.topics[usize::from(ask.topic.0)];
        let has_leader = |partition| metadata.leader(partition).is_some();
        let number = match ask.partition {
            Some(number) => number,
            None => topic.sticky.peek(|| draw(cx), topic.partitions, has_leader),
        };
        (topic.partitions.at(number), number)
    }

    /// Counts appended bytes for the sticky partition; true where it has changed.
    fn change_partition(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        metadata: &Metadata,
        topic: TopicId,
        number: u32,
        appended: u32,
    ) -> bool {
        let topic = &mut self.topics[usize::from(topic.0)];
        let queue = &self.partitions[usize::from(topic.partitions.at(number).0)];
        if appended == 0 && !queue.batches_are_full() {
            return false;
        }
        let has_leader = |partition| metadata.leader(partition).is_some();
        topic.sticky.update(
            appended,
            settings.batch_size(),
            queue.batches_are_full(),
            || draw(cx),
            topic.partitions,
            has_leader,
        )
    }

    /// None: the last batch had no room, or there is none.
    fn append_to_last(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        metadata: &Metadata,
        ask: Ask,
        number: u32,
    ) -> Option<Wake> {
        let partition = self.partitions_of(ask.topic).at(number);
        let queue = &mut self.partitions[usize::from(partition.0)].queue;
        let is_alone = queue.len() == 1;
        let last = queue.back_mut()?;
        let Some(added) = last.try_append(ask.record, ask.size, ask.timestamp, clock(cx.now)) else {
            close(cx, last, BatchClose::Full);
            return None;
        };
        let noted = cx.note(Fact::Buffered { record: ask.record, partition, batch: last.id });
        if added.is_full {
            last.cause = noted;
        }
        if ask.partition.is_none() {
            self.change_partition(cx, settings, metadata, ask.topic, number, added.bytes);
        }
        Some(match (is_alone, added.is_full) {
            (true, true) => Wake::Needed,
            (true, false) => Wake::No,
            (false, _) => Wake::Idle,
        })
    }
}
