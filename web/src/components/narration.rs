//! What has just happened, in a line; below it the scenario's own words. Read out as it changes.

use ackscope_scene::narration::Sentence;
use leptos::prelude::*;

use crate::command::Command;

#[component]
pub fn Narration(
    #[prop(into)] sentence: Signal<Sentence>,
    /// Every note of the run and which one is shown: all of them keep their room, so that nothing moves.
    #[prop(into)]
    notes: Signal<Vec<String>>,
    #[prop(into)] note: Signal<Option<usize>>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    view! {
        <div class="narration">
            <div class="told" data-testid="narration" role="status">
                <p>
                    <strong>{move || sentence.with(|sentence| sentence.what.clone())}</strong>
                    " "
                    {move || sentence.with(|sentence| sentence.why.clone())}
                </p>
                <div class="notes">{move || lines(notes.get(), note)}</div>
            </div>
            <button class="why-now" data-testid="why-now" title="What led to this" on:click=move |_| on_command.run(Command::WhyNow)>"why?"</button>
        </div>
    }
}

/// The scenario's own words. Where popular belief differs, they say so first.
fn lines(notes: Vec<String>, shown: Signal<Option<usize>>) -> impl IntoView {
    let lines = notes.into_iter().enumerate().map(|(at, text)| {
        let (myth, text) = match text.strip_prefix("Myth: ") {
            Some(rest) => (true, rest.to_owned()),
            None => (false, text),
        };
        view! {
            <p class="note" class:shown=move || shown.get() == Some(at)>
                {myth.then(|| view! { <b class="myth">"Myth"</b>" " })}
                {text}
            </p>
        }
    });
    lines.collect_view()
}
