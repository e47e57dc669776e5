//! `ackscope run` and `compare`: one run, or two side by side.

use ackscope_scenario::{Variant, check, in_short};
use ackscope_scene::narration::Narrator;
use ackscope_scene::story::Story;
use ackscope_sim::audit::{Fate, Totals};
use ackscope_sim::invariants::{Row, run_inspected};
use ackscope_sim::run::Run;

use crate::args::{Args, Failed};
use crate::budget::{Ended, Verdict};
use crate::check::tell_one;
use crate::out::{Out, aside};
use crate::report::{Report, said};
use crate::source;
use crate::story::{print, tell};

pub fn run(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    let name = &args.exactly(1, "run <id|file> [--variant NAME] [--json]")?[0];
    let document = source::document(name, args)?;
    let variant = source::variant(&document, args.variant(1)?)?;
    let (run, rows) = run_for(args, variant);
    let outcomes = check(variant, &run);
    let ended = Ended::of(&run);
    let verdict = Verdict::of(ended.as_ref(), outcomes.iter().all(|outcome| outcome.holds));
    if args.json {
        out.json(&Report::of(&document.id, variant, &run, rows, &outcomes, args.happenings))?;
        aside(ended.as_ref());
        return Ok(verdict);
    }
    let which = if variant.name.is_empty() { String::new() } else { format!(" ({})", variant.name) };
    out.paragraph(
        "",
        &format!("{}{which}, Kafka {}, seed {}", variant.title, run.spec.version.name(), run.spec.seed),
    );
    if !variant.question.is_empty() {
        out.paragraph("", &variant.question);
    }
    out.line("");
    for settings in &variant.settings {
        for notice in &settings.notices {
            let now = notice.now.as_ref().map_or(String::new(), |now| format!(" is {now}"));
            out.paragraph("  ", &format!("{}: {}{now}: {}", settings.of, notice.key, notice.why));
        }
        if !settings.without_effect.is_empty() {
            let keys = settings.without_effect.join(", ");
            out.paragraph("  ", &format!("{}: known to Kafka, no effect here: {keys}", settings.of));
        }
    }
    let story = Story::new(&run);
    let narrator = Narrator::new(&run, &story);
    print(out, narrator, &tell(&run, narrator, variant, args.all));
    out.line("");
    out.paragraph("", &balance(&run.audit.totals));
    for line in by_fate(&run) {
        out.paragraph("  ", &line);
    }
    if let Some(ended) = ended {
        out.line("");
        out.paragraph("", &ended.said);
    } else if !outcomes.is_empty() {
        out.line("");
        said(&outcomes).iter().for_each(|said| tell_one(out, said));
    }
    out.line("");
    say!(out, "trace {}", run.trace_hash());
    Ok(verdict)
}

/// Only JSON tells what the invariants say.
fn run_for(args: &Args, variant: &Variant) -> (Run, Vec<Row>) {
    let (spec, budget) = (variant.spec.clone(), args.budget);
    if args.json { run_inspected(spec, budget) } else { (Run::within(spec, budget), Vec::new()) }
}

/// `15 sent, 15 acknowledged: 10 kept, 5 acknowledged and lost`.
fn balance(totals: &Totals) -> String {
    let parts = [
        (totals.kept, "kept"),
        (totals.acked_lost, "acknowledged and lost"),
        (totals.acked_unavailable, "acknowledged and out of reach"),
        (totals.failed_absent, "failed and absent"),
        (totals.failed_kept, "failed, but kept"),
        (totals.never_sent, "never sent"),
        (totals.undecided, "undecided"),
        (totals.duplicated, "stored twice"),
        (totals.reordered, "out of order"),
        (totals.vanished, "read and then lost"),
        (totals.skipped, "skipped by a consumer"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{} sent, {} acknowledged: {}", totals.offered, totals.acked, told.join(", "))
}

fn by_fate(run: &Run) -> Vec<String> {
    let told = Fate::ALL.into_iter().filter_map(|fate| {
        let names: Vec<&str> = run
            .audit
            .records
            .iter()
            .filter(|record| record.fate == fate)
            .map(|record| run.ledger.value(record.record))
            .collect();
        (!names.is_empty()).then(|| format!("{}: {}", fate.name(), in_short(names)))
    });
    told.collect()
}

pub fn compare(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    let names = args.exactly(2, "compare <id|file> <id|file> [--variant NAME]…")?;
    let mut sides: Vec<(String, Variant, Run)> = Vec::new();
    let mut inspections = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let document = source::document(name, args)?;
        // One name holds for both; of two, each its own.
        let chosen = args.variants.get(place).or(args.variant(2)?);
        let variant = source::variant(&document, chosen)?.clone();
        let (run, rows) = run_for(args, &variant);
        inspections.push(rows);
        let title = if variant.name.is_empty() {
            document.id.clone()
        } else {
            format!("{} {}", document.id, variant.name)
        };
        sides.push((title, variant, run));
    }
    let outcomes: Vec<_> = sides.iter().map(|(_, variant, run)| check(variant, run)).collect();
    let ended: Vec<Option<Ended>> = sides.iter().map(|(_, _, run)| Ended::of(run)).collect();
    let verdicts = ended
        .iter()
        .zip(&outcomes)
        .map(|(ended, outcomes)| Verdict::of(ended.as_ref(), outcomes.iter().all(|outcome| outcome.holds)));
    let verdict = verdicts.max().unwrap_or(Verdict::Holds);
    if args.json {
        let reports: Vec<Report<'_>> = sides
            .iter()
            .zip(inspections)
            .zip(&outcomes)
            .map(|(((title, variant, run), rows), outcomes)| {
                Report::of(title, variant, run, rows, outcomes, args.happenings)
            })
            .collect();
        out.json(&reports)?;
        ended.iter().for_each(|ended| aside(ended.as_ref()));
        return Ok(verdict);
    }
    let [(left_title, _, left), (right_title, _, right)] = &sides[..] else {
        unreachable!("two names were asked for")
    };
    let mut row = |what: &str, left: &str, right: &str| say!(out, "{what:<26}{left:>26}{right:>26}");
    row("", &shortened(left_title), &shortened(right_title));
    let (a, b) = (&left.audit, &right.audit);
    for (what, read) in TOTALS {
        let (left, right) = (read(&a.totals), read(&b.totals));
        if left > 0 || right > 0 {
            row(what, &left.to_string(), &right.to_string());
        }
    }
    for (what, left, right) in [
        ("latency p50", a.latency.p50_us, b.latency.p50_us),
        ("latency p99", a.latency.p99_us, b.latency.p99_us),
        ("latency max", a.latency.max_us, b.latency.max_us),
    ] {
        row(
            what,
            &format!("{}.{:03} ms", left / 1_000, left % 1_000),
            &format!("{}.{:03} ms", right / 1_000, right % 1_000),
        );
    }
    let longest = |run: &Run| {
        let spans = run.audit.availability.iter().map(|gap| gap.to.since(gap.from));
        spans.max().unwrap_or_default().to_string()
    };
    row("longest without a leader", &longest(left), &longest(right));
    for (((title, ..), outcomes), ended) in sides.iter().zip(&outcomes).zip(&ended) {
        out.line("");
        out.line(title);
        match ended {
            Some(ended) => out.paragraph("  STOPPED ", &ended.said),
            None => said(outcomes).iter().for_each(|said| tell_one(out, said)),
        }
    }
    Ok(verdict)
}

fn shortened(title: &str) -> String {
    let count = title.chars().count();
    if count <= 25 { title.to_owned() } else { title.chars().skip(count - 25).collect() }
}

type ReadTotal = fn(&Totals) -> u32;

const TOTALS: [(&str, ReadTotal); 13] = [
    ("sent", |totals| totals.offered),
    ("acknowledged", |totals| totals.acked),
    ("kept", |totals| totals.kept),
    ("acknowledged and lost", |totals| totals.acked_lost),
    ("ack. and out of reach", |totals| totals.acked_unavailable),
    ("failed and absent", |totals| totals.failed_absent),
    ("failed, but kept", |totals| totals.failed_kept),
    ("never sent", |totals| totals.never_sent),
    ("stored twice", |totals| totals.duplicated),
    ("out of order", |totals| totals.reordered),
    ("delivered", |totals| totals.delivered),
    ("skipped", |totals| totals.skipped),
    ("read and then lost", |totals| totals.vanished),
];
