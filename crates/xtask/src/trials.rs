//! `cargo xtask fuzz` (random runs, settings at their limits) and `mutants`: binaries of the test crate, built as the tests
//! are.

use crate::{Result, exec};

/// Random runs; the arguments are the binary's own.
pub fn fuzz(args: &[String]) -> Result<()> {
    if let Some(odd) =
        args.iter().step_by(2).find(|arg| !["--runs", "--seed", "--failures"].contains(&arg.as_str()))
    {
        return Err(format!(
            "`fuzz` got {odd:?}; it accepts --runs <n>, --seed <n> and --failures <n>, or --inputs <minutes>"
        ));
    }
    if !args.len().is_multiple_of(2)
        || args.iter().skip(1).step_by(2).any(|value| value.parse::<u64>().is_err())
    {
        return Err("`fuzz` needs a number after --runs, --seed and --failures".to_owned());
    }
    exec::run(binary("fuzz").arg("--").args(args))
}

/// Settings at their limits.
pub fn settings(args: &[String]) -> Result<()> {
    let is_part = |part: &str| {
        let numbers = part.split_once('/').and_then(|(k, n)| Some((k.parse::<u32>().ok()?, n.parse().ok()?)));
        numbers.is_some_and(|(k, n)| k < n)
    };
    let mut rest = args.iter().map(String::as_str);
    while let Some(arg) = rest.next() {
        let is_known = match arg {
            "--pairs" | "--hasty" => true,
            "--part" => rest.next().is_some_and(is_part),
            _ => false,
        };
        if !is_known {
            let accepts = "it accepts --pairs, --hasty and --part <k>/<n>, k from 0 to n - 1";
            return Err(format!("`fuzz --settings` got {:?}; {accepts}", args.join(" ")));
        }
    }
    exec::run(binary("limits").arg("--").args(args))
}

/// Wrong rules.
pub fn mutants(args: &[String]) -> Result<()> {
    if let Some(odd) = args.iter().find(|&arg| arg != "--all") {
        return Err(format!("`mutants` got {odd:?}; it accepts --all"));
    }
    exec::run(binary("mutants").args(["--features", "mutants", "--"]).args(args))
}

fn binary(name: &str) -> std::process::Command {
    let mut command = exec::cargo();
    command.args(["run", "--quiet", "--package", "ackscope-tests", "--bin", name]);
    command
}
