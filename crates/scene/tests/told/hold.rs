//! What can be taken hold of, and where steps along a lane lead.

use ackscope_scene::axis::{Axis, AxisMode};
use ackscope_scene::picture::{Picture, Source, point};
use ackscope_scene::story::{Deed, Story};
use ackscope_scene::timeline::{Future, Grip, Room, Stretch, Timeline, View, lanes};
use ackscope_sim::ids::{BrokerId, ClientId, HappeningId, NodeId};
use ackscope_sim::time::Time;

use crate::fixture::{self, ms};

const BROKER: NodeId = NodeId::Broker(BrokerId(2));

/// The told run, with a fault at a moment of its own.
fn story(at: f64) -> Story {
    let mut story = crate::story(&fixture::told());
    story.deeds = vec![Deed { at: ms(at), node: BROKER, happening: HappeningId(7) }];
    story
}

#[test]
fn a_fault_hangs_from_its_lane_where_it_can_be_taken_hold_of() {
    let story = story(60.0);
    let axis = Axis::new(AxisMode::Elastic, &story);
    let lanes = lanes(&story, Room::Page);
    let mut picture = Picture::default();
    let view = View { overview: true, ..View::new(932.0, Room::Page, &lanes, axis.whole()) };
    let timeline = Timeline::new(&story, &axis, view);
    timeline.draw(&mut picture);
    let lane = timeline.lane(BROKER).expect("its lane");
    let at = point(timeline.scale.x_from_time(ms(60.0)), lane.top + 2.0);
    assert_eq!(timeline.hit(&picture, at, 4.0), Source::Happening(HappeningId(7)));
    let finger = timeline.grip(point(at.x + 10.0, at.y + 8.0), 14.0);
    assert!(matches!(finger, Grip::Pin(deed) if deed.happening == HappeningId(7)), "{finger:?}");
    assert_eq!(timeline.grip(point(at.x + 10.0, at.y), 4.0), Grip::Lanes);
    assert_eq!(story.node_of(Source::Happening(HappeningId(7))), Some(BROKER));

    // Before it has happened there is nothing, and in a figure there is no hand.
    for view in
        [View { future: Future::Absent, now: Some(ms(50.0)), ..view }, View { overview: false, ..view }]
    {
        let timeline = Timeline::new(&story, &axis, view);
        timeline.draw(&mut picture);
        let pinned =
            |shape: &ackscope_scene::picture::Shape| shape.source == Source::Happening(HappeningId(7));
        assert!(!picture.shapes.iter().any(pinned));
    }
}

#[test]
fn a_hand_points_as_finely_as_it_can_see() {
    let story = story(60.0);
    let axis = Axis::new(AxisMode::Elastic, &story);
    let lanes = lanes(&story, Room::Page);
    let timeline = Timeline::new(&story, &axis, View::new(932.0, Room::Page, &lanes, axis.whole()));
    let fold = axis.folds[0];
    let silent = Time { nanos: fold.from.nanos / 2 + fold.to.nanos / 2 };
    let mut units = Vec::new();
    for time in [ms(60.0), silent] {
        let x = timeline.scale.x_from_time(time);
        let (round, unit) = timeline.round_time(x);
        assert!(round.nanos % unit == 0 && round.nanos.abs_diff(time.nanos) <= unit, "{round} for {time}");
        assert!((timeline.scale.x_from_time(round) - x).abs() < 1.0, "it stays under the pointer");
        units.push(unit);
    }
    assert!(units[0] * 10 <= units[1], "a fold is pointed at more coarsely: {units:?}");
    assert_eq!(timeline.round_time(-50.0).0, Time::ZERO, "before the beginning there is nothing");
}

#[test]
fn the_repeated_stretch_has_edges_on_the_ruler_alone() {
    let story = story(60.0);
    let axis = Axis::new(AxisMode::Elastic, &story);
    let lanes = lanes(&story, Room::Page);
    let stretch = Stretch { from: ms(20.0), to: ms(60.0) };
    let view = View { repeated: Some(stretch), ..View::new(932.0, Room::Page, &lanes, axis.whole()) };
    let timeline = Timeline::new(&story, &axis, view);
    let at = |time: Time, y: f32| point(timeline.scale.x_from_time(time) + 3.0, timeline.top + y);
    assert_eq!(timeline.grip(at(stretch.from, -8.0), 4.0), Grip::RepeatedEdge { left: true });
    assert_eq!(timeline.grip(at(stretch.to, -8.0), 4.0), Grip::RepeatedEdge { left: false });
    assert_eq!(timeline.grip(at(stretch.to, 8.0), 4.0), Grip::Lanes);
    let without = Timeline::new(&story, &axis, View { repeated: None, ..view });
    assert_eq!(without.grip(at(stretch.to, -8.0), 4.0), Grip::Ruler);
}

#[test]
fn steps_along_a_lane_stop_where_something_happens_on_it_and_come_back() {
    let story = story(60.0);
    for node in [BROKER, NodeId::Producer(ClientId(0)), NodeId::Controller] {
        let mut there = Vec::new();
        let mut now = Time::ZERO;
        while let Some(next) = story.step_on(node, now, true) {
            assert!(next > now);
            now = next;
            there.push(next);
        }
        assert!(!there.is_empty(), "{node:?} does something");
        let all = story.moments.iter().map(|moment| moment.at);
        assert!(there.len() < all.clone().count(), "{node:?} does not do everything");
        assert!(there.iter().all(|time| all.clone().any(|at| at == *time)), "each is a step of playback");
        let mut back = vec![now];
        while let Some(before) = story.step_on(node, now, false).filter(|&at| at > Time::ZERO) {
            now = before;
            back.push(before);
        }
        back.reverse();
        assert_eq!(back, there);
    }
}
