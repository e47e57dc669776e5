//! What a producer wakes up for. The queue holds these and nothing else of it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProducerTimer {
    /// The Sender's poll returns.
    Sender,
    /// The application thread's wait ends.
    Application,
}
