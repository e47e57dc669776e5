//! The controller: registrations, sessions, elections, the truth about every partition.

use crate::config::TopicConfig;
use crate::context::Context;
use crate::error::ErrorCode;
use crate::ids::{ConnectionId, Partition, TopicId};
use crate::network::Dialled;
use crate::script::Boot;
use crate::spec::Spec;
use crate::view::{ControllerView, ProcessState};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerTimer {}

#[derive(Clone, Debug)]
pub struct Controller {}

impl Controller {
    pub fn new(_spec: &Spec) -> Controller {
        Controller {}
    }

    pub fn start(&mut self, _cx: &mut Context, _boot: Boot) {}
    pub fn stop(&mut self, _cx: &mut Context) {}
    pub fn kill(&mut self, _cx: &mut Context) {}
    pub fn power_loss(&mut self, _cx: &mut Context) {}
    pub fn on_dialled(&mut self, _cx: &mut Context, _connection: ConnectionId, _dialled: Dialled) {}
    pub fn on_readable(&mut self, _cx: &mut Context, _connection: ConnectionId) {}
    pub fn on_timer(&mut self, _cx: &mut Context, timer: ControllerTimer) {
        match timer {}
    }
    pub fn create_topic(&mut self, _cx: &mut Context, _topic: TopicId) {}
    pub fn elect(
        &mut self,
        _cx: &mut Context,
        _partition: Partition,
        _unclean: bool,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::ElectionNotNeeded)
    }
    pub fn alter_topic(&mut self, _cx: &mut Context, _topic: TopicId, _config: TopicConfig) {}

    pub fn view(&self, process: ProcessState) -> ControllerView {
        ControllerView { process, active: false, partitions: Vec::new(), brokers: Vec::new() }
    }
}
