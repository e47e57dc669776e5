//! Elastic, time or events.

use ackscope_scene::axis::AxisMode;
use leptos::prelude::*;

use crate::command::Command;
use crate::look::{Change, Look};

#[component]
pub fn AxisSwitch(
    #[prop(into)] look: Signal<Option<Look>>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let mode = Memo::new(move |_| look.with(|look| look.as_ref().map(|look| look.axis.mode)));
    let buttons = [
        (AxisMode::Elastic, "Elastic", "Busy moments get room, idle time is folded"),
        (AxisMode::Time, "Time", "True proportion"),
        (AxisMode::Events, "Events", "One step for each event"),
    ];
    let buttons = buttons.map(|(axis, name, title)| {
        view! {
            <button title=title aria-pressed=move || (mode.get() == Some(axis)).to_string()
                on:click=move |_| on_command.run(Command::Look(Change::Axis(axis)))>{name}</button>
        }
    });
    view! { <span class="segmented" role="group" aria-label="Axis">{buttons.collect_view()}</span> }
}
