//! The settings of a scenario as they can be changed: whose they are, what each is now, what it may be, what Kafka says to
//! it, and where a change of it goes.

use ackscope_sim::config::{
    BROKER_SETTINGS, BrokerConfig, CONSUMER_SETTINGS, Configured, ConsumerConfig, PRODUCER_SETTINGS,
    ProducerConfig, Setting, TOPIC_SETTINGS, TopicConfig, check,
};
use ackscope_sim::error::Failure;
use ackscope_sim::ids::{BrokerId, TopicId};
use ackscope_sim::order::sorted;
use ackscope_sim::version::KafkaVersion;

use crate::cluster::place_replicas;
use crate::document::Variant;
use crate::edit::{self, EditError, literal};
use crate::faults::place;
use crate::limits;
use crate::units::write_duration;

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Producer,
    Topic,
    Broker,
    Consumer,
    /// What is not Kafka's to set: version, seed, brokers, partitions.
    Scenario,
}

/// One set of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub role: Role,
    /// `producer p`, `topic orders`, `brokers`: as the scenario's own reports call it.
    pub of: String,
    /// `producer.p.config`
    pub path: String,
}

/// One setting of one holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: &'static str,
    /// Where it stands in the document.
    pub path: String,
    /// What the scenario gives, if it does.
    pub given: Option<String>,
    pub default: String,
    pub group: &'static str,
    pub effect: &'static str,
    /// What it may be.
    pub range: String,
    /// What can be chosen among, where that is a short list.
    pub choices: Vec<&'static str>,
    /// Shown without being asked for.
    pub basic: bool,
    /// What Kafka made of it without refusing it: the value that counts, and why.
    pub notice: Option<(Option<String>, String)>,
}

const BASIC: &[(Role, &[&str])] = &[
    (
        Role::Producer,
        &[
            "acks",
            "enable.idempotence",
            "retries",
            "max.in.flight.requests.per.connection",
            "linger.ms",
            "batch.size",
            "delivery.timeout.ms",
            "request.timeout.ms",
        ],
    ),
    (Role::Topic, &["min.insync.replicas", "unclean.leader.election.enable"]),
    (Role::Broker, &["replica.lag.time.max.ms", "broker.session.timeout.ms", "zookeeper.session.timeout.ms"]),
    (Role::Consumer, &["auto.offset.reset"]),
];

impl Role {
    fn table(self) -> &'static [Setting] {
        match self {
            Role::Producer => PRODUCER_SETTINGS,
            Role::Topic => TOPIC_SETTINGS,
            Role::Broker => BROKER_SETTINGS,
            Role::Consumer => CONSUMER_SETTINGS,
            Role::Scenario => &[],
        }
    }

    fn basic(self) -> &'static [&'static str] {
        BASIC.iter().find(|(role, _)| *role == self).map_or(&[], |(_, keys)| keys)
    }

    /// What Kafka says to one setting alone.
    pub(crate) fn judge(self, version: KafkaVersion, key: &str, value: &str) -> Result<Judged, Failure> {
        let pair = [(key, value)];
        if let Some(setting) =
            self.table().iter().find(|setting| setting.key == key && setting.exists_in(version))
        {
            check(setting, value)?;
            return Ok(if setting.effect.is_empty() { Judged::WithoutEffect } else { Judged::Known });
        }
        match self {
            Role::Producer => ProducerConfig::from_properties(version, &pair).map(Judged::of),
            Role::Topic => TopicConfig::from_properties(version, &pair).map(Judged::of),
            Role::Broker => BrokerConfig::from_properties(version, &pair).map(Judged::of),
            Role::Consumer => ConsumerConfig::from_properties(version, &pair).map(Judged::of),
            Role::Scenario => Ok(Judged::Unknown),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Unknown,
    /// Kafka knows it; nothing here hangs on it.
    WithoutEffect,
    Known,
}

impl Judged {
    fn of<T>(configured: Configured<T>) -> Judged {
        if configured.unknown.is_empty() { Judged::WithoutEffect } else { Judged::Unknown }
    }
}

/// Everyone in the scenario who has settings.
pub fn holders(variant: &Variant) -> Vec<Holder> {
    let spec = &variant.spec;
    let named = |role, kind: &str, name: &str| Holder {
        role,
        of: format!("{kind} {name}"),
        path: format!("{kind}.{name}.config"),
    };
    let producers = spec.producers.iter().map(|producer| named(Role::Producer, "producer", &producer.name));
    let topics = spec.topics.iter().map(|topic| named(Role::Topic, "topic", &topic.name));
    let brokers = Holder { role: Role::Broker, of: "brokers".to_owned(), path: "cluster.config".to_owned() };
    let consumers = spec.consumers.iter().map(|consumer| named(Role::Consumer, "consumer", &consumer.name));
    let scenario = Holder { role: Role::Scenario, of: "scenario".to_owned(), path: String::new() };
    producers.chain(topics).chain([brokers]).chain(consumers).chain([scenario]).collect()
}

/// A holder's settings that do something here; the basic ones first, in the order in which they are thought of.
pub fn rows(variant: &Variant, holder: &Holder) -> Vec<Row> {
    if holder.role == Role::Scenario {
        return own_rows(variant);
    }
    let version = variant.spec.version;
    let settings = variant.settings.iter().find(|settings| settings.of == holder.of);
    let basic = holder.role.basic();
    let known = holder.role.table().iter();
    // Kafka 4 still knows by name what only ZooKeeper's brokers ask for.
    let asked_for = |key: &str| version.uses_zookeeper() || !key.starts_with("zookeeper.");
    let here = known
        .filter(|setting| setting.exists_in(version) && !setting.effect.is_empty() && asked_for(setting.key));
    let mut rows: Vec<Row> = here
        .map(|setting| Row {
            key: setting.key,
            path: format!("{}.{}", holder.path, setting.key),
            given: settings.and_then(|settings| {
                let given = settings.given.iter().find(|(key, _)| key == setting.key);
                given.map(|(_, value)| value.clone())
            }),
            default: setting.default(version).unwrap_or("as brokers say").to_owned(),
            group: setting.group.title(),
            effect: setting.effect,
            range: setting.range(),
            choices: setting.choices().to_vec(),
            basic: basic.contains(&setting.key),
            notice: settings.and_then(|settings| {
                let notice = settings.notices.iter().find(|notice| notice.key == setting.key)?;
                Some((notice.now.as_ref().map(ToString::to_string), notice.why.to_string()))
            }),
        })
        .collect();
    if holder.role == Role::Topic {
        rows.extend(topic_rows(variant, holder));
    }
    sorted(rows, |row| {
        basic.iter().position(|&key| key == row.key).unwrap_or(usize::from(!row.basic) + basic.len())
    })
}

fn own(
    key: &'static str,
    path: String,
    now: String,
    default: &str,
    effect: &'static str,
    range: String,
) -> Row {
    Row {
        key,
        path,
        given: Some(now),
        default: default.to_owned(),
        group: "Scenario",
        effect,
        range,
        choices: Vec::new(),
        basic: true,
        notice: None,
    }
}

fn topic_rows(variant: &Variant, holder: &Holder) -> Vec<Row> {
    let spec = &variant.spec;
    let topic =
        (0..).map(TopicId).zip(&spec.topics).find(|(_, topic)| holder.of == format!("topic {}", topic.name));
    let Some((topic, name)) = topic.map(|(id, topic)| (id, &topic.name)) else { return Vec::new() };
    let partitions: Vec<_> = spec.partitions_of(topic).collect();
    let replicas = partitions.first().map_or(0, |&first| spec.partition(first).replicas.len());
    let effect = "The number of brokers that keep each record.";
    let range = format!("from 1 to {}", spec.brokers.len());
    let factor = own(
        "replication.factor",
        format!("topic.{name}.replication_factor"),
        replicas.to_string(),
        "3",
        effect,
        range,
    );
    let effect = "Records keep their order within a partition.";
    let range = format!("from 1 to {}", limits::PARTITIONS);
    let count = own(
        "partitions",
        format!("topic.{name}.partitions"),
        partitions.len().to_string(),
        "1",
        effect,
        range,
    );
    vec![factor, count]
}

fn own_rows(variant: &Variant) -> Vec<Row> {
    let spec = &variant.spec;
    let latest = KafkaVersion::default().name();
    let version = spec.version.name().to_owned();
    let effect = "Defaults, protocol and known faults of that release.";
    let mut kafka = own("kafka.version", "kafka".to_owned(), version, latest, effect, String::new());
    kafka.choices = KafkaVersion::ALL.map(KafkaVersion::name).to_vec();
    let effect = "The seed of all random delays, jitter and ties.";
    let seed =
        own("seed", "seed".to_owned(), spec.seed.to_string(), "1", effect, "a whole number".to_owned());
    let range = format!("from 1 to {}", limits::BROKERS);
    let brokers = spec.brokers.len().to_string();
    let brokers = own("brokers", "cluster.brokers".to_owned(), brokers, "3", "The number of brokers.", range);
    let latency = write_duration(spec.links.default.latency);
    let (effect, range) = ("The delay of every packet, one way.", "such as 5 ms".to_owned());
    let latency = own("network.latency", "network.latency".to_owned(), latency, "500 us", effect, range);
    let until = write_duration(spec.until.since(ackscope_sim::time::Time::ZERO));
    let (effect, range) = ("When the run ends.", "such as 30 s".to_owned());
    let until = own("until", "until".to_owned(), until, "", effect, range);
    let rows = [kafka, brokers, seed, latency, until];
    rows.into_iter().map(|row| Row { basic: row.key == "kafka.version", ..row }).collect()
}

/// What is wrong with a value before anything is run: Kafka's own complaint.
pub fn complaint(variant: &Variant, path: &str, value: &str) -> Option<String> {
    let holders = holders(variant);
    let (role, key) = holders.iter().find_map(|holder| {
        let key = path.strip_prefix(&holder.path)?.strip_prefix('.')?;
        (holder.role != Role::Scenario).then_some((holder.role, key))
    })?;
    let failure = role.judge(variant.spec.version, key, value).err()?;
    Some(format!("{}: {}", failure.exception, failure.message))
}

/// The text with another value at a setting's path, in this variant. `origin`: what an empty value goes back to.
pub fn set(text: &str, variant: &Variant, path: &str, value: &str) -> Result<String, EditError> {
    let parts: Vec<&str> = path.split('.').collect();
    if let Some(list) = Replicas::listed(text, variant, &parts)
        && let Some(resized) = value.parse().ok().and_then(|number| list.resized(number))
    {
        return list.write(text, &resized);
    }
    edit::set(text, &place(variant, &parts), &literal(value))
}

/// The text with what an earlier text had at that path, or with nothing there.
pub fn reset(text: &str, variant: &Variant, origin: &Variant, path: &str) -> Result<String, EditError> {
    let parts: Vec<&str> = path.split('.').collect();
    if let Some(list) = Replicas::listed(text, variant, &parts)
        && let Some(before) = Replicas::of(origin, &parts).and_then(|before| list.back_to(&before))
    {
        return list.write(text, &before);
    }
    let before = holders(origin).iter().flat_map(|holder| rows(origin, holder)).find(|row| row.path == path);
    match before.and_then(|row| row.given) {
        Some(value) => set(text, variant, path, &value),
        None => unset(text, variant, path),
    }
}

/// The replicas of a topic, partition by partition, where one of their numbers is what is changed.
struct Replicas<'v> {
    variant: &'v Variant,
    topic: &'v str,
    /// How many partitions, else how many replicas of each.
    counts_partitions: bool,
    lists: Vec<Vec<BrokerId>>,
}

impl<'v> Replicas<'v> {
    fn of(variant: &'v Variant, path: &[&'v str]) -> Option<Replicas<'v>> {
        let [_, topic, number @ ("partitions" | "replication_factor")] = *path else { return None };
        let spec = &variant.spec;
        let id = (0..).map(TopicId).zip(&spec.topics).find(|(_, known)| *known.name == *topic)?.0;
        let lists = spec.partitions_of(id).map(|partition| spec.partition(partition).replicas.clone());
        Some(Replicas { variant, topic, counts_partitions: number == "partitions", lists: lists.collect() })
    }

    /// Where the document lists them one by one: a number beside that would contradict.
    fn listed(text: &str, variant: &'v Variant, path: &[&'v str]) -> Option<Replicas<'v>> {
        let found = Replicas::of(variant, path)?;
        let there = ["topic", found.topic, "replicas"];
        (edit::has(text, &there) || edit::has(text, &place(variant, &there))).then_some(found)
    }

    fn factor(&self) -> usize {
        self.lists.first().map_or(0, Vec::len)
    }

    /// With another number of them: who is there stays, who is missing is placed as Kafka would. None: there cannot be
    /// so many.
    fn resized(&self, number: usize) -> Option<Vec<Vec<BrokerId>>> {
        let spec = &self.variant.spec;
        let (count, factor) =
            if self.counts_partitions { (number, self.factor()) } else { (self.lists.len(), number) };
        if count == 0 || count as u64 > limits::PARTITIONS || factor == 0 || factor > spec.brokers.len() {
            return None;
        }
        let mut placed = place_replicas(spec, count, spec.brokers.len());
        for (place, candidates) in placed.iter_mut().enumerate() {
            let mut list = self.lists.get(place).cloned().unwrap_or_default();
            candidates.retain(|candidate| !list.contains(candidate));
            list.append(candidates);
            list.truncate(factor);
            *candidates = list;
        }
        Some(placed)
    }

    /// The number of an earlier list, and where the other number is the same as well, that list.
    fn back_to(&self, before: &Replicas<'_>) -> Option<Vec<Vec<BrokerId>>> {
        let (count, factor) = (before.lists.len(), before.factor());
        let same = if self.counts_partitions { self.factor() == factor } else { self.lists.len() == count };
        match same {
            true => Some(before.lists.clone()),
            false => self.resized(if self.counts_partitions { count } else { factor }),
        }
    }

    fn write(&self, text: &str, lists: &[Vec<BrokerId>]) -> Result<String, EditError> {
        let one = |list: &Vec<BrokerId>| {
            let ids: Vec<String> = list.iter().map(ToString::to_string).collect();
            format!("[{}]", ids.join(", "))
        };
        let all: Vec<String> = lists.iter().map(one).collect();
        let path = place(self.variant, &["topic", self.topic, "replicas"]);
        edit::set(text, &path, &format!("[{}]", all.join(", ")))
    }
}

/// The text without a value at that path: Kafka's default counts.
pub fn unset(text: &str, variant: &Variant, path: &str) -> Result<String, EditError> {
    let parts: Vec<&str> = path.split('.').collect();
    let own = place(variant, &parts);
    let mut text = text.to_owned();
    for path in [&own, &parts] {
        if edit::has(&text, path) {
            text = edit::remove(&text, path)?;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Judged, Role, complaint, holders, reset, rows, set, unset};
    use crate::document::Document;
    use crate::library::{find, library};
    use ackscope_sim::version::KafkaVersion;

    #[test]
    fn every_basic_setting_is_there_for_the_first_scenario() {
        let document = find("acks-1-leader-crash").unwrap().document();
        let variant = &document.variants[0];
        let holders = holders(variant);
        let names: Vec<&str> = holders.iter().map(|holder| holder.of.as_str()).collect();
        assert_eq!(names, ["producer p", "topic orders", "brokers", "consumer c", "scenario"]);
        let producer = rows(variant, &holders[0]);
        let acks = &producer[0];
        assert_eq!((acks.key, acks.given.as_deref(), &*acks.default), ("acks", Some("1"), "all"));
        assert_eq!(acks.path, "producer.p.config.acks");
        assert_eq!(producer.iter().filter(|row| row.basic).count(), 8);
        let topic: Vec<&str> =
            rows(variant, &holders[1]).into_iter().filter(|row| row.basic).map(|row| row.key).collect();
        assert_eq!(
            topic,
            ["min.insync.replicas", "unclean.leader.election.enable", "replication.factor", "partitions"]
        );
    }

    #[test]
    fn kafka_is_asked_what_it_thinks() {
        let judge = |key, value| Role::Producer.judge(KafkaVersion::default(), key, value);
        assert_eq!(judge("acks", "all"), Ok(Judged::Known));
        assert_eq!(judge("acsk", "all"), Ok(Judged::Unknown));
        assert_eq!(judge("security.protocol", "SSL"), Ok(Judged::WithoutEffect));
        assert!(judge("acks", "2").is_err());
        let document = find("healthy").unwrap().document();
        let said = complaint(&document.variants[0], "producer.p.config.acks", "2").expect("a complaint");
        assert!(said.starts_with("ConfigException: Invalid value 2 for configuration acks"), "{said}");
        assert_eq!(complaint(&document.variants[0], "producer.p.config.acks", "0"), None);
    }

    #[test]
    fn a_setting_can_be_changed_and_set_back_in_every_variant_of_the_library() {
        for entry in library() {
            let document = entry.document();
            for variant in &document.variants {
                for row in
                    holders(variant).iter().flat_map(|holder| rows(variant, holder)).filter(|row| row.basic)
                {
                    let value =
                        row.given.clone().unwrap_or_else(|| row.default.replace("as brokers say", "1"));
                    let value =
                        if row.key == "unclean.leader.election.enable" { "true".to_owned() } else { value };
                    let at = || format!("{} {} {}", entry.id, variant.name, row.path);
                    let text = set(entry.text, variant, &row.path, &value)
                        .unwrap_or_else(|e| panic!("{}: {e}", at()));
                    let read =
                        Document::parse(&text).unwrap_or_else(|problems| panic!("{}: {}", at(), problems[0]));
                    let changed = read.variant(&variant.name).unwrap();
                    let again =
                        reset(&text, changed, variant, &row.path).unwrap_or_else(|e| panic!("{}: {e}", at()));
                    let again = Document::parse(&again)
                        .unwrap_or_else(|problems| panic!("{}: {}", at(), problems[0]));
                    assert!(again.variant(&variant.name).unwrap().spec == variant.spec, "{}", at());
                }
            }
        }
    }

    #[test]
    fn replicas_that_are_listed_stay_listed_and_come_back() {
        let lists = |text: &str, name: &str| -> Vec<Vec<u32>> {
            let document = Document::parse(text).unwrap_or_else(|problems| panic!("{}", problems[0]));
            let spec = document.variant(name).unwrap().spec.clone();
            spec.partitions.iter().map(|of| of.replicas.iter().map(|id| id.0).collect()).collect()
        };
        let entry = find("rack-failure").unwrap();
        let document = entry.document();
        let (first, listed) = (&document.variants[0], &document.variants[1]);
        let name = listed.name.as_str();
        let (count, factor) = ("topic.orders.partitions", "topic.orders.replication_factor");
        let changed = |text: &str, path: &str, value: &str| {
            let document = Document::parse(text).unwrap();
            set(text, document.variant(name).unwrap(), path, value).unwrap()
        };
        let back = |text: &str, path: &str| {
            let document = Document::parse(text).unwrap();
            reset(text, document.variant(name).unwrap(), listed, path).unwrap()
        };
        let own = [[1, 2, 3], [4, 5, 6], [7, 8, 9]].map(Vec::from);
        assert_eq!(lists(entry.text, name), own);
        let fewer = changed(entry.text, factor, "2");
        assert_eq!(lists(&fewer, name), [[1, 2], [4, 5], [7, 8]].map(Vec::from));
        let more = changed(&fewer, count, "4");
        assert_eq!(lists(&more, name)[..3], lists(&fewer, name), "who was there stays");
        assert_eq!(lists(&more, name)[3].len(), 2);
        // One number alone goes back where the other one is still changed.
        let three = back(&more, factor);
        assert_eq!(lists(&three, name).iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 3]);
        assert_eq!(lists(&back(&three, count), name), own, "the list itself is back");
        assert_eq!(lists(&three, &first.name), lists(entry.text, &first.name), "other variants keep theirs");
        // What cannot be is left to the document's own complaint.
        assert!(Document::parse(&changed(entry.text, factor, "12")).is_err());
    }

    #[test]
    fn an_empty_value_is_kafkas_default() {
        let entry = find("acks-1-leader-crash").unwrap();
        let document = entry.document();
        let text = unset(entry.text, &document.variants[0], "producer.p.config.acks").unwrap();
        let changed = Document::parse(&text).unwrap();
        assert!(changed.variants[0].settings[0].given.iter().all(|(key, _)| key != "acks"));
    }
}
