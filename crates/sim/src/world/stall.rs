//! The guard against time that stands still: it counts what is done at one instant, and says who does it and which setting
//! decides how often. Every wait here takes time, so that only a mistake of this model can come so far.

use std::fmt;

use crate::broker::timer::BrokerTimer;
use crate::controller::timer::Due;
use crate::ids::NodeId;
use crate::producer::timer::ProducerTimer;
use crate::spec::Spec;
use crate::time::Time;
use crate::world::queue::{Event, Timer};

/// Nobody is suspected before so many events at one instant.
const UNSUSPICIOUS: u64 = 20_000;
/// So often no node does the same thing at one instant.
const MOST: u32 = 100_000;
/// Packets are another matter: with the end of a cut everything arrives that was sent meanwhile, each record by itself
/// perhaps. But each is one that somebody has sent, and sending takes time.
const MOST_ARRIVALS: u32 = 1_000_000;

/// Time does not go on: a node does the same thing again and again at one instant. The run ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    pub node: NodeId,
    /// "looks for followers that lag behind".
    pub doing: &'static str,
    /// What says how often: Kafka's settings, or keys of the scenario. Empty: nothing that can be set.
    pub settings: &'static [&'static str],
    /// Of the run; zero while the cluster comes up.
    pub at: Time,
}

impl Stall {
    /// The same in words.
    pub fn sentence(&self, spec: &Spec) -> String {
        Sentence(self, spec).to_string()
    }
}

struct Sentence<'a>(&'a Stall, &'a Spec);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sentence(stall, spec) = self;
        let (node, doing) = (spec.node_name(stall.node), stall.doing);
        write!(f, "Time stands still at {}: {node} {doing}, again and again at the same instant.", stall.at)?;
        match stall.settings {
            [] => Ok(()),
            [one] => write!(f, " How often it does is decided by {one}."),
            [others @ .., last] => {
                write!(f, " How often it does is decided by {} and {last}.", others.join(", "))
            }
        }
    }
}

/// What has been done at this instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// Steps before time last moved on.
    since: u64,
    /// Once that is suspicious: how often each node has done what.
    done: Vec<(NodeId, &'static str, u32)>,
}

impl Guard {
    /// Time has moved on.
    #[inline(always)]
    pub fn moved(&mut self, steps: u64) {
        self.since = steps;
    }

    #[inline(always)]
    pub fn is_suspicious(&self, steps: u64) -> bool {
        steps - self.since > UNSUSPICIOUS
    }

    /// Counts one more. Some: this is once too often.
    #[cold]
    pub fn count(&mut self, node: NodeId, event: &Event, spec: &Spec, steps: u64, at: Time) -> Option<Stall> {
        if steps - self.since == UNSUSPICIOUS + 1 {
            self.done.clear(); // of an earlier instant
        }
        let (doing, settings) = account(event, spec);
        let same = |(other, what, _): &&mut (NodeId, &str, u32)| (*other, *what) == (node, doing);
        let Some((_, _, count)) = self.done.iter_mut().find(same) else {
            self.done.push((node, doing, 1));
            return None;
        };
        *count += 1;
        let most = if matches!(event, Event::Arrive { .. }) { MOST_ARRIVALS } else { MOST };
        (*count > most).then_some(Stall { node, doing, settings, at })
    }
}

/// What a node does when this comes up, and the settings that decide when it does.
fn account(event: &Event, spec: &Spec) -> (&'static str, &'static [&'static str]) {
    const BACKOFFS: &[&str] = &["retry.backoff.ms", "reconnect.backoff.ms"];
    let session: &[&str] = match spec.version.uses_zookeeper() {
        true => &["zookeeper.session.timeout.ms"],
        false => &["broker.session.timeout.ms"],
    };
    let beat: &[&str] = match spec.version.uses_zookeeper() {
        true => &["zookeeper.session.timeout.ms"],
        false => &["broker.heartbeat.interval.ms"],
    };
    match event {
        Event::Arrive { .. } => ("is reached by a packet", &["network.latency"]),
        Event::Dial { .. } => ("dials", &["network.latency"]),
        Event::Resend { .. } => ("sends a lost packet again", &[]),
        Event::Act { .. } | Event::Undo { .. } => ("carries out the script", &[]),
        Event::Offer { .. } => ("offers a record", &["every", "cluster.costs.send"]),
        Event::Timer { timer, .. } => match timer {
            Timer::Broker(timer) => match timer {
                BrokerTimer::Handled(_) => ("handles a request", &["cluster.costs.request"]),
                BrokerTimer::Purgatory(_) => (
                    "looks at a request that waits",
                    &["replica.fetch.wait.max.ms", "fetch.max.wait.ms", "request.timeout.ms"],
                ),
                BrokerTimer::Fetcher(_) => (
                    "turns to its leader",
                    &["replica.fetch.backoff.ms", "replica.socket.timeout.ms", "cluster.costs.append"],
                ),
                BrokerTimer::Link(_) => ("turns to the controller", session),
                BrokerTimer::ApplyMetadata => ("applies metadata", &["cluster.costs.metadata_apply_min"]),
                BrokerTimer::Register => ("asks to be registered", &["cluster.costs.broker_boot"]),
                BrokerTimer::GiveUpRegistering => ("gives up being registered", &[]),
                BrokerTimer::GiveUpReporting => ("gives up reporting its disk", &[]),
                BrokerTimer::Beat => ("sends a heartbeat", beat),
                BrokerTimer::Ready => ("has started", &[]),
                BrokerTimer::ShrinkIsrs => {
                    ("looks for followers that lag behind", &["replica.lag.time.max.ms"])
                }
                BrokerTimer::ShutdownPatience => ("gives up its controlled shutdown", &[]),
                BrokerTimer::Closed => ("ends", &[]),
            },
            Timer::Controller(timer) => match timer.due {
                Due::Activation => ("becomes active", &["cluster.costs.controller_boot"]),
                Due::Commit => ("commits", &["cluster.costs.metadata_commit"]),
                Due::NoOp => ("writes a no-op record", &[]),
                Due::Sessions => ("looks for sessions that have ended", session),
                Due::Topic => ("looks whether a topic can be created", &[]),
                Due::Rebalance => ("looks at who leads", &["leader.imbalance.check.interval.seconds"]),
                Due::UncleanSweep => {
                    ("looks for unclean elections", &["unclean.leader.election.interval.ms"])
                }
                Due::Dial(_) => ("dials a broker", &[]),
            },
            Timer::Producer(timer) => match timer {
                ProducerTimer::Sender => ("turns the Sender's loop", BACKOFFS),
                ProducerTimer::Application => ("waits in send()", &["max.block.ms", "cluster.costs.send"]),
            },
            Timer::Consumer(_) => ("polls", BACKOFFS),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::config::ProducerConfig;
    use crate::ids::{BrokerId, ClientId, MachineId, NodeId};
    use crate::script::{Action, Entry, Trigger};
    use crate::spec::{ProducerSpec, Spec};
    use crate::testing;
    use crate::time::{Duration, Time};
    use crate::version::KafkaVersion;
    use crate::world::World;

    fn cluster(version: KafkaVersion) -> Spec {
        let mut spec = testing::spec(version, 1..=2, &[&[1, 2]]);
        (spec.until, spec.warm) = (Time::from_millis(2_000), true);
        spec
    }

    fn run(spec: Spec) -> World {
        let until = spec.until;
        let mut world = World::new(Arc::new(spec));
        while world.step_by(until).is_some() {
            world.notes().clear();
        }
        world
    }

    #[test]
    fn an_ordinary_run_does_not_stall() {
        for version in KafkaVersion::ALL {
            assert_eq!(run(cluster(version)).stall(), None, "{version:?}");
        }
    }

    /// No document can say so: `KafkaConfig` is read before.
    #[test]
    fn a_timer_that_is_due_at_once_ends_the_warm_up() {
        let mut spec = cluster(KafkaVersion::V2_8);
        spec.broker_config.leader_imbalance_check_interval = Duration::ZERO;
        let world = run(spec);
        let stall = world.stall().expect("time stands still");
        assert_eq!((stall.node, stall.at), (NodeId::Controller, Time::ZERO));
        assert_eq!(
            stall.sentence(world.spec()),
            "Time stands still at 0.000 s: controller looks at who leads, again and again at the same instant. How often it \
             does is decided by leader.imbalance.check.interval.seconds."
        );
    }

    #[test]
    fn a_loop_without_any_pause_ends_the_run() {
        let mut spec = cluster(KafkaVersion::V4_3);
        spec.producers.push(ProducerSpec {
            name: "p".into(),
            machine: MachineId(3),
            bootstrap: vec![BrokerId(1), BrokerId(2)],
            config: Ok(ProducerConfig {
                retry_backoff: Duration::ZERO,
                retry_backoff_max: Duration::ZERO,
                ..ProducerConfig::defaults(KafkaVersion::V4_3)
            }),
        });
        let at = |millis, action| Entry { when: Trigger::At(Time::from_millis(millis)), action, lasts: None };
        spec.script = vec![
            at(100, Action::Kill { node: NodeId::Broker(BrokerId(1)) }),
            at(100, Action::Kill { node: NodeId::Broker(BrokerId(2)) }),
            at(200, Action::StartProducer { producer: ClientId(0) }),
        ];
        let mut world = run(spec);
        let stall = *world.stall().expect("time stands still");
        assert_eq!(stall.node, NodeId::Producer(ClientId(0)));
        assert!(stall.settings.contains(&"retry.backoff.ms"), "{stall:?}");
        assert_eq!(world.now(), stall.at);
        // And there it stays.
        assert!(stall.at > Time::from_millis(200) && world.step_by(Time::NEVER).is_none());
    }
}
