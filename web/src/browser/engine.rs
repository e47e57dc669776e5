//! The page's end of the port to the engine. Whatever happens to the engine, the page goes on: a new one is started.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use ackscope_scene::story::Story;
use ackscope_sim::run::Trace;
use ackscope_sim::spec::Spec;
use js_sys::{Array, Function, Reflect, Uint8Array};
use leptos::prelude::{LocalStorage, StoredValue};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, MessagePort, Worker};

use super::window;
use crate::engine::{Arriving, Ask, Tell, read, write};

/// Runs for figures have numbers from here on; those of the session stay below.
const FIGURES: u32 = 1 << 31;

/// The engine as components share it.
pub type EngineHandle = StoredValue<Option<Engine>, LocalStorage>;

type Hear = Box<dyn Fn(Tell)>;
type WithTrace = Box<dyn FnOnce(Trace, Story)>;

/// A figure's run that is under way.
struct Figure {
    spec: Box<Spec>,
    arriving: Option<Arriving>,
    then: WithTrace,
}

#[derive(Clone)]
pub struct Engine(Rc<Inner>);

struct Inner {
    port: RefCell<Option<MessagePort>>,
    worker: RefCell<Option<Worker>>,
    /// Whether this one has ever said anything: a worker that cannot even start will not start the next time either.
    speaks: Cell<bool>,
    /// A run took all that it may: the memory of this engine has grown, and never shrinks.
    worn: Cell<bool>,
    hear: Hear,
    figures: RefCell<BTreeMap<u32, Figure>>,
    next_figure: Cell<u32>,
}

impl Engine {
    /// `hear` is told what the engine says; that it has failed, once a new one is there, which knows nothing.
    pub fn start(hear: impl Fn(Tell) + 'static) -> Engine {
        let engine = Engine(Rc::new(Inner {
            port: RefCell::default(),
            worker: RefCell::default(),
            speaks: Cell::new(true),
            worn: Cell::new(false),
            hear: Box::new(hear),
            figures: RefCell::default(),
            next_figure: Cell::new(FIGURES),
        }));
        engine.connect();
        engine
    }

    pub fn ask(&self, ask: &Ask) {
        if let Ask::Run { .. } = ask
            && self.0.worn.take()
        {
            self.renew();
        }
        self.send(ask);
    }

    fn send(&self, ask: &Ask) {
        let bytes = Uint8Array::from(write(ask).as_slice());
        if let Some(port) = &*self.0.port.borrow() {
            let _ = port.post_message_with_transferable(&bytes, &Array::of1(&bytes.buffer()));
        }
    }

    /// Runs a scenario for a figure.
    pub fn trace(&self, spec: Spec, then: impl FnOnce(Trace, Story) + 'static) {
        let number = self.0.next_figure.replace(self.0.next_figure.get() + 1);
        let spec = Box::new(spec);
        self.send(&Ask::Trace { number, spec: spec.clone() });
        let figure = Figure { spec, arriving: None, then: Box::new(then) };
        self.0.figures.borrow_mut().insert(number, figure);
    }

    /// The document's own script starts it: it is on its way before the page is.
    fn connect(&self) -> Option<()> {
        let start: Function = Reflect::get(&window(), &"engine".into()).ok()?.dyn_into().ok()?;
        let first = Reflect::get(&start, &"first".into()).ok().filter(JsValue::is_object);
        let _ = Reflect::set(&start, &"first".into(), &JsValue::NULL);
        let started =
            first.or_else(|| start.call1(&JsValue::NULL, &(!self.0.speaks.replace(false)).into()).ok())?;
        let port: MessagePort = Reflect::get(&started, &"port".into()).ok()?.unchecked_into();
        let worker: Option<Worker> = Reflect::get(&started, &"worker".into()).ok()?.dyn_into().ok();
        let itself = self.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(tell) = read(&Uint8Array::new(&event.data()).to_vec()) {
                itself.told(tell);
            }
        });
        port.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
        if let Some(worker) = &worker {
            let itself = self.clone();
            let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
                event.prevent_default();
                itself.failed(event.message());
            });
            worker.set_onerror(Some(on_error.into_js_value().unchecked_ref()));
        }
        *self.0.port.borrow_mut() = Some(port);
        *self.0.worker.borrow_mut() = worker;
        Some(())
    }

    fn told(&self, tell: Tell) {
        self.0.speaks.set(true);
        if let Tell::Ended { trace, .. } = &tell
            && trace.stopped.is_some()
        {
            self.0.worn.set(true);
        }
        match tell {
            Tell::Failed { why } => self.failed(why),
            Tell::Ended { number, trace, .. } if number >= FIGURES => {
                if let Some(figure) = self.0.figures.borrow_mut().get_mut(&number) {
                    figure.arriving = Some(Arriving::new(*trace));
                }
            }
            Tell::Happenings { number, happenings, last } if number >= FIGURES => {
                let figure = self.0.figures.borrow_mut().remove(&number);
                let Some(Figure { spec, arriving: Some(mut arriving), then }) = figure else { return };
                arriving.read(happenings);
                if last {
                    let (trace, story) = arriving.finish();
                    return then(trace, story);
                }
                self.send(&Ask::More { number });
                self.0.figures.borrow_mut().insert(number, Figure { spec, arriving: Some(arriving), then });
            }
            Tell::Progress { number, .. } if number >= FIGURES => {}
            told => (self.0.hear)(told),
        }
    }

    /// A new engine takes the place of one that has failed, once: its last words may come twice.
    fn failed(&self, why: String) {
        if self.end() {
            // What a figure waits for may be what the engine has failed at.
            self.0.figures.borrow_mut().clear();
            self.connect();
            (self.0.hear)(Tell::Failed { why });
        }
    }

    /// A new engine goes on with the figures. Where there are no workers, the old one stays.
    fn renew(&self) {
        if self.0.worker.borrow().is_some() && self.end() {
            self.connect();
            for (&number, figure) in &mut *self.0.figures.borrow_mut() {
                figure.arriving = None;
                self.send(&Ask::Trace { number, spec: figure.spec.clone() });
            }
        }
    }

    /// False where it has ended already.
    fn end(&self) -> bool {
        let Some(port) = self.0.port.borrow_mut().take() else { return false };
        port.close();
        if let Some(worker) = self.0.worker.borrow_mut().take() {
            worker.set_onerror(None);
            worker.terminate();
        }
        true
    }
}
