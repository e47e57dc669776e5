//! Documents from the outside: what is accepted, what is refused and in which words.

mod limits;
mod messages;

use ackscope_sim::config::Costs;
use ackscope_sim::ids::{BrokerId, NodeId};
use ackscope_sim::protocol::Acks;
use ackscope_sim::script::{Action, Trigger};
use ackscope_sim::time::{Duration, Time};

use crate::library::library;
use crate::{Document, Problem};

const SMALL: &str = r#"
ackscope = 1
id = "small"
title = "Small"
until = "5 s"
[topic.t]
[producer.p]
config.acks = 1
config.linger.ms = 0
"#;

fn parse(more: &str) -> Result<Document, Vec<Problem>> {
    Document::parse(&format!("{SMALL}{more}"))
}

/// The one complaint about a document.
#[track_caller]
fn complaint(more: &str) -> String {
    let problems = parse(more).expect_err("a problem");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:#?}");
    said.into_iter().next().unwrap()
}

#[test]
fn every_built_in_document_is_read_and_named_as_its_file() {
    for entry in library() {
        let document = entry.document();
        assert_eq!(document.id, entry.id);
        assert!(!document.question.is_empty() && !document.promise.is_empty(), "{}", entry.id);
        assert!(document.promise.len() <= 110, "{}: {}", entry.id, document.promise);
        assert!(document.variants.iter().all(|variant| !variant.expectations.is_empty()), "{}", entry.id);
        assert!(!document.rules.is_empty(), "{}", entry.id);
    }
}

#[test]
fn the_library_is_whole() {
    let ids: Vec<&str> = library().iter().map(|entry| entry.id).collect();
    assert_eq!(ids, crate::library::IDS);
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/library")).unwrap().count();
    assert_eq!(files, ids.len());
}

/// What the documentation shows can be run.
#[test]
fn the_documented_example_is_a_document() {
    let page = include_str!("../../../docs/scenario-format.md");
    let example: String =
        page.split("```toml\n").skip(1).map(|part| part.split("```").next().unwrap_or_default()).collect();
    let document = Document::parse(&example).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(document.variants.len(), 2);
    // every verb is described
    for (verb, _) in crate::VERBS {
        assert!(page.contains(&format!("`{verb}`")), "{verb}");
    }
}

#[test]
fn a_small_document_has_kafkas_defaults() {
    let document = parse("").unwrap();
    let spec = document.spec("").unwrap();
    assert_eq!(spec.brokers.len(), 3);
    assert_eq!(spec.partitions[0].replicas, [1, 2, 3].map(BrokerId));
    let producer = spec.producers[0].config.as_ref().unwrap();
    assert_eq!((producer.acks, producer.enable_idempotence), (Acks::Leader, false));
    assert_eq!(document.variants[0].settings[0].notices[0].key, "enable.idempotence");
    assert_eq!(spec.costs, Costs::default());
    // the producer is started by itself
    assert!(matches!(spec.script[0].action, Action::StartProducer { .. }));
}

#[test]
fn kafkas_dotted_keys_may_be_quoted_or_not() {
    let plain = parse("[topic.u]\nconfig.min.insync.replicas = 2").unwrap();
    let quoted = parse("[topic.u.config]\n\"min.insync.replicas\" = 2").unwrap();
    assert_eq!(plain.spec(""), quoted.spec(""));
    assert_eq!(plain.spec("").unwrap().topics[1].config.min_insync_replicas, Some(2));
}

#[test]
fn entries_follow_times_each_other_and_conditions() {
    let document = parse(
        r#"
        [do]
        first = { at = "10 ms", send = "v0..v2", every = "5 ms" }
        both = { after = "first", delay = "1 s", pause = ["broker-2", "broker-3"], for = "2 s" }
        then = { when = { acks = 3, of = "v" }, after = "both", kill = "broker-1" }
        "#,
    )
    .unwrap();
    let script = document.spec("").unwrap().script;
    let entry = |name: &str| document.variants[0].steps.iter().find(|step| step.name == name).unwrap();
    assert_eq!(script[entry("first").actions.start as usize].when, Trigger::At(Time::from_millis(10)));
    assert_eq!(entry("both").actions.len(), 2);
    let pause = &script[entry("both").actions.start as usize];
    assert_eq!(pause.action, Action::Pause { node: NodeId::Broker(BrokerId(2)) });
    assert_eq!(pause.lasts, Some(Duration::from_secs(2)));
    let Trigger::When { not_before: Some(before), .. } = script[entry("then").actions.start as usize].when
    else {
        panic!("a condition");
    };
    assert_eq!(before.0, entry("both").actions.end - 1);
}

#[test]
fn complaints_say_where_what_and_what_else() {
    assert_eq!(
        complaint("[cluster]\nbrokres = 3"),
        "line 11, column 1: cluster.brokres: unknown key; did you mean brokers?; found brokres; \
         accepted: brokers, racks, controllers, warm, config, costs"
    );
    assert_eq!(
        complaint("[cluster]\nbrokers = 12"),
        "line 11, column 11: cluster.brokers: not a number in the accepted range; found 12; \
         accepted: a whole number from 1 to 9"
    );
    assert_eq!(
        complaint("[topic.u]\nconfig.min.insync.replica = 2"),
        "line 11, column 29: topic.u.config.min.insync.replica: Kafka has no such setting here; \
         did you mean min.insync.replicas?; found 2"
    );
    assert_eq!(
        complaint("[do]\nx = { at = \"5\", kill = \"broker-1\" }"),
        "line 11, column 12: do.x.at: a span of time is expected; found \"5\"; \
         accepted: a number and a unit, such as \"5 ms\" or \"1.2 s\", up to 24 h"
    );
    assert_eq!(
        complaint("[do]\nx = { at = \"5 s\", kil = \"broker-1\" }").split("; found").next().unwrap(),
        "line 11, column 19: do.x.kil: unknown key; did you mean kill?"
    );
    assert!(complaint("[do]\nx = { at = \"5 s\", kill = \"brokre-1\" }").contains("did you mean broker-1?"));
    assert!(
        complaint("[do]\nx = { at = \"5 s\", kill = \"broker-1\", start = \"broker-1\" }")
            .contains("one entry does one thing")
    );
    assert!(
        complaint("[do]\nx = { after = \"y\", kill = \"broker-1\" }").contains("no entry of that name above")
    );
    assert!(complaint("[expect]\ny = { happens = \"trunkated\" }").contains("did you mean truncated?"));
    assert!(
        complaint("[expect]\ny = { never = \"truncated\", where = { form = 5 } }")
            .contains("did you mean from?")
    );
    assert!(complaint("x = [").starts_with("line 10"));
}

#[test]
fn what_kafka_refuses_is_told_in_kafkas_words() {
    assert!(complaint("[topic.u]\nconfig.min.insync.replicas = 0").contains(
        "InvalidConfigurationException: Invalid value 0 for configuration min.insync.replicas: Value must be at least 1"
    ));
    // a producer's refusal can be the story
    let document = parse("[producer.q]\nconfig.max.in.flight.requests.per.connection = 6").unwrap();
    let refused = document.spec("").unwrap().producers[1].config.clone().unwrap_err();
    assert_eq!(
        &*refused.message,
        "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. Current value is 6."
    );
}

#[test]
fn variants_are_laid_over_the_document() {
    let document = parse(
        r#"
        [do]
        kill = { at = "1 s", kill = "broker-1" }
        [expect]
        common = { acked_lost = 0 }
        [variant.plain]
        [variant.changed]
        title = "Changed"
        producer.p.config.acks = "all"
        do.kill.at = "2 s"
        do.kill.for = "1 s"
        [variant.quiet]
        do.kill = false
        expect.common = false
        expect.own = { acked = 0 }
        "#,
    )
    .unwrap();
    let names: Vec<&str> = document.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["plain", "changed", "quiet"]);
    let acks = |name: &str| document.spec(name).unwrap().producers[0].config.as_ref().unwrap().acks;
    assert_eq!((acks("plain"), acks("changed")), (Acks::Leader, Acks::All));
    let last = |name: &str| document.spec(name).unwrap().script.last().unwrap().clone();
    assert_eq!(last("changed").when, Trigger::At(Time::from_millis(2_000)));
    assert!(matches!(last("quiet").action, Action::StartProducer { .. }));
    let own: Vec<&str> = document
        .variant("quiet")
        .unwrap()
        .expectations
        .iter()
        .map(|expectation| expectation.name.as_str())
        .collect();
    assert_eq!(own, ["own"]);
}

#[test]
fn values_for_dotted_paths_hold_in_every_variant() {
    let text = format!("{SMALL}[variant.a]\n[variant.b]\nproducer.p.config.acks = 0");
    let document = Document::parse_with(&text, &[("producer.p.config.acks", "all"), ("seed", "7")]).unwrap();
    for variant in &document.variants {
        assert_eq!(variant.spec.producers[0].config.as_ref().unwrap().acks, Acks::All);
        assert_eq!(variant.spec.seed, 7);
    }
    assert!(Document::parse_with(&text, &[("producer.p.confg.acks", "all")]).is_err());
}

#[test]
fn replicas_are_spread_over_racks() {
    let document = Document::parse(
        r#"
        ackscope = 1
        id = "racks"
        title = "Racks"
        until = "1 s"
        [cluster]
        brokers = 4
        racks = ["a", "a", "b", "b"]
        [topic.t]
        partitions = 2
        replication_factor = 2
        "#,
    )
    .unwrap();
    let spec = document.spec("").unwrap();
    assert_eq!(spec.partitions[0].replicas, [1, 3].map(BrokerId));
    assert_eq!(spec.partitions[1].replicas, [3, 2].map(BrokerId));
}

mod hostile {
    use proptest::prelude::*;

    use super::SMALL;
    use crate::Document;
    use crate::library::library;

    #[test]
    fn deep_nesting_is_answered() {
        for deep in [
            format!("{SMALL}[{}]", vec!["a"; 20_000].join(".")),
            format!("{SMALL}x = {}", "[".repeat(30_000)),
            format!("{SMALL}x = {}", "{ a = ".repeat(10_000)),
            format!("{SMALL}[topic.u]\nconfig.\"{}\" = 1", vec!["a"; 20_000].join(".")),
            format!("{SMALL}[topic.u]\nconfig.{} = 1", vec!["a"; 20_000].join(".")),
        ] {
            assert!(Document::parse(&deep).is_err());
        }
        let levels = format!("{SMALL}x = {}", "{ \"a#.\".a.a.a.a.a.a.a.a.a.a.a.a.a.a = ".repeat(15));
        assert!(Document::parse(&levels).is_err());
    }

    /// As much of everything as fits into a document.
    #[test]
    fn large_documents_are_answered() {
        let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
        let entries = many(900, &|n| format!("k{n} = {{ at = '1 s', kill = 'broker-1' }}\n"));
        let overlays = |lines: &str| many(16, &|n| format!("[variant.v{n}.do]\n{lines}"));
        for (situation, text, is_document) in [
            ("keys", many(8_000, &|n| format!("k{n}=1\n")), false),
            ("settings", format!("[cluster.config]\n{}", many(8_000, &|n| format!("k{n}=1\n"))), false),
            ("misspelt keys", format!("[cluster]\n{}", many(4_500, &|n| format!("bzokers{n}=1\n"))), false),
            ("entries that are off", format!("[do]\n{}", many(1_900, &|n| format!("k{n}=false\n"))), true),
            (
                "variants of entries",
                format!("[do]\n{entries}{}", overlays(&many(60, &|n| format!("k{n}.at='2 s'\n")))),
                true,
            ),
            (
                "unknown entries",
                format!("[do]\n{}", many(1_500, &|n| format!("k{n}={{after='z{n}',kill='broker-1'}}\n"))),
                false,
            ),
            ("mistakes", "= 1\n".repeat(15_000), false),
            ("quotes", "\"\n".repeat(30_000), false),
            ("numbers", format!("x = [{}]", "99999999999999999999,".repeat(3_000)), false),
            ("dots", format!("x{} = 1", ".a".repeat(32_000)), false),
        ] {
            let read = Document::parse(&format!("{SMALL}{text}"));
            assert_eq!(read.is_ok(), is_document, "{situation}: {:?}", read.err());
            assert!(
                read.err().unwrap_or_default().len() <= 50,
                "{situation}: more complaints than anybody reads"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,300}") {
            _ = Document::parse(&text);
            _ = Document::parse(&format!("{SMALL}{text}"));
        }

        /// A built-in document with a piece cut out or doubled.
        #[test]
        fn mangled_documents_are_answered(which in 0_usize..100, from in 0_usize..8_000, len in 0_usize..40, doubled: bool) {
            let entries = library();
            let text = entries[which % entries.len()].text;
            let from = (0..=from % text.len()).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let to = (from + len..=text.len() + len).find(|&at| at >= text.len() || text.is_char_boundary(at)).unwrap().min(text.len());
            let piece = &text[from..to];
            let mangled = if doubled {
                format!("{}{piece}{piece}{}", &text[..from], &text[to..])
            } else {
                format!("{}{}", &text[..from], &text[to..])
            };
            _ = Document::parse(&mangled);
        }
    }
}
