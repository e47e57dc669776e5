//! Pasted configuration: `producer.properties`, `server.properties`, a fragment of a Spring `application.yml`. Every line
//! ends up in one of four lists; nothing is dropped in silence.

mod yaml;

use ackscope_sim::version::KafkaVersion;

use crate::adjust::{Holder, Judged, Role, holders};
use crate::document::Variant;
use crate::limits;
use crate::units;

/// One `key = value` as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    /// Where the text itself says whose it is.
    role: Option<Role>,
    key: String,
    value: String,
}

/// What became of each line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// What to change: dotted paths and their values.
    pub changes: Vec<(String, String)>,
    /// `acks=all`, and whose it is now.
    pub applied: Vec<(String, String)>,
    /// Known to Kafka; nothing here hangs on them.
    pub without_effect: Vec<String>,
    pub unknown: Vec<String>,
    /// The same key comes again further down, and the last one counts.
    pub overridden: Vec<String>,
    /// With Kafka's own complaint.
    pub refused: Vec<(String, String)>,
}

impl Pasted {
    pub fn is_empty(&self) -> bool {
        *self == Pasted::default()
    }
}

/// Reads a text and decides for each line where it belongs in the scenario.
pub fn read(text: &str, variant: &Variant) -> Pasted {
    let mut pasted = Pasted::default();
    // Some editors begin a file with a mark that nobody sees.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > limits::TEXT_BYTES {
        let accepted = format!("too long; accepted: at most {} bytes", limits::TEXT_BYTES);
        pasted.refused.push((format!("{} bytes", text.len()), accepted));
        return pasted;
    }
    let given =
        if yaml::is_likely(text) { yaml::read(text, &mut pasted) } else { properties(text, &mut pasted) };
    if given.len() > limits::SETTINGS {
        let accepted = format!("too many; accepted: at most {} lines", limits::SETTINGS);
        return Pasted { refused: vec![(format!("{} lines", given.len()), accepted)], ..Pasted::default() };
    }
    let version = variant.spec.version;
    let holders = holders(variant);
    let fallback = most_likely(&given, version);
    for (place, Given { role, key, value }) in given.iter().enumerate() {
        let (role, line) = (*role, format!("{key}={value}"));
        if given[place + 1..].iter().any(|later| later.role == role && later.key == *key) {
            pasted.overridden.push(line);
            continue;
        }
        let mut judged = roles(role, fallback).map(|role| (role, role.judge(version, key, value)));
        // The first role that knows the key.
        let found = judged.find(|(_, judged)| *judged != Ok(Judged::Unknown));
        let of_role = |role: Role| holders.iter().filter(move |holder| holder.role == role);
        match found {
            // Any setting of a broker may be given for one of its listeners alone.
            None if key.starts_with("listener.name.") => pasted.without_effect.push(line),
            None => pasted.unknown.push(line),
            Some((_, Err(failure))) => {
                pasted.refused.push((line, format!("{}: {}", failure.exception, failure.message)))
            }
            Some((role, Ok(Judged::Known))) if of_role(role).next().is_some() => {
                pasted.applied.push((line, whose(variant, &holders, role, key)));
                let paths = of_role(role).map(|holder| (format!("{}.{key}", holder.path), value.clone()));
                pasted.changes.extend(paths);
            }
            Some((_, Ok(_))) => pasted.without_effect.push(line),
        }
    }
    pasted
}

/// Who has it now. What a topic says itself goes before what the brokers say.
fn whose(variant: &Variant, holders: &[Holder], role: Role, key: &str) -> String {
    let names: Vec<&str> =
        holders.iter().filter(|holder| holder.role == role).map(|holder| holder.of.as_str()).collect();
    let says_itself = |of: &str| {
        let given = variant.settings.iter().filter(|settings| settings.of == of);
        given.flat_map(|settings| &settings.given).any(|(own, _)| own == key)
    };
    let topics = holders.iter().filter(|holder| holder.role == Role::Topic && says_itself(&holder.of));
    let others: Vec<&str> = topics.map(|holder| holder.of.as_str()).collect();
    if role == Role::Broker && !others.is_empty() {
        return format!("{}; {} has its own", names.join(", "), others.join(", "));
    }
    names.join(", ")
}

/// In which order to ask whose a key is.
fn roles(said: Option<Role>, likely: Role) -> impl Iterator<Item = Role> {
    let all = [Role::Producer, Role::Broker, Role::Consumer, Role::Topic];
    let first = said.unwrap_or(likely);
    let others = all.into_iter().filter(move |&role| said.is_none() && role != first);
    [first].into_iter().chain(others)
}

/// Whose file this is: the role that knows most of the keys.
fn most_likely(given: &[Given], version: KafkaVersion) -> Role {
    let knows = |role: Role| {
        given
            .iter()
            .filter(|given| role.judge(version, &given.key, &given.value) != Ok(Judged::Unknown))
            .count()
    };
    // Of equals the last counts: a producer's file, rather than a broker's.
    let roles = [Role::Topic, Role::Consumer, Role::Broker, Role::Producer];
    roles.into_iter().max_by_key(|&role| knows(role)).unwrap_or(Role::Producer)
}

/// Java's properties, where quotes are part of a value: comments, `=`, `:` or a blank between key and value, a backslash before what is meant literally; at
/// the end of a line it goes on in the next one.
fn properties(text: &str, pasted: &mut Pasted) -> Vec<Given> {
    let mut given = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(first) = lines.next() {
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut line = first.to_owned();
        while line.chars().rev().take_while(|&char| char == '\\').count() % 2 == 1 {
            line.pop();
            let Some(next) = lines.next() else { break };
            line.push_str(next);
        }
        let mut escaped = false;
        let end = line.find(|char: char| {
            let ends = !escaped && (matches!(char, '=' | ':') || char.is_whitespace());
            escaped = char == '\\' && !escaped;
            ends
        });
        match end {
            Some(end) if end > 0 => {
                let value = line[end..].trim_start();
                let value = value.strip_prefix(['=', ':']).unwrap_or(value).trim();
                given.push(of_spring(&unescaped(&line[..end]), &unescaped(value)));
            }
            _ => pasted.unknown.push(line),
        }
    }
    given
}

/// `a\:b` is `a:b`, `\t` a tab, and `\u0061` is a letter.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let code = part.strip_prefix('u').and_then(|code| code.get(..4));
        match (code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32), part) {
            (Some(char), _) => {
                plain.push(char);
                plain.push_str(&part[5..]);
            }
            // A backslash that is meant.
            (None, "") => {
                plain.push('\\');
                plain.push_str(parts.next().unwrap_or_default());
            }
            (None, _) => {
                let letters = [("t", "\t"), ("n", "\n"), ("r", "\r"), ("f", "\u{c}")];
                let meant =
                    letters.iter().find_map(|(letter, meant)| Some((meant, part.strip_prefix(letter)?)));
                let (meant, rest) = meant.unwrap_or((&"", part));
                plain.push_str(meant);
                plain.push_str(rest);
            }
        }
    }
    plain
}

/// What Spring calls otherwise than Kafka.
const SPRINGS_NAMES: [(&str, &str); 5] = [
    ("auto.commit.interval", "auto.commit.interval.ms"),
    ("fetch.max.wait", "fetch.max.wait.ms"),
    ("fetch.min.size", "fetch.min.bytes"),
    ("heartbeat.interval", "heartbeat.interval.ms"),
    ("max.poll.interval", "max.poll.interval.ms"),
];

/// Spring's `spring.kafka.producer.properties.linger.ms` and its like. Spring writes `batch-size` for `batch.size`, sizes as
/// `16KB` and spans as `500ms`.
fn of_spring(key: &str, value: &str) -> Given {
    let (spring, mut rest) = match key.strip_prefix("spring.kafka.") {
        Some(rest) => (true, rest),
        None => (false, key),
    };
    let mut role = None;
    for (prefix, named) in [("producer.", Role::Producer), ("consumer.", Role::Consumer)] {
        if let Some(inner) = rest.strip_prefix(prefix) {
            (role, rest) = (Some(named), inner);
        }
    }
    if let Some(kafkas) = rest.strip_prefix("properties.") {
        return Given { role, key: kafkas.to_owned(), value: value.to_owned() };
    }
    if !spring && role.is_none() {
        return Given { role, key: rest.to_owned(), value: value.to_owned() };
    }
    // Spring takes `batchSize` for the same.
    let mut key = String::new();
    for char in rest.chars() {
        if char.is_ascii_uppercase() {
            key.push('.');
        }
        key.push(if char == '-' { '.' } else { char.to_ascii_lowercase() });
    }
    let key = SPRINGS_NAMES
        .iter()
        .find(|(springs, _)| *springs == key)
        .map_or(key, |(_, kafkas)| (*kafkas).to_owned());
    let value = if key.ends_with(".ms") {
        units::duration(value).map(|span| span.as_millis().to_string())
    } else {
        // Spring's kB and MB are powers of two.
        ["KB", "MB", "B"].iter().zip([1_u64 << 10, 1 << 20, 1]).find_map(|(unit, bytes)| {
            let number = value.strip_suffix(unit)?.trim().parse::<u64>().ok()?;
            Some(number.checked_mul(bytes)?.to_string())
        })
    }
    .unwrap_or_else(|| value.to_owned());
    Given { role, key, value }
}

#[cfg(test)]
mod tests {
    use super::{Pasted, read};
    use crate::limits;

    fn paste(text: &str) -> Pasted {
        read(text, &crate::library::find("acks-1-leader-crash").unwrap().document().variants[0])
    }

    fn change(path: &str, value: &str) -> (String, String) {
        (path.to_owned(), value.to_owned())
    }

    #[test]
    fn a_properties_file_is_sorted_into_known_and_unknown() {
        let pasted =
            paste("# mine\nacks = all\nlinger.ms:20\nsecurity.protocol=SSL\nacsk=1\nretries=many\n\nrubbish");
        assert_eq!(
            pasted.changes,
            [change("producer.p.config.acks", "all"), change("producer.p.config.linger.ms", "20")]
        );
        assert_eq!(pasted.without_effect, ["security.protocol=SSL"]);
        assert_eq!(pasted.unknown, ["rubbish", "acsk=1"]);
        assert_eq!(pasted.refused.len(), 1);
        assert!(
            pasted.refused[0].1.starts_with("ConfigException") && pasted.refused[0].1.contains("retries")
        );
    }

    #[test]
    fn a_brokers_file_goes_to_the_brokers() {
        let pasted =
            paste("min.insync.replicas=2\nreplica.lag.time.max.ms=10000\nnum.io.threads=4\nlog.dirs=/var\n");
        assert_eq!(pasted.changes[0], change("cluster.config.min.insync.replicas", "2"));
        assert_eq!((pasted.changes.len(), pasted.without_effect.len()), (3, 1));
    }

    #[test]
    fn spring_yaml_is_understood() {
        let pasted = paste(
            "spring:\n  application:\n    name: shop\n  kafka:\n    bootstrap-servers: a:9092,b:9092\n    producer:\n      \
             acks: all # safe\n      batch-size: 32KB\n      properties:\n        linger.ms: 10\n        \
             \"[max.block.ms]\": 5000\n    consumer:\n      auto-offset-reset: earliest\n      fetch-max-wait: 2s\n",
        );
        assert_eq!(
            pasted.changes,
            [
                change("producer.p.config.acks", "all"),
                change("producer.p.config.batch.size", "32768"),
                change("producer.p.config.linger.ms", "10"),
                change("producer.p.config.max.block.ms", "5000"),
                change("consumer.c.config.auto.offset.reset", "earliest"),
                change("consumer.c.config.fetch.max.wait.ms", "2000"),
            ]
        );
        assert_eq!(pasted.unknown, ["spring.application.name=shop"]);
        assert_eq!(pasted.without_effect, ["bootstrap.servers=a:9092,b:9092"]);
    }

    #[test]
    fn springs_properties_are_understood_too() {
        let pasted = paste("spring.kafka.producer.acks=0\nspring.kafka.producer.properties.linger.ms=7\n");
        assert_eq!(
            pasted.changes,
            [change("producer.p.config.acks", "0"), change("producer.p.config.linger.ms", "7")]
        );
        let short =
            paste("spring:\n  kafka:\n    producer: { acks: 1, retries: 3 }\n    listener:\n      - odd\n");
        assert_eq!((short.changes.len(), short.unknown.len()), (2, 1));
    }

    #[test]
    fn properties_are_read_as_java_reads_them() {
        let pasted = paste(
            "acks=0\r\nlinger.ms   8\r\nclient.id = a\\\r\n    b\r\nbootstrap.servers=one\\:9092,\\\n  two\\:9092\n\\u0061cks:all",
        );
        assert_eq!(
            pasted.changes,
            [change("producer.p.config.linger.ms", "8"), change("producer.p.config.acks", "all")]
        );
        assert_eq!(pasted.overridden, ["acks=0"]);
        assert_eq!(pasted.without_effect, ["client.id=ab", "bootstrap.servers=one:9092,two:9092"]);
        assert_eq!(super::unescaped("C:\\\\logs\\\\ \\u00e9\\u\\t\\x"), "C:\\logs\\ éu\tx");
    }

    /// Java keeps them, and Kafka refuses what it is given then.
    #[test]
    fn quotes_of_a_properties_file_are_part_of_the_value() {
        let pasted = paste("acks=\"all\"\nlinger.ms = \"5\"\ncompression.type='lz4'\n");
        assert!(pasted.changes.is_empty(), "{pasted:?}");
        let refused: Vec<&str> = pasted.refused.iter().map(|(_, why)| why.as_str()).collect();
        assert_eq!(
            refused,
            [
                "ConfigException: Invalid value \"all\" for configuration acks: String must be one of: all, -1, 0, 1",
                "ConfigException: Invalid value \"5\" for configuration linger.ms: Not a number of type LONG",
                "ConfigException: Invalid value 'lz4' for configuration compression.type: String must be one of: none, \
                 gzip, snappy, lz4, zstd",
            ]
        );
        // YAML's own quotes are none of the value.
        assert_eq!(paste("producer:\n  acks: \"all\"\n").changes, [change("producer.p.config.acks", "all")]);
    }

    #[test]
    fn a_mark_before_the_first_key_is_no_part_of_it() {
        assert_eq!(paste("\u{feff}acks=all\n").changes, [change("producer.p.config.acks", "all")]);
        let yaml = paste("\u{feff}producer:\n  acks: all\n");
        assert_eq!(yaml.changes, [change("producer.p.config.acks", "all")]);
    }

    #[test]
    fn a_text_below_a_key_of_yaml_is_no_list_of_properties() {
        let jaas = "org.example.Module required\n          username=\"a\"\n          password=\"b\";";
        for header in ["|", ">", "|-", ">+", "|2"] {
            let pasted = paste(&format!(
                "spring:\n  kafka:\n    consumer:\n      properties:\n        sasl.jaas.config: {header}\n          \
                 {jaas}\n\n        request.timeout.ms: 5000\n    producer:\n      acks: all\n"
            ));
            assert_eq!(
                pasted.changes,
                [
                    change("consumer.c.config.request.timeout.ms", "5000"),
                    change("producer.p.config.acks", "all")
                ],
                "{header}"
            );
            assert_eq!(pasted.without_effect.len(), 1, "{pasted:?}");
            assert!(pasted.unknown.is_empty() && pasted.refused.is_empty(), "{pasted:?}");
        }
        // A value that goes on, and one without any key around it.
        let goes_on = paste(
            "spring:\n  kafka:\n    consumer:\n      properties:\n        sasl.jaas.config: x required\n          user=\"a\";\n        request.timeout.ms: 5000\n",
        );
        assert_eq!(goes_on.changes, [change("consumer.c.config.request.timeout.ms", "5000")]);
        let flat = paste("acks: all\nsasl.jaas.config: |\n  linger.ms=7\n");
        assert_eq!(flat.changes, [change("producer.p.config.acks", "all")]);
        // A whole file below its name is read as what it is.
        let map = paste("data:\n  producer.properties: |\n    acks=0\n    linger.ms=7\n");
        let want = [change("producer.p.config.acks", "0"), change("producer.p.config.linger.ms", "7")];
        assert_eq!(map.changes, want);
    }

    #[test]
    fn a_list_of_yaml_that_holds_equal_signs_is_a_list() {
        let pasted = paste("environment:\n  - A=b\n  - acks=0\nconsumer:\n  request.timeout.ms: 5000\n");
        assert_eq!(pasted.changes, [change("consumer.c.config.request.timeout.ms", "5000")]);
        assert_eq!(pasted.unknown, ["environment=A=b,acks=0"]);
    }

    #[test]
    fn a_paste_that_is_too_long_is_refused_as_a_whole() {
        let long = paste(&"#".repeat(limits::TEXT_BYTES + 1));
        assert_eq!(
            long.refused,
            [("65537 bytes".to_owned(), "too long; accepted: at most 65536 bytes".to_owned())]
        );
        let many = paste(&"acks=all\n".repeat(1_001));
        assert_eq!(
            many.refused,
            [("1001 lines".to_owned(), "too many; accepted: at most 1000 lines".to_owned())]
        );
        assert!(many.changes.is_empty() && many.overridden.is_empty());
    }

    #[test]
    fn a_listeners_own_settings_are_known_to_kafka() {
        let pasted = paste("listener.name.inside.ssl.keystore.location=/k\nlisteners=PLAINTEXT://:9092\n");
        assert_eq!((pasted.without_effect.len(), pasted.unknown.len()), (2, 0));
    }

    #[test]
    fn yaml_has_lists_and_keys_without_a_value() {
        let pasted = paste(
            "spring:\n  kafka:\n    bootstrap-servers:\n    - a:9092\n    - b:9092\n    producer:\n      acks:\n      batchSize: 1KB\n    consumer:\n",
        );
        assert_eq!(pasted.without_effect, ["bootstrap.servers=a:9092,b:9092"]);
        assert_eq!(pasted.unknown, ["spring.kafka.producer.acks:", "spring.kafka.consumer:"]);
        assert_eq!(pasted.changes, [change("producer.p.config.batch.size", "1024")]);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(paste("\n  \n# only a comment").is_empty());
    }
}
