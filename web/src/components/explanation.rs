//! What the selected thing is, and why: a record's life from send() to its end, or the chain of causes of a happening.

use std::sync::Arc;

use ackscope_scene::narration::{Sentence, Step, node_state};
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::selected_record;
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
    /// A message that belongs to another one.
    paired: bool,
    /// What it is and has now.
    about: String,
    lead: Option<Sentence>,
    steps: Vec<Step>,
}

fn tell(show: &Show, selection: Source, reached: bool, now: Time) -> Option<Told> {
    let narrator = show.narrator();
    if let Some(record) = selected_record(selection) {
        let story = show.story.record(record);
        return Some(Told {
            title: story.name.to_string(),
            fate: reached.then(|| (story.fate.name(), fate_words(story.fate))),
            paired: false,
            about: String::new(),
            lead: None,
            steps: narrator.life(record),
        });
    }
    let subject = show.story.subject(selection, now);
    let title = match selection {
        Source::Node(node) => show.story.node(node).map(|story| story.name.clone()),
        Source::Link(a, b) => {
            Some(format!("{} – {}", show.run.spec.node_name(a), show.run.spec.node_name(b)))
        }
        Source::None | Source::Overview => return None,
        _ => subject.map(|id| show.run.happening(id).at.to_string()),
    };
    // The first link of the chain is the thing itself.
    let mut steps = subject.map_or_else(Vec::new, |id| narrator.why(id));
    let open = || Sentence { what: "Packets go through.".to_owned(), ..Sentence::default() };
    let lead = if let (Source::Link(..), None) = (selection, subject) {
        Some(open())
    } else if steps.is_empty() {
        None
    } else {
        Some(steps.remove(0).sentence)
    };
    let paired = match selection {
        Source::Message(id) => show.story.message(id).is_some_and(|message| message.partner.is_some()),
        _ => false,
    };
    let about = match selection {
        Source::Node(node) => node_state(&show.story, node, now),
        _ => String::new(),
    };
    Some(Told { title: title?, fate: None, paired, about, lead, steps })
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
        show.with(|show| show.as_ref().and_then(|show| tell(show, selection.get(), reached.get(), now.get())))
    });
    let panel = move || {
        let Some(Told { title, fate, paired, about, lead, steps }) = told.get() else {
            return view! {
                <h2>"Why?"</h2>
                <p class="lead">"Choose a record, an arrow or a mark to see what it is and what led to it."</p>
            }
            .into_any();
        };
        let ways = (paired || (lead.is_some() && !steps.is_empty())).then(|| {
            let pair = paired.then(|| view! {
                <button class="tool line small" data-testid="follow-arrow" on:click=move |_| on_command.run(Command::FollowArrow)>"Request or response"</button>
            });
            view! {
                <p class="ways">
                    {pair}
                    <button class="tool line small" data-testid="follow-cause" on:click=move |_| on_command.run(Command::FollowCause)>"Go to the cause"</button>
                </p>
            }
        });
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
        view! {
            <header>
                <h2>{title}</h2>
                {fate}
                <button class="soft push" on:click=move |_| on_command.run(Command::Select(Source::None))>"close"</button>
            </header>
            {(!about.is_empty()).then(|| view! { <p class="lead">{about}</p> })}
            {lead.map(|lead| view! { <p class="lead"><Words sentence=lead /></p> })}
            {ways}
            <ol class="chain">{steps.collect_view()}</ol>
        }
        .into_any()
    };
    view! { <section class="explanation" data-testid="why" aria-label="Why">{panel}</section> }
}

/// What happened, why, and the setting that decides it.
#[component]
fn Words(sentence: Sentence) -> impl IntoView {
    let setting = sentence.setting.map(|key| view! { " "<code>{key}</code> });
    view! { <b>{sentence.what}</b>" "{sentence.why}{setting} }
}
