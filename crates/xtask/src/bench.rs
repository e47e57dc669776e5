//! `cargo xtask bench`: the same measurements natively and as WebAssembly in Chromium, side by side.

use crate::install::say;
use crate::tools;
use crate::{Result, browser, build, exec, lighthouse, side_page};
use serde_json::{Value, json};

pub enum Output {
    Table,
    Json,
}

pub fn parse(args: &[String]) -> Result<Output> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Output::Table),
        ["--json"] => Ok(Output::Json),
        ref other => Err(format!("`bench` got {:?}; it accepts --json", other.join(" "))),
    }
}

pub fn run(output: Output) -> Result<()> {
    let tools = tools::set_up()?;
    let browser = browser::set_up()?;

    // Everything is built before anything is measured.
    let bench = ["--package", "ackscope-tests", "--bin", "bench"];
    exec::run(exec::cargo().args(["build", "--release"]).args(bench))?;
    let page = side_page::build(&tools, "bench")?;
    let driver = ["--package", "ackscope-tests", "--features", "browser", "--bin", "bench-page"];
    exec::run(exec::cargo().arg("build").args(driver))?;
    let frames = ["--package", "ackscope-tests", "--features", "browser", "--bin", "frames"];
    exec::run(exec::cargo().arg("build").args(frames))?;
    if !build::dist().join("index.html").is_file() {
        build::site()?;
    }

    say("measuring natively");
    let native = figures(&exec::output(exec::cargo().args(["run", "--quiet", "--release"]).args(bench))?)?;
    say("measuring in Chromium");
    let wasm = figures(&exec::output(
        exec::cargo()
            .args(["run", "--quiet"])
            .args(driver)
            .arg(page)
            .env("CHROME", &browser.chrome.path)
            .env("CHROMEDRIVER", &browser.driver.path),
    )?)?;
    say("measuring frames of the page");
    let mut page = figures(&exec::output(
        exec::cargo()
            .args(["run", "--quiet"])
            .args(frames)
            .env("ACKSCOPE_DIST", build::dist())
            .env("CHROME", browser.chrome.path)
            .env("CHROMEDRIVER", browser.driver.path),
    )?)?;
    say("asking Lighthouse, five times for each device");
    match lighthouse::figures() {
        Ok(marks) => page.extend(marks),
        Err(problem) => say(&format!("no marks: {problem}")),
    }

    match output {
        Output::Json => println!("{}", json!({ "native": native, "wasm": wasm, "page": page })),
        Output::Table => print!("{}\n{}", table(&native, &wasm), list(&page)),
    }
    Ok(())
}

fn figures(text: &str) -> Result<Vec<Value>> {
    serde_json::from_str(text.trim()).map_err(|error| format!("the bench wrote no figures ({error}): {text}"))
}

/// What is measured in one world only.
fn list(figures: &[Value]) -> String {
    let word = |figure: &Value, key: &str| figure[key].as_str().unwrap_or_default().to_owned();
    let line = |figure: &Value| {
        let value = figure["value"].as_f64().unwrap_or_default();
        format!("{:<24} {value:>12.1}  {}\n", word(figure, "name"), word(figure, "unit"))
    };
    figures.iter().map(line).collect()
}

fn table(native: &[Value], wasm: &[Value]) -> String {
    let number = |figure: &Value| figure["value"].as_f64().unwrap_or_default();
    let word = |figure: &Value, key: &str| figure[key].as_str().unwrap_or_default().to_owned();
    let mut text = format!("{:<24} {:>12} {:>12} {:>14}\n", "", "native", "wasm", "wasm / native");
    for (native, wasm) in native.iter().zip(wasm) {
        let (here, there) = (number(native), number(wasm));
        let ratio = if here == 0.0 { "-".to_owned() } else { format!("{:.2}", there / here) };
        text += &format!(
            "{:<24} {here:>12.3} {there:>12.3} {ratio:>14}  {}\n",
            word(native, "name"),
            word(native, "unit")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_row_holds_both_worlds() {
        let figure = |value: f64| {
            vec![serde_json::json!({ "name": "bare_queue", "value": value, "unit": "M events/s" })]
        };
        let table = super::table(&figure(12.5), &figure(6.25));
        let row: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(row, ["bare_queue", "12.500", "6.250", "0.50", "M", "events/s"]);
    }
}
