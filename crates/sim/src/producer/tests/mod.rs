//! The producer cases: Kafka's own unit tests and what was run against its classes, retold (cases P.. and X..).

mod accumulator;
mod application;
mod grid;
mod harness;
mod idempotence;
mod one_id;
mod sender;
mod story;
mod timelines;
