//! The links of the stage: a knob on each, which shows when a pointer or the focus comes near, and beside the chosen one what
//! can be done to it. One stop for Tab; arrows go from link to link. Where a stage has no room for knobs, a list by name.

use std::sync::Arc;

use ackscope_scenario::faults::{Next, Standing, Verb, messages_between};
use ackscope_scene::picture::Source;
use ackscope_scene::stage::LinkPlace;
use ackscope_sim::ids::NodeId;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::break_it::{pick, verb_button};
use crate::command::Command;
use crate::edit::Edit;
use crate::show::Show;

/// The room that the verbs of a link take.
const VERBS_WIDTH: f32 = 372.0;

#[component]
pub fn Links(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] places: Signal<Vec<LinkPlace>>,
    #[prop(into)] width: Signal<f32>,
    #[prop(into)] verbs_of: Signal<Source>,
    /// The link under the pointer or the focus.
    pointed: RwSignal<Source>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let open_list = RwSignal::new(false);
    let list = NodeRef::<html::Ul>::new();
    let current = RwSignal::new(0_usize);
    let go = move |event: web_sys::KeyboardEvent| {
        let count = places.with(Vec::len);
        let step = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => count.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        current.update(|current| *current = (*current + step) % count.max(1));
        let knob = list.get_untracked().and_then(|list| list.children().item(current.get_untracked() as u32));
        if let Some(knob) = knob.and_then(|item| item.first_element_child()) {
            crate::browser::focus_on(knob);
        }
    };
    let knobs = move || {
        let show = show.get()?;
        let knobs = places.get().into_iter().enumerate().map(|(index, LinkPlace { a, b, at })| {
            let names = [a, b].map(|node| show.run.spec.node_name(node));
            let label = format!("Link between {} and {}", names[0], names[1]);
            let link = Source::Link(a, b);
            let (left, top) = (at.map(|at| pixels(at.x)), at.map(|at| pixels(at.y)));
            let open = move || verbs_of.get() == link;
            let toggle = move |_| {
                current.set(index);
                on_command.run(Command::OpenVerbs(if open() { Source::None } else { link }));
            };
            view! {
                <li style:left=left style:top=top>
                    <button data-testid=format!("link-{}-{}", names[0], names[1]) aria-label=label.clone() title=label
                        tabindex=move || if current.get() == index { "0" } else { "-1" }
                        aria-expanded=move || open().to_string() on:click=toggle>{format!("{} – {}", names[0], names[1])}</button>
                </li>
            }
        });
        Some(knobs.collect_view())
    };
    let verbs = move || {
        let Source::Link(a, b) = verbs_of.get() else { return None };
        let show = show.get()?;
        let at = places
            .with(|places| places.iter().find(|place| (place.a, place.b) == (a, b)).map(|place| place.at))?;
        let place = at.map(|at| {
            let left = (at.x - VERBS_WIDTH / 2.0).min(width.get() - VERBS_WIDTH - 8.0).max(8.0);
            [left, at.y + 12.0, VERBS_WIDTH].map(pixels)
        });
        Some(view! { <LinkVerbs show a b place on_command /> })
    };
    // The one under the pointer or the focus, by its place in the list.
    let point = move |event: web_sys::Event| {
        let Some(list) = list.get_untracked() else { return };
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        let items = list.children();
        let holds = |&at: &u32| items.item(at).is_some_and(|item| item.contains(target.as_ref()));
        let Some(index) = (0..items.length()).find(holds) else { return };
        if event.type_() == "focusin" {
            current.set(index as usize);
        }
        let link = places
            .with_untracked(|places| places.get(index as usize).map(|place| Source::Link(place.a, place.b)));
        pointed.set(link.unwrap_or_default());
    };
    // On a phone a list: once one is chosen the others make room for its verbs.
    let shut = move || !open_list.get() || matches!(verbs_of.get(), Source::Link(..));
    view! {
        <button class="tool line" data-testid="break-link" aria-expanded=move || open_list.get().to_string()
            on:click=move |_| open_list.update(|open| *open = !*open)>"Break a link"</button>
        <ul class="links" class:shut=shut node_ref=list aria-label="Links" on:keydown=go
            on:pointerover=move |event| point(event.into()) on:focusin=move |event| point(event.into())
            on:pointerleave=move |_| pointed.set(Source::None) on:focusout=move |_| pointed.set(Source::None)>{knobs}</ul>
        {verbs}
    }
}

fn pixels(length: f32) -> String {
    format!("{length}px")
}

/// The verbs of one link: of both directions, then of each.
#[component]
fn LinkVerbs(
    show: Arc<Show>,
    a: NodeId,
    b: NodeId,
    /// Left, top and width, where the stage has room for it.
    place: Option<[String; 3]>,
    on_command: Callback<Command>,
) -> impl IntoView {
    let [left, top, width] = place.map_or_else(Default::default, |place| place.map(Some));
    let spec = &show.variant.spec;
    let (from, to) = (spec.node_name(a), spec.node_name(b));
    let both = Verb::of_links().filter(|verb| !verb.is_one_way());
    let both = both.map(|verb| {
        let act = move || Edit::Break { node: a, verb, peer: Some(b), next: None };
        verb_button(verb, act, Signal::stored(Standing::Up), on_command)
    });
    let way = |node: NodeId, peer: NodeId| {
        let (from, to) = (spec.node_name(node), spec.node_name(peer));
        let messages = messages_between(spec, node, peer);
        let next = RwSignal::new(0_usize);
        let button = |verb: &'static Verb, kinds: Vec<Next>| {
            let act = move || Edit::Break {
                node,
                verb,
                peer: Some(peer),
                next: kinds.get(next.get_untracked()).cloned(),
            };
            verb_button(verb, act, Signal::stored(Standing::Up), on_command)
        };
        let cut = Verb::of_links().filter(|verb| verb.is_one_way()).map(|verb| button(verb, Vec::new()));
        let meddle = (!messages.is_empty()).then(|| {
            let option = |(place, next): (usize, &Next)| view! { <option value=place.to_string()>{next.kind.clone()}</option> };
            let kinds = messages.iter().enumerate().map(option).collect_view();
            let label = format!("Next message from {from} to {to}");
            view! {
                <label>"Next "<select aria-label=label on:change=pick(next)>{kinds}</select></label>
                {Verb::of_messages().map(|verb| button(verb, messages.clone())).collect_view()}
            }
        });
        view! {
            <div class="row" role="group" aria-label=format!("{from} to {to}") data-testid=format!("way-{from}-{to}")>
                <p class="way"><b>{from.clone()}" → "{to.clone()}</b>{cut.collect_view()}</p>
                {meddle}
            </div>
        }
    };
    view! {
        <div class="verbs floating" style:left=left style:top=top style:width=width data-testid="link-verbs" role="group" aria-label=format!("What happens between {from} and {to}")>
            <header>
                <b>{from.clone()}" – "{to.clone()}</b>
                <button class="soft push" on:click=move |_| on_command.run(Command::OpenVerbs(Source::None))>"close"</button>
            </header>
            <div class="row">{both.collect_view()}</div>
            {way(a, b)}
            {way(b, a)}
        </div>
    }
}
