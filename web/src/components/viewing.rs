//! How the timeline is looked at: zoom, and in a panel of its own axis, kinds of messages, partition and lanes.

use std::sync::Arc;

use ackscope_scene::story::Kind;
use ackscope_sim::ids::Partition;
use leptos::prelude::*;

use super::axis_switch::AxisSwitch;
use super::icon::{Glyph, Icon};
use super::playback_bar::Speeds;
use crate::command::Command;
use crate::look::{Change, Look};
use crate::playback::Playback;
use crate::show::Show;

/// The buttons beside the overview strip.
#[component]
pub fn ViewTools(#[prop(into)] on_command: Callback<Command>) -> impl IntoView {
    let tools = [
        (Glyph::Minus, "Zoom out", "zoom-out", Command::ZoomOut),
        (Glyph::Plus, "Zoom in", "zoom-in", Command::ZoomIn),
        (Glyph::Fit, "Show the whole run", "fit", Command::Fit),
    ];
    let tools = tools.map(|(glyph, name, testid, command)| {
        view! {
            <button class="tool only-icon" data-testid=testid aria-label=name title=name
                on:click=move |_| on_command.run(command.clone())><Icon glyph /></button>
        }
    });
    view! {
        <div class="view-tools" role="group" aria-label="Timeline view">
            <button class="tool only-icon" data-testid="viewing" popovertarget="viewing" aria-label="What is shown" title="What is shown">
                <Icon glyph=Glyph::Filter />
            </button>
            {tools.collect_view()}
        </div>
    }
}

#[component]
pub fn Viewing(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] look: Signal<Option<Look>>,
    #[prop(into)] playback: Signal<Playback>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let repeated = move || playback.with(|playback| playback.repeated.is_some());
    let send = move |change: Change| on_command.run(Command::Look(change));
    let kinds = Kind::ALL.map(|kind| {
        let shown = move || look.with(|look| look.as_ref().is_some_and(|look| look.filter.shows(kind)));
        let name = match kind {
            Kind::Control => "controller",
            _ => kind.name(),
        };
        view! { <Check testid=format!("kind-{}", kind.name()) name=name.to_owned() checked=Signal::derive(shown)
            on_change=Callback::new(move |on| send(Change::Kind(kind, on))) /> }
    });
    let only = move || look.with(|look| look.as_ref().is_some_and(|look| look.filter.only_selected));
    let lanes = move || {
        let show = show.get()?;
        let nodes = show.story.nodes.iter().map(|story| {
            let node = story.node;
            let shown =
                move || look.with(|look| look.as_ref().is_some_and(|look| !look.hidden.contains(&node)));
            let testid = format!("shows-{}", show.run.spec.node_name(node));
            view! { <Check testid name=story.name.clone() checked=Signal::derive(shown)
            on_change=Callback::new(move |on: bool| send(Change::HideLane(node, !on))) /> }
        });
        Some(nodes.collect_view())
    };
    view! {
        <div id="viewing" class="panel" popover="auto" data-testid="viewing-panel" role="dialog" aria-label="What is shown">
            <p class="row"><b>"Axis"</b><AxisSwitch look on_command /></p>
            <fieldset><legend>"Messages"</legend>{kinds.collect_view()}</fieldset>
            <fieldset>
                <legend>"Selection"</legend>
                <Check testid="only-selected".to_owned() name="only its own messages".to_owned() checked=Signal::derive(only)
                    on_change=Callback::new(move |on| send(Change::OnlySelected(on))) />
            </fieldset>
            <p class="row phone"><b>"Speed"</b><Speeds playback on_command /></p>
            <fieldset>
                <legend>"Playback"</legend>
                <Check testid="repeats".to_owned() name="repeat a stretch".to_owned() checked=Signal::derive(repeated)
                    on_change=Callback::new(move |_| on_command.run(Command::ToggleRepeat)) />
            </fieldset>
            <fieldset><legend>"Lanes"</legend>{lanes}</fieldset>
        </div>
    }
}

#[component]
fn Check(testid: String, name: String, checked: Signal<bool>, on_change: Callback<bool>) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" data-testid=testid checked=cfg!(feature = "prerender") && checked.get_untracked() prop:checked=move || checked.get()
                on:change=move |event| on_change.run(event_target_checked(&event)) />
            {name}
        </label>
    }
}

/// Whose log is shown, where there are several partitions.
#[component]
pub fn PartitionSwitch(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] look: Signal<Option<Look>>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let chosen = Memo::new(move |_| look.with(|look| look.as_ref().map(|look| look.partition)));
    let button = move |name: String, partition: Option<Partition>| {
        let testid =
            partition.map_or("partition-all".to_owned(), |partition| format!("partition-{partition}"));
        view! {
            <button data-testid=testid aria-pressed=move || (chosen.get() == Some(partition)).to_string()
                on:click=move |_| on_command.run(Command::Look(Change::Partition(partition)))>{name}</button>
        }
    };
    let switch = move || {
        let show = show.get()?;
        let partitions = &show.story.partitions;
        (partitions.len() > 1).then(|| {
            let named = partitions.iter().zip(0..);
            let buttons = named.map(|(story, at)| button(story.name.clone(), Some(Partition(at))));
            view! {
                <div class="partitions"><span class="segmented" role="group" aria-label="Partition">
                    {button("all".to_owned(), None)}{buttons.collect_view()}
                </span></div>
            }
        })
    };
    view! { {switch} }
}
