//! The engine: a deterministic cluster of producers, brokers, controller and consumers in simulated time.
//! Knows Kafka; knows no file, no browser, no clock.

pub mod audit;
pub mod bench;
pub mod broker;
pub mod chunks;
mod client;
pub mod config;
pub mod consumer;
pub mod controller;
pub mod error;
pub mod happening;
pub mod ids;
pub mod invariants;
pub mod mutant;
pub mod network;
pub mod order;
pub mod producer;
pub mod protocol;
pub mod rng;
pub mod run;
pub mod script;
pub mod shown;
pub mod spec;
#[cfg(test)]
mod testing;
pub mod time;
pub mod version;
pub mod view;
pub mod world;
