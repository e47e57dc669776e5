//! A broker's life with the controller: registration, heartbeats, being unfenced, controlled shutdown; and what a
//! process does when it starts and when it ends in good order.

use crate::broker::membership::controller_link::LinkName;
use crate::broker::{Broker, BrokerTimer, Memory};
use crate::error::ErrorCode;
use crate::happening::{Disconnect, Fact};
use crate::ids::{BrokerEpoch, MetadataOffset, Partition};
use crate::protocol::{Body, Heartbeat, HeartbeatAnswer, Registration};
use crate::rng::Stream;
use crate::script::Boot;
use crate::time::{Duration, Time};
use crate::view::Lifecycle;
use crate::world::context::Context;
use crate::world::queue::Timer;

/// How late heartbeats come: 3.6 ms each were recorded over 28 of them with 3.9.1, where a session's end is seen to the
/// millisecond.
const HEARTBEAT_TURN: Duration = Duration::from_micros(3_600);
/// Between heartbeats until the broker has replayed its own registration.
const CATCHING_UP: Duration = Duration::from_millis(10);
/// The second heartbeat of a controlled shutdown comes early.
const SECOND_SHUTDOWN_BEAT: Duration = Duration::from_millis(50);
/// From the first registration attempt until everything else in the process is up: 0.25 to 0.37 s between registration
/// and unfencing were seen after a fresh start, 0.05 to 0.09 s when the process had been waiting to be let in.
const START_UP: Duration = Duration::from_millis(220);
/// The replica manager is started so long before that (recorded: 30 to 130 ms).
const REPLICA_MANAGER_LEAD: Duration = Duration::from_millis(70);
/// `initial.broker.registration.timeout.ms`: then the process gives up.
const REGISTRATION_TIMEOUT: Duration = Duration::from_secs(60);
/// A controlled shutdown that gets no permission ends after this long.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(300);
/// From the permission to the end of the process.
const CLOSING: (Duration, Duration) = (Duration::from_millis(250), Duration::from_millis(400));
/// Backoff of failed heartbeats and registrations before 4.1.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// ZooKeeper mode: `controlled.shutdown.max.retries` and `.retry.backoff.ms`.
const SHUTDOWN_TRIES: u32 = 3;
const SHUTDOWN_RETRY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Life {
    pub state: Lifecycle,
    boot: Boot,
    pub broker_epoch: Option<BrokerEpoch>,
    /// From the clean-shutdown file.
    previous_broker_epoch: Option<BrokerEpoch>,
    first_attempt: Option<Time>,
    failures: u32,
    /// Logs are loaded: asks to be unfenced.
    is_ready: bool,
    /// When the next request to the controller is due. None: it is, or one is on its way.
    next_beat: Option<Time>,
    /// Due, and not yet sent.
    pub beat_is_due: bool,
    shutdown_beats: u32,
}

impl Default for Life {
    fn default() -> Life {
        Life {
            state: Lifecycle::NotRunning,
            boot: Boot::default(),
            broker_epoch: None,
            previous_broker_epoch: None,
            first_attempt: None,
            failures: 0,
            is_ready: false,
            next_beat: None,
            beat_is_due: false,
            shutdown_beats: 0,
        }
    }
}

impl Broker {
    pub fn start(&mut self, cx: &mut Context, boot: Boot) {
        self.memory = Memory::new(&cx.spec);
        self.starts += 1;
        self.memory.started = cx.now;
        self.memory.log_dir_failed = self.disk.failed;
        for replica in self.replicas.iter_mut().flatten() {
            replica.checkpoint.restart(replica.high_watermark);
        }
        self.memory.life = Life {
            state: Lifecycle::Starting,
            boot,
            previous_broker_epoch: self.disk.clean_shutdown,
            ..Life::default()
        };
        let after = boot.registers_after.unwrap_or(cx.spec.costs.broker_boot);
        cx.set_timer(after, Timer::Broker(BrokerTimer::Register));
    }

    /// The process has come up so far that it asks to be registered.
    pub(in crate::broker) fn begin_registering(&mut self, cx: &mut Context) {
        self.memory.life.first_attempt = Some(cx.now);
        cx.set_timer(REGISTRATION_TIMEOUT, Timer::Broker(BrokerTimer::GiveUpRegistering));
        if cx.spec.version.uses_zookeeper() {
            // Logs are loaded before the broker shows itself.
            self.load_logs(cx);
        } else {
            self.link_wants(cx, LinkName::Feed);
        }
        self.beat_now(cx);
    }

    /// The failed log directory could not be reported: the process ends.
    pub(in crate::broker) fn give_up_reporting(&mut self, cx: &mut Context) {
        if self.memory.log_dir_failed && !self.memory.log_dir_reported {
            self.end(cx);
        }
    }

    pub(in crate::broker) fn give_up_registering(&mut self, cx: &mut Context) {
        if self.memory.life.broker_epoch.is_none() {
            self.end(cx);
        }
    }

    /// The next thing to tell the controller by this link.
    pub(in crate::broker) fn lifecycle_request(&mut self, cx: &Context) -> Option<Body> {
        let log_dir_failed = self.memory.log_dir_failed;
        let applied = MetadataOffset(self.memory.image.next.0.saturating_sub(1));
        let life = &mut self.memory.life;
        if !std::mem::take(&mut life.beat_is_due) {
            return None;
        }
        let Some(broker_epoch) = life.broker_epoch else {
            return Some(Body::BrokerRegistrationRequest(Registration {
                broker: self.id,
                incarnation: self.starts,
                previous_broker_epoch: life.previous_broker_epoch,
                directory: self.disk.directory,
                prescribed_epoch: life.boot.broker_epoch,
            }));
        };
        let shuts_down = life.state == Lifecycle::PendingControlledShutdown;
        if shuts_down && cx.spec.version.uses_zookeeper() {
            return Some(Body::ControlledShutdownRequest { broker_epoch });
        }
        Some(Body::BrokerHeartbeatRequest(Heartbeat {
            broker: self.id,
            broker_epoch,
            current_metadata_offset: applied,
            want_fence: !life.is_ready,
            want_shut_down: shuts_down,
            log_dir_failed,
        }))
    }

    fn schedule_beat(&mut self, cx: &mut Context, after: Duration) {
        self.memory.life.next_beat = Some(cx.now + after);
        cx.set_timer(after, Timer::Broker(BrokerTimer::Beat));
    }

    pub(in crate::broker) fn beat(&mut self, cx: &mut Context) {
        if self.memory.life.next_beat.is_some_and(|at| at <= cx.now) {
            self.beat_now(cx);
        }
    }

    /// At once, or right behind the request that is on its way.
    pub(in crate::broker) fn beat_now(&mut self, cx: &mut Context) {
        self.memory.life.next_beat = None;
        self.memory.life.beat_is_due = true;
        self.link_wants(cx, LinkName::Lifecycle);
    }

    /// After an answer: the next one at its time, unless something has made it due already.
    fn schedule_next_beat(&mut self, cx: &mut Context, after: Duration) {
        if !self.memory.life.beat_is_due {
            self.schedule_beat(cx, after);
        }
    }

    /// Refused or unanswered: again at the pace of broker.md §6.1.2.
    pub(in crate::broker) fn communication_failed(&mut self, cx: &mut Context) {
        let config = &cx.spec.broker_config;
        let life = &mut self.memory.life;
        let pause = if cx.spec.version.retries_registration_steadily() {
            config.broker_heartbeat_interval
        } else {
            (FIRST_BACKOFF * (1 << life.failures.min(16))).min(config.broker_session_timeout)
        };
        life.failures += 1;
        self.schedule_next_beat(cx, pause);
    }

    pub(in crate::broker) fn on_registered(
        &mut self,
        cx: &mut Context,
        result: Result<BrokerEpoch, ErrorCode>,
    ) {
        let Ok(broker_epoch) = result else { return self.communication_failed(cx) };
        let life = &mut self.memory.life;
        life.broker_epoch = Some(broker_epoch);
        life.failures = 0;
        if !self.memory.isr_changes.is_empty() {
            // Proposed in an earlier registration, and held back without one.
            self.link_wants(cx, LinkName::Requests);
        }
        let life = &mut self.memory.life;
        if cx.spec.version.uses_zookeeper() {
            life.is_ready = true;
            if life.state == Lifecycle::Starting {
                life.state = Lifecycle::Running;
                // Not earlier: as long as its old life's session lasts, nobody may take this one for it.
                cx.listen(true);
                self.schedule_isr_check(cx);
            }
            // ZooKeeper sessions are pinged each at its own pace, whenever their processes came up.
            let first_ping = match self.memory.life.boot.ready_after {
                Some(after) => (self.memory.started + after).since(cx.now),
                None => cx.draw(Stream::Jitter, Duration::ZERO, heartbeat_interval(cx)),
            };
            return self.schedule_beat(cx, first_ping);
        }
        self.beat_now(cx);
    }

    pub(in crate::broker) fn on_heartbeat_answer(&mut self, cx: &mut Context, answer: &HeartbeatAnswer) {
        if answer.error.is_some() {
            if cx.spec.version.uses_zookeeper() {
                // The session is over: the broker puts itself back in place.
                self.memory.life.broker_epoch = None;
            }
            return self.communication_failed(cx);
        }
        self.memory.life.failures = 0;
        self.memory.log_dir_reported |= self.memory.log_dir_failed;
        let interval = heartbeat_interval(cx);
        match self.memory.life.state {
            Lifecycle::Starting => {
                if answer.is_caught_up {
                    self.memory.life.state = Lifecycle::Recovery;
                    self.recover(cx);
                }
                self.schedule_next_beat(cx, CATCHING_UP);
            }
            Lifecycle::Recovery => {
                if !answer.is_fenced {
                    self.memory.life.state = Lifecycle::Running;
                    cx.listen(true);
                }
                self.schedule_next_beat(cx, interval);
            }
            Lifecycle::Running => self.schedule_next_beat(cx, interval),
            Lifecycle::PendingControlledShutdown => {
                if answer.should_shut_down {
                    return self.begin_shutdown(cx);
                }
                self.memory.life.shutdown_beats += 1;
                let first = self.memory.life.shutdown_beats == 1;
                self.schedule_next_beat(cx, if first { SECOND_SHUTDOWN_BEAT } else { interval });
            }
            Lifecycle::ShuttingDown | Lifecycle::NotRunning => {}
        }
    }

    /// KRaft: the broker knows the cluster up to its own registration. Logs are opened, roles taken, fetchers started.
    fn recover(&mut self, cx: &mut Context) {
        let scan = self.load_logs(cx);
        self.memory.is_published = true;
        let partitions: Vec<Partition> =
            self.memory.image.partitions().map(|(partition, _)| partition).collect();
        for partition in partitions {
            self.apply_partition(cx, partition);
        }
        let life = &self.memory.life;
        let ready_at = match life.boot.ready_after {
            Some(after) => self.memory.started + after,
            None => life.first_attempt.expect("it is registered") + START_UP,
        };
        let ready_at = ready_at.max(cx.now + scan);
        cx.set_timer_at(ready_at, Timer::Broker(BrokerTimer::Ready));
        if let Some(interval) = cx.spec.broker_config.isr_check_interval() {
            let first_check = (ready_at + interval).since(cx.now).saturating_sub(REPLICA_MANAGER_LEAD);
            cx.set_timer(first_check, Timer::Broker(BrokerTimer::ShrinkIsrs));
        }
    }

    /// The ISR check runs from the start of the replica manager on.
    pub(in crate::broker) fn schedule_isr_check(&mut self, cx: &mut Context) {
        if let Some(interval) = cx.spec.broker_config.isr_check_interval() {
            cx.set_timer(interval, Timer::Broker(BrokerTimer::ShrinkIsrs));
        }
    }

    pub(in crate::broker) fn ready(&mut self, cx: &mut Context) {
        self.memory.life.is_ready = true;
        if self.memory.life.state == Lifecycle::Recovery {
            self.beat_now(cx);
        }
    }

    /// What the disk holds becomes the process's. After anything but a clean stop, logs are scanned from where they were
    /// last flushed. Returns how long that takes.
    fn load_logs(&mut self, cx: &mut Context) -> Duration {
        let mut scan = Duration::ZERO;
        let clean = self.disk.clean_shutdown.take().is_some();
        let version = cx.spec.version;
        for (partition, replica) in (0..).map(Partition).zip(&mut self.replicas) {
            let Some(replica) = replica else { continue };
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

    /// SIGTERM.
    pub fn stop(&mut self, cx: &mut Context) {
        let enabled = cx.spec.broker_config.controlled_shutdown_enable;
        match self.memory.life.state {
            Lifecycle::Running if enabled => {
                self.memory.life.state = Lifecycle::PendingControlledShutdown;
                cx.set_timer(SHUTDOWN_PATIENCE, Timer::Broker(BrokerTimer::ShutdownPatience));
                self.beat_now(cx);
            }
            Lifecycle::Starting | Lifecycle::Recovery | Lifecycle::Running => self.begin_shutdown(cx),
            Lifecycle::PendingControlledShutdown | Lifecycle::ShuttingDown | Lifecycle::NotRunning => {}
        }
    }

    /// On its way out: whoever wants it started must wait until it is gone.
    pub fn is_stopping(&self) -> bool {
        matches!(self.memory.life.state, Lifecycle::PendingControlledShutdown | Lifecycle::ShuttingDown)
    }

    /// ZooKeeper mode: so many partitions are still led here.
    pub(in crate::broker) fn on_controlled_shutdown_answer(&mut self, cx: &mut Context, remaining: u32) {
        self.memory.life.shutdown_beats += 1;
        if remaining == 0 || self.memory.life.shutdown_beats >= SHUTDOWN_TRIES {
            self.begin_shutdown(cx);
        } else {
            self.schedule_next_beat(cx, SHUTDOWN_RETRY);
        }
    }

    pub(in crate::broker) fn shutdown_patience_ends(&mut self, cx: &mut Context) {
        if self.memory.life.state == Lifecycle::PendingControlledShutdown {
            self.begin_shutdown(cx);
        }
    }

    /// Serves nobody any more; what remains is to write everything down.
    fn begin_shutdown(&mut self, cx: &mut Context) {
        self.memory.life.state = Lifecycle::ShuttingDown;
        self.memory.life.next_beat = None;
        self.memory.life.beat_is_due = false;
        cx.listen(false);
        for connection in self.memory.server.connections() {
            self.hang_up(cx, connection, Disconnect::Closed);
        }
        let closing = cx.draw(Stream::Jitter, CLOSING.0, CLOSING.1);
        cx.set_timer(closing, Timer::Broker(BrokerTimer::Closed));
    }

    /// Exact high watermarks, everything flushed, the clean-shutdown file: the process ends.
    pub(in crate::broker) fn closed(&mut self, cx: &mut Context) {
        let version = cx.spec.version;
        let loaded = self.memory.is_published || version.uses_zookeeper();
        if loaded && !self.disk.failed {
            for (partition, replica) in (0..).map(Partition).zip(&mut self.replicas) {
                let Some(replica) = replica else { continue };
                if replica.log.unflushed() > 0 {
                    cx.note(Fact::Flushed { partition, to: replica.log.end() });
                }
                replica.checkpoint.restart(replica.high_watermark);
                replica.log.close(version);
            }
            self.disk.clean_shutdown = Some(self.memory.life.broker_epoch.unwrap_or_default());
        }
        self.end(cx);
    }

    /// The process ends by itself.
    fn end(&mut self, cx: &mut Context) {
        self.forget(cx);
        cx.exit();
    }
}

/// A ZooKeeper client pings three times a session.
fn heartbeat_interval(cx: &Context) -> Duration {
    let config = &cx.spec.broker_config;
    if cx.spec.version.uses_zookeeper() {
        config.broker_session_timeout / 3
    } else if cx.spec.version.heartbeats_come_late() {
        config.broker_heartbeat_interval + HEARTBEAT_TURN
    } else {
        config.broker_heartbeat_interval
    }
}
