//! The part of YAML that configuration uses.

use super::{Given, Pasted, of_spring};

/// Keys that end with a colon or are followed by a blank behind one, and no line that could be a property.
pub(super) fn is_likely(text: &str) -> bool {
    let lines = || {
        text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'))
    };
    let key_of = |line: &str| line.split_once(':').map_or(String::new(), |(key, _)| key.trim().to_owned());
    lines().any(|line| line.ends_with(':') || line.starts_with("spring.kafka") && line.contains(": "))
        && !lines().any(|line| line.split_once('=').is_some_and(|(before, _)| key_of(before).is_empty()))
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
    for line in text.lines() {
        let content = line.split(" #").next().unwrap_or(line);
        let trimmed = content.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed == "---" {
            continue;
        }
        let indent = content.len() - content.trim_start().len();
        // The keys of Kafka's own properties may be quoted or in brackets.
        let plain = |text: &str| text.trim().trim_matches(['"', '\'', '[', ']']).to_owned();
        let item = trimmed.strip_prefix("- ");
        leave(&mut path, indent + usize::from(item.is_some()), pasted);
        if let Some((item, (outer, above))) = item.zip(path.split_last_mut()) {
            let list = of_spring(&whole(above, &outer.key), &plain(item));
            match given.last_mut().filter(|last| !outer.is_empty && last.key == list.key) {
                Some(last) => last.value = format!("{},{}", last.value, list.value),
                None => given.push(list),
            }
            outer.is_empty = false;
            continue;
        }
        let Some((key, value)) = trimmed.split_once(": ").or_else(|| Some((trimmed.strip_suffix(':')?, "")))
        else {
            pasted.unknown.push(trimmed.to_owned());
            continue;
        };
        let (key, value) = (plain(key), value.trim());
        if let Some(outer) = path.last_mut() {
            outer.is_empty = false;
        }
        if value.is_empty() {
            path.push(Outer { indent, key, is_empty: true });
            continue;
        }
        let whole = whole(&path, &key);
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
