//! The page's content security policy: written into the built page, with the hash of every script and style sheet that
//! stands in it. Nothing else can run or restyle the page, whatever a link or a document brings.

use crate::{Result, weigh};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// Where index.html holds the policy. The page that `serve` shows has none: trunk adds a script of its own there.
const PLACE: &str = "<!-- policy -->";

/// Writes the policy into the site's page, which must be complete but for that.
pub fn write(dist: &Path) -> Result<()> {
    let path = dist.join("index.html");
    let page =
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    fs::write(&path, with_policy(&page)?).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn with_policy(page: &str) -> Result<String> {
    if !page.contains(PLACE) {
        return Err(format!("index.html has no place for its policy: {PLACE:?} is missing"));
    }
    if let Some(tag) = weigh::tags(page).find(|tag| is_refused(tag)) {
        return Err(format!(
            "the page's policy forbids handlers and styles as attributes, but there is <{tag}>"
        ));
    }
    let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy(page));
    Ok(page.replacen(PLACE, &meta, 1))
}

/// Whether an attribute of the tag would be refused by the policy.
fn is_refused(tag: &str) -> bool {
    tag.split_ascii_whitespace().skip(1).any(|part| {
        let Some((name, _)) = part.split_once('=') else { return false };
        name == "style" || (name.starts_with("on") && name.bytes().all(|byte| byte.is_ascii_lowercase()))
    })
}

/// Everything is forbidden but what is named; the rest of the world is never asked for anything.
fn policy(page: &str) -> String {
    [
        "default-src 'none'".to_owned(),
        format!("script-src 'self' 'wasm-unsafe-eval'{}", hashes(page, "script")),
        format!("style-src 'self'{}", hashes(page, "style")),
        // The icon is part of the page.
        "img-src data:".to_owned(),
        "connect-src 'self'".to_owned(),
        "worker-src 'self'".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
    ]
    .join("; ")
}

/// What stands between the tags of this name, each as ` 'sha256-…'`, each once.
fn hashes(page: &str, name: &str) -> String {
    let mut sources = Vec::new();
    for part in page.split(&format!("<{name}")).skip(1) {
        // Not one whose name only begins like that.
        if !part.starts_with(['>', ' ']) {
            continue;
        }
        let text = part.split_once('>').and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
        let Some((text, _)) = text.filter(|(text, _)| !text.is_empty()) else { continue };
        // Browsers read every end of a line as this one.
        let digest = Sha256::digest(text.replace("\r\n", "\n"));
        let source = format!(" 'sha256-{}'", BASE64_STANDARD.encode(digest));
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_and_style_sheet_of_the_page_is_named_once_and_nothing_else_is_allowed() {
        let page = format!(
            "<head>{PLACE}<script>alert('Hello, world.');</script><script src=\"./a.js\"></script>\
             <style>a{{}}</style></head><noscript><style>a{{}}</style></noscript><scripted>no</scripted>"
        );
        let written = with_policy(&page).expect("a policy");
        // The example of the specification.
        let script = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert_eq!(hashes(&page, "script"), format!(" {script}"));
        assert_eq!(hashes(&page, "style").matches("sha256-").count(), 1);
        assert!(
            written.contains(&format!("default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {script};")),
            "{written}"
        );
        assert!(!written.contains("unsafe-inline") && !written.contains(PLACE), "{written}");
    }

    #[test]
    fn a_page_that_its_policy_would_break_is_not_built() {
        for refused in ["<b style=\"color:red\">", "<b class=x onclick=go()>", "<svg style='x'>"] {
            let problem = with_policy(&format!("{PLACE}{refused}")).expect_err("refused");
            assert!(problem.contains("handlers and styles"), "{problem}");
        }
        assert!(with_policy(&format!("{PLACE}<i data-style=\"x\" title=\"on = 1\">")).is_ok());
        assert!(with_policy("<p>").expect_err("no place").contains("is missing"));
    }
}
