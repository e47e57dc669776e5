//! What stands in each lane's gutter: choose the node, step along its events, fold its lane, hide it, move it.

use std::sync::Arc;

use ackscope_scene::picture::Source;
use ackscope_scene::timeline::{Form, LaneBox};
use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::command::Command;
use crate::look::Change;
use crate::show::Show;

#[component]
pub fn LaneControls(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] lanes: Signal<Vec<LaneBox>>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let rows = move || {
        let show = show.get()?;
        let rows = lanes.get().into_iter().map(|lane| {
            let node = lane.node;
            let name = show.story.node(node).map_or_else(String::new, |story| story.name.clone());
            let place = format!("top:{}px;height:{}px", lane.top, lane.bottom - lane.top);
            let slim = lane.form == Form::Slim;
            let tool = |glyph: Glyph, words: &str, command: Command| {
                // Whoever uses keys has some for stepping: Tab need not stop there.
                let tab = matches!(command, Command::StepOn(..)).then_some("-1");
                let label = format!("{words} {name}");
                view! {
                    <button aria-label=label.clone() title=label tabindex=tab on:click=move |_| on_command.run(command.clone())>
                        <Icon glyph />
                    </button>
                }
            };
            let broker = node.broker().is_some();
            let fold = broker.then(|| {
                let (glyph, words) = if slim { (Glyph::Unfold, "Unfold") } else { (Glyph::Fold, "Fold") };
                tool(glyph, words, Command::Look(Change::FoldLane(node)))
            });
            let chosen = move || (selection.get() == Source::Node(node)).to_string();
            view! {
                <li class="lane" on:focusin=move |_| on_command.run(Command::Dwell(node)) data-testid=format!("lane-{}", show.run.spec.node_name(node)) style=place>
                    <button class="lane-name" aria-pressed=chosen on:click=move |_| on_command.run(Command::Select(Source::Node(node)))>
                        <span class="unseen">{name.clone()}</span>
                    </button>
                    <span class="lane-tools">
                        {tool(Glyph::Back, "Previous event of", Command::StepOn(Some(node), false))}
                        {tool(Glyph::Forward, "Next event of", Command::StepOn(Some(node), true))}
                        {fold}
                        {tool(Glyph::Up, "Move up", Command::Look(Change::MoveLane(node, true)))}
                        {tool(Glyph::Cross, "Hide", Command::Look(Change::HideLane(node, true)))}
                    </span>
                </li>
            }
        });
        Some(rows.collect_view())
    };
    view! { <ul class="lanes" aria-label="Lanes">{rows}</ul> }
}
