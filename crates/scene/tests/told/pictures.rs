//! Draws the told run in every size, checks what must be seen, and leaves the files for people to look at.

use ackscope_scene::axis::{Axis, AxisMode};
use ackscope_scene::picture::{Picture, Source};
use ackscope_scene::stage::{self, StageView};
use ackscope_scene::svg::{self, Colours};
use ackscope_scene::timeline::{Future, Room, Timeline, View, lanes};
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::RecordId;

use crate::{fixture, story};

fn write(name: &str, picture: &Picture) {
    for (theme, suffix) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let path = format!("{}/{name}-{suffix}.svg", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(path, svg::file(picture, name, Colours::Only(theme))).expect("the directory is there");
    }
}

#[test]
fn timelines() {
    let story = story(&fixture::told());
    let axis = Axis::new(AxisMode::Elastic, &story);
    for (name, width, room) in
        [("page", 932.0, Room::Page), ("figure", 720.0, Room::Figure), ("phone", 390.0, Room::Phone)]
    {
        let lanes = lanes(&story, room);
        let mut view = View::new(width, room, &lanes, axis.whole());
        if room != Room::Figure {
            view.overview = true;
            view.now = Some(fixture::ms(11_660.4));
            view.future = Future::Veiled;
            view.selection = Source::Record(RecordId(7));
        }
        let timeline = Timeline::new(&story, &axis, view);
        let mut picture = Picture::default();
        timeline.draw(&mut picture);
        timeline.draw_now(&mut picture);
        write(&format!("timeline-{name}"), &picture);
    }
}

#[test]
fn stages() {
    let story = story(&fixture::told());
    let cluster = fixture::before_the_cut();
    for (name, width, room) in [("page", 932.0, Room::Page), ("phone", 358.0, Room::Phone)] {
        let selection = Source::Record(RecordId(7));
        let view = StageView {
            width,
            room,
            cluster: &cluster,
            partition: Some(fixture::P),
            selection,
            all_links: false,
        };
        let mut picture = Picture::default();
        stage::draw(&story, &view, &mut picture);
        write(&format!("stage-{name}"), &picture);
    }
}
