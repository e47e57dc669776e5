//! `ackscope`: scenario documents in a terminal. Reads the command line, hands over, prints, exits.

#[macro_use]
mod out;

mod args;
mod budget;
mod check;
mod link;
mod list;
mod render;
mod replay;
mod report;
mod run;
mod source;
mod story;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use ackscope_sim::run::budget::Budget;
use args::{Args, Failed};
use budget::Verdict;
use out::Out;

const USAGE: &str = "\
ackscope: what an Apache Kafka configuration does when things fail, record by record

  ackscope list [--json]                     the built-in scenarios
  ackscope run <id|file> [--json]            the story of a run, and its expectations
  ackscope check <id|file>…                  checks every variant against its expectations
  ackscope why <id|file> <record>            what happened to a record, and why
  ackscope compare <id|file> <id|file>       two runs side by side
  ackscope link <id|file>                    the address fragment that opens it in the page
  ackscope render <id|file>                  the timeline of a run as a picture (SVG)
  ackscope replay <recorded run>             repeats a recorded run of a real cluster here

  --variant NAME    one of the variants of a document (compare takes it twice)
  --seed N          another seed
  --theme NAME      render: light, dark or system (follows the reader's system)
  --width PIXELS    render: how wide the picture is, 320 to 4000
  --slim            render: lanes as life lines, logs only where nothing happens
  --until TIME      end the run there, e.g. --until \"12 s\"
  --set PATH=VALUE  changes a value, e.g. --set producer.p.config.acks=all
  --seeds N         check: each variant also with N other seeds
  --happenings      run --json: with every happening
  --all             run: every step of the story
  --budget NAME=N   the limits of a run, e.g. --budget events=4000000,memory=512MiB
  --json            standard output is JSON and nothing else (see SCHEMA.md)

The exit code is 0 if all expectations hold, 1 if one does not, 2 for
a mistake in the command, a document or a file, 3 if a run ended early.";

/// What each command has a use for; None: there is no such command.
fn options(command: &str) -> Option<&'static [&'static str]> {
    Some(match command {
        "list" => &["--json"],
        "run" => &["--json", "--happenings", "--all", "--variant", "--seed", "--until", "--set", "--budget"],
        "check" => &["--json", "--variant", "--seed", "--seeds", "--until", "--set", "--budget"],
        "why" => &["--json", "--variant", "--seed", "--until", "--set", "--budget"],
        "link" => &["--json", "--variant", "--seed", "--until", "--set"],
        "compare" => &["--json", "--happenings", "--variant", "--seed", "--until", "--set", "--budget"],
        "render" => &["--theme", "--width", "--slim", "--variant", "--seed", "--until", "--set", "--budget"],
        "replay" => &["--json", "--seed", "--budget"],
        "help" => &[],
        _ => return None,
    })
}

fn main() -> ExitCode {
    let mut out = Out::new();
    let done = command(&mut out);
    match out.finish().and(done) {
        Ok(verdict) => ExitCode::from(verdict.code()),
        Err(failed) => {
            out::complain(&failed);
            ExitCode::from(2)
        }
    }
}

fn command(out: &mut Out) -> Result<Verdict, Failed> {
    let words: Result<Vec<String>, Failed> = std::env::args_os().skip(1).map(text).collect();
    let mut words = words?;
    if words.is_empty() || words.iter().any(|word| word == "--help" || word == "-h") {
        words = vec!["help".to_owned()];
    }
    let command = words.remove(0);
    let args = Args::read(words)?;
    args.only(&command, options(&command))?;
    match command.as_str() {
        "list" => list::list(&args, out),
        "run" => run::run(&args, out),
        "check" => check::check(&args, out),
        "why" => why::why(&args, out),
        "compare" => run::compare(&args, out),
        "link" => link::link(&args, out),
        "render" => render::render(&args, out),
        "replay" => replay::replay(&args, out),
        "help" => {
            args.exactly(0, "help")?;
            USAGE.lines().for_each(|line| out.line(line));
            let Budget { events, records, memory } = Budget::default();
            say!(
                out,
                "Without --budget a run may use {events} events, {records} records and {} MiB of memory.",
                memory >> 20
            );
            Ok(Verdict::Holds)
        }
        _ => Err(Failed(format!(
            "there is no command {command:?}; accepted: list, run, check, why, compare, link, render, replay, help"
        ))),
    }
}

fn text(word: OsString) -> Result<String, Failed> {
    word.into_string().map_err(|word| {
        Failed(format!("found an argument that is not UTF-8: {word:?}; accepted: text in UTF-8"))
    })
}
