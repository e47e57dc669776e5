//! Texts from documents on their way out: what would steer a terminal, reverse the reading order or break a file is shown
//! as its escape, and never sent.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line, with its control characters as escapes: `\n`, `\u001b`, `\u202e`.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            hidden if is_hidden(hidden) => {
                let _ = write!(out, "\\u{:04x}", u32::from(hidden));
            }
            plain => out.push(plain),
        }
    }
    Cow::Owned(out)
}

/// C0, DEL and C1; line and paragraph separators; what overrides or isolates a direction; the byte order mark and the two
/// that no XML file may hold.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_steers_a_reader_is_shown_and_the_rest_stays() {
        for (text, want) in [
            ("plain — «ünïcode» 漢字 👩‍💻", "plain — «ünïcode» 漢字 👩‍💻"),
            ("\u{1b}[2Kok", "\\u001b[2Kok"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{0}\u{7f}\u{9b}", "\\u0000\\u007f\\u009b"),
            ("\u{202e}sliaf\u{202c} \u{2066}x\u{2069}", "\\u202esliaf\\u202c \\u2066x\\u2069"),
            ("\u{feff}acks\u{fffe}\u{ffff}\u{2028}", "\\ufeffacks\\ufffe\\uffff\\u2028"),
        ] {
            assert_eq!(shown(text), want);
        }
    }
}
