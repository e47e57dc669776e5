//! What happens to single records, in words. Records to which the same happens one after the other share a sentence.

use ackscope_sim::error::Failure;
use ackscope_sim::happening::{BlockedOn, Fact, Happening};
use ackscope_sim::ids::{BatchId, BrokerId, LeaderEpoch, NodeId, Offset, Partition, RecordId};
use ackscope_sim::protocol::Acks;
use ackscope_sim::time::Time;

use super::names::offsets;
use super::requests::promise;
use super::{Narrator, Sentence, because, say};

/// The record that a happening is about, if it is about a single one.
pub(super) fn record_of(happening: &Happening) -> Option<RecordId> {
    let (Fact::SendCalled { record }
    | Fact::SendBlocked { record, .. }
    | Fact::Buffered { record, .. }
    | Fact::Acknowledged { record, .. }
    | Fact::SendFailed { record, .. }
    | Fact::Delivered { record, .. }) = happening.fact
    else {
        return None;
    };
    Some(record)
}

/// What a happening says of its record, without the record and its place.
fn without_record(happening: &Happening) -> Fact {
    let mut fact = happening.fact.clone();
    if let Fact::SendCalled { record }
    | Fact::SendBlocked { record, .. }
    | Fact::Buffered { record, .. }
    | Fact::Acknowledged { record, .. }
    | Fact::SendFailed { record, .. }
    | Fact::Delivered { record, .. } = &mut fact
    {
        *record = RecordId(0);
    }
    if let Fact::Acknowledged { offset: Some(offset), .. } | Fact::Delivered { offset, .. } = &mut fact {
        *offset = Offset(0);
    }
    if let Fact::Buffered { batch, .. } = &mut fact {
        *batch = BatchId(0);
    }
    if let Fact::Delivered { leader_epoch, .. } = &mut fact {
        *leader_epoch = LeaderEpoch(0);
    }
    fact
}

/// Whether the same happens to the record of `next`, which was sent after that of `last`.
pub(super) fn continues(last: &Happening, next: &Happening) -> bool {
    last.node == next.node
        && record_of(last).zip(record_of(next)).is_some_and(|(last, next)| last < next)
        && without_record(last) == without_record(next)
}

/// ` at offset 7`, ` at offsets 5–9`; empty where the records do not lie side by side.
fn places(group: &[&Happening]) -> String {
    let mut found = group.iter().filter_map(|happening| match happening.fact {
        Fact::Acknowledged { offset: Some(offset), .. } | Fact::Delivered { offset, .. } => Some(offset),
        _ => None,
    });
    let Some(first) = found.next() else { return String::new() };
    let last = found.try_fold(first, |last, offset| (offset == last.next()).then_some(offset));
    last.map_or_else(String::new, |last| format!(" at {}", offsets(first, last)))
}

impl Narrator<'_> {
    /// The names of a group's records, and `is` or `are`.
    fn subject(&self, group: &[&Happening]) -> (String, &'static str) {
        let records: Vec<RecordId> = group.iter().filter_map(|happening| record_of(happening)).collect();
        (self.records(&records), if records.len() == 1 { "is" } else { "are" })
    }

    /// `send(w0)`, `send() for w0–w4`.
    fn send(&self, group: &[&Happening]) -> String {
        let (names, _) = self.subject(group);
        if group.len() == 1 { format!("send({names})") } else { format!("send() for {names}") }
    }

    pub(super) fn send_called(&self, group: &[&Happening]) -> Sentence {
        say(format!("The application calls {}.", self.send(group)))
    }

    pub(super) fn send_blocked(&self, group: &[&Happening], on: BlockedOn) -> Sentence {
        let send = self.send(group);
        match on {
            BlockedOn::Memory => because(
                format!("{send} waits for memory."),
                "Records that cannot be sent have used up buffer.memory.",
            )
            .by("buffer.memory"),
            BlockedOn::Metadata => because(
                format!("{send} waits for metadata."),
                "The producer does not know the partition's leader yet.",
            )
            .by("max.block.ms"),
        }
    }

    pub(super) fn buffered(&self, group: &[&Happening], partition: Partition) -> Sentence {
        let (names, are) = self.subject(group);
        say(format!("{names} {are} buffered for {}.", self.partition(partition)))
    }

    pub(super) fn send_failed(&self, group: &[&Happening], failure: &Failure, thrown: bool) -> Sentence {
        let how = if thrown { "throws" } else { "fails with" };
        because(format!("{} {how} {}.", self.send(group), failure.exception), &*failure.message)
    }

    pub(super) fn delivered(&self, group: &[&Happening]) -> Sentence {
        let who = self.name(group[0].node);
        say(format!("{who} reads {}{}.", self.subject(group).0, places(group)))
    }

    pub(super) fn acknowledged(
        &self,
        group: &[&Happening],
        partition: Partition,
        offset: Option<Offset>,
    ) -> Sentence {
        let (names, are) = self.subject(group);
        if offset.is_none() {
            let were = if are == "is" { "was" } else { "were" };
            let what = format!("The producer reports to the application that {names} {were} sent.");
            return because(what, promise(Acks::None)).by("acks");
        }
        let acks = self.acks_of(group[0].node);
        let alone = if acks == Some(Acks::Leader) { self.alone(group, partition) } else { None };
        let by = alone.map_or_else(String::new, |broker| format!(" by broker {broker} alone"));
        because(format!("{names} {are} acknowledged{}{by}.", places(group)), acks.map_or("", promise))
            .by("acks")
    }

    fn acks_of(&self, node: NodeId) -> Option<Acks> {
        let NodeId::Producer(client) = node else { return None };
        let producer = self.spec.producers.get(usize::from(client.0))?;
        producer.config.as_ref().ok().map(|config| config.acks)
    }

    /// The broker that alone held every record of the group when its acknowledgement was heard.
    fn alone(&self, group: &[&Happening], partition: Partition) -> Option<BrokerId> {
        let holder = |happening: &Happening| {
            let Fact::Acknowledged { record, offset: Some(offset), .. } = happening.fact else { return None };
            self.only_holder(record, partition, offset, happening.at)
        };
        let first = holder(group.first()?)?;
        group.iter().all(|happening| holder(happening) == Some(first)).then_some(first)
    }

    fn only_holder(
        &self,
        record: RecordId,
        partition: Partition,
        offset: Offset,
        at: Time,
    ) -> Option<BrokerId> {
        let mut holders = self.story.brokers().iter().copied().filter(|&broker| {
            let replica = self.story.replica(broker, partition);
            let bar = replica.and_then(|replica| replica.bar_at(offset, at));
            bar.is_some_and(|bar| bar.holds(record).is_some())
        });
        let first = holders.next()?;
        holders.next().is_none().then_some(first)
    }
}
