//! The one `requestAnimationFrame` loop. It runs while something asks for frames and rests otherwise.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::prelude::{GetUntracked, ReadSignal, Set, WriteSignal, set_timeout, signal};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::window;

/// No step of playback is longer than this, whatever the browser was busy with.
const LONGEST_FRAME_SECONDS: f64 = 0.1;

#[derive(Clone)]
pub struct Frames(Rc<Inner>);

struct Inner {
    asked: Cell<bool>,
    /// When the frame before this one began, in ms; none after a rest.
    last: Cell<Option<f64>>,
    paints: RefCell<Vec<Box<dyn FnOnce()>>>,
    tick: Box<dyn Fn(f64) -> bool>,
    /// Whether the first one is on the screen.
    shown: (ReadSignal<bool>, WriteSignal<bool>),
    /// Made when a frame is first asked for.
    callback: OnceCell<Closure<dyn FnMut(f64)>>,
}

impl Frames {
    /// `tick` gets the seconds since the last frame (zero after a rest) and says whether it wants another one.
    pub fn new(tick: impl Fn(f64) -> bool + 'static) -> Frames {
        Frames(Rc::new(Inner {
            asked: Cell::new(false),
            last: Cell::new(None),
            paints: RefCell::default(),
            tick: Box::new(tick),
            shown: signal(cfg!(feature = "prerender")),
            callback: OnceCell::new(),
        }))
    }

    /// Asks for a frame, if none is on its way.
    pub fn wake(&self) {
        if !self.0.asked.replace(true) {
            let callback = self.0.callback.get_or_init(|| self.callback());
            let _ = window().request_animation_frame(callback.as_ref().unchecked_ref());
        }
    }

    /// Runs `paint` in the next frame.
    pub fn paint(&self, paint: impl FnOnce() + 'static) {
        self.0.paints.borrow_mut().push(Box::new(paint));
        self.wake();
    }

    /// Whether there is something to see: what is not drawn waits for that.
    pub fn shown(&self) -> ReadSignal<bool> {
        self.0.shown.0
    }

    /// Runs `act` when the next frame is on the screen.
    pub fn after_paint(&self, act: impl FnOnce() + 'static) {
        self.paint(move || set_timeout(act, Duration::ZERO));
    }

    fn callback(&self) -> Closure<dyn FnMut(f64)> {
        let inner: Weak<Inner> = Rc::downgrade(&self.0);
        Closure::new(move |now| {
            if let Some(inner) = inner.upgrade() {
                Frames(inner).run(now);
            }
        })
    }

    fn run(&self, now: f64) {
        self.0.asked.set(false);
        let (shown, set_shown) = self.0.shown;
        if !shown.get_untracked() {
            set_timeout(move || set_shown.set(true), Duration::ZERO);
        }
        for paint in self.0.paints.take() {
            paint();
        }
        let before = self.0.last.replace(Some(now));
        let seconds = before.map_or(0.0, |before| ((now - before) / 1000.0).min(LONGEST_FRAME_SECONDS));
        if (self.0.tick)(seconds) {
            self.wake();
        } else {
            self.0.last.set(None);
        }
    }
}
