//! Deliberately wrong rules, each held against everything that might notice, the cheapest checks first: random runs, the
//! expectations of the library and of the published counterexamples, recorded runs of real Kafka.

use std::path::Path;

use ackscope_golden::{compare, replay};
use ackscope_scenario::library::library;
use ackscope_scenario::{Document, check};
use ackscope_sim::mutant::{Mutant, with};
use ackscope_sim::run::Run;
use serde_json::Value;

use crate::generate;
use crate::property::{examine, quietly};

/// Checks that pass as long as no rule is wrong.
pub struct Checks {
    random: Vec<u64>,
    documents: Vec<Document>,
    recorded: Vec<(String, Value)>,
}

impl Checks {
    /// All of them, without those that fail anyway: so many random runs, and what lies in the workspace at `root`.
    pub fn new(random: u64, root: &Path) -> Checks {
        let recorded = texts(&root.join("crates/golden/runs"), "json");
        let json = |text: String| serde_json::from_str(&text).expect("JSON");
        let mut recorded: Vec<(String, Value)> =
            recorded.into_iter().map(|(name, text)| (name, json(text))).collect();
        recorded.retain(|(_, recorded)| disagreement(recorded).is_none());
        let random = (0..random).filter(|&number| examine(&generate::scenario(number)).wrong.is_empty());
        let counterexamples = texts(&root.join("tests/tests/counterexamples"), "toml").into_iter();
        let documents = counterexamples.map(|(_, text)| Document::parse(&text).expect("a document"));
        let documents = documents.chain(library().iter().map(|entry| entry.document()));
        let mut documents: Vec<(usize, Document)> = documents
            .filter(|document| unmet(document).is_none())
            .map(|document| (cost(&document), document))
            .collect();
        documents.sort_by_key(|(cost, _)| *cost);
        let documents = documents.into_iter().map(|(_, document)| document).collect();
        Checks { random: random.collect(), documents, recorded }
    }

    /// How many there are of each kind.
    pub fn counts(&self) -> [usize; 3] {
        [self.random.len(), self.documents.len(), self.recorded.len()]
    }

    /// What notices that this rule is wrong: the first check of each kind, or of the first kind that does.
    pub fn caught_by(&self, mutant: Mutant, each_kind: bool) -> Vec<String> {
        let kinds: [&dyn Fn() -> Option<String>; 3] = [
            &|| {
                self.random.iter().find_map(|&number| {
                    let wrong = examine(&generate::scenario(number)).wrong.into_iter().next()?;
                    Some(format!("random run {number}: {wrong}"))
                })
            },
            &|| {
                self.documents
                    .iter()
                    .find_map(|document| Some(format!("scenario {}: {}", document.id, unmet(document)?)))
            },
            &|| {
                self.recorded.iter().find_map(|(name, recorded)| {
                    Some(format!("recorded run {name}: {}", disagreement(recorded)?))
                })
            },
        ];
        let mut caught = Vec::new();
        for kind in kinds {
            caught.extend(
                with(mutant, || quietly(kind)).unwrap_or_else(|panic| Some(format!("panic: {panic}"))),
            );
            if !caught.is_empty() && !each_kind {
                break;
            }
        }
        caught
    }
}

/// The files of that kind, by name.
fn texts(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let files =
        std::fs::read_dir(folder).expect("a folder of checks").map(|entry| entry.expect("a file").path());
    let mut texts: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a file"))
        })
        .collect();
    texts.sort();
    texts
}

/// Events of its runs.
fn cost(document: &Document) -> usize {
    document.variants.iter().map(|variant| Run::new(variant.spec.clone()).events as usize).sum()
}

/// The first expectation that does not hold, with the rule as it is now.
fn unmet(document: &Document) -> Option<String> {
    document.variants.iter().filter(|variant| variant.name != "old").find_map(|variant| {
        let outcomes = check(variant, &Run::new(variant.spec.clone()));
        outcomes.into_iter().find(|outcome| !outcome.holds).map(|outcome| outcome.name)
    })
}

/// The first section in which the engine ends otherwise than Kafka did.
fn disagreement(recorded: &Value) -> Option<String> {
    let mut blind = recorded.clone();
    blind.as_object_mut().expect("an object").remove("takes");
    match quietly(|| replay(&blind.to_string())) {
        Ok(Ok(take)) => compare(recorded, &take)
            .into_iter()
            .find_map(|row| Some(format!("{}: {}", row.section, row.difference?))),
        Ok(Err(problem)) => Some(problem.to_string()),
        Err(panic) => Some(panic),
    }
}
