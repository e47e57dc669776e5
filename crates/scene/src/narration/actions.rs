//! What is done to the cluster from outside, in words.

use ackscope_sim::ids::{MachineId, NodeId};
use ackscope_sim::protocol::Api;
use ackscope_sim::script::{Action, ActionId, Meddling};

use super::names::counted;
use super::{Narrator, Sentence, because, say};
use crate::text;

impl Narrator<'_> {
    pub(super) fn action_done(&self, id: ActionId) -> Sentence {
        self.action_of(id).map_or_else(|| say("The scenario acts."), |action| self.action(action))
    }

    pub(super) fn action_undone(&self, id: ActionId) -> Sentence {
        self.action_of(id).map_or_else(|| say("The fault is over."), |action| self.undone(action))
    }

    pub(super) fn action_of(&self, id: ActionId) -> Option<&Action> {
        self.spec.script.get(id.0 as usize).map(|entry| &entry.action)
    }

    fn action(&self, action: &Action) -> Sentence {
        let to = |node: &NodeId, what: &str| say(format!("{} is {what}.", self.name(*node)));
        let disk = |broker, what: &str| say(format!("The disk of broker {broker} {what}."));
        let producer = |id, what: &str| say(format!("{}{what}.", self.name(NodeId::Producer(id))));
        let consumer = |id, what: &str| say(format!("{} {what}.", self.name(NodeId::Consumer(id))));
        match action {
            Action::Start { node, .. } => to(node, "started"),
            Action::Kill { node } => to(node, "killed (kill -9)"),
            Action::Stop { node } => to(node, "stopped (SIGTERM)"),
            Action::Pause { node } => to(node, "paused (SIGSTOP)"),
            Action::Resume { node } => to(node, "resumed (SIGCONT)"),
            Action::PowerLoss { node } => say(format!("{} loses power.", self.name(*node))),
            Action::FailDisk { broker } => disk(*broker, "fails"),
            Action::RestoreDisk { broker } => disk(*broker, "is restored"),
            Action::SlowDisk { broker, by } => {
                disk(*broker, &format!("is slower by {}", text::duration(*by)))
            }
            Action::StallDisk { broker } => disk(*broker, "hangs"),
            Action::Wipe { broker, .. } => disk(*broker, "is wiped"),
            Action::LoseUnflushed { broker, keep, .. } => {
                say(format!("Broker {broker} keeps only the first {}.", counted(*keep, "record")))
            }
            Action::Cut { a, b, one_way } => self.cut_link(*a, *b, *one_way),
            Action::Heal { a, b } => say(format!("The network between {} is healed.", self.ends(*a, *b))),
            Action::SlowLink { a, b, by } => {
                let by = text::duration(*by);
                say(format!("The network between {} is slower by {by}.", self.ends(*a, *b)))
            }
            Action::Meddle { from, to, api, response, count, what } => {
                self.meddle((*from, *to), *api, *response, *count, what)
            }
            Action::CloseConnections { a, b } => {
                say(format!("The connections between {} and {} are closed.", self.whom(*a), self.whom(*b)))
            }
            Action::SlowBroker { broker, by } => {
                say(format!("Broker {broker} takes {} longer for each request.", text::duration(*by)))
            }
            Action::CreateTopic { topic } => {
                say(format!("Topic {} is created.", self.spec.topic(*topic).name))
            }
            Action::ElectLeader { partition, unclean } => {
                let how = if *unclean { "an unclean" } else { "a preferred" };
                say(format!("An admin asks for {how} election of {}.", self.partition(*partition)))
            }
            Action::AlterTopic { topic, .. } => {
                say(format!("The settings of topic {} are changed.", self.spec.topic(*topic).name))
            }
            Action::StartProducer { producer: id } => producer(*id, " is created"),
            Action::Send { record, .. } => say(format!("The application sends {}.", record.value)),
            Action::Load(load) => {
                let records = counted(u64::from(load.count), "record");
                producer(load.producer, &format!(" begins to send {records}"))
            }
            Action::Flush { producer: id } => producer(*id, ": flush()"),
            Action::CloseProducer { producer: id, .. } => producer(*id, ": close()"),
            Action::StartConsumer { consumer: id } => consumer(*id, "begins to poll"),
            Action::Seek { consumer: id, offset, .. } => consumer(*id, &format!("seeks to offset {offset}")),
            Action::StopConsumer { consumer: id } => consumer(*id, "is closed"),
            Action::KillApplication { node } => {
                say(format!("The application of {} is killed.", self.whom(*node)))
            }
            Action::Note { text } => say(&**text),
        }
    }

    /// `broker 1 and broker 2`, `broker 1 and everything else`.
    fn ends(&self, a: MachineId, b: Option<MachineId>) -> String {
        format!("{} and {}", self.machine(a), self.far(b))
    }

    fn far(&self, machine: Option<MachineId>) -> String {
        machine.map_or("everything else".to_owned(), |machine| self.machine(machine))
    }

    fn cut_link(&self, a: MachineId, b: Option<MachineId>, one_way: bool) -> Sentence {
        let what = if one_way {
            format!("The network is cut from {} to {}.", self.machine(a), self.far(b))
        } else {
            format!("The network is cut between {}.", self.ends(a, b))
        };
        because(what, "Packets are dropped. Connections stay open and TCP keeps retransmitting.")
    }

    fn meddle(
        &self,
        (from, to): (NodeId, NodeId),
        api: Api,
        response: bool,
        count: u32,
        what: &Meddling,
    ) -> Sentence {
        let kind = if response { "response" } else { "request" };
        let (which, plural) = if count == 1 { (String::new(), "") } else { (format!(" {count}"), "s") };
        let is = if count == 1 { "is" } else { "are" };
        let fate = match what {
            Meddling::Drop => format!("{is} dropped"),
            Meddling::Duplicate if count == 1 => "arrives twice".to_owned(),
            Meddling::Duplicate => "arrive twice".to_owned(),
            Meddling::Delay(by) => format!("{is} delayed by {}", text::duration(*by)),
            Meddling::Hold => format!("{is} held"),
            Meddling::Refuse(error) => format!("{is} answered with {error}"),
        };
        let (from, to) = (self.whom(from), self.whom(to));
        say(format!("The next{which} {} {kind}{plural} from {from} to {to} {fate}.", api.name()))
    }

    fn undone(&self, action: &Action) -> Sentence {
        match action {
            Action::Cut { a, b, .. } => say(format!("The network between {} is healed.", self.ends(*a, *b))),
            Action::Pause { node } => say(format!("{} is resumed.", self.name(*node))),
            Action::SlowLink { .. } => say("The network is as fast as before."),
            Action::SlowDisk { broker, .. } | Action::StallDisk { broker } => {
                say(format!("The disk of broker {broker} is as fast as before."))
            }
            Action::SlowBroker { broker, .. } => say(format!("Broker {broker} is as fast as before.")),
            _ => say(format!("This no longer applies: {}", self.action(action).what)),
        }
    }
}
