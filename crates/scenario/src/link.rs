//! Links: a whole document and what is looked at, as the fragment of an address; or the name of a built-in document with
//! a few values changed. A link made today opens for ever: what is written here is never changed, only added to.

use std::fmt;

use ackscope_sim::time::Time;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::limits;

/// What is looked at, beside the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub time: Option<Time>,
    pub variant: Option<String>,
    /// What is selected, in the page's own words.
    pub selection: Option<String>,
    pub tab: Option<String>,
}

/// What a fragment leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `#`, `#gallery`, `#lab`, `#about`: a page, or a built-in document by its id, with values for dotted paths.
    Named { name: String, overrides: Vec<(String, String)>, view: View },
    /// A document of its own.
    Text { text: String, view: View },
}

/// Why a fragment leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Longer than any link that is made here.
    TooLong,
    /// Made by a later version.
    UnknownVersion,
    /// Cut off, or with letters that do not belong.
    Damaged,
    /// What it unpacks to is larger than a document may be.
    TooLarge,
    /// A query that cannot be read.
    BadQuery,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkError::TooLong => "this link is longer than any that Ackscope makes",
            LinkError::UnknownVersion => "this link was made by a later version",
            LinkError::Damaged => "this link is damaged: part of it may have been cut off",
            LinkError::TooLarge => "the scenario in this link is too large",
            LinkError::BadQuery => "the part of this link after the ? cannot be read",
        })
    }
}

impl std::error::Error for LinkError {}

/// Before a packed document; the number is the version of the packing.
const V1: &str = "v1.";
/// A text of the greatest size that cannot be compressed still fits.
const FRAGMENT_BYTES: usize = 2 * limits::TEXT_BYTES;
const VIEW_BYTES: usize = 1 << 10;
/// A key of a query and its value: a paragraph, whatever its letters.
const PAIR_BYTES: usize = 4 << 10;

/// The fragment (without `#`) of a document of one's own.
pub fn to_text(text: &str, view: &View) -> String {
    // The view comes first, as a query; a newline ends it.
    let packed = compress_to_vec(format!("{}\n{text}", query(view, &[])).as_bytes(), 10);
    format!("{V1}{}", base64(&packed))
}

/// The fragment of a built-in document.
pub fn to_named(name: &str, overrides: &[(String, String)], view: &View) -> String {
    let query = query(view, overrides);
    if query.is_empty() { name.to_owned() } else { format!("{name}?{query}") }
}

/// Reads a fragment, with or without its `#`.
pub fn read(fragment: &str) -> Result<Target, LinkError> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    if fragment.len() > FRAGMENT_BYTES {
        return Err(LinkError::TooLong);
    }
    if let Some(packed) = fragment.strip_prefix(V1) {
        let packed = unbase64(packed).ok_or(LinkError::Damaged)?;
        let limit = limits::TEXT_BYTES + VIEW_BYTES;
        let bytes = decompress_to_vec_with_limit(&packed, limit).map_err(|error| match error.status {
            miniz_oxide::inflate::TINFLStatus::HasMoreOutput => LinkError::TooLarge,
            _ => LinkError::Damaged,
        })?;
        let whole = String::from_utf8(bytes).map_err(|_| LinkError::Damaged)?;
        let (query, text) = whole.split_once('\n').ok_or(LinkError::Damaged)?;
        let (view, overrides) = read_query(query)?;
        if !overrides.is_empty() {
            return Err(LinkError::BadQuery);
        }
        return Ok(Target::Text { text: text.to_owned(), view });
    }
    let version = fragment.split('.').next().unwrap_or("");
    if version.len() < fragment.len()
        && version.strip_prefix('v').is_some_and(|digits| digits.parse::<u32>().is_ok())
    {
        return Err(LinkError::UnknownVersion);
    }
    let (name, query) = fragment.split_once('?').unwrap_or((fragment, ""));
    if name.len() > 40 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(LinkError::Damaged);
    }
    let (view, overrides) = read_query(query)?;
    Ok(Target::Named { name: name.to_owned(), overrides, view })
}

/// `t=1234567&variant=on&select=record-3&tab=timeline`, then paths and their values.
fn query(view: &View, overrides: &[(String, String)]) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    if let Some(time) = view.time {
        pairs.push(("t", time.nanos.to_string()));
    }
    for (key, value) in [("variant", &view.variant), ("select", &view.selection), ("tab", &view.tab)] {
        if let Some(value) = value {
            pairs.push((key, value.clone()));
        }
    }
    pairs.extend(overrides.iter().map(|(path, value)| (path.as_str(), value.clone())));
    let written: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    written.join("&")
}

fn read_query(query: &str) -> Result<(View, Vec<(String, String)>), LinkError> {
    let mut view = View::default();
    let mut overrides = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(LinkError::BadQuery)?;
        if pair.len() > PAIR_BYTES {
            return Err(LinkError::BadQuery);
        }
        let (key, value) = (unescape(key)?, unescape(value)?);
        match key.as_str() {
            "t" => view.time = Some(read_time(&value).ok_or(LinkError::BadQuery)?),
            "variant" => view.variant = Some(value),
            "select" => view.selection = Some(value),
            "tab" => view.tab = Some(value),
            _ if overrides.len() < 32 => overrides.push((key, value)),
            _ => return Err(LinkError::BadQuery),
        }
    }
    Ok((view, overrides))
}

/// Nanoseconds, or a time as people write it: `12ms`.
fn read_time(text: &str) -> Option<Time> {
    match text.parse() {
        Ok(nanos) => Some(Time { nanos }),
        Err(_) => crate::units::duration(text).map(|span| Time::ZERO + span),
    }
}

/// Percent signs for everything that has a meaning in a fragment or is not plain.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:,".contains(&byte) {
            out.push(byte.into());
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

fn unescape(text: &str) -> Result<String, LinkError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(), digit());
                (high.ok_or(LinkError::BadQuery)? * 16 + low.ok_or(LinkError::BadQuery)?) as u8
            }
            b'+' => b' ',
            _ => byte,
        });
    }
    String::from_utf8(out).map_err(|_| LinkError::BadQuery)
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 with the letters that are safe in an address, without padding.
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(LETTERS[(bits >> (18 - 6 * place) & 63) as usize].into());
        }
    }
    out
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let letter = LETTERS.iter().position(|&letter| letter == byte)? as u32;
        bits = bits << 6 | letter;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // What is left over is padding, or something was cut off.
    (count < 6 && bits == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use ackscope_sim::time::Time;
    use proptest::prelude::*;

    use super::{
        FRAGMENT_BYTES, LinkError, Target, V1, View, base64, compress_to_vec, read, to_named, to_text,
        unbase64,
    };
    use crate::{Document, limits};

    fn view() -> View {
        View {
            time: Some(Time { nanos: 11_660_400_000 }),
            variant: Some("unclean-on".to_owned()),
            selection: Some("record w2 & more = all".to_owned()),
            tab: Some("timeline".to_owned()),
        }
    }

    #[test]
    fn a_document_comes_back_as_it_was() {
        let text = crate::library::find("acks-1-leader-crash").unwrap().text;
        let link = to_text(text, &view());
        assert!(link.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
        assert_eq!(read(&format!("#{link}")), Ok(Target::Text { text: text.to_owned(), view: view() }));
    }

    #[test]
    fn a_name_carries_a_view_and_a_few_values() {
        let overrides = vec![("producer.p.config.acks".to_owned(), "all".to_owned())];
        let link = to_named("acks-1-leader-crash", &overrides, &view());
        let name = "acks-1-leader-crash".to_owned();
        assert_eq!(read(&link), Ok(Target::Named { name, overrides, view: view() }));
        let typed = read("#healthy?t=1.5s&seed=3");
        let Ok(Target::Named { view, overrides, .. }) = typed else { panic!("{typed:?}") };
        assert_eq!(view.time, Some(Time::from_millis(1_500)));
        assert_eq!(overrides, [("seed".to_owned(), "3".to_owned())]);
        assert_eq!(to_named("healthy", &[], &View::default()), "healthy");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(read("v2.abc"), Err(LinkError::UnknownVersion));
        assert_eq!(read("v1.a b"), Err(LinkError::Damaged));
        assert_eq!(read("no/such/name"), Err(LinkError::Damaged));
        assert_eq!(read("healthy?t"), Err(LinkError::BadQuery));
        assert_eq!(read("healthy?t=%4"), Err(LinkError::BadQuery));
        assert_eq!(read("healthy?t=soon"), Err(LinkError::BadQuery));
        assert_eq!(read(&"x".repeat(FRAGMENT_BYTES + 2)), Err(LinkError::TooLong));
        assert_eq!(read(&format!("healthy?select={}", "x".repeat(5_000))), Err(LinkError::BadQuery));
        assert_eq!(read(&format!("healthy?{}", "a=b&".repeat(33))), Err(LinkError::BadQuery));
        let link = to_text("ackscope = 1", &View::default());
        assert_eq!(read(&link[..link.len() - 4]), Err(LinkError::Damaged));
    }

    #[test]
    fn a_small_link_cannot_unpack_to_something_huge() {
        let bomb = compress_to_vec(&vec![b'\n'; 50 << 20], 10);
        assert_eq!(read(&format!("{V1}{}", base64(&bomb))), Err(LinkError::TooLarge));
        assert!(to_text(&"x".repeat(limits::TEXT_BYTES), &View::default()).len() < 1_000);
    }

    /// A line is a link, a tab, and what it must lead to: id, variant, nanoseconds.
    #[test]
    fn links_made_long_ago_still_open() {
        let corpus = include_str!("../links/v1.txt");
        assert!(corpus.lines().count() >= 3);
        for line in corpus.lines() {
            let (link, want) = line.split_once('\t').expect("a link, a tab, what it leads to");
            let target = read(link).unwrap_or_else(|error| panic!("{error}: {link}"));
            let (document, view) = match &target {
                Target::Text { text, view } => (Document::parse(text).expect("a document"), view),
                Target::Named { name, overrides, view } => {
                    let entry = crate::library::find(name).expect("a built-in document");
                    let pairs: Vec<(&str, &str)> =
                        overrides.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
                    (Document::parse_with(entry.text, &pairs).expect("a document"), view)
                }
            };
            let variant = view.variant.as_deref().unwrap_or("-");
            let nanos = view.time.map_or("-".to_owned(), |time| time.nanos.to_string());
            assert_eq!(format!("{} {variant} {nanos}", document.id), want, "{link}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(unbase64(&base64(&bytes)), Some(bytes));
        }

        #[test]
        fn hostile_fragments_are_answered(fragment in "\\PC{0,200}") {
            _ = read(&fragment);
            _ = read(&format!("v1.{fragment}"));
            _ = read(&format!("healthy?{fragment}"));
        }

        #[test]
        fn hostile_packings_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            _ = read(&format!("v1.{}", base64(&bytes)));
            // packed well, but what?
            if let Ok(Target::Text { text, .. }) = read(&format!("v1.{}", base64(&compress_to_vec(&bytes, 6)))) {
                _ = Document::parse(&text);
            }
        }

        #[test]
        fn damaged_links_are_answered(place in 0_usize..2_000, letter in "[A-Za-z0-9_-]") {
            let text = crate::library::find("healthy").unwrap().text;
            let mut link = to_text(text, &view());
            let place = 3 + place % (link.len() - 3);
            link.replace_range(place..=place, &letter);
            if let Ok(Target::Text { text, .. }) = read(&link) {
                _ = Document::parse(&text);
            }
        }
    }
}
