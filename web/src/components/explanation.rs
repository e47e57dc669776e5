//! What the selected thing is, and why: a record's life from send() to its end, or the chain of causes of a happening.

use std::sync::Arc;

use ackscope_scene::narration::{Narrator, Sentence, Step};
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::selected_record;
use ackscope_sim::ids::HappeningId;
use ackscope_sim::time::Time;
use leptos::prelude::*;

use super::record_grid::fate_words;
use crate::command::Command;
use crate::show::Show;

/// What stands in the panel.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    title: String,
    /// Its fate, where it has one that may be told.
    fate: Option<(&'static str, &'static str)>,
    lead: Option<Sentence>,
    steps: Vec<Step>,
}

fn tell(show: &Show, selection: Source, reached: bool) -> Option<Told> {
    let narrator = show.narrator();
    if let Some(record) = selected_record(selection) {
        let story = show.story.record(record);
        return Some(Told {
            title: story.name.to_string(),
            fate: reached.then(|| (story.fate.name(), fate_words(story.fate))),
            lead: None,
            steps: narrator.life(record),
        });
    }
    let happening = match selection {
        Source::Message(id) | Source::Happening(id) => id,
        Source::None
        | Source::Node(_)
        | Source::Partition(_)
        | Source::Record(_)
        | Source::Entry { .. }
        | Source::Log { .. }
        | Source::Link(..)
        | Source::Overview => return None,
    };
    Some(of_happening(narrator, show, happening))
}

fn of_happening(narrator: Narrator<'_>, show: &Show, id: HappeningId) -> Told {
    let mut steps = narrator.why(id);
    // The first link of the chain is the thing itself.
    let lead = if steps.is_empty() { None } else { Some(steps.remove(0).sentence) };
    Told { title: show.run.happening(id).at.to_string(), fate: None, lead, steps }
}

#[component]
pub fn Explanation(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    #[prop(into)] selection: Signal<Source>,
    #[prop(into)] reached: Signal<bool>,
    #[prop(into)] now: Signal<Time>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let told = Memo::new(move |_| {
        show.with(|show| show.as_ref().and_then(|show| tell(show, selection.get(), reached.get())))
    });
    let panel = move || {
        let Told { title, fate, lead, steps } = told.get()?;
        let fate = fate.map(|(name, words)| view! { <span class=format!("fate {name}")>{words}</span> });
        // The last step that has happened is the present one.
        let times: Vec<Time> = steps.iter().map(|step| step.at).collect();
        let ascending = times.is_sorted();
        let present = Memo::new(move |_| {
            let now = now.get();
            if ascending { times.partition_point(|&at| at <= now).checked_sub(1) } else { None }
        });
        let steps = steps.into_iter().enumerate().map(|(index, step)| {
            let at = step.at;
            let time = at.to_string();
            let go = move |_| {
                on_command.run(Command::Seek(at));
            };
            view! {
                <li class:decides=move || step.decides && reached.get() class:present=move || present.get() == Some(index)>
                    <button on:click=go title="Go to this moment">
                        <span class="number">{index + 1}</span>
                        <span class="words"><Words sentence=step.sentence /></span>
                        <time>{time.trim_end_matches(" s").to_owned()}</time>
                    </button>
                </li>
            }
        });
        Some(view! {
            <section class="explanation" data-testid="why" aria-label="Why">
                <header>
                    <h3>{title}</h3>
                    {fate}
                    <button class="soft push" on:click=move |_| on_command.run(Command::Select(Source::None))>"close"</button>
                </header>
                {lead.map(|lead| view! { <p class="lead"><Words sentence=lead /></p> })}
                <ol class="chain">{steps.collect_view()}</ol>
            </section>
        })
    };
    view! { {panel} }
}

/// What happened, why, and the setting that decides it.
#[component]
fn Words(sentence: Sentence) -> impl IntoView {
    let setting = sentence.setting.map(|key| view! { " "<code>{key}</code> });
    view! { <b>{sentence.what}</b>" "{sentence.why}{setting} }
}
