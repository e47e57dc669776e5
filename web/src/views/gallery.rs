//! The library: every scenario with its promise and a small picture of its own run, grouped and searchable.

use ackscope_scenario::Document;
use ackscope_scenario::library::{Entry, family_title, library};
use ackscope_scene::tokens::Theme;
use leptos::prelude::*;

use crate::browser::frames::Frames;
use crate::command::Command;
use crate::components::{Help, Thumbnail, TopBar};
use crate::signals::Signals;

#[component]
pub fn GalleryView(
    signals: Signals,
    frames: StoredValue<Frames, LocalStorage>,
    on_command: Callback<Command>,
) -> impl IntoView {
    view! {
        <TopBar question=Signal::stored("Library".to_owned()) detail=Signal::stored(String::new())
            shareable=Signal::stored(false) on_command />
        <main><Library theme=signals.theme frames /></main>
        <Help open=signals.dialog on_command />
    }
}

/// A scenario as the search sees it.
#[derive(Clone)]
struct Card {
    entry: &'static Entry,
    document: std::sync::Arc<Document>,
}

impl Card {
    /// Every word that was typed occurs somewhere.
    fn matches(&self, typed: &str) -> bool {
        let Document { id, title, question, promise, .. } = &*self.document;
        let text = [id.as_str(), title, question, promise].join(" ").to_ascii_lowercase();
        typed.to_ascii_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[component]
pub fn Library(
    #[prop(into)] theme: Signal<Theme>,
    frames: StoredValue<Frames, LocalStorage>,
) -> impl IntoView {
    let cards: Vec<Card> =
        library().iter().map(|entry| Card { entry, document: entry.document().into() }).collect();
    let typed = RwSignal::new(String::new());
    let groups = move || {
        let typed = typed.get();
        let found: Vec<&Card> = cards.iter().filter(|card| card.matches(&typed)).collect();
        if found.is_empty() {
            return view! { <p class="lead" role="status">"No scenario has all of these words."</p> }
                .into_any();
        }
        let families = found.chunk_by(|a, b| a.document.family == b.document.family);
        let families = families.map(|cards| {
            let tiles = cards.iter().map(|card| {
                let href = format!("#{}", card.entry.id);
                view! {
                    <li>
                        <a class="card" href=href>
                            <Thumbnail document=card.document.clone() theme frames />
                            <h4>{card.document.title.clone()}</h4>
                            <p>{card.document.promise.clone()}</p>
                        </a>
                    </li>
                }
            });
            view! {
                <h3>{family_title(&cards[0].document.family)}</h3>
                <ul class="cards">{tiles.collect_view()}</ul>
            }
        });
        families.collect_view().into_any()
    };
    view! {
        <section class="library" data-testid="gallery" aria-label="Library">
            <header>
                <h2>"What would you like to see fail?"</h2>
                <input type="search" placeholder="Search: acks, truncation, duplicate …" aria-label="Search the library"
                    prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event)) />
            </header>
            {groups}
        </section>
    }
}
