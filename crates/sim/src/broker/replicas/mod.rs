//! What a broker keeps of partitions: replicas and their logs, led and followed, and the requests that read and write them.

pub(in crate::broker) mod epoch_cache;
pub(in crate::broker) mod fetch;
pub(in crate::broker) mod fetcher;
pub(in crate::broker) mod follower;
pub(in crate::broker) mod in_sync;
pub(in crate::broker) mod log;
pub(in crate::broker) mod produce;
pub(in crate::broker) mod producer_state;
pub(in crate::broker) mod remote_replica;
pub(in crate::broker) mod replica;
pub(in crate::broker) mod roles;
pub(in crate::broker) mod transactions;
