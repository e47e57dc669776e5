//! What a broker finds too large goes back in smaller batches (producer.md §3.11; splitAndReenqueue, ProducerBatch.split).

use super::accumulator::Accumulator;
use super::batch::{Batch, Ratio};
use super::settings::Settings;
use super::transaction_manager::advance;
use crate::happening::{BatchClose, Fact};
use crate::protocol::batch::ProducerStamp;
use crate::world::context::Context;

impl Accumulator {
    /// MESSAGE_TOO_LARGE: the records go back in smaller batches, in front and in order (producer.md §3.11). The parent
    /// is gone.
    pub fn split(&mut self, cx: &mut Context, settings: &Settings, parent: Batch) {
        let ratio = parent.compression_ratio().max(Ratio::ONE);
        self.topics[usize::from(settings.topic_of(parent.partition).0)].ratio = ratio;
        let target = if parent.is_split && settings.version.splits_in_halves() {
            parent.largest_record_bytes.max(parent.estimated_bytes() / 2)
        } else {
            settings.batch_size()
        };
        let children = self.children_of(cx, &parent, ratio, target);
        let split = cx.note(Fact::BatchSplit {
            batch: parent.id,
            into: children.iter().map(|child| child.id).collect(),
        });
        cx.cause = Some(split);
        if let Some(flush) = &mut self.flush
            && settings.version.flush_waits_for_split_batches()
            && flush.contains(&parent.id)
        {
            flush.extend(children.iter().map(|child| child.id));
        }
        let mut children = children;
        for child in &mut children {
            for &record in child.records() {
                cx.note(Fact::Buffered { record, partition: child.partition, batch: child.id });
            }
            child.cause = split;
        }
        let queue = &mut self.partitions[usize::from(parent.partition.0)];
        for child in children.into_iter().rev() {
            if child.stamp.is_some() {
                queue.push_in_sequence_order(child);
            } else {
                queue.queue.push_front(child);
            }
        }
        self.deallocate(&parent);
    }

    fn children_of(&self, cx: &mut Context, parent: &Batch, ratio: Ratio, target: u32) -> Vec<Batch> {
        let mut children: Vec<Batch> = Vec::new();
        for &record in parent.records() {
            let offered = cx.ledger.get(record);
            // A blocked send() stamps its record later than it was offered; the difference does not matter here.
            let size = self.format.size_of(offered.key_bytes(), offered.value_bytes);
            let at = offered.at;
            let fits = |child: &mut Batch| child.try_append(record, size, at, parent.created).is_some();
            if !children.last_mut().is_some_and(fits) {
                let limit = target.max(size.upper_bound);
                let mut child =
                    Batch::new(cx.next_batch(), parent.partition, self.format, limit, ratio, parent.created);
                child.is_split = true;
                assert!(fits(&mut child), "the first record always fits");
                children.push(child);
            }
        }
        let mut stamp = parent.stamp;
        for child in &mut children {
            child.closed = Some(BatchClose::Full);
            child.stamp = stamp;
            stamp = stamp
                .map(|own| ProducerStamp { base_sequence: advance(own.base_sequence, child.count()), ..own });
        }
        children
    }
}
