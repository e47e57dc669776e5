//! The built-in documents.

use crate::document::Document;

/// A built-in document: its id and its text.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub id: &'static str,
    pub text: &'static str,
}

impl Entry {
    pub fn document(&self) -> Document {
        Document::parse(self.text).unwrap_or_else(|problems| {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("the built-in document {} has problems: {}", self.id, said.join("; "))
        })
    }
}

/// What a family is called.
pub fn family_title(family: &str) -> &'static str {
    match family {
        "A" => "Acknowledgement and loss",
        "B" => "Replication, election, truncation",
        "C" => "Producer mechanics",
        "D" => "Consumers and groups",
        "E" => "Transactions",
        "F" => "Settings as a whole",
        _ => "First steps",
    }
}

macro_rules! library {
    ($($id:literal)*) => {
        /// Every built-in document, by family, the one to begin with first.
        pub const IDS: &[&str] = &[$($id),*];

        /// Their texts.
        pub fn library() -> &'static [Entry] {
            &[$(Entry { id: $id, text: include_str!(concat!("../library/", $id, ".toml")) }),*]
        }
    };
}

library! {
    "healthy"
    "acks-1-leader-crash"
    "acks-0-fire-and-forget"
    "acks-all-same-crash"
    "acks-all-min1-healthy"
    "acks-all-min1-shrunk"
    "acks-all-min2-waits-for-isr"
    "min-isr-rejects"
    "crash-before-ack"
    "crash-before-ack-no-idempotence"
    "no-retries-leader-election"
    "retries-outlive-election"
    "delivery-timeout-expires"
    "producer-crash-with-buffer"
    "correlated-failure"
    "power-loss-both"
    "rf1"
    "replication-factor-5"
    "leader-failure-anatomy"
    "high-watermark-walk"
    "old-leader-returns"
    "kip-101-loss"
    "kip-101-divergence"
    "kip-279-fast-elections"
    "unclean-on"
    "unclean-off"
    "last-replica-standing"
    "isr-flapping"
    "slow-follower-catches-up"
    "split-brain-zombie-leader"
    "cut-leader-from-followers-only"
    "gc-pause-leader"
    "rolling-restart"
    "controller-failover"
    "rack-failure"
    "disk-full"
    "disk-brown-out"
    "preferred-leader"
    "three-minute-tour"
    "send-path"
    "linger-two-triggers"
    "batch-size-underfilled"
    "saturated-batching"
    "reorder-in-flight-5"
    "five-retries-reversed"
    "order-kept-in-flight-1"
    "order-kept-idempotent"
    "duplicate-by-timeout"
    "why-five-in-flight"
    "out-of-order-sequence"
    "new-pid-after-restart"
    "buffer-full"
    "retriable-or-not"
    "backoff-and-metadata"
    "keys-and-partitions"
    "compression"
    "sync-vs-async-send"
    "slow-broker-backpressure"
}

/// The built-in document of that id.
pub fn find(id: &str) -> Option<&'static Entry> {
    library().iter().find(|entry| entry.id == id)
}

/// Whether this is the built-in document of that id, to the letter.
pub fn holds(id: &str, text: &str) -> bool {
    find(id).is_some_and(|entry| entry.text == text)
}
