//! A consumer in whole clusters: what it is given, in which order, and what happens to its position.

use std::sync::Arc;

use crate::config::{ConsumerConfig, OffsetReset, ProducerConfig, TopicConfig};
use crate::happening::{Fact, Reset};
use crate::ids::{BrokerId, ClientId, MachineId, NodeId, Offset, Partition, TopicId};
use crate::protocol::Acks;
use crate::run::Run;
use crate::script::{Action, Entry, SendRecord, Trigger};
use crate::spec::{ConsumerSpec, ProducerSpec, Spec};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

const CONSUMER: NodeId = NodeId::Consumer(ClientId(0));

/// A warm cluster of three, one partition on two of them, a producer with acks=1 and a consumer that starts at 100 ms.
struct Scene {
    spec: Spec,
}

impl Scene {
    fn new(version: KafkaVersion, policy: OffsetReset) -> Scene {
        let mut spec = crate::testing::spec(version, 1..=3, &[&[1, 2]]);
        let bootstrap = vec![BrokerId(3)];
        spec.warm = true;
        spec.until = Time::from_millis(60_000);
        spec.producers.push(ProducerSpec {
            name: "p".into(),
            machine: MachineId(4),
            bootstrap: bootstrap.clone(),
            config: Ok(ProducerConfig {
                acks: Acks::Leader,
                enable_idempotence: false,
                retries: i32::MAX as u32,
                linger: Duration::ZERO,
                ..ProducerConfig::defaults(version)
            }),
        });
        spec.consumers.push(ConsumerSpec {
            runs_with: None,
            name: "c".into(),
            machine: MachineId(4),
            bootstrap,
            config: ConsumerConfig {
                auto_offset_reset: policy,
                metadata_max_age: Duration::from_secs(1),
                ..ConsumerConfig::default()
            },
            partitions: vec![Partition(0)],
        });
        let mut scene = Scene { spec };
        scene.at(10, Action::StartProducer { producer: ClientId(0) });
        scene.at(100, Action::StartConsumer { consumer: ClientId(0) });
        scene
    }

    fn at(&mut self, millis: u64, action: Action) -> &mut Scene {
        let when = Trigger::At(Time::from_millis(millis));
        self.spec.script.push(Entry { when, action, lasts: None });
        self
    }

    fn send(&mut self, millis: u64, value: &str) -> &mut Scene {
        let record = SendRecord {
            topic: TopicId(0),
            partition: Some(0),
            key: None,
            value: Arc::from(value),
            value_bytes: value.len() as u32,
            serializable: true,
        };
        self.at(millis, Action::Send { producer: ClientId(0), record })
    }

    /// Broker 2 is out of the ISR and has missed what came after `a`; then 1 is killed and 2 leads uncleanly.
    fn unclean_election(&mut self) -> &mut Scene {
        let config = TopicConfig { unclean_leader_election_enable: Some(true), ..TopicConfig::default() };
        self.spec.topics[0].config = config;
        let (one, two) = (NodeId::Broker(BrokerId(1)), NodeId::Broker(BrokerId(2)));
        self.send(1_000, "a");
        self.at(5_000, Action::Pause { node: two });
        self.send(20_000, "lost 1").send(20_050, "lost 2");
        self.at(21_000, Action::Kill { node: one });
        self.at(22_000, Action::Resume { node: two });
        self.send(40_000, "b").send(40_050, "c").send(40_100, "d")
    }

    fn run(&self) -> Run {
        Run::new(self.spec.clone())
    }
}

/// `a@0e0`: value, offset, leader epoch.
fn delivered(run: &Run) -> Vec<String> {
    let own = run.happenings.iter().filter(|happening| happening.node == CONSUMER);
    own.filter_map(|happening| match happening.fact {
        Fact::Delivered { record, offset, leader_epoch, .. } => {
            Some(format!("{}@{offset}e{leader_epoch}", run.ledger.value(record)))
        }
        _ => None,
    })
    .collect()
}

fn resets(run: &Run) -> Vec<(Option<u32>, u32, Reset)> {
    let own = run.happenings.iter().filter(|happening| happening.node == CONSUMER);
    own.filter_map(|happening| match happening.fact {
        Fact::PositionReset { from, to, because, .. } => Some((from.map(|from| from.0), to.0, because)),
        _ => None,
    })
    .collect()
}

fn failures(run: &Run) -> Vec<(u64, String)> {
    let failed = run.happenings.iter().filter_map(|happening| match &happening.fact {
        Fact::ConsumerFailed { failure } => {
            Some((happening.at.as_millis(), format!("{}: {}", failure.exception, failure.message)))
        }
        _ => None,
    });
    failed.collect()
}

fn position(run: &Run) -> Option<u32> {
    run.view_at(run.end).consumers[0].positions[0].1.map(|offset| offset.0)
}

#[test]
fn the_policy_says_where_reading_begins() {
    for (policy, want, reset) in [
        (OffsetReset::Earliest, vec!["a@0e0", "b@1e0"], vec![(None, 0, Reset::Initial)]),
        (OffsetReset::Latest, vec!["b@1e0"], vec![(None, 1, Reset::Initial)]),
        (OffsetReset::None, vec![], vec![]),
    ] {
        let mut scene = Scene::new(KafkaVersion::V4_3, policy);
        scene.spec.script.pop();
        scene.send(50, "a").send(3_000, "b");
        scene.at(2_000, Action::StartConsumer { consumer: ClientId(0) });
        let run = scene.run();
        assert_eq!(delivered(&run), want, "{policy:?}");
        assert_eq!(resets(&run), reset, "{policy:?}");
        match policy {
            OffsetReset::None => assert_eq!(
                failures(&run)[0].1,
                "NoOffsetForPartitionException: Undefined offset with no reset policy for partitions: [t-0]"
            ),
            _ => assert_eq!(failures(&run), []),
        }
    }
}

#[test]
fn a_record_arrives_within_milliseconds_of_being_committed() {
    let mut scene = Scene::new(KafkaVersion::V4_3, OffsetReset::Latest);
    scene.send(2_000, "a").send(9_000, "b");
    let run = scene.run();
    let at = |pick: fn(&Fact) -> bool| {
        let found = run.happenings.iter().filter(|happening| pick(&happening.fact));
        found.map(|happening| happening.at).collect::<Vec<_>>()
    };
    let leader_high_watermarks: Vec<Time> = run
        .happenings
        .iter()
        .filter(|happening| happening.node == NodeId::Broker(BrokerId(1)))
        .filter(|happening| matches!(happening.fact, Fact::HighWatermarkMoved { .. }))
        .map(|happening| happening.at)
        .collect();
    let given = at(|fact| matches!(fact, Fact::Delivered { .. }));
    assert_eq!(given.len(), 2);
    for (moved, given) in leader_high_watermarks.iter().zip(&given) {
        assert!(given.since(*moved) < Duration::from_millis(5), "{moved} {given}");
    }
}

#[test]
fn seeking_out_of_range_is_answered_by_the_policy() {
    for (policy, position_after) in
        [(OffsetReset::Earliest, 1), (OffsetReset::Latest, 1), (OffsetReset::None, 500)]
    {
        let mut scene = Scene::new(KafkaVersion::V4_3, policy);
        scene.send(1_000, "a");
        let seek =
            |offset| Action::Seek { consumer: ClientId(0), partition: Partition(0), offset: Offset(offset) };
        scene.at(2_000, seek(500)).at(4_000, Action::Note { text: "".into() });
        let run = scene.run();
        let mut want = vec![(if policy == OffsetReset::None { None } else { Some(1) }, 500, Reset::Seek)];
        if policy != OffsetReset::None {
            want.insert(0, (None, 0, Reset::Initial));
            let to = if policy == OffsetReset::Earliest { 0 } else { 1 };
            want.push((Some(500), to, Reset::OffsetOutOfRange));
        }
        assert_eq!(resets(&run), want, "{policy:?}");
        assert_eq!(position(&run), Some(position_after), "{policy:?}");
        if policy == OffsetReset::None {
            let failed = failures(&run);
            assert_eq!(failed.len(), 2, "no offset at first, then out of range: {failed:?}");
            assert!(failed[1].1.starts_with("OffsetOutOfRangeException: "), "{failed:?}");
        }
    }
}

#[test]
fn truncation_takes_the_reader_back_to_where_the_logs_part() {
    // Worked example of consumer-and-transactions.md §2.5, with earliest and latest alike.
    for policy in [OffsetReset::Earliest, OffsetReset::Latest] {
        let run = Scene::new(KafkaVersion::V4_3, policy).unclean_election().run();
        assert_eq!(
            delivered(&run),
            ["a@0e0", "lost 1@1e0", "lost 2@2e0", "b@1e1", "c@2e1", "d@3e1"],
            "{policy:?}"
        );
        assert_eq!(resets(&run)[1..], [(Some(3), 1, Reset::Diverged)], "{policy:?}");
        assert_eq!(failures(&run), []);
    }
}

#[test]
fn without_a_policy_truncation_is_thrown_until_the_application_seeks() {
    let mut scene = Scene::new(KafkaVersion::V4_3, OffsetReset::None);
    let seek = Action::Seek { consumer: ClientId(0), partition: Partition(0), offset: Offset(0) };
    scene.at(200, seek).unclean_election();
    let run = scene.run();
    assert_eq!(delivered(&run), ["a@0e0", "lost 1@1e0", "lost 2@2e0"]);
    let failed: Vec<_> = failures(&run).split_off(1);
    let text = "LogTruncationException: Truncated partitions detected with divergent offsets \
                {t-0=OffsetAndMetadata{offset=1, leaderEpoch=0, metadata=''}}";
    assert!(failed.iter().all(|(_, failure)| failure == text), "{failed:?}");
    // Asked again after request.timeout.ms (30 s): once or twice within a minute.
    assert!((1..=2).contains(&failed.len()), "{failed:?}");
}

#[test]
fn before_2_1_a_reader_does_not_notice() {
    let run = Scene::new(KafkaVersion::V1_1, OffsetReset::Latest).unclean_election().run();
    // Position 3 lies beyond the new leader's log at first: out of range, and latest skips what is there.
    assert_eq!(delivered(&run), ["a@0e0", "lost 1@1e1", "lost 2@2e1", "b@1e2", "c@2e2", "d@3e2"]);
    assert_eq!(resets(&run)[1..], [(Some(3), 1, Reset::OffsetOutOfRange)]);
}

#[test]
fn the_reader_follows_a_clean_failover() {
    let mut scene = Scene::new(KafkaVersion::V4_3, OffsetReset::Earliest);
    scene.send(1_000, "a").send(1_100, "b");
    scene.at(3_000, Action::Kill { node: NodeId::Broker(BrokerId(1)) });
    scene.send(4_000, "c");
    let run = scene.run();
    assert_eq!(delivered(&run), ["a@0e0", "b@1e0", "c@2e1"]);
    assert_eq!(resets(&run), [(None, 0, Reset::Initial)]);
}

#[test]
fn a_paused_leader_keeps_its_reader_waiting_and_loses_nothing() {
    let mut scene = Scene::new(KafkaVersion::V4_3, OffsetReset::Earliest);
    let one = NodeId::Broker(BrokerId(1));
    scene.send(1_000, "a").at(2_000, Action::Pause { node: one }).send(2_500, "b");
    scene.at(6_000, Action::Resume { node: one }).send(7_000, "c");
    let run = scene.run();
    assert_eq!(delivered(&run), ["a@0e0", "b@1e0", "c@2e0"]);
}

#[test]
fn an_idle_reader_costs_few_events() {
    let mut scene = Scene::new(KafkaVersion::V4_3, OffsetReset::Earliest);
    scene.spec.consumers[0].config.metadata_max_age = Duration::from_secs(300);
    let with = scene.run().events;
    scene.spec.script.pop();
    let without = scene.run().events;
    // Two long polls a second, each a request and an answer with their arrivals and the broker's own timers.
    assert!(with - without < 60 * 2 * 12, "{with} against {without}");
}

/// Metadata that was fetched while all other brokers were fenced names the leader alone. When that one dies, only the
/// bootstrap addresses help (KIP-899, since 4.0).
#[test]
fn a_stranded_consumer_goes_back_to_the_bootstrap_addresses() {
    for (version, again) in [(KafkaVersion::V3_9, false), (KafkaVersion::V4_3, true)] {
        let mut scene = Scene::new(version, OffsetReset::Earliest);
        let three = NodeId::Broker(BrokerId(3));
        scene.at(5_000, Action::Pause { node: three }).at(22_000, Action::Resume { node: three });
        let run = scene.unclean_election().run();
        let heard = delivered(&run).iter().any(|record| record.starts_with("b@"));
        assert_eq!(heard, again, "{version:?}: {:?}", delivered(&run));
    }
}

/// An application with a producer and a consumer: what happens to its process happens to both.
#[test]
fn two_clients_of_one_process_live_and_die_together() {
    let mut scene = Scene::new(KafkaVersion::V4_3, OffsetReset::Earliest);
    scene.spec.consumers[0].runs_with = Some(ClientId(0));
    // A second consumer is a process of its own.
    let other = ConsumerSpec { runs_with: None, name: "other".into(), ..scene.spec.consumers[0].clone() };
    scene.spec.consumers.push(other);
    let (producer, other) = (NodeId::Producer(ClientId(0)), NodeId::Consumer(ClientId(1)));
    scene.at(100, Action::StartConsumer { consumer: ClientId(1) });
    scene.send(1_000, "a");
    scene.at(2_000, Action::Kill { node: CONSUMER }).send(3_000, "nobody sends this");
    scene.at(4_000, Action::StartProducer { producer: ClientId(0) }).send(5_000, "b");
    scene.at(6_000, Action::Pause { node: producer }).at(7_000, Action::Resume { node: CONSUMER });
    scene.at(8_000, Action::CloseProducer { producer: ClientId(0), timeout: Duration::from_secs(1) });
    scene.at(10_000, Action::Stop { node: CONSUMER });
    let run = scene.run();
    let of_processes = |node: NodeId| -> Vec<(u64, &'static str)> {
        let own = run.happenings.iter().filter(move |happening| happening.node == node);
        own.filter_map(|happening| {
            let what = match happening.fact {
                Fact::ProcessStarted => "started",
                Fact::ApplicationKilled => "killed",
                Fact::Paused => "paused",
                Fact::Resumed => "resumed",
                Fact::ProcessStopped => "ended",
                Fact::ProducerClosed => "closed",
                _ => return None,
            };
            Some((happening.at.as_millis() / 1_000, what))
        })
        .collect()
    };
    let together = [(0, "started"), (2, "killed"), (4, "started"), (6, "paused"), (7, "resumed")];
    let [of_producer, of_consumer] = [producer, CONSUMER].map(of_processes);
    assert_eq!(of_producer, [&together[..], &[(8, "closed")]].concat());
    assert_eq!(of_consumer, [&together[..], &[(10, "ended")]].concat());
    assert_eq!(of_processes(other), [(0, "started")]);
    // The consumer reads anew from the start after each start, and on while the producer is closed.
    assert_eq!(delivered(&run), ["a@0e0", "a@0e0", "b@1e0"]);
}
