//! Lighthouse's marks for the released site, served with brotli on this machine: median of five.

use crate::{Result, browser, build, exec, npm};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const RUNS: usize = 5;
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];

/// The same figures for a desktop and for a phone, as the bench prints them.
pub fn figures() -> Result<Vec<Value>> {
    let script = npm::LIGHTHOUSE.set_up()?;
    let chrome = browser::set_up()?.chrome.path;
    let site =
        ["run", "--quiet", "--package", "ackscope-tests", "--features", "browser", "--bin", "site", "--"];
    let mut host = exec::cargo()
        .args(site)
        .arg(build::dist())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot serve the site: {error}"))?;
    let mut address = String::new();
    let words = host.stdout.take().ok_or("the host's output is piped")?;
    BufReader::new(words)
        .read_line(&mut address)
        .map_err(|error| format!("the host says nothing: {error}"))?;

    let mut figures = Vec::new();
    let mut outcome = Ok(());
    'devices: for (device, preset) in [("desktop", "--preset=desktop"), ("mobile", "--form-factor=mobile")] {
        let mut marks = vec![Vec::new(); CATEGORIES.len()];
        for _ in 0..RUNS {
            let report = exec::output(
                exec::program("node")
                    .arg(&script)
                    .args([address.trim(), preset, "--quiet", "--output=json"])
                    .arg(format!("--only-categories={}", CATEGORIES.join(",")))
                    .arg("--chrome-flags=--headless=new --no-sandbox --disable-gpu")
                    .env("CHROME_PATH", &chrome),
            );
            let report = report.and_then(|text| {
                serde_json::from_str::<Value>(&text)
                    .map_err(|error| format!("Lighthouse wrote no report: {error}"))
            });
            match report {
                Ok(report) => {
                    for (category, marks) in CATEGORIES.iter().zip(&mut marks) {
                        marks.push(
                            report["categories"][category]["score"].as_f64().unwrap_or_default() * 100.0,
                        );
                    }
                }
                Err(problem) => {
                    outcome = Err(problem);
                    break 'devices;
                }
            }
        }
        for (category, marks) in CATEGORIES.iter().zip(&mut marks) {
            marks.sort_by(f64::total_cmp);
            figures.push(
                json!({ "name": format!("{device}_{category}"), "value": marks[RUNS / 2], "unit": "of 100" }),
            );
        }
    }
    drop(host.stdin.take());
    host.wait().map_err(|error| format!("the host does not end: {error}"))?;
    outcome.map(|()| figures)
}
