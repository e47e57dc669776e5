//! Processes: what an operating system knows of them. A machine may hold several, an application's may hold several clients.

use crate::ids::{ConnectionId, HappeningId, NodeId};
use crate::network::Dialled;
use crate::script::Boot;
use crate::view::ProcessState;
use crate::world::queue::Timer;

/// A process as its operating system sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Process {
    pub running: bool,
    pub paused: bool,
    /// The machine has no power.
    pub dark: bool,
    pub listening: bool,
    /// Counts starts: timers of an earlier life are void.
    pub incarnation: u16,
    /// What last ended or stopped it.
    pub silenced: Option<HappeningId>,
    /// What would have woken the process while it was stopped, in order.
    pub deferred: Vec<(Option<HappeningId>, NodeId, Wakeup)>,
    /// Clients that have ended by themselves while others of the process go on.
    pub ended: Vec<NodeId>,
    /// It is to be started as soon as its stop is done.
    pub starts_again: Option<Boot>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wakeup {
    Timer(Timer),
    Readable(ConnectionId),
    Dialled(ConnectionId, Dialled),
}

impl Process {
    /// It can act: its process runs, and it has not ended.
    pub fn runs(&self, node: NodeId) -> bool {
        self.running && !self.ended.contains(&node)
    }

    pub fn state(&self) -> ProcessState {
        match (self.dark, self.running, self.paused) {
            (true, _, _) => ProcessState::Dark,
            (false, false, _) => ProcessState::Down,
            (false, true, true) => ProcessState::Paused,
            (false, true, false) => ProcessState::Running,
        }
    }
}
