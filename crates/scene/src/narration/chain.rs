//! Stories that span happenings: the chain of causes of one, and the life of a record.

use ackscope_sim::audit::Fate;
use ackscope_sim::happening::{Fact, Happening, Role};
use ackscope_sim::ids::{BrokerId, HappeningId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::time::Time;

use super::{Narrator, Sentence, Step};

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
            self.sharpen(happening, record, &mut step.sentence);
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
        let at = happening.at;
        let story = self.story.record(record);
        let answered = story.answer.map_or(Time::NEVER, |answer| answer.at);
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
            // Refusals are told by the retries that they cause.
            Fact::Appended { batch, role: Role::Leader, .. } if has(*batch) => !lost,
            Fact::Appended { partition, role: Role::Leader, base_offset, last_offset, .. } if lost => {
                // Another record under its offset.
                let place = self.place(record, at);
                place.is_some_and(|(on, offset, _)| {
                    on == *partition && *base_offset <= offset && offset <= *last_offset
                })
            }
            Fact::HighWatermarkMoved { partition, from, to } => {
                story.answer.is_none_or(|answer| answer.acknowledged)
                    && !lost
                    && self.commits(happening.node, record, *partition, (*from, *to), at)
            }
            // Whatever happens to a broker while it holds the record and others do not.
            Fact::ProcessKilled | Fact::PowerLost | Fact::LogDirFailed | Fact::ApplicationKilled => {
                let unanswered = matches!(happening.node, NodeId::Producer(client) if client == story.producer)
                    && at <= answered;
                unanswered
                    || (lost || at <= answered)
                        && happening.node.broker().is_some_and(|broker| self.holds(broker, record, at))
            }
            Fact::PartitionChanged(change) => {
                lost && change.leader.is_some()
                    && change.leader != change.previous_leader
                    && Some(change.partition) == story.partition
                    && change.leader.is_some_and(|leader| !self.holds(leader, record, at))
                    && self.place(record, at).is_some()
            }
            Fact::Truncated { partition, from, to, .. } => {
                let broker = happening.node.broker();
                Some(*partition) == story.partition
                    && broker.is_some_and(|broker| {
                        self.held(broker, *partition, to.0..from.0, at).contains(&record)
                    })
            }
            _ => false,
        }
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

    /// Within a record's own story, say what it means for that record.
    fn sharpen(&self, happening: &Happening, record: RecordId, sentence: &mut Sentence) {
        let name = self.record(record);
        match &happening.fact {
            Fact::ProcessKilled if happening.node.broker().is_some() => {
                sentence.why = format!("Its disk keeps {name}.");
            }
            Fact::Appended { batch, base_offset, leader_epoch, .. }
                if !self.story.batch(*batch).contains(&record) =>
            {
                let offset = self.place(record, happening.at).map_or(*base_offset, |(_, offset, _)| offset);
                let place = (offset.0 - base_offset.0) as usize;
                let other = self.story.batch(*batch).get(place).copied();
                let other = other.map_or_else(|| self.batch(*batch), |other| self.record(other).to_owned());
                sentence.what = format!("{other} takes offset {offset} in epoch {leader_epoch}.");
                sentence.why.clear();
            }
            Fact::Truncated { to, .. } => {
                if let Some(broker) = happening.node.broker()
                    && let Some(partition) = self.story.record(record).partition
                    && !self.held_by_others(record, broker, partition, happening.at)
                {
                    sentence.what = format!("Broker {broker} truncates to {to}.");
                    sentence.why = format!("No copy of {name} is left.");
                }
            }
            Fact::PartitionChanged(change) => {
                if let Some(leader) = change.leader
                    && let Some(replica) = self.story.replica(leader, change.partition)
                {
                    let end = replica.end_at(happening.at);
                    let silences = self.story.silences.iter().rev();
                    let fenced = silences
                        .filter(|silence| Some(silence.broker) == change.previous_leader)
                        .find(|silence| silence.to <= happening.at);
                    let after = fenced.map_or(String::new(), |silence| {
                        format!(" after {} of silence", crate::text::duration(silence.to.since(silence.from)))
                    });
                    sentence.what = format!("Broker {leader} is elected{after}.");
                    sentence.why = format!("Its log ends at {end}: it does not have {name}.");
                }
            }
            Fact::HighWatermarkMoved { to, .. } => {
                sentence.what = format!("{name} is committed: high watermark {to}.");
                sentence.why = "Every replica in the ISR has it; consumers may read it.".to_owned();
            }
            _ => {}
        }
    }
}
