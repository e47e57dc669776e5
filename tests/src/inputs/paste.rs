//! Pasted settings: each line ends up in one list, comments in none, and what is changed are settings of this scenario.

use std::sync::LazyLock;

use ackscope_scenario::paste::{Pasted, read};
use ackscope_scenario::{Document, Variant, adjust, library};
use ackscope_sim::config::{BROKER_SETTINGS, CONSUMER_SETTINGS, PRODUCER_SETTINGS, TOPIC_SETTINGS};

/// Somebody of each role, under the newest release and under one of ZooKeeper's age.
static SCENARIOS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let text = library::find("acks-1-leader-crash").expect("a scenario of the library").text;
    let with = |kafka| Document::parse_with(text, &[("kafka", kafka)]).expect("a release that can be had");
    vec![Document::parse(text).expect("a scenario of the library"), with("2.8")]
});

/// A key that nobody has.
const MARK: &str = "zq.mark";

pub fn paste(bytes: &[u8]) {
    let text = super::text(bytes);
    let scenario = &SCENARIOS[usize::from(bytes.first().is_some_and(|byte| byte % 4 == 3))];
    let variant = &scenario.variants[0];
    let pasted = read(&text, variant);
    changes_are_settings(&pasted, variant);
    // Each of these reads it again: one of them at a time.
    match bytes.len() % 3 {
        0 => comments_count_for_nothing(&text, &pasted, variant),
        1 => line_counts(&text, &format!("{MARK}=1"), variant),
        _ => line_counts(&text, &format!("{MARK}: 1"), variant),
    }
}

fn changes_are_settings(pasted: &Pasted, variant: &Variant) {
    let tables = [PRODUCER_SETTINGS, BROKER_SETTINGS, CONSUMER_SETTINGS, TOPIC_SETTINGS];
    let holders = adjust::holders(variant);
    for (path, value) in &pasted.changes {
        let key = holders.iter().find_map(|holder| path.strip_prefix(&holder.path)?.strip_prefix('.'));
        let known = tables.iter().flat_map(|table| table.iter()).any(|setting| Some(setting.key) == key);
        assert!(known, "{path} is no setting of this scenario");
        assert_eq!(adjust::complaint(variant, path, value), None, "{path} = {value:?} was applied");
    }
    // Each applied line changes something, and nothing else is changed.
    let keys: Vec<&str> = pasted.applied.iter().filter_map(|(line, _)| line.split('=').next()).collect();
    for (path, _) in &pasted.changes {
        assert!(
            keys.iter().any(|key| path.ends_with(key)),
            "{path} was changed, and no line was applied to it"
        );
    }
    assert!(pasted.applied.len() <= pasted.changes.len(), "{pasted:?}");
}

/// A comment above the text changes nothing of it.
fn comments_count_for_nothing(text: &str, pasted: &Pasted, variant: &Variant) {
    if text.starts_with('\u{feff}') {
        return;
    }
    let commented = format!("# acks=0\n  # linger.ms: 123457\n{text}");
    assert_eq!(&read(&commented, variant), pasted, "with a comment above");
}

/// A line with a key that nobody has is found in one of the lists, and nothing is done about it.
fn line_counts(text: &str, line: &str, variant: &Variant) {
    let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let pasted = read(&format!("{text}{separator}{line}\n"), variant);
    let lists = [&pasted.without_effect, &pasted.unknown, &pasted.overridden];
    let mut told = lists.into_iter().flatten().chain(pasted.refused.iter().map(|(line, _)| line));
    assert!(told.any(|told| told.contains(MARK)), "{line:?} was dropped: {pasted:?}");
    assert!(pasted.changes.iter().all(|(path, _)| !path.contains(MARK)), "{line:?} was applied");
}
