//! Pages beside the real one: a binary of the test crate, compiled as the page's engine is, run in a browser.

use crate::tools::{Tools, WASM_TARGET};
use crate::{Result, build, exec, weigh};
use std::path::{Path, PathBuf};

/// Builds the binary as a page of its own, made exactly as trunk makes the real one. Returns its folder.
pub fn build(tools: &Tools, bin: &str) -> Result<PathBuf> {
    let target = build::target_dir()?;
    let folder = target.join(format!("{bin}-page"));
    let package = ["--package", "ackscope-tests", "--bin", bin];
    exec::run(exec::cargo().args(["build", "--profile", "web", "--target", WASM_TARGET]).args(package))?;
    let module = target.join(WASM_TARGET).join(format!("web/{bin}.wasm"));
    exec::run(
        exec::program(&tools.wasm_bindgen)
            .args(["--target", "web", "--no-typescript", "--out-dir"])
            .arg(&folder)
            .arg(module),
    )?;
    let html = read(&exec::root().join("index.html"))?;
    let link = html.split_once("rel=\"rust\"").map(|(_, rest)| rest).ok_or("index.html has no rust asset")?;
    let asset = |name: &str| {
        weigh::attribute(link, name).ok_or_else(|| format!("the rust asset of index.html lacks {name}"))
    };
    let wasm_opt = tools.wasm_opt.as_ref().ok_or("set-up left wasm-opt out")?;
    let compiled = folder.join(format!("{bin}_bg.wasm"));
    exec::run(
        exec::program(wasm_opt)
            .arg(format!("-O{}", asset("data-wasm-opt")?))
            .args(asset("data-wasm-opt-params")?.split_whitespace())
            .arg(&compiled)
            .arg("--output")
            .arg(&compiled),
    )?;
    let page = format!(
        "<!doctype html><title>{bin}</title><script type=module>import start from './{bin}.js'; start();</script>"
    );
    let file = folder.join("index.html");
    std::fs::write(&file, page).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(folder)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
