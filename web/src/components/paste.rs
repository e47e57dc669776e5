//! Configuration as it stands in somebody's files: applied as it is put in, and every line accounted for.

use ackscope_scenario::paste::Pasted;
use leptos::prelude::*;

use super::break_it::Refused;
use crate::command::Command;
use crate::edit::Edit;
use crate::signals::Signals;

#[component]
pub fn Paste(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let lists = move || {
        let Pasted { applied, without_effect, unknown, overridden, refused, .. } = signals.pasted.get();
        let list = |class: &'static str, title: &'static str, lines: Vec<(String, String)>| {
            (!lines.is_empty()).then(|| {
                let lines = lines.into_iter().map(|(line, words)| {
                    view! { <li><code>{line}</code>" "<span class="soft">{words}</span></li> }
                });
                view! { <h4 class=class>{title}</h4><ul>{lines.collect_view()}</ul> }.into_any()
            })
        };
        let plain = |lines: Vec<String>| lines.into_iter().map(|line| (line, String::new())).collect();
        [
            list("refused", "Refused", refused),
            list("refused", "Unknown", plain(unknown)),
            list("", "Applied", applied),
            list("", "Set again further down; that value applies", plain(overridden)),
            list("", "Known to Kafka, no effect here", plain(without_effect)),
        ]
        .into_iter()
        .flatten()
        .collect_view()
    };
    view! {
        <section class="paste" aria-labelledby="paste-title">
            <h3 id="paste-title">"Paste your configuration"</h3>
            <textarea data-testid="paste-config" rows="3" spellcheck="false" aria-labelledby="paste-title"
                placeholder="producer.properties, server.properties, or a Spring application.yml"
                on:input=move |event| on_command.run(Command::Edit(Edit::Paste(event_target_value(&event))))></textarea>
            <div class="result" data-testid="paste-result" role="status">{lists}</div>
            <Refused signals about="paste" />
        </section>
    }
}
