//! The controller against what Kafka's own tests and recorded runs expect of it.

mod bench;
mod causes;
mod elections;
mod membership;
mod old_kafka;
mod partition_change;
mod parts;
