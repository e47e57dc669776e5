//! What is done to the cluster from outside, in words.

use ackscope_sim::ids::NodeId;
use ackscope_sim::script::{Action, Meddling};

use super::details::{because, say};
use super::names::counted;
use super::{Narrator, Sentence};
use crate::text;

impl Narrator<'_> {
    pub(super) fn action(&self, action: &Action) -> Sentence {
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

    pub(super) fn undone(&self, action: &Action) -> Sentence {
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
