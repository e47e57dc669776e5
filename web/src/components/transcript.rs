//! The run as a table, for those who read instead of watching: every line that the narration would speak, with its time
//! and node.

use std::sync::Arc;

use ackscope_scene::picture::Source;
use ackscope_sim::time::Time;
use leptos::prelude::*;

use crate::command::Command;
use crate::show::Show;

/// Longer runs get a button for the rest.
const FIRST_ROWS: usize = 200;

#[component]
pub fn Transcript(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let (whole, set_whole) = signal(false);
    let rows = move || {
        let show = show.get()?;
        let most = if whole.get() { usize::MAX } else { FIRST_ROWS };
        let rows = show.narrator().transcript().take(most).map(|row| {
            let go = move |_| {
                on_command.run(Command::Seek(row.at));
                on_command.run(Command::Select(Source::Happening(row.happening)));
            };
            view! {
                <tr>
                    <td><button title="Go to this moment" on:click=go>{row.at.to_string()}</button></td>
                    <td>{if row.node == "world" { "outside".to_owned() } else { row.node }}</td>
                    <td>{row.text}</td>
                </tr>
            }
        });
        Some(rows.collect_view())
    };
    let count = Memo::new(move |_| {
        show.with(|show| show.as_ref().map_or(0, |show| show.narrator().transcript().count()))
    });
    let more = move || {
        (count.get() > FIRST_ROWS && !whole.get()).then(|| {
            view! { <button class="tool line" on:click=move |_| set_whole.set(true)>{format!("Show all {} rows", count.get())}</button> }
        })
    };
    let duration =
        move || show.with(|show| show.as_ref().map_or(Time::ZERO, |show| show.run.end)).to_string();
    view! {
        <section class="transcript" data-testid="transcript" aria-labelledby="transcript-title">
            <h2 id="transcript-title">"The run in words"</h2>
            <p class="lead">{move || format!("{} events in {}, in order. Choose a time to go there.", count.get(), duration())}</p>
            <div class="scrolled" tabindex="0" role="group" aria-label="Table of events">
                <table>
                    <thead><tr><th scope="col">"Time"</th><th scope="col">"Where"</th><th scope="col">"What happened"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
                {more}
            </div>
        </section>
    }
}
