//! The engine: a deterministic cluster of producers, brokers, controller and consumers in simulated time.
//! Knows Kafka; knows no file, no browser, no clock.

mod act;
pub mod audit;
pub mod batch;
pub mod bench;
pub mod broker;
pub mod budget;
pub mod chunks;
pub mod config;
mod connections;
pub mod consumer;
pub mod context;
pub mod controller;
pub mod error;
mod fates;
pub mod happening;
pub mod ids;
pub mod invariants;
mod keyframes;
pub mod ledger;
mod load;
pub mod message;
pub mod mutant;
pub mod network;
pub mod order;
pub mod producer;
mod progress;
pub mod queue;
pub mod rng;
pub mod run;
pub mod script;
pub mod shown;
pub mod spec;
pub mod stall;
#[cfg(test)]
mod testing;
pub mod time;
pub mod trace;
pub mod version;
pub mod view;
pub mod world;
