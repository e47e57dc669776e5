//! What stands in each lane's gutter: choose the node, step along its events, fold its lane, hide it, move it. One stop for
//! Tab; arrows go from tool to tool and from lane to lane.

use std::sync::Arc;

use ackscope_scene::picture::Source;
use ackscope_scene::timeline::{Form, LaneBox};
use leptos::html;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::command::Command;
use crate::look::Change;
use crate::show::Show;

/// Where the arrows have gone: a lane, and the button in it.
type Place = (usize, usize);

#[component]
pub fn LaneControls(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] lanes: Signal<Vec<LaneBox>>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let current = StoredValue::new((0_usize, 0_usize));
    // The one stop, marked on what is there now: lanes come and go.
    let mark = move |and_focus: bool| {
        let Some(list) = list.get_untracked() else { return };
        let (lane, tool) = current.get_value();
        let buttons = list.get_elements_by_tag_name("button");
        for place in 0..buttons.length() {
            set_tab(buttons.item(place), "-1");
        }
        let rows = list.children();
        let row = rows.item((lane as u32).min(rows.length().saturating_sub(1)));
        let tools = row.map(|row| row.get_elements_by_tag_name("button"));
        let stop = tools.and_then(|tools| tools.item((tool as u32).min(tools.length().saturating_sub(1))));
        set_tab(stop.clone(), "0");
        if let Some(stop) = stop.filter(|_| and_focus) {
            crate::browser::focus_on(stop);
        }
    };
    let go = move |event: web_sys::KeyboardEvent| {
        let place = lanes.with_untracked(|lanes| moved(lanes, current.get_value(), &event.key()));
        if let Some(place) = place {
            event.prevent_default();
            current.set_value(place);
            mark(true);
        }
    };
    Effect::new(move |_| {
        lanes.track();
        request_animation_frame(move || mark(false));
    });
    let rows = move || {
        let show = show.get()?;
        let rows = lanes.get().into_iter().enumerate().map(|(lane, at)| {
            let node = at.node;
            let name = show.story.node(node).map_or_else(String::new, |story| story.name.clone());
            let (top, height) = (format!("{}px", at.top), format!("{}px", at.bottom - at.top));
            let tool = |tool: usize, glyph: Glyph, words: &str, command: Command| {
                let label = format!("{words} {name}");
                let press = move |event: web_sys::MouseEvent| {
                    on_command.run(command.clone());
                    let up = matches!(command, Command::Look(Change::MoveLane(..)));
                    current.set_value((lane.saturating_sub(usize::from(up)), tool));
                    // The lanes are drawn anew: whoever pressed a key stays where he was.
                    if event.detail() == 0 && matches!(command, Command::Look(_)) {
                        request_animation_frame(move || mark(true));
                    }
                };
                view! {
                    <button aria-label=label.clone() title=label tabindex="-1" on:click=press>
                        <Icon glyph />
                    </button>
                }
            };
            let broker = node.broker().is_some();
            let slim = at.form == Form::Slim;
            let fold = broker.then(|| {
                let (glyph, words) = if slim { (Glyph::Unfold, "Unfold") } else { (Glyph::Fold, "Fold") };
                tool(3, glyph, words, Command::Look(Change::FoldLane(node)))
            });
            let rest = if broker { 4 } else { 3 };
            let dwell = move |_| {
                current.update_value(|current: &mut Place| *current = if current.0 == lane { *current } else { (lane, 0) });
                on_command.run(Command::Dwell(node));
            };
            let chosen = move || (selection.get() == Source::Node(node)).to_string();
            view! {
                <div class="lane" role="group" aria-label=name.clone() on:focusin=dwell data-testid=format!("lane-{}", show.run.spec.node_name(node)) style:top=top style:height=height>
                    <button class="lane-name" aria-pressed=chosen tabindex="-1"
                        on:click=move |_| on_command.run(Command::Select(Source::Node(node)))>
                        <span class="unseen">{name.clone()}</span>
                    </button>
                    <span class="lane-tools">
                        {tool(1, Glyph::Back, "Previous event of", Command::StepOn(Some(node), false))}
                        {tool(2, Glyph::Forward, "Next event of", Command::StepOn(Some(node), true))}
                        {fold}
                        {tool(rest, Glyph::Up, "Move up", Command::Look(Change::MoveLane(node, true)))}
                        {tool(rest + 1, Glyph::Cross, "Hide", Command::Look(Change::HideLane(node, true)))}
                    </span>
                </div>
            }
        });
        Some(rows.collect_view())
    };
    view! { <div class="lanes" role="toolbar" aria-label="Lanes" aria-orientation="vertical" node_ref=list on:keydown=go>{rows}</div> }
}

/// A broker's lane can be folded: it has a tool more than others.
fn last_tool(lanes: &[LaneBox], lane: usize) -> usize {
    if lanes.get(lane).is_some_and(|lane| lane.node.broker().is_some()) { 5 } else { 4 }
}

fn set_tab(button: Option<web_sys::Element>, index: &str) {
    if let Some(button) = button {
        let _ = button.set_attribute("tabindex", index);
    }
}

/// Where a key leads.
fn moved(lanes: &[LaneBox], (lane, tool): Place, key: &str) -> Option<Place> {
    let last = lanes.len().checked_sub(1)?;
    let (lane, tool) = match key {
        "ArrowDown" => ((lane + 1).min(last), tool),
        "ArrowUp" => (lane.saturating_sub(1), tool),
        "ArrowRight" => (lane, tool + 1),
        "ArrowLeft" => (lane, tool.saturating_sub(1)),
        "Home" => (0, 0),
        "End" => (last, 0),
        _ => return None,
    };
    Some((lane, tool.min(last_tool(lanes, lane))))
}
