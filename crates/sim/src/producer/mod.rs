//! A producer: `KafkaProducer` with its accumulator and Sender, and the application thread that calls it.

use crate::context::Context;
use crate::ids::{ClientId, ConnectionId, RecordId};
use crate::network::Dialled;
use crate::spec::Spec;
use crate::time::Duration;
use crate::view::{ProcessState, ProducerView};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProducerTimer {}

#[derive(Clone, Debug)]
pub struct Producer {
    client: ClientId,
}

impl Producer {
    pub fn new(_spec: &Spec, client: ClientId) -> Producer {
        Producer { client }
    }

    pub fn start(&mut self, _cx: &mut Context) {}
    pub fn send(&mut self, _cx: &mut Context, _record: RecordId) {}
    pub fn is_blocked(&self) -> bool {
        false
    }
    /// Records handed over by `send()` and not yet answered.
    pub fn unanswered(&self) -> u32 {
        0
    }
    pub fn flush(&mut self, _cx: &mut Context) {}
    pub fn close(&mut self, _cx: &mut Context, _timeout: Duration) {}
    pub fn kill(&mut self, _cx: &mut Context) {}
    pub fn on_dialled(&mut self, _cx: &mut Context, _connection: ConnectionId, _dialled: Dialled) {}
    pub fn on_readable(&mut self, _cx: &mut Context, _connection: ConnectionId) {}
    pub fn on_timer(&mut self, _cx: &mut Context, timer: ProducerTimer) {
        match timer {}
    }

    pub fn view(&self, process: ProcessState) -> ProducerView {
        ProducerView {
            client: self.client,
            process,
            queued: Vec::new(),
            in_flight: Vec::new(),
            max_in_flight: 0,
            buffer_total: 0,
            buffer_available: 0,
            blocked: Vec::new(),
            acknowledged: 0,
            failed: 0,
            producer_id: None,
        }
    }
}
