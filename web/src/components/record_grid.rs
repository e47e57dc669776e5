//! Every record as a tile, in order of sending: how far it has come, and once the verdict is reached, its fate.

use std::sync::Arc;

use ackscope_scene::picture::Source;
use ackscope_scene::story::RecordStory;
use ackscope_scene::timeline::selected_record;
use ackscope_sim::audit::Fate;
use ackscope_sim::ids::RecordId;
use ackscope_sim::time::Time;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::command::Command;
use crate::show::Show;

/// With more records than this the tiles lose their names.
const MOST_NAMED: usize = 80;
/// With more than this only the exceptions have tiles.
const MOST_TILES: usize = 1_500;

/// What a tile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    NotYet,
    Pending,
    Acknowledged,
    Failed,
    Decided(Fate),
}

impl State {
    fn of(record: &RecordStory, now: Time, reached: bool) -> State {
        if reached {
            return State::Decided(record.fate);
        }
        match record.answer {
            _ if now < record.sent => State::NotYet,
            Some(answer) if answer.at <= now && answer.acknowledged => State::Acknowledged,
            Some(answer) if answer.at <= now => State::Failed,
            _ => State::Pending,
        }
    }

    fn class(self) -> &'static str {
        match self {
            State::NotYet => "not-yet",
            State::Pending => "pending",
            State::Acknowledged => "acknowledged",
            State::Failed => "failed",
            State::Decided(fate) => fate.name(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            State::NotYet => "not sent yet",
            State::Pending => "under way",
            State::Acknowledged => "acknowledged",
            State::Failed => "failed",
            State::Decided(fate) => fate_words(fate),
        }
    }

    fn glyph(self) -> Option<Glyph> {
        match self {
            State::NotYet | State::Pending | State::Decided(Fate::Undecided | Fate::AckedButUnavailable) => {
                None
            }
            State::Acknowledged | State::Decided(Fate::Kept) => Some(Glyph::Tick),
            State::Decided(Fate::FailedButKept) => Some(Glyph::Plus),
            State::Failed | State::Decided(Fate::FailedAndAbsent | Fate::NeverSent) => Some(Glyph::Minus),
            State::Decided(Fate::AckedButLost) => Some(Glyph::Cross),
        }
    }
}

/// What became of a record, as people say it.
pub fn fate_words(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "kept",
        Fate::AckedButLost => "acknowledged, then lost",
        Fate::AckedButUnavailable => "acknowledged, but nobody leads its partition",
        Fate::FailedAndAbsent => "failed, and in no log",
        Fate::FailedButKept => "failed, yet in the log",
        Fate::NeverSent => "never sent",
        Fate::Undecided => "undecided when the run ends",
    }
}

#[component]
pub fn RecordGrid(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] now: Signal<Time>,
    #[prop(into)] reached: Signal<bool>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let states = Memo::new(move |_| {
        let (now, reached) = (now.get(), reached.get());
        show.with(|show| {
            let records = show.iter().flat_map(|show| &show.story.records);
            records.map(|record| State::of(record, now, reached)).collect::<Vec<_>>()
        })
    });
    let selected = Memo::new(move |_| selected_record(selection.get()));
    let grid = move || {
        let show = show.get()?;
        let records = &show.story.records;
        let named = records.len() <= MOST_NAMED;
        let shown = |record: &RecordStory| records.len() <= MOST_TILES || record.fate != Fate::Kept;
        let tiles = records.iter().enumerate().filter(|(_, record)| shown(record)).take(MOST_TILES);
        let tiles = tiles.map(|(index, record)| {
            let state = Memo::new(move |_| states.with(|states| states.get(index).copied().unwrap_or(State::NotYet)));
            let id = RecordId(index as u32);
            let audit = &show.run.audit.records[index];
            let name = record.name.to_string();
            let extra = match (audit.duplicated, audit.reordered) {
                (true, _) => ", stored twice",
                (false, true) => ", out of order",
                (false, false) => "",
            };
            let label = {
                let name = name.clone();
                move || format!("{name}: {}{}", state.get().words(), if reached.get() { extra } else { "" })
            };
            view! {
                <button class=move || format!("record {}", state.get().class()) data-testid=format!("record-{index}")
                    data-fate=record.fate.name() data-duplicated=audit.duplicated.to_string()
                    class:twice=move || reached.get() && !extra.is_empty()
                    aria-label=label.clone() title=label aria-pressed=move || (selected.get() == Some(id)).to_string()
                    on:click=move |_| on_command.run(Command::Select(Source::Record(id)))>
                    {named.then(|| name.clone())}
                    {move || state.get().glyph().map(|glyph| view! { <Icon glyph=glyph /> })}
                </button>
            }
        });
        let class = if named { "records" } else { "records dense" };
        let rest = (records.len() > MOST_TILES).then(|| {
            view! { <p class="soft">{format!("{} records; only those that were not kept have a tile.", records.len())}</p> }
        });
        Some(view! { {rest}<div class=class>{tiles.collect_view()}</div> })
    };
    view! { <section data-testid="record-grid" aria-label="Records">{grid}</section> }
}
