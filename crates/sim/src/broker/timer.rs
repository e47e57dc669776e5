//! What a broker wakes up for. The queue holds these and nothing else of it.

use crate::ids::{BrokerId, ConnectionId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerTimer {
    /// A request handler is done.
    Handled(ConnectionId),
    /// A parked operation's time is up.
    Purgatory(Waiter),
    /// A fetcher thread goes on, or has waited long enough.
    Fetcher(BrokerId),
    Link(LinkName),
    ApplyMetadata,
    Register,
    GiveUpRegistering,
    GiveUpReporting,
    Beat,
    Ready,
    ShrinkIsrs,
    ShutdownPatience,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkName {
    /// Registration, heartbeats, controlled shutdown.
    Lifecycle,
    /// AlterPartition, producer ids.
    Requests,
    /// The metadata log.
    Feed,
}

/// Who is told how an operation has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiter {
    /// The request in hand on this connection.
    Request(ConnectionId),
    /// A coordinator of this broker, about an append of its own: no connection stands behind it.
    #[cfg(test)]
    Coordinator(u32),
}
