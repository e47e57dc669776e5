//! A picture on a canvas: laid out again when something that it shows has changed, painted once a frame at most.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ackscope_scene::picture::Picture;
use ackscope_scene::tokens::Theme;
use leptos::html;
use leptos::prelude::*;

use crate::browser::frames::Frames;
use crate::browser::window;
use crate::paint::Painter;

/// A picture that its owner can ask what lies where.
pub type SharedPicture = StoredValue<Picture, LocalStorage>;

#[component]
pub fn Canvas(
    /// Lays the picture out; signals read in here bring it back.
    layout: impl Fn(&mut Picture) + 'static,
    picture: SharedPicture,
    #[prop(into)] theme: Signal<Theme>,
    frames: StoredValue<Frames, LocalStorage>,
) -> impl IntoView {
    if cfg!(feature = "prerender") {
        return crate::screens::stills(layout);
    }
    let canvas = NodeRef::<html::Canvas>::new();
    let painter = Rc::new(RefCell::new(None::<Painter>));
    let asked = Rc::new(Cell::new(false));
    Effect::new(move |_| {
        let Some(element) = canvas.get() else { return };
        picture.update_value(|picture| layout(picture));
        theme.track();
        painter.borrow_mut().get_or_insert_with(|| Painter::new(element));
        if asked.replace(true) {
            return;
        }
        let (painter, asked) = (Rc::clone(&painter), Rc::clone(&asked));
        let paint = move || {
            asked.set(false);
            if let Some(painter) = &mut *painter.borrow_mut() {
                let scale = window().device_pixel_ratio();
                let theme = theme.get_untracked();
                picture.try_with_value(|picture| painter.paint(picture, theme, scale));
            }
        };
        frames.with_value(|frames| frames.paint(paint));
    });
    view! { <canvas node_ref=canvas aria-hidden="true"></canvas> }.into_any()
}
