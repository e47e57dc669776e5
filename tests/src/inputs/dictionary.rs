//! The words of which inputs are made, for the fuzzer: Kafka's settings and their values from the engine's own tables, the
//! format's keys, verbs and kinds of happenings, what recordings are made of.

use std::collections::BTreeSet;
use std::fmt::Write;

use ackscope_scenario::{KINDS, VERBS, library};
use ackscope_sim::config::{BROKER_SETTINGS, CONSUMER_SETTINGS, PRODUCER_SETTINGS, TOPIC_SETTINGS, Valid};
use ackscope_sim::version::KafkaVersion;

/// Keys of a document that are no setting of Kafka's and no verb, and how a value may look.
const OF_DOCUMENTS: &str = "ackscope id title question promise until seed kafka family rules recorded label cluster. \
    brokers controllers racks warm costs. config. topic. partitions replication_factor replicas producer. consumer. reads \
    machine bootstrap network latency jitter bandwidth [do] at after when delay for off note every rate outstanding \
    poisson keys count hot_permille round_robin prefix size to_partition serializable acks answers appended isr \
    isr_at_most isr_at_least leader delivered event running stopped or_after by on with unclean keep offset [expect] \
    happens never where order from to takes is acked acked_lost kept records fate log holds agree unavailable metric \
    refused nth variant. [compare] in versus ratio difference [[note]] text broker-1 controller producer-p consumer-c \
    <-> -> v0..v4 orders-0 0s 1ns 5ms 24h 16KiB 1000/s -1 9223372036854775807 18446744073709551615 2147483647 \"\"\" ''' {} []";
const OF_LINKS: &str = "# v1. v2. ? & = % %20 + t= variant= select= tab= gallery lab about";
const OF_PASTES: &str = "spring.kafka. spring: kafka: producer: consumer: properties: properties. bootstrap-servers \
    batch-size batchSize 16KB 500ms listener.name. | |- > >- - --- {} \\ \\u0061 ! # : =";
const OF_RECORDINGS: &str = "{\"id\":\"\",\"kafka\":\"4.3.1\",\"inputs\":{ \"brokers\":3 \"broker_config\":{ \
    \"eligible_leader_replicas\" \"link_delay_ms\" \"clients\":{ \"machine\" \"bootstrap\":[1] \"steps\":[ \"t_ms\": \
    \"step\": \"node\":\"kc\" \"a\" \"b\" \"oneway\" \"client\" \"cmd\":[ \"topic\" \"partition\" \"keep\" \"text\" \
    \"active_after_ms\" \"registered_after_ms\" \"unfenced_after_ms\" \"broker_epoch\" \"after\":{ \"delay_ms\" \"state\" \
    \"partitions\" \"leader\" \"isr\" \"answers\" \"event\" \"n\" \"kind\" \"exact_batches\" \"start\" \"stop\" \
    \"kill~-9\" \"pause\" \"resume\" \"cut\" \"heal\" \"wipe\" \"note\" \"P\" \"S\" \"C\" \"K\" \"burst\" \"flush\" \
    \"closeP\" \"stopC\" \"elect\" \"alter\" \"configs\" \"part\" \"metrics\" \"position\" \"seek\" null true false 1e18";

/// The dictionary as libFuzzer reads it.
pub fn dictionary() -> String {
    let settings =
        [PRODUCER_SETTINGS, CONSUMER_SETTINGS, BROKER_SETTINGS, TOPIC_SETTINGS].into_iter().flatten();
    let mut of_settings: BTreeSet<String> = BTreeSet::new();
    for setting in settings {
        of_settings.insert(setting.key.to_owned());
        of_settings.extend(setting.choices().iter().map(|choice| (*choice).to_owned()));
        if let Valid::Between(least, greatest) | Valid::BetweenOrMinusOne(least, greatest) = setting.valid {
            of_settings.extend([least, greatest].map(|limit| limit.to_string()));
        }
    }
    let words = |text: &str| {
        text.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('~', " ")).collect()
    };
    let mut of_documents: BTreeSet<String> = words(OF_DOCUMENTS);
    of_documents.extend(VERBS.iter().map(|(verb, _)| (*verb).to_owned()));
    of_documents.extend(KINDS.iter().map(|kind| (*kind).to_owned()));
    of_documents.extend(KafkaVersion::ALL.map(|version| version.name().to_owned()));
    let mut of_links: BTreeSet<String> = words(OF_LINKS);
    of_links.extend(library::IDS.iter().take(8).map(|id| (*id).to_owned()));
    let sections = [
        ("Kafka's settings and what they may be", of_settings),
        ("documents", of_documents),
        ("links", of_links),
        ("pasted files", words(OF_PASTES)),
        ("recordings", words(OF_RECORDINGS)),
    ];
    let mut text =
        "# Written from the engine's own tables: UPDATE_DOCS=1 cargo test -p ackscope-tests --test inputs\n"
            .to_owned();
    for (name, words) in sections {
        _ = write!(text, "\n# {name}\n");
        for word in words {
            _ = writeln!(text, "\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
        }
    }
    text
}
