//! What is wrong with a document, where, and what would be accepted instead.

use std::fmt;

use ackscope_sim::shown::shown;

/// More than this many help nobody.
pub(crate) const PROBLEMS: usize = 50;

/// One complaint about a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// From 1; 0 where there is no place in a text.
    pub line: u32,
    pub column: u32,
    /// The dotted path of the key.
    pub key: String,
    pub found: String,
    /// Empty where nothing can be listed.
    pub accepted: String,
    pub message: String,
}

impl Problem {
    /// With long texts cut off: what is wrong with them shows at their beginning.
    pub(crate) fn shortened(mut self) -> Problem {
        for (text, most) in [
            (&mut self.key, 160),
            (&mut self.found, 80),
            (&mut self.message, 400),
            (&mut self.accepted, 1_200),
        ] {
            if let Some((end, _)) = text.char_indices().nth(most) {
                text.truncate(end);
                text.push('…');
            }
        }
        self
    }
}

/// On one line, whatever the document holds.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", shown(&self.key))?;
        }
        f.write_str(&shown(&self.message))?;
        if !self.found.is_empty() {
            write!(f, "; found {}", shown(&self.found))?;
        }
        if !self.accepted.is_empty() {
            write!(f, "; accepted: {}", shown(&self.accepted))?;
        }
        Ok(())
    }
}

/// Where the lines of a text begin.
pub(crate) struct Places<'t> {
    text: &'t str,
    lines: Vec<usize>,
}

impl<'t> Places<'t> {
    pub fn of(text: &'t str) -> Places<'t> {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        Places { text, lines: [0].into_iter().chain(breaks.map(|(at, _)| at + 1)).collect() }
    }

    /// Line and column, both from 1, of a place in the text.
    pub fn of_offset(&self, offset: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines[line - 1];
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or_default();
        (line as u32, before.chars().count() as u32 + 1)
    }
}

/// The one of `names` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|name| (distance(&word.to_ascii_lowercase(), &name.to_ascii_lowercase()), name))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// How many letters have to be changed, added, removed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{Places, nearest};

    #[test]
    fn places_count_from_one() {
        let places = Places::of("ab\ncé\nd");
        let found = [0, 2, 3, 4, 7, 8, 99].map(|offset| places.of_offset(offset));
        assert_eq!(found, [(1, 1), (1, 3), (2, 1), (2, 2), (3, 1), (3, 2), (3, 2)]);
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        let names = ["brokers", "producer", "kill"];
        assert_eq!(nearest("brokres", names), Some("brokers"));
        assert_eq!(nearest("Producr", names), Some("producer"));
        assert_eq!(nearest("zebra", names), None);
    }
}
