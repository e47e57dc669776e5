//! What has just happened, in a line; below it the scenario's own words. Read out as it changes.

use ackscope_scene::narration::Sentence;
use leptos::prelude::*;

#[component]
pub fn Narration(
    #[prop(into)] sentence: Signal<Sentence>,
    #[prop(into)] note: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="narration" data-testid="narration" role="status">
            <p>
                <strong>{move || sentence.with(|sentence| sentence.what.clone())}</strong>
                " "
                {move || sentence.with(|sentence| sentence.why.clone())}
            </p>
            <p class="note">{move || note.get()}</p>
        </div>
    }
}
