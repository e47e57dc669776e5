//! Kafka's judgement on the settings of a document.

use std::sync::Arc;

use ackscope_sim::config::{Configured, Notice, Setting, TOPIC_SETTINGS, TopicConfig};
use ackscope_sim::error::Failure;
use ackscope_sim::spec::Spec;
use ackscope_sim::version::KafkaVersion;

use crate::limits;
use crate::problem::nearest;
use crate::reader::Item;

/// What Kafka made of one set of settings, for whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `brokers`, `topic orders`, `producer p`, …
    pub of: String,
    /// As given, in the order of the text.
    pub given: Vec<(String, String)>,
    pub notices: Vec<Notice>,
    pub without_effect: Vec<Box<str>>,
    /// A producer may refuse its settings and still be part of the story.
    pub refused: Option<Arc<Failure>>,
}

/// Kafka's judgement on a table of settings. The document must know every key; what Kafka refuses comes back as Kafka's
/// failure (and is a problem of the document unless it is a producer's, whose refusal can be the story).
pub(crate) fn configure<T>(
    item: &Item<'_>,
    of: &str,
    version: KafkaVersion,
    table: &'static [Setting],
    make: impl Fn(KafkaVersion, &[(&str, &str)]) -> Result<Configured<T>, Failure>,
    settings: &mut Vec<Settings>,
) -> Result<T, Arc<Failure>> {
    let mut given = Vec::new();
    if item.fields().is_some() {
        flatten(item, "", &mut given);
    }
    if given.len() > limits::SETTINGS {
        item.refuse_more("too many settings", limits::SETTINGS);
        given.truncate(limits::SETTINGS);
    }
    let pairs: Vec<(&str, &str)> =
        given.iter().map(|(key, value, _)| (key.as_str(), value.as_str())).collect();
    let made = make(version, &pairs);
    let mut entry = Settings {
        of: of.to_owned(),
        given: given.iter().map(|(key, value, _)| (key.clone(), value.clone())).collect(),
        notices: Vec::new(),
        without_effect: Vec::new(),
        refused: None,
    };
    let result = match made {
        Ok(configured) => {
            for key in configured.unknown.iter().take_while(|_| !item.reading.is_full()) {
                let place = given.iter().find(|(name, _, _)| **name == **key);
                if let Some((name, _, item)) = place {
                    item.refuse(unknown(name, table, version), "");
                }
            }
            entry.notices = configured.notices;
            entry.without_effect = configured.without_effect;
            Ok(configured.config)
        }
        Err(failure) => {
            let failure = Arc::new(failure);
            if !of.starts_with("producer") {
                item.refuse(complaint(&failure), "");
            }
            entry.refused = Some(Arc::clone(&failure));
            Err(failure)
        }
    };
    settings.push(entry);
    result
}

/// What to say of a key that the release does not know.
fn unknown(key: &str, table: &'static [Setting], version: KafkaVersion) -> String {
    let named = |name: &str| table.iter().find(|setting| setting.key == name);
    let since = |setting: &Setting| setting.defaults.first().map(|&(since, _)| since.name());
    if let Some(since) = named(key).and_then(since) {
        let version = version.name();
        return format!(
            "Kafka {version} has no such setting; of the releases here, {since} is the first with it"
        );
    }
    let known = table.iter().filter(|setting| setting.exists_in(version)).map(|setting| setting.key);
    match nearest(key, known) {
        Some(known) => format!("Kafka has no such setting here; did you mean {known}?"),
        None => "Kafka has no such setting here".to_owned(),
    }
}

/// The settings of a topic that the script changes.
pub(crate) fn topic_config(
    item: &Item<'_>,
    spec: &Spec,
    settings: &mut Vec<Settings>,
) -> Option<TopicConfig> {
    let made = TopicConfig::from_properties;
    configure(item, "topic", spec.version, TOPIC_SETTINGS, made, settings).ok()
}

pub(crate) fn complaint(failure: &Failure) -> String {
    format!("{}: {}", failure.exception, failure.message)
}

/// `min.insync.replicas` out of the tables that TOML made of it.
fn flatten<'t>(item: &Item<'t>, prefix: &str, out: &mut Vec<(String, String, Item<'t>)>) {
    let Some(fields) = item.fields() else { return };
    for (name, child) in fields.entries() {
        let key = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        if child.node.table().is_some() {
            flatten(&child, &key, out);
        } else if let Some(value) = child.plain() {
            out.push((key, value, child));
        }
    }
}
