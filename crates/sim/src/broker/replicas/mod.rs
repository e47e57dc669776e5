//! What a broker keeps of partitions: replicas and their logs, led and followed, on its one disk. Who waits for something
//! to happen to them is `Parked`'s; that something has happened is returned.

pub(in crate::broker) mod epoch_cache;
pub(in crate::broker) mod fetch;
pub(in crate::broker) mod fetcher;
pub(in crate::broker) mod fetchers;
mod follower;
mod in_sync;
pub(in crate::broker) mod log;
mod offsets;
pub(in crate::broker) mod produce;
pub(in crate::broker) mod producer_state;
pub(in crate::broker) mod remote_replica;
pub(in crate::broker) mod replica;
pub(in crate::broker) mod roles;
mod storage;
pub(in crate::broker) mod transactions;

pub(in crate::broker) use storage::Disk;

use crate::broker::replicas::replica::{Replica, Role};
use crate::ids::{BrokerId, Partition};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::world::context::Context;

#[derive(Clone, Debug)]
pub struct Replicas {
    id: BrokerId,
    /// By partition number; None: no directory.
    by_partition: Vec<Option<Replica>>,
    pub disk: Disk,
    /// Every request takes this much longer.
    pub slowed_by: Duration,
    pub uptime: Uptime,
    /// The log directory is offline, until the next start.
    pub is_offline: bool,
}

/// The process's life so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uptime {
    started: Time,
    /// The last input: a stopped process does nothing.
    pub awake: Time,
}

impl Uptime {
    /// How often the high watermark checkpoint has been written since the process started. Without an interval it is not:
    /// KafkaScheduler takes that for one run, at the start, or (before 3.3) does not schedule it at all.
    fn checkpoint_ticks(self, cx: &Context) -> u64 {
        let interval = cx.spec.broker_config.replica_high_watermark_checkpoint_interval;
        self.awake.since(self.started).nanos.checked_div(interval.nanos).unwrap_or(0)
    }
}

impl Replicas {
    /// An empty disk; the process is not running.
    pub fn new(spec: &Spec, id: BrokerId) -> Replicas {
        Replicas {
            id,
            by_partition: vec![None; spec.partitions.len()],
            disk: Disk::default(),
            slowed_by: Duration::ZERO,
            uptime: Uptime::default(),
            is_offline: false,
        }
    }

    /// The process starts.
    pub fn start(&mut self, now: Time) {
        self.uptime = Uptime { started: now, awake: Time::ZERO };
        self.is_offline = self.disk.failed;
        for replica in self.by_partition.iter_mut().flatten() {
            replica.checkpoint.restart(replica.high_watermark);
        }
    }

    /// The process is gone, and with it what it had not written down.
    pub fn forget(&mut self, cx: &Context) {
        let ticks = self.uptime.checkpoint_ticks(cx);
        for replica in self.by_partition.iter_mut().flatten() {
            replica.forget(ticks);
        }
        self.uptime = Uptime::default();
        self.is_offline = false;
    }

    /// The log directory is offline, and every replica on it.
    pub fn go_offline(&mut self) {
        self.is_offline = true;
        for replica in self.by_partition.iter_mut().flatten() {
            replica.role = Role::Offline;
        }
    }

    pub fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.by_partition.len() as u16).map(Partition)
    }

    pub fn get(&self, partition: Partition) -> Option<&Replica> {
        self.by_partition.get(usize::from(partition.0))?.as_ref()
    }

    fn get_mut(&mut self, partition: Partition) -> Option<&mut Replica> {
        self.by_partition.get_mut(usize::from(partition.0))?.as_mut()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = (Partition, &mut Replica)> {
        (0..)
            .map(Partition)
            .zip(&mut self.by_partition)
            .filter_map(|(id, replica)| Some((id, replica.as_mut()?)))
    }
}
