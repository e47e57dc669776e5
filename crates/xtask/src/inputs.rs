//! `cargo xtask fuzz --inputs MINUTES`: the targets of `fuzz/`, one after the other, each for its share of the time. They are
//! instrumented by a nightly toolchain; the build that everything else uses never sees them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::install::{self, Crate};
use crate::{Result, exec};

const CARGO_FUZZ_VERSION: &str = "0.13.2";
const CARGO_FUZZ: Crate =
    Crate { package: "cargo-fuzz", program: "cargo-fuzz", opt_level: "0", takes: "1 to 2 minutes" };

struct Target {
    name: &'static str,
    /// Longer inputs are slower and say little more.
    max_len: u32,
    /// Inputs that stand elsewhere already.
    seeds: &'static [&'static str],
}

const fn target(name: &'static str, max_len: u32, seeds: &'static [&'static str]) -> Target {
    Target { name, max_len, seeds }
}

const TARGETS: [Target; 6] = [
    target("link", 600, &[]),
    target("document", 1_500, &["crates/scenario/library"]),
    target("paste", 300, &[]),
    target("recording", 3_000, &[]),
    target("embed", 200, &[]),
    target("generated", 200, &[]),
];

/// Minutes to spend, and on which target; all of them unless said.
pub fn run(args: &[String]) -> Result<()> {
    let (minutes, targets) = parse(args)?;
    let mut fuzzer = Fuzzer::set_up()?;
    fuzzer.build()?;
    let seconds = (minutes * 60).div_ceil(targets.len() as u64);
    let mut failed = Vec::new();
    for target in targets {
        match fuzzer.run(target, seconds) {
            Ok(line) => println!("{:<10} {line}", target.name),
            Err(problem) => {
                println!("{:<10} FAILED", target.name);
                eprintln!("{problem}");
                failed.push(target.name);
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("inputs that break something: {}", failed.join(", ")))
    }
}

fn parse(args: &[String]) -> Result<(u64, Vec<&'static Target>)> {
    let accepts = "`fuzz --inputs` needs a number of minutes, and may be followed by --target <name>";
    let names = || TARGETS.map(|target| target.name).join(", ");
    let (minutes, rest) = match args {
        [flag, minutes, rest @ ..] if flag == "--inputs" => (minutes, rest),
        _ => return Err(accepts.to_owned()),
    };
    let minutes = minutes.parse().ok().filter(|minutes| (1..=100_000).contains(minutes));
    let minutes = minutes.ok_or_else(|| format!("{accepts}; minutes are 1 to 100000"))?;
    let targets = match rest {
        [] => TARGETS.iter().collect(),
        [flag, name] if flag == "--target" => {
            let found = TARGETS.iter().find(|target| target.name == name);
            vec![found.ok_or_else(|| format!("no fuzz target {name:?}; there are {}", names()))?]
        }
        _ => return Err(format!("{accepts}: {}", names())),
    };
    Ok((minutes, targets))
}

struct Fuzzer {
    cargo_fuzz: PathBuf,
    /// What is found, and what the corpus grows to.
    folder: PathBuf,
}

impl Fuzzer {
    fn set_up() -> Result<Fuzzer> {
        let toolchains =
            exec::output(exec::program("rustup").args(["toolchain", "list"])).unwrap_or_default();
        if !toolchains.lines().any(|name| name.starts_with("nightly")) {
            return Err("fuzz targets are instrumented by a nightly toolchain, and there is none; \
                        install it with: rustup toolchain install nightly --profile minimal"
                .to_owned());
        }
        if exec::find(&["c++", "g++", "clang++"]).is_none() {
            install::apt("a C++ compiler, for the fuzzer itself,", &["g++"])?;
        }
        let folder = exec::root().join("target/fuzz-inputs");
        Ok(Fuzzer { cargo_fuzz: CARGO_FUZZ.set_up(CARGO_FUZZ_VERSION)?, folder })
    }

    /// cargo-fuzz under the nightly toolchain. Inputs are parsed by safe code: no sanitizer would find more.
    fn command(&self, what: &str) -> Command {
        let mut command = exec::program("rustup");
        command.args(["run", "nightly"]).arg(&self.cargo_fuzz).args(["fuzz", what]);
        // Of the toolchain that runs this.
        command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
        command.args(["--fuzz-dir", "fuzz", "--sanitizer", "none"]);
        command
    }

    fn build(&mut self) -> Result<()> {
        exec::run(&mut self.command("build"))
    }

    fn run(&self, target: &Target, seconds: u64) -> Result<String> {
        let Target { name, max_len, seeds } = target;
        let corpus = self.folder.join(name);
        fs::create_dir_all(&corpus).map_err(|error| format!("cannot make {}: {error}", corpus.display()))?;
        let log_path = self.folder.join(format!("{name}.log"));
        let log = fs::File::create(&log_path)
            .map_err(|error| format!("cannot write {}: {error}", log_path.display()))?;
        let mut command = self.command("run");
        // What is new goes into the first folder; the repository's own stays as it is.
        command.arg(name).arg(&corpus).arg(format!("fuzz/corpus/{name}")).args(*seeds).arg("--");
        command.args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={max_len}"),
            "-dict=fuzz/keys.dict".to_owned(),
            "-timeout=20".to_owned(),
            "-print_final_stats=1".to_owned(),
            format!("-artifact_prefix={}-", self.folder.join(name).display()),
        ]);
        eprintln!("{}", exec::dim(&format!("{name}: {seconds} s; {} says how it goes", log_path.display())));
        let status =
            command.stderr(log).status().map_err(|error| format!("cannot run cargo-fuzz: {error}"))?;
        let log = fs::read(&log_path).map_err(|error| format!("{}: {error}", log_path.display()))?;
        let log = String::from_utf8_lossy(&log);
        if status.success() { Ok(told(&log)) } else { Err(wrong(&log)) }
    }
}

/// A run's figures, out of the fuzzer's own.
fn told(log: &str) -> String {
    let figure = |name: &str| {
        log.lines().find_map(|line| line.strip_prefix(name)).map_or("?", |figure| figure.trim()).to_owned()
    };
    format!(
        "{:>12} executions, {:>7} a second, {:>6} new inputs",
        figure("stat::number_of_executed_units:"),
        figure("stat::average_exec_per_sec:"),
        figure("stat::new_units_added:")
    )
}

/// What was found: from the panic on.
fn wrong(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
    let first = lines.iter().position(|line| line.contains("panicked at") || line.contains("ERROR:"));
    lines[first.unwrap_or(lines.len().saturating_sub(20))..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&args).err().expect("must be refused")
    }

    #[test]
    fn minutes_and_a_target_are_asked_for() {
        assert!(refused("--inputs").contains("needs a number of minutes"));
        assert!(refused("--inputs soon").contains("minutes are 1 to 100000"));
        assert!(refused("--inputs 5 --target links").contains("there are link, document"));
        let args = ["--inputs", "5", "--target", "paste"].map(str::to_owned);
        let (minutes, targets) = parse(&args).expect("accepted");
        assert_eq!((minutes, targets[0].name, targets.len()), (5, "paste", 1));
    }

    #[test]
    fn targets_are_those_of_the_fuzz_folder() {
        let manifest = fs::read_to_string(exec::root().join("fuzz/Cargo.toml")).expect("fuzz/Cargo.toml");
        for Target { name, seeds, .. } in &TARGETS {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
            assert!(seeds.iter().all(|folder| exec::root().join(folder).is_dir()), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }

    #[test]
    fn the_fuzzers_own_words_become_a_line_or_a_reason() {
        let log =
            "#2 NEW\nDone 7 runs\nstat::number_of_executed_units: 7\nstat::average_exec_per_sec:     3\n";
        assert_eq!(told(log), "           7 executions,       3 a second,      ? new inputs");
        let log = "#1 NEW\nthread 'main' panicked at a.rs:1:\nno\n#2 NEW\nBase64: AA==";
        assert_eq!(wrong(log), "thread 'main' panicked at a.rs:1:\nno\nBase64: AA==");
    }
}
