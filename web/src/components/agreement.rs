//! The table of agreement with recorded runs of real Kafka, as the project publishes it. Fetched when it is looked at.

use leptos::prelude::*;

use crate::browser::{self, fetch};

/// The id of the row that is asked for.
const ASKED: &str = "asked-row";

/// A recorded run: name, Kafka's version, whether it agrees, what was compared.
type Row = Vec<String>;

/// The cells of a Markdown table without its head.
fn rows(text: &str) -> Vec<Row> {
    let lines = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().replace("**", "")).collect();
    lines.map(cells).collect()
}

#[component]
pub fn Agreement(
    /// The run whose row is asked for.
    row: Option<String>,
) -> impl IntoView {
    let found = RwSignal::new(Vec::<Row>::new());
    let row = StoredValue::new(row);
    let is_asked = move |name: &str| row.with_value(|row| row.as_deref() == Some(name));
    fetch::text("./agreement.md", move |text| {
        if found.try_set(rows(&text)).is_none() {
            request_animation_frame(|| browser::bring_into_sight(ASKED));
        }
    });
    let sum = move || {
        let (all, agree) = found.with(|rows| {
            (rows.len(), rows.iter().filter(|row| row.get(2).is_some_and(|word| word == "agrees")).count())
        });
        if all == 0 {
            "Opening the table …".to_owned()
        } else {
            format!("{agree} of {all} recorded runs agree.")
        }
    };
    let table = move || {
        let rows = found.get().into_iter().map(|row| {
            let asked = row.first().is_some_and(|name| is_asked(name));
            let cells = row.into_iter().map(|cell| view! { <td>{cell}</td> });
            view! { <tr id=asked.then_some(ASKED) aria-current=asked.then_some("true")>{cells.collect_view()}</tr> }
        });
        rows.collect_view()
    };
    view! {
        <section class="transcript agreement" data-testid="agreement" aria-labelledby="agreement-title">
            <h2 id="agreement-title">"Agreement with real Apache Kafka"</h2>
            <p class="lead">{sum}</p>
            <div class="scrolled" tabindex="0" role="group" aria-label="Table of recorded runs">
                <table>
                    <thead><tr>
                        <th scope="col">"Recorded run"</th><th scope="col">"Kafka"</th><th scope="col">"Outcome"</th><th scope="col">"Compared"</th>
                    </tr></thead>
                    <tbody>{table}</tbody>
                </table>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn the_published_table_can_be_read() {
        let rows = rows(include_str!("../../../docs/agreement.md"));
        assert!(rows.len() > 50, "{} rows", rows.len());
        assert!(
            rows.iter().all(|row| row.len() == 4 && ["agrees", "differs"].contains(&row[2].as_str())),
            "{rows:?}"
        );
    }
}
