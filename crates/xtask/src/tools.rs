//! The tools that make the page: the wasm target, trunk, wasm-bindgen and wasm-opt.
//! Takes what the machine has in the right version, and has the rest installed.

use crate::install::{Crate, Found, say};
use crate::{Result, exec, wasm_opt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The one trunk this repository is built with.
pub const TRUNK_VERSION: &str = "0.21.14";
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// It moves files and waits for compilers: optimising it costs more than it would ever give back.
const TRUNK: Crate = Crate { package: "trunk", program: "trunk", opt_level: "0", takes: "3 to 8 minutes" };
const WASM_BINDGEN: Crate =
    Crate { package: "wasm-bindgen-cli", program: "wasm-bindgen", opt_level: "1", takes: "2 to 4 minutes" };

/// Paths to programs in versions that fit each other and this repository.
pub struct Tools {
    pub trunk: PathBuf,
    pub wasm_bindgen: PathBuf,
    /// Only what is to be published is optimised.
    pub wasm_opt: Option<PathBuf>,
}

/// What it takes to compile for the browser and look at the result.
pub fn set_up_for_development() -> Result<Tools> {
    wasm_target()?;
    Ok(Tools {
        trunk: TRUNK.set_up(TRUNK_VERSION)?,
        wasm_bindgen: WASM_BINDGEN.set_up(&wasm_bindgen_version()?)?,
        wasm_opt: None,
    })
}

/// What it takes to make the released site.
pub fn set_up() -> Result<Tools> {
    Ok(Tools { wasm_opt: Some(wasm_opt::set_up()?), ..set_up_for_development()? })
}

impl Tools {
    /// Trunk, told to use these tools and never the network.
    pub fn trunk(&self) -> Result<Command> {
        let programs = [Some(&self.wasm_bindgen), self.wasm_opt.as_ref()];
        let dirs: Vec<&Path> = programs.iter().flatten().filter_map(|program| program.parent()).collect();
        let mut trunk = exec::program(&self.trunk);
        trunk
            .env("PATH", exec::path_with(&dirs)?)
            .env("TRUNK_OFFLINE", "true")
            .env("TRUNK_SKIP_VERSION_CHECK", "true");
        // Trunk reads NO_COLOR as a boolean and stops at the usual `1`.
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            trunk.env("NO_COLOR", "true");
        }
        Ok(trunk)
    }
}

pub fn has_wasm_target() -> bool {
    let sysroot = exec::output(exec::program("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir()
}

/// The standard library for WebAssembly, through rustup.
pub fn wasm_target() -> Result<()> {
    if has_wasm_target() {
        return Ok(());
    }
    if exec::find(&["rustup"]).is_none() {
        return Err(format!(
            "this Rust has no {WASM_TARGET} and there is no rustup to add it; install rustup from https://rustup.rs"
        ));
    }
    say(&format!("Rust's standard library for {WASM_TARGET} is missing; downloading some 20 MB"));
    exec::run(exec::program("rustup").args(["target", "add", WASM_TARGET]))
}

pub fn find_trunk() -> Option<Found> {
    TRUNK.find(TRUNK_VERSION)
}

pub fn find_wasm_bindgen(version: &str) -> Option<Found> {
    WASM_BINDGEN.find(version)
}

/// The version in Cargo.lock: the two halves of wasm-bindgen must be of one release.
pub fn wasm_bindgen_version() -> Result<String> {
    let path = exec::root().join("Cargo.lock");
    let lock =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    locked_version(&lock, "wasm-bindgen").ok_or_else(|| "Cargo.lock names no wasm-bindgen".to_owned())
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lock_file_names_the_wasm_bindgen_to_install() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(super::locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(super::locked_version(lock, "leptos"), None);
        assert!(super::wasm_bindgen_version().is_ok(), "the page is built with wasm-bindgen");
    }
}
