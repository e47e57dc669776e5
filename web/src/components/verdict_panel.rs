//! What the whole run came to: one sentence with the number in it, one of context, the balance. The totals stand in
//! attributes from the start; the words wait until they are reached.

use std::sync::Arc;

use ackscope_scene::narration::Share;
use leptos::prelude::*;

use super::attributes::tone_class;
use crate::show::Show;

#[component]
pub fn VerdictPanel(
    #[prop(into)] show: Signal<Option<Arc<Show>>>,
    /// Whether the run has been watched that far.
    #[prop(into)]
    reached: Signal<bool>,
    /// What an edit has just changed about it: `was 5 lost`.
    #[prop(into)]
    before: Signal<Option<String>>,
) -> impl IntoView {
    let total = move |read: fn(&ackscope_sim::audit::Totals) -> u32| {
        move || show.with(|show| show.as_ref().map(|show| read(&show.run.audit.totals).to_string()))
    };
    let verdict = Memo::new(move |_| show.with(|show| show.as_ref().map(|show| show.verdict.clone())));
    let words = move || {
        let verdict = verdict.get()?;
        // All of them have a fate.
        let offered = verdict.balance.iter().map(|share| share.count).sum();
        let number = (!verdict.number.is_empty())
            .then(|| view! { <em class=tone_class(verdict.tone)>{verdict.number.clone()}</em>" " });
        Some(view! {
            <h2>{number}{verdict.sentence.clone()}</h2>
            <p class="lead">{verdict.context.clone()}</p>
            {move || before.get().map(|before| view! { <p class="before">{before}</p> })}
            {balance(&verdict.balance, offered)}
        })
    };
    let question = move || {
        view! {
            <h2>"What will be left?"</h2>
            <p class="lead">"Play the run to its end, or step through it. The verdict appears at the end."</p>
        }
    };
    view! {
        <section class="verdict" data-testid="verdict" data-reached=move || reached.get().to_string()
            data-acked-lost=total(|totals| totals.acked_lost) data-duplicated=total(|totals| totals.duplicated)
            data-kept=total(|totals| totals.kept)>
            {move || if reached.get() { words().into_any() } else { question().into_any() }}
        </section>
    }
}

/// offered = kept + lost + …, as one bar and in numbers. The numbers as plain text: one string is less code than a view.
fn balance(shares: &[Share], offered: u32) -> AnyView {
    let (mut names, mut counts) = (String::new(), String::new());
    for Share { count, label, tone } in shares {
        let tone = tone.name();
        names.push_str(&format!("<th scope=\"col\"><i class=\"fill-{tone}\"></i>{label}</th>"));
        counts.push_str(&format!("<td>{count}</td>"));
    }
    let bars = shares.iter().map(|Share { count, tone, .. }| {
        view! { <i class=format!("fill-{}", tone.name()) style:flex-grow=count.to_string()></i> }
    });
    let rows = format!(
        "<tbody><tr><th scope=\"col\">offered</th>{names}</tr><tr><td>{offered}</td>{counts}</tr></tbody>"
    );
    view! {
        <div class="balance" aria-hidden="true">{bars.collect_view()}</div>
        <table class="shares" data-testid="totals" inner_html=rows></table>
    }
    .into_any()
}
