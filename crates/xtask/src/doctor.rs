//! `cargo xtask doctor`: what is on this machine, in which version, and how to get what is missing.

use crate::{Result, browser, exec, tools};
use std::path::PathBuf;

pub fn run() -> Result<()> {
    println!("tools are kept in {}\n", exec::cache()?.join("tools").display());
    let wasm_bindgen = tools::wasm_bindgen_version()?;
    let rustc = exec::find(&["rustc"]);
    let by_set_up = "cargo xtask serve";
    report(
        "rustc",
        "the version in rust-toolchain.toml",
        rustc.as_deref().and_then(tools::version_of),
        rustc,
        "rustup toolchain install",
    );
    let target = tools::has_wasm_target();
    report(
        "wasm target",
        "",
        target.then(|| tools::WASM_TARGET.to_owned()),
        None,
        &format!("rustup target add {}", tools::WASM_TARGET),
    );
    found("trunk", &format!("exactly {}", tools::TRUNK), tools::find_trunk(), by_set_up);
    found(
        "wasm-bindgen",
        &format!("exactly {wasm_bindgen}, as in Cargo.lock"),
        tools::find_wasm_bindgen(&wasm_bindgen),
        by_set_up,
    );
    found("wasm-opt", &format!("{} or newer", tools::OLDEST_WASM_OPT), tools::find_wasm_opt(), by_set_up);

    println!("\nfor the tests:");
    let fix = "apt-get install chromium chromium-driver, or name them in CHROME and CHROMEDRIVER";
    for (name, path) in [("chromium", browser::find_chrome()?), ("chromedriver", browser::find_driver()?)] {
        report(name, "both of one release", path.as_deref().and_then(tools::version_of), path, fix);
    }
    let nextest = exec::output(exec::cargo().args(["nextest", "--version"])).is_ok();
    println!("{:<14} {}", "nextest", if nextest { "used" } else { "not there, and not needed" });
    Ok(())
}

fn found(name: &str, wanted: &str, found: Option<tools::Found>, fix: &str) {
    let (version, path) = found.map(|found| (found.version, found.path)).unzip();
    report(name, wanted, version, path, fix);
}

fn report(name: &str, wanted: &str, version: Option<String>, path: Option<PathBuf>, fix: &str) {
    match version {
        Some(version) => {
            let path = path.map(|path| path.display().to_string()).unwrap_or_default();
            println!("{name:<14} {version:<12} {path}");
        }
        None => println!("{name:<14} missing      wanted: {wanted}; get it with: {fix}"),
    }
}
