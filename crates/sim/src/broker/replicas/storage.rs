//! The disk and the logs on it: what a start finds, what an end leaves, what faults take away, and how long writing takes.

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::replica::Replica;
use crate::happening::{Fact, Truncation};
use crate::ids::{BrokerEpoch, Offset, Partition};
use crate::protocol::{Body, Envelope};
use crate::time::Duration;
use crate::world::context::Context;

/// A handler's time with a request, at the least.
const LEAST_COST: Duration = Duration::from_micros(1);

#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// The file that a process leaves when it ends in good order: the broker epoch that it had.
    pub clean_shutdown: Option<BrokerEpoch>,
    /// Its id in `meta.properties`: another disk, another id.
    pub directory: u32,
    pub failed: bool,
    pub stalled: bool,
    pub slowed_by: Duration,
}

impl Replicas {
    /// What the disk holds becomes the process's. After anything but a clean stop, logs are scanned from where they were
    /// last flushed. Returns how long that takes.
    pub fn load_logs(&mut self, cx: &mut Context) -> Duration {
        let mut scan = Duration::ZERO;
        let clean = self.disk.clean_shutdown.take().is_some();
        let version = cx.spec.version;
        for (partition, replica) in self.iter_mut() {
            if !clean {
                let kib = u64::from(replica.log.unflushed_bytes()) / 1024;
                scan += cx.spec.costs.flush_per_kib * kib;
            }
            replica.log.load(version);
            replica.high_watermark = replica.high_watermark.clamp(replica.log.start(), replica.log.end());
            cx.note(Fact::LogLoaded {
                partition,
                log_end_offset: replica.log.end(),
                high_watermark: replica.high_watermark,
                clean,
            });
        }
        scan
    }

    /// Exact high watermarks, everything flushed, the clean-shutdown file.
    pub fn close_logs(&mut self, cx: &mut Context, broker_epoch: BrokerEpoch) {
        let version = cx.spec.version;
        for (partition, replica) in self.iter_mut() {
            if replica.log.unflushed() > 0 {
                cx.note(Fact::Flushed { partition, to: replica.log.end() });
            }
            replica.checkpoint.restart(replica.high_watermark);
            replica.log.close(version);
        }
        self.disk.clean_shutdown = Some(broker_epoch);
    }

    /// What had not reached the disk is gone.
    pub fn lose_unflushed_tails(&mut self, cx: &mut Context, image: &Image) {
        for (partition, replica) in self.iter_mut() {
            let durable = replica.log.durable(cx.now, image.write_back(&cx.spec, partition));
            replica.lose(cx, partition, durable);
        }
    }

    /// The log is cut to its first `keep` records.
    pub fn lose_unflushed(&mut self, cx: &mut Context, partition: Partition, keep: u64) {
        if let Some(replica) = self.get_mut(partition) {
            let to = replica.log.end_of_records(keep);
            replica.lose(cx, partition, to);
        }
        self.disk.clean_shutdown = None;
    }

    /// The directory of one partition, or of all, is deleted.
    pub fn wipe(&mut self, cx: &mut Context, partition: Option<Partition>) {
        match partition {
            Some(partition) => self.wipe_partition(cx, partition),
            None => {
                self.disk.clean_shutdown = None;
                self.disk.directory += 1;
                self.partitions().for_each(|partition| self.wipe_partition(cx, partition));
            }
        }
    }

    fn wipe_partition(&mut self, cx: &mut Context, partition: Partition) {
        if let Some(replica) = self.by_partition[usize::from(partition.0)].take() {
            let (from, to) = (replica.log.end(), Offset(0));
            cx.note(Fact::Truncated { partition, from, to, because: Truncation::Wiped });
        }
    }

    /// A handler's time with a request.
    pub fn cost_of_request(&self, cx: &Context, image: &Image, envelope: &Envelope) -> Duration {
        let mut cost = cx.spec.costs.request.max(LEAST_COST) + self.slowed_by;
        if let Body::ProduceRequest(request) = &envelope.message.body {
            for (partition, batch) in &request.partitions {
                cost += self.cost_of_append(cx, image, *partition, 1, batch.count(), batch.bytes);
            }
        }
        cost
    }

    /// What appending takes, the flush included where one will be due.
    pub(super) fn cost_of_append(
        &self,
        cx: &Context,
        image: &Image,
        partition: Partition,
        batches: u64,
        records: u32,
        bytes: u32,
    ) -> Duration {
        let costs = &cx.spec.costs;
        let for_bytes = |per_kib: Duration, bytes: u32| {
            Duration::from_nanos(per_kib.nanos.saturating_mul(u64::from(bytes)) / 1024)
        };
        let mut cost = costs.append * batches + for_bytes(costs.request_per_kib, bytes) + self.disk.slowed_by;
        if let Some(messages) = image.flush_messages(&cx.spec, partition)
            && let Some(replica) = self.get(partition)
            && replica.log.unflushed() + u64::from(records) >= messages
        {
            let dirty = replica.log.unflushed_bytes().saturating_add(bytes);
            cost += costs.flush + for_bytes(costs.flush_per_kib, dirty) + self.disk.slowed_by;
        }
        cost
    }
}

impl Replica {
    /// The tail of a log that no process has open.
    fn lose(&mut self, cx: &mut Context, partition: Partition, to: Offset) {
        let from = self.log.end();
        if to < from {
            self.log.truncate(to, cx.spec.version);
            self.log.forget();
            cx.note(Fact::Truncated { partition, from, to, because: Truncation::Unflushed });
        }
    }

    /// After so many records an append flushes.
    pub(super) fn maybe_flush(&mut self, cx: &mut Context, image: &Image, partition: Partition) {
        let Some(messages) = image.flush_messages(&cx.spec, partition) else { return };
        if self.log.unflushed() >= messages {
            self.log.flush();
            cx.note(Fact::Flushed { partition, to: self.log.end() });
        }
    }
}
