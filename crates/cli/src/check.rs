//! `ackscope check`: every variant of every document held against what it expects.

use ackscope_scenario::{Document, Outcome, check as hold, compare};
use ackscope_sim::run::Run;
use serde::Serialize;

use crate::args::{Args, Failed, SEEDS};
use crate::budget::{Ended, Verdict};
use crate::out::{Out, aside};
use crate::report::{Said, said};
use crate::source;

#[derive(Serialize)]
struct Checked {
    id: String,
    holds: bool,
    variants: Vec<CheckedVariant>,
    compare: Vec<Said>,
}

#[derive(Serialize)]
struct CheckedVariant {
    variant: String,
    seed: u64,
    trace_hash: String,
    holds: bool,
    /// The run ended early: nothing is decided.
    stopped: Option<Ended>,
    expect: Vec<Said>,
}

impl Checked {
    fn verdict(&self) -> Verdict {
        let all = self.variants.iter().map(|variant| Verdict::of(variant.stopped.as_ref(), self.holds));
        all.max().unwrap_or(Verdict::Holds)
    }
}

pub fn check(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    if args.words.is_empty() {
        return Err(Failed("found no scenario; accepted: check <id|file>…".to_owned()));
    }
    let mut all = Vec::new();
    for name in &args.words {
        let document = source::document(name, args)?;
        if let Some(variant) = document.variants.iter().find(|variant| variant.expectations.is_empty()) {
            let which = if variant.name.is_empty() { String::new() } else { format!(" ({})", variant.name) };
            return Err(Failed(format!(
                "{name}{which} expects nothing; accepted: a table [expect] with sentences"
            )));
        }
        let checked = check_document(&document, args, document.variants[0].spec.seed)?;
        if !args.json {
            tell(out, &checked);
        }
        all.push(checked);
        for more in 1..=args.seeds {
            let seed = (document.variants[0].spec.seed + more) & SEEDS.end();
            let checked = check_document(&document, args, seed)?;
            if !args.json && !checked.holds {
                tell(out, &checked);
            }
            all.push(checked);
        }
    }
    let verdict = all.iter().map(Checked::verdict).max().unwrap_or(Verdict::Holds);
    if args.json {
        out.json(&all)?;
        all.iter().flat_map(|checked| &checked.variants).for_each(|variant| aside(variant.stopped.as_ref()));
    } else if args.words.len() > 1 || args.seeds > 0 {
        let broken = all.iter().filter(|checked| !checked.holds).count();
        say!(out, "{} of {} hold", all.len() - broken, all.len());
    }
    Ok(verdict)
}

fn check_document(document: &Document, args: &Args, seed: u64) -> Result<Checked, Failed> {
    for name in &args.variants {
        source::variant(document, Some(name))?;
    }
    let mut variants = Vec::new();
    let mut runs = Vec::new();
    for variant in &document.variants {
        if !args.variants.is_empty() && !args.variants.contains(&variant.name) {
            continue;
        }
        let mut spec = variant.spec.clone();
        spec.seed = seed;
        let run = Run::within(spec, args.budget);
        let outcomes = hold(variant, &run);
        variants.push(CheckedVariant {
            variant: variant.name.clone(),
            seed,
            trace_hash: run.trace_hash(),
            holds: outcomes.iter().all(|outcome| outcome.holds),
            stopped: Ended::of(&run),
            expect: said(&outcomes),
        });
        runs.push(run);
    }
    // Side by side only what is all there.
    let compared: Vec<Outcome> =
        if runs.len() == document.variants.len() { compare(document, &runs) } else { Vec::new() };
    let holds = variants.iter().all(|variant| variant.holds) && compared.iter().all(|outcome| outcome.holds);
    Ok(Checked { id: document.id.clone(), holds, variants, compare: said(&compared) })
}

fn tell(out: &mut Out, checked: &Checked) {
    for variant in &checked.variants {
        let which = if variant.variant.is_empty() { String::new() } else { format!(", {}", variant.variant) };
        say!(out, "{}{which} (seed {})", checked.id, variant.seed);
        match &variant.stopped {
            Some(ended) => out.paragraph("  STOPPED ", &ended.said),
            None => variant.expect.iter().for_each(|said| tell_one(out, said)),
        }
    }
    let stopped = checked.variants.iter().any(|variant| variant.stopped.is_some());
    if !checked.compare.is_empty() && !stopped {
        say!(out, "{}, side by side", checked.id);
        checked.compare.iter().for_each(|said| tell_one(out, said));
    }
    out.flush();
}

pub fn tell_one(out: &mut Out, said: &Said) {
    let (mark, found) = match said.holds {
        true => ("  ok    ", String::new()),
        false => ("  FAILS ", format!(": {}", said.found)),
    };
    out.paragraph(mark, &format!("{}{found}", said.name));
}
