//! The recorded runs of real Kafka that this very scenario was checked against, each leading to its row in the table of
//! agreement; without one, where to read how far to trust it.

use ackscope_scenario::Recording;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::route;

#[component]
pub fn Badge(
    /// What the library's own text names; none for any other.
    #[prop(into)]
    recorded: Signal<Vec<Recording>>,
) -> impl IntoView {
    let badge = move || {
        let recorded = recorded.get();
        let Some(first) = recorded.first() else {
            return view! {
                <p class="badge" data-testid="no-badge">
                    <span class="soft">"No recorded run of exactly this: "<a href="#about">"how far to trust it"</a></span>
                </p>
            }
            .into_any();
        };
        let what = if recorded.len() == 1 { "a recorded run" } else { "recorded runs" };
        let words = format!("Checked against {what} of real Kafka {}: ", first.release);
        let links = recorded.iter().enumerate().map(|(place, Recording { name, .. })| {
            let href = route::row_of(name);
            view! { {(place > 0).then_some(", ")}<a href=href>{name.clone()}</a> }
        });
        view! { <p class="badge" data-testid="badge"><Icon glyph=Glyph::Tick /><span>{words}{links.collect_view()}</span></p> }
            .into_any()
    };
    view! { {badge} }
}
