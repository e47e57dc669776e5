//! The client that producer and consumer share, in Kafka's parts: the connections and what is in flight on them
//! (NetworkClient), what is known of the cluster (Metadata), how long to wait after a failure (ExponentialBackoff).
//!
//! What a request is about, and what its end means for batches or positions, stays with the one that sent it.

mod answer;
mod backoff;
mod metadata;
mod network_client;
mod node;

pub(crate) use answer::Answer;
pub(crate) use backoff::ExponentialBackoff;
pub(crate) use metadata::Metadata;
pub(crate) use network_client::{Completion, MetadataStep, NetworkClient, Outcome};
pub(crate) use node::{ConnectionState, InFlight, NodeIndex, Request};

use crate::time::{Duration, Time};

/// What a client's settings say of its connections and of its metadata (`CommonClientConfigs`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientConfig {
    pub max_in_flight: usize,
    pub request_timeout: Duration,
    pub reconnect: ExponentialBackoff,
    pub connection_setup: ExponentialBackoff,
    pub retry: ExponentialBackoff,
    pub metadata_max_age: Duration,
}

/// A client's clock counts whole milliseconds.
pub(crate) fn clock(now: Time) -> Time {
    Time::from_millis(now.as_millis())
}
