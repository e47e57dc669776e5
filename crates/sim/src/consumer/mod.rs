//! A consumer with assigned partitions, and the application that polls it.

use crate::context::Context;
use crate::ids::{ClientId, ConnectionId, Offset, Partition};
use crate::network::Dialled;
use crate::spec::Spec;
use crate::view::{ConsumerView, ProcessState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerTimer {}

#[derive(Clone, Debug)]
pub struct Consumer {
    client: ClientId,
}

impl Consumer {
    pub fn new(_spec: &Spec, client: ClientId) -> Consumer {
        Consumer { client }
    }

    pub fn start(&mut self, _cx: &mut Context) {}
    pub fn stop(&mut self, _cx: &mut Context) {}
    pub fn kill(&mut self, _cx: &mut Context) {}
    pub fn seek(&mut self, _cx: &mut Context, _partition: Partition, _offset: Offset) {}
    pub fn on_dialled(&mut self, _cx: &mut Context, _connection: ConnectionId, _dialled: Dialled) {}
    pub fn on_readable(&mut self, _cx: &mut Context, _connection: ConnectionId) {}
    pub fn on_timer(&mut self, _cx: &mut Context, timer: ConsumerTimer) {
        match timer {}
    }

    pub fn view(&self, process: ProcessState) -> ConsumerView {
        ConsumerView { client: self.client, process, positions: Vec::new(), delivered: 0 }
    }
}
