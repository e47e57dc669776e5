//! The screens that the landing page is drawn for when the site is built: what a browser would measure and paint is given and
//! written out here.

use ackscope_scene::picture::Picture;
use ackscope_scene::svg;
use leptos::prelude::*;

/// A window that pictures are drawn for; the style sheet shows those of the nearest one.
#[derive(Clone, Copy, PartialEq)]
struct Screen {
    name: &'static str,
    window: f64,
    stage: f32,
    timeline: (f32, f32),
}

impl Screen {
    const ALL: [Screen; 5] = [
        Screen { name: "at-phone", window: 384.0, stage: 352.0, timeline: (384.0, 480.0) },
        Screen { name: "at-tablet", window: 900.0, stage: 885.0, timeline: (885.0, 480.0) },
        Screen { name: "at-desk", window: 1280.0, stage: 917.0, timeline: (917.0, 340.0) },
        Screen { name: "at-laptop", window: 1440.0, stage: 1077.0, timeline: (1077.0, 400.0) },
        Screen { name: "at-wide", window: 1920.0, stage: 1209.0, timeline: (1209.0, 560.0) },
    ];
}

/// A drawing whose size only a browser can measure.
#[derive(Clone, Copy)]
pub enum Drawing {
    Stage,
    Timeline,
}

/// Before anything is measured.
pub fn provide() {
    provide_context(RwSignal::new(Screen::ALL[0]));
}

fn screen() -> RwSignal<Screen> {
    expect_context()
}

/// In place of what a browser measures.
pub fn size(drawing: Drawing) -> Signal<Option<(f32, f32)>> {
    let screen = screen();
    Signal::derive(move || {
        let screen = screen.get();
        Some(match drawing {
            Drawing::Stage => (screen.stage, 0.0),
            Drawing::Timeline => screen.timeline,
        })
    })
}

/// In place of the window's own width.
pub fn window_width() -> Signal<f64> {
    let screen = screen();
    Signal::derive(move || screen.get().window)
}

/// In place of a canvas: the picture as it is on each screen.
pub fn stills(mut draw: impl FnMut(&mut Picture)) -> AnyView {
    let mut picture = Picture::default();
    let stills = Screen::ALL.map(|on| {
        screen().set(on);
        draw(&mut picture);
        svg::inline(&picture, on.name)
    });
    view! { <div class="stills" aria-hidden="true" inner_html=stills.concat()></div> }.into_any()
}
