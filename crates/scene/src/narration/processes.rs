//! Processes, machines, connections and messages in words.

use ackscope_sim::happening::{Disconnect, Fact};
use ackscope_sim::ids::{BrokerId, HappeningId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::time::Time;

use super::{Narrator, Sentence, because, say};

impl Narrator<'_> {
    pub(super) fn process_started(&self, node: NodeId) -> Sentence {
        let what = format!("{} starts.", self.name(node));
        match node {
            NodeId::Broker(_) => {
                because(what, "It loads its logs and registers. It stays fenced until it has caught up.")
            }
            NodeId::World | NodeId::Controller | NodeId::Producer(_) | NodeId::Consumer(_) => say(what),
        }
    }

    pub(super) fn process_killed(&self, node: NodeId, at: Time) -> Sentence {
        let what = format!("{} is killed.", self.name(node));
        match node {
            NodeId::Broker(broker) => {
                // Records that only this broker holds are at stake.
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
            NodeId::Controller => {
                because(what, "Data still flows, but nobody is elected until the controller is back.")
            }
            NodeId::World | NodeId::Producer(_) | NodeId::Consumer(_) => because(what, BUFFER_LOST),
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

    pub(super) fn application_killed(&self, node: NodeId) -> Sentence {
        because(format!("{} dies with its application.", self.name(node)), BUFFER_LOST)
    }

    pub(super) fn stop_requested(&self, node: NodeId) -> Sentence {
        because(
            format!("{} is asked to stop (SIGTERM).", self.name(node)),
            "It hands over its leaderships before it stops.",
        )
        .by("controlled.shutdown.enable")
    }

    pub(super) fn power_lost(&self, node: NodeId) -> Sentence {
        because(
            format!("The machine of {} loses power.", self.whom(node)),
            "Everything not flushed to disk is gone: Kafka leaves flushing to the operating system.",
        )
        .by("flush.messages")
    }

    pub(super) fn paused(&self, node: NodeId) -> Sentence {
        because(
            format!("{} is paused.", self.name(node)),
            "Its kernel still accepts bytes, but no process reads them.",
        )
    }

    pub(super) fn resumed(&self, node: NodeId) -> Sentence {
        because(
            format!("{} is running again.", self.name(node)),
            "It first handles the requests that have piled up.",
        )
    }

    pub(super) fn log_dir_failed(&self, node: NodeId) -> Sentence {
        because(
            format!("The log directory of {} fails.", self.whom(node)),
            "Its replicas are offline: KAFKA_STORAGE_ERROR.",
        )
    }

    pub(super) fn message_arrived(&self, node: NodeId, sent: HappeningId) -> Sentence {
        match self.message_of(sent) {
            Some(message) => because(format!("It reaches {}.", self.whom(node)), message),
            None => say(format!("A message reaches {}.", self.whom(node))),
        }
    }

    pub(super) fn message_lost(&self, sent: HappeningId) -> Sentence {
        because("A message is lost on the way.", self.message_of(sent).unwrap_or_default())
    }

    fn message_of(&self, sent: HappeningId) -> Option<String> {
        let Fact::MessageSent { envelope } = &self.happening(sent)?.fact else { return None };
        Some(self.message(envelope))
    }

    pub(super) fn disconnected(&self, node: NodeId, peer: NodeId, because: Disconnect) -> Sentence {
        let (who, peer) = (self.name(node), self.whom(peer));
        say(match because {
            Disconnect::Closed => format!("{who} closes its connection to {peer}."),
            Disconnect::ByPeer => format!("{who} loses its connection to {peer}."),
            Disconnect::TimedOut => format!("{who} closes its connection to {peer}: no answer in time."),
        })
    }
}

const BUFFER_LOST: &str = "Everything buffered and not yet sent is gone.";
