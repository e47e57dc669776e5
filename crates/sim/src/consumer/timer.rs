//! What a consumer wakes up for. The queue holds these and nothing else of it.

/// Something may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerTimer;
