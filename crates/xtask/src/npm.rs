//! Tools that only npm has, for looking at the page from outside: kept in the cache, never shipped.

use crate::install::{self, say};
use crate::{Result, exec};
use std::path::PathBuf;

/// The rules by which the browser suite looks for barriers.
pub const AXE: Package = Package { name: "axe-core", version: "4.10.3", file: "axe.min.js" };
/// The browser's own audit of a page, for the bench.
pub const LIGHTHOUSE: Package = Package { name: "lighthouse", version: "12.6.1", file: "cli/index.js" };

pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
    /// What is wanted of it.
    file: &'static str,
}

impl Package {
    /// The wanted file, where the package is there already.
    pub fn find(&self) -> Option<PathBuf> {
        let file = self.home().ok()?.join("node_modules").join(self.name).join(self.file);
        file.is_file().then_some(file)
    }

    /// Finds it, or has npm fetch it.
    pub fn set_up(&self) -> Result<PathBuf> {
        if let Some(found) = self.find() {
            return Ok(found);
        }
        let package = format!("{}@{}", self.name, self.version);
        if exec::find(&["npm"]).is_none() {
            install::apt(&format!("npm, for {package},"), &["npm"])?;
        }
        say(&format!("{package} is missing; taking it from npm"));
        let install = exec::run(
            exec::program("npm")
                .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
                .arg(self.home()?)
                .arg(&package),
        );
        install.map_err(|problem| format!("{problem}; {package} cannot be had"))?;
        self.find().ok_or_else(|| format!("{package} was installed, but holds no {}", self.file))
    }

    fn home(&self) -> Result<PathBuf> {
        Ok(install::tools_dir()?.join(format!("{}-{}", self.name, self.version)))
    }
}
