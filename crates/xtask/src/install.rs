//! Putting programs on this machine: crates into the user's cache, packages through the system.
//! What is installed, and in which version, is decided elsewhere.

use crate::{Result, exec};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that a crate of crates.io holds.
pub struct Crate {
    pub package: &'static str,
    pub program: &'static str,
    /// Higher is slower to build; worth it only where the program itself works hard.
    pub opt_level: &'static str,
    /// What a person who waits should know.
    pub takes: &'static str,
}

pub struct Found {
    pub path: PathBuf,
    pub version: String,
}

impl Crate {
    /// The program in exactly this version: from the PATH, from cargo's own directory, or from the cache.
    pub fn find(&self, version: &str) -> Option<Found> {
        let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        let file = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        let places = [cargo_home, self.home(version).ok()]
            .into_iter()
            .flatten()
            .map(|place| place.join("bin").join(&file));
        exec::find(&[self.program])
            .into_iter()
            .chain(places)
            .find(|path| version_of(path).is_some_and(|found| found == version))
            .map(|path| Found { path, version: version.to_owned() })
    }

    /// Finds it, or builds it.
    pub fn set_up(&self, version: &str) -> Result<PathBuf> {
        if let Some(found) = self.find(version) {
            return Ok(found.path);
        }
        self.install(version)?;
        let found = self
            .find(version)
            .ok_or_else(|| format!("{} {version} was built but does not run", self.program))?;
        Ok(found.path)
    }

    /// Builds it into the cache, once for all clones.
    pub fn install(&self, version: &str) -> Result<()> {
        let Self { package, program, opt_level, takes } = self;
        say(&format!("{program} {version} is missing; building it once, for all clones ({takes})"));
        let home = self.home(version)?;
        // Stays until the program is there: an interrupted build goes on where it was.
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
                format!("{problem}\nby hand: cargo install {package} --version {version} --locked")
            })?;
        std::fs::remove_dir_all(&scratch)
            .map_err(|error| format!("cannot remove {}: {error}", scratch.display()))
    }

    fn home(&self, version: &str) -> Result<PathBuf> {
        Ok(tools_dir()?.join(format!("{}-{version}", self.program)))
    }
}

/// Installs packages of the system where that is possible without asking for anything.
pub fn apt(what: &str, packages: &[&str]) -> Result<()> {
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
    // Some source of packages may be out of reach while the others will do: the installation decides.
    exec::run(apt().arg("update")).ok();
    exec::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
        .map_err(|problem| format!("{problem}; by hand: `{command}`"))
}

/// The first word of `--version` that begins with a digit.
pub fn version_of(program: &Path) -> Option<String> {
    let words = exec::output(Command::new(program).arg("--version")).ok()?;
    words
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(str::to_owned)
}

/// Where installed tools are kept.
pub fn tools_dir() -> Result<PathBuf> {
    Ok(exec::cache()?.join("tools"))
}

pub fn say(text: &str) {
    eprintln!("{}", exec::bold(&format!("set-up: {text}")));
}
