//! Documents: read, or refused at a place that is there; what is read keeps to the limits, is read the same again, and
//! keeps its meaning when a value is set to what it is.

use ackscope_scenario::edit::EditError;
use ackscope_scenario::{Document, Problem, Variant, adjust, limits};
use ackscope_sim::script::{Action, Entry};
use ackscope_sim::time::Time;

pub fn document(bytes: &[u8]) {
    let text = super::text(bytes);
    let Some(document) = read(&text, &[]) else { return };
    assert_eq!(Document::parse(&text).as_ref(), Ok(&document), "read twice");
    // Which value is set again hangs on the text, so that the same text is the same test.
    let start = bytes.iter().fold(0_usize, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    set_again(&document, start);
}

/// Reads a document with some values replaced, and asks for what must hold of the answer.
pub(super) fn read(text: &str, overrides: &[(&str, &str)]) -> Option<Document> {
    match Document::parse_with(text, overrides) {
        Ok(document) => {
            assert_eq!(document.text, text);
            keeps_to_limits(&document);
            Some(document)
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            problems.iter().for_each(|problem| has_a_place(text, problem));
            None
        }
    }
}

fn has_a_place(text: &str, problem: &Problem) {
    assert!(!problem.message.is_empty(), "{problem:?}");
    if problem.line == 0 {
        assert_eq!(problem.column, 0, "{problem:?}");
        return;
    }
    let line = text.split('\n').nth(problem.line as usize - 1);
    let line = line.unwrap_or_else(|| panic!("no such line: {problem:?}"));
    let columns = line.chars().count() as u32 + 1;
    assert!((1..=columns).contains(&problem.column), "line of {columns} columns: {problem:?}");
}

fn keeps_to_limits(document: &Document) {
    let variants = document.variants.len();
    assert!((1..=limits::VARIANTS).contains(&variants), "{variants} variants");
    for variant in &document.variants {
        let Variant { spec, expectations, .. } = variant;
        assert!(
            (1..=limits::BROKERS).contains(&(spec.brokers.len() as u64)),
            "{} brokers",
            spec.brokers.len()
        );
        assert!(spec.partitions.len() as u64 <= limits::PARTITIONS, "{} partitions", spec.partitions.len());
        let clients = spec.producers.len() + spec.consumers.len();
        assert!(clients as u64 <= limits::CLIENTS, "{clients} clients");
        // Clients are started by entries of their own.
        assert!(spec.script.len() <= limits::SCRIPT + clients, "{} actions", spec.script.len());
        assert!(records(&spec.script) <= limits::RECORDS, "{} records", records(&spec.script));
        assert!(Time::ZERO < spec.until && spec.until <= Time::ZERO + limits::UNTIL, "until {}", spec.until);
        assert!(expectations.len() <= limits::EXPECTATIONS, "{} expectations", expectations.len());
    }
}

fn records(script: &[Entry]) -> u64 {
    let of = |entry: &Entry| match &entry.action {
        Action::Send { .. } => 1,
        Action::Load(load) => u64::from(load.count),
        _ => 0,
    };
    script.iter().map(of).sum()
}

/// How many values of a document are set again; each is read twice over.
const EDITS: usize = 2;

fn set_again(document: &Document, start: usize) {
    let variant = &document.variants[start % document.variants.len()];
    let rows: Vec<_> = adjust::holders(variant)
        .iter()
        .flat_map(|holder| adjust::rows(variant, holder))
        .filter_map(|row| Some((row.path, row.given?)))
        // Replicas listed one by one may differ in number; one number for all of them says something else.
        .filter(|(path, _)| !path.ends_with(".replication_factor"))
        .collect();
    for (path, value) in rows.iter().cycle().skip(start % rows.len().max(1)).take(EDITS.min(rows.len())) {
        let changed = match adjust::set(&document.text, variant, path, value) {
            Ok(changed) => changed,
            Err(EditError::Place(_)) => continue,
            Err(EditError::Unreadable) => panic!("it was read before: {:?}", document.text),
        };
        if changed.len() > limits::TEXT_BYTES {
            continue;
        }
        let again = Document::parse(&changed).unwrap_or_else(|problems| {
            panic!("{path} = {value:?} made it unreadable: {}\n{changed}", problems[0])
        });
        let same = again.variants.iter().zip(&document.variants).all(|(new, old)| new.spec == old.spec);
        assert!(same && again.variants.len() == document.variants.len(), "{path} = {value:?}:\n{changed}");
    }
}
