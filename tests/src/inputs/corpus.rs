//! Inputs to try: those of the fuzzer's corpus, and others beside them: bytes changed, left out, doubled, words of the
//! dictionary put in, two inputs joined. A number gives one input, so that a failing one can be had again.

use std::path::{Path, PathBuf};

use ackscope_scenario::library;

use super::dictionary;
use crate::generate::Dice;

const BYTES: &[u8] = b"\0\n\r\t\"'\\#=:.,-{}[]0192\x7f\x80\xff";
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "2147483647",
    "2147483648",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "1e18",
];

/// Where the fuzz targets, their corpus and their dictionary are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The corpus of a kind of input by name, in a fixed order; of documents the library is part.
pub fn corpus(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder().join("corpus").join(kind);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => Some(entries),
        // The library may be all there is.
        Err(_) if kind == "document" => None,
        Err(error) => panic!("{}: {error}", folder.display()),
    };
    let mut files: Vec<PathBuf> =
        entries.into_iter().flatten().map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let read = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).expect("a readable file"));
    let mut inputs: Vec<_> = files.into_iter().map(read).collect();
    if kind == "document" {
        inputs.extend(library::library().iter().map(|entry| (entry.id.to_owned(), entry.text.into())));
    }
    inputs
}

/// So many inputs beside those of the corpus.
pub fn beside(kind: &str, count: u64) -> impl Iterator<Item = Vec<u8>> {
    let seeds: Vec<Vec<u8>> = corpus(kind).into_iter().map(|(_, input)| input).collect();
    let dictionary = dictionary();
    let quoted = dictionary.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    let words: Vec<Vec<u8>> =
        quoted.map(|word| word.replace("\\\"", "\"").replace("\\\\", "\\").into_bytes()).collect();
    (0..count).map(move |number| {
        let mut dice = Dice::new(number);
        let mut input = choose(&mut dice, &seeds).to_vec();
        for _ in 0..dice.between(1, 6) {
            change(&mut input, &mut dice, &seeds, &words);
        }
        input
    })
}

fn choose<'a>(dice: &mut Dice, among: &'a [Vec<u8>]) -> &'a [u8] {
    &among[dice.between(0, among.len() as u64 - 1) as usize]
}

fn change(input: &mut Vec<u8>, dice: &mut Dice, seeds: &[Vec<u8>], words: &[Vec<u8>]) {
    let place = dice.between(0, input.len() as u64) as usize;
    let end = (place + dice.between(1, 12) as usize).min(input.len());
    match dice.between(0, 7) {
        0 if place < input.len() => input[place] ^= 1 << dice.between(0, 7),
        1 => input.insert(place, BYTES[dice.between(0, BYTES.len() as u64 - 1) as usize]),
        2 => drop(input.drain(place..end)),
        3 => drop(input.splice(place..place, input[place..end].to_vec())),
        4 => drop(input.splice(place..place, choose(dice, words).iter().copied())),
        5 => {
            let other = choose(dice, seeds);
            input.truncate(place);
            input.extend(&other[dice.between(0, other.len() as u64) as usize..]);
        }
        6 => input.truncate(place),
        _ => {
            let digits = |byte: &u8| byte.is_ascii_digit();
            let Some(first) = input[place..].iter().position(digits).map(|first| place + first) else {
                return;
            };
            let count = input[first..].iter().take_while(|byte| digits(byte)).count();
            let number = NUMBERS[dice.between(0, NUMBERS.len() as u64 - 1) as usize];
            input.splice(first..first + count, number.bytes());
        }
    }
}
