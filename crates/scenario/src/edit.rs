//! Changes to a document's text that leave the rest of it, comments and all, as it was written.

use std::fmt;
use std::ops::Range;

use crate::tree::{self, Node, Value};

/// Why a change could not be made. The text is still what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// It is no document to begin with.
    Unreadable,
    /// The place is written in a way that this does not change.
    Place(String),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::Unreadable => f.write_str("the text cannot be read as TOML"),
            EditError::Place(path) => {
                write!(f, "{path} is written in a form that can only be changed by hand")
            }
        }
    }
}

impl std::error::Error for EditError {}

/// A value as TOML: numbers and yes or no as they are, everything else in quotes.
pub fn literal(text: &str) -> String {
    let plain = text == "true"
        || text == "false"
        || text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => out += &format!("\\u{:04X}", u32::from(control)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Sets what stands at a path to a value (written as TOML); what is not there yet is added where it belongs: inside the
/// braces of its table, or under the nearest heading. Parts of the path: `["producer", "p", "config", "acks"]`; Kafka's
/// dots count as parts. A change for one variant alone goes to `["variant", name, …]`.
pub fn set(text: &str, path: &[&str], value: &str) -> Result<String, EditError> {
    let unable = || EditError::Place(path.join("."));
    let root = tree::parse(text).map_err(|_| EditError::Unreadable)?;
    let changed = match find(&root, path) {
        Some(node) => splice(text, replaceable(text, node).ok_or_else(unable)?, value),
        None => match braces(text, &root, path) {
            Some((inside, rest)) => {
                let before = text[..inside].trim_end();
                let gap = if before.ends_with(['{', ',']) { " " } else { ", " };
                format!("{before}{gap}{} = {value} {}", dotted(rest), &text[inside..])
            }
            None => add(text, path, value),
        },
    };
    // Never hand out what says something else than was meant.
    let again = tree::parse(&changed).map_err(|_| unable())?;
    if find(&again, path).is_some() { Ok(changed) } else { Err(unable()) }
}

/// Takes what stands at a path out: with its line, out of the braces around it, or all of its headings.
pub fn remove(text: &str, path: &[&str]) -> Result<String, EditError> {
    let unable = || EditError::Place(path.join("."));
    let root = tree::parse(text).map_err(|_| EditError::Unreadable)?;
    let node = find(&root, path).ok_or_else(unable)?;
    let changed = match replaceable(text, node).zip(node.key.clone()) {
        Some((value, key)) => splice(text, whole_entry(text, key.start, value.end), ""),
        None => without_headings(text, path),
    };
    let again = tree::parse(&changed).map_err(|_| unable())?;
    if find(&again, path).is_none() { Ok(changed) } else { Err(unable()) }
}

/// Whether something stands at a path.
pub fn has(text: &str, path: &[&str]) -> bool {
    tree::parse(text).is_ok_and(|root| find(&root, path).is_some())
}

fn find<'n>(root: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(root, |node, part| node.table()?.get(part))
}

/// The nearest table around a path that is written in braces: the place of its closing one, and what of the path is in it.
fn braces<'p, 's>(text: &str, root: &Node, path: &'p [&'s str]) -> Option<(usize, &'p [&'s str])> {
    let deepest = (1..path.len()).rev().find_map(|depth| Some((depth, find(root, &path[..depth])?)));
    let (depth, node) = deepest?;
    node.table()?;
    Some((replaceable(text, node)?.end - 1, &path[depth..]))
}

/// Where a value stands that can be replaced as a whole: not a table that is spread over lines of its own.
fn replaceable(text: &str, node: &Node) -> Option<Range<usize>> {
    let span = node.span.clone()?;
    let written = text.get(span.clone())?;
    match node.value {
        Value::Table(_) => (written.starts_with('{') && written.ends_with('}')).then_some(span),
        _ => Some(span),
    }
}

/// From the key's first part to the end of its line, or to the comma behind it.
fn whole_entry(text: &str, key: usize, end: usize) -> Range<usize> {
    let before = text[..key].trim_end_matches(|letter: char| !matches!(letter, '\n' | '{' | ','));
    let start = before.len();
    match before.chars().next_back() {
        Some(opener @ ('{' | ',')) => {
            let behind = &text[end..];
            let blank = behind.len() - behind.trim_start().len();
            match (opener, behind[blank..].starts_with(',')) {
                (_, true) => start..end + blank + 1,
                // The last one takes the comma before it along.
                (',', false) => start - 1..end,
                (_, false) => start..end,
            }
        }
        _ => start..text[end..].find('\n').map_or(text.len(), |at| end + at + 1),
    }
}

/// The text without the sections of a path.
fn without_headings(text: &str, path: &[&str]) -> String {
    let headings = headings(text);
    let mut kept = text[..headings.first().map_or(text.len(), |first| first.start)].to_owned();
    for (index, heading) in headings.iter().enumerate() {
        let end = headings.get(index + 1).map_or(text.len(), |next| next.start);
        if !borrowed(&heading.path).starts_with(path) {
            kept += &text[heading.start..end];
        }
    }
    kept
}

fn splice(text: &str, span: Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..span.start], &text[span.end..])
}

fn add(text: &str, path: &[&str], value: &str) -> String {
    let headings = headings(text);
    // The heading that names most of the path.
    let best = (0..headings.len())
        .filter(|&index| {
            path.len() > headings[index].path.len() && path.starts_with(&borrowed(&headings[index].path))
        })
        .max_by_key(|&index| headings[index].path.len());
    match best {
        Some(index) => {
            let end = headings.get(index + 1).map_or(text.len(), |next| next.start);
            let section = text[..end].trim_end();
            let rest = dotted(&path[headings[index].path.len()..]);
            format!(
                "{section}\n{rest} = {value}\n{}{}",
                if end < text.len() { "\n" } else { "" },
                &text[end..]
            )
        }
        None if path.len() == 1 => {
            let end = headings.first().map_or(text.len(), |first| first.start);
            let head = text[..end].trim_end();
            let gap = if head.is_empty() { "" } else { "\n" };
            format!("{head}{gap}{} = {value}\n\n{}", dotted(path), &text[end..])
        }
        // `[do]` holds all entries; clients and topics have headings of their own.
        None => {
            let depth = if matches!(path[0], "producer" | "consumer" | "topic" | "variant") && path.len() > 2
            {
                2
            } else {
                1
            };
            format!(
                "{}\n\n[{}]\n{} = {value}\n",
                text.trim_end(),
                dotted(&path[..depth]),
                dotted(&path[depth..])
            )
        }
    }
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn dotted(path: &[&str]) -> String {
    let part = |part: &&str| {
        let bare = !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if bare { (*part).to_owned() } else { quoted(part) }
    };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

struct Heading {
    path: Vec<String>,
    start: usize,
}

/// The `[a.b]` and `[[a]]` lines of a document that can be read; the path of the latter begins with an empty part, so that
/// it fits no other.
fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let (mut depth, mut quote, mut line_start) = (0_i32, None::<&str>, 0);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if depth == 0 && quote.is_none() && trimmed.starts_with('[') {
            let inner = trimmed.trim_start_matches('[');
            let written = inner.rsplit_once(']').map_or(inner, |(inner, _)| inner).trim_end_matches(']');
            let mut path = parts(written);
            if trimmed.starts_with("[[") {
                path.insert(0, String::new());
            }
            headings.push(Heading { path, start: line_start });
        } else {
            follow(line, &mut depth, &mut quote);
        }
        line_start += line.len();
    }
    headings
}

/// Keeps track of brackets and strings that go on over several lines.
fn follow(line: &str, depth: &mut i32, quote: &mut Option<&'static str>) {
    let mut rest = line;
    while !rest.is_empty() {
        if let Some(end) = *quote {
            let escaped = end.starts_with('"');
            if escaped && rest.starts_with('\\') {
                rest = rest.get(2..).unwrap_or("");
            } else if let Some(behind) = rest.strip_prefix(end) {
                *quote = None;
                rest = behind;
            } else {
                rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
            }
            continue;
        }
        if let Some(open) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|open| rest.starts_with(open)) {
            *quote = Some(open);
            rest = &rest[open.len()..];
            continue;
        }
        match rest.as_bytes()[0] {
            b'#' => break,
            b'[' | b'{' => *depth += 1,
            b']' | b'}' => *depth -= 1,
            _ => {}
        }
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
    }
    // A string on one line ends with it.
    if quote.is_some_and(|end| end.len() == 1) {
        *quote = None;
    }
}

/// `variant."a b".do` as its parts.
fn parts(written: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for letter in written.chars() {
        match (quote, letter) {
            (None, '.') => parts.push(String::new()),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            (None, blank) if blank.is_whitespace() => {}
            (_, other) => parts.last_mut().expect("never empty").push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{EditError, literal, remove, set};
    use crate::Document;
    use crate::library::library;

    fn parts(path: &str) -> Vec<&str> {
        path.split('.').collect()
    }

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        let text = "seed = 1 # luck\n[producer.p]\nconfig.acks = 1 # one\n";
        let changed = set(text, &parts("producer.p.config.acks"), "\"all\"").unwrap();
        assert_eq!(changed, "seed = 1 # luck\n[producer.p]\nconfig.acks = \"all\" # one\n");
        assert_eq!(set(text, &["seed"], "2").unwrap(), text.replace("seed = 1", "seed = 2"));
    }

    #[test]
    fn what_is_new_goes_under_its_heading() {
        let text =
            "title = \"x\"\n\n[producer.p]\nconfig.acks = 1\n\n# the story\n[do]\na = { at = \"1 s\" }\n";
        assert_eq!(
            set(text, &parts("producer.p.config.linger.ms"), "5").unwrap(),
            "title = \"x\"\n\n[producer.p]\nconfig.acks = 1\n\n# the story\nconfig.linger.ms = 5\n\n[do]\na = { at = \"1 s\" }\n"
        );
        assert!(
            set(text, &["do", "leader dies"], "{ at = \"2 s\" }")
                .unwrap()
                .ends_with("a = { at = \"1 s\" }\n\"leader dies\" = { at = \"2 s\" }\n")
        );
        assert!(set(text, &["seed"], "3").unwrap().starts_with("title = \"x\"\nseed = 3\n\n[producer.p]"));
        assert!(
            set(text, &parts("topic.t.partitions"), "3")
                .unwrap()
                .ends_with("\n\n[topic.t]\npartitions = 3\n")
        );
    }

    #[test]
    fn a_line_is_taken_out() {
        let text = "[do]\na = { at = \"1 s\" } # first\nb = { at = \"2 s\" }\n";
        assert_eq!(remove(text, &["do", "a"]).unwrap(), "[do]\nb = { at = \"2 s\" }\n");
        assert_eq!(
            remove(text, &["do", "a", "at"]).unwrap(),
            "[do]\na = {} # first\nb = { at = \"2 s\" }\n".replace("{}", "{ }")
        );
        assert_eq!(remove(text, &["do", "c"]), Err(EditError::Place("do.c".to_owned())));
    }

    #[test]
    fn braces_are_opened_and_commas_kept() {
        let text = "[do]\na = { at = \"1 s\", kill = \"broker-1\" } # first\n";
        let longer = set(text, &["do", "a", "for"], "\"2 s\"").unwrap();
        assert_eq!(longer, "[do]\na = { at = \"1 s\", kill = \"broker-1\", for = \"2 s\" } # first\n");
        assert_eq!(remove(&longer, &["do", "a", "for"]).unwrap(), text);
        let later = set(&longer, &["do", "a", "at"], "\"3 s\"").unwrap();
        assert!(later.contains("{ at = \"3 s\", kill"));
        let middle = remove(&longer, &["do", "a", "kill"]).unwrap();
        assert_eq!(middle, "[do]\na = { at = \"1 s\", for = \"2 s\" } # first\n");
        let first = remove(&longer, &["do", "a", "at"]).unwrap();
        assert_eq!(first, "[do]\na = { kill = \"broker-1\", for = \"2 s\" } # first\n");
        assert_eq!(set("[do]\na = {}\n", &["do", "a", "x", "y"], "1").unwrap(), "[do]\na = { x.y = 1 }\n");
    }

    #[test]
    fn headings_go_with_all_that_stands_below_them() {
        let text = "seed = 1\n[producer.p]\nconfig.acks = 1\n[producer.p.more]\na = 1\n[producer.q]\n";
        assert_eq!(remove(text, &["producer", "p"]).unwrap(), "seed = 1\n[producer.q]\n");
    }

    #[test]
    fn literals_are_quoted_where_they_must_be() {
        for (text, want) in [
            ("5", "5"),
            ("true", "true"),
            ("all", "\"all\""),
            ("05", "\"05\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
        ] {
            assert_eq!(literal(text), want);
        }
    }

    /// In every built-in document a change in the text says the same as a value laid over it.
    #[test]
    fn changing_the_text_is_laying_a_value_over_it() {
        for entry in library() {
            for (path, value) in [
                ("seed", "99"),
                ("network.latency", "3 ms"),
                ("cluster.config.replica.lag.time.max.ms", "12345"),
            ] {
                let changed = set(entry.text, &parts(path), &literal(value))
                    .unwrap_or_else(|error| panic!("{}: {error}", entry.id));
                let changed =
                    Document::parse(&changed).unwrap_or_else(|problems| panic!("{}: {problems:?}", entry.id));
                let laid = Document::parse_with(entry.text, &[(path, value)]).unwrap();
                for (one, other) in changed.variants.iter().zip(&laid.variants) {
                    assert!(one.spec == other.spec, "{}: {path}", entry.id);
                }
            }
        }
    }

    #[test]
    fn an_entry_can_be_added_to_and_taken_from_every_built_in_document() {
        for entry in library() {
            let path = ["do", "another fault"];
            let added =
                set(entry.text, &path, "{ at = \"1.5 s\", pause = \"broker-1\", for = \"1 s\" }").unwrap();
            let document =
                Document::parse(&added).unwrap_or_else(|problems| panic!("{}: {problems:?}", entry.id));
            assert!(
                document.variants[0].steps.iter().any(|step| step.name == "another fault"),
                "{}",
                entry.id
            );
            let removed = remove(&added, &path).unwrap();
            assert_eq!(
                Document::parse(&removed).unwrap().variants,
                entry.document().variants,
                "{}",
                entry.id
            );
        }
    }
}
