//! `ackscope render`: the timeline of a whole run as one picture, for documents and posts.

use ackscope_scene::axis::{Axis, AxisMode};
use ackscope_scene::picture::Picture;
use ackscope_scene::story::Story;
use ackscope_scene::svg::{self, Colours};
use ackscope_scene::timeline::{Form, Future, Room, Timeline, View, lanes};
use ackscope_scene::tokens::Theme;
use ackscope_sim::run::Run;

use crate::args::{Args, Failed};
use crate::budget::{Ended, Verdict};
use crate::out::{Out, aside};
use crate::source;

/// As wide as the text column of most documents.
const WIDTH: u64 = 720;

pub fn render(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    let usage = "render <id|file> [--variant NAME] [--width PIXELS] [--slim] [--theme light|dark|system]";
    let name = &args.exactly(1, usage)?[0];
    let colours = match args.theme.as_deref() {
        None | Some("system") => Colours::System,
        Some("light") => Colours::Only(Theme::Light),
        Some("dark") => Colours::Only(Theme::Dark),
        Some(other) => {
            return Err(Failed(format!("--theme: found {other:?}; accepted: light, dark, system")));
        }
    };
    let width = args.width.unwrap_or(WIDTH);
    let document = source::document(name, args)?;
    let variant = source::variant(&document, args.variant(1)?)?;
    let run = Run::within(variant.spec.clone(), args.budget);
    let story = Story::new(&run);
    let room = if width < 560 { Room::Phone } else { Room::Figure };
    let mut lanes = lanes(&story, room);
    let axis = if args.slim {
        lanes.iter_mut().for_each(|lane| lane.form = Form::Slim);
        Axis::with_wide_folds(AxisMode::Elastic, &story)
    } else {
        Axis::new(AxisMode::Elastic, &story)
    };
    let view = View { future: Future::Shown, ..View::new(width as f32, room, &lanes, axis.whole()) };
    let mut picture = Picture::default();
    Timeline::new(&story, &axis, view).draw(&mut picture);
    out.file(&svg::file(&picture, &variant.title, colours));
    let ended = Ended::of(&run);
    aside(ended.as_ref());
    Ok(Verdict::of(ended.as_ref(), true))
}
