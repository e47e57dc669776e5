//! The weight of the initial download: what opening the landing page fetches, compressed as a good host would.
//! The browser suite proves the list of files; here it is read from the built page.

use crate::{Result, exec};
use std::fmt;
use std::path::Path;

/// Files, and their bytes after brotli 11.
pub struct Weight {
    pub files: Vec<(String, usize)>,
}

impl Weight {
    pub fn total(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    pub fn hold(&self, budget: usize) -> Result<()> {
        let total = self.total();
        if total <= budget {
            return Ok(());
        }
        Err(format!(
            "the initial download is {total} bytes, {} more than budget.toml allows ({budget}): \
             make it smaller or load parts later",
            total - budget
        ))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in &self.files {
            writeln!(f, "{bytes:>9}  {name}")?;
        }
        let total = self.total();
        writeln!(f, "{total:>9}  initial download in bytes (brotli 11), {:.1} kB", total as f64 / 1000.0)
    }
}

/// The limit in bytes, from budget.toml.
pub fn budget() -> Result<usize> {
    let path = exec::root().join("budget.toml");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("initial_download_bytes = "))
        .and_then(|value| value.replace('_', "").parse().ok())
        .ok_or_else(|| "budget.toml needs a line `initial_download_bytes = <number>`".to_owned())
}

pub fn initial_download(dist: &Path) -> Result<Weight> {
    let read = |name: &str| {
        std::fs::read(dist.join(name)).map_err(|error| format!("cannot read dist/{name}: {error}"))
    };
    let html = String::from_utf8_lossy(&read("index.html")?).into_owned();
    let mut names = vec!["index.html".to_owned()];
    names.extend(fetched_by(&html));
    names.sort();
    names.dedup();
    let files = names
        .into_iter()
        .map(|name| {
            let bytes = brotli_11(&read(&name)?);
            Ok((name, bytes))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Weight { files })
}

/// What a browser asks for on its own account when it reads this page. Everything the page needs at once is
/// named in a tag: trunk adds preloads for the module, its script and their snippets.
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
fn tags(html: &str) -> impl Iterator<Item = &str> {
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
    fn compression_is_real() {
        assert!(super::brotli_11(&[b'a'; 10_000]) < 100);
    }
}
