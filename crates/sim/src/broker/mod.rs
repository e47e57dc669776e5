//! A broker: replicas and their logs, produce and fetch, replication, its life with the controller.
//!
//! What a broker's disk holds outlives the process; everything else is `Memory` and goes with it.

mod membership;
mod queries;
mod replicas;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use membership::controller_link::{LinkName, Links};
use membership::feed::Feed;
use membership::image::Image;
use membership::lifecycle::Life;
use queries::ProducerIds;
use replicas::fetcher::Fetcher;
use replicas::in_sync::IsrChanges;
use replicas::replica::{Replica, Role};
use server::Server;

use crate::happening::{Fact, Truncation};
use crate::ids::{BrokerEpoch, BrokerId, ConnectionId, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::network::Dialled;
use crate::protocol::{Body, Envelope};
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{BrokerView, LeaderView, Lifecycle, ProcessState, ReplicaRole, ReplicaView};
use crate::world::context::Context;
use crate::world::queue::Timer;

/// `log.dir.failure.timeout.ms`.
const LOG_DIR_FAILURE_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerTimer {
    /// A request handler is done.
    Handled(ConnectionId),
    /// A parked request's time is up.
    Purgatory(ConnectionId),
    /// A fetcher thread goes on, or has waited long enough.
    Fetcher(BrokerId),
    Link(LinkName),
    ApplyMetadata,
    Register,
    GiveUpRegistering,
    GiveUpReporting,
    Beat,
    Ready,
    ShrinkIsrs,
    ShutdownPatience,
    Closed,
}

#[derive(Clone, Debug)]
pub struct Broker {
    pub id: BrokerId,
    /// By partition number; None: no directory.
    replicas: Vec<Option<Replica>>,
    disk: Disk,
    memory: Memory,
    /// Processes started so far.
    starts: u32,
    /// Every request takes this much longer.
    slowed_by: Duration,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    /// The file that a process leaves when it ends in good order: the broker epoch that it had.
    clean_shutdown: Option<BrokerEpoch>,
    /// Its id in `meta.properties`: another disk, another id.
    directory: u32,
    failed: bool,
    stalled: bool,
    slowed_by: Duration,
}

/// Everything that ends with the process.
#[derive(Clone, Debug, Default)]
struct Memory {
    started: Time,
    /// The last input: a stopped process does nothing.
    awake: Time,
    life: Life,
    links: Links,
    image: Image,
    feed: Feed,
    /// Roles are taken as metadata says.
    is_published: bool,
    /// The log directory is offline, until the next start.
    log_dir_failed: bool,
    /// The controller knows of it.
    log_dir_reported: bool,
    server: Server,
    fetchers: Vec<Fetcher>,
    isr_changes: IsrChanges,
    producer_ids: ProducerIds,
}

impl Memory {
    fn new(spec: &Spec) -> Memory {
        Memory { server: Server::new(spec.broker_config.num_io_threads), ..Memory::default() }
    }

    /// How often the high watermark checkpoint has been written since the process started. Without an interval it is not:
    /// KafkaScheduler takes that for one run, at the start, or (before 3.3) does not schedule it at all.
    fn checkpoint_ticks(&self, cx: &Context) -> u64 {
        let interval = cx.spec.broker_config.replica_high_watermark_checkpoint_interval;
        self.awake.since(self.started).nanos.checked_div(interval.nanos).unwrap_or(0)
    }
}

impl Broker {
    /// A machine with an empty disk; the process is not running.
    pub fn new(spec: &Spec, id: BrokerId) -> Broker {
        Broker {
            id,
            replicas: vec![None; spec.partitions.len()],
            disk: Disk::default(),
            memory: Memory::default(),
            starts: 0,
            slowed_by: Duration::ZERO,
        }
    }

    /// kill -9: what was written is in the operating system's hands.
    pub fn kill(&mut self, cx: &mut Context) {
        self.forget(cx);
        if wrong(Mutant::KillLosesPageCache) {
            self.lose_unflushed_tails(cx);
        }
    }

    /// What had not reached the disk is gone with the rest.
    pub fn power_loss(&mut self, cx: &mut Context) {
        self.forget(cx);
        if !wrong(Mutant::PowerLossKeeps) {
            self.lose_unflushed_tails(cx);
        }
    }

    fn lose_unflushed_tails(&mut self, cx: &mut Context) {
        for partition in self.partitions() {
            let Some(replica) = self.replica(partition) else { continue };
            let durable = replica.log.durable(cx.now, self.write_back(cx, partition));
            self.lose(cx, partition, durable, Truncation::Unflushed);
        }
    }

    fn forget(&mut self, cx: &mut Context) {
        if self.memory.life.state != Lifecycle::NotRunning {
            let ticks = self.memory.checkpoint_ticks(cx);
            for replica in self.replicas.iter_mut().flatten() {
                replica.forget(ticks);
            }
        }
        self.memory = Memory::default();
    }

    pub fn on_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        self.memory.awake = cx.now;
        if let Some(name) = self.memory.links.named(connection) {
            self.link_dialled(cx, name, dialled);
        } else if let Some(source) = self.fetcher_of(connection) {
            self.fetcher_dialled(cx, source, dialled);
        }
    }

    /// Something has arrived on a connection, or its other end was closed.
    pub fn on_readable(&mut self, cx: &mut Context, connection: ConnectionId) {
        self.memory.awake = cx.now;
        if let Some(source) = self.fetcher_of(connection) {
            self.fetcher_readable(cx, source);
        } else if let Some(name) = self.memory.links.named(connection) {
            self.link_readable(cx, name);
        } else if self.memory.life.state != Lifecycle::ShuttingDown {
            self.serve(cx, connection);
        }
    }

    pub fn on_timer(&mut self, cx: &mut Context, timer: BrokerTimer) {
        self.memory.awake = cx.now;
        match timer {
            BrokerTimer::Handled(connection) => self.handled(cx, connection),
            BrokerTimer::Purgatory(connection) => self.purgatory(cx, connection),
            BrokerTimer::Fetcher(source) => self.fetcher_alarm(cx, source),
            BrokerTimer::Link(name) => self.link_alarm(cx, name),
            BrokerTimer::ApplyMetadata => self.apply_metadata(cx),
            BrokerTimer::Register => self.begin_registering(cx),
            BrokerTimer::GiveUpRegistering => self.give_up_registering(cx),
            BrokerTimer::GiveUpReporting => self.give_up_reporting(cx),
            BrokerTimer::Beat => self.beat(cx),
            BrokerTimer::Ready => self.ready(cx),
            BrokerTimer::ShrinkIsrs => {
                self.shrink_isrs(cx);
                self.schedule_isr_check(cx);
            }
            BrokerTimer::ShutdownPatience => self.shutdown_patience_ends(cx),
            BrokerTimer::Closed => self.closed(cx),
        }
    }

    /// A request takes effect.
    fn handle(&mut self, cx: &mut Context, connection: ConnectionId, envelope: Arc<Envelope>) {
        let (correlation, refuse) = (envelope.message.correlation, envelope.refuse);
        let body = match &envelope.message.body {
            Body::ProduceRequest(request) => {
                return self.handle_produce(cx, connection, &envelope, request);
            }
            Body::FetchRequest(_) => return self.handle_fetch(cx, connection, envelope),
            Body::InitProducerIdRequest => match refuse {
                None => return self.init_producer_id(cx, connection, correlation),
                Some(error) => Body::InitProducerIdResponse { result: Err(error) },
            },
            Body::ApiVersionsRequest => Body::ApiVersionsResponse,
            Body::MetadataRequest { topics } => self.describe_cluster(cx, topics, refuse),
            Body::ListOffsetsRequest { partitions } => self.list_offsets(cx, partitions, refuse),
            Body::OffsetsForLeaderEpochRequest { partitions } => {
                self.ends_of_epochs(cx.spec.version, partitions, refuse)
            }
            Body::LeaderAndIsrRequest { records, .. } => {
                self.leader_and_isr(cx, connection, records);
                Body::LeaderAndIsrResponse
            }
            Body::UpdateMetadataRequest { records, .. } => {
                self.update_metadata(connection, records);
                Body::UpdateMetadataResponse
            }
            other => other.misplaced(),
        };
        self.answer(cx, connection, correlation, body);
    }

    /// The log directory fails: everything on it is offline until the process starts again.
    pub fn fail_disk(&mut self, cx: &mut Context) {
        if std::mem::replace(&mut self.disk.failed, true) {
            return;
        }
        cx.cause = Some(cx.note(Fact::LogDirFailed));
        if self.memory.life.state == Lifecycle::NotRunning {
            return;
        }
        self.memory.log_dir_failed = true;
        self.stop_all_fetching(cx);
        for partition in self.partitions() {
            let Some(replica) = self.replica_mut(partition) else { continue };
            let role = std::mem::replace(&mut replica.role, Role::Offline);
            if let Role::Leader(leading) = role {
                self.wake_produces(cx, partition, leading.waiting_produces);
            }
            self.wake_fetches(cx, partition);
        }
        if self.memory.life.broker_epoch.is_some() {
            self.beat_now(cx);
        }
        if cx.spec.version.ends_with_an_unreported_disk() {
            cx.set_timer(LOG_DIR_FAILURE_TIMEOUT, Timer::Broker(BrokerTimer::GiveUpReporting));
        }
    }

    pub fn restore_disk(&mut self, cx: &mut Context) {
        if std::mem::replace(&mut self.disk.failed, false) {
            cx.note(Fact::LogDirRestored);
        }
    }

    pub fn slow_disk(&mut self, _cx: &mut Context, by: Duration) {
        self.disk.slowed_by = by;
    }

    /// Writes hang.
    pub fn stall_disk(&mut self, cx: &mut Context, stalled: bool) {
        self.disk.stalled = stalled;
        if !stalled {
            self.disk_resumes(cx);
            self.fetchers_resume(cx);
        }
    }

    /// The directory of one partition, or of all, is deleted while the process is down.
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
        if let Some(replica) = self.replicas[usize::from(partition.0)].take() {
            let (from, to) = (replica.log.end(), Offset(0));
            cx.note(Fact::Truncated { partition, from, to, because: Truncation::Wiped });
        }
    }

    /// The log is cut to its first `keep` records while the process is down.
    pub fn lose_unflushed(&mut self, cx: &mut Context, partition: Partition, keep: u64) {
        if let Some(replica) = self.replica(partition) {
            let to = replica.log.end_of_records(keep);
            self.lose(cx, partition, to, Truncation::Unflushed);
        }
        self.disk.clean_shutdown = None;
    }

    /// The tail of a log that no process has open.
    fn lose(&mut self, cx: &mut Context, partition: Partition, to: Offset, because: Truncation) {
        let version = cx.spec.version;
        let Some(replica) = self.replica_mut(partition) else { return };
        let from = replica.log.end();
        if to < from {
            replica.log.truncate(to, version);
            replica.log.forget();
            cx.note(Fact::Truncated { partition, from, to, because });
        }
    }

    pub fn slow(&mut self, _cx: &mut Context, by: Duration) {
        self.slowed_by = by;
    }

    fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.replicas.len() as u16).map(Partition)
    }

    fn replica(&self, partition: Partition) -> Option<&Replica> {
        self.replicas.get(usize::from(partition.0))?.as_ref()
    }

    fn replica_mut(&mut self, partition: Partition) -> Option<&mut Replica> {
        self.replicas.get_mut(usize::from(partition.0))?.as_mut()
    }

    fn min_insync_replicas(&self, cx: &Context, partition: Partition) -> usize {
        self.memory.image.effective_min_insync_replicas(&cx.spec, partition)
    }

    fn max_message_bytes(&self, cx: &Context, partition: Partition) -> u32 {
        let config = self.memory.image.topic_config(&cx.spec, cx.spec.topic_of(partition));
        config.max_message_bytes.unwrap_or(cx.spec.broker_config.message_max_bytes)
    }

    /// How long a batch stays in the page cache only.
    fn write_back(&self, cx: &Context, partition: Partition) -> Duration {
        let config = self.memory.image.topic_config(&cx.spec, cx.spec.topic_of(partition));
        let flush = config.flush_ms.or(cx.spec.broker_config.log_flush_interval);
        flush.map_or(cx.spec.costs.write_back, |flush| flush.min(cx.spec.costs.write_back))
    }

    /// `flush.messages`: after so many records an append flushes.
    fn flush_messages(&self, cx: &Context, partition: Partition) -> Option<u64> {
        let config = self.memory.image.topic_config(&cx.spec, cx.spec.topic_of(partition));
        config.flush_messages.or(cx.spec.broker_config.log_flush_interval_messages)
    }

    fn maybe_flush(&mut self, cx: &mut Context, partition: Partition) {
        let Some(messages) = self.flush_messages(cx, partition) else { return };
        let Some(replica) = self.replica_mut(partition) else { return };
        if replica.log.unflushed() >= messages {
            replica.log.flush();
            cx.note(Fact::Flushed { partition, to: replica.log.end() });
        }
    }

    /// What appending takes, the flush included where one will be due.
    fn cost_of_append(
        &self,
        cx: &Context,
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
        if let Some(messages) = self.flush_messages(cx, partition)
            && let Some(replica) = self.replica(partition)
            && replica.log.unflushed() + u64::from(records) >= messages
        {
            let dirty = replica.log.unflushed_bytes().saturating_add(bytes);
            cost += costs.flush + for_bytes(costs.flush_per_kib, dirty) + self.disk.slowed_by;
        }
        cost
    }

    pub fn view(&self, cx: &Context, process: ProcessState) -> BrokerView {
        let replicas = self.partitions().filter_map(|partition| {
            let replica = self.replica(partition)?;
            Some(ReplicaView {
                partition,
                role: role_view(replica),
                log: replica.log.batches().clone(),
                log_start_offset: replica.log.start(),
                log_end_offset: replica.log.end(),
                high_watermark: replica.high_watermark,
                flushed: replica.log.durable(cx.now, self.write_back(cx, partition)),
                epochs: replica.log.epochs().entries().to_vec(),
            })
        });
        BrokerView {
            id: self.id,
            process,
            broker_epoch: self.memory.life.broker_epoch,
            lifecycle: self.memory.life.state,
            log_dir_failed: self.disk.failed || self.memory.log_dir_failed,
            replicas: replicas.collect(),
        }
    }
}

fn role_view(replica: &Replica) -> ReplicaRole {
    match &replica.role {
        Role::Offline => ReplicaRole::Offline,
        Role::Follower => ReplicaRole::Follower {
            leader: replica.leader,
            leader_epoch: replica.leader_epoch.unwrap_or_default(),
        },
        Role::Leader(leading) => ReplicaRole::Leader(LeaderView {
            leader_epoch: replica.leader_epoch.unwrap_or_default(),
            partition_epoch: replica.partition_epoch.unwrap_or_default(),
            epoch_start_offset: leading.epoch_start,
            isr: leading.isr,
            maximal_isr: leading.maximal_isr(),
            followers: leading.followers.iter().map(|other| (other.id, other.log_end_offset)).collect(),
            waiting_produces: leading.waiting_produces.len(),
        }),
    }
}
