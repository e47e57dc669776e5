//! What can be done to each node, now. Which verbs there are, the scenario crate knows.

use std::sync::Arc;

use ackscope_scenario::faults::{Next, Standing, Verb, messages_of};
use ackscope_scenario::nodes;
use ackscope_scene::picture::Source;
use ackscope_scene::story::State;
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;
use leptos::prelude::*;

use crate::command::Command;
use crate::edit::Edit;
use crate::show::Show;
use crate::signals::Signals;

/// A node, and how it is called.
type Named = (NodeId, String);

fn standing(show: &Show, node: NodeId, now: Time) -> Standing {
    let states: Vec<State> = show.story.states_at(node, now).collect();
    if states.iter().any(|state| matches!(state, State::Down | State::Dark)) {
        Standing::Down
    } else if states.contains(&State::Paused) {
        Standing::Paused
    } else {
        Standing::Up
    }
}

fn all_nodes(show: &Show) -> Vec<Named> {
    let spec = &show.variant.spec;
    nodes(spec).into_iter().map(|node| (node, spec.node_name(node))).collect()
}

#[component]
pub fn BreakIt(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let Signals { show, now, verbs_of, .. } = signals;
    let named = signals.of_show(all_nodes);
    let standing_of = move |node: NodeId| {
        let now = now.get();
        show.with(|show| show.as_ref().map_or(Standing::Up, |show| standing(show, node, now)))
    };
    let node_button = move |(node, name): Named| {
        let stands = Memo::new(move |_| standing_of(node));
        let testid = format!("break-{name}");
        view! {
            <button class="node" class:down=move || stands.get() == Standing::Down class:paused=move || stands.get() == Standing::Paused
                data-testid=testid aria-expanded=move || (verbs_of.get() == Source::Node(node)).to_string()
                on:click=move |_| on_command.run(Command::OpenVerbs(Source::Node(node)))>
                {name}
            </button>
        }
    };
    let add = move |edit: Edit| move |_| on_command.run(Command::Edit(edit.clone()));
    let panel = move || {
        let Source::Node(node) = verbs_of.get() else { return None };
        let show = show.get()?;
        let named = all_nodes(&show);
        let name = named.iter().find(|(known, _)| *known == node)?.1.clone();
        let stands = Memo::new(move |_| standing_of(node));
        Some(view! { <Verbs show node name named stands on_command /> })
    };
    view! {
        <section class="break-it" aria-labelledby="break-title">
            <h3 id="break-title">"Break it "<span class="soft">{move || format!("at {}", now.get())}</span></h3>
            <div class="nodes">
                <For each=move || named.get() key=|(_, name)| name.clone() children=node_button />
            </div>
            {panel}
            <p class="adds">
                <button class="tool line small" data-testid="add-producer" on:click=add(Edit::AddProducer)>"Add a producer"</button>
                <button class="tool line small" data-testid="add-consumer" on:click=add(Edit::AddConsumer)>"Add a consumer"</button>
            </p>
            <Refused signals about="break" />
        </section>
    }
}

/// What an edit about this was refused with.
#[component]
pub fn Refused(signals: Signals, #[prop(into)] about: String) -> impl IntoView {
    let words = move || {
        let refused = signals.refusal.with(|refusal| (refusal.about == about).then(|| refusal.words()))?;
        Some(view! { <p class="refused" role="alert">{refused}</p> })
    };
    view! { {words} }
}

/// What does it.
pub fn verb_button(
    verb: &'static Verb,
    act: impl Fn() -> Edit + 'static,
    stands: Signal<Standing>,
    on_command: Callback<Command>,
) -> AnyView {
    view! {
        <button class="tool line small" data-testid=format!("verb-{}", verb.id) title=verb.hint
            disabled=move || !verb.is_possible(stands.get()) on:click=move |_| on_command.run(Command::Edit(act()))>{verb.name}</button>
    }
    .into_any()
}

/// The place of what was chosen in a list.
pub fn pick(into: RwSignal<usize>) -> impl Fn(leptos::ev::Event) {
    move |event| into.set(event_target_value(&event).parse::<usize>().unwrap_or(0))
}

/// The verbs of one node, of its links and of what it sends.
#[component]
fn Verbs(
    show: Arc<Show>,
    node: NodeId,
    name: String,
    named: Vec<Named>,
    stands: Memo<Standing>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let messages = messages_of(&show.variant.spec, node);
    let others: Vec<Named> = named.into_iter().filter(|(other, _)| *other != node).collect();
    let (peer, next) = (RwSignal::new(0_usize), RwSignal::new(0_usize));
    let peers: Vec<NodeId> = others.iter().map(|(other, _)| *other).collect();
    let kinds = messages.clone();
    // The first choice is all of them.
    let button = move |verb: &'static Verb, peers: Vec<NodeId>, kinds: Vec<Next>| {
        let act = move || {
            let peer = peer.get_untracked().checked_sub(1).and_then(|place| peers.get(place).copied());
            let next = kinds.get(next.get_untracked()).cloned();
            Edit::Break { node, verb, peer, next }
        };
        let everywhere = move || verb.needs_peer() && peer.get() == 0;
        let stands = Signal::derive(move || stands.get());
        view! { <span class:absent=everywhere>{verb_button(verb, act, stands, on_command)}</span> }
    };
    // One button for each id: the row that fits how the node stands.
    let own = move || {
        let stands = stands.get();
        let mut shown: Vec<&'static Verb> = Vec::new();
        for verb in Verb::of_node(node) {
            match shown.iter_mut().find(|other| other.id == verb.id) {
                Some(other) if verb.is_possible(stands) && !other.is_possible(stands) => *other = verb,
                Some(_) => {}
                None => shown.push(verb),
            }
        }
        shown.into_iter().map(|verb| button(verb, Vec::new(), Vec::new())).collect_view()
    };
    let option = |(place, words): (usize, String)| view! { <option value=place.to_string()>{words}</option> };
    let all = std::iter::once("every node".to_owned());
    let ends = all.chain(others.into_iter().map(|(_, name)| name)).enumerate().map(option).collect_view();
    let links = Verb::of_links().map(|verb| button(verb, peers.clone(), Vec::new())).collect_view();
    let sent = messages.iter().map(|next| format!("{} to {}", next.kind, next.to)).enumerate();
    let sent = sent.map(option).collect_view();
    let meddle = Verb::of_messages().map(|verb| button(verb, Vec::new(), kinds.clone())).collect_view();
    let label = format!("What happens to {name}");
    view! {
        <div class="verbs" data-testid="verbs" role="group" aria-label=label>
            <header>
                <b>{name}</b>
                <button class="soft push" on:click=move |_| on_command.run(Command::OpenVerbs(Source::None))>"close"</button>
            </header>
            <div class="row">{own}</div>
            <div class="row">
                <label>"Link to "<select data-testid="verb-peer" on:change=pick(peer)>{ends}</select></label>
                {links}
            </div>
            <div class="row">
                <label>"Next "<select data-testid="verb-message" on:change=pick(next)>{sent}</select></label>
                {meddle}
            </div>
        </div>
    }
}
