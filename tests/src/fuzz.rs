//! Random runs, examined one after the other; what fails is made small and written down as a scenario.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ackscope_sim::invariants::When;

use crate::plan::Plan;
use crate::property::examine;
use crate::{generate, shrink};

/// Runs that are tried to make one failure small.
const ATTEMPTS: u32 = 600;

#[derive(Debug)]
pub struct Failure {
    pub number: u64,
    /// What is wrong with the run as it was drawn.
    pub wrong: Vec<String>,
    pub file: PathBuf,
    pub small: Plan,
}

impl Failure {
    /// What is wrong, and the line that plays it again.
    pub fn report(&self) -> String {
        let what: Vec<String> = self.wrong.iter().map(|wrong| format!("  {wrong}")).collect();
        format!(
            "scenario {}:\n{}\n  replay: ackscope run {}\n",
            self.number,
            what.join("\n"),
            self.file.display()
        )
    }
}

#[derive(Debug, Default)]
pub struct Fuzzed {
    pub runs: u64,
    pub failures: Vec<Failure>,
    /// In how many runs each of the happenings that are hoped for did happen.
    pub occurred: BTreeMap<&'static str, u64>,
}

/// Examines these scenarios; failures are written into `folder`. No more than `enough` failures are made small.
pub fn fuzz(numbers: Range<u64>, folder: &Path, enough: usize, mut progress: impl FnMut(u64)) -> Fuzzed {
    let mut fuzzed = Fuzzed::default();
    for number in numbers {
        let plan = generate::plan(number);
        let examined = examine(&plan.spec());
        fuzzed.runs += 1;
        for row in examined.rows.iter().filter(|row| row.when == When::DidOccur) {
            *fuzzed.occurred.entry(row.name).or_default() += u64::from(row.violated.is_none());
        }
        if !examined.wrong.is_empty() {
            let failure = write_down(&plan, examined.wrong, folder);
            fuzzed.failures.push(failure);
            if fuzzed.failures.len() >= enough {
                break;
            }
        }
        progress(number);
    }
    fuzzed
}

fn write_down(plan: &Plan, wrong: Vec<String>, folder: &Path) -> Failure {
    let kind = kind(&wrong[0]).to_owned();
    let small = shrink::shrink(plan, ATTEMPTS, |plan| {
        let Some(spec) = plan.try_spec() else { return false };
        examine(&spec).wrong.iter().any(|wrong| wrong.starts_with(&kind))
    });
    let file = folder.join(format!("generated-{}.toml", plan.seed));
    let comment: String = wrong.iter().map(|wrong| format!("# {}\n", wrong.replace('\n', " "))).collect();
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, comment + &small.toml()))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
    Failure { number: plan.seed, wrong, file, small }
}

/// The sentence without its particulars: numbers and what is in brackets.
fn kind(wrong: &str) -> &str {
    let wrong = wrong.split(" (").next().unwrap_or(wrong);
    wrong.split(|c: char| c.is_ascii_digit()).next().unwrap_or(wrong)
}
