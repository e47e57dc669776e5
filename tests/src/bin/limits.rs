//! Examines settings at their limits, in every release, on five clusters: `--pairs` two settings at zero instead of one at each
//! limit, `--hasty` without latencies and costs, `--part K/N` every Nth case from the Kth on.

use std::process::ExitCode;

use ackscope_tests::limits::{examine, pairs, singles};

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |name| args.iter().position(|arg| arg == name).map(|place| args.remove(place)).is_some();
    let (of_two, hasty) = (flag("--pairs"), flag("--hasty"));
    let (part, parts) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (0, 1),
        ["--part", part] => match part.split_once('/').map(|(part, of)| (part.parse(), of.parse())) {
            Some((Ok(part), Ok(parts))) if part < parts => (part, parts),
            _ => return usage(),
        },
        _ => return usage(),
    };
    //HOOK std::panic::set_hook(Box::new(|_| {})); // it is told below
    let cases = if of_two { pairs(hasty) } else { singles(hasty) };
    let tally = examine(cases.into_iter().skip(part).step_by(parts));
    tally.at_bound.iter().for_each(|case| println!("at the bound: {}", case.name()));
    tally.wrong.iter().for_each(|wrong| println!("wrong: {wrong}"));
    println!("{}", tally.summary());
    if tally.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: limits [--pairs] [--hasty] [--part K/N], K from 0 to N - 1");
    ExitCode::from(2)
}
