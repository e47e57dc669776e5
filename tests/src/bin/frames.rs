//! What a frame of the page costs, in a real Chromium that draws on the processor: playing a crowded run, and jumping
//! about in it; and how long somebody on a slow processor waits until the page can be used. Prints figures as the engine's bench does. Run by `cargo xtask bench`.

use std::time::Duration;

use ackscope_scenario::Document;
use ackscope_scenario::link::{self, View};
use ackscope_scene::axis::{Axis, AxisMode};
use ackscope_scene::picture::Picture;
use ackscope_scene::story::Story;
use ackscope_scene::timeline::{Room, Timeline, View as TimelineView, lanes};
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;
use ackscope_tests::browser::Page;
use serde_json::{Value, json};

const PRODUCERS: usize = 9;
/// Within the load.
const CROWDED: Time = Time::from_millis(2_500);

/// Two minutes; for three seconds of them nine producers send every record in a request of its own over slow links.
fn crowded() -> String {
    let mut text = "ackscope = 1\nid = \"crowded\"\ntitle = \"Crowded\"\nuntil = \"120 s\"\n\n[cluster]\nbrokers = 5\n\n\
                    [topic.orders]\npartitions = 5\nreplication_factor = 3\n\n[network]\n"
        .to_owned();
    for producer in 0..PRODUCERS {
        text += &format!("\"producer-p{producer}\" = {{ latency = \"90 ms\" }}\n");
    }
    for producer in 0..PRODUCERS {
        text += &format!(
            "\n[producer.p{producer}]\nconfig.acks = 1\nconfig.enable.idempotence = false\nconfig.linger.ms = 0\n\
             config.batch.size = 0\nconfig.max.in.flight.requests.per.connection = 50\n"
        );
    }
    text += "\n[do]\n";
    for producer in 0..PRODUCERS {
        text += &format!(
            "\"load {producer}\" = {{ at = \"1 s\", load = 600, rate = \"200/s\", prefix = \"r{producer}x\", size = \"100 B\", producer = \"producer-p{producer}\" }}\n"
        );
    }
    text
}

/// Times every frame's callbacks, and the drawing that they asked for: reading a pixel waits for it.
const WATCH: &str = "
    window.frames_ms = [];
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = callback => ask(now => {
        const began = performance.now();
        callback(now);
        for (const canvas of document.querySelectorAll('.player canvas')) canvas.getContext('2d').getImageData(0, 0, 1, 1);
        window.frames_ms.push(performance.now() - began);
    });";

/// Presses Play as soon as it is there. Notes when that was, when the page obeyed, and when it was complete: ms since
/// the navigation began.
const ARRIVE: &str = "
    const play = () => document.querySelector('[data-testid=play]');
    const look = () => {
        if (!window.usable && play()) {
            window.usable = performance.now();
            play().click();
        }
        if (!window.obeyed && play()?.textContent.trim() === 'Pause') window.obeyed = performance.now();
        if (!window.complete && document.documentElement.dataset.ready === 'true') window.complete = performance.now();
        if (!window.obeyed || !window.complete) setTimeout(look, 1);
    };
    if (location.protocol !== 'about:') setTimeout(look, 1);";
const SLOWER: u32 = 4;
const ARRIVALS: usize = 5;
/// A browser that was just started is busy with itself.
const SETTLING: Duration = Duration::from_secs(2);

/// When a view can be used on a slow processor, when it has obeyed, and when it is complete: medians of several fresh
/// visits.
async fn arrivals(fragment: &str) -> [f64; 3] {
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ARRIVALS {
        let page = Page::blank().await;
        page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": ARRIVE })).await;
        std::thread::sleep(SETTLING);
        page.slow_down(SLOWER).await;
        page.load(&format!("{}{fragment}", page.site().url())).await;
        page.until("it plays", "return !!(window.obeyed && window.complete)").await;
        for (times, name) in times.iter_mut().zip(["usable", "obeyed", "complete"]) {
            times.extend(page.script(&format!("return window.{name}")).await.as_f64());
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        part(&times, 0.5)
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let text = crowded();
    let document = Document::parse(&text).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let run = Run::new(document.variants[0].spec.clone());
    let story = Story::new(&run);
    let axis = Axis::new(AxisMode::Elastic, &story);
    let lanes = lanes(&story, Room::Page);
    let mut picture = Picture::default();
    Timeline::new(&story, &axis, TimelineView::new(932.0, Room::Page, &lanes, axis.whole()))
        .draw(&mut picture);
    let moving = story
        .messages_in(CROWDED, CROWDED)
        .iter()
        .filter(|message| message.sent <= CROWDED && CROWDED < message.until(story.end));
    let moving = moving.count();

    let page = Page::blank().await;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
    page.go(&format!("#{}", link::to_text(&text, &View::default()))).await;

    // Playing through the crowd.
    page.scrub(1.0).await;
    page.scrub(CROWDED.nanos as f64 / run.end.nanos as f64).await;
    page.settled().await;
    page.script("window.frames_ms = []").await;
    page.click("play").await;
    page.until("two hundred frames", "return window.frames_ms.length > 200").await;
    page.click("play").await;
    let playing = costs(page.script("return window.frames_ms.slice(10, 200)").await);

    // Jumping to random places: the handler, then the frame that shows it.
    let jumps = "const done = arguments[0], it = document.querySelector(\"[data-testid='scrubber']\"), costs = []; let seed = 7; \
        const next = () => { if (costs.length === 100) return done(costs); \
            seed = seed * 48271 % 2147483647; it.value = seed % 10000; window.frames_ms = []; \
            const began = performance.now(); it.dispatchEvent(new Event('input', { bubbles: true })); const handled = performance.now() - began; \
            const look = () => window.frames_ms.length ? (costs.push(handled + Math.max(...window.frames_ms)), next()) : setTimeout(look, 1); look(); }; next()";
    let scrubbing =
        costs(page.client().execute_async(jumps, Vec::new()).await.expect("the page jumps about"));

    drop(page);
    let (landing, scenario) = (arrivals("").await, arrivals("#healthy").await);

    let figure = |name: &str, value: f64, unit: &str| json!({ "name": name, "value": value, "unit": unit });
    let figures = [
        figure("marks_on_the_timeline", picture.shapes.len() as f64, "shapes"),
        figure("moving_messages", moving as f64, "messages"),
        figure("frame_median", part(&playing, 0.5), "ms"),
        figure("frame_p99", part(&playing, 0.99), "ms"),
        figure("scrub_median", part(&scrubbing, 0.5), "ms"),
        figure("scrub_p99", part(&scrubbing, 0.99), "ms"),
        figure("landing_usable_4x", landing[0], "ms"),
        figure("landing_plays_4x", landing[1], "ms"),
        figure("scenario_usable_4x", scenario[0], "ms"),
        figure("scenario_plays_4x", scenario[1], "ms"),
        figure("scenario_complete_4x", scenario[2], "ms"),
    ];
    println!("{}", Value::from(figures.to_vec()));
}

fn costs(values: Value) -> Vec<f64> {
    let mut costs: Vec<f64> = values.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    costs.sort_by(f64::total_cmp);
    costs
}

fn part(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or_default()
}
