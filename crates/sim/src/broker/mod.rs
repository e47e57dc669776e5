//! A broker: replicas and their logs, produce and fetch, replication, its life with the controller.

use crate::context::Context;
use crate::ids::{BrokerId, ConnectionId};
use crate::network::Dialled;
use crate::script::Boot;
use crate::spec::Spec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerTimer {}

#[derive(Clone, Debug)]
pub struct Broker {
    pub id: BrokerId,
}

impl Broker {
    /// A machine with an empty disk; the process is not running.
    pub fn new(_spec: &Spec, id: BrokerId) -> Broker {
        Broker { id }
    }

    pub fn start(&mut self, _cx: &mut Context, _boot: Boot) {}

    pub fn on_dialled(&mut self, _cx: &mut Context, _connection: ConnectionId, _dialled: Dialled) {}

    /// Something has arrived on a connection, or its other end was closed.
    pub fn on_readable(&mut self, _cx: &mut Context, _connection: ConnectionId) {}

    pub fn on_timer(&mut self, _cx: &mut Context, timer: BrokerTimer) {
        match timer {}
    }
}
