//! Kafka's settings as this scenario has them, under Kafka's names: changed in place, marked, searched, set back.

use ackscope_scenario::Variant;
use ackscope_scenario::adjust::{Holder, Role, Row, holders, rows};
use leptos::prelude::*;

use super::attributes::drawn;
use super::break_it::Refused;
use super::icon::{Glyph, Icon};
use crate::command::Command;
use crate::edit::Edit;
use crate::lab::question_of;
use crate::signals::Signals;

/// A setting as the page shows it.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    row: Row,
    /// `setting-acks`
    testid: String,
    of: String,
    role: Role,
    /// Not as the scenario was opened.
    changed: bool,
}

fn lines(variant: &Variant, origin: &Variant) -> Vec<Line> {
    let before: Vec<Row> = holders(origin).iter().flat_map(|holder| rows(origin, holder)).collect();
    let mut lines: Vec<Line> = Vec::new();
    for Holder { role, of, path } in holders(variant) {
        for row in rows(variant, &Holder { role, of: of.clone(), path: path.clone() }) {
            let plain = format!("setting-{}", row.key);
            // Of several with the same key the first one has the short name.
            let taken = lines.iter().any(|line| line.testid == plain);
            let testid = if taken { format!("setting-{}-{}", of.replace(' ', "-"), row.key) } else { plain };
            let given = before.iter().find(|other| other.path == row.path).map(|other| &other.given);
            let changed = given != Some(&row.given);
            lines.push(Line { row, testid, of: of.clone(), role, changed });
        }
    }
    lines
}

/// What the list is made of: a heading, or a setting by its path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Item {
    Of(String),
    Group(String, &'static str),
    Setting(String),
}

#[component]
pub fn Settings(signals: Signals, on_command: Callback<Command>) -> impl IntoView {
    let lines = Memo::new(move |_| {
        let origin = signals.origin.get();
        signals.show.with(|show| match (show, &origin) {
            (Some(show), Some(origin)) => lines(&show.variant, origin),
            _ => Vec::new(),
        })
    });
    let (typed, more) = (RwSignal::new(String::new()), RwSignal::new(false));
    let items = Memo::new(move |_| {
        let (typed, more) = (typed.get().trim().to_ascii_lowercase(), more.get());
        let fits = |line: &&Line| {
            let Row { key, effect, group, basic, .. } = &line.row;
            if typed.is_empty() {
                return more || *basic || line.changed;
            }
            let text = [*key, effect, group, &line.of].join(" ").to_ascii_lowercase();
            typed.split_whitespace().all(|word| text.contains(word))
        };
        lines.with(|lines| {
            let mut items: Vec<Item> = Vec::new();
            let (mut of, mut group) = ("", "");
            for line in lines.iter().filter(fits) {
                if of != line.of {
                    (of, group) = (&line.of, "");
                    items.push(Item::Of(line.of.clone()));
                }
                // The basic ones stand together, whatever they are about.
                if !line.row.basic && group != line.row.group {
                    group = line.row.group;
                    items.push(Item::Group(line.of.clone(), group));
                }
                items.push(Item::Setting(line.row.path.clone()));
            }
            items
        })
    });
    let workload = signals.of_show(|show| question_of(&show.run.spec));
    let to_lab = move || {
        workload.get().map(|question| {
            let go = move |_| on_command.run(Command::ToLab(question.clone()));
            view! { <button class="tool line small" data-testid="to-lab" title="Other settings under the same load" on:click=go>"This load in the lab"</button> }
        })
    };
    let row = move |item: Item| match item {
        Item::Of(of) => view! { <h4>{of}</h4> }.into_any(),
        Item::Group(_, group) => view! { <h5>{group}</h5> }.into_any(),
        Item::Setting(path) => view! { <SettingLine signals lines path on_command /> }.into_any(),
    };
    // What Kafka changed without a word, and what it refused.
    let loud = move || {
        signals.show.with(|show| {
            let settings = show.as_ref().map_or(&[][..], |show| &show.variant.settings);
            let refused = settings.iter().filter_map(|settings| {
                let failure = settings.refused.as_ref()?;
                let words = format!("{}: {}", failure.exception, failure.message);
                Some(view! { <p class="loud" role="alert"><b>{settings.of.clone()}</b>" cannot start. "{words}</p> }.into_any())
            });
            let notices = settings.iter().flat_map(|settings| settings.notices.iter().map(move |notice| (&settings.of, notice)));
            let notices = notices.map(|(of, notice)| {
                let now = notice.now.as_ref().map(|now| format!(" is now {now}")).unwrap_or_default();
                let words = format!("{}{now}: {}", notice.key, notice.why);
                view! { <p class="loud" role="status"><b>{of.clone()}</b>" "{words}"."</p> }.into_any()
            });
            refused.chain(notices).collect_view()
        })
    };
    let count = move || {
        let changed = lines.with(|lines| lines.iter().filter(|line| line.changed).count());
        if changed == 0 { String::new() } else { format!("{changed} changed") }
    };
    view! {
        <section class="settings" data-testid="settings" aria-labelledby="settings-title">
            <header>
                <h3 id="settings-title">"Settings "<span class="soft">{count}</span></h3>
                <input type="search" class="push" placeholder="Search" aria-label="Search the settings" data-testid="search-settings"
                    prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event))
                    on:change=move |event| typed.set(event_target_value(&event)) />
            </header>
            {loud}
            <div class="list"><For each=move || items.get() key=Clone::clone children=row /></div>
            <button class="tool line small" data-testid="more-settings" aria-pressed=move || more.get().to_string()
                on:click=move |_| more.update(|more| *more = !*more)>
                {move || if more.get() { "Fewer" } else { "All settings" }}
            </button>
            " "
            {to_lab}
        </section>
    }
}

#[component]
fn SettingLine(
    signals: Signals,
    lines: Memo<Vec<Line>>,
    path: String,
    on_command: Callback<Command>,
) -> impl IntoView {
    let own = path.clone();
    let line =
        Memo::new(move |_| lines.with(|lines| lines.iter().find(|line| line.row.path == own).cloned()));
    // What does not change with the values.
    let Some(Line { row, testid, .. }) = line.get_untracked() else { return ().into_any() };
    let Row { key, effect, range, choices, .. } = row;
    let of_row = move |read: fn(&Row) -> String| {
        move || line.with(|line| line.as_ref().map(|line| read(&line.row)).unwrap_or_default())
    };
    let value = of_row(|row| row.given.clone().unwrap_or_default());
    let default = of_row(|row| row.default.clone());
    let told = move || {
        let notice = line.with(|line| line.as_ref()?.row.notice.clone())?;
        let now = notice.0.map(|now| format!("counts as {now}: ")).unwrap_or_default();
        Some(view! { <p class="notice-line">{format!("{now}{}", notice.1)}</p> })
    };
    let changed = move || line.with(|line| line.as_ref().is_some_and(|line| line.changed));
    let set = {
        let path = path.clone();
        Callback::new(move |value: String| {
            on_command.run(Command::Edit(Edit::Set { path: path.clone(), value }))
        })
    };
    let reset = {
        let path = path.clone();
        move |_| on_command.run(Command::Edit(Edit::Reset(path.clone())))
    };
    let choice = |choice: &'static str| {
        view! { <button tabindex="-1" on:click=move |_| set.run(choice.to_owned())>{choice}</button> }
    };
    let choices = choices.into_iter().map(choice).collect_view();
    // A long key breaks after a dot.
    let name = key.replace('.', ".<wbr>");
    let range = if range.is_empty() { String::new() } else { format!(" Range: {range}.") };
    view! {
        <div class="setting" class:changed=changed>
            <label for=testid.clone()><code inner_html=name></code></label>
            <input id=testid.clone() data-testid=testid.clone() spellcheck="false" autocomplete="off" placeholder=default
                value=drawn(value) prop:value=value on:input=move |event| set.run(event_target_value(&event)) />
            <button class="tool only-icon small" data-testid=format!("re{testid}") aria-label=format!("Set {key} back")
                title="As it was" disabled=move || !changed() on:click=reset><Icon glyph=Glyph::Back /></button>
            <div class="about">
                <span class="choices">{choices}</span>
                <p>{effect}{range}" Default: "{default}"."</p>
            </div>
            {told}
            <Refused signals about=path />
        </div>
    }
    .into_any()
}
