//! Brand, question, ways to the other views, share and theme.

use leptos::prelude::*;

use super::icon::{Glyph, Icon, Logo};
use crate::command::{Command, Dialog};

#[component]
pub fn TopBar(
    #[prop(into)] question: Signal<String>,
    /// What the scenario is made of, in a few words: `acks=1, Kafka 4.3`.
    #[prop(into)]
    detail: Signal<String>,
    /// Whether there is a run that a link could lead to.
    #[prop(into)]
    shareable: Signal<bool>,
    #[prop(into)] on_command: Callback<Command>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let share = move |_| {
        on_command.run(Command::Share);
        copied.set(true);
        set_timeout(move || _ = copied.try_set(false), std::time::Duration::from_secs(2));
    };
    view! {
        <header class="top">
            <a class="brand" href="#"><Logo />"Ackscope"</a>
            <h1 class="question">{move || question.get()}</h1>
            <span class="soft">{move || detail.get()}</span>
            <span class="push"></span>
            <nav aria-label="Views">
                <a class="tool" href="#gallery" title="Every scenario"><Icon glyph=Glyph::Library /><span class="word">"Library"</span></a>
                <a class="tool" href="#lab" title="linger.ms and batch.size as a chart"><Icon glyph=Glyph::Lab /><span class="word">"Lab"</span></a>
                <a class="tool" href="#about" title="How far to trust it"><span class="word">"About"</span></a>
            </nav>
            <Show when=move || shareable.get()>
                <button class="tool only-icon" aria-label="Search" title="Search  /" on:click=move |_| on_command.run(Command::Open(Dialog::Search))>
                    <Icon glyph=Glyph::Search />
                </button>
                <button class="tool only-icon wide" aria-label="Keys and commands" title="Keys and commands  ?" on:click=move |_| on_command.run(Command::Open(Dialog::Help))>
                    <Icon glyph=Glyph::Keys />
                </button>
                <button class="tool line" data-testid="share-link" title="Copy a link to this moment" on:click=share>
                    <Icon glyph=Glyph::Share />
                    <span role="status">{move || if copied.get() { "Copied" } else { "Share" }}</span>
                </button>
            </Show>
            <button class="tool only-icon" aria-label="Light or dark" title="Light or dark" on:click=move |_| on_command.run(Command::ToggleTheme)>
                <Icon glyph=Glyph::Theme />
            </button>
        </header>
    }
}
