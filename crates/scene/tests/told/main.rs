//! One run told by hand, its pictures and its words.

mod fixture;
mod hold;
mod layouts;
mod links;
mod pictures;
mod words;

use ackscope_scene::story::Story;

fn story(told: &fixture::Told) -> Story {
    let end = fixture::ms(fixture::END);
    Story::of(&told.spec, &told.opening, &told.happenings, &told.ledger, &told.audit, end)
}
