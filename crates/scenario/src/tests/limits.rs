//! What a document may not ask for, and what it is told instead.

use ackscope_sim::run::budget::Budget;

use super::{SMALL, complaint};
use crate::Document;
use crate::limits;

/// Something a document asks for, and words of the complaint about it.
type Row = (&'static str, String, &'static str);

#[track_caller]
fn all_refused(rows: &[Row]) {
    for (situation, text, want) in rows {
        // What is no table stands at the head.
        let head = SMALL.replacen("until", &format!("{text}\nuntil"), 1);
        let whole = if text.starts_with('[') { format!("{SMALL}{text}") } else { head };
        let problems = Document::parse(&whole).expect_err(situation);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|said| said.contains(want)), "{situation}: {said:#?}");
        assert!(said.iter().all(|said| said.chars().count() < 2_000), "{situation}: a long complaint");
    }
}

#[test]
fn numbers_outside_their_range_are_refused_with_the_range() {
    let at = |what: &str| format!("[consumer.c]\n[do]\nx = {{ at = '0 s', {what} }}");
    let expect = |what: &str| format!("[expect]\nx = {{ {what} }}");
    all_refused(&[
        (
            "a record of 4 GiB",
            at("send = 'v0', size = '4 GiB'"),
            "such as \"16 KiB\" or \"1 MB\", up to 1 GiB",
        ),
        ("a series of 4 GiB", at("send = 'v0..v4', size = '4 GiB'"), "up to 1 GiB"),
        ("a load of 4 GiB each", at("load = 5, rate = '1/s', size = '4 GiB'"), "up to 1 GiB"),
        ("bytes beyond 32 bits", at("send = 'v0', size = 4294967297"), "up to 1 GiB"),
        ("fewer than no bytes", at("send = 'v0', size = -1"), "up to 1 GiB"),
        ("a seed beyond 64 bits", "seed = 18446744073709551615".to_owned(), "a number beyond 64 bits"),
        ("a time of years", at("send = 'v0..v4', every = '9000 h'"), "up to 24 h"),
        ("a time beyond 64 bits", at("pause = 'broker-1', for = '99999999999 h'"), "up to 24 h"),
        ("a moment of years", "[[note]]\nat = '9000 h'\ntext = 'x'".to_owned(), "not a moment"),
        ("a rate without a gap", at("load = 5, rate = '2000000000/s'"), "up to one record in a nanosecond"),
        ("too large a load", at("load = 1000001, rate = '1/s'"), "a whole number from 1 to 1000000"),
        ("too long a series", at("send = 'v0..v1000'"), "at most 1000 in all; more of them by load"),
        ("too many keys", at("load = 5, rate = '1/s', keys = 10001"), "a whole number from 1 to 10000"),
        (
            "too many messages",
            at("drop_next = 'produce request', on = 'producer-p -> broker-1', count = 1001"),
            "from 1 to 1000",
        ),
        ("an offset beyond all records", at("seek = 'consumer-c', offset = 4294967296"), "from 0 to 1000000"),
        ("too many controllers", "[cluster]\ncontrollers = 9".to_owned(), "from 1 to 7"),
        ("too many brokers", "[cluster]\nbrokers = 10".to_owned(), "from 1 to 9"),
        ("an endless bandwidth", "[network]\nbandwidth = '1001 GB/s'".to_owned(), "to \"1000 GB/s\""),
        ("no bandwidth", "[network]\nbandwidth = '0 B/s'".to_owned(), "from \"1 B/s\""),
        (
            "a bound beyond 64 bits",
            expect("acked = '> 170141183460469231731687303715884105727'"),
            "up to 64 bits",
        ),
        (
            "a bound below 64 bits",
            expect("acked = '< -170141183460469231731687303715884105728'"),
            "up to 64 bits",
        ),
        (
            "a metric beyond 32 bits",
            expect("metric = 'batch-size-avg', is = '> 99999999999'"),
            "up to 32 bits",
        ),
        ("offsets without an end", expect("records = 'v0', offsets = '<= 5'"), "as many offsets as records"),
        (
            "a happening beyond all records",
            expect("from = '1 s', to = { happens = 'appended', nth = 1000001 }, takes = '1 s'"),
            "from 1 to 1000000",
        ),
    ]);
}

/// The command line sets a seed as text.
#[test]
fn a_seed_that_is_refused_is_not_within_the_range_that_is_named() {
    let most = i64::MAX.to_string();
    let seed = |text: &str| Document::parse_with(SMALL, &[("seed", text)]);
    assert_eq!(seed(&most).unwrap().variants[0].spec.seed, i64::MAX as u64);
    for beyond in ["9223372036854775808", "18446744073709551614", "18446744073709551615"] {
        let said = seed(beyond).unwrap_err()[0].to_string();
        assert!(said.ends_with("accepted: a whole number from 0 to 9223372036854775807"), "{said}");
    }
}

/// Kafka takes any number of 64 bits there.
#[test]
fn a_wait_of_a_setting_beyond_all_clocks_is_long_and_does_not_wrap() {
    for millis in ["18446744073710", "9223372036854775807"] {
        let text = format!("{SMALL}config.max.block.ms = {millis}\n");
        let document = Document::parse(&text).unwrap();
        let producer = document.variants[0].spec.producers[0].config.as_ref().unwrap();
        assert!(producer.max_block > limits::UNTIL, "{millis}: {:?}", producer.max_block);
    }
}

#[test]
fn long_texts_are_refused_with_the_length_that_is_accepted() {
    let long = "x".repeat(1_200);
    let with = |before: &str, after: &str| format!("{before}{long}{after}");
    all_refused(&[
        (
            "a question",
            with("question = '", "'"),
            "question: too long; found 1200 letters; accepted: at most 600 letters",
        ),
        ("a promise", with("promise = '", "'"), "at most 600 letters"),
        ("a label", with("[variant.a]\nlabel = '", "'"), "at most 160 letters"),
        ("a rule", with("rules = ['", "']"), "at most 64 letters"),
        ("a family", with("family = '", "'"), "at most 64 letters"),
        ("an entry", with("[do]\n", " = { at = '1 s', kill = 'broker-1' }"), "at most 160 letters"),
        ("a note of an entry", with("[do]\nx = { at = '1 s', note = '", "' }"), "at most 600 letters"),
        ("a note", with("[[note]]\nat = '1 s'\ntext = '", "'"), "at most 600 letters"),
        ("an expectation", with("[expect]\n", " = { acked = 1 }"), "at most 160 letters"),
        ("a record", with("[do]\nx = { at = '1 s', send = '", "' }"), "of up to 64 letters"),
        ("a key", with("[do]\nx = { at = '1 s', send = 'v', key = '", "' }"), "at most 64 letters"),
        (
            "a prefix",
            with("[do]\nx = { at = '1 s', load = 5, rate = '1/s', prefix = '", "' }"),
            "at most 64 letters",
        ),
        ("a rack", with("[cluster]\nracks = ['a', 'b', '", "']"), "at most 64 letters"),
        ("a machine", with("[consumer.c]\nmachine = '", "'"), "at most 64 letters"),
        ("a topic", with("[topic.", "]"), "not a name for a topic"),
        ("a client", with("[consumer.", "]"), "not a name for a client"),
        ("a refusal", with("[expect]\nx = { refused = '", "' }"), "at most 600 letters"),
        ("an error", with("[expect]\nx = { records = 'v', error = '", "' }"), "at most 600 letters"),
        ("an unknown key", with("", " = 1"), "unknown key"),
        ("a node", with("[do]\nx = { at = '1 s', kill = '", "' }"), "no such node"),
        ("a setting", with("[topic.u]\nconfig.", " = 1"), "Kafka has no such setting here"),
        ("a number", with("seed = ", "").replace('x', "9"), "a number beyond 64 bits"),
    ]);
    let titled = |title: &str| Document::parse(&SMALL.replace("\"Small\"", &format!("\"{title}\"")));
    assert!(titled(&"é".repeat(limits::LINE)).is_ok());
    let said = titled(&"é".repeat(limits::LINE + 1)).unwrap_err()[0].to_string();
    assert!(
        said.contains("title: too long; found 161 letters") && said.contains("at most 160 letters"),
        "{said}"
    );
}

#[test]
fn a_table_or_a_node_has_at_most_a_thousand_keys() {
    let keys = |count: usize, prefix: &str| -> String {
        (0..count).map(|number| format!("{prefix}{number} = 1\n")).collect()
    };
    let said = Document::parse(&keys(limits::TABLE + 1, "k")).unwrap_err()[0].to_string();
    assert_eq!(
        said,
        "line 1, column 1: too many keys in one table; at most 2000 are accepted; found 2001 keys"
    );
    let settings = format!("{SMALL}[topic.u.config]\n{}{}", keys(600, "a.k"), keys(600, "b.k"));
    let said = Document::parse(&settings).unwrap_err();
    let too_many =
        said.iter().find(|problem| problem.key == "topic.u.config").expect("a problem of the table");
    assert!(too_many.to_string().contains("too many settings; found more than 1000; accepted: at most 1000"));
}

#[test]
fn too_many_of_anything_are_refused_with_the_number_that_is_accepted() {
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let in_table = |table: &str, lines: String| format!("{table}\n{lines}");
    all_refused(&[
        (
            "notes",
            many(101, &|_| "[[note]]\nat = '1 s'\ntext = 'x'\n".to_owned()),
            "found more than 100; accepted: at most 100",
        ),
        (
            "notes of entries",
            in_table("[do]", many(101, &|n| format!("e{n} = {{ at = '1 s', note = 'x' }}\n")))
                + "[[note]]\nat = '1 s'\ntext = 'x'",
            "found more than 100; accepted: at most 100",
        ),
        ("variants", many(17, &|n| format!("[variant.v{n}]\n")), "up to 16"),
        (
            "expectations",
            in_table("[expect]", many(101, &|n| format!("e{n} = {{ acked = 0 }}\n"))),
            "at most 100",
        ),
        (
            "entries",
            in_table("[do]", many(1_001, &|n| format!("e{n}={{at='1 s',kill='broker-1'}}\n"))),
            "too many actions; found 1001; accepted: at most 1000",
        ),
        (
            "nodes of an entry",
            format!("[do]\nx = {{ at = '1 s', kill = [{}] }}", "'broker-1',".repeat(1_001)),
            "too many actions; found 1001; accepted: at most 1000",
        ),
        (
            "records of an entry",
            format!("[do]\nx = {{ at = '1 s', send = [{}] }}", "'v0..v999',".repeat(4_000)),
            "at most 1000 in all; more of them by load",
        ),
        (
            "records of all entries",
            in_table("[do]", many(3, &|n| format!("e{n} = {{ at = '1 s', load = 100000, rate = '1/s' }}\n"))),
            "too many records; found 300000; accepted: at most 200000, unless the budget is raised",
        ),
        (
            "deliveries",
            many(4, &|n| format!("[consumer.c{n}]\n"))
                + "[do]\nx = { at = '1 s', load = 200000, rate = '1000/s' }",
            "too many records times consumers; found 800000; accepted: at most 600000",
        ),
        (
            "faults",
            "[topic.u]\npartitions = 63\n[do]\n".to_owned()
                + &many(157, &|n| format!("e{n} = {{ at = '{n} s', kill = 'broker-1', for = '100 ms' }}\n")),
            "too many faults times partitions; found 10048; accepted: at most 10000",
        ),
        ("clients", many(16, &|n| format!("[consumer.c{n}]\n")), "at most 16"),
        ("partitions", many(3, &|n| format!("[topic.t{n}]\npartitions = 30\n")), "a whole number from 1 to"),
        (
            "partitions of a list",
            format!("[topic.u]\nreplicas = [{}]", "[1],".repeat(10_000)),
            "too many partitions in all; found more than 64; accepted: at most 64",
        ),
        ("rules", format!("rules = [{}]", "'a',".repeat(21)), "at most 20"),
        (
            "bootstrap brokers",
            format!("[consumer.c]\nbootstrap = [{}]", "'broker-1',".repeat(10)),
            "at most 9",
        ),
        ("partitions to read", format!("[consumer.c]\nreads = [{}]", "'t',".repeat(65)), "at most 64"),
        ("moments in order", format!("[expect]\nx = {{ order = [{}] }}", "'1 s',".repeat(21)), "at most 20"),
        (
            "names in expectations",
            format!("[expect]\nx = {{ records = [{}], fate = 'kept' }}", "'v0..v199999',".repeat(3)),
            "too many records are named",
        ),
    ]);
}

#[test]
fn what_would_do_or_say_nothing_is_refused() {
    let clients = "[consumer.c]\nmachine = 'm'\n[consumer.d]\nmachine = 'm'\n";
    let at = |what: &str| format!("{clients}[do]\nx = {{ at = '0 s', {what} }}");
    let expect = |what: &str| format!("[expect]\nx = {{ {what} }}");
    let itself = "a node has no link to itself";
    all_refused(&[
        ("a node cut from itself", at("cut = 'broker-1 <-> broker-1'"), itself),
        ("one way", at("cut = 'broker-1 -> broker-1'"), itself),
        (
            "a link of a node to itself",
            "[network.'broker-1 <-> broker-1']\nlatency = '1 s'".to_owned(),
            itself,
        ),
        ("connections to itself", at("close = 'broker-1 <-> broker-1'"), itself),
        ("messages to itself", at("drop_next = 'fetch request', on = 'broker-1 -> broker-1'"), itself),
        ("clients of one machine", at("cut = 'consumer-c <-> consumer-d'"), "both are on one machine"),
        ("no record", expect("records = '', fate = 'kept'"), "it names no record"),
        ("no moment", expect("order = []"), "an order needs at least two moments"),
        ("one moment", expect("order = ['1 s']"), "an order needs at least two moments"),
        (
            "one replica that agrees",
            expect("log = 't-0', on = 'broker-1', agree = true"),
            "agrees with itself",
        ),
    ]);
}

#[test]
fn a_document_that_is_too_long_is_not_read() {
    let long = format!("{SMALL}# {}", "x".repeat(limits::TEXT_BYTES));
    let said = Document::parse(&long).unwrap_err()[0].to_string();
    assert!(said.contains("the document is too long") && said.contains("at most 65536 bytes"), "{said}");
    assert!(complaint("[do]\nx = { at = '0 s', load = 0, rate = '1/s' }").contains("from 1 to 1000000"));
}

#[test]
fn a_larger_budget_takes_more_records_and_a_smaller_one_fewer() {
    let text = format!("{SMALL}[do]\nx = {{ at = '0 s', load = 300000, rate = '1000/s' }}");
    let within = |records| Document::parse_within(&text, &[], Budget { records, ..Budget::default() });
    assert!(within(300_000).is_ok());
    for records in [299_999, 200_000, 1] {
        let said = within(records).unwrap_err()[0].to_string();
        let want = format!("accepted: at most {records}, unless the budget is raised");
        assert!(said.ends_with(&want), "{said}");
    }
}

/// The table of the documentation names the limits that there are.
#[test]
fn the_documented_limits_are_those_that_hold() {
    let page = include_str!("../../../../docs/scenario-format.md");
    let (_, page) = page.split_once("## Limits").expect("a section");
    let Budget { records: usual, memory, .. } = Budget::default();
    let said = format!("a million events and {} MiB of memory", memory >> 20);
    assert!(page.contains(&said), "{said}");
    let readme = include_str!("../../../../README.md");
    let said = format!("a million events, 200,000 records and {} MiB of memory", memory >> 20);
    assert!(readme.contains(&said), "{said}");
    for (row, numbers) in [
        ("the text", vec![limits::TEXT_BYTES as u64]),
        ("brokers,", vec![limits::BROKERS, limits::CONTROLLERS, limits::PARTITIONS, limits::CLIENTS]),
        ("records in all", vec![usual, limits::DELIVERIES * usual, limits::RECORDS]),
        ("entries", vec![limits::SCRIPT as u64]),
        ("faults", vec![limits::ELECTIONS]),
        ("keys of", vec![limits::TABLE as u64, limits::SETTINGS as u64]),
        ("messages", vec![limits::MESSAGES, limits::KEYS, limits::LINKS as u64]),
        (
            "variants",
            [limits::VARIANTS, limits::EXPECTATIONS, limits::EXPECTATIONS, limits::NOTES]
                .map(|most| most as u64)
                .to_vec(),
        ),
        ("records that", vec![limits::NAMES as u64, limits::LOOKS]),
        ("a record |", vec![limits::RECORD_BYTES >> 30]),
        ("`rate`", vec![limits::BYTES_PER_SECOND / 1_000_000_000]),
        ("every span", vec![limits::UNTIL_HOURS]),
        ("`title`", vec![limits::LINE as u64]),
        ("`question`", vec![limits::PARAGRAPH as u64]),
        ("a record's value", vec![limits::WORD as u64]),
        ("`rules`", vec![limits::WORDS as u64]),
    ] {
        let line = page.lines().find(|line| line.starts_with(&format!("| {row}"))).expect(row);
        let (_, most) = line.trim_end_matches('|').trim().rsplit_once('|').expect(row);
        let found: Vec<u64> = most
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect();
        assert_eq!(found, numbers, "{line}");
    }
}
