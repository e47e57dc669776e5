//! `ackscope why`: what became of a record, and the chain of causes behind it.

use ackscope_scene::narration::{Narrator, Step};
use ackscope_scene::story::Story;
use ackscope_sim::audit::RecordAudit;
use ackscope_sim::happening::Fact;
use ackscope_sim::ids::RecordId;
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;
use serde::Serialize;

use crate::args::{Args, Failed};
use crate::budget::{Ended, Verdict};
use crate::out::{Out, aside};
use crate::source;
use crate::story::clock;

#[derive(Serialize)]
struct Why<'r> {
    record: u32,
    value: &'r str,
    fate: &'static str,
    marks: Vec<&'static str>,
    /// What it went through.
    life: Vec<Cause>,
    /// From the deciding happening back to what was done from outside.
    causes: Vec<Cause>,
    /// The run ended early.
    stopped: Option<&'r Ended>,
}

#[derive(Serialize)]
struct Cause {
    id: u32,
    at_ns: u64,
    node: String,
    text: String,
}

pub fn why(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    let words = args.exactly(2, "why <id|file> <record>")?;
    let document = source::document(&words[0], args)?;
    let variant = source::variant(&document, args.variant(1)?)?;
    let run = Run::within(variant.spec.clone(), args.budget);
    let ended = Ended::of(&run);
    let verdict = Verdict::of(ended.as_ref(), true);
    aside(ended.as_ref());
    let story = Story::new(&run);
    let found: Vec<&RecordAudit> = find(&run, &story, &words[1])?;
    let narrator = Narrator::new(&run, &story);
    let mut told = Vec::new();
    for audit in found {
        let tell = |step: Step| Cause {
            id: step.happening.0,
            at_ns: step.at.nanos,
            node: run.spec.node_name(run.happening(step.happening).node),
            text: step.sentence.text(),
        };
        let mut causes = audit.decided_by.map_or_else(Vec::new, |id| narrator.why(id));
        // What was done from outside is where it began.
        let done = |step: &Step| matches!(run.happening(step.happening).fact, Fact::ActionDone { .. });
        causes.truncate(causes.iter().position(done).map_or(causes.len(), |place| place + 1));
        told.push(Why {
            record: audit.record.0,
            value: run.ledger.value(audit.record),
            fate: audit.fate.name(),
            marks: marks(audit),
            life: narrator.life(audit.record).into_iter().map(tell).collect(),
            causes: causes.into_iter().map(tell).collect(),
            stopped: ended.as_ref(),
        });
    }
    if args.json {
        out.json(&told)?;
        return Ok(verdict);
    }
    for why in &told {
        let marks = if why.marks.is_empty() { String::new() } else { format!(", {}", why.marks.join(", ")) };
        say!(out, "{} (record {}): {}{marks}", why.value, why.record, why.fate);
        why.life.iter().for_each(|cause| tell(out, "", cause));
        if let Some((decided, causes)) = why.causes.split_first() {
            say!(out, "decided by");
            tell(out, "", decided);
            causes.iter().for_each(|cause| tell(out, "because: ", cause));
        }
    }
    Ok(verdict)
}

fn tell(out: &mut Out, mark: &str, cause: &Cause) {
    let at = clock(Time { nanos: cause.at_ns });
    out.paragraph(&format!("{at:>9}  {mark}"), &cause.text);
}

/// By value (`w00000003`), by the name that the story uses (`w3`), or by number (`17`).
fn find<'r>(run: &'r Run, story: &Story, name: &str) -> Result<Vec<&'r RecordAudit>, Failed> {
    let is_named = |record| run.ledger.value(record) == name || &*story.record(record).name == name;
    let named: Vec<&RecordAudit> = run.audit.records.iter().filter(|audit| is_named(audit.record)).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let numbered = name.parse().ok().and_then(|number: usize| run.audit.records.get(number));
    numbered.map(|audit| vec![audit]).ok_or_else(|| {
        let first = run.audit.records.first().map(|audit| audit.record).unwrap_or(RecordId(0));
        let example = if run.ledger.is_empty() { "" } else { run.ledger.value(first) };
        Failed(format!(
            "no record {name:?} in this run; accepted: a value such as {example:?}, or a number below {}",
            run.ledger.len()
        ))
    })
}

pub fn marks(audit: &RecordAudit) -> Vec<&'static str> {
    let marks =
        [(audit.duplicated, "duplicated"), (audit.reordered, "reordered"), (audit.vanished, "vanished")];
    marks.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}
