//! The lab's worker: started when the lab opens, ended when it closes.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{ErrorEvent, MessageEvent, Worker};

use super::document;
use crate::lab::{Answer, Question};

pub struct LabWorker {
    worker: Worker,
    _on_answer: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl LabWorker {
    /// None where the browser has no workers. The first answer is empty: the worker can be asked from then on.
    pub fn start(
        mut on_answer: impl FnMut(Answer) + 'static,
        on_error: impl Fn() + 'static,
    ) -> Option<LabWorker> {
        // Builds put a fingerprint into the name, so the document says what it is.
        let address = document().query_selector("meta[name=lab-worker]").ok()??.get_attribute("content")?;
        let worker = Worker::new(&address).ok()?;
        let on_answer = Closure::new(move |event: MessageEvent| {
            if let Ok(answer) = serde_wasm_bindgen::from_value(event.data()) {
                on_answer(answer);
            }
        });
        worker.set_onmessage(Some(on_answer.as_ref().unchecked_ref()));
        let on_error = Closure::new(move |_| on_error());
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(LabWorker { worker, _on_answer: on_answer, _on_error: on_error })
    }

    pub fn ask(&self, question: &Question) {
        if let Ok(question) = serde_wasm_bindgen::to_value(question) {
            let _ = self.worker.post_message(&question);
        }
    }
}

impl Drop for LabWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
