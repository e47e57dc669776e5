//! A broker: replicas and their logs, produce and fetch, replication, its life with the controller.

use crate::context::Context;
use crate::ids::{BrokerId, ConnectionId, Partition};
use crate::network::Dialled;
use crate::script::Boot;
use crate::spec::Spec;
use crate::time::Duration;
use crate::view::{BrokerView, Lifecycle, ProcessState};

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
    pub fn stop(&mut self, _cx: &mut Context) {}
    pub fn kill(&mut self, _cx: &mut Context) {}
    pub fn power_loss(&mut self, _cx: &mut Context) {}
    pub fn on_dialled(&mut self, _cx: &mut Context, _connection: ConnectionId, _dialled: Dialled) {}
    pub fn on_readable(&mut self, _cx: &mut Context, _connection: ConnectionId) {}
    pub fn on_timer(&mut self, _cx: &mut Context, timer: BrokerTimer) {
        match timer {}
    }
    pub fn fail_disk(&mut self, _cx: &mut Context) {}
    pub fn restore_disk(&mut self, _cx: &mut Context) {}
    pub fn slow_disk(&mut self, _cx: &mut Context, _by: Duration) {}
    pub fn stall_disk(&mut self, _cx: &mut Context, _stalled: bool) {}
    pub fn wipe(&mut self, _cx: &mut Context, _partition: Option<Partition>) {}
    pub fn lose_unflushed(&mut self, _cx: &mut Context, _partition: Partition, _keep: u64) {}
    pub fn slow(&mut self, _cx: &mut Context, _by: Duration) {}

    pub fn view(&self, process: ProcessState) -> BrokerView {
        BrokerView {
            id: self.id,
            process,
            broker_epoch: None,
            lifecycle: Lifecycle::NotRunning,
            log_dir_failed: false,
            replicas: Vec::new(),
        }
    }
}
