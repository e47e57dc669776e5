//! What strangers write: every input of the fuzzer's corpus and a few thousand beside them keep what must hold. The fuzzer
//! itself, for as long as one likes: `cargo xtask fuzz --inputs MINUTES`.

use std::path::{Path, PathBuf};

use ackscope_scenario::library;
use ackscope_tests::inputs::{KINDS, Kind, dictionary, mutate};
use ackscope_tests::property::quietly;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The corpus of a kind, in a fixed order.
fn corpus(kind: Kind) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(kind.name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let read = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).expect("a readable file"));
    let mut inputs: Vec<_> = files.into_iter().map(read).collect();
    if kind.name == "document" {
        let texts = library::library().iter().map(|entry| (entry.id.to_owned(), entry.text.into()));
        inputs.extend(texts);
    }
    inputs
}

/// The corpus, and so many inputs beside it.
fn holds(name: &str, beside: u64) {
    let kind = *KINDS.iter().find(|kind| kind.name == name).expect("a kind of input");
    let corpus = corpus(kind);
    for (file, input) in &corpus {
        quietly(|| (kind.hold)(input)).unwrap_or_else(|wrong| panic!("{file}: {wrong}"));
    }
    let seeds: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let words = mutate::words(&dictionary());
    for number in 0..beside {
        let input = mutate::mutated(number, &seeds, &words);
        quietly(|| (kind.hold)(&input))
            .unwrap_or_else(|wrong| panic!("input {number}: {wrong}\n{}", input.escape_ascii()));
    }
}

#[test]
fn links_of_strangers() {
    holds("link", 20_000);
}

#[test]
fn documents_of_strangers() {
    holds("document", 2_000);
}

#[test]
fn settings_of_strangers() {
    holds("paste", 1_000);
}

#[test]
fn recordings_of_strangers() {
    holds("recording", 2_000);
}

#[test]
fn attributes_of_strangers() {
    holds("embed", 2_000);
}

#[test]
fn documents_at_the_limits() {
    holds("generated", 1_000);
}

#[test]
fn the_dictionary_is_what_the_engine_knows() {
    let (file, wanted) = (fuzz().join("keys.dict"), dictionary());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &wanted).expect("fuzz/keys.dict");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == wanted, "fuzz/keys.dict is out of date: write it with UPDATE_DOCS=1");
}

#[test]
fn every_kind_has_its_target() {
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for kind in KINDS {
        let target = format!("targets/{}.rs", kind.name);
        assert!(manifest.contains(&format!("name = \"{}\"\npath = \"{target}\"", kind.name)), "{target}");
        let source = std::fs::read_to_string(fuzz().join(&target)).expect("the target's source");
        assert!(source.contains(&format!("inputs::{}(bytes)", kind.name)), "{target}");
    }
}
