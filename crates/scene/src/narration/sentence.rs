//! One or two plain sentences for every kind of happening.

use ackscope_sim::happening::{
    BatchClose, BlockedOn, ChangeReason, Disconnect, Fact, Happening, PartitionChange, Reset, Role,
    Truncation,
};
use ackscope_sim::ids::{BatchId, BrokerId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::message::Acks;
use ackscope_sim::script::{Action, Meddling};
use ackscope_sim::time::Time;

use super::names::{counted, offsets};
use super::requests::promise;
use super::{Narrator, Sentence};
use crate::text;

fn say(what: impl Into<String>) -> Sentence {
    Sentence { what: what.into(), ..Sentence::default() }
}

fn because(what: impl Into<String>, why: impl Into<String>) -> Sentence {
    Sentence { what: what.into(), why: why.into(), setting: None }
}

impl Sentence {
    fn by(self, setting: &'static str) -> Sentence {
        Sentence { setting: Some(setting), ..self }
    }
}

impl Narrator<'_> {
    pub(super) fn tell(&self, happening: &Happening) -> Sentence {
        let (at, node) = (happening.at, happening.node);
        let who = || self.name(node);
        match &happening.fact {
            Fact::ActionDone { action } => match self.spec.script.get(action.0 as usize) {
                Some(entry) => self.action(&entry.action),
                None => say("The scenario acts."),
            },
            Fact::ActionUndone { action } => match self.spec.script.get(action.0 as usize) {
                Some(entry) => self.undone(&entry.action),
                None => say("The fault is over."),
            },
            Fact::AdminAnswered { error: None, .. } => say("The admin client hears: done."),
            Fact::AdminAnswered { error: Some(error), .. } => {
                because(format!("The admin client hears {error}."), error.message())
            }
            Fact::LoadCompleted { .. } => say(format!("{} has sent its whole load.", who())),

            Fact::ProcessStarted => match node {
                NodeId::Broker(_) => because(
                    format!("{} starts.", who()),
                    "It loads its logs and registers; until it has caught up it stays fenced.",
                ),
                _ => say(format!("{} starts.", who())),
            },
            Fact::ProcessKilled => self.killed(node, at),
            Fact::ApplicationKilled => because(
                format!("{} dies with its application.", who()),
                "What it had buffered and not sent is gone.",
            ),
            Fact::StopRequested => because(
                format!("{} is asked to stop (SIGTERM).", who()),
                "It hands its leaderships over before it goes.",
            )
            .by("controlled.shutdown.enable"),
            Fact::ProcessStopped => say(format!("{} has stopped.", who())),
            Fact::PowerLost => because(
                format!("The machine of {} loses power.", self.whom(node)),
                "What had not been flushed to disk is gone: Kafka leaves flushing to the operating system.",
            )
            .by("flush.messages"),
            Fact::Paused => because(
                format!("{} is paused.", who()),
                "Its kernel goes on accepting bytes, but nobody reads them.",
            ),
            Fact::Resumed => because(format!("{} goes on.", who()), "It first handles what has piled up."),
            Fact::LogDirFailed => because(
                format!("The log directory of {} fails.", self.whom(node)),
                "Its replicas are offline: KAFKA_STORAGE_ERROR.",
            ),
            Fact::LogDirRestored => say(format!("The log directory of {} works again.", self.whom(node))),

            Fact::MessageSent { envelope } => say(self.message(envelope)),
            Fact::MessageArrived { sent } => match self.happening(*sent).map(|sent| &sent.fact) {
                Some(Fact::MessageSent { envelope }) => {
                    because(format!("It reaches {}.", self.whom(node)), self.message(envelope))
                }
                _ => say(format!("A message reaches {}.", self.whom(node))),
            },
            Fact::MessageLost { sent } => match self.happening(*sent).map(|sent| &sent.fact) {
                Some(Fact::MessageSent { envelope }) => {
                    because("A message is lost on the way.", self.message(envelope))
                }
                _ => say("A message is lost on the way."),
            },
            Fact::Connecting { to, .. } => say(format!("{} connects to {}.", who(), self.whom(*to))),
            Fact::Connected { to, .. } => say(format!("{} is connected to {}.", who(), self.whom(*to))),
            Fact::ConnectionRefused { to, .. } => {
                say(format!("{} cannot connect to {}: connection refused.", who(), self.whom(*to)))
            }
            Fact::Disconnected { peer, because, .. } => {
                let peer = self.whom(*peer);
                say(match because {
                    Disconnect::Closed => format!("{} closes its connection to {peer}.", who()),
                    Disconnect::ByPeer => format!("{} loses its connection to {peer}.", who()),
                    Disconnect::TimedOut => {
                        format!("{} gives up its connection to {peer}: no answer in time.", who())
                    }
                })
            }

            Fact::ProducerStarted => say(format!("{} is ready.", who())),
            Fact::ProducerRefused { failure } => {
                because(format!("{} is refused: {}.", who(), failure.exception), &*failure.message)
            }
            Fact::ProducerClosed => say(format!("{} is closed.", who())),
            Fact::SendCalled { record } => {
                say(format!("The application calls send({}).", self.record(*record)))
            }
            Fact::SendBlocked { record, on } => {
                let record = self.record(*record);
                match on {
                    BlockedOn::Memory => because(
                        format!("send({record}) waits for memory."),
                        "buffer.memory is used up by what cannot be sent.",
                    )
                    .by("buffer.memory"),
                    BlockedOn::Metadata => because(
                        format!("send({record}) waits for metadata."),
                        "The producer does not know yet who leads.",
                    )
                    .by("max.block.ms"),
                }
            }
            Fact::Buffered { record, partition, .. } => {
                say(format!("{} is buffered for {}.", self.record(*record), self.partition(*partition)))
            }
            Fact::BatchClosed { batch, because: why, .. } => {
                let (why, setting) = match why {
                    BatchClose::Full => ("the next record does not fit", Some("batch.size")),
                    BatchClose::Linger => ("linger.ms is over", Some("linger.ms")),
                    BatchClose::Drained => ("the request to that broker is leaving anyway", None),
                    BatchClose::Flush => ("flush() was called", None),
                    BatchClose::Close => ("the producer is closing", None),
                    BatchClose::MemoryShort => ("memory is short", Some("buffer.memory")),
                    BatchClose::Expired => ("it has waited too long", Some("delivery.timeout.ms")),
                };
                Sentence { setting, ..say(format!("The batch of {} is closed: {why}.", self.batch(*batch))) }
            }
            Fact::BatchDrained { batch, attempt, bytes, records, .. } => {
                let what = format!("{} leaves the accumulator", self.batch(*batch));
                let size = format!("{}, {bytes} bytes.", counted(u64::from(*records), "record"));
                match attempt {
                    1 => because(format!("{what}."), size).by("linger.ms"),
                    _ => because(format!("{what} again (attempt {attempt})."), size).by("retries"),
                }
            }
            Fact::BatchRetried { batch, error, .. } => {
                because(format!("{} will be sent again: {error}.", self.batch(*batch)), error.message())
                    .by("retries")
            }
            Fact::BatchSplit { batch, into } => because(
                format!("The batch of {} is split into {}.", self.batch(*batch), into.len()),
                "It was larger than the broker accepts.",
            )
            .by("max.message.bytes"),
            Fact::BatchExpired { batch, .. } => because(
                format!("The batch of {} expires.", self.batch(*batch)),
                "delivery.timeout.ms has passed since its first record was handed over.",
            )
            .by("delivery.timeout.ms"),
            Fact::Acknowledged { record, partition, offset } => {
                self.acknowledged(node, *record, *partition, *offset, at)
            }
            Fact::SendFailed { record, failure, thrown } => {
                let how = if *thrown { "throws" } else { "fails with" };
                because(
                    format!("send({}) {how} {}.", self.record(*record), failure.exception),
                    &*failure.message,
                )
            }
            Fact::ProducerIdAssigned { producer_id, epoch } => because(
                format!("{} gets producer id {producer_id}, epoch {epoch}.", who()),
                "With it a broker recognises a batch that it has already stored.",
            )
            .by("enable.idempotence"),
            Fact::ProducerEpochBumped { producer_id, epoch } => because(
                format!("{} goes on as producer id {producer_id}, epoch {epoch}.", who()),
                "Sequence numbers start again at 0.",
            ),
            Fact::LeaderLearnt { partition, leader, leader_epoch } => {
                let partition = self.partition(*partition);
                say(match leader {
                    Some(leader) => {
                        format!(
                            "{} learns that broker {leader} leads {partition} in epoch {leader_epoch}.",
                            who()
                        )
                    }
                    None => format!("{} learns that {partition} has no leader.", who()),
                })
            }
            Fact::RequestTimedOut { .. } => because(
                format!("{} has waited too long for an answer.", who()),
                "It closes the connection; what was in flight counts as failed and may be sent again.",
            )
            .by("request.timeout.ms"),
            Fact::FlushCompleted => say(format!("flush() of {} returns.", self.whom(node))),

            Fact::Appended { role, base_offset, last_offset, leader_epoch, batch, .. } => {
                let (batch, place) = (self.batch(*batch), offsets(*base_offset, *last_offset));
                match role {
                    Role::Leader => {
                        say(format!("{} appends {batch} at {place} in epoch {leader_epoch}.", who()))
                    }
                    Role::Follower => say(format!("{} copies {batch} to {place}.", who())),
                }
            }
            Fact::DuplicateRecognised { batch, base_offset, .. } => because(
                format!(
                    "{} recognises {}: already stored at offset {base_offset}.",
                    who(),
                    self.batch(*batch)
                ),
                "It answers with the old offset and appends nothing.",
            )
            .by("enable.idempotence"),
            Fact::ProduceRefused { batch, error, partition } => {
                self.refused(node, *batch, *error, *partition, at)
            }
            Fact::ProduceWaits { required_offset, .. } => because(
                format!("The answer waits until the high watermark reaches {required_offset}."),
                "With acks=all the whole ISR must have it.",
            )
            .by("acks"),
            Fact::HighWatermarkMoved { partition, from, to } => {
                self.high_watermark(node, *partition, *from, *to, at)
            }
            Fact::Truncated { partition, from, to, because } => {
                self.truncated(node, *partition, (*from, *to), *because, at)
            }
            Fact::BecameLeader { partition, leader_epoch, log_end_offset, high_watermark } => because(
                format!("{} leads {} in epoch {leader_epoch}.", who(), self.partition(*partition)),
                format!("Its log ends at {log_end_offset}, its high watermark is {high_watermark}."),
            ),
            Fact::BecameFollower { partition, leader, .. } => say(match leader {
                Some(leader) => {
                    format!("{} follows broker {leader} for {}.", who(), self.partition(*partition))
                }
                None => format!("{} waits for a leader of {}.", who(), self.partition(*partition)),
            }),
            Fact::IsrProposed { partition, isr } => because(
                format!("{} asks the controller for ISR {isr} of {}.", who(), self.partition(*partition)),
                "A follower that has not caught up for replica.lag.time.max.ms goes, one that has may come.",
            )
            .by("replica.lag.time.max.ms"),
            Fact::IsrRefused { error, .. } => {
                because(format!("The controller refuses the ISR change: {error}."), error.message())
            }
            Fact::Flushed { partition, to } => {
                say(format!("{} has flushed {} up to offset {to}.", who(), self.partition(*partition)))
            }
            Fact::LogLoaded { partition, log_end_offset, high_watermark, clean } => {
                let how = if *clean { "" } else { " after an unclean stop" };
                because(
                    format!("{} has loaded {}{how}.", who(), self.partition(*partition)),
                    format!("Its log ends at {log_end_offset}, its high watermark is {high_watermark}."),
                )
            }
            Fact::FetchRefused { from, error, .. } => because(
                format!("{} refuses the fetch of {}: {error}.", who(), self.whom(*from)),
                error.message(),
            ),

            Fact::ControllerActivated => say("The controller is active."),
            Fact::ControllerLost => because(
                "The controller is gone.",
                "Data flows on, but nobody is fenced or elected until there is one again.",
            ),
            Fact::BrokerRegistered { broker, broker_epoch, .. } => because(
                format!("The controller registers broker {broker}."),
                format!(
                    "Broker epoch {broker_epoch}; it stays fenced until it has caught up with the metadata."
                ),
            ),
            Fact::RegistrationRefused { broker, error } => because(
                format!("The controller does not register broker {broker}: {error}."),
                "Its previous session has not ended yet.",
            )
            .by("broker.session.timeout.ms"),
            Fact::BrokerFenced { broker } => self.fenced(*broker, at),
            Fact::BrokerUnfenced { broker } => because(
                format!("The controller lets broker {broker} in again."),
                "It has caught up with the metadata; it may lead and join the ISR.",
            ),
            Fact::ControlledShutdownBegan { broker } => {
                say(format!("The controller moves the leaderships of broker {broker} away."))
            }
            Fact::ControlledShutdownGranted { broker } => {
                say(format!("The controller lets broker {broker} shut down."))
            }
            Fact::PartitionCreated(change) => because(
                format!("{} is created.", self.partition(change.partition)),
                match change.leader {
                    Some(leader) => format!("Broker {leader} leads, ISR {}.", change.isr),
                    None => "It has no leader.".to_owned(),
                },
            ),
            Fact::PartitionChanged(change) => self.changed(change, at),

            Fact::Delivered { record, offset, .. } => {
                say(format!("{} is given {} at offset {offset}.", who(), self.record(*record)))
            }
            Fact::PositionReset { partition, from, to, because: why } => {
                let place = self.partition(*partition);
                let from = from.map_or(String::new(), |from| format!(" from {from}"));
                let what = format!("{} is set{from} to offset {to} of {place}.", who());
                match why {
                    Reset::Initial => because(what, "It had no position before.").by("auto.offset.reset"),
                    Reset::OffsetOutOfRange => {
                        because(what, "Its position lay outside the log.").by("auto.offset.reset")
                    }
                    Reset::Diverged => because(
                        what,
                        "The log was truncated below its position: from there on it reads other records under offsets it knows.",
                    ),
                    Reset::Seek => because(what, "The application asked for it (seek)."),
                }
            }
            Fact::ConsumerFailed { failure } => {
                because(format!("{} fails with {}.", who(), failure.exception), &*failure.message)
            }
            // A kind of happening that has no words of its own yet still has its name.
            #[allow(unreachable_patterns)]
            other => say(format!("{other:?}")),
        }
    }

    fn killed(&self, node: NodeId, at: Time) -> Sentence {
        let what = format!("{} is killed.", self.name(node));
        match node {
            NodeId::Broker(broker) => {
                // What only it holds is what is at stake.
                let alone: Vec<RecordId> = self
                    .story
                    .replicas
                    .iter()
                    .filter(|replica| replica.broker == broker)
                    .flat_map(|replica| self.held_alone(broker, replica.partition, at))
                    .collect();
                let why = if alone.is_empty() {
                    "What it has written survives in the page cache.".to_owned()
                } else {
                    format!("Its disk keeps {}, which no other broker has.", self.records(&alone))
                };
                because(what, why)
            }
            NodeId::Controller => because(what, "Data flows on; nobody is elected until it is back."),
            _ => because(what, "What it had buffered and not sent is gone."),
        }
    }

    /// Records that stand in one broker's log and in no other at a time.
    fn held_alone(&self, broker: BrokerId, partition: Partition, at: Time) -> Vec<RecordId> {
        let Some(replica) = self.story.replica(broker, partition) else { return Vec::new() };
        let others: Vec<Offset> = (self.story.brokers().iter())
            .filter(|&&other| other != broker)
            .filter_map(|&other| self.story.replica(other, partition))
            .map(|other| other.end_at(at))
            .collect();
        let Some(most) = others.into_iter().max() else { return Vec::new() };
        let end = replica.end_at(at);
        if end > most { self.held(broker, partition, most.0..end.0, at) } else { Vec::new() }
    }

    fn acks_of(&self, node: NodeId) -> Option<Acks> {
        let NodeId::Producer(client) = node else { return None };
        let producer = self.spec.producers.get(usize::from(client.0))?;
        producer.config.as_ref().ok().map(|config| config.acks)
    }

    fn acknowledged(
        &self,
        node: NodeId,
        record: RecordId,
        partition: Partition,
        offset: Option<Offset>,
        at: Time,
    ) -> Sentence {
        let name = self.record(record);
        let Some(offset) = offset else {
            let what = format!("The application hears that {name} was sent.");
            return because(what, promise(Acks::None)).by("acks");
        };
        // Who had it when the application was told.
        let holders: Vec<BrokerId> = (self.story.brokers().iter().copied())
            .filter(|&broker| {
                let replica = self.story.replica(broker, partition);
                replica
                    .and_then(|replica| replica.bar_at(offset, at))
                    .is_some_and(|bar| bar.holds(record).is_some())
            })
            .collect();
        let acks = self.acks_of(node);
        let what = match holders.as_slice() {
            [alone] if acks == Some(Acks::Leader) => {
                format!("{name} is acknowledged at offset {offset} by broker {alone} alone.")
            }
            _ => format!("{name} is acknowledged at offset {offset}."),
        };
        because(what, acks.map_or("", promise)).by("acks")
    }

    fn refused(
        &self,
        node: NodeId,
        batch: BatchId,
        error: ackscope_sim::error::ErrorCode,
        partition: Partition,
        at: Time,
    ) -> Sentence {
        use ackscope_sim::error::ErrorCode;
        let what = format!("{} refuses {}: {error}.", self.name(node), self.batch(batch));
        match error {
            ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
                let isr = self.story.isr_at(partition, at);
                let least = self.spec.effective_min_insync_replicas(partition);
                because(what, format!("The ISR is {isr}, min.insync.replicas asks for {least}."))
                    .by("min.insync.replicas")
            }
            _ => because(what, error.message()),
        }
    }

    fn high_watermark(
        &self,
        node: NodeId,
        partition: Partition,
        from: Offset,
        to: Offset,
        at: Time,
    ) -> Sentence {
        let what = format!("High watermark on {}: {to}.", self.whom(node));
        let NodeId::Broker(broker) = node else { return say(what) };
        if to < from {
            return because(what, format!("It was {from} before."));
        }
        let leads = self.story.replica(broker, partition).and_then(|replica| replica.role_at(at));
        if !matches!(leads, Some(crate::story::BandRole::Leading(_))) {
            return because(what, "Learnt from the leader.");
        }
        let records =
            self.held(broker, partition, from.0..to.0, at + ackscope_sim::time::Duration::from_nanos(1));
        if records.is_empty() {
            return say(what);
        }
        let (verb, them) = if records.len() == 1 { ("is", "it") } else { ("are", "them") };
        let names = self.records(&records);
        because(
            what,
            format!("{names} {verb} committed: the whole ISR has {them}, consumers may read {them}."),
        )
    }

    fn truncated(
        &self,
        node: NodeId,
        partition: Partition,
        (from, to): (Offset, Offset),
        reason: Truncation,
        at: Time,
    ) -> Sentence {
        let who = self.name(node);
        if from == to {
            return say(format!("{who} has nothing to truncate: its log ends at {to}."));
        }
        let what = match reason {
            Truncation::Wiped => format!("The log of {} is wiped.", self.whom(node)),
            Truncation::Unflushed => {
                format!("The log of {} ends at {to} after the power loss.", self.whom(node))
            }
            _ => format!("{who} truncates to offset {to}."),
        };
        let NodeId::Broker(broker) = node else { return say(what) };
        let cut = self.held(broker, partition, to.0..from.0, at);
        let lost: Vec<RecordId> = cut
            .iter()
            .copied()
            .filter(|&record| self.story.record(record).fate == ackscope_sim::audit::Fate::AckedButLost)
            .filter(|&record| !self.held_by_others(record, broker, partition, at))
            .collect();
        if lost.is_empty() {
            let why = match reason {
                Truncation::DivergingEpoch { leader_epoch, end_offset } => {
                    format!(
                        "In the leader's log epoch {leader_epoch} ends at {end_offset}: what follows is another history."
                    )
                }
                Truncation::HighWatermark => {
                    "It knows of no leader epoch: back to its own high watermark.".to_owned()
                }
                Truncation::LeaderLogEnd => "The leader's log ends there.".to_owned(),
                Truncation::Unflushed => format!("{} had not reached the disk.", self.records(&cut)),
                Truncation::Wiped => format!("{} gone.", counted(from.0 - to.0, "record")),
            };
            return because(what, why);
        }
        let told =
            lost.iter().filter_map(|&record| self.story.record(record).answer).map(|answer| answer.at).max();
        let when = told.map_or(String::new(), |told| {
            let told_what = if lost.len() == 1 { "it was" } else { "they were" };
            format!(", {} after the producer was told {told_what} stored", text::duration(at.since(told)))
        });
        let (copies, verb) = if lost.len() == 1 { ("copy", "is") } else { ("copies", "are") };
        because(what, format!("The last {copies} of {} {verb} gone{when}.", self.records(&lost)))
    }

    fn fenced(&self, broker: BrokerId, at: Time) -> Sentence {
        let what = format!("The controller fences broker {broker}.");
        let silence = self.story.silences.iter().find(|silence| silence.broker == broker && silence.to == at);
        match silence {
            Some(silence) => {
                let span = text::duration(silence.to.since(silence.from));
                because(what, format!("{span} without a heartbeat.")).by("broker.session.timeout.ms")
            }
            None => say(what),
        }
    }

    fn changed(&self, change: &PartitionChange, at: Time) -> Sentence {
        let name = self.partition(change.partition);
        let (what, why, setting) = match (change.leader, change.previous_leader) {
            (Some(leader), previous) if Some(leader) != previous => {
                let end =
                    |broker| self.story.replica(broker, change.partition).map(|replica| replica.end_at(at));
                let mut why = reason(change.because);
                if let Some(ends) = end(leader) {
                    why.push_str(&format!(" The log of broker {leader} ends at {ends}"));
                    let before = previous.and_then(|previous| Some((previous, end(previous)?)));
                    match before.filter(|&(_, before)| before != ends) {
                        Some((previous, before)) => {
                            why.push_str(&format!(", that of broker {previous} at {before}."))
                        }
                        None => why.push('.'),
                    }
                }
                let unclean = change.because == ChangeReason::UncleanElection || change.recovering;
                let how = if unclean { " uncleanly" } else { "" };
                let setting = unclean.then_some("unclean.leader.election.enable");
                let epoch = change.leader_epoch;
                (
                    format!("The controller elects broker {leader}{how} for {name}, epoch {epoch}."),
                    why,
                    setting,
                )
            }
            (None, Some(_)) => (
                format!("{name} has no leader."),
                format!("{} Nobody in ISR {} is alive.", reason(change.because), change.isr),
                Some("unclean.leader.election.enable"),
            ),
            _ if change.isr != change.previous_isr => {
                let (left, joined) =
                    (change.previous_isr.minus(change.isr), change.isr.minus(change.previous_isr));
                let mut why = Vec::new();
                if !left.is_empty() {
                    why.push(format!("Out: {left}."));
                }
                if !joined.is_empty() {
                    why.push(format!("In: {joined}, caught up."));
                }
                if change.elr != change.previous_elr {
                    why.push(format!("ELR {}.", change.elr));
                }
                (
                    format!("The ISR of {name} is {}.", change.isr),
                    why.join(" "),
                    Some("replica.lag.time.max.ms"),
                )
            }
            _ if change.elr != change.previous_elr => {
                (format!("The ELR of {name} is {}.", change.elr), String::new(), None)
            }
            _ => (
                format!("{name} changes: partition epoch {}.", change.partition_epoch),
                reason(change.because),
                None,
            ),
        };
        Sentence { what, why, setting }
    }

    fn action(&self, action: &Action) -> Sentence {
        let machine = |machine| self.machine(machine);
        let rest = |other: &Option<_>| other.map_or("everything else".to_owned(), machine);
        match action {
            Action::Start { node, .. } => say(format!("{} is started.", self.name(*node))),
            Action::Kill { node } => say(format!("{} is killed (kill -9).", self.name(*node))),
            Action::Stop { node } => say(format!("{} is stopped (SIGTERM).", self.name(*node))),
            Action::Pause { node } => say(format!("{} is paused (SIGSTOP).", self.name(*node))),
            Action::Resume { node } => say(format!("{} is resumed (SIGCONT).", self.name(*node))),
            Action::PowerLoss { node } => say(format!("{} loses power.", self.name(*node))),
            Action::FailDisk { broker } => say(format!("The disk of broker {broker} fails.")),
            Action::RestoreDisk { broker } => say(format!("The disk of broker {broker} is restored.")),
            Action::SlowDisk { broker, by } => {
                say(format!("The disk of broker {broker} is slower by {}.", text::duration(*by)))
            }
            Action::StallDisk { broker } => say(format!("The disk of broker {broker} hangs.")),
            Action::Wipe { broker, .. } => say(format!("The disk of broker {broker} is emptied.")),
            Action::LoseUnflushed { broker, keep, .. } => {
                say(format!("Broker {broker} keeps only the first {}.", counted(*keep, "record")))
            }
            Action::Cut { a, b, one_way } => {
                let way = if *one_way { "from" } else { "between" };
                let to = if *one_way { "to" } else { "and" };
                because(
                    format!("The network is cut {way} {} {to} {}.", machine(*a), rest(b)),
                    "Packets vanish; connections stay open and TCP goes on trying.",
                )
            }
            Action::Heal { a, b } => {
                say(format!("The network between {} and {} is healed.", machine(*a), rest(b)))
            }
            Action::SlowLink { a, b, by } => say(format!(
                "The network between {} and {} is slower by {}.",
                machine(*a),
                rest(b),
                text::duration(*by)
            )),
            Action::Meddle { from, to, api, response, count, what } => {
                let kind = if *response { "response" } else { "request" };
                let which = if *count == 1 { "The next".to_owned() } else { format!("The next {count}") };
                let fate = match what {
                    Meddling::Drop => "is dropped".to_owned(),
                    Meddling::Duplicate => "arrives twice".to_owned(),
                    Meddling::Delay(by) => format!("is delayed by {}", text::duration(*by)),
                    Meddling::Hold => "is held".to_owned(),
                    Meddling::Refuse(error) => format!("is answered with {error}"),
                };
                say(format!(
                    "{which} {} {kind} from {} to {} {fate}.",
                    api.name(),
                    self.whom(*from),
                    self.whom(*to)
                ))
            }
            Action::CloseConnections { a, b } => {
                say(format!("The connections between {} and {} are closed.", self.whom(*a), self.whom(*b)))
            }
            Action::SlowBroker { broker, by } => {
                say(format!("Broker {broker} needs {} more for each request.", text::duration(*by)))
            }
            Action::CreateTopic { topic } => {
                say(format!("Topic {} is created.", self.spec.topic(*topic).name))
            }
            Action::ElectLeader { partition, unclean } => {
                let how = if *unclean { "unclean" } else { "preferred" };
                say(format!("An admin asks for an {how} election of {}.", self.partition(*partition)))
            }
            Action::AlterTopic { topic, .. } => {
                say(format!("The settings of topic {} are changed.", self.spec.topic(*topic).name))
            }
            Action::StartProducer { producer } => {
                say(format!("{} is created.", self.name(NodeId::Producer(*producer))))
            }
            Action::Send { record, .. } => say(format!("The application sends {}.", record.value)),
            Action::Load(load) => say(format!(
                "{} begins to send {}.",
                self.name(NodeId::Producer(load.producer)),
                counted(u64::from(load.count), "record")
            )),
            Action::Flush { producer } => {
                say(format!("{}: flush().", self.name(NodeId::Producer(*producer))))
            }
            Action::CloseProducer { producer, .. } => {
                say(format!("{}: close().", self.name(NodeId::Producer(*producer))))
            }
            Action::StartConsumer { consumer } => {
                say(format!("{} begins to poll.", self.name(NodeId::Consumer(*consumer))))
            }
            Action::Seek { consumer, offset, .. } => {
                say(format!("{} seeks to offset {offset}.", self.name(NodeId::Consumer(*consumer))))
            }
            Action::StopConsumer { consumer } => {
                say(format!("{} is closed.", self.name(NodeId::Consumer(*consumer))))
            }
            Action::KillApplication { node } => {
                say(format!("The application of {} is killed.", self.whom(*node)))
            }
            Action::Note { text } => say(&**text),
        }
    }

    fn undone(&self, action: &Action) -> Sentence {
        match action {
            Action::Cut { a, b, .. } => {
                let far = b.map_or("everything else".to_owned(), |b| self.machine(b));
                say(format!("The network between {} and {far} is healed.", self.machine(*a)))
            }
            Action::Pause { node } => say(format!("{} is resumed.", self.name(*node))),
            Action::SlowLink { .. } => say("The network is as fast as before."),
            Action::SlowDisk { broker, .. } | Action::StallDisk { broker } => {
                say(format!("The disk of broker {broker} is as fast as before."))
            }
            Action::SlowBroker { broker, .. } => say(format!("Broker {broker} is as fast as before.")),
            _ => because("It is over.", self.action(action).what),
        }
    }
}

fn reason(because: ChangeReason) -> String {
    match because {
        ChangeReason::Created => String::new(),
        ChangeReason::Fenced(broker) => format!("Broker {broker} was fenced."),
        ChangeReason::ControlledShutdown(broker) => format!("Broker {broker} shuts down."),
        ChangeReason::Unfenced(broker) => format!("Broker {broker} is back."),
        ChangeReason::Registered(broker) => format!("Broker {broker} has started anew."),
        ChangeReason::AlterPartition => "The leader asked for it.".to_owned(),
        ChangeReason::LogDirFailed(broker) => format!("The log directory of broker {broker} failed."),
        ChangeReason::PreferredElection => "It is the preferred leader.".to_owned(),
        ChangeReason::UncleanElection => "No replica in the ISR is alive.".to_owned(),
        ChangeReason::ConfigChanged => "A setting was changed.".to_owned(),
    }
}
