//! What the page costs to fetch, compressed as a good host would: opening the landing page, and the simulator that follows
//! at the first sign of use (at once where a scenario is addressed). The browser suite proves the lists of files; here they
//! are read from the built page.

use crate::{Result, exec};
use std::fmt;
use std::path::Path;

/// Files, and their bytes after brotli 11.
pub struct Weight {
    what: &'static str,
    pub files: Vec<(String, usize)>,
}

impl Weight {
    pub fn total(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Fails where it is more than its line in budget.toml allows.
    pub fn hold(&self) -> Result<()> {
        let (budget, total) = (self.budget()?, self.total());
        if total <= budget {
            return Ok(());
        }
        Err(format!(
            "the {} is {total} bytes, {} more than budget.toml allows ({budget}): make it smaller or load parts later",
            self.what,
            total - budget
        ))
    }

    /// The limit in bytes.
    fn budget(&self) -> Result<usize> {
        let path = exec::root().join("budget.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let key = format!("{}_bytes = ", self.what.replace(' ', "_"));
        text.lines()
            .find_map(|line| line.strip_prefix(&key))
            .and_then(|value| value.replace('_', "").parse().ok())
            .ok_or_else(|| format!("budget.toml needs a line `{key}<number>`"))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in &self.files {
            writeln!(f, "{bytes:>9}  {name}")?;
        }
        let total = self.total();
        writeln!(f, "{total:>9}  {} in bytes (brotli 11), {:.1} kB", self.what, total as f64 / 1000.0)
    }
}

/// Every file that opening the landing page fetches.
pub fn initial_download(dist: &Path) -> Result<Weight> {
    let mut names = fetched_by(&page(dist)?);
    names.push("index.html".to_owned());
    weigh(dist, "initial download", names)
}

/// What comes when somebody is there to use it.
pub fn simulator(dist: &Path) -> Result<Weight> {
    weigh(dist, "simulator", named_by(&page(dist)?))
}

fn page(dist: &Path) -> Result<String> {
    std::fs::read_to_string(dist.join("index.html"))
        .map_err(|error| format!("cannot read dist/index.html: {error}"))
}

fn weigh(dist: &Path, what: &'static str, mut names: Vec<String>) -> Result<Weight> {
    names.sort();
    names.dedup();
    let weigh = |name: String| {
        let bytes =
            std::fs::read(dist.join(&name)).map_err(|error| format!("cannot read dist/{name}: {error}"))?;
        Ok((name, brotli_11(&bytes)))
    };
    let files = names.into_iter().map(weigh).collect::<Result<Vec<_>>>()?;
    Ok(Weight { what, files })
}

/// The files that the page names for later.
fn named_by(html: &str) -> Vec<String> {
    let named = tags(html).filter(|tag| {
        tag.starts_with("meta ") && attribute(tag, "name").is_some_and(|name| name.starts_with("page-"))
    });
    named
        .filter_map(|tag| attribute(tag, "content"))
        .map(|address| address.trim_start_matches("./").to_owned())
        .collect()
}

/// What a browser asks for on its own account when it reads this page.
fn fetched_by(html: &str) -> Vec<String> {
    const RELATIONS: [&str; 6] =
        ["stylesheet", "preload", "modulepreload", "icon", "manifest", "apple-touch-icon"];
    tags(html)
        .filter_map(|tag| match tag.split_whitespace().next()? {
            "link" => attribute(tag, "rel")
                .filter(|rel| RELATIONS.contains(rel))
                .and_then(|_| attribute(tag, "href")),
            "script" | "img" => attribute(tag, "src"),
            _ => None,
        })
        .filter(|address| !address.starts_with("data:"))
        .map(|address| {
            address.trim_start_matches("./").split(['?', '#']).next().unwrap_or_default().to_owned()
        })
        .collect()
}

/// The insides of opening tags, comments left out.
pub fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split("<!--")
        .enumerate()
        .map(
            |(index, part)| {
                if index == 0 { part } else { part.split_once("-->").map_or("", |(_, after)| after) }
            },
        )
        .flat_map(|part| part.split('<').skip(1))
        .filter_map(|tag| tag.split('>').next())
}

pub fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next(),
        _ => rest.split_whitespace().next(),
    }
}

fn brotli_11(bytes: &[u8]) -> usize {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params).expect("writing to memory cannot fail");
    compressed.len()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_what_the_page_names() {
        let html = r#"<!doctype html><link rel="icon" href="data:image/svg+xml,x"><!-- <link rel="stylesheet" href="no.css"> -->
            <link rel="stylesheet" href="./style-1.css" integrity="x"><link rel=modulepreload href=./app.js>
            <link rel="canonical" href="elsewhere.html"><link rel="preload" href="./app_bg.wasm" as="fetch">
            <script>let no = "./later.js"</script><script src='./embed.js'></script><a href="./about.html">about</a>"#;
        assert_eq!(super::fetched_by(html), ["style-1.css", "app.js", "app_bg.wasm", "embed.js"]);
    }

    #[test]
    fn what_comes_later_is_named() {
        let html = r#"<meta name="viewport" content="x"><meta name="page-script" content="./app.js"><meta name="page-module" content="./app_bg.wasm">"#;
        assert_eq!(super::named_by(html), ["app.js", "app_bg.wasm"]);
        assert_eq!(super::fetched_by(html), [""; 0]);
    }

    #[test]
    fn compression_is_real() {
        assert!(super::brotli_11(&[b'a'; 10_000]) < 100);
    }
}
