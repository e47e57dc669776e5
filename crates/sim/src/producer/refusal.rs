//! Why `send()` fails, in Kafka's words (producer.md §2.6).

use super::buffer_pool::BufferPool;
use super::settings::Settings;
use crate::client::Metadata;
use crate::error::{ErrorCode, Failure};
use crate::ids::TopicId;
use crate::version::KafkaVersion;

pub(super) fn metadata_timeout(
    settings: &Settings,
    metadata: &Metadata,
    topic: TopicId,
    partition: Option<u32>,
) -> Failure {
    let spec = settings.spec.topic(topic);
    let waited = settings.config.max_block.as_millis();
    let message = match partition {
        _ if !settings.version.names_missing_topics() => {
            format!("Failed to update metadata after {waited} ms.")
        }
        Some(number) if metadata.knows(topic) => format!(
            "Partition {number} of topic {} with partition count {} is not present in metadata after {waited} ms.",
            spec.name, spec.partitions
        ),
        _ => format!("Topic {} not present in metadata after {waited} ms.", spec.name),
    };
    Failure::new("TimeoutException", message)
}

/// The last response said that no waiting will help.
pub(super) fn topic_failure(settings: &Settings, metadata: &Metadata, topic: TopicId) -> Option<Failure> {
    let name = &settings.spec.topic(topic).name;
    match metadata.topic_error(topic)? {
        ErrorCode::InvalidTopic => {
            Some(Failure::new("InvalidTopicException", format!("Invalid topics: [{name}]")))
        }
        ErrorCode::TopicAuthorizationFailed => Some(topic_unauthorized(name)),
        _ => None,
    }
}

pub(super) fn closed(version: KafkaVersion) -> Failure {
    let message = if version.has_delivery_timeout() {
        "Cannot perform operation after producer has been closed"
    } else {
        "Cannot send after the producer is closed."
    };
    Failure::new("IllegalStateException", message)
}

pub(super) fn topic_unauthorized(name: &str) -> Failure {
    Failure::new("TopicAuthorizationException", format!("Not authorized to access topics: [{name}]"))
}

pub(super) fn record_too_large(settings: &Settings, size: u32) -> Option<Failure> {
    let config = &settings.config;
    let limit = if size > config.max_request_size {
        if settings.version.names_configured_limits() {
            format!("{}, which is the value of the max.request.size configuration.", config.max_request_size)
        } else {
            "the maximum request size you have configured with the max.request.size configuration.".to_owned()
        }
    } else if u64::from(size) > config.buffer_memory {
        "the total memory buffer you have configured with the buffer.memory configuration.".to_owned()
    } else {
        return None;
    };
    let message = format!("The message is {size} bytes when serialized which is larger than {limit}");
    Some(Failure::new("RecordTooLargeException", message))
}

pub(super) fn buffer_exhausted(settings: &Settings, pool: &BufferPool, size: u32) -> Failure {
    let version = settings.version;
    let waited = settings.config.max_block.as_millis();
    if version.explains_exhausted_buffers() {
        let message = format!(
            "Failed to allocate {size} bytes within the configured max blocking time {waited} ms. \
             Total memory: {} bytes. Available memory: {} bytes. Poolable size: {} bytes",
            pool.total(),
            pool.available(),
            pool.poolable()
        );
        return Failure::new("BufferExhaustedException", message);
    }
    let exception = if version.has_buffer_exhausted_exception() {
        "BufferExhaustedException"
    } else {
        "TimeoutException"
    };
    Failure::new(
        exception,
        format!("Failed to allocate memory within the configured max blocking time {waited} ms."),
    )
}
