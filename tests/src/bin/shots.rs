//! Takes the pictures of the page that the documentation shows. Run by `cargo xtask shots`.

use ackscope_tests::browser::Page;
use std::path::Path;

struct Shot {
    name: &'static str,
    fragment: &'static str,
    size: (u32, u32),
    theme: &'static str,
    /// How far the run is played, as a part of its length.
    played: f64,
    /// A record that is selected.
    record: Option<u32>,
    /// A part of the page that is brought into sight.
    part: Option<&'static str>,
}

const DESK: (u32, u32) = (1280, 800);
const PHONE: (u32, u32) = (360, 740);

const fn shot(name: &'static str, fragment: &'static str, played: f64, record: Option<u32>) -> Shot {
    Shot { name, fragment, size: DESK, theme: "light", played, record, part: None }
}

const SHOTS: [Shot; 9] = [
    shot("landing", "", 0.0, None),
    shot("lost", "#acks-1-leader-crash", 1.0, Some(7)),
    shot("reordered", "#five-retries-reversed", 1.0, None),
    shot("twice", "#duplicate-by-timeout", 1.0, None),
    Shot { part: Some(".settings"), ..shot("settings", "#acks-1-leader-crash", 1.0, None) },
    shot("library", "#gallery", 0.0, None),
    Shot { theme: "dark", ..shot("dark", "#acks-1-leader-crash", 1.0, Some(7)) },
    Shot { size: PHONE, ..shot("phone", "#acks-1-leader-crash", 1.0, Some(7)) },
    Shot { size: (2560, 1080), ..shot("wide", "#old-leader-returns", 1.0, None) },
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = std::env::args().nth(1).expect("the folder for the pictures");
    let only = std::env::args().nth(2);
    for shot in SHOTS.iter().filter(|shot| only.as_deref().is_none_or(|only| only == shot.name)) {
        let page = Page::blank().await;
        page.size(shot.size.0, shot.size.1).await;
        page.prefers(&[("prefers-color-scheme", shot.theme)]).await;
        page.go(shot.fragment).await;
        if shot.played > 0.0 {
            page.scrub(1.0).await; // what has been seen once is no secret any more
            page.scrub(shot.played).await;
        }
        if let Some(record) = shot.record {
            page.script(&format!("document.querySelector('[data-testid=record-{record}]').click()")).await;
        }
        if shot.fragment == "#gallery" {
            page.until("pictures", "return document.querySelectorAll('.thumbnail canvas').length > 3").await;
        }
        if let Some(part) = shot.part {
            page.script(&format!("document.querySelector('{part}').scrollIntoView()")).await;
        }
        page.script("scrollTo(0, 0)").await;
        page.settled().await;
        let file = Path::new(&folder).join(format!("page-{}.png", shot.name));
        page.screenshot(&file).await;
        println!("{}", file.display());
    }
}
