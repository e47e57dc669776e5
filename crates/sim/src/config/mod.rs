//! Settings under Kafka's names, as the nodes read them. Which keys exist, their defaults per version, their ranges and
//! the complaints that Kafka makes are in the modules below.

mod broker;
mod consumer;
mod costs;
mod define;
mod producer;
#[cfg(test)]
mod tests;
mod topic;

pub use broker::{BROKER_SETTINGS, BrokerConfig, ZOOKEEPER_TICK};
pub use consumer::{CONSUMER_SETTINGS, ConsumerConfig, OffsetReset};
pub use costs::Costs;
pub use define::{Configured, Group, Importance, Kind, Notice, Setting, TURN, Valid, check};
pub use producer::{Compression, PRODUCER_SETTINGS, Partitioner, ProducerConfig};
pub use topic::{TOPIC_SETTINGS, TopicConfig};
