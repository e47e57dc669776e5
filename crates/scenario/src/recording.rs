//! Recorded runs of real Kafka, as far as a scenario may claim them: only the library's own text, unchanged, and only for the
//! release that ran. Anybody can write a name into a text of their own; there it means nothing.

use ackscope_sim::version::KafkaVersion;

use crate::reader::Fields;

/// What runs were recorded with whose names end without a release.
const RELEASE: &str = "4.3.1";

/// A recorded run of the same kind as a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// As in the table of agreement.
    pub name: String,
    /// Kafka's release.
    pub release: String,
}

impl Recording {
    fn of_name(name: &str) -> Recording {
        let release = name.split_once('@').map_or(RELEASE, |(_, release)| release);
        Recording { name: name.to_owned(), release: release.to_owned() }
    }
}

/// What a variant names, of the release that it runs.
pub fn read(fields: &Fields<'_>, version: KafkaVersion) -> Vec<Recording> {
    let items = fields.get("recorded").and_then(|item| item.list()).unwrap_or_default();
    let recordings = items.iter().filter_map(|item| item.text()).map(Recording::of_name);
    recordings.filter(|it| KafkaVersion::of_release(&it.release) == Some(version)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::Document;
    use crate::library::{find, library};

    fn names(document: &Document, variant: &str) -> Vec<String> {
        let variant = document.variant(variant).expect("a variant");
        variant.recorded.iter().map(|recording| format!("{} {}", recording.name, recording.release)).collect()
    }

    #[test]
    fn only_the_librarys_own_text_unchanged_claims_what_was_recorded() {
        let text = find("acks-1-leader-crash").expect("in the library").text;
        let own = Document::parse(text).expect("a document");
        assert_eq!(names(&own, ""), ["acks1-followers-paused-leader-killed 4.3.1"]);
        for changed in [
            text.replacen("config.acks = 1", "config.acks = 0", 1),
            text.replacen("id = \"acks-1-leader-crash\"", "id = \"mine\"", 1),
            text.replacen("id = \"acks-1-leader-crash\"", "id = \"healthy\"", 1),
            format!("{text}\n# a word more"),
        ] {
            assert_ne!(changed, text);
            assert_eq!(names(&Document::parse(&changed).expect("a document"), ""), [""; 0]);
        }
        let replaced = Document::parse_with(text, &[("seed", "2")]).expect("a document");
        assert_eq!(names(&replaced, ""), [""; 0]);
    }

    #[test]
    fn a_claim_in_a_text_of_ones_own_is_read_and_means_nothing() {
        let forged = "ackscope = 1\nid = \"x\"\ntitle = \"x\"\nuntil = \"1 s\"\nrecorded = [\"verified by Apache\"]\n[topic.t]\n";
        assert_eq!(names(&Document::parse(forged).expect("a document"), ""), [""; 0]);
    }

    #[test]
    fn a_variant_claims_what_was_recorded_of_its_release() {
        let of = |id: &str, variant: &str| names(&find(id).expect("in the library").document(), variant);
        assert_eq!(of("kip-101-loss", "v0-10"), ["kip101-loss@0.10.2.2 0.10.2.2"]);
        assert_eq!(of("kip-101-loss", "v1-1"), [""; 0]);
        assert_eq!(of("kip-101-loss", "v4-3"), ["kip101-loss 4.3.1"]);
        assert_eq!(of("gc-pause-leader", "acks-all"), ["leader-pauses-beyond-session-acksall 4.3.1"]);
    }

    /// The badge leads there.
    #[test]
    fn everything_that_the_library_claims_is_in_the_table_of_agreement_and_agrees() {
        let table = include_str!("../../../docs/agreement.md");
        let mut claimed = BTreeSet::new();
        for entry in library() {
            claimed.extend(
                entry
                    .document()
                    .variants
                    .into_iter()
                    .flat_map(|variant| variant.recorded.into_iter().map(|it| (it.name, it.release))),
            );
        }
        assert!(claimed.len() > 30, "{claimed:?}");
        for (name, release) in claimed {
            assert!(table.contains(&format!("\n| {name} | {release} | agrees |")), "{name} of {release}");
        }
        // Nor is there a name in the texts that the table does not have.
        for entry in library() {
            let lists = entry.text.lines().filter_map(|line| line.strip_prefix("recorded = "));
            for name in lists.flat_map(|list| list.split('"').skip(1).step_by(2)) {
                assert!(table.contains(&format!("\n| {name} | ")), "{}: {name}", entry.id);
            }
        }
    }
}
