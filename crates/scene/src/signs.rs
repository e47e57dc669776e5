//! Small signs, the same on timeline and stage.

use crate::picture::{Fill, Picture, Stroke, point};
use crate::tokens::Tone;

pub fn cross(picture: &mut Picture, x: f32, y: f32, arm: f32) {
    let strokes =
        [point(x - arm, y - arm), point(x + arm, y + arm), point(x + arm, y - arm), point(x - arm, y + arm)];
    picture.strokes(strokes, Stroke::new(Tone::LostFill, 2.0));
}

pub fn tick(picture: &mut Picture, x: f32, y: f32, scale: f32) {
    let points =
        [(-3.2, -0.2), (-0.9, 2.3), (3.6, -3.0)].map(|(dx, dy)| point(x + dx * scale, y + dy * scale));
    picture.line(points, Stroke::new(Tone::Kept, 1.7));
}

pub fn diamond(picture: &mut Picture, x: f32, y: f32, radius: f32) {
    let points = [point(x, y - radius), point(x + radius, y), point(x, y + radius), point(x - radius, y)];
    picture.area(points, Some(Fill::plain(Tone::Ctl)), None);
}

/// The leader's mark; the middle of its base is at (x, y).
pub fn crown(picture: &mut Picture, x: f32, y: f32, scale: f32) {
    const POINTS: [(f32, f32); 7] =
        [(-6.0, 0.0), (-6.6, -7.0), (-3.0, -3.6), (0.0, -8.4), (3.0, -3.6), (6.6, -7.0), (6.0, 0.0)];
    let points = POINTS.map(|(dx, dy)| point(x + dx * scale, y + dy * scale));
    picture.area(points, Some(Fill::plain(Tone::Ink)), None);
}
