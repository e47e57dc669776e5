//! `ackscope list`: the library.

use ackscope_scenario::library::{family_title, library};
use ackscope_sim::order::distinct;
use serde::Serialize;

use crate::args::{Args, Failed};
use crate::budget::Verdict;
use crate::out::Out;

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    family: &'a str,
    family_title: &'a str,
    title: &'a str,
    question: &'a str,
    promise: &'a str,
    kafka: &'a str,
    variants: Vec<&'a str>,
    rules: &'a [String],
    recorded: Vec<&'a str>,
}

pub fn list(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    args.exactly(0, "list [--json]")?;
    let documents: Vec<_> = library().iter().map(|entry| entry.document()).collect();
    if args.json {
        let listed: Vec<Listed<'_>> = documents
            .iter()
            .map(|document| Listed {
                id: &document.id,
                family: &document.family,
                family_title: family_title(&document.family),
                title: &document.title,
                question: &document.question,
                promise: &document.promise,
                kafka: document.variants[0].spec.version.name(),
                variants: document
                    .variants
                    .iter()
                    .map(|variant| variant.name.as_str())
                    .filter(|name| !name.is_empty())
                    .collect(),
                rules: &document.rules,
                recorded: distinct(
                    document.variants.iter().flat_map(|variant| &variant.recorded).map(|it| it.name.as_str()),
                ),
            })
            .collect();
        return out.json(&listed).map(|()| Verdict::Holds);
    }
    let mut family = None;
    for document in &documents {
        if family != Some(&document.family) {
            if family.is_some() {
                out.line("");
            }
            out.line(family_title(&document.family));
            family = Some(&document.family);
        }
        say!(out, "  {}", document.id);
        out.paragraph("      ", &document.promise);
    }
    Ok(Verdict::Holds)
}
