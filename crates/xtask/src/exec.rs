//! Running other programs: where they are, what they said, and how a failure is told.

use crate::Result;
use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The workspace's root: two levels above this crate, wherever the call came from.
/// Cargo's word at run time goes first: clones may share a target directory, and with it this very binary.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let package =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        PathBuf::from(package).ancestors().nth(2).expect("crates/xtask lies two levels deep").to_owned()
    });
    &ROOT
}

/// The user's cache for this project: tools are built once for all clones.
pub fn cache() -> Result<PathBuf> {
    let base = ["XDG_CACHE_HOME", "LOCALAPPDATA"]
        .iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    base.map(|base| base.join("ackscope"))
        .ok_or_else(|| "no cache directory: set XDG_CACHE_HOME or HOME".to_owned())
}

/// A program to be run in the workspace's root.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// The cargo this xtask was started by.
pub fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs with the terminal handed over, and says the command first.
pub fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    eprintln!("{}", dim(&format!("$ {line}")));
    let status = command.status().map_err(|error| format!("cannot run `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

/// Runs quietly and returns standard output; the program's own words are in the error.
pub fn output(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run `{line}`: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{line}` failed ({}):\n{}", output.status, words.trim_end()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first of these names that is on the PATH, or the name itself where it is a path to a file.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    names.iter().find_map(|name| {
        if Path::new(name).is_absolute() {
            return Path::new(name).is_file().then(|| PathBuf::from(name));
        }
        std::env::split_paths(&path)
            .flat_map(|dir| [dir.join(name), dir.join(format!("{name}.exe"))])
            .find(|candidate| candidate.is_file())
    })
}

/// PATH with these directories first.
pub fn path_with(dirs: &[&Path]) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(dirs.iter().map(|dir| dir.to_path_buf()).chain(std::env::split_paths(&path)))
        .map_err(|error| format!("a tool's directory cannot stand in PATH: {error}"))
}

pub fn bold(text: &str) -> String {
    styled("1", text)
}

pub fn dim(text: &str) -> String {
    styled("2", text)
}

fn styled(code: &str, text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || !std::io::stderr().is_terminal();
    if plain { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

/// A command as a person would type it; the directories of programs are left out.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|part| {
            let part = part.to_string_lossy();
            if part.contains(' ') { format!("'{part}'") } else { part.into_owned() }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
