//! `cargo xtask bench`: the same measurements natively and as WebAssembly in Chromium, side by side.

use crate::install::say;
use crate::tools;
use crate::{Result, browser, build, exec, lighthouse, side_page};
use serde_json::{Map, Value, json};

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
    let native = ["--profile", "bench"];
    exec::run(exec::cargo().arg("build").args(native).args(bench))?;
    let page = side_page::build(&tools, "bench")?;
    let driver = ["--package", "ackscope-tests", "--features", "browser", "--bin", "bench-page"];
    exec::run(exec::cargo().arg("build").args(driver))?;
    let frames = ["--package", "ackscope-tests", "--features", "browser", "--bin", "frames"];
    exec::run(exec::cargo().arg("build").args(frames))?;
    build::site()?;

    say("measuring natively");
    let native = figures(&exec::output(exec::cargo().args(["run", "--quiet"]).args(native).args(bench))?)?;
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
        Output::Json => println!("{}", summary(&native, &wasm, &page)),
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

/// The native figures by name, the browser's and the page's beside them, and `wasm_ratio`: the same events, counters only.
fn summary(native: &[Value], wasm: &[Value], page: &[Value]) -> Value {
    let by_name = |figures: &[Value], what: &str| -> Map<String, Value> {
        let name = |figure: &Value| figure["name"].as_str().unwrap_or_default().to_owned();
        figures.iter().map(|figure| (name(figure), figure[what].clone())).collect()
    };
    let (here, there) = (by_name(native, "value"), by_name(wasm, "value"));
    let mut summary = here.clone();
    summary.insert("wasm_ratio".into(), ratio(&here["events"], &there["events"]));
    summary.insert("wasm".into(), there.into());
    summary.insert("page".into(), by_name(page, "value").into());
    let mut units = by_name(native, "unit");
    units.extend(by_name(page, "unit"));
    summary.insert("units".into(), units.into());
    summary.into()
}

fn ratio(native: &Value, wasm: &Value) -> Value {
    let (native, wasm) = (native.as_f64().unwrap_or_default(), wasm.as_f64().unwrap_or_default());
    json!(wasm / native)
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
    fn the_summary_has_a_number_for_each_name() {
        let figures = |events: f64| {
            vec![
                serde_json::json!({ "name": "counters_ratio", "value": 0.25, "unit": "of the bare queue" }),
                serde_json::json!({ "name": "events", "value": events, "unit": "M events/s" }),
            ]
        };
        let summary = super::summary(&figures(4.0), &figures(3.0), &[]);
        assert_eq!((&summary["counters_ratio"], &summary["wasm_ratio"]), (&0.25.into(), &0.75.into()));
        assert_eq!(
            (&summary["wasm"]["events"], &summary["units"]["events"]),
            (&3.0.into(), &"M events/s".into())
        );
    }

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
