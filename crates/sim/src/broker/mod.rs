//! A broker: one process on a machine with one disk. `Broker` owns the parts and lets them work together; each part has
//! its own state and knows another only where it is handed it:
//!
//! - `Membership`: the life with the controller, and what is known of the cluster;
//! - `Replicas`: the logs, led and followed, and the disk under them; `Fetchers`: the threads that copy from leaders;
//! - `Server`: connections and request handlers; `Parked`: what waits for something to happen.
//!
//! Parts return what follows for others (a high watermark that has moved, a request that takes effect, the process's next
//! step), and `Broker` carries it out at once. So nobody below knows who waits, and a coordinator can be put beside them.

mod answers;
mod faults;
mod membership;
mod metadata;
mod parked;
mod process;
mod replicas;
mod requests;
mod server;
#[cfg(test)]
mod tests;
pub(crate) mod timer;

use membership::Membership;
use membership::lifecycle::schedule_isr_check;
use parked::Parked;
use replicas::Replicas;
use replicas::fetchers::Fetchers;
use replicas::replica::{Replica, Role};
use server::Server;
use timer::BrokerTimer;

use crate::ids::{BrokerId, ConnectionId};
use crate::network::Dialled;
use crate::spec::Spec;
use crate::view::{BrokerView, LeaderView, Lifecycle, ProcessState, ReplicaRole, ReplicaView};
use crate::world::context::Context;

/// Replicas and disk outlive the process; everything else goes with it.
#[derive(Clone, Debug)]
pub struct Broker {
    pub id: BrokerId,
    replicas: Replicas,
    fetchers: Fetchers,
    membership: Membership,
    server: Server,
    parked: Parked,
    /// Processes started so far.
    starts: u32,
}

impl Broker {
    /// A machine with an empty disk; the process is not running.
    pub fn new(spec: &Spec, id: BrokerId) -> Broker {
        Broker {
            id,
            replicas: Replicas::new(spec, id),
            fetchers: Fetchers::default(),
            membership: Membership::new(id),
            server: Server::default(),
            parked: Parked::default(),
            starts: 0,
        }
    }

    pub fn on_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        self.replicas.uptime.awake = cx.now;
        if let Some(name) = self.membership.links.named(connection) {
            self.membership.link_dialled(cx, name, dialled);
        } else if let Some(source) = self.fetchers.source_of(connection) {
            self.fetchers.on_dialled(cx, &self.replicas, &self.membership, source, dialled);
        }
    }

    /// Something has arrived on a connection, or its other end was closed.
    pub fn on_readable(&mut self, cx: &mut Context, connection: ConnectionId) {
        self.replicas.uptime.awake = cx.now;
        if let Some(source) = self.fetchers.source_of(connection) {
            self.hear_leader(cx, source);
        } else if let Some(name) = self.membership.links.named(connection) {
            self.hear_controller(cx, name);
        } else if self.membership.life.state != Lifecycle::ShuttingDown {
            self.server.serve(cx, &self.replicas, &self.membership.image, connection);
        }
    }

    pub fn on_timer(&mut self, cx: &mut Context, timer: BrokerTimer) {
        self.replicas.uptime.awake = cx.now;
        let image = &self.membership.image;
        match timer {
            BrokerTimer::Handled(connection) => {
                if let Some(request) = self.server.handled(cx, &self.replicas, image, connection) {
                    self.handle(cx, connection, request);
                }
            }
            BrokerTimer::Purgatory(waiter) => {
                self.parked.on_timer(cx, waiter, &self.replicas, image, &mut self.server);
            }
            BrokerTimer::Fetcher(source) => {
                let answer = self.fetchers.on_alarm(cx, &self.replicas, &self.membership, source);
                if let Some(answer) = answer {
                    self.take_answer(cx, source, &answer);
                    // A close may have arrived meanwhile.
                    self.hear_leader(cx, source);
                }
            }
            BrokerTimer::Link(name) => self.membership.link_alarm(cx, name),
            BrokerTimer::ApplyMetadata => self.apply_metadata(cx),
            BrokerTimer::Register => self.membership.begin_registering(cx, &mut self.replicas),
            BrokerTimer::GiveUpRegistering => self.proceed(cx, self.membership.life.give_up_registering()),
            BrokerTimer::GiveUpReporting => self.proceed(cx, self.membership.life.give_up_reporting()),
            BrokerTimer::Beat => self.membership.beat(cx),
            BrokerTimer::Ready => self.membership.ready(cx),
            BrokerTimer::ShrinkIsrs => {
                self.replicas.shrink_isrs(cx, &mut self.membership);
                schedule_isr_check(cx);
            }
            BrokerTimer::ShutdownPatience => self.proceed(cx, self.membership.life.shutdown_patience_ends()),
            BrokerTimer::Closed => self.closed(cx),
        }
    }

    pub fn view(&self, cx: &Context, process: ProcessState) -> BrokerView {
        let replicas = self.replicas.partitions().filter_map(|partition| {
            let replica = self.replicas.get(partition)?;
            let write_back = self.membership.image.write_back(&cx.spec, partition);
            Some(ReplicaView {
                partition,
                role: role_view(replica, self.parked.waiting_produces(partition)),
                log: replica.log.batches().clone(),
                log_start_offset: replica.log.start(),
                log_end_offset: replica.log.end(),
                high_watermark: replica.high_watermark,
                flushed: replica.log.durable(cx.now, write_back),
                epochs: replica.log.epochs().entries().to_vec(),
            })
        });
        BrokerView {
            id: self.id,
            process,
            broker_epoch: self.membership.life.broker_epoch,
            lifecycle: self.membership.life.state,
            log_dir_failed: self.replicas.disk.failed || self.replicas.is_offline,
            replicas: replicas.collect(),
        }
    }
}

fn role_view(replica: &Replica, waiting_produces: usize) -> ReplicaRole {
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
            waiting_produces,
        }),
    }
}
