//! `cargo xtask <command>`: everything that is done to this repository, behind one word each.
//! Reads the command line and hands over; the work is in the modules.

mod arrows;
mod bench;
mod browser;
mod build;
mod circles;
mod citations;
mod doctor;
mod exec;
mod inputs;
mod install;
mod lighthouse;
mod npm;
mod policy;
mod serve;
mod shots;
mod side_page;
mod stages;
mod tools;
mod trials;
mod wasm_opt;
mod weigh;
mod words;

use std::process::ExitCode;

/// What every part of xtask returns: either it worked, or a sentence says what to do.
type Result<T, E = String> = std::result::Result<T, E>;

const USAGE: &str = "\
cargo xtask <command>

  serve    set up what is missing, then serve the page at http://127.0.0.1:8080/
             --release      serve what `build` makes instead of the quick development build
             --port <n>     another port
             --open         open a browser window, too
  test     everything that must hold, with one summary line per stage at the end
             [stage …]      only these stages
  check    the quick part of `test`: no web build, no browser
             [stage …]      only these stages
  build    the static site in dist/, and the size of its initial download
  bench    the engine's speed, native and in the browser, as ratios to a bare queue; what a frame of the page costs;
           Lighthouse's marks
             --json         the numbers as JSON on standard output
  fuzz     random runs in which everything that must hold is checked; what fails becomes a scenario file
             --runs <n>     how many (1000)
             --seed <n>     the number of the first one (0)
             --failures <n> stop after so many (10)
             --inputs <minutes>  instead: the fuzz targets for links, documents, pasted files, recordings and embeds;
                                 needs a nightly toolchain (--target <name>: only one)
             --settings     instead: every setting at its limits, in every release, on five clusters (--pairs: every two
                            numbers at zero; --hasty: without latencies and costs; --part K/N: every Nth case)
  mutants  wrong rules, and which check notices each
             --all          the first check of every kind that does
  shots    the documentation's pictures of the page in dist/
  doctor   what is installed, in which version, and how to get what is missing
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\n{}", exec::bold(&format!("xtask: {problem}")));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let (command, rest) = match args {
        [] => return Err(format!("no command given; what there is:\n\n{USAGE}")),
        [command, rest @ ..] => (command.as_str(), rest),
    };
    if matches!(command, "help" | "-h" | "--help") || rest.iter().any(|arg| arg == "-h" || arg == "--help") {
        print!("{USAGE}\n{}", stages::help());
        return Ok(());
    }
    match command {
        "serve" => serve::run(&serve::Options::parse(rest)?),
        "test" => stages::run(stages::TEST, rest),
        "check" => stages::run(stages::CHECK, rest),
        "build" => no_arguments(command, rest).and_then(|()| build::run()),
        "bench" => bench::run(bench::parse(rest)?),
        "fuzz" if rest.iter().any(|arg| arg == "--inputs") => inputs::run(rest),
        "fuzz" if rest.first().is_some_and(|arg| arg == "--settings") => trials::settings(&rest[1..]),
        "fuzz" => trials::fuzz(rest),
        "mutants" => trials::mutants(rest),
        "shots" => no_arguments(command, rest).and_then(|()| shots::run()),
        "doctor" => no_arguments(command, rest).and_then(|()| doctor::run()),
        other => Err(format!("unknown command {other:?}; what there is:\n\n{USAGE}")),
    }
}

fn no_arguments(command: &str, rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(argument) => Err(format!("`cargo xtask {command}` takes no arguments, but got {argument:?}")),
    }
}

#[cfg(test)]
mod tests {
    fn refused(line: &str) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        super::run(&args).expect_err("must be refused")
    }

    #[test]
    fn bad_arguments_are_named_with_what_would_be_accepted() {
        assert!(refused("biuld").starts_with("unknown command \"biuld\""));
        assert!(refused("biuld").contains("build    the static site"));
        assert!(refused("build --fast").contains("takes no arguments, but got \"--fast\""));
        assert!(
            refused("serve --port many").contains("--port needs a number from 1 to 65535, but got \"many\"")
        );
        assert!(refused("serve --prot 1").contains("accepts --release, --port <n> and --open"));
        assert!(refused("bench --xml").contains("it accepts --json"));
        assert!(refused("fuzz --run 5").contains("it accepts --runs <n>"));
        assert!(refused("fuzz --inputs soon").contains("needs a number of minutes"));
        assert!(refused("fuzz --settings --all").contains("it accepts --pairs, --hasty and --part <k>/<n>"));
        assert!(
            refused("fuzz --settings --part 3/3").contains("it accepts --pairs, --hasty and --part <k>/<n>")
        );
        assert!(refused("fuzz --runs many").contains("needs a number"));
        assert!(refused("mutants --most").contains("it accepts --all"));
        assert!(refused("check browser").contains("fmt, arrows, circles"));
    }
}
