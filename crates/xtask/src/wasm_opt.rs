//! wasm-opt, the one tool that is no Rust program: which one will do, and the three places it can come from.

use crate::install::{self, Crate, Found, say, version_of};
use crate::{Result, exec};
use std::path::PathBuf;

/// The oldest release that is relied on. Before 110 it exports the wrong table under the name by which
/// wasm-bindgen's script fills it, and the page ends before it begins.
pub const OLDEST: u32 = 116;
/// The release taken from npm: JavaScript, so it runs wherever npm does.
const ON_NPM: &str = "132.0.0";
/// The release that crates.io holds, as C++ to be compiled: slow, but it needs nobody else.
const ON_CRATES_IO: &str = "0.116.1";
const FROM_SOURCE: Crate = Crate {
    package: "wasm-opt",
    program: "wasm-opt",
    opt_level: "1",
    takes: "5 to 15 minutes; with npm it would be seconds",
};

pub fn find() -> Option<Found> {
    let npm = npm_prefix().ok().map(|prefix| prefix.join("node_modules/.bin/wasm-opt"));
    let built =
        install::tools_dir().ok().map(|tools| tools.join(format!("wasm-opt-{ON_CRATES_IO}/bin/wasm-opt")));
    exec::find(&["wasm-opt"]).into_iter().chain(npm).chain(built).find_map(|path| {
        let version = version_of(&path)?;
        let release: u32 = version.parse().ok()?;
        (release >= OLDEST).then_some(Found { path, version })
    })
}

pub fn set_up() -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found.path);
    }
    from_npm().or_else(|_| from_apt()).or_else(|_| from_source()).map_err(|problem| {
        format!("{problem}\nwasm-opt is missing: install binaryen, release {OLDEST} or newer, or npm, or a C++ compiler")
    })?;
    find()
        .map(|found| found.path)
        .ok_or_else(|| format!("wasm-opt was installed, but none of release {OLDEST} or newer runs"))
}

fn from_npm() -> Result<()> {
    exec::find(&["npm"]).ok_or("there is no npm")?;
    say("wasm-opt is missing; taking it from npm (some 30 MB)");
    let package = format!("binaryen@{ON_NPM}");
    exec::run(
        exec::program("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
            .arg(npm_prefix()?)
            .arg(package),
    )?;
    // With a node too old for it, the package installs but does not run.
    find().map(drop).ok_or_else(|| "npm's wasm-opt does not run here".to_owned())
}

/// Only where the system's packages are new enough: Debian 12 has release 108.
fn from_apt() -> Result<()> {
    let policy = exec::output(exec::program("apt-cache").args(["policy", "binaryen"]))?;
    match candidate(&policy) {
        Some(release) if release >= OLDEST => install::apt("wasm-opt", &["binaryen"]),
        other => Err(format!("the system's packages hold binaryen {other:?}")),
    }
}

fn candidate(policy: &str) -> Option<u32> {
    let version = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    version.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn from_source() -> Result<()> {
    if exec::find(&["c++", "g++", "clang++"]).is_none() {
        install::apt("a C++ compiler for wasm-opt", &["g++"])?;
    }
    FROM_SOURCE.install(ON_CRATES_IO)
}

fn npm_prefix() -> Result<PathBuf> {
    Ok(install::tools_dir()?.join(format!("binaryen-{ON_NPM}")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_candidate_is_read_from_the_policy() {
        assert_eq!(
            super::candidate("binaryen:\n  Installed: (none)\n  Candidate: 120-4\n  Version table:\n"),
            Some(120)
        );
        assert_eq!(super::candidate("binaryen:\n  Installed: (none)\n  Candidate: (none)\n"), None);
        assert_eq!(super::candidate(""), None);
    }
}
