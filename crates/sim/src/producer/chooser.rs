//! The partitioner as `send()` asks it: the application's own choice, the key's, or an old partitioner's (producer.md §2.8).

use super::partitioner::{Partitions, draw};
use super::settings::Settings;
use crate::audit::ledger::Offered;
use crate::client::Metadata;
use crate::config::Partitioner;
use crate::ids::TopicId;
use crate::world::context::Context;

#[derive(Clone, Debug)]
pub(super) struct Chooser {
    strategy: Strategy,
    /// Old partitioners remember something for each topic: the next number, or the current partition.
    counters: Vec<Option<u32>>,
}

impl Chooser {
    pub fn new(settings: &Settings) -> Chooser {
        Chooser { strategy: Strategy::of(settings), counters: vec![None; settings.spec.topics.len()] }
    }

    /// The partition that key, application or an old partitioner chooses; None: the accumulator's sticky one.
    pub fn choose(
        &mut self,
        cx: &mut Context,
        settings: &Settings,
        metadata: &Metadata,
        partitions: Partitions,
        offered: &Offered,
    ) -> Option<u32> {
        if offered.partition.is_some() {
            return offered.partition;
        }
        let config = &settings.config;
        if config.partitioner == Partitioner::BuiltIn
            && !config.partitioner_ignore_keys
            && let Some(key) = offered.key
        {
            return Some(partitions.for_key(cx.ledger.bytes_of(key)));
        }
        let has_leader = |partition| metadata.leader(partition).is_some();
        let counter = &mut self.counters[usize::from(offered.topic.0)];
        match self.strategy {
            Strategy::SinceKip794 => None,
            Strategy::StickyPerBatch => {
                Some(*counter.get_or_insert_with(|| partitions.pick(draw(cx), has_leader)))
            }
            Strategy::RoundRobin { from_zero } => {
                let number = counter.get_or_insert_with(|| if from_zero { 0 } else { draw(cx) });
                let chosen = partitions.pick(*number & 0x7fff_ffff, has_leader);
                *number = number.wrapping_add(1);
                Some(chosen)
            }
        }
    }

    /// A partitioner of the old kind hears that a batch is full: the sticky one moves on (KIP-480).
    pub fn on_new_batch(
        &mut self,
        cx: &mut Context,
        metadata: &Metadata,
        partitions: Partitions,
        topic: TopicId,
        partition: Option<u32>,
    ) {
        if self.strategy != Strategy::StickyPerBatch {
            return;
        }
        let has_leader = |partition| metadata.leader(partition).is_some();
        let current = &mut self.counters[usize::from(topic.0)];
        if *current != partition {
            return;
        }
        let others = partitions.numbers().filter(|&number| has_leader(partitions.at(number))).count().max(1);
        let mut next = partitions.pick(draw(cx), has_leader);
        while others > 1 && Some(next) == *current {
            next = partitions.pick(draw(cx), has_leader);
        }
        *current = Some(next);
    }

    /// The partitioner is asked a second time before a new batch is opened (KAFKA-9965): RoundRobinPartitioner skips so.
    pub fn chooses_again(&self, settings: &Settings, partition: Option<u32>) -> bool {
        let old_kind = match self.strategy {
            Strategy::SinceKip794 => false,
            Strategy::StickyPerBatch => true,
            Strategy::RoundRobin { from_zero } => from_zero && settings.version.has_on_new_batch(),
        };
        old_kind && partition.is_some()
    }
}

/// Who chooses where nobody else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    /// Sticky by bytes, in the accumulator.
    SinceKip794,
    /// Sticky until a batch is full (2.4 to 3.2).
    StickyPerBatch,
    RoundRobin {
        from_zero: bool,
    },
}

impl Strategy {
    fn of(settings: &Settings) -> Strategy {
        match settings.config.partitioner {
            Partitioner::RoundRobin => Strategy::RoundRobin { from_zero: true },
            Partitioner::BuiltIn if settings.version.has_sticky_by_bytes() => Strategy::SinceKip794,
            Partitioner::BuiltIn if settings.version.has_sticky_per_batch() => Strategy::StickyPerBatch,
            Partitioner::BuiltIn => Strategy::RoundRobin { from_zero: false },
        }
    }
}
