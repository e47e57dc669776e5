//! The stage of a document: brokers, controller, costs, links, topics and clients, with names turned into numbers.

use ackscope_sim::config::{BROKER_SETTINGS, CONSUMER_SETTINGS, PRODUCER_SETTINGS, TOPIC_SETTINGS};
use ackscope_sim::config::{BrokerConfig, Compression, ConsumerConfig, Costs, ProducerConfig, TopicConfig};
use ackscope_sim::ids::{BrokerId, MachineId, NodeId, Partition, TopicId};
use ackscope_sim::order::distinct;
use ackscope_sim::spec::{
    BrokerSpec, ConsumerSpec, ControllerSpec, Link, Links, PartitionSpec, ProducerSpec, Spec, TopicSpec,
};
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::version::KafkaVersion;

use crate::limits;
use crate::names::{self, Link as Ends, is_name, node, topic_or_partition};
use crate::reader::{Fields, Item};
use crate::settings::{Settings, complaint, configure};
use crate::tree::Value;
use crate::units;

pub(crate) fn read(document: &Fields<'_>, settings: &mut Vec<Settings>) -> Option<Spec> {
    let version = version(document);
    let seed = document.integer("seed", limits::NUMBERS).unwrap_or(1);
    let until = match document.required("until", "a span of time such as \"30 s\"")?.duration() {
        Some(until) if !until.is_zero() => Time::ZERO + until,
        Some(_) => {
            let accepted = format!("more than 0 s, up to {} h", limits::UNTIL_HOURS);
            document.get("until")?.refuse("a run needs a length", accepted);
            return None;
        }
        None => return None,
    };
    let mut spec = Spec {
        version,
        seed,
        until,
        brokers: Vec::new(),
        controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
        broker_config: BrokerConfig::defaults(version),
        costs: Costs::default(),
        links: Links { default: Link::default(), between: Vec::new() },
        topics: Vec::new(),
        partitions: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        script: Vec::new(),
        warm: true,
    };
    cluster(document, &mut spec, settings);
    topics(document, &mut spec, settings);
    clients(document, &mut spec, settings);
    compression_costs(document, &mut spec);
    network(document, &mut spec);
    Some(spec)
}

fn version(document: &Fields<'_>) -> KafkaVersion {
    let Some(item) = document.get("kafka") else { return KafkaVersion::default() };
    let Some(text) = item.plain() else { return KafkaVersion::default() };
    let found = KafkaVersion::ALL.into_iter().find(|version| version.name() == text);
    found.unwrap_or_else(|| {
        let names = KafkaVersion::ALL.map(KafkaVersion::name).join(", ");
        item.refuse("no such version here", names);
        KafkaVersion::default()
    })
}

fn cluster(document: &Fields<'_>, spec: &mut Spec, settings: &mut Vec<Settings>) {
    let mut racks: Vec<Option<Box<str>>> = Vec::new();
    let mut count = 3;
    if let Some(item) = document.get("cluster")
        && let Some(fields) = item.fields()
    {
        if let Some(brokers) = fields.integer("brokers", 1..limits::BROKERS + 1) {
            count = brokers;
        }
        if let Some(item) = fields.get("racks") {
            for rack in item.list_of(limits::BROKERS as usize).unwrap_or_default() {
                racks.push(rack.text_of(limits::WORD).map(Box::from));
            }
            if racks.len() as u64 != count {
                item.refuse("each broker needs a rack", format!("a list of {count} names"));
                racks.clear();
            }
        }
        if let Some(quorum) = fields.integer("controllers", 1..limits::CONTROLLERS + 1) {
            spec.controller.quorum = quorum as u32;
        }
        if let Some(warm) = fields.flag("warm") {
            spec.warm = warm;
        }
        if let Some(config) = fields.get("config") {
            let made = BrokerConfig::from_properties;
            if let Ok(config) = configure(&config, "brokers", spec.version, BROKER_SETTINGS, made, settings) {
                spec.broker_config = config;
            }
        }
        if let Some(item) = fields.get("costs") {
            costs(&item, &mut spec.costs);
        }
        fields.finish();
    }
    racks.resize(count as usize, None);
    spec.brokers = (1..)
        .zip(racks)
        .map(|(id, rack)| BrokerSpec { id: BrokerId(id), machine: MachineId(id as u8), rack })
        .collect();
}

fn costs(item: &Item<'_>, costs: &mut Costs) {
    let Some(fields) = item.fields() else { return };
    let spans: [(&'static str, &mut Duration); 15] = [
        ("request", &mut costs.request),
        ("request_per_kib", &mut costs.request_per_kib),
        ("append", &mut costs.append),
        ("flush", &mut costs.flush),
        ("flush_per_kib", &mut costs.flush_per_kib),
        ("write_back", &mut costs.write_back),
        ("broker_boot", &mut costs.broker_boot),
        ("controller_boot", &mut costs.controller_boot),
        ("metadata_commit", &mut costs.metadata_commit),
        ("metadata_apply_min", &mut costs.metadata_apply_min),
        ("metadata_apply_max", &mut costs.metadata_apply_max),
        ("send", &mut costs.send),
        ("callback", &mut costs.callback),
        ("wake_up", &mut costs.wake_up),
        ("compress_per_kib", &mut costs.compress_per_kib),
    ];
    for (key, cost) in spans {
        if let Some(span) = fields.duration(key) {
            *cost = span;
        }
    }
    if let Some(permille) = fields.integer("compression_permille", 1..1_001) {
        costs.compression_permille = permille as u32;
    }
    fields.finish();
}

/// What a codec makes of text-like records and takes for it, unless the document says so: time for a KiB, and what is
/// left in thousandths. Orders of magnitude on one core: gzip 35 MB/s, snappy 250, lz4 400, zstd 150.
fn compression_costs(document: &Fields<'_>, spec: &mut Spec) {
    let said = document
        .get("cluster")
        .and_then(|item| item.fields())
        .and_then(|fields| fields.get("costs"))
        .and_then(|item| item.fields())
        .is_some_and(|costs| costs.has("compress_per_kib") || costs.has("compression_permille"));
    let mut codecs = spec.producers.iter().filter_map(|producer| producer.config.as_ref().ok());
    let codec =
        codecs.find_map(|config| (config.compression != Compression::None).then_some(config.compression));
    if said {
        return;
    }
    let (nanos, permille) = match codec {
        None | Some(Compression::None) => return,
        Some(Compression::Gzip) => (30_000, 350),
        Some(Compression::Snappy) => (4_000, 550),
        Some(Compression::Lz4) => (2_500, 520),
        Some(Compression::Zstd) => (7_000, 380),
    };
    spec.costs.compress_per_kib = Duration::from_nanos(nanos);
    spec.costs.compression_permille = permille;
}

fn topics(document: &Fields<'_>, spec: &mut Spec, settings: &mut Vec<Settings>) {
    let Some(all) = document.get("topic").and_then(|item| item.fields()) else { return };
    for (name, item) in all.entries() {
        let Some(fields) = item.fields() else { continue };
        if !is_name(name) {
            item.refuse("not a name for a topic", "letters, digits, - and _");
        }
        let topic = TopicId(spec.topics.len() as u16);
        let brokers = spec.brokers.len() as u64;
        let factor = fields.integer("replication_factor", 1..brokers + 1).unwrap_or(brokers.min(3)) as usize;
        let room = limits::PARTITIONS - spec.partitions.len() as u64;
        let assignment: Vec<Vec<BrokerId>> = match fields.get("replicas") {
            Some(item) => {
                if let Some(other) =
                    ["partitions", "replication_factor"].into_iter().find(|key| fields.has(key))
                {
                    item.refuse(
                        format!("replicas sets this already; {other} would contradict it"),
                        "one of them",
                    );
                }
                replicas(&item, spec)
            }
            None => {
                let count = fields.integer("partitions", 1..room + 1).unwrap_or(1);
                place_replicas(spec, count as usize, factor)
            }
        };
        // Asked for in either case: beside `replicas` they have been complained about already.
        _ = (fields.get("partitions"), fields.get("replication_factor"));
        if assignment.len() as u64 > room {
            item.refuse_more("too many partitions in all", limits::PARTITIONS as usize);
            continue;
        }
        let mut config = TopicConfig::default();
        if let Some(item) = fields.get("config") {
            let made = TopicConfig::from_properties;
            if let Ok(made) =
                configure(&item, &format!("topic {name}"), spec.version, TOPIC_SETTINGS, made, settings)
            {
                config = made;
            }
        }
        spec.topics.push(TopicSpec { name: name.into(), partitions: assignment.len() as u32, config });
        spec.partitions.extend((0..).zip(assignment).map(|(number, replicas)| PartitionSpec {
            topic,
            number,
            replicas,
        }));
        fields.finish();
    }
}

/// `[[1, 2, 3], [2, 3, 1]]`: the first of each is its preferred leader.
fn replicas(item: &Item<'_>, spec: &Spec) -> Vec<Vec<BrokerId>> {
    let mut assignment = Vec::new();
    for partition in item.list().unwrap_or_default() {
        let mut replicas: Vec<BrokerId> = Vec::new();
        for broker in partition.list().unwrap_or_default() {
            let Some(id) = broker.integer(1..spec.brokers.len() as u64 + 1) else { continue };
            let id = BrokerId(id as u32);
            if replicas.contains(&id) {
                broker.refuse("a broker holds a partition once", "different brokers");
            } else {
                replicas.push(id);
            }
        }
        if replicas.is_empty() {
            partition.refuse("a partition needs a replica", "a list of broker ids");
        }
        assignment.push(replicas);
    }
    if assignment.is_empty() {
        item.refuse("a topic needs a partition", "[[1, 2, 3]]");
    }
    assignment
}

/// Round robin over racks, then over the brokers of a rack; each partition starts one further.
pub(crate) fn place_replicas(spec: &Spec, partitions: usize, factor: usize) -> Vec<Vec<BrokerId>> {
    let mut racks: Vec<(&Option<Box<str>>, Vec<BrokerId>)> = Vec::new();
    for broker in &spec.brokers {
        match racks.iter_mut().find(|(rack, _)| *rack == &broker.rack) {
            Some((_, members)) => members.push(broker.id),
            None => racks.push((&broker.rack, vec![broker.id])),
        }
    }
    let longest = racks.iter().map(|(_, members)| members.len()).max().unwrap_or(0);
    let striped: Vec<BrokerId> = (0..longest)
        .flat_map(|place| racks.iter().filter_map(move |(_, members)| members.get(place).copied()))
        .collect();
    (0..partitions)
        .map(|partition| (0..factor).map(|replica| striped[(partition + replica) % striped.len()]).collect())
        .collect()
}

fn clients(document: &Fields<'_>, spec: &mut Spec, settings: &mut Vec<Settings>) {
    // Machine 0 is the controller's, broker n is on machine n, clients come behind. Numbers are kept small: the engine
    // keeps a path for every pair.
    let first = spec.brokers.len() as u8 + 1;
    let mut machines: Vec<String> = Vec::new();
    let mut machine_of = |named: Option<&str>, node: String| {
        let name = named.map_or(node, |named| format!("machine {named}"));
        let place = machines.iter().position(|known| *known == name).unwrap_or_else(|| {
            machines.push(name);
            machines.len() - 1
        });
        MachineId(first + place as u8)
    };
    if let Some(all) = document.get("producer").and_then(|item| item.fields()) {
        for (name, item) in all.entries() {
            if !client_name(&item, name, spec.producers.len() + spec.consumers.len()) {
                continue;
            }
            let Some(fields) = item.fields() else { continue };
            let config = match fields.get("config") {
                Some(item) => {
                    let made = ProducerConfig::from_properties;
                    configure(
                        &item,
                        &format!("producer {name}"),
                        spec.version,
                        PRODUCER_SETTINGS,
                        made,
                        settings,
                    )
                }
                None => Ok(ProducerConfig::defaults(spec.version)),
            };
            let machine = machine_of(machine_name(&fields), format!("producer-{name}"));
            let bootstrap = bootstrap(&fields, spec);
            spec.producers.push(ProducerSpec { name: name.into(), machine, bootstrap, config });
            fields.finish();
        }
    }
    if let Some(all) = document.get("consumer").and_then(|item| item.fields()) {
        for (name, item) in all.entries() {
            if !client_name(&item, name, spec.producers.len() + spec.consumers.len()) {
                continue;
            }
            let Some(fields) = item.fields() else { continue };
            let mut config = ConsumerConfig::from_properties(spec.version, &[])
                .expect("Kafka accepts its own defaults")
                .config;
            if let Some(item) = fields.get("config") {
                let made = ConsumerConfig::from_properties;
                match configure(
                    &item,
                    &format!("consumer {name}"),
                    spec.version,
                    CONSUMER_SETTINGS,
                    made,
                    settings,
                ) {
                    Ok(made) => config = made,
                    Err(failure) => item.refuse(complaint(&failure), ""),
                }
            }
            let machine = machine_of(machine_name(&fields), format!("consumer-{name}"));
            let bootstrap = bootstrap(&fields, spec);
            let mut partitions: Vec<Partition> = Vec::new();
            match fields.get("reads") {
                Some(item) => {
                    for one in item.few(limits::PARTITIONS as usize) {
                        partitions.extend(topic_or_partition(&one, spec));
                    }
                }
                None => partitions.extend((0..spec.partitions.len() as u16).map(Partition)),
            }
            let partitions = distinct(partitions);
            let name = name.into();
            spec.consumers.push(ConsumerSpec {
                name,
                machine,
                bootstrap,
                config,
                runs_with: None,
                partitions,
            });
            fields.finish();
        }
    }
}

fn client_name(item: &Item<'_>, name: &str, before: usize) -> bool {
    if !is_name(name) {
        item.refuse("not a name for a client", "letters, digits, - and _");
        return false;
    }
    if before as u64 >= limits::CLIENTS {
        item.refuse_more("too many clients", limits::CLIENTS as usize);
        return false;
    }
    true
}

fn machine_name<'t>(fields: &Fields<'t>) -> Option<&'t str> {
    fields.get("machine").and_then(|item| item.text_of(limits::WORD))
}

/// The brokers that the client is told of; all of them unless said.
fn bootstrap(fields: &Fields<'_>, spec: &Spec) -> Vec<BrokerId> {
    let Some(item) = fields.get("bootstrap") else {
        return spec.brokers.iter().map(|broker| broker.id).collect();
    };
    let ids = item.few(limits::BROKERS as usize).into_iter().filter_map(|one| match node(&one, spec)? {
        NodeId::Broker(id) => Some(id),
        _ => {
            one.refuse("not a broker", "broker-1, …");
            None
        }
    });
    ids.collect()
}

fn network(document: &Fields<'_>, spec: &mut Spec) {
    let Some(all) = document.get("network").and_then(|item| item.fields()) else { return };
    spec.links.default = link(&all, spec.links.default);
    let default = spec.links.default;
    for (name, item) in all.entries().filter(|(name, _)| !LINK_KEYS.contains(name)) {
        let Some(fields) = item.fields() else { continue };
        let link = link(&fields, default);
        fields.finish();
        let Some(Ends { a, b, one_way }) = names::link(&item, name, spec) else { continue };
        let others: Vec<MachineId> = match b {
            Some(b) => vec![b],
            None => machines(spec).into_iter().filter(|&other| other != a).collect(),
        };
        for other in others {
            spec.links.between.push((a, other, link));
            spec.links.between.push((other, a, if one_way { default } else { link }));
        }
        if spec.links.between.len() > 2 * limits::LINKS {
            item.refuse_more("too many links", limits::LINKS);
            break;
        }
    }
}

const BANDWIDTH: &str = "such as \"125 MB/s\", from \"1 B/s\" to \"1000 GB/s\", or \"unlimited\"";

const LINK_KEYS: [&str; 3] = ["latency", "jitter", "bandwidth"];

fn link(fields: &Fields<'_>, mut link: Link) -> Link {
    if let Some(latency) = fields.duration("latency") {
        link.latency = latency;
    }
    if let Some(jitter) = fields.duration("jitter") {
        link.jitter = jitter;
    }
    if let Some(item) = fields.get("bandwidth") {
        link.bytes_per_second = match &item.node.value {
            Value::Text(text) if text == "unlimited" => None,
            Value::Text(text) => {
                let range = 1..=limits::BYTES_PER_SECOND;
                let found = text.strip_suffix("/s").and_then(units::bytes);
                let found = found.filter(|bytes| range.contains(bytes));
                if found.is_none() {
                    item.refuse("a bandwidth is expected", BANDWIDTH);
                }
                found
            }
            _ => {
                item.refuse("a bandwidth is expected", BANDWIDTH);
                None
            }
        };
    }
    link
}

/// Every machine once.
fn machines(spec: &Spec) -> Vec<MachineId> {
    let all = [spec.controller.machine]
        .into_iter()
        .chain(spec.brokers.iter().map(|broker| broker.machine))
        .chain(spec.producers.iter().map(|producer| producer.machine))
        .chain(spec.consumers.iter().map(|consumer| consumer.machine));
    distinct(all)
}
