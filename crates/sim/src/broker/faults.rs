//! What befalls a broker's process and machine: kills, power, disk, and what somebody does to its files meanwhile.

use crate::broker::Broker;
use crate::broker::membership::Membership;
use crate::broker::parked::{Key, Parked};
use crate::broker::replicas::fetchers::Fetchers;
use crate::broker::server::Server;
use crate::happening::Fact;
use crate::ids::Partition;
use crate::mutant::{Mutant, wrong};
use crate::time::Duration;
use crate::view::Lifecycle;
use crate::world::context::Context;

impl Broker {
    /// kill -9: what was written is in the operating system's hands.
    pub fn kill(&mut self, cx: &mut Context) {
        self.forget(cx);
        if wrong(Mutant::KillLosesPageCache) {
            self.replicas.lose_unflushed_tails(cx, &self.membership.image);
        }
    }

    /// What had not reached the disk is gone with the rest.
    pub fn power_loss(&mut self, cx: &mut Context) {
        self.forget(cx);
        if !wrong(Mutant::PowerLossKeeps) {
            self.replicas.lose_unflushed_tails(cx, &self.membership.image);
        }
    }

    /// The process is gone.
    pub(super) fn forget(&mut self, cx: &mut Context) {
        if self.membership.life.state != Lifecycle::NotRunning {
            self.replicas.forget(cx);
        }
        self.membership = Membership::new(self.id);
        self.fetchers = Fetchers::default();
        self.server = Server::default();
        self.parked = Parked::default();
    }

    /// The log directory fails: everything on it is offline until the process starts again.
    pub fn fail_disk(&mut self, cx: &mut Context) {
        if std::mem::replace(&mut self.replicas.disk.failed, true) {
            return;
        }
        cx.cause = Some(cx.note(Fact::LogDirFailed));
        if self.membership.life.state == Lifecycle::NotRunning {
            return;
        }
        self.replicas.go_offline();
        self.fetchers.stop_all(cx);
        for partition in self.replicas.partitions() {
            self.wake(cx, Key::HighWatermark(partition));
            self.wake(cx, Key::Fetch(partition));
        }
        self.membership.report_log_dir(cx);
    }

    pub fn restore_disk(&mut self, cx: &mut Context) {
        if std::mem::replace(&mut self.replicas.disk.failed, false) {
            cx.note(Fact::LogDirRestored);
        }
    }

    pub fn slow_disk(&mut self, _cx: &mut Context, by: Duration) {
        self.replicas.disk.slowed_by = by;
    }

    /// Writes hang.
    pub fn stall_disk(&mut self, cx: &mut Context, stalled: bool) {
        self.replicas.disk.stalled = stalled;
        if stalled {
            return;
        }
        while let Some((connection, envelope)) = self.server.next_hanging(cx) {
            self.handle(cx, connection, envelope);
        }
        self.server.resume(cx, &self.replicas, &self.membership.image);
        self.fetchers.resume(cx);
    }

    /// The directory of one partition, or of all, is deleted while the process is down.
    pub fn wipe(&mut self, cx: &mut Context, partition: Option<Partition>) {
        self.replicas.wipe(cx, partition);
    }

    /// The log is cut to its first `keep` records while the process is down.
    pub fn lose_unflushed(&mut self, cx: &mut Context, partition: Partition, keep: u64) {
        self.replicas.lose_unflushed(cx, partition, keep);
    }

    pub fn slow(&mut self, _cx: &mut Context, by: Duration) {
        self.replicas.slowed_by = by;
    }
}
