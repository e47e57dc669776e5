//! `cargo xtask doctor`: what is on this machine, in which version, and how to get what is missing.

use crate::install::{self, Found, version_of};
use crate::{Result, browser, exec, npm, tools, wasm_opt};

pub fn run() -> Result<()> {
    let wasm_bindgen = tools::wasm_bindgen_version()?;
    let set_up = "cargo xtask build";
    let rustc = exec::find(&["rustc"]).and_then(|path| Some(Found { version: version_of(&path)?, path }));

    println!("to build the page (tools of our own are kept in {}):", install::tools_dir()?.display());
    report("rustc", rustc, "the version in rust-toolchain.toml", "rustup toolchain install");
    let target =
        if tools::has_wasm_target() { "there" } else { "missing: rustup target add wasm32-unknown-unknown" };
    println!("  {:<14} {target}", "wasm target");
    report("trunk", tools::find_trunk(), &format!("exactly {}", tools::TRUNK_VERSION), set_up);
    report(
        "wasm-bindgen",
        tools::find_wasm_bindgen(&wasm_bindgen),
        &format!("exactly {wasm_bindgen}, as Cargo.lock has it"),
        set_up,
    );
    report("wasm-opt", wasm_opt::find(), &format!("release {} or newer", wasm_opt::OLDEST), set_up);

    println!("to test it:");
    let apt = "apt-get install chromium chromium-driver, or name the two in CHROME and CHROMEDRIVER";
    report_or_problem("chromium", browser::find_chrome(), "any release of the last years", apt);
    report_or_problem("chromedriver", browser::find_driver(), "the same release as Chromium", apt);
    for package in [npm::AXE, npm::LIGHTHOUSE] {
        let found = package.find().map(|path| Found { path, version: package.version.to_owned() });
        report(
            package.name,
            found,
            &format!("exactly {}, from npm", package.version),
            "cargo xtask test and bench",
        );
    }
    let nextest = exec::output(exec::cargo().args(["nextest", "--version"])).is_ok();
    println!(
        "  {:<14} {}",
        "nextest",
        if nextest { "there, and used" } else { "not there; cargo's own runner does as well" }
    );
    Ok(())
}

fn report_or_problem(name: &str, found: Result<Option<Found>>, wanted: &str, fix: &str) {
    match found {
        Ok(found) => report(name, found, wanted, fix),
        Err(problem) => println!("  {name:<14} {problem}"),
    }
}

fn report(name: &str, found: Option<Found>, wanted: &str, fix: &str) {
    match found {
        Some(Found { path, version }) => println!("  {name:<14} {version:<15} {}", path.display()),
        None => println!("  {name:<14} missing: {wanted}; get it with: {fix}"),
    }
}
