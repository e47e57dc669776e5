//! What a mistake in a document is told: once, with what was meant.

use super::{complaint, parse};
use crate::Document;
use crate::script::APIS;

#[test]
fn a_setting_too_new_for_the_release_names_the_first_that_has_it() {
    let with = |kafka: &str| {
        let text = format!(
            "ackscope = 1\nid = 'x'\ntitle = 'X'\nuntil = '1 s'\nkafka = '{kafka}'\n[topic.t]\n\
             [producer.p]\nconfig.delivery.timeout.ms = 120000\n"
        );
        Document::parse(&text).err().map(|problems| problems.iter().map(ToString::to_string).collect())
    };
    let said: Vec<String> = with("1.1").expect("a problem");
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(
        said[0].contains("Kafka 1.1 has no such setting; of the releases here, 2.4 is the first with it"),
        "{said:#?}"
    );
    assert_eq!(with("2.4"), None);
}

/// What refers to an entry that could not be read is not told again.
#[test]
fn one_wrong_name_is_one_complaint() {
    let said = complaint(
        "[do]\n\
         a = { at = '1 s', send = 'v0..v4', producer = 'p', every = '1 ms' }\n\
         b = { after = 'a', kill = 'broker-1' }\n\
         c = { after = 'b', when = { acks = 5 }, start = 'broker-1' }\n\
         [expect]\n\
         d = { from = 'a', to = 'c', takes = '1 s' }\n\
         e = { happens = 'acknowledged', after = 'b' }\n",
    );
    assert!(said.contains("do.a.producer: no such node; did you mean producer-p?; found \"p\""), "{said}");
    let cut = complaint("[do]\na = { at = '1 s', cut = 'p <-> broker-1' }");
    assert!(cut.contains("no such node: p; did you mean producer-p?"), "{cut}");
}

#[test]
fn the_leader_of_a_condition_is_a_number() {
    let said = complaint("[do]\na = { when = { isr = [1, 2] }, kill = 'broker-1' }");
    assert!(said.contains("leader = 2, or leader = \"none\""), "{said}");
    parse("[do]\na = { when = { isr = [1, 2], leader = 2 }, kill = 'broker-1' }").expect("a document");
}

#[test]
fn too_many_records_are_told_from_a_list_that_cannot_be_read() {
    let said = complaint("[do]\na = { at = '1 s', send = 'v0..v2499' }");
    assert!(
        said.ends_with(
            "too many single records; found \"v0..v2499\"; accepted: at most 1000 in all; more of them by load = 2500, \
             prefix = \"v\""
        ),
        "{said}"
    );
    assert!(complaint("[do]\na = { at = '1 s', send = 'v9..v0' }").contains("not a list of records"));
    let named = complaint("[expect]\na = { records = 'v0..v999999', fate = 'kept' }");
    assert!(named.contains("too many records are named"), "{named}");
}

#[test]
fn what_can_be_refused_is_listed_to_its_end() {
    let refuse = |kind: &str, with: &str| {
        format!(
            "[do]\na = {{ at = '1 s', refuse_next = '{kind}', on = 'producer-p -> broker-1', with = '{with}' }}"
        )
    };
    let kind = complaint(&refuse("produse request", "NOT_ENOUGH_REPLICAS"));
    let refused = APIS.map(|(name, _)| name).into_iter();
    for name in refused.filter(|name| !["api-versions", "metadata-fetch"].contains(name)) {
        assert!(kind.contains(name), "{name}: {kind}");
    }
    let code = complaint(&refuse("produce request", "NOT_ENOUGH"));
    assert!(code.ends_with("NEW_LEADER_ELECTED"), "{code}");
    for kind in ["produce response", "api-versions request", "metadata-fetch request"] {
        let said = complaint(&refuse(kind, "NOT_ENOUGH_REPLICAS"));
        assert!(said.contains("only a request that can fail is refused"), "{said}");
    }
    // The page that describes the format has them all.
    let page = include_str!("../../../../docs/scenario-format.md");
    assert!(APIS.iter().all(|(name, _)| page.contains(&format!("`{name}`"))));
}
