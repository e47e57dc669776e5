//! Every built-in document is run, in every variant, and must show what it says.

use ackscope_scenario::library::library;
use ackscope_scenario::{Document, check, compare};
use ackscope_sim::run::Run;

#[test]
fn every_built_in_document_shows_what_it_expects() {
    let mut broken = Vec::new();
    for entry in library() {
        let document = entry.document();
        let runs: Vec<Run> = document.variants.iter().map(|variant| Run::new(variant.spec.clone())).collect();
        for (variant, run) in document.variants.iter().zip(&runs) {
            for outcome in check(variant, run).into_iter().filter(|outcome| !outcome.holds) {
                broken.push(format!("{} {}: {}: {}", entry.id, variant.name, outcome.name, outcome.found));
            }
            for note in variant.notes(run) {
                assert!(note.at <= run.end);
            }
        }
        for outcome in compare(&document, &runs).into_iter().filter(|outcome| !outcome.holds) {
            broken.push(format!("{}, side by side: {}: {}", entry.id, outcome.name, outcome.found));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_note_of_every_built_in_document_finds_its_moment() {
    for entry in library() {
        let document = entry.document();
        // A note may belong to one variant's story; somewhere it must be heard.
        let texts =
            |index: usize| document.variants[index].note_texts().map(str::to_owned).collect::<Vec<_>>();
        let heard: Vec<String> = document
            .variants
            .iter()
            .flat_map(|variant| variant.notes(&Run::new(variant.spec.clone())))
            .map(|note| note.text)
            .collect();
        for index in 0..document.variants.len() {
            for text in texts(index) {
                assert!(heard.contains(&text), "{}: nobody hears {text:?}", entry.id);
            }
        }
    }
}

#[test]
fn a_title_is_no_part_of_a_run_and_a_seed_is() {
    let text = library()[0].text;
    let hash = |text: &str| Run::new(Document::parse(text).unwrap().spec("").unwrap()).trace_hash();
    let titled = text.replacen("title = \"", "title = \"Once more: ", 1);
    assert_ne!(text, titled);
    assert_eq!(hash(text), hash(&titled));
    assert_ne!(hash(text), hash(&text.replacen("id = ", "seed = 2\nid = ", 1)));
}
