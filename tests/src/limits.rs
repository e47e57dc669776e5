//! Settings at their limits: every setting of the engine's tables with every limit of its values, in every release, on five
//! clusters. Kafka refuses the value, or the run ends in bounded events; time never stands still.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ackscope_scenario::Document;
use ackscope_sim::config::{
    BROKER_SETTINGS, CONSUMER_SETTINGS, Kind, PRODUCER_SETTINGS, Setting, TOPIC_SETTINGS, Valid,
};
use ackscope_sim::run::Running;
use ackscope_sim::run::budget::Budget;
use ackscope_sim::spec::Spec;
use ackscope_sim::version::KafkaVersion;

use crate::plan::{Client, Plan, Step};

/// Events of one run of 4 s; a healthy cluster does some 1,500 in it.
pub const BOUND: u64 = 200_000;

/// Whose setting it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Broker,
    Topic,
    Producer,
    Consumer,
}

impl Owner {
    const ALL: [Owner; 4] = [Owner::Broker, Owner::Topic, Owner::Producer, Owner::Consumer];

    fn settings(self) -> &'static [Setting] {
        match self {
            Owner::Broker => BROKER_SETTINGS,
            Owner::Topic => TOPIC_SETTINGS,
            Owner::Producer => PRODUCER_SETTINGS,
            Owner::Consumer => CONSUMER_SETTINGS,
        }
    }
}

/// What happens to the brokers after a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    Healthy,
    LeaderKilled,
    AllKilled,
    AllPaused,
    /// The brokers from each other; clients and controller reach all of them.
    Cut,
}

impl Cluster {
    const ALL: [Cluster; 5] =
        [Cluster::Healthy, Cluster::LeaderKilled, Cluster::AllKilled, Cluster::AllPaused, Cluster::Cut];

    fn faults(self) -> &'static [&'static str] {
        match self {
            Cluster::Healthy => &[],
            Cluster::LeaderKilled => &["kill = \"broker-1\""],
            Cluster::AllKilled => &["kill = [\"broker-1\", \"broker-2\", \"broker-3\"]"],
            Cluster::AllPaused => &["pause = [\"broker-1\", \"broker-2\", \"broker-3\"]"],
            Cluster::Cut => &[
                "cut = \"broker-1 <-> broker-2\"",
                "cut = \"broker-1 <-> broker-3\"",
                "cut = \"broker-2 <-> broker-3\"",
            ],
        }
    }
}

/// A setting that is given a value.
#[derive(Clone, Debug)]
pub struct Given {
    owner: Owner,
    setting: &'static Setting,
    value: String,
}

/// Some settings, a release, a cluster.
#[derive(Clone, Debug)]
pub struct Case {
    version: KafkaVersion,
    given: Vec<Given>,
    cluster: Cluster,
    /// No link has a latency, and nothing costs any time.
    hasty: bool,
}

/// What the document says of such a setting.
const UNKNOWN: &str = " has no such setting";

/// All that takes time in a cluster, but for the start of its processes.
const COSTS: [&str; 10] = [
    "request",
    "request_per_kib",
    "append",
    "flush",
    "flush_per_kib",
    "metadata_commit",
    "metadata_apply_min",
    "metadata_apply_max",
    "send",
    "callback",
];

impl Case {
    pub fn name(&self) -> String {
        let given = self
            .given
            .iter()
            .map(|Given { owner, setting, value }| format!("{owner:?} {}={value}", setting.key));
        let given: Vec<String> = given.collect();
        let haste = if self.hasty { " in haste" } else { "" };
        format!("{} {} {:?}{haste}", self.version.name(), given.join(", "), self.cluster)
    }

    /// The document that says so.
    fn toml(&self) -> String {
        let of = |owner| {
            let own = self.given.iter().filter(|given| given.owner == owner);
            own.map(|given| (given.setting.key, format!("{:?}", given.value))).collect()
        };
        let client = |kind, name: &str, settings| Client { kind, name: name.to_owned(), settings };
        let step = |at_ms, what: &str| Step { at_ms, lasts_ms: None, records: None, what: what.to_owned() };
        let load = "producer = \"producer-p\", every = \"20 ms\"";
        let mut steps = vec![Step { records: Some(100), ..step(100, load) }];
        steps.extend(self.cluster.faults().iter().map(|fault| step(1_000, fault)));
        let plan = Plan {
            seed: 1,
            version: self.version,
            until_ms: 4_000,
            brokers: 3,
            controllers: 1,
            latency_us: if self.hasty { 0 } else { 500 },
            jitter_us: if self.hasty { 0 } else { 100 },
            broker_settings: of(Owner::Broker),
            topic_settings: of(Owner::Topic),
            replicas: vec![vec![1, 2, 3], vec![2, 3, 1]],
            clients: vec![
                client("producer", "p", of(Owner::Producer)),
                client("consumer", "c", of(Owner::Consumer)),
            ],
            steps,
        };
        let mut text = plan.toml();
        if self.hasty {
            text += "\n[cluster.costs]\n";
            COSTS.iter().for_each(|cost| text += &format!("{cost} = \"0 s\"\n"));
        }
        text
    }

    /// What the engine takes, or what is said to it.
    fn spec(&self) -> Result<Spec, String> {
        let document = Document::parse(&self.toml()).map_err(|problems| {
            problems.iter().map(|problem| problem.to_string()).collect::<Vec<_>>().join("\n")
        })?;
        let spec = document.spec("").expect("a document without variants");
        match &spec.producers[0].config {
            Ok(_) => Ok(spec),
            Err(failure) => Err(format!("{}: {}", failure.exception, failure.message)),
        }
    }

    /// Is this refusal Kafka's, and does it say what it is about?
    fn explains(&self, refusal: &str) -> bool {
        /// Whoever reads settings, constructs a client or starts a broker ends with one of these.
        const KAFKAS: [&str; 6] = [
            "ConfigException: ",
            "InvalidConfigurationException: ",
            "IllegalArgumentException: ",
            // Said of zookeeper.session.timeout.ms, without its name.
            "ZkTimeoutException: Unable to connect to zookeeper server",
            "ZooKeeperClientTimeoutException: Timed out waiting for connection",
            // Not Kafka's: of what is not modelled.
            "NotModelled: ",
        ];
        let named = |given: &Given| refusal.contains(given.setting.key) || refusal.contains("onnect");
        let is_unknown = |given: &Given| !given.setting.exists_in(self.version);
        let said = KAFKAS.iter().any(|kafkas| refusal.contains(kafkas));
        said && self.given.iter().any(named) || refusal.contains(UNKNOWN) && self.given.iter().any(is_unknown)
    }
}

/// Least, zero, one, greatest, below and above them, and what is no such value at all.
fn values(setting: &Setting) -> Vec<String> {
    let texts = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let (least, greatest) = match setting.kind {
        Kind::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Kind::Long => (i128::from(i64::MIN), i128::from(i64::MAX)),
        Kind::Boolean => return texts(&["true", "false", "maybe", "0", ""]),
        Kind::Class => {
            let round_robin = "org.apache.kafka.clients.producer.RoundRobinPartitioner";
            return texts(&[round_robin, "org.apache.kafka.Nope", "Nope", ""]);
        }
        Kind::Text => {
            let mut words = setting.choices().to_vec();
            words.extend(["nonsense", "", "by_duration:PT1S"]);
            return texts(&words);
        }
    };
    let (least, greatest) = match setting.valid {
        Valid::AtLeast(low) => (i128::from(low), greatest),
        Valid::Between(low, high) | Valid::BetweenOrMinusOne(low, high) => (low.into(), high.into()),
        Valid::Any | Valid::OneOf(_) | Valid::NonEmpty | Valid::OffsetReset => (least, greatest),
    };
    let mut numbers = vec![least, -1, 0, 1, greatest, least - 1, greatest + 1];
    numbers.sort_unstable();
    numbers.dedup();
    let mut values: Vec<String> = numbers.iter().map(i128::to_string).collect();
    values.push("many".to_owned());
    values
}

fn spread(version: KafkaVersion, given: &[Given], hasty: bool) -> impl Iterator<Item = Case> {
    let case = move |cluster| Case { version, given: given.to_vec(), cluster, hasty };
    Cluster::ALL.map(case).into_iter()
}

/// Every setting with each of its values, in a fixed order.
pub fn singles(hasty: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for version in KafkaVersion::ALL {
        for owner in Owner::ALL {
            for setting in owner.settings() {
                for value in values(setting) {
                    cases.extend(spread(version, &[Given { owner, setting, value }], hasty));
                }
            }
        }
    }
    cases
}

/// Every two numbers on which something hangs, each of them zero, or the least that it may be.
pub fn pairs(hasty: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for version in KafkaVersion::ALL {
        let mut least = Vec::new();
        for owner in Owner::ALL {
            for setting in owner.settings() {
                let is_number = matches!(setting.kind, Kind::Int | Kind::Long);
                if is_number && !setting.effect.is_empty() && setting.exists_in(version) {
                    let value = match setting.valid {
                        Valid::AtLeast(low) | Valid::Between(low, _) => low.max(0),
                        _ => 0,
                    };
                    least.push(Given { owner, setting, value: value.to_string() });
                }
            }
        }
        for (place, one) in least.iter().enumerate() {
            for other in &least[place + 1..] {
                cases.extend(spread(version, &[one.clone(), other.clone()], hasty));
            }
        }
    }
    cases
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ending {
    /// After so many events of its warm-up and of its own.
    Ended { warm_up: u64, events: u64 },
    /// It was stopped after `BOUND` events.
    AtBound,
    /// Time stood still, or the engine panicked.
    Wrong(String),
}

fn run(spec: Spec) -> Ending {
    let finished = catch_unwind(AssertUnwindSafe(|| {
        let mut running = Running::new(spec, Budget::UNLIMITED);
        let warm_up = running.progress().events;
        let goes_on = running.advance(BOUND);
        let events = running.progress().events - warm_up;
        let run = running.finish();
        match run.last().stall() {
            Some(stall) => Ending::Wrong(stall.sentence(&run.spec)),
            None if goes_on => Ending::AtBound,
            None => Ending::Ended { warm_up, events },
        }
    }));
    finished.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Ending::Wrong(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
    })
}

/// What came of the cases.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub cases: u64,
    /// Kafka does not take a value.
    pub refused: u64,
    /// Kafka does not know a setting in this release.
    pub unknown: u64,
    pub ended: u64,
    /// Of these two: the settings make the same run as others before, which was not made again.
    pub same: u64,
    pub at_bound: Vec<Case>,
    /// What must not be.
    pub wrong: Vec<String>,
    /// The most events of a run that ended, and of a warm-up.
    pub longest: (u64, String),
    pub longest_warm_up: (u64, String),
}

impl Tally {
    pub fn summary(&self) -> String {
        let (longest, warm_up) = (&self.longest, &self.longest_warm_up);
        format!(
            "{} cases: {} of a setting that the release does not know, {} refused, {} ended, {} at the bound of {BOUND} \
             events ({} like another before), {} wrong; at most {} events ({}), {} in a warm-up ({})",
            self.cases,
            self.unknown,
            self.refused,
            self.ended,
            self.at_bound.len(),
            self.same,
            self.wrong.len(),
            longest.0,
            longest.1,
            warm_up.0,
            warm_up.1,
        )
    }
}

/// Runs these cases, one after the other.
pub fn examine(cases: impl IntoIterator<Item = Case>) -> Tally {
    let mut tally = Tally::default();
    let mut known: HashMap<Spec, Ending> = HashMap::new();
    for case in cases {
        tally.cases += 1;
        let spec = match catch_unwind(AssertUnwindSafe(|| case.spec())) {
            Ok(Ok(spec)) => spec,
            Ok(Err(refusal)) => {
                if refusal.contains(UNKNOWN) {
                    tally.unknown += 1;
                } else {
                    tally.refused += 1;
                }
                if !case.explains(&refusal) {
                    tally.wrong.push(format!("{}: {refusal}", case.name()));
                }
                continue;
            }
            Err(_) => {
                tally.wrong.push(format!("{}: the document cannot be read", case.name()));
                continue;
            }
        };
        let same = known.get(&spec).cloned();
        tally.same += u64::from(same.is_some());
        let ending = same.unwrap_or_else(|| {
            let ending = run(spec.clone());
            known.insert(spec, ending.clone());
            ending
        });
        match ending {
            Ending::Ended { warm_up, events } => {
                tally.ended += 1;
                for (most, found) in [(&mut tally.longest, events), (&mut tally.longest_warm_up, warm_up)] {
                    if found > most.0 {
                        *most = (found, case.name());
                    }
                }
            }
            Ending::AtBound => tally.at_bound.push(case),
            Ending::Wrong(what) => tally.wrong.push(format!("{}: {what}", case.name())),
        }
    }
    tally
}
