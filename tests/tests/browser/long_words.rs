//! Somebody opens a scenario whose words have no end: nothing runs out sideways, and the player stays in reach.

use ackscope_scenario::link::{self, View};
use ackscope_tests::browser::Page;
use serde_json::json;

fn text() -> String {
    let long = |name: &str| format!("{name}{}", "x".repeat(1_200));
    let names = "n".repeat(40);
    format!(
        "ackscope = 1\nid = \"{names}\"\ntitle = \"{title}\"\nquestion = \"{question}\"\npromise = \"{question}\"\nuntil = \"10 s\"\n\
         [topic.{names}]\n[producer.{names}]\n[consumer.{names}]\nreads = \"{names}\"\n\
         [do]\n\"{send}\" = {{ at = \"1 s\", send = \"v0..v4\", topic = \"{names}\", note = \"{note}\" }}\n\
         \"{kill}\" = {{ at = \"2 s\", kill = \"broker-1\", note = \"Myth: {note}\" }}\n\
         [expect]\n\"{expected}\" = {{ acked_lost = 0 }}\n\
         [variant.a]\nlabel = \"{label}\"\n[variant.b]\nlabel = \"{label}\"\n",
        title = long("title"),
        question = long("question"),
        send = long("send"),
        kill = long("kill"),
        note = long("note"),
        expected = long("expected"),
        label = long("label"),
    )
}

/// Whatever sticks out to the right of the window and is seen.
const OUTSIDE: &str = "return [document.scrollingElement.scrollWidth > innerWidth, \
    [...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > innerWidth + 1 && it.checkVisibility() \
    && !it.closest('.unseen, .skip, .scrolled, .partitions, [popover], dialog')).map(it => it.outerHTML.slice(0, 80)).slice(0, 5)]";

#[tokio::test]
async fn nothing_runs_out_sideways_on_a_phone_and_on_a_desk() {
    let link = format!("#{}", link::to_text(&text(), &View::default()));
    let damaged = format!("#healthy?{}=1", "y".repeat(190));
    let refused = format!("#healthy?seed={}", "z".repeat(1_200));
    let page = Page::blank().await;
    for width in [360, 1280] {
        page.size(width, 800).await;
        for view in [
            link.clone(),
            format!("?embed{link}"),
            damaged.clone(),
            refused.clone(),
            format!("?embed{refused}"),
        ] {
            page.go(&view).await;
            let end = "return !document.querySelector('[data-testid=scrubber]')";
            if page.script(end).await == json!(false) {
                page.scrub(1.0).await;
            }
            page.settled().await;
            assert_eq!(page.script(OUTSIDE).await, json!([false, []]), "{width}: {}", &view[..40]);
            let play = "const box = document.querySelector('[data-testid=play]').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight";
            assert_eq!(page.script(play).await, json!(true), "{width}: Play is in reach: {}", &view[..40]);
        }
    }
    // What is typed comes back in a complaint.
    page.go("#healthy").await;
    page.fill("setting-acks", &"a".repeat(600)).await;
    page.until(
        "the complaint",
        "return document.querySelector('[data-testid=settings]').innerText.includes('ConfigException')",
    )
    .await;
    assert_eq!(page.script(OUTSIDE).await, json!([false, []]));
}
