//! A run told in a terminal: what mattered, in order, line by line. Records that fared alike are told together.

use ackscope_scenario::{Variant, in_short};
use ackscope_sim::happening::{
    BatchClose, ChangeReason, Fact, Happening, PartitionChange, Reset, Role, Truncation,
};
use ackscope_sim::ids::{NodeId, Partition, RecordId};
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;

use crate::out::Out;

/// One thing worth telling.
pub struct Line {
    pub at: Time,
    pub text: String,
    /// A note of the document rather than a happening.
    pub note: bool,
}

/// Several records of which the same is to be said.
struct Group {
    at: Time,
    /// What is said of them, with a place for their names.
    before: String,
    after: String,
    records: Vec<RecordId>,
}

/// The story of a run; `all`: with the steps that are usually passed over.
pub fn tell(run: &Run, variant: &Variant, all: bool) -> Vec<Line> {
    let teller = Teller { run, variant, all };
    let mut lines = Vec::new();
    // Acknowledgements and deliveries take turns: several groups are open at a time.
    let mut groups: Vec<Group> = Vec::new();
    let mut notes = variant.notes(run).into_iter().peekable();
    for (place, happening) in run.happenings.iter().enumerate() {
        let at = happening.at;
        match teller.of_record(happening) {
            Some((before, record, after)) => {
                let open = groups.iter_mut().find(|group| group.before == before && group.after == after);
                match open {
                    Some(group) => group.records.push(record),
                    None => groups.push(Group { at, before, after, records: vec![record] }),
                }
            }
            None => {
                if let Some(text) = teller.sentence(happening) {
                    lines.extend(groups.drain(..).map(|group| teller.close(group)));
                    lines.push(Line { at, text, note: false });
                }
            }
        }
        while let Some(note) = notes.next_if(|note| note.place <= place) {
            lines.extend(groups.drain(..).map(|group| teller.close(group)));
            lines.push(Line { at: note.at, text: note.text, note: true });
        }
    }
    lines.extend(groups.drain(..).map(|group| teller.close(group)));
    lines
}

/// The sentence for one happening, whether it is usually told or not.
pub fn sentence(run: &Run, variant: &Variant, happening: &Happening) -> String {
    let teller = Teller { run, variant, all: true };
    match teller.of_record(happening) {
        Some((before, record, after)) => format!("{before}{}{after}", teller.record(record)),
        None => teller.sentence(happening).unwrap_or_else(|| format!("{:?}", happening.fact)),
    }
}

struct Teller<'r> {
    run: &'r Run,
    variant: &'r Variant,
    all: bool,
}

impl Teller<'_> {
    fn close(&self, group: Group) -> Line {
        let names = in_short(group.records.iter().map(|&record| self.record(record)));
        Line { at: group.at, text: format!("{}{names}{}", group.before, group.after), note: false }
    }

    fn record(&self, record: RecordId) -> &str {
        let value = self.run.ledger.value(record);
        if value.is_empty() { "a record" } else { value }
    }

    fn node(&self, node: NodeId) -> String {
        self.run.spec.node_name(node)
    }

    fn partition(&self, partition: Partition) -> String {
        self.run.spec.partition_name(partition)
    }

    /// What is told of a record, so that neighbours can share the sentence.
    fn of_record(&self, happening: &Happening) -> Option<(String, RecordId, String)> {
        let node = self.node(happening.node);
        Some(match &happening.fact {
            Fact::Acknowledged { record, offset, .. } => {
                let after = if offset.is_none() { " (nobody was asked: acks=0)" } else { "" };
                (format!("{node} hears: acknowledged "), *record, after.to_owned())
            }
            Fact::SendFailed { record, failure, .. } => {
                let after = format!(" ({}: {})", failure.exception, failure.message);
                (format!("{node} hears: failed "), *record, after)
            }
            Fact::SendBlocked { record, on } => {
                (format!("{node}: send() of "), *record, format!(" waits for {on:?}").to_lowercase())
            }
            Fact::Delivered { record, .. } => (format!("{node} is given "), *record, String::new()),
            Fact::SendCalled { record } if self.all => (format!("{node} sends "), *record, String::new()),
            Fact::Buffered { record, partition, .. } if self.all => {
                (format!("{node} buffers "), *record, format!(" for {}", self.partition(*partition)))
            }
            _ => return None,
        })
    }

    /// What is told of anything else; None: passed over.
    fn sentence(&self, happening: &Happening) -> Option<String> {
        let node = self.node(happening.node);
        let text = match &happening.fact {
            Fact::ActionDone { action } => {
                let step = self.variant.steps.iter().find(|step| step.actions.contains(&action.0))?;
                // A list is told once.
                if step.actions.start != action.0 && !self.all {
                    return None;
                }
                match step.verb {
                    "note" => format!("* {}", step.name),
                    verb => format!("* {}: {} {}", step.name, verb.replace('_', " "), step.object),
                }
            }
            Fact::ActionUndone { action } => {
                let step = self.variant.steps.iter().find(|step| step.actions.contains(&action.0))?;
                format!("* {} is over", step.name)
            }
            Fact::ProcessStarted => format!("{node}: the process starts"),
            Fact::ProcessKilled => format!("{node} is killed"),
            Fact::StopRequested => format!("{node} is asked to stop"),
            Fact::ProcessStopped => format!("{node} has stopped"),
            Fact::PowerLost => format!("{node} loses power"),
            Fact::Paused => format!("{node} is paused"),
            Fact::Resumed => format!("{node} goes on"),
            Fact::LogDirFailed => format!("{node}: the log directory fails"),
            Fact::LogDirRestored => format!("{node}: the log directory is back"),
            Fact::ApplicationKilled => format!("{node} is killed, its buffers with it"),
            Fact::ProducerRefused { failure } => {
                format!("{node} is refused: {}: {}", failure.exception, failure.message)
            }
            Fact::BatchRetried { partition, error, attempt, .. } => {
                format!(
                    "{node} puts a batch for {} back after {error} (attempt {attempt})",
                    self.partition(*partition)
                )
            }
            Fact::BatchSplit { into, .. } => format!("{node} splits a batch into {}", into.len()),
            Fact::BatchExpired { partition, .. } => {
                format!("{node}: a batch for {} has passed delivery.timeout.ms", self.partition(*partition))
            }
            Fact::RequestTimedOut { .. } => {
                format!("{node}: no answer within request.timeout.ms, the connection is closed")
            }
            Fact::ProducerEpochBumped { epoch, .. } => format!("{node} raises its producer epoch to {epoch}"),
            Fact::DuplicateRecognised { partition, base_offset, .. } => {
                format!(
                    "{node} recognises a batch that it has at offset {base_offset} of {}",
                    self.partition(*partition)
                )
            }
            Fact::ProduceRefused { partition, error, .. } => {
                format!("{node} refuses a batch for {}: {error}", self.partition(*partition))
            }
            Fact::Truncated { partition, from, to, because } => {
                let why = match because {
                    Truncation::DivergingEpoch { leader_epoch, end_offset } => {
                        format!("epoch {leader_epoch} ends at {end_offset}, says the leader")
                    }
                    Truncation::HighWatermark => "back to its own high watermark".to_owned(),
                    Truncation::LeaderLogEnd => "the leader's log ends there".to_owned(),
                    Truncation::Unflushed => "what had not reached the disk is gone".to_owned(),
                    Truncation::Wiped => "the directory was deleted".to_owned(),
                };
                format!("{node} cuts {} from {from} to {to}: {why}", self.partition(*partition))
            }
            Fact::FetchingFailed { partition, leader, log_end_offset, base_offset } => format!(
                "{node} stops copying {} from broker-{leader}: its log ends at {log_end_offset}, but the leader's records \
                 begin at {base_offset}",
                self.partition(*partition)
            ),
            Fact::BecameLeader { partition, leader_epoch, log_end_offset, high_watermark } => format!(
                "{node} leads {} in epoch {leader_epoch}: log end {log_end_offset}, high watermark {high_watermark}",
                self.partition(*partition)
            ),
            Fact::IsrRefused { partition, error, .. } => {
                format!("{node}: the ISR of {} stays as it is: {error}", self.partition(*partition))
            }
            Fact::ControllerActivated => "the controller is active".to_owned(),
            Fact::ControllerLost => "there is no active controller".to_owned(),
            Fact::BrokerRegistered { broker, broker_epoch, clean } => {
                let how = if *clean { "after a clean stop" } else { "without a clean stop" };
                format!("the controller registers broker-{broker}, epoch {broker_epoch}, {how}")
            }
            Fact::RegistrationRefused { broker, error } if self.all => {
                format!("the controller does not let broker-{broker} in: {error}")
            }
            Fact::BrokerFenced { broker } => format!("the controller fences broker-{broker}"),
            Fact::BrokerUnfenced { broker } => format!("the controller unfences broker-{broker}"),
            Fact::PartitionChanged(change) => self.change(change)?,
            Fact::PositionReset {
                partition,
                from,
                to,
                because: because @ (Reset::OffsetOutOfRange | Reset::Diverged),
            } => {
                let why = match because {
                    Reset::Diverged => "the log it had read was truncated",
                    _ => "its position is out of range",
                };
                let from = from.map_or("nowhere".to_owned(), |from| from.to_string());
                format!("{node} goes from {from} to {to} in {}: {why}", self.partition(*partition))
            }
            Fact::ConsumerFailed { failure } => {
                format!("{node} fails: {}: {}", failure.exception, failure.message)
            }
            _ if self.all => self.detail(happening)?,
            _ => return None,
        };
        Some(text)
    }

    fn change(&self, change: &PartitionChange) -> Option<String> {
        let name = self.partition(change.partition);
        let why = match change.because {
            ChangeReason::Created => return None,
            ChangeReason::Fenced(broker) => format!("broker-{broker} was fenced"),
            ChangeReason::ControlledShutdown(broker) => format!("broker-{broker} is stopping"),
            ChangeReason::Unfenced(broker) => format!("broker-{broker} is back"),
            ChangeReason::Registered(broker) => format!("broker-{broker} registered anew"),
            ChangeReason::AlterPartition => "asked for by the leader".to_owned(),
            ChangeReason::LogDirFailed(broker) => format!("broker-{broker} lost its log directory"),
            ChangeReason::PreferredElection => "preferred election".to_owned(),
            ChangeReason::UncleanElection => "unclean election".to_owned(),
            ChangeReason::ConfigChanged => "its settings changed".to_owned(),
        };
        let leader = match (change.leader, change.previous_leader) {
            (leader, previous) if leader == previous => String::new(),
            (Some(leader), _) => format!(" leader broker-{leader}, epoch {},", change.leader_epoch),
            (None, _) => " no leader,".to_owned(),
        };
        let elr = if change.elr.is_empty() { String::new() } else { format!(", ELR {}", change.elr) };
        let recovering = if change.recovering { ", recovering" } else { "" };
        Some(format!("{name}:{leader} ISR {}{elr}{recovering} ({why})", change.isr))
    }

    /// What only a full account tells.
    fn detail(&self, happening: &Happening) -> Option<String> {
        let node = self.node(happening.node);
        Some(match &happening.fact {
            Fact::MessageSent { envelope } => {
                let body = &envelope.message.body;
                let kind = if body.is_request() { "request" } else { "answer" };
                format!("{node} -> {}: {} {kind}", self.node(envelope.to), body.api().name())
            }
            Fact::MessageLost { .. } => format!("{node}: a message is lost"),
            Fact::BatchClosed { partition, because, .. } => {
                let why = match because {
                    BatchClose::Full => "it is full",
                    BatchClose::Linger => "linger.ms is over",
                    BatchClose::Drained => "its broker is being sent to",
                    BatchClose::Flush => "flush()",
                    BatchClose::Close => "close()",
                    BatchClose::MemoryShort => "somebody waits for memory",
                    BatchClose::Expired => "it has expired",
                };
                format!("{node} closes a batch for {}: {why}", self.partition(*partition))
            }
            Fact::BatchDrained { partition, records, bytes, attempt, .. } => format!(
                "{node} takes a batch for {}: {records} records, {bytes} bytes, attempt {attempt}",
                self.partition(*partition)
            ),
            Fact::Appended { partition, role, base_offset, last_offset, leader_epoch, .. } => {
                let role = if *role == Role::Leader { "leader" } else { "follower" };
                format!(
                    "{node} ({role}) appends {base_offset} to {last_offset} of {}, epoch {leader_epoch}",
                    self.partition(*partition)
                )
            }
            Fact::HighWatermarkMoved { partition, from, to } => {
                format!("{node}: high watermark of {} from {from} to {to}", self.partition(*partition))
            }
            Fact::BecameFollower { partition, leader, leader_epoch } => {
                let whom = leader.map_or("nobody".to_owned(), |leader| format!("broker-{leader}"));
                format!("{node} follows {whom} in {}, epoch {leader_epoch}", self.partition(*partition))
            }
            Fact::MessageArrived { .. } => return None,
            other => format!("{node}: {other:?}"),
        })
    }
}

pub fn print(out: &mut Out, lines: &[Line]) {
    for line in lines {
        let mark = if line.note { "| " } else { "" };
        out.paragraph(&format!("{:>9}  ", clock(line.at)), &format!("{mark}{}", line.text));
    }
}

/// Seconds with three places.
pub fn clock(at: Time) -> String {
    format!("{}.{:03}", at.nanos / 1_000_000_000, at.nanos / 1_000_000 % 1_000)
}
