//! Does anybody notice when a rule is wrong? One line for each wrong rule; `--all`: one for each kind of check. Run by
//! `cargo xtask mutants`.

use std::path::Path;
use std::process::ExitCode;

use ackscope_sim::mutant::Mutant;
use ackscope_tests::mutants::Checks;

fn main() -> ExitCode {
    let each_kind = std::env::args().any(|arg| arg == "--all");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let checks = Checks::new(300, &root);
    let [random, documents, recorded] = checks.counts();
    println!(
        "{random} random runs, {documents} scenarios, {recorded} recorded runs pass with every rule right\n"
    );
    let mut caught = 0;
    for &mutant in Mutant::ALL {
        let by = checks.caught_by(mutant, each_kind);
        caught += usize::from(!by.is_empty());
        println!("{mutant:?}: {}", mutant.sentence());
        match by.is_empty() {
            true => println!("  NOT CAUGHT"),
            false => by.iter().for_each(|by| println!("  caught by {}", shortened(by))),
        }
    }
    println!("\n{caught} of {} caught", Mutant::ALL.len());
    if caught == Mutant::ALL.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(160).collect();
    if cut.len() < line.len() { cut + " …" } else { cut }
}
