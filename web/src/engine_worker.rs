//! The engine at its end of the port: hears, works in short turns, tells. In a worker, or in the page where there is none.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Date, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, MessagePort};

use crate::engine::{Engine, Tell, read, write};
use crate::turns::in_turns;

/// How long one turn takes, in ms. Between two turns the engine hears what is new, and the page stays alive where both
/// share a thread.
const TURN: f64 = 12.0;
/// The least time between two words on how far a run has come, in ms.
const TOLD_EVERY: f64 = 100.0;

struct Server {
    engine: Engine,
    port: MessagePort,
    /// Whether the next turn has been asked for.
    busy: bool,
    told: f64,
}

thread_local! {
    static PORT: RefCell<Option<MessagePort>> = const { RefCell::new(None) };
}

pub fn serve(port: MessagePort) {
    PORT.set(Some(port.clone()));
    std::panic::set_hook(Box::new(|info| {
        if let Some(port) = PORT.take() {
            post(&port, &Tell::Failed { why: info.to_string() });
        }
    }));
    let server = Server { engine: Engine::default(), port: port.clone(), busy: false, told: 0.0 };
    let server = Rc::new(RefCell::new(server));
    let working = Rc::clone(&server);
    let begin = in_turns(move || working.borrow_mut().turn());
    let on_ask = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let Some(ask) = read(&Uint8Array::new(&event.data()).to_vec()) else { return };
        let mut server = server.borrow_mut();
        let Server { engine, port, .. } = &mut *server;
        engine.hear(ask, &mut |tell| post(port, &tell));
        if !std::mem::replace(&mut server.busy, true) {
            begin();
        }
    });
    port.set_onmessage(Some(on_ask.as_ref().unchecked_ref()));
    on_ask.forget();
}

impl Server {
    /// Works for a while. True where there is more to do.
    fn turn(&mut self) -> bool {
        let began = Date::now();
        self.busy = loop {
            if !self.work() {
                break false;
            }
            if Date::now() - began > TURN {
                break true;
            }
        };
        self.busy
    }

    fn work(&mut self) -> bool {
        let Server { engine, port, told, .. } = self;
        engine.work(&mut |tell| {
            if let Tell::Progress { .. } = tell {
                let now = Date::now();
                if now - *told < TOLD_EVERY {
                    return;
                }
                *told = now;
            }
            post(port, &tell);
        })
    }
}

/// The bytes are handed over, not copied.
fn post(port: &MessagePort, tell: &Tell) {
    let bytes = Uint8Array::from(write(tell).as_slice());
    let _ = port.post_message_with_transferable(&bytes, &Array::of1(&bytes.buffer()));
}
