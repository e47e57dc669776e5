//! What producers do with batches, and what clients learn, in words.

use ackscope_sim::error::{ErrorCode, Failure};
use ackscope_sim::happening::{BatchClose, Reset};
use ackscope_sim::ids::{
    BatchId, BrokerId, LeaderEpoch, NodeId, Offset, Partition, ProducerEpoch, ProducerId,
};

use super::names::counted;
use super::{Narrator, Sentence, because, say};

impl Narrator<'_> {
    pub(super) fn producer_refused(&self, node: NodeId, failure: &Failure) -> Sentence {
        because(
            format!("The configuration of {} is refused: {}.", self.whom(node), failure.exception),
            &*failure.message,
        )
    }

    pub(super) fn batch_closed(&self, batch: BatchId, because: BatchClose) -> Sentence {
        let (why, setting) = match because {
            BatchClose::Full => ("the next record does not fit", Some("batch.size")),
            BatchClose::Linger => ("linger.ms is over", Some("linger.ms")),
            BatchClose::Drained => ("another batch is leaving for the same broker", None),
            BatchClose::Flush => ("flush() was called", None),
            BatchClose::Close => ("the producer is closing", None),
            BatchClose::MemoryShort => ("memory is short", Some("buffer.memory")),
            BatchClose::Expired => ("it has waited too long", Some("delivery.timeout.ms")),
        };
        Sentence { setting, ..say(format!("The batch of {} is closed: {why}.", self.batch(batch))) }
    }

    pub(super) fn batch_drained(&self, batch: BatchId, attempt: u32, bytes: u32, records: u32) -> Sentence {
        let leave = if records == 1 { "leaves" } else { "leave" };
        let what = format!("{} {leave} the accumulator", self.batch(batch));
        let size = format!("{}, {bytes} bytes.", counted(u64::from(records), "record"));
        match attempt {
            1 => because(format!("{what}."), size).by("linger.ms"),
            _ => because(format!("{what} again (attempt {attempt})."), size).by("retries"),
        }
    }

    pub(super) fn batch_retried(&self, batch: BatchId, error: ErrorCode) -> Sentence {
        because(format!("{} will be sent again: {error}.", self.batch(batch)), error.message()).by("retries")
    }

    pub(super) fn batch_split(&self, batch: BatchId, into: usize) -> Sentence {
        because(
            format!("The batch of {} is split into {into}.", self.batch(batch)),
            "It was larger than the broker accepts.",
        )
        .by("max.message.bytes")
    }

    pub(super) fn batch_expired(&self, batch: BatchId) -> Sentence {
        because(
            format!("The batch of {} expires.", self.batch(batch)),
            "delivery.timeout.ms has passed since send() of its first record.",
        )
        .by("delivery.timeout.ms")
    }

    pub(super) fn producer_id_assigned(
        &self,
        node: NodeId,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    ) -> Sentence {
        because(
            format!("{} gets producer id {producer_id}, epoch {epoch}.", self.name(node)),
            "By this id a broker recognises a batch that it has already stored.",
        )
        .by("enable.idempotence")
    }

    pub(super) fn producer_epoch_bumped(
        &self,
        node: NodeId,
        producer_id: ProducerId,
        epoch: ProducerEpoch,
    ) -> Sentence {
        because(
            format!("{} continues as producer id {producer_id}, epoch {epoch}.", self.name(node)),
            "Sequence numbers start again at 0.",
        )
    }

    pub(super) fn leader_learnt(
        &self,
        node: NodeId,
        partition: Partition,
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
    ) -> Sentence {
        let (who, partition) = (self.name(node), self.partition(partition));
        say(match leader {
            Some(leader) => {
                format!("{who} learns that broker {leader} leads {partition} in epoch {leader_epoch}.")
            }
            None => format!("{who} learns that {partition} has no leader."),
        })
    }

    pub(super) fn request_timed_out(&self, node: NodeId) -> Sentence {
        because(
            format!("{} has waited too long for an answer.", self.name(node)),
            "It closes the connection. Requests in flight count as failed and may be sent again.",
        )
        .by("request.timeout.ms")
    }

    pub(super) fn position_reset(
        &self,
        node: NodeId,
        partition: Partition,
        (from, to): (Option<Offset>, Offset),
        why: Reset,
    ) -> Sentence {
        let (who, place) = (self.name(node), self.partition(partition));
        let from = from.map_or(String::new(), |from| format!(" from offset {from}"));
        let what = format!("{who} moves{from} to offset {to} of {place}.");
        match why {
            Reset::Initial => because(what, "It had no position before.").by("auto.offset.reset"),
            Reset::OffsetOutOfRange => {
                because(what, "Its position was outside the log.").by("auto.offset.reset")
            }
            Reset::Diverged => because(
                what,
                "The log was truncated below its position: from here on it reads other records under offsets it has \
                 already read.",
            ),
            Reset::Seek => because(what, "The application called seek()."),
        }
    }

    pub(super) fn consumer_failed(&self, node: NodeId, failure: &Failure) -> Sentence {
        because(format!("{} fails with {}.", self.name(node), failure.exception), &*failure.message)
    }
}
