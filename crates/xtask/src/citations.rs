//! Citations of Kafka's behaviour: each one must lead to a rule of `docs/kafka`.
//! How a rule is cited is said in `docs/kafka/README.md`.

use crate::{Result, exec, words};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const FOLDER: &str = "docs/kafka";
const GROUPS: &str = "consumer-and-transactions.md";
const CASES: &str = "cases.md";
const DOCUMENTS: [&str; 4] = ["broker.md", "producer.md", GROUPS, CASES];

/// For each document the names of its rules, without the section sign.
type Rules = BTreeMap<&'static str, BTreeSet<String>>;

pub fn check() -> Result<()> {
    let mut rules = Rules::new();
    for document in DOCUMENTS {
        rules.insert(document, rules_of(document, &read(&exec::root().join(FOLDER).join(document))?));
    }
    let mut wrong = Vec::new();
    for file in words::files(exec::root(), &["rs", "toml", "md"])? {
        let path = file.strip_prefix(exec::root()).unwrap_or(&file);
        let found = dead_ends(path, &read(&file)?, &rules);
        wrong.extend(found.into_iter().map(|(line, what)| format!("{}:{line}: {what}", path.display())));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// What can be cited of a document: sections, numbered rules and rows, their lettered parts, stories, cases.
fn rules_of(document: &str, text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let (mut section, mut rule) = (String::new(), String::new());
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        if in_code {
            continue;
        }
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        let first = rest.trim_start_matches('*').split([' ', '*']).next().unwrap_or_default();
        if mark.starts_with("##") {
            section = first.trim_end_matches('.').to_owned();
            rule.clone_from(&section);
        } else if let Some(number) = mark.strip_suffix('.').filter(|number| is_number(number)) {
            rule = match section.split('.').next() {
                Some(chapter) if document == GROUPS => format!("R{chapter}.{number}"),
                _ => format!("{section}.{number}"),
            };
        } else if mark == "|" && is_number(first) || mark == "-" && is_numbered('S', first) {
            let space = if mark == "|" { "." } else { " " };
            rule = format!("{section}{space}{first}");
        } else if mark == "|" && document == CASES && "BPXCT".chars().any(|kind| is_numbered(kind, first))
            || mark == "-" && (is_dotted(first) || is_numbered('C', first))
        {
            rule = first.to_owned();
        } else if mark == "-" {
            rule.clone_from(&section);
        }
        names.insert(rule.clone());
        let bracketed = line.split('(').filter_map(|part| Some(part.split_once(')')?.0));
        names.extend(bracketed.filter(|part| is_letter(part)).map(|part| format!("{rule}{part}")));
    }
    names
}

/// The lines of a file that cite what is not there, or that leave open which document they mean.
fn dead_ends(path: &Path, text: &str, rules: &Rules) -> Vec<(usize, String)> {
    let own = DOCUMENTS.into_iter().find(|name| *name != CASES && path == Path::new(FOLDER).join(name));
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let mut wrong = Vec::new();
    let mut citing = Citing::default();
    let mut in_list = false;
    for (line, number) in text.lines().zip(1..) {
        in_list |= !is_rust && line.starts_with("rules = [");
        if in_list {
            let quoted = line.split('"').skip(1).step_by(2);
            let lost = quoted.filter(|citation| !leads(citation, rules));
            wrong.extend(lost.map(|citation| (number, format!("\"{citation}\" leads nowhere in {FOLDER}"))));
            in_list = !line.contains(']');
        } else if let Some(line) = if is_rust { comment(line) } else { Some(line) } {
            let words = line.split([' ', '(', '[', '`', '*', '|']).filter(|word| !word.is_empty());
            let found = words.filter_map(|word| citing.read(word, own, is_rust, rules));
            wrong.extend(found.map(|what| (number, what)));
        } else {
            citing = Citing::default();
        }
    }
    wrong
}

/// A citation that is being read: a document's name, then rules of it, one after the other.
#[derive(Default)]
struct Citing {
    document: Option<&'static str>,
    /// The rule before, in which a story may be named next.
    section: Option<String>,
}

impl Citing {
    /// Takes the next word; says what is wrong with it.
    fn read(&mut self, word: &str, own: Option<&str>, with_cases: bool, rules: &Rules) -> Option<String> {
        if let Some(document) = DOCUMENTS.into_iter().find(|name| *name == word) {
            *self = Citing { document: Some(document), section: None };
            return None;
        }
        let (name, rest) = word.split_at(name_length(word));
        let needs_document = name.starts_with(['§', 'R']);
        let document = self.document.or(own.filter(|_| needs_document));
        let section = self.section.take().filter(|_| name.starts_with('S'));
        let name = section.map_or(String::new(), |section| section + " ") + name.trim_start_matches('§');
        let wrong = match document {
            _ if name.is_empty() => None,
            Some(document) if rules[document].contains(&name) => None,
            Some(document) => Some(format!("{document} has no {name}")),
            None if needs_document || with_cases && rules[CASES].contains(&name) => {
                Some(format!("{name} of which document? Write `broker.md §6.9`, `cases.md B62`"))
            }
            None => None,
        };
        let connects = name.is_empty() && ["and", "to", "or"].contains(&word);
        if !connects && (name.is_empty() || !["", ","].contains(&rest)) {
            self.document = None;
        }
        self.section = Some(name).filter(|name| !name.is_empty() && rest.is_empty());
        wrong
    }
}

/// A line's comment, if it has one.
fn comment(line: &str) -> Option<&str> {
    let start =
        line.match_indices("//").map(|(start, _)| start).find(|&start| !line[..start].ends_with(':'))?;
    Some(line[start..].trim_start_matches(['/', '!']))
}

/// How much of a word is the name of a rule: a section sign or a letter, a dotted number, perhaps a letter.
fn name_length(word: &str) -> usize {
    let Some(sign) = word.chars().next().filter(|sign| "§RSCBPXT".contains(*sign)) else { return 0 };
    let after = &word[sign.len_utf8()..];
    let number = after.split(|each: char| !each.is_ascii_digit() && each != '.').next().unwrap_or_default();
    let number = number.trim_end_matches('.');
    let after = &after[number.len()..];
    let letter = usize::from(sign == '§' && after.starts_with(|each: char| each.is_ascii_lowercase()));
    let ends = !after[letter..].starts_with(|each: char| each.is_alphanumeric() || each == '_');
    let is_name = ends && is_dotted(number) && number.contains('.') >= (sign == 'R');
    if is_name { sign.len_utf8() + number.len() + letter } else { 0 }
}

/// Does this lead somewhere? It is a citation as library documents write it: `broker 5.5 S6`, `consumer 2.5`.
fn leads(citation: &str, rules: &Rules) -> bool {
    let Some((document, name)) = citation.split_once(' ') else { return false };
    let document = if document == "consumer" { GROUPS.to_owned() } else { format!("{document}.md") };
    rules.get(document.as_str()).is_some_and(|names| names.contains(name))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|each| each.is_ascii_digit())
}

fn is_dotted(word: &str) -> bool {
    word.split('.').all(is_number)
}

fn is_numbered(kind: char, word: &str) -> bool {
    word.strip_prefix(kind).is_some_and(is_number)
}

fn is_letter(word: &str) -> bool {
    word.len() == 1 && word.starts_with(|each: char| each.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKER: &str = "\
# Brokers
## 4. Replication
### 4.1 Followers
1. They ask.
2. They wait: (a) long, (b) longer.
- And more.
| # | check |
|---|---|
| 7 | a leader |
### 4.2 Stories
- **S1 loss.** It is lost.
";

    fn rules() -> Rules {
        let mut rules: Rules = DOCUMENTS.into_iter().map(|document| (document, BTreeSet::new())).collect();
        rules.insert("broker.md", rules_of("broker.md", BROKER));
        let producer = "## 1. Settings\n- C5 **Equal.**\n- 1.2 Later: (a) so.\n";
        rules.insert("producer.md", rules_of("producer.md", producer));
        rules.insert(
            GROUPS,
            rules_of(GROUPS, "## 2. Fetch\n### 2.1 Bound\n1. One.\n### 2.2 Poll\n7. Seven.\n"),
        );
        rules.insert(CASES, rules_of(CASES, "| # | given |\n|---|---|\n| B62 | a batch |\n"));
        rules
    }

    fn found(path: &str, text: &str) -> Vec<String> {
        let found = dead_ends(Path::new(path), text, &rules());
        found.into_iter().map(|(line, what)| format!("{line}: {what}")).collect()
    }

    /// As a line of Rust; written like this, it is none here.
    fn rust(comment: &str) -> Vec<String> {
        found("crates/sim/src/log.rs", &format!("let at = 0; /{}", format_args!("/ {comment}")))
    }

    #[test]
    fn what_is_there_can_be_cited() {
        for good in [
            "Parked (broker.md §4.1, §4.2): see there.",
            "broker.md §4.1.1 to §4.1.2, and then as it comes.",
            "broker.md §4.1.2b; §",
            "The check of broker.md §4.1.7's row.",
            "broker.md §4.2 S1: it is lost.",
            "cases.md B62, broker.md §4.1 and producer.md §1, C5, §1.2a.",
            "consumer-and-transactions.md R2.7, §2.1.",
            "Since 3.7, P50 and S3 are no rules; broker.md says more.",
        ] {
            assert_eq!(rust(good), [""; 0], "{good}");
        }
        assert_eq!(found("docs/kafka/broker.md", "As in §4.1 (§4.2), not producer.md §1."), [""; 0]);
        assert_eq!(
            found("a.toml", "rules = [\"broker 4.1\", \"broker 4.2 S1\",\n \"consumer R2.7\"]"),
            [""; 0]
        );
    }

    #[test]
    fn a_citation_that_leads_nowhere_is_named_with_its_line() {
        for (bad, what) in [
            ("broker.md §4.3", "1: broker.md has no 4.3"),
            ("broker.md §4.1, §4.1.3.", "1: broker.md has no 4.1.3"),
            ("(broker.md §4.1 to §4.9)", "1: broker.md has no 4.9"),
            ("broker.md §4.1.2c", "1: broker.md has no 4.1.2c"),
            ("broker.md §4.2 S2", "1: broker.md has no 4.2 S2"),
            ("cases.md B63", "1: cases.md has no B63"),
            ("consumer-and-transactions.md R2.8", "1: consumer-and-transactions.md has no R2.8"),
        ] {
            assert_eq!(rust(bad), [what], "{bad}");
        }
        assert_eq!(found("README.md", "See\nbroker.md §4.1,\n§5.")[0], "3: broker.md has no 5");
        let lost =
            found("a.toml", "rules = [\"broker 4.1\",\n\"broker 9\", \"brokers 4.1\", \"consumer 2.7\"]");
        assert_eq!(lost.len(), 3, "{lost:?}");
        assert_eq!(lost[0], "2: \"broker 9\" leads nowhere in docs/kafka");
    }

    #[test]
    fn a_rule_or_a_case_without_its_document_is_named() {
        for bad in ["§4.1", "broker.md says so: §4.1", "Case B62.", "R2.7", "style.md §4.1"] {
            let found = rust(bad);
            assert!(found.len() == 1 && found[0].contains("of which document?"), "{bad}: {found:?}");
        }
        // What is no comment is no citation; numbers of cases stand alone in the documents themselves.
        assert_eq!(found("crates/sim/src/log.rs", "let text = \"§4.1\";"), [""; 0]);
        assert_eq!(found("docs/kafka/cases.md", "| B63 | as B62 |"), [""; 0]);
    }
}
