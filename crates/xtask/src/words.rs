//! The wording of the sources: each file opens by saying its one job.

use crate::{Result, exec};
use std::fs;
use std::path::{Path, PathBuf};

pub fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for folder in ["crates", "web", "tests", "fuzz"] {
        for file in files(&exec::root().join(folder), &["rs"])? {
            let text = fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            if !says_its_job(&text) {
                wrong.push(format!("{}: the file must open with `//!` and its one job", file.display()));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn says_its_job(text: &str) -> bool {
    let words = text.lines().next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default().trim();
    words.len() > 10
}

/// The files below a folder with one of these extensions; what is built and what is hidden is left out.
pub fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        for path in entries.filter_map(|entry| entry.ok()).map(|entry| entry.path()) {
            if path.is_dir() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !["target", "dist"].contains(&&*name) && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|it| extensions.iter().any(|extension| it == *extension)) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_must_open_with_its_job() {
        assert!(super::says_its_job("//! Reads the command line and hands over.\nfn main() {}\n"));
        assert!(!super::says_its_job("fn main() {}\n//! Too late to say it now.\n"));
        assert!(!super::says_its_job("//!\n"));
    }
}
