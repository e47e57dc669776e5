//! The trace hashes that must be the same natively and in the browser: a hundred random scenarios and the whole library.

use ackscope_scenario::library::library;
use ackscope_sim::run::Run;

use crate::generate;

const GENERATED: u64 = 100;

/// One line each: what was run, and its hash.
pub fn all() -> String {
    let generated = (0..GENERATED)
        .map(|number| line(&format!("generated {number}"), Run::new(generate::scenario(number))));
    let built_in = library().iter().flat_map(|entry| {
        let document = entry.document();
        let names: Vec<String> = document.variants.iter().map(|variant| variant.name.clone()).collect();
        names.into_iter().map(move |name| {
            let spec = document.spec(&name).expect("a variant of its own");
            line(&format!("{} {name}", document.id), Run::new(spec))
        })
    });
    generated.chain(built_in).collect()
}

fn line(what: &str, run: Run) -> String {
    format!("{what}: {}\n", run.trace_hash())
}
