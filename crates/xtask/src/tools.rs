//! The tools that make the page: the wasm target, trunk, wasm-bindgen and wasm-opt.
//! Takes what the machine has in the right version, else installs it into the user's cache, for all clones.

use crate::{Result, exec};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The one trunk this repository is built with.
pub const TRUNK: &str = "0.21.14";
/// The oldest wasm-opt that is relied on. Before 110 it exports the wrong table under the name by which
/// wasm-bindgen's script fills it, and the page ends before it begins.
pub const OLDEST_WASM_OPT: u32 = 116;
/// The release taken from npm where the machine has no wasm-opt.
const BINARYEN_FROM_NPM: &str = "132.0.0";
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Paths to programs in versions that fit each other and this repository.
pub struct Tools {
    pub trunk: PathBuf,
    pub wasm_bindgen: PathBuf,
    pub wasm_opt: PathBuf,
}

/// What a look at the machine found, for `doctor` and for the decision to install.
pub struct Found {
    pub path: PathBuf,
    pub version: String,
}

/// Makes sure that everything is there, installing what is missing, and says so.
pub fn set_up() -> Result<Tools> {
    wasm_target()?;
    Ok(Tools { trunk: trunk()?, wasm_bindgen: wasm_bindgen()?, wasm_opt: wasm_opt()? })
}

impl Tools {
    /// Trunk, told to use these tools and never the network.
    pub fn trunk(&self) -> Result<Command> {
        let dirs: Vec<&Path> =
            [&self.wasm_bindgen, &self.wasm_opt].iter().filter_map(|tool| tool.parent()).collect();
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
    find("trunk", TRUNK)
}

fn trunk() -> Result<PathBuf> {
    if let Some(found) = find_trunk() {
        return Ok(found.path);
    }
    say(&format!("trunk {TRUNK} is missing; building it once, for all clones (3 to 8 minutes)"));
    // It moves files and waits for compilers: optimising it costs more than it would ever give back.
    cargo_install("trunk", TRUNK, "0")
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

pub fn find_wasm_bindgen(version: &str) -> Option<Found> {
    find("wasm-bindgen", version)
}

fn wasm_bindgen() -> Result<PathBuf> {
    let version = wasm_bindgen_version()?;
    if let Some(found) = find_wasm_bindgen(&version) {
        return Ok(found.path);
    }
    say(&format!("wasm-bindgen-cli {version} is missing; building it once, for all clones (1 to 3 minutes)"));
    cargo_install("wasm-bindgen", &version, "1")
}

pub fn find_wasm_opt() -> Option<Found> {
    let npm = npm_prefix().ok().map(|prefix| prefix.join("node_modules/.bin/wasm-opt"));
    exec::find(&["wasm-opt"]).into_iter().chain(npm).find_map(|path| {
        let version = version_of(&path)?;
        let release: u32 = version.parse().ok()?;
        (release >= OLDEST_WASM_OPT).then_some(Found { path, version })
    })
}

fn wasm_opt() -> Result<PathBuf> {
    if let Some(found) = find_wasm_opt() {
        return Ok(found.path);
    }
    let by_hand =
        format!("install binaryen, release {OLDEST_WASM_OPT} or newer, so that `wasm-opt` is on the PATH");
    if exec::find(&["npm"]).is_some() {
        say("wasm-opt is missing; taking it from npm (some 30 MB)");
        let package = format!("binaryen@{BINARYEN_FROM_NPM}");
        exec::run(
            exec::program("npm")
                .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
                .arg(npm_prefix()?)
                .arg(package),
        )?;
    } else {
        apt_install("wasm-opt", &["binaryen"]).map_err(|problem| format!("{problem}; or {by_hand}"))?;
    }
    find_wasm_opt()
        .map(|found| found.path)
        .ok_or_else(|| format!("the installed wasm-opt does not run; {by_hand}"))
}

fn npm_prefix() -> Result<PathBuf> {
    Ok(tools_dir()?.join(format!("binaryen-{BINARYEN_FROM_NPM}")))
}

/// Installs packages of the system where that is possible without asking for anything.
pub fn apt_install(what: &str, packages: &[&str]) -> Result<()> {
    let command = format!("apt-get install {}", packages.join(" "));
    if exec::find(&["apt-get"]).is_none() {
        return Err(format!(
            "{what} is missing and this system has no apt-get; on Debian it would be `{command}`"
        ));
    }
    let root = exec::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let sudo = !root && exec::output(Command::new("sudo").args(["-n", "true"])).is_ok();
    if !root && !sudo {
        return Err(format!("{what} is missing and only root may install it: `sudo {command}`"));
    }
    say(&format!(
        "{what} is missing; installing {} from the system's packages (1 to 3 minutes)",
        packages.join(", ")
    ));
    let apt = || {
        let mut apt = Command::new(if sudo { "sudo" } else { "apt-get" });
        if sudo {
            apt.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        apt
    };
    exec::run(apt().arg("update"))?;
    exec::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Builds a crate's program into the cache. The half-built stays there until it is done, so that an
/// interrupted build goes on where it was.
fn cargo_install(name: &str, version: &str, opt_level: &str) -> Result<PathBuf> {
    let package = if name == "wasm-bindgen" { "wasm-bindgen-cli" } else { name };
    let home = installed_dir(name, version)?;
    let scratch = home.join("build");
    let install = |locked: &[&str]| {
        exec::run(
            exec::cargo()
                .args(["install", package, "--version", version, "--force", "--root"])
                .arg(&home)
                .args(locked)
                .env("CARGO_TARGET_DIR", &scratch)
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", opt_level)
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
                .env_remove("RUSTFLAGS"),
        )
    };
    install(&["--locked"])
        .or_else(|_| {
            // A mirror of the registry may lack the very crates that a release was locked to.
            say(&format!(
                "{package} cannot be built from the crates it was released with; taking the nearest ones"
            ));
            install(&[])
        })
        .map_err(|problem| {
            format!(
                "{problem}
by hand: cargo install {package} --version {version} --locked"
            )
        })?;
    std::fs::remove_dir_all(&scratch)
        .map_err(|error| format!("cannot remove {}: {error}", scratch.display()))?;
    find(name, version)
        .map(|found| found.path)
        .ok_or_else(|| format!("{package} {version} was built but does not run"))
}

/// The program in exactly this version: from the PATH, from cargo's own directory, or from the cache.
fn find(name: &str, version: &str) -> Option<Found> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_bin = cargo_home
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .map(|dir| dir.join("bin"));
    let cached = installed_dir(name, version).ok().map(|dir| dir.join("bin"));
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    exec::find(&[name])
        .into_iter()
        .chain([cargo_bin, cached].into_iter().flatten().map(|dir| dir.join(&file)))
        .find(|path| version_of(path).is_some_and(|found| found == version))
        .map(|path| Found { path, version: version.to_owned() })
}

/// The first word of `--version` that begins with a digit.
pub fn version_of(program: &Path) -> Option<String> {
    let words = exec::output(Command::new(program).arg("--version")).ok()?;
    words
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(str::to_owned)
}

fn installed_dir(name: &str, version: &str) -> Result<PathBuf> {
    Ok(tools_dir()?.join(format!("{name}-{version}")))
}

fn tools_dir() -> Result<PathBuf> {
    Ok(exec::cache()?.join("tools"))
}

pub fn say(text: &str) {
    eprintln!("{}", exec::bold(&format!("set-up: {text}")));
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
