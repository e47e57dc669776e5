//! What strangers write: every input of the fuzzer's corpus and a few thousand beside them keep what must hold. The fuzzer
//! itself, for as long as one likes: `cargo xtask fuzz --inputs MINUTES`.

use ackscope_tests::inputs::corpus::{beside, corpus, folder};
use ackscope_tests::inputs::{KINDS, dictionary};
use ackscope_tests::property::quietly;

/// The corpus, and so many inputs beside it.
fn holds(name: &str, count: u64) {
    let kind = KINDS.iter().find(|kind| kind.name == name).expect("a kind of input");
    for (file, input) in corpus(name) {
        quietly(|| (kind.hold)(&input)).unwrap_or_else(|wrong| panic!("{file}: {wrong}"));
    }
    for (number, input) in (0..).zip(beside(name, count)) {
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
    let (file, wanted) = (folder().join("keys.dict"), dictionary());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &wanted).expect("fuzz/keys.dict");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == wanted, "fuzz/keys.dict is out of date: write it with UPDATE_DOCS=1");
}

#[test]
fn every_kind_has_its_target() {
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for kind in KINDS {
        let target = format!("targets/{}.rs", kind.name);
        assert!(manifest.contains(&format!("name = \"{}\"\npath = \"{target}\"", kind.name)), "{target}");
        let source = std::fs::read_to_string(folder().join(&target)).expect("the target's source");
        assert!(source.contains(&format!("inputs::{}(bytes)", kind.name)), "{target}");
    }
}
