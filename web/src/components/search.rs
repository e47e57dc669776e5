//! One field for everything that has a name: records and nodes of this run, commands, scenarios of the library.

use std::sync::Arc;

use ackscope_scenario::library::library;
use ackscope_scene::picture::Source;
use ackscope_sim::ids::RecordId;
use leptos::prelude::*;

use super::modal::Modal;
use crate::command::{COMMANDS, Command, Dialog, key_name};
use crate::show::Show;

const MOST_FOUND: usize = 12;

/// Something to choose.
#[derive(Clone)]
struct Found {
    name: String,
    what: String,
    choice: Choice,
}

#[derive(Clone)]
enum Choice {
    Command(Command),
    /// A scenario, or another view.
    Address(&'static str),
}

/// What has all of the words in its name, names that begin with them first.
fn find(show: &Show, typed: &str) -> Vec<Found> {
    let typed = typed.trim().to_ascii_lowercase();
    let records = show.story.records.iter().zip(0..).map(|(record, id)| Found {
        name: record.name.to_string(),
        what: "record".to_owned(),
        choice: Choice::Command(Command::Select(Source::Record(RecordId(id)))),
    });
    let nodes = show.story.nodes.iter().map(|story| Found {
        name: story.name.clone(),
        what: "node".to_owned(),
        choice: Choice::Command(Command::Select(Source::Node(story.node))),
    });
    let commands =
        COMMANDS.iter().filter(|entry| entry.command != Command::Open(Dialog::Search)).map(|entry| Found {
            name: entry.name.to_owned(),
            what: entry.keys.first().map_or_else(String::new, |key| key_name(key)),
            choice: Choice::Command(entry.command.clone()),
        });
    let scenarios = library().iter().map(|entry| Found {
        name: entry.id.replace('-', " "),
        what: "scenario".to_owned(),
        choice: Choice::Address(entry.id),
    });
    let views = [("Library", "gallery"), ("Batching lab", "lab"), ("About", "about")];
    let views = views.map(|(name, id)| Found {
        name: name.to_owned(),
        what: "view".to_owned(),
        choice: Choice::Address(id),
    });
    let matches = |found: &Found| {
        let name = found.name.to_ascii_lowercase();
        typed.split_whitespace().all(|word| name.contains(word))
    };
    let every: Vec<Found> =
        nodes.chain(commands).chain(views).chain(records).chain(scenarios).filter(matches).collect();
    let begins = |found: &&Found| found.name.to_ascii_lowercase().starts_with(&typed);
    let (first, rest): (Vec<&Found>, Vec<&Found>) = every.iter().partition(begins);
    first.into_iter().chain(rest).take(MOST_FOUND).cloned().collect()
}

#[component]
pub fn Search(
    #[prop(into)] open: Signal<Option<Dialog>>,
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let is_open = Memo::new(move |_| open.get() == Some(Dialog::Search));
    let typed = RwSignal::new(String::new());
    Effect::new(move |_| {
        if is_open.get() {
            typed.set(String::new());
        }
    });
    let found = Memo::new_with_compare(
        move |_| match (is_open.get(), show.get()) {
            (true, Some(show)) => find(&show, &typed.get()),
            _ => Vec::new(),
        },
        |_, _| true,
    );
    let choose = move |choice: &Choice| {
        on_command.run(Command::Close);
        match choice {
            Choice::Command(command) => on_command.run(command.clone()),
            Choice::Address(id) => crate::browser::address::go(&format!("#{id}")),
        }
    };
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(first) = found.with_untracked(|found| found.first().cloned()) {
            choose(&first.choice);
        }
    };
    let rows = move || {
        let rows = found.get().into_iter().map(|Found { name, what, choice }| {
            view! {
                <li><button on:click=move |_| choose(&choice)><span>{name}</span><span class="soft">{what}</span></button></li>
            }
        });
        rows.collect_view()
    };
    view! {
        <Modal of=Dialog::Search open on_command>
            <form on:submit=on_submit>
                <input type="search" data-testid="search-field" aria-label="Search records, nodes, commands, scenarios"
                    placeholder="w2, broker 1, zoom, truncation …" autofocus=true autocomplete="off"
                    prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event)) />
            </form>
            <ul>{rows}</ul>
        </Modal>
    }
}
