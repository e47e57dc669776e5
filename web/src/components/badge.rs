//! Whether this kind of run has been checked against recorded runs of real Kafka, and where to read about it.

use leptos::prelude::*;

use super::{Glyph, Icon};

#[component]
pub fn Badge(
    /// The recorded runs of the same kind.
    #[prop(into)]
    recorded: Signal<Vec<String>>,
) -> impl IntoView {
    let badge = move || {
        recorded.with(|recorded| match recorded.first() {
            None => view! { <span class="soft">"No recorded run of this kind yet: "<a href="#about">"how far to trust it"</a></span> }.into_any(),
            Some(first) => {
                let more = recorded.len() - 1;
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                view! {
                    <Icon glyph=Glyph::Tick />
                    <span>
                        "Checked against a "<a href="#about" title=recorded.join(", ")>"recorded run of real Kafka"</a>": "
                        {first.clone()}{more}
                    </span>
                }
                .into_any()
            }
        })
    };
    view! { <p class="badge" data-testid="badge">{badge}</p> }
}
