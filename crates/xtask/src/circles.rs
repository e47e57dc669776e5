//! Which files of a crate import each other in a circle. A circle has to be read as one, so none may be large.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::Result;

/// For each crate how many files a circle may have; 1: none. Lower a line whenever a circle has become smaller.
const LARGEST: [(&str, usize); 9] = [
    ("crates/sim/src", 6),
    ("crates/scenario/src", 3),
    ("crates/lab/src", 1),
    ("crates/scene/src", 8),
    ("crates/golden/src", 4),
    ("crates/cli/src", 2),
    ("crates/xtask/src", 1),
    ("web/src", 2),
    ("tests/src", 7),
];

pub fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for (folder, most) in LARGEST {
        let sources = sources(Path::new(folder))?;
        for circle in circles(&imports(&sources)).into_iter().filter(|circle| circle.len() > most) {
            wrong.push(format!("{folder}: {} files in a circle: {}", circle.len(), circle.join(", ")));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Each module's path and text; those for tests only are left out.
fn sources(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = std::fs::read_dir(&next).map_err(|error| format!("{}: {error}", next.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("{}: {error}", next.display()))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                found.insert(module(folder, &path), text);
            }
        }
    }
    Ok(found)
}

/// `src/broker/mod.rs` is `broker`, `src/broker/log.rs` is `broker::log`, `src/lib.rs` the empty path.
fn module(folder: &Path, file: &Path) -> String {
    let below: PathBuf = file.strip_prefix(folder).unwrap_or(file).with_extension("");
    let mut parts: Vec<_> = below.iter().filter_map(|part| part.to_str()).collect();
    if matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
        parts.pop();
    }
    parts.join("::")
}

/// What each module imports of its own crate, the module that holds it.
fn imports(sources: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, text) in sources {
        let own: Vec<&str> = name.split("::").filter(|part| !part.is_empty()).collect();
        let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = shipped.lines().map(|line| line.split("//").next().unwrap_or_default());
        for line in code {
            for path in paths(line) {
                let parts: Vec<&str> = path.split("::").collect();
                if let Some(target) = resolve(sources, &own, &parts)
                    && target != name
                    && !target.is_empty()
                {
                    found.entry(name).or_default().insert(target);
                }
            }
        }
    }
    found
}

/// Paths of two and more names in a line. Who may see an item is no import.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_start();
    let line =
        line.strip_prefix("pub(in ").and_then(|rest| rest.split_once(')')).map_or(line, |(_, rest)| rest);
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    line.split(move |letter| !is_path(letter))
        .filter(|path| path.contains("::"))
        .map(|path| path.trim_matches(':'))
}

/// The module of the crate that a path leads into.
fn resolve<'s>(sources: &'s BTreeMap<String, String>, own: &[&str], path: &[&str]) -> Option<&'s str> {
    let mut full: Vec<&str> = match path[0] {
        "crate" => Vec::new(),
        "self" => own.to_vec(),
        "super" => own[..own.len().checked_sub(1)?].to_vec(),
        // A module below this one.
        child => {
            let child: Vec<&str> = own.iter().copied().chain([child]).collect();
            sources.contains_key(&child.join("::")).then(|| own.to_vec())?
        }
    };
    let names = if matches!(path[0], "crate" | "self" | "super") { &path[1..] } else { path };
    for name in names {
        match *name {
            "super" => _ = full.pop(),
            name => full.push(name),
        }
    }
    loop {
        if let Some((held, _)) = sources.get_key_value(&full.join("::")) {
            return Some(held);
        }
        full.pop()?;
    }
}

/// The sets of modules that can all be reached from each other.
fn circles(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<Vec<String>> {
    let reached = |from: &str| -> BTreeSet<String> {
        let (mut found, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(name) = next.pop() {
            for &target in imports.get(&*name).into_iter().flatten() {
                if found.insert(target.to_owned()) {
                    next.push(target.to_owned());
                }
            }
        }
        found
    };
    let reached: BTreeMap<&str, BTreeSet<String>> =
        imports.keys().map(|&name| (name, reached(name))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (name, targets) in &reached {
        let leads_back = |other: &&String| reached.get(&***other).is_some_and(|back| back.contains(*name));
        if targets.contains(*name) {
            circles.insert(targets.iter().filter(leads_back).cloned().collect());
        }
    }
    circles.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{circles, imports};

    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let sources: BTreeMap<String, String> =
            files.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
        circles(&imports(&sources))
    }

    #[test]
    fn files_that_lead_back_to_each_other_are_a_circle() {
        let files = [
            ("", "mod a;\nmod b;\nmod c;"),
            ("a", "use crate::b::B;\n"),
            ("b", "fn b(c: crate::c::C) {}\n// use crate::a;\n"),
            ("c", "use super::a::{A, B};\nuse std::fmt;\n"),
            ("f", "use g::G;\n"),
            ("f::g", "use super::{F, Other};\n"),
            (
                "d",
                "use crate::a::A;\n    pub(in crate::d::e) fn d() {}\n#[cfg(test)]\nmod tests {\n use crate::d::e::E;\n}",
            ),
            ("d::e", "use super::D;\n"),
        ];
        assert_eq!(found(&files), [&["a", "b", "c"][..], &["f", "f::g"]]);
    }

    #[test]
    fn an_owner_and_its_part_are_a_circle_when_the_part_names_the_owner() {
        let part = |text| [("owner", "mod part;\nuse part::Part;\n"), ("owner::part", text)];
        assert_eq!(found(&part("use crate::owner::Owner;\n")), [["owner", "owner::part"]]);
        assert_eq!(found(&part("use crate::ids::Id;\n")), [[""; 0]; 0]);
    }
}
