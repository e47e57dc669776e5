//! `cargo xtask test` and `check`: every stage runs, whatever the others did, and each ends as one line.

use crate::tools::WASM_TARGET;
use crate::{Result, arrows, browser, build, circles, citations, exec, npm, side_page, tools, weigh, words};
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<()>,
    /// The stage without whose result this one has nothing to look at.
    needs: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub struct Suite {
    name: &'static str,
    set_up: fn() -> Result<()>,
    stages: &'static [Stage],
}

const fn stage(name: &'static str, what: &'static str, run: fn() -> Result<()>) -> Stage {
    Stage { name, what, run, needs: None }
}

const fn after_build(stage: Stage) -> Stage {
    Stage { needs: Some("build"), ..stage }
}

const FMT: Stage = stage("fmt", "the sources are formatted", fmt);
const ARROWS: Stage =
    stage("arrows", "crates depend on each other in the allowed direction only", arrows::check);
const CIRCLES: Stage = stage("circles", "no large circles of files that import each other", circles::check);
const WORDS: Stage = stage("words", "each source file opens with its one job", words::check);
const CITATIONS: Stage =
    stage("citations", "each cited rule of Kafka's behaviour is in docs/kafka", citations::check);
const CLIPPY: Stage = stage("clippy", "no warnings in native code, tests included", clippy);
const CLIPPY_WASM: Stage = stage("clippy-wasm", "no warnings in what runs in the browser", clippy_wasm);
const TESTS: Stage = stage("tests", "unit, property and story tests", tests);
const DOCS: Stage = stage("docs", "documentation tests", documentation_tests);
const BUILD: Stage = stage("build", "the released site, in dist/", || build::site().map(drop));
const SIZE: Stage = after_build(stage("size", "dist/ keeps to budget.toml", size));
const BROWSER: Stage = after_build(stage("browser", "dist/ in a real browser", browser_tests));

pub const CHECK: Suite = Suite {
    name: "check",
    set_up: tools::wasm_target,
    stages: &[FMT, ARROWS, CIRCLES, WORDS, CITATIONS, CLIPPY, CLIPPY_WASM, TESTS, DOCS],
};

pub const TEST: Suite = Suite {
    name: "test",
    set_up: || tools::set_up().and(browser::set_up()).and(npm::AXE.set_up()).map(drop),
    stages: &[FMT, ARROWS, CIRCLES, WORDS, CITATIONS, CLIPPY, CLIPPY_WASM, TESTS, DOCS, BUILD, SIZE, BROWSER],
};

/// Of the tests of the tests.
const FEATURES: &str = "ackscope-tests/mutants";

/// The stages, for the help text.
pub fn help() -> String {
    let line = |stage: &Stage| format!("  {:<12} {}\n", stage.name, stage.what);
    format!(
        "stages of `test` (`check` has those up to `docs`):\n{}",
        TEST.stages.iter().map(line).collect::<String>()
    )
}

pub fn run(suite: Suite, only: &[String]) -> Result<()> {
    let stages = choose(suite, only)?;
    let started = Instant::now();
    let mut lines = Vec::new();
    let mut failed: Vec<&str> = Vec::new();

    let mut carry_out = |name: &'static str, run: &dyn Fn() -> Result<()>, failed: &mut Vec<&str>| {
        eprintln!("\n{}", exec::bold(&format!("==> {name}")));
        let began = Instant::now();
        let outcome = run();
        if let Err(problem) = &outcome {
            eprintln!("{problem}");
            failed.push(name);
        }
        lines.push(summary_line(name, &outcome, began.elapsed()));
    };

    carry_out("set-up", &suite.set_up, &mut failed);
    for stage in stages {
        match stage.needs.filter(|needed| failed.contains(needed)) {
            Some(needed) => {
                let reason = format!("not run, because `{needed}` failed");
                carry_out(stage.name, &|| Err(reason.clone()), &mut failed);
            }
            None => carry_out(stage.name, &stage.run, &mut failed),
        }
    }

    println!("\n{}", lines.join("\n"));
    let took = shown(started.elapsed());
    if failed.is_empty() {
        println!("{} passed in {took}", suite.name);
        return Ok(());
    }
    Err(format!("{} failed in {took}: {}", suite.name, failed.join(", ")))
}

fn choose(suite: Suite, only: &[String]) -> Result<Vec<Stage>> {
    let names: Vec<&str> = suite.stages.iter().map(|stage| stage.name).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!("`{}` has no stage {unknown:?}; it has {}", suite.name, names.join(", ")));
    }
    let chosen = |stage: &&Stage| only.is_empty() || only.iter().any(|name| name == stage.name);
    Ok(suite.stages.iter().filter(chosen).copied().collect())
}

fn summary_line(name: &str, outcome: &Result<()>, took: Duration) -> String {
    let verdict = match outcome {
        Ok(()) => "ok".to_owned(),
        Err(problem) => format!("FAILED  {}", problem.lines().next().unwrap_or_default()),
    };
    format!("{name:<12} {:>9}  {verdict}", shown(took))
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    }
}

fn fmt() -> Result<()> {
    exec::run(exec::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    exec::run(exec::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The crates that end up in the page.
fn clippy_wasm() -> Result<()> {
    let packages =
        ["sim", "scenario", "lab", "scene", "web"].map(|name| format!("--package=ackscope-{name}"));
    exec::run(exec::cargo().arg("clippy").args(packages).args([
        "--target",
        WASM_TARGET,
        "--",
        "-D",
        "warnings",
    ]))
}

fn tests() -> Result<()> {
    let nextest = exec::output(exec::cargo().args(["nextest", "--version"])).is_ok();
    let runner: &[&str] = if nextest { &["nextest", "run"] } else { &["test"] };
    let what = ["--workspace", "--all-targets", "--features", FEATURES, "--no-fail-fast"];
    exec::run(exec::cargo().args(runner).args(what))
}

fn documentation_tests() -> Result<()> {
    exec::run(exec::cargo().args(["test", "--workspace", "--doc", "--features", FEATURES, "--no-fail-fast"]))
}

fn size() -> Result<()> {
    build::hold_budget(&build::dist())
}

fn browser_tests() -> Result<()> {
    let browser = browser::set_up()?;
    let hashes = side_page::build(&tools::set_up()?, "hashes")?;
    let files: Vec<String> =
        weigh::initial_download(&build::dist())?.files.into_iter().map(|(name, _)| name).collect();
    exec::run(
        exec::cargo()
            // The whole workspace, so that crates are the same builds as in the stages before.
            .args([
                "test",
                "--workspace",
                "--features",
                &format!("{FEATURES},ackscope-tests/browser"),
                "--test",
                "browser",
                "--no-fail-fast",
            ])
            .env("ACKSCOPE_DIST", build::dist())
            .env("ACKSCOPE_HASHES", hashes)
            .env("ACKSCOPE_AXE", npm::AXE.set_up()?)
            .env("ACKSCOPE_INITIAL_DOWNLOAD", files.join("\n"))
            .env("CHROME", browser.chrome.path)
            .env("CHROMEDRIVER", browser.driver.path),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: Suite = Suite {
        name: "broken",
        set_up: || Ok(()),
        stages: &[
            stage("build", "", || Err("no compiler".into())),
            after_build(stage("size", "", || panic!("must not run"))),
        ],
    };

    #[test]
    fn a_failure_is_named_and_what_builds_on_it_is_not_run() {
        let problem = run(BROKEN, &[]).expect_err("a stage failed");
        assert!(problem.starts_with("broken failed in") && problem.ends_with("build, size"), "{problem}");
    }

    #[test]
    fn the_summary_says_what_went_wrong() {
        let line = summary_line("size", &Err("too large\nby far".to_owned()), Duration::from_secs(75));
        assert_eq!(line, "size          1 m 15 s  FAILED  too large");
        assert_eq!(summary_line("fmt", &Ok(()), Duration::from_millis(1230)), "fmt              1.2 s  ok");
    }
}
