//! Stories that span happenings: the chain of causes of one, and the life of a record.

use ackscope_sim::audit::Fate;
use ackscope_sim::happening::{Fact, Happening, PartitionChange, Role};
use ackscope_sim::ids::{BrokerId, HappeningId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::time::Time;

use super::{Narrator, Sentence, Step, because, say};
use crate::text;

/// Links of a chain of causes that are shown at most.
const LONGEST_CHAIN: usize = 12;
/// Retries of one record that are told one by one.
const MOST_RETRIES: usize = 2;

impl Narrator<'_> {
    pub(super) fn causes(&self, id: HappeningId) -> Vec<Step> {
        let mut chain: Vec<Step> = Vec::new();
        let mut next = Some(id);
        while let Some(happening) = next.and_then(|id| self.happening(id)) {
            // A message's arrival says nothing that its sending does not.
            let plumbing = matches!(
                happening.fact,
                Fact::MessageArrived { .. } | Fact::Connecting { .. } | Fact::Connected { .. }
            );
            if !plumbing || chain.is_empty() {
                chain.push(self.step(happening, None));
            }
            if chain.len() == LONGEST_CHAIN {
                break;
            }
            next = happening.cause.id().filter(|cause| *cause < happening.id);
        }
        chain
    }

    fn step(&self, happening: &Happening, decided_by: Option<HappeningId>) -> Step {
        Step {
            happening: happening.id,
            at: happening.at,
            sentence: self.tell(happening),
            decides: decided_by == Some(happening.id),
        }
    }

    pub(super) fn story_of(&self, record: RecordId) -> Vec<Step> {
        let story = self.story.record(record);
        let audit = self.audit.records.get(record.0 as usize);
        let decided_by = audit.and_then(|audit| audit.decided_by);
        let lost = story.fate == Fate::AckedButLost;
        let mut steps: Vec<Step> = Vec::new();
        let mut retries = 0;
        for happening in self.happenings.iter().filter(|happening| happening.at >= story.sent) {
            let decides = decided_by == Some(happening.id);
            if !(decides || self.belongs(happening, record, lost)) {
                continue;
            }
            if matches!(happening.fact, Fact::BatchRetried { .. }) {
                retries += 1;
                if retries > MOST_RETRIES && !decides {
                    continue;
                }
            }
            let mut step = self.step(happening, decided_by);
            if let Some(Sentence { what, why, .. }) = self.sharpened(happening, record) {
                (step.sentence.what, step.sentence.why) = (what, why);
            }
            steps.push(step);
        }
        if retries > MOST_RETRIES
            && let Some(last) = steps.iter_mut().rev().find(|step| step.sentence.setting == Some("retries"))
        {
            let more = retries - MOST_RETRIES;
            last.sentence.why = format!("{} The same {more} more times.", last.sentence.why);
        }
        steps
    }

    /// Whether a happening is part of a record's story.
    fn belongs(&self, happening: &Happening, record: RecordId, lost: bool) -> bool {
        let has = |batch| self.story.batch(batch).contains(&record);
        match &happening.fact {
            Fact::SendCalled { record: of } => *of == record && !lost,
            Fact::SendBlocked { record: of, .. }
            | Fact::SendFailed { record: of, .. }
            | Fact::Acknowledged { record: of, .. }
            | Fact::Delivered { record: of, .. } => *of == record,
            Fact::BatchDrained { batch, attempt, .. } => has(*batch) && (*attempt > 1 || !lost),
            Fact::BatchRetried { batch, .. }
            | Fact::BatchExpired { batch, .. }
            | Fact::DuplicateRecognised { batch, .. } => has(*batch),
            Fact::Appended { role: Role::Follower, .. } => false,
            Fact::Appended { batch, .. } if has(*batch) => !lost,
            Fact::Appended { partition, base_offset, last_offset, .. } => {
                // Another record under its offset.
                let place = if lost { self.place(record, happening.at) } else { None };
                place.is_some_and(|(on, offset, _)| {
                    on == *partition && *base_offset <= offset && offset <= *last_offset
                })
            }
            Fact::HighWatermarkMoved { partition, from, to } => {
                self.story.record(record).answer.is_none_or(|answer| answer.acknowledged)
                    && !lost
                    && self.commits(happening.node, record, *partition, (*from, *to), happening.at)
            }
            Fact::ProcessKilled | Fact::PowerLost | Fact::LogDirFailed | Fact::ApplicationKilled => {
                self.endangers(happening, record, lost)
            }
            Fact::PartitionChanged(change) => lost && self.passes_over(change, record, happening.at),
            Fact::Truncated { partition, from, to, .. } => {
                let cut = |broker| self.held(broker, *partition, to.0..from.0, happening.at);
                Some(*partition) == self.story.record(record).partition
                    && happening.node.broker().is_some_and(|broker| cut(broker).contains(&record))
            }
            // Refusals are told by the retries that they cause.
            Fact::ProduceRefused { .. } => false,
            Fact::ActionDone { .. }
            | Fact::AdminAnswered { .. }
            | Fact::ActionUndone { .. }
            | Fact::LoadCompleted { .. }
            | Fact::ProcessStarted
            | Fact::StopRequested
            | Fact::ProcessStopped
            | Fact::Paused
            | Fact::Resumed
            | Fact::LogDirRestored => false,
            Fact::MessageSent { .. }
            | Fact::MessageArrived { .. }
            | Fact::MessageLost { .. }
            | Fact::Connecting { .. }
            | Fact::Connected { .. }
            | Fact::ConnectionRefused { .. }
            | Fact::Disconnected { .. }
            | Fact::RequestTimedOut { .. } => false,
            Fact::ProducerStarted
            | Fact::ProducerRefused { .. }
            | Fact::ProducerClosed
            | Fact::Buffered { .. }
            | Fact::BatchClosed { .. }
            | Fact::BatchSplit { .. }
            | Fact::ProducerIdAssigned { .. }
            | Fact::ProducerEpochBumped { .. }
            | Fact::LeaderLearnt { .. }
            | Fact::FlushCompleted
            | Fact::PositionReset { .. }
            | Fact::ConsumerFailed { .. } => false,
            Fact::ProduceWaits { .. }
            | Fact::BecameLeader { .. }
            | Fact::BecameFollower { .. }
            | Fact::IsrProposed { .. }
            | Fact::IsrRefused { .. }
            | Fact::Flushed { .. }
            | Fact::LogLoaded { .. }
            | Fact::FetchRefused { .. }
            | Fact::FetchingFailed { .. } => false,
            Fact::ControllerActivated
            | Fact::ControllerLost
            | Fact::BrokerRegistered { .. }
            | Fact::RegistrationRefused { .. }
            | Fact::BrokerFenced { .. }
            | Fact::BrokerUnfenced { .. }
            | Fact::ControlledShutdownBegan { .. }
            | Fact::ControlledShutdownGranted { .. }
            | Fact::PartitionCreated(_) => false,
        }
    }

    /// A failure of the record's producer before the answer, or of a broker that holds the record.
    fn endangers(&self, happening: &Happening, record: RecordId, lost: bool) -> bool {
        let story = self.story.record(record);
        let unanswered = story.answer.is_none_or(|answer| happening.at <= answer.at);
        match happening.node {
            NodeId::Producer(client) => unanswered && client == story.producer,
            NodeId::Broker(broker) => (lost || unanswered) && self.holds(broker, record, happening.at),
            NodeId::World | NodeId::Controller | NodeId::Consumer(_) => false,
        }
    }

    /// The election of a broker that does not have a record that another one has.
    fn passes_over(&self, change: &PartitionChange, record: RecordId, at: Time) -> bool {
        let elected = change.leader.filter(|&leader| Some(leader) != change.previous_leader);
        Some(change.partition) == self.story.record(record).partition
            && elected.is_some_and(|leader| !self.holds(leader, record, at))
            && self.place(record, at).is_some()
    }

    /// Where a record's copy stands: partition, offset, broker.
    fn place(&self, record: RecordId, at: Time) -> Option<(Partition, Offset, BrokerId)> {
        let partition = self.story.record(record).partition?;
        self.story.brokers().iter().find_map(|&broker| {
            let replica = self.story.replica(broker, partition)?;
            let bars = replica.bars.iter().filter(|bar| bar.from <= at && at <= bar.to);
            bars.filter_map(|bar| bar.holds(record)).map(|offset| (partition, offset, broker)).next()
        })
    }

    fn holds(&self, broker: BrokerId, record: RecordId, at: Time) -> bool {
        let Some(partition) = self.story.record(record).partition else { return false };
        let replica = self.story.replica(broker, partition);
        replica.is_some_and(|replica| {
            replica.bars.iter().any(|bar| bar.from <= at && at <= bar.to && bar.holds(record).is_some())
        })
    }

    /// The leader's high watermark passes the record.
    fn commits(
        &self,
        node: NodeId,
        record: RecordId,
        partition: Partition,
        (from, to): (Offset, Offset),
        at: Time,
    ) -> bool {
        let Some(broker) = node.broker() else { return false };
        let Some(replica) = self.story.replica(broker, partition) else { return false };
        let leads = matches!(replica.role_at(at), Some(crate::story::BandRole::Leading(_)));
        leads
            && replica.bars.iter().any(|bar| {
                bar.from <= at
                    && at <= bar.to
                    && bar.base < to
                    && bar.next > from
                    && bar.holds(record).is_some_and(|offset| from <= offset && offset < to)
            })
    }

    /// What a happening means for the record in whose story it stands, where that is more than it says of itself.
    fn sharpened(&self, happening: &Happening, record: RecordId) -> Option<Sentence> {
        let (name, at) = (self.record(record), happening.at);
        if let Fact::ProcessKilled = happening.fact
            && let Some(broker) = happening.node.broker()
        {
            return Some(because(format!("Broker {broker} is killed."), format!("Its disk keeps {name}.")));
        }
        if let Fact::Appended { batch, base_offset, leader_epoch, .. } = &happening.fact
            && !self.story.batch(*batch).contains(&record)
        {
            let offset = self.place(record, at).map_or(*base_offset, |(_, offset, _)| offset);
            let other = self.story.batch(*batch).get((offset.0 - base_offset.0) as usize);
            let other = other.map_or_else(|| self.batch(*batch), |&other| self.record(other).to_owned());
            return Some(say(format!("{other} takes offset {offset} in epoch {leader_epoch}.")));
        }
        if let Fact::Truncated { to, .. } = &happening.fact
            && let Some(broker) = happening.node.broker()
            && let Some(partition) = self.story.record(record).partition
            && !self.held_by_others(record, broker, partition, at)
        {
            let what = format!("Broker {broker} truncates to {to}.");
            return Some(because(what, format!("No copy of {name} is left.")));
        }
        if let Fact::PartitionChanged(change) = &happening.fact {
            return self.elected_without(change, name, at);
        }
        if let Fact::HighWatermarkMoved { to, .. } = &happening.fact {
            let what = format!("{name} is committed: high watermark {to}.");
            return Some(because(what, "Every replica in the ISR has it; consumers may read it."));
        }
        None
    }

    fn elected_without(&self, change: &PartitionChange, name: &str, at: Time) -> Option<Sentence> {
        let leader = change.leader?;
        let end = self.story.replica(leader, change.partition)?.end_at(at);
        let silences = self.story.silences.iter().rev();
        let fenced = silences
            .filter(|silence| Some(silence.broker) == change.previous_leader)
            .find(|silence| silence.to <= at);
        let after = fenced.map_or(String::new(), |silence| {
            format!(" after {} of silence", text::duration(silence.to.since(silence.from)))
        });
        Some(because(
            format!("Broker {leader} is elected{after}."),
            format!("Its log ends at {end}: it does not have {name}."),
        ))
    }
}
