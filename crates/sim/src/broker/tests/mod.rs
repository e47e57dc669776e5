//! Brokers in whole clusters: what the cases ask of them, over the real controller, network and producer.

mod faults;
mod follower;
mod harness;
mod leader;
mod lifecycle;
mod old_kafka;
mod parked;
mod replication;
mod single;
