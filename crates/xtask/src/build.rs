//! `cargo xtask build`: the static site in dist/, every file under a name that changes with its content.

use crate::{Result, exec, policy, tools, weigh};
use std::fs;
use std::path::{Path, PathBuf};

pub fn run() -> Result<()> {
    let dist = site()?;
    hold_budget(&dist)
}

/// Says what the page costs to fetch, and fails where that is too much.
pub fn hold_budget(dist: &Path) -> Result<()> {
    let weights = [weigh::initial_download(dist)?, weigh::simulator(dist)?];
    weights.iter().for_each(|weight| print!("{weight}"));
    weights.iter().try_for_each(weigh::Weight::hold)
}

/// Builds the site and returns where it is.
pub fn site() -> Result<PathBuf> {
    let tools = tools::set_up()?;
    prepare()?;
    let dist = dist();
    exec::run(tools.trunk()?.args(["build", "--release", "--dist"]).arg(&dist))?;
    fingerprint(&dist)?;
    draw_landing(&dist)?;
    policy::write(&dist)?;
    Ok(dist)
}

/// Where index.html holds the landing page, drawn already.
const LANDING: &str = "<!-- landing -->";

fn draw_landing(dist: &Path) -> Result<()> {
    let landing = exec::output(exec::cargo().args([
        "run",
        "--quiet",
        "--package=ackscope-web",
        "--no-default-features",
        "--features=prerender",
        "--bin=prerender",
    ]))?;
    let path = dist.join("index.html");
    let page = read_text(&path);
    if !page.contains(LANDING) {
        return Err(format!("index.html has no place for the landing page: {LANDING:?} is missing"));
    }
    fs::write(&path, page.replace(LANDING, landing.trim()))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

pub fn dist() -> PathBuf {
    exec::root().join("dist")
}

/// What trunk leaves to its caller: crates must be on the machine (it runs offline), and files that
/// wasm-bindgen wrote in earlier builds must not be taken for this one's.
pub fn prepare() -> Result<()> {
    exec::run(exec::cargo().args(["fetch", "--quiet"]))?;
    let left_over = target_dir()?.join("wasm-bindgen");
    match fs::remove_dir_all(&left_over) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", left_over.display()))
        }
        _ => Ok(()),
    }
}

pub fn target_dir() -> Result<PathBuf> {
    let metadata =
        exec::output(exec::cargo().args(["metadata", "--no-deps", "--format-version", "1", "--offline"]))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target directory".into())
}

/// Trunk gives workers and copied files plain names, for the page to find. A cache would then mix releases,
/// so such names get a part of their content's hash, here and wherever another file of the site uses them.
/// A file that names another one is renamed after it, so that its own hash covers the new name.
fn fingerprint(dist: &Path) -> Result<()> {
    let mut plain: Vec<String> =
        file_names(dist)?.into_iter().filter(|name| needs_fingerprint(name)).collect();
    while !plain.is_empty() {
        let texts: Vec<String> = plain.iter().map(|name| read_text(&dist.join(name))).collect();
        let leaf = plain.iter().zip(&texts).position(|(name, text)| {
            plain.iter().all(|other| other == name || !text.contains(&quoted_path(other)))
        });
        let Some(leaf) = leaf else {
            return Err(format!("these files of the site name each other in a circle: {}", plain.join(", ")));
        };
        let name = plain.remove(leaf);
        let bytes =
            fs::read(dist.join(&name)).map_err(|error| format!("cannot read dist/{name}: {error}"))?;
        let (stem, extension) = name.rsplit_once('.').expect("only names with an extension are chosen");
        let hashed = format!("{stem}-{:016x}.{extension}", fnv1a(&bytes));
        fs::rename(dist.join(&name), dist.join(&hashed))
            .map_err(|error| format!("cannot rename dist/{name}: {error}"))?;
        for other in
            file_names(dist)?.iter().filter(|other| other.ends_with(".html") || other.ends_with(".js"))
        {
            let path = dist.join(other);
            let text = read_text(&path);
            let renamed = text.replace(&quoted_path(&name), &quoted_path(&hashed));
            if renamed != text {
                fs::write(&path, renamed).map_err(|error| format!("cannot write dist/{other}: {error}"))?;
            }
        }
    }
    Ok(())
}

/// How one file of the site names another: every address is relative.
fn quoted_path(name: &str) -> String {
    format!("./{name}")
}

/// Addresses that pages of others hold: these stay the same for ever.
const PUBLIC: [&str; 1] = ["embed.js"];

/// Scripts and modules without trunk's hash: `-` and fourteen or more hex digits before the extension or `_bg`.
fn needs_fingerprint(name: &str) -> bool {
    if PUBLIC.contains(&name) {
        return false;
    }
    let Some(stem) = name.strip_suffix(".js").or_else(|| name.strip_suffix(".wasm")) else { return false };
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() < 14 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read_text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn file_names(dist: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dist).map_err(|error| format!("cannot list {}: {error}", dist.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// FNV-1a: enough to tell two releases of a file apart.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_become_fingerprints_everywhere_they_stand() {
        let dist = std::env::temp_dir().join(format!("ackscope-fingerprint-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        let write = |name: &str, text: &str| fs::write(dist.join(name), text).unwrap();
        write("index.html", r#"<meta name="worker" content="./worker_loader.js">"#);
        write("worker_loader.js", r#"importScripts("./worker.js");wasm_bindgen("./worker_bg.wasm");"#);
        write("worker.js", "glue");
        write("worker_bg.wasm", "code");
        write("page-1234567890abcdef.js", "already hashed by trunk");

        fingerprint(&dist).unwrap();

        let names = file_names(&dist).unwrap();
        let loader = names
            .iter()
            .find(|name| name.starts_with("worker_loader-"))
            .expect("the loader got a fingerprint");
        assert!(read_text(&dist.join("index.html")).contains(&format!("./{loader}\"")));
        for name in names.iter().filter(|name| name.starts_with("worker-") || name.starts_with("worker_bg-"))
        {
            assert!(read_text(&dist.join(loader)).contains(&format!("./{name}\"")), "{loader} names {name}");
        }
        assert!(names.contains(&"page-1234567890abcdef.js".to_owned()));
        assert_eq!(names.len(), 5);
        fs::remove_dir_all(&dist).unwrap();
    }
}
