//! Pointers to intentions: one finger or mouse clicks, drags or scrubs, two fingers pinch. Knows points, not what lies
//! under them.

use ackscope_scene::picture::Point;

/// Less than this is a click, more is a drag.
const DRAG_PIXELS: f32 = 4.0;

/// Where a pointer went down, and so what dragging it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Dragging moves the playhead.
    Ruler,
    /// Dragging moves the window.
    Overview,
    /// Dragging moves the window's left or right edge.
    Edge(bool),
    /// Dragging moves the left or right edge of what playback repeats.
    RepeatedEdge(bool),
    /// Dragging chooses what playback repeats.
    Repeated,
    /// Clicking selects, dragging takes what lies there along.
    Pin,
    /// Clicking selects, dragging pans.
    Lanes,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Intention {
    Hover(Point),
    Click(Point),
    Scrub(Point),
    MoveWindow(Point),
    MoveEdge(bool, Point),
    MoveRepeatedEdge(bool, Point),
    Repeat(Point, Point),
    Carry(Point),
    PutDown(Point),
    /// What was carried stays where it was.
    LetGo,
    /// In px since the last one.
    Pan(f32),
    /// About this x; below 1 is closer.
    Pinch {
        about: f32,
        factor: f32,
        pan: f32,
    },
}

#[derive(Debug, Default)]
pub struct Gesture {
    /// At most two are followed.
    down: Vec<(i32, Point)>,
    ground: Option<Ground>,
    start: Point,
    moved: bool,
}

impl Gesture {
    pub fn down(&mut self, pointer: i32, at: Point, ground: Ground) -> Option<Intention> {
        if self.down.len() == 2 {
            return None;
        }
        self.down.push((pointer, at));
        if self.down.len() == 2 {
            self.moved = true; // what ends as a pinch was no click
            let carried = self.ground.replace(Ground::Lanes) == Some(Ground::Pin);
            return carried.then_some(Intention::LetGo);
        }
        (self.ground, self.start, self.moved) = (Some(ground), at, false);
        match ground {
            Ground::Ruler => Some(Intention::Scrub(at)),
            Ground::Overview => Some(Intention::MoveWindow(at)),
            Ground::Edge(_) | Ground::RepeatedEdge(_) | Ground::Repeated | Ground::Pin | Ground::Lanes => {
                None
            }
        }
    }

    pub fn moved(&mut self, pointer: i32, at: Point) -> Option<Intention> {
        let Some(index) = self.down.iter().position(|&(id, _)| id == pointer) else {
            return self.down.is_empty().then_some(Intention::Hover(at));
        };
        let before = std::mem::replace(&mut self.down[index].1, at);
        if let [(_, a), (_, b)] = self.down[..] {
            let other = if index == 0 { b } else { a };
            return Some(pinch(before, at, other));
        }
        match self.ground? {
            Ground::Ruler => Some(Intention::Scrub(at)),
            Ground::Overview => Some(Intention::MoveWindow(at)),
            Ground::Edge(left) => Some(Intention::MoveEdge(left, at)),
            Ground::RepeatedEdge(left) => Some(Intention::MoveRepeatedEdge(left, at)),
            Ground::Repeated | Ground::Pin | Ground::Lanes => {
                let far = (at.x - self.start.x).hypot(at.y - self.start.y) > DRAG_PIXELS;
                let first = far && !self.moved;
                self.moved |= far;
                let from = if first { self.start.x } else { before.x };
                self.moved.then_some(match self.ground {
                    Some(Ground::Pin) => Intention::Carry(at),
                    Some(Ground::Repeated) => Intention::Repeat(self.start, at),
                    _ => Intention::Pan(at.x - from),
                })
            }
        }
    }

    pub fn up(&mut self, pointer: i32, at: Point) -> Option<Intention> {
        let index = self.down.iter().position(|&(id, _)| id == pointer)?;
        self.down.remove(index);
        match (self.ground, self.moved) {
            _ if !self.down.is_empty() => None,
            (Some(Ground::Pin), true) => Some(Intention::PutDown(at)),
            (Some(Ground::Pin | Ground::Lanes), false) => Some(Intention::Click(at)),
            _ => None,
        }
    }

    pub fn cancel(&mut self, pointer: i32) -> Option<Intention> {
        self.down.retain(|&(id, _)| id != pointer);
        (self.ground == Some(Ground::Pin)).then_some(Intention::LetGo)
    }
}

/// One of two fingers has moved from `before` to `at`.
fn pinch(before: Point, at: Point, other: Point) -> Intention {
    let width = |a: Point| (a.x - other.x).abs().max(24.0);
    let middle = |a: Point| (a.x + other.x) / 2.0;
    Intention::Pinch {
        about: middle(at),
        factor: width(before) / width(at),
        pan: middle(at) - middle(before),
    }
}

#[cfg(test)]
mod tests {
    use ackscope_scene::picture::point;

    use super::{Gesture, Ground, Intention};

    #[test]
    fn a_press_without_a_move_is_a_click_and_a_small_tremble_is_no_drag() {
        let mut gesture = Gesture::default();
        assert_eq!(gesture.moved(1, point(5.0, 5.0)), Some(Intention::Hover(point(5.0, 5.0))));
        assert_eq!(gesture.down(1, point(5.0, 5.0), Ground::Lanes), None);
        assert_eq!(gesture.moved(1, point(7.0, 5.0)), None);
        assert_eq!(gesture.up(1, point(7.0, 5.0)), Some(Intention::Click(point(7.0, 5.0))));
    }

    #[test]
    fn a_drag_pans_by_all_of_its_way_and_is_no_click() {
        let mut gesture = Gesture::default();
        gesture.down(1, point(0.0, 0.0), Ground::Lanes);
        let pans: Vec<_> = [3.0, 10.0, 15.0].map(|x| gesture.moved(1, point(x, 0.0))).into();
        assert_eq!(pans, [None, Some(Intention::Pan(10.0)), Some(Intention::Pan(5.0))]);
        assert_eq!(gesture.up(1, point(15.0, 0.0)), None);
    }

    #[test]
    fn the_ruler_scrubs_from_the_first_touch() {
        let mut gesture = Gesture::default();
        assert_eq!(gesture.down(1, point(3.0, 1.0), Ground::Ruler), Some(Intention::Scrub(point(3.0, 1.0))));
        assert_eq!(gesture.moved(1, point(4.0, 9.0)), Some(Intention::Scrub(point(4.0, 9.0))));
        assert_eq!(gesture.up(1, point(4.0, 9.0)), None);
    }

    #[test]
    fn a_pin_is_chosen_by_a_click_carried_by_a_drag_and_left_alone_by_a_pinch() {
        let mut gesture = Gesture::default();
        gesture.down(1, point(5.0, 5.0), Ground::Pin);
        assert_eq!(gesture.up(1, point(6.0, 5.0)), Some(Intention::Click(point(6.0, 5.0))));
        gesture.down(1, point(5.0, 5.0), Ground::Pin);
        assert_eq!(gesture.moved(1, point(15.0, 5.0)), Some(Intention::Carry(point(15.0, 5.0))));
        assert_eq!(gesture.up(1, point(20.0, 5.0)), Some(Intention::PutDown(point(20.0, 5.0))));
        gesture.down(1, point(5.0, 5.0), Ground::Pin);
        gesture.moved(1, point(15.0, 5.0));
        assert_eq!(gesture.down(2, point(90.0, 5.0), Ground::Lanes), Some(Intention::LetGo));
        assert_eq!(gesture.up(1, point(15.0, 5.0)), None);
    }

    #[test]
    fn what_is_repeated_is_chosen_by_a_drag_and_moved_by_its_edges() {
        let mut gesture = Gesture::default();
        gesture.down(1, point(5.0, 5.0), Ground::Repeated);
        let chosen = Intention::Repeat(point(5.0, 5.0), point(40.0, 5.0));
        assert_eq!(gesture.moved(1, point(40.0, 5.0)), Some(chosen));
        assert_eq!(gesture.up(1, point(40.0, 5.0)), None);
        gesture.down(1, point(40.0, 5.0), Ground::RepeatedEdge(false));
        let moved = Intention::MoveRepeatedEdge(false, point(50.0, 5.0));
        assert_eq!(gesture.moved(1, point(50.0, 5.0)), Some(moved));
    }

    #[test]
    fn two_fingers_pinch_about_their_middle() {
        let mut gesture = Gesture::default();
        gesture.down(1, point(100.0, 0.0), Ground::Lanes);
        gesture.down(2, point(200.0, 0.0), Ground::Lanes);
        let pinched = gesture.moved(2, point(300.0, 0.0));
        assert_eq!(pinched, Some(Intention::Pinch { about: 200.0, factor: 0.5, pan: 50.0 }));
        assert_eq!(gesture.up(1, point(100.0, 0.0)), None);
        assert_eq!(gesture.up(2, point(300.0, 0.0)), None);
    }
}
