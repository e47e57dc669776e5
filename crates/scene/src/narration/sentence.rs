//! One or two plain sentences for every kind of happening.

use ackscope_sim::happening::{BatchClose, BlockedOn, Disconnect, Fact, Happening, Reset, Role};
use ackscope_sim::ids::NodeId;

use super::details::{because, say};
use super::names::{counted, offsets};
use super::{Narrator, Sentence};

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
                let leave = if *records == 1 { "leaves" } else { "leave" };
                let what = format!("{} {leave} the accumulator", self.batch(*batch));
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
            Fact::FetchingFailed { partition, leader, log_end_offset, base_offset } => because(
                format!("{} stops copying {} from broker {leader}.", who(), self.partition(*partition)),
                format!(
                    "Its log ends at {log_end_offset}, but the leader's records begin at {base_offset}: the logs differ. It \
                     tries again when there is another leader."
                ),
            ),
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
}
