//! One run told by hand, its pictures and its words.

mod fixture;
mod hold;
mod layouts;
mod links;
mod pictures;
mod words;

use ackscope_scene::story::Story;
use ackscope_sim::run::Trace;

fn story(told: &fixture::Told) -> Story {
    let fixture::Told { spec, opening, happenings, ledger, audit } = told;
    Story::new(&Trace {
        spec: spec.clone().into(),
        happenings: happenings.clone(),
        ledger: ledger.clone(),
        audit: audit.clone(),
        opening: opening.clone(),
        end: fixture::ms(fixture::END),
        stopped: None,
        hash: 0,
        events: 0,
        messages: 0,
        done: Vec::new(),
    })
}
