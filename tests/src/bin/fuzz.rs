//! Examines random runs: `--runs N` of them, from number `--seed S` on. Run by `cargo xtask fuzz`.

use std::path::Path;
use std::process::ExitCode;

use ackscope_tests::fuzz::fuzz;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str, otherwise: u64| match args.iter().position(|arg| arg == name) {
        Some(place) => args.get(place + 1).and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            eprintln!("{name} needs a number");
            std::process::exit(2)
        }),
        None => otherwise,
    };
    let (runs, first, enough) = (value("--runs", 1_000), value("--seed", 0), value("--failures", 10));
    let folder = Path::new("target/fuzz");
    let fuzzed = fuzz(first..first + runs, folder, enough as usize, |number| {
        if (number + 1 - first).is_multiple_of(1_000) {
            eprintln!("{} runs", number + 1 - first);
        }
    });
    for (name, count) in &fuzzed.occurred {
        println!("{count:>7}  {name}");
    }
    for failure in &fuzzed.failures {
        println!("\n{}", failure.report());
    }
    println!("{} runs, {} failures", fuzzed.runs, fuzzed.failures.len());
    if fuzzed.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
