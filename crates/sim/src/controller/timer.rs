//! What a controller wakes up for. The queue holds these and nothing else of it.

use crate::ids::BrokerId;

/// What the controller wakes up for, in which of its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerTimer {
    pub(super) term: u32,
    pub(crate) due: Due,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Activation,
    Commit,
    /// Before 4.1: the no-op record by which brokers learn that what came before it is committed.
    NoOp,
    /// Look for sessions that have ended.
    Sessions,
    /// Look whether a topic can be created now.
    Topic,
    /// Give partitions back to their preferred leaders.
    Rebalance,
    /// Elect uncleanly where nobody leads and the topic allows it.
    UncleanSweep,
    /// ZooKeeper age: dial a broker (again).
    Dial(BrokerId),
}
