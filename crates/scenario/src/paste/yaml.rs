//! The part of YAML that configuration uses.

use super::{Given, Pasted, of_spring, properties};

/// Keys that end with a colon, have a text below them or Spring's beginning, and no line that could be a property.
pub(super) fn is_likely(text: &str) -> bool {
    let lines = lines(text);
    let key_of = |line: &str| line.split_once(':').map_or(String::new(), |(key, _)| key.trim().to_owned());
    let is_yaml = |Line { text, block, .. }: &Line| {
        block.is_some() || text.ends_with(':') || text.starts_with("spring.kafka") && text.contains(": ")
    };
    let is_property = |Line { text, .. }: &Line| {
        let before = text.split_once('=').filter(|_| !text.starts_with("- "));
        before.is_some_and(|(before, _)| key_of(before).is_empty())
    };
    lines.iter().any(is_yaml) && !lines.iter().any(is_property)
}

/// A line with what belongs to it on the lines below: a plain value may go on there, deeper than its key.
struct Line {
    indent: usize,
    text: String,
    /// A text that stands below, behind `|` or `>`.
    block: Option<String>,
}

fn lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut in_block = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some((depth, join)) = in_block {
            if line.trim().is_empty() || indent > depth {
                if let Some(Line { block: Some(block), .. }) = lines.last_mut() {
                    block.push_str(line.trim());
                    block.push(join);
                }
                continue;
            }
            in_block = None;
        }
        let text = line.split(" #").next().unwrap_or(line).trim();
        if text.is_empty() || text.starts_with('#') || text == "---" {
            continue;
        }
        let has_key = |text: &str| text.contains(": ") || text.ends_with(':') || text.starts_with("- ");
        if let Some(last) = lines.last_mut()
            && indent > last.indent
            && last.text.contains(": ")
            && !last.text.starts_with("- ")
            && !has_key(text)
        {
            last.text = format!("{} {text}", last.text);
            continue;
        }
        let (before, header) = text.rsplit_once(' ').unwrap_or((text, ""));
        let is_header = header.starts_with(['|', '>'])
            && header[1..].bytes().all(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9'))
            && before.ends_with([':', '-']);
        if is_header {
            in_block = Some((indent, if header.starts_with('|') { '\n' } else { ' ' }));
        }
        let text = if is_header { before } else { text };
        lines.push(Line { indent, text: text.to_owned(), block: is_header.then(String::new) });
    }
    lines
}

/// A key of YAML that has others below it.
struct Outer {
    indent: usize,
    key: String,
    is_empty: bool,
}

/// The part of YAML that configuration uses: nested keys, plain values, lists of them, short tables in braces.
pub(super) fn read(text: &str, pasted: &mut Pasted) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    let mut path: Vec<Outer> = Vec::new();
    let whole = |path: &[Outer], key: &str| {
        let names: Vec<&str> = path.iter().map(|outer| outer.key.as_str()).chain([key]).collect();
        names.join(".")
    };
    // What a line of this depth does not belong to any more; a key without a value is nobody's.
    let leave = |path: &mut Vec<Outer>, depth: usize, pasted: &mut Pasted| {
        while let Some(Outer { key, is_empty, .. }) = path.pop_if(|outer| outer.indent >= depth) {
            if is_empty {
                pasted.unknown.push(format!("{}:", whole(path, &key)));
            }
        }
    };
    for Line { indent, text, block } in lines(text) {
        // The keys of Kafka's own properties may be quoted or in brackets.
        let plain = |text: &str| text.trim().trim_matches(['"', '\'', '[', ']']).to_owned();
        let block = block.as_deref().map(str::trim);
        let item = text.strip_prefix('-').filter(|item| item.is_empty() || item.starts_with(' '));
        leave(&mut path, indent + usize::from(item.is_some()), pasted);
        if let Some((item, (outer, above))) = item.zip(path.split_last_mut()) {
            let list =
                of_spring(&whole(above, &outer.key), &block.map_or_else(|| plain(item), str::to_owned));
            match given.last_mut().filter(|last| !outer.is_empty && last.key == list.key) {
                Some(last) => last.value = format!("{},{}", last.value, list.value),
                None => given.push(list),
            }
            outer.is_empty = false;
            continue;
        }
        let Some((key, value)) = text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, ""))) else {
            pasted.unknown.push(text);
            continue;
        };
        let (key, value) = (plain(key), value.trim());
        if let Some(outer) = path.last_mut() {
            outer.is_empty = false;
        }
        let whole = whole(&path, &key);
        match block {
            // A whole file, as a ConfigMap of Kubernetes holds it.
            Some(block) if key.ends_with(".properties") => given.extend(properties(block, pasted)),
            Some(block) => given.push(of_spring(&whole, block)),
            None if value.is_empty() => path.push(Outer { indent, key, is_empty: true }),
            None => {}
        }
        if value.is_empty() {
            continue;
        }
        match value.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(inner) => {
                for pair in inner.split(',').filter(|pair| !pair.trim().is_empty()) {
                    match pair.split_once(':') {
                        Some((key, value)) => {
                            given.push(of_spring(&format!("{whole}.{}", plain(key)), &plain(value)))
                        }
                        None => pasted.unknown.push(pair.trim().to_owned()),
                    }
                }
            }
            None => given.push(of_spring(&whole, &plain(value))),
        }
    }
    leave(&mut path, 0, pasted);
    given
}
