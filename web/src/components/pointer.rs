//! Where a pointer is within a drawing, and how exactly it points.

use ackscope_scene::picture::{Point, point};
use leptos::html;
use leptos::prelude::*;

/// How far from a thin mark a pointer still means it, in px.
const MOUSE_REACH: f32 = 4.0;
const FINGER_REACH: f32 = 14.0;

/// Where an event happened within the drawing.
pub fn place(event: &web_sys::MouseEvent, frame: NodeRef<html::Div>) -> Point {
    let Some(frame) = frame.get_untracked() else { return Point::default() };
    let corner = frame.get_bounding_client_rect();
    point(event.client_x() as f32 - corner.left() as f32, event.client_y() as f32 - corner.top() as f32)
}

pub fn reach(event: &web_sys::PointerEvent) -> f32 {
    if event.pointer_type() == "mouse" { MOUSE_REACH } else { FINGER_REACH }
}
