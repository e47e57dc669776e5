//! What its pictures must show, whatever their size.

use std::collections::BTreeSet;

use ackscope_scene::axis::{Axis, AxisMode, TimeWindow};
use ackscope_scene::picture::{Anchor, Mark, Picture, Point, Source, point};
use ackscope_scene::story::{Kind, Story};
use ackscope_scene::text;
use ackscope_scene::timeline::{Filter, Form, Future, Lane, Room, Timeline, View, lanes};
use ackscope_scene::tokens::Pattern;
use ackscope_sim::ids::{BrokerId, NodeId, Offset, RecordId};

use crate::fixture::{self, P, ms};
use crate::story;

const SIZES: [(f32, Room); 3] = [(932.0, Room::Page), (720.0, Room::Figure), (390.0, Room::Phone)];

fn elastic(story: &Story) -> Axis {
    Axis::new(AxisMode::Elastic, story)
}

fn texts(picture: &Picture) -> Vec<&str> {
    let text = |shape: &ackscope_scene::picture::Shape| match shape.mark {
        Mark::Text { text, .. } => Some(picture.text(text)),
        _ => None,
    };
    picture.shapes.iter().filter_map(text).collect()
}

fn drawn_messages(picture: &Picture) -> BTreeSet<u32> {
    let id = |source| match source {
        Source::Message(id) => Some(id.0),
        _ => None,
    };
    picture.shapes.iter().filter_map(|shape| id(shape.source)).collect()
}

#[test]
fn the_loss_can_be_read_in_every_size() {
    let story = story(&fixture::told());
    let axis = elastic(&story);
    for (width, room) in SIZES {
        let lanes = lanes(&story, room);
        let timeline = Timeline::new(&story, &axis, View::new(width, room, &lanes, axis.whole()));
        let mut picture = Picture::default();
        timeline.draw(&mut picture);
        let texts = texts(&picture);
        for words in ["epoch 0", "epoch 1", "7.6 s", "Broker 1"] {
            assert!(texts.contains(&words), "{room:?} lacks {words:?}: {texts:?}");
        }
        for words in ["killed", "cut", "elects", "w0–w4", "lost"] {
            assert!(texts.iter().any(|text| text.contains(words)), "{room:?} lacks {words:?}: {texts:?}");
        }
        assert!(texts.contains(&"high watermark 5") || texts.contains(&"HW 5"), "{room:?}: {texts:?}");
        // Crossed from the election to the cut, on broker 1 alone.
        let crossed: Vec<(f32, f32)> = picture
            .shapes
            .iter()
            .filter_map(|shape| match shape.mark {
                Mark::Area { points, fill: Some(fill), .. }
                    if fill.pattern.is_some_and(|pattern| pattern.0 == Pattern::Crosses) =>
                {
                    let xs = picture.points(points).iter().map(|at| at.x);
                    Some((xs.clone().fold(f32::MAX, f32::min), xs.fold(f32::MIN, f32::max)))
                }
                _ => None,
            })
            .collect();
        let x = |millis| timeline.scale.x_from_time(ms(millis));
        assert_eq!(crossed.len(), 1, "{room:?}");
        assert!((crossed[0].0 - x(9_939.3)).abs() < 0.1 && (crossed[0].1 - x(fixture::TRUNCATE)).abs() < 0.1);
    }
}

#[test]
fn words_do_not_lie_on_each_other() {
    let story = story(&fixture::told());
    let axis = elastic(&story);
    for (width, room) in SIZES {
        for selection in [Source::None, Source::Record(RecordId(7))] {
            let lanes = lanes(&story, room);
            let mut view = View::new(width, room, &lanes, axis.whole());
            (view.overview, view.selection) = (true, selection);
            view.now = Some(ms(11_660.4));
            view.future = Future::Veiled;
            let timeline = Timeline::new(&story, &axis, view);
            let mut picture = Picture::default();
            timeline.draw(&mut picture);
            let frames: Vec<(f32, f32, f32, f32, &str)> = picture
                .shapes
                .iter()
                .filter_map(|shape| {
                    let Mark::Text { at, text, style, anchor } = shape.mark else { return None };
                    let words = picture.text(text);
                    let width = text::width(words, style.size, style.bold);
                    let left = match anchor {
                        Anchor::Start => at.x,
                        Anchor::Middle => at.x - width / 2.0,
                        Anchor::End => at.x - width,
                    };
                    Some((left, left + width, at.y - style.size * 0.75, at.y, words))
                })
                .collect();
            for (place, a) in frames.iter().enumerate() {
                assert!(a.0 > -1.0 && a.1 < width + 1.0, "{room:?}: {:?} leaves the picture", a.4);
                for b in &frames[place + 1..] {
                    let meet = a.0 < b.1 && b.0 < a.1 && a.2 < b.3 && b.2 < a.3;
                    assert!(!meet, "{room:?}: {:?} lies on {:?}", a.4, b.4);
                }
            }
        }
    }
}

#[test]
fn pointing_at_something_says_what_it_is() {
    let story = story(&fixture::told());
    let axis = elastic(&story);
    let lanes = lanes(&story, Room::Page);
    let mut view = View::new(932.0, Room::Page, &lanes, axis.whole());
    view.overview = true;
    let timeline = Timeline::new(&story, &axis, view);
    let mut picture = Picture::default();
    timeline.draw(&mut picture);
    let broker = BrokerId(1);
    let lane = *timeline.lane(NodeId::Broker(broker)).expect("broker 1 has a lane");
    let unit = timeline.heights.unit.expect("ten records have rows of their own");
    let row = |offset: u32| lane.base - (offset as f32 + 0.5) * unit;
    let at = |millis: f64, y: f32| point(timeline.scale.x_from_time(ms(millis)), y);
    let entry = |offset: u32, record: u32| Source::Entry {
        broker,
        partition: P,
        offset: Offset(offset),
        record: RecordId(record),
    };
    assert_eq!(timeline.hit(&picture, at(6_000.0, row(7)), 3.0), entry(7, 7));
    assert_eq!(timeline.hit(&picture, at(6_000.0, row(2)), 3.0), entry(2, 2));
    assert_eq!(timeline.hit(&picture, at(12_300.0, row(7)), 3.0), entry(7, 12));
    // The first produce request, in the middle of its way.
    let produce = story.messages.iter().find(|message| message.kind == Kind::Produce).expect("one was sent");
    let producer = timeline.lane(NodeId::Producer(ackscope_sim::ids::ClientId(0))).expect("it has a lane");
    let middle = at(228.5, (producer.base + lane.base - 5.0 * unit) / 2.0);
    assert_eq!(timeline.hit(&picture, middle, 3.0), Source::Message(produce.id));
    assert_eq!(timeline.hit(&picture, Point { x: 20.0, y: lane.top + 3.0 }, 3.0), Source::Node(lane.node));
    assert_eq!(timeline.hit(&picture, Point { x: 500.0, y: 8.0 }, 3.0), Source::Overview);
    assert_eq!(timeline.lane_at(lane.middle()), Some(&lane));
}

#[test]
fn an_absent_future_gives_nothing_away() {
    let story = story(&fixture::told());
    let axis = elastic(&story);
    let lanes = lanes(&story, Room::Page);
    let mut view = View::new(932.0, Room::Page, &lanes, axis.whole());
    view.now = Some(ms(2_350.0));
    view.future = Future::Absent;
    let timeline = Timeline::new(&story, &axis, view);
    let mut picture = Picture::default();
    timeline.draw(&mut picture);
    let texts = texts(&picture);
    for words in ["killed", "cut", "elects", "epoch 1", "x0", "only", "silence", "heartbeat"] {
        assert!(!texts.iter().any(|text| text.contains(words)), "{words:?} is given away: {texts:?}");
    }
    assert!(texts.contains(&"w4"));
    let later = drawn_messages(&picture).into_iter().filter(|&id| {
        let message = story.messages.iter().find(|message| message.id.0 == id).expect("a message of the run");
        message.sent > ms(2_350.0)
    });
    assert_eq!(later.count(), 0);
}

#[test]
fn arrows_on_top_of_each_other_are_drawn_once_and_part_again_when_one_looks_closer() {
    let story = story(&fixture::told());
    let axis = elastic(&story);
    let lanes = lanes(&story, Room::Page);
    let count = |width: f32, window: TimeWindow, filter: Filter| {
        let mut view = View::new(width, Room::Page, &lanes, window);
        view.filter = filter;
        let mut picture = Picture::default();
        Timeline::new(&story, &axis, view).draw(&mut picture);
        drawn_messages(&picture).len()
    };
    let narrow = count(160.0, axis.whole(), Filter::default());
    let wide = count(2_000.0, axis.whole(), Filter::default());
    assert!(narrow + 10 < wide, "{narrow} of {wide}");
    let all = Kind::ALL.into_iter().fold(Filter::default(), |filter, kind| filter.with(kind, true));
    assert_eq!(count(40_000.0, axis.whole(), all), story.messages.len());
    let none = Kind::ALL.into_iter().fold(Filter::default(), |filter, kind| filter.with(kind, false));
    assert_eq!(count(2_000.0, axis.whole(), none), 0);
    let quiet = TimeWindow { from: ms(3_000.0), to: ms(9_000.0) };
    assert_eq!(count(2_000.0, quiet, all), 0);
}

#[test]
fn lanes_can_be_empty_slim_few_or_none() {
    let story = story(&fixture::told());
    let axis = elastic(&story);
    let broker = |form| Lane { node: NodeId::Broker(BrokerId(2)), form };
    let nobody = Lane { node: NodeId::Broker(BrokerId(63)), form: Form::Full };
    // Narrower than its own gutter: nothing to see, but nothing breaks either.
    let everything = lanes(&story, Room::Phone);
    let narrow = Timeline::new(&story, &axis, View::new(40.0, Room::Phone, &everything, axis.whole()));
    narrow.draw(&mut Picture::default());
    let cases: [&[Lane]; 5] =
        [&[], &[nobody], &[broker(Form::Slim)], &[broker(Form::Partitions), nobody], &[broker(Form::Full)]];
    let mut heights = Vec::new();
    for lanes in cases {
        let timeline = Timeline::new(&story, &axis, View::new(600.0, Room::Figure, lanes, axis.whole()));
        let mut picture = Picture::default();
        timeline.draw(&mut picture);
        timeline.draw_now(&mut picture);
        assert!((picture.height - timeline.height()).abs() < 0.1);
        // Arrows need both of their lanes.
        assert!(drawn_messages(&picture).is_empty());
        heights.push(timeline.height());
    }
    assert!(heights.is_sorted(), "{heights:?}");
}

#[test]
fn every_axis_and_window_can_be_drawn() {
    let story = story(&fixture::told());
    let lanes = lanes(&story, Room::Page);
    for mode in AxisMode::ALL {
        let axis = Axis::new(mode, &story);
        for (from, to) in
            [(0.0, fixture::END), (2_230.0, 2_260.0), (5_000.0, 5_000.1), (12_399.0, fixture::END)]
        {
            let window = TimeWindow { from: ms(from), to: ms(to) };
            let mut view = View::new(932.0, Room::Page, &lanes, window);
            (view.overview, view.now) = (true, Some(ms(from)));
            let timeline = Timeline::new(&story, &axis, view);
            let mut picture = Picture::default();
            timeline.draw(&mut picture);
            timeline.draw_now(&mut picture);
            let finite = |at: &Point| at.x.is_finite() && at.y.is_finite();
            for shape in &picture.shapes {
                let sound = match shape.mark {
                    Mark::Line { points, .. } | Mark::Strokes { points, .. } | Mark::Area { points, .. } => {
                        picture.points(points).iter().all(finite)
                    }
                    Mark::Rect { x, y, width, height, .. } => {
                        [x, y, width, height].iter().all(|value| value.is_finite())
                    }
                    Mark::Text { at, .. } => finite(&at),
                };
                assert!(sound, "{mode:?} {from}–{to}: {shape:?}");
            }
        }
    }
}

#[test]
fn on_a_phone_few_records_have_rows_with_room_for_a_name() {
    let mut story = story(&fixture::told());
    let axis = elastic(&story);
    let lanes = lanes(&story, Room::Phone);
    let mut unit = |end: u32| {
        story.partitions[0].end = Offset(end);
        Timeline::new(&story, &axis, View::new(360.0, Room::Phone, &lanes, axis.whole())).heights.unit
    };
    assert_eq!((unit(6), unit(8)), (Some(11.0), Some(11.0)));
    assert_eq!(unit(10), Some(5.0), "more of them share the lane");
}
