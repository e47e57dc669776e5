//! What does not change in a producer's life: its configuration in its release, and what follows from both.

use std::sync::Arc;

use super::batch::Batch;
use crate::config::ProducerConfig;
use crate::ids::{Partition, TopicId};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub spec: Arc<Spec>,
    pub version: KafkaVersion,
    pub config: ProducerConfig,
    pub compression_permille: u32,
}

impl Settings {
    /// 0 is taken as 1.
    pub fn batch_size(&self) -> u32 {
        self.config.batch_size.max(1)
    }

    pub fn topic_of(&self, partition: Partition) -> TopicId {
        self.spec.topic_of(partition)
    }

    /// With one request in flight a partition is muted while its batch is out (producer.md §3.8).
    pub fn guarantees_order(&self) -> bool {
        self.config.max_in_flight_requests_per_connection == 1
    }

    /// Why the batch's time is over, if it is: Kafka's message.
    pub fn expiry(&self, batch: &Batch, is_last: bool, now: Time) -> Option<String> {
        let age = now.since(batch.created);
        let (passed, since) = if self.version.has_delivery_timeout() {
            if age < self.config.delivery_timeout {
                return None;
            }
            (age, "batch creation")
        } else {
            self.old_expiry(batch, is_last, now)?
        };
        let gap = if self.version.has_delivery_timeout() { "" } else { " " };
        let explains = " The request has not been sent, or no server response has been received yet.";
        Some(format!(
            "Expiring {} record(s) for {}:{gap}{} ms has passed since {since}{}",
            batch.count(),
            self.spec.partition_name(batch.partition),
            passed.as_millis(),
            if self.version.explains_expiry() { format!(".{explains}") } else { String::new() },
        ))
    }

    /// Before 2.1 a batch expires request.timeout.ms after it could have been sent (`maybeExpire`).
    fn old_expiry(&self, batch: &Batch, is_last: bool, now: Time) -> Option<(Duration, &'static str)> {
        let config = &self.config;
        let is_full = !is_last || batch.is_full();
        let candidates = if batch.in_retry {
            let since_retry = now.since(batch.last_attempt).saturating_sub(config.retry_backoff);
            [Some((since_retry, "last attempt plus backoff time")), None]
        } else {
            let since_linger = now.since(batch.created).saturating_sub(config.linger);
            [
                is_full.then(|| (now.since(batch.last_append), "last append")),
                Some((since_linger, "batch creation plus linger time")),
            ]
        };
        candidates.into_iter().flatten().find(|(passed, _)| *passed > config.request_timeout)
    }
}
