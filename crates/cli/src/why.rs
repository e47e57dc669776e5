//! `ackscope why`: what became of a record, and the chain of causes behind it.

use ackscope_sim::audit::RecordAudit;
use ackscope_sim::happening::Fact;
use ackscope_sim::ids::{BatchId, HappeningId, NodeId, Offset, Partition, RecordId};
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;
use serde::Serialize;

use crate::args::{Args, Failed};
use crate::budget::{Ended, Verdict};
use crate::out::{Out, aside};
use crate::source;
use crate::story::{clock, sentence};

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
    let found: Vec<&RecordAudit> = find(&run, &words[1])?;
    let mut told = Vec::new();
    for audit in found {
        let tell = |id: HappeningId| {
            let happening = run.happening(id);
            Cause {
                id: id.0,
                at_ns: happening.at.nanos,
                node: run.spec.node_name(happening.node),
                text: sentence(&run, variant, happening),
            }
        };
        told.push(Why {
            record: audit.record.0,
            value: run.ledger.value(audit.record),
            fate: audit.fate.name(),
            marks: marks(audit),
            life: life(&run, audit.record).into_iter().map(tell).collect(),
            causes: chain(&run, audit).into_iter().map(tell).collect(),
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
            causes.iter().for_each(|cause| tell(out, "because ", cause));
        }
    }
    Ok(verdict)
}

fn tell(out: &mut Out, mark: &str, cause: &Cause) {
    let at = clock(Time { nanos: cause.at_ns });
    out.paragraph(&format!("{at:>9}  {mark}"), &cause.text);
}

/// By value (`w3`) or by number (`17`).
fn find<'r>(run: &'r Run, name: &str) -> Result<Vec<&'r RecordAudit>, Failed> {
    let named: Vec<&RecordAudit> =
        run.audit.records.iter().filter(|audit| run.ledger.value(audit.record) == name).collect();
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

/// The deciding happening and its causes, down to what was done from outside; messages that merely arrived are left out.
fn chain(run: &Run, audit: &RecordAudit) -> Vec<HappeningId> {
    let Some(decided) = audit.decided_by else { return Vec::new() };
    let mut chain = Vec::new();
    for happening in run.causes(decided).take(40) {
        if !matches!(happening.fact, Fact::MessageArrived { .. }) {
            chain.push(happening.id);
        }
        if matches!(happening.fact, Fact::ActionDone { .. }) {
            break;
        }
    }
    chain
}

/// Where the record went: its batches, the logs they were written to and cut from, its answers and deliveries.
fn life(run: &Run, record: RecordId) -> Vec<HappeningId> {
    let mut batches: Vec<BatchId> = Vec::new();
    let mut logs: Vec<(NodeId, Partition, Offset)> = Vec::new();
    let mut life = Vec::new();
    for happening in &run.happenings {
        let concerns = match &happening.fact {
            Fact::SendCalled { record: own }
            | Fact::SendBlocked { record: own, .. }
            | Fact::Acknowledged { record: own, .. }
            | Fact::SendFailed { record: own, .. }
            | Fact::Delivered { record: own, .. } => *own == record,
            Fact::Buffered { record: own, batch, .. } => {
                if *own == record {
                    batches.push(*batch);
                }
                *own == record
            }
            Fact::BatchSplit { batch, into } if batches.contains(batch) => {
                batches.extend(into);
                true
            }
            Fact::Appended { partition, base_offset, batch, .. } if batches.contains(batch) => {
                logs.push((happening.node, *partition, *base_offset));
                true
            }
            Fact::BatchDrained { batch, .. }
            | Fact::BatchRetried { batch, .. }
            | Fact::BatchExpired { batch, .. }
            | Fact::DuplicateRecognised { batch, .. }
            | Fact::ProduceRefused { batch, .. } => batches.contains(batch),
            Fact::Truncated { partition, to, .. } => {
                let before = logs.len();
                logs.retain(|(node, held, offset)| {
                    (*node, *held) != (happening.node, *partition) || offset < to
                });
                logs.len() < before
            }
            _ => false,
        };
        if concerns {
            life.push(happening.id);
        }
    }
    life
}

pub fn marks(audit: &RecordAudit) -> Vec<&'static str> {
    let marks =
        [(audit.duplicated, "duplicated"), (audit.reordered, "reordered"), (audit.vanished, "vanished")];
    marks.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}
