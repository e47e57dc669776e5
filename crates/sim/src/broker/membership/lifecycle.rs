//! A broker's life with the controller: registration, heartbeats, being unfenced, controlled shutdown.

use crate::broker::membership::image::Image;
use crate::broker::membership::{Membership, Next};
use crate::broker::replicas::{Disk, Replicas};
use crate::broker::timer::BrokerTimer;
use crate::broker::timer::LinkName;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, BrokerId, MetadataOffset};
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
/// `log.dir.failure.timeout.ms`.
const LOG_DIR_FAILURE_TIMEOUT: Duration = Duration::from_secs(30);
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
    started: Time,
    /// Processes started so far, this one included.
    incarnation: u32,
    pub broker_epoch: Option<BrokerEpoch>,
    /// From the clean-shutdown file.
    previous_broker_epoch: Option<BrokerEpoch>,
    /// The log directory's id.
    directory: u32,
    log_dir: LogDir,
    first_attempt: Option<Time>,
    failures: u32,
    /// Logs are loaded: asks to be unfenced.
    is_ready: bool,
    /// When the next request to the controller is due. None: it is, or one is on its way.
    next_beat: Option<Time>,
    /// Due, and not yet sent.
    pub(super) beat_is_due: bool,
    shutdown_beats: u32,
}

/// The log directory, as the controller is to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogDir {
    Online,
    Failed,
    /// The controller knows that it has failed.
    Reported,
}

impl Default for Life {
    fn default() -> Life {
        Life {
            state: Lifecycle::NotRunning,
            boot: Boot::default(),
            started: Time::ZERO,
            incarnation: 0,
            broker_epoch: None,
            previous_broker_epoch: None,
            directory: 0,
            log_dir: LogDir::Online,
            first_attempt: None,
            failures: 0,
            is_ready: false,
            next_beat: None,
            beat_is_due: false,
            shutdown_beats: 0,
        }
    }
}

impl Life {
    /// The process ends if its failed log directory could not be reported …
    pub fn give_up_reporting(&self) -> Next {
        if self.log_dir == LogDir::Failed { Next::End } else { Next::GoOn }
    }

    /// … or if it could not be registered.
    pub fn give_up_registering(&self) -> Next {
        if self.broker_epoch.is_none() { Next::End } else { Next::GoOn }
    }

    /// The next thing to tell the controller by this link.
    pub(super) fn request(&mut self, cx: &Context, broker: BrokerId, image: &Image) -> Option<Body> {
        if !std::mem::take(&mut self.beat_is_due) {
            return None;
        }
        let Some(broker_epoch) = self.broker_epoch else {
            return Some(Body::BrokerRegistrationRequest(Registration {
                broker,
                incarnation: self.incarnation,
                previous_broker_epoch: self.previous_broker_epoch,
                directory: self.directory,
                prescribed_epoch: self.boot.broker_epoch,
            }));
        };
        let shuts_down = self.state == Lifecycle::PendingControlledShutdown;
        if shuts_down && cx.spec.version.uses_zookeeper() {
            return Some(Body::ControlledShutdownRequest { broker_epoch });
        }
        Some(Body::BrokerHeartbeatRequest(Heartbeat {
            broker,
            broker_epoch,
            current_metadata_offset: MetadataOffset(image.next.0.saturating_sub(1)),
            want_fence: !self.is_ready,
            want_shut_down: shuts_down,
            log_dir_failed: self.log_dir != LogDir::Online,
        }))
    }

    fn schedule_beat(&mut self, cx: &mut Context, after: Duration) {
        self.next_beat = Some(cx.now + after);
        cx.set_timer(after, Timer::Broker(BrokerTimer::Beat));
    }

    /// After an answer: the next one at its time, unless something has made it due already.
    fn schedule_next_beat(&mut self, cx: &mut Context, after: Duration) {
        if !self.beat_is_due {
            self.schedule_beat(cx, after);
        }
    }

    /// Refused or unanswered: again at the pace of broker.md §6.1.2.
    pub(super) fn communication_failed(&mut self, cx: &mut Context) {
        let config = &cx.spec.broker_config;
        let pause = if cx.spec.version.retries_registration_steadily() {
            config.broker_heartbeat_interval
        } else {
            (FIRST_BACKOFF * (1 << self.failures.min(16))).min(config.broker_session_timeout)
        };
        self.failures += 1;
        self.schedule_next_beat(cx, pause);
    }

    pub fn is_stopping(&self) -> bool {
        matches!(self.state, Lifecycle::PendingControlledShutdown | Lifecycle::ShuttingDown)
    }

    pub fn shutdown_patience_ends(&self) -> Next {
        if self.state == Lifecycle::PendingControlledShutdown { Next::ShutDown } else { Next::GoOn }
    }
}

impl Membership {
    pub fn start(&mut self, cx: &mut Context, incarnation: u32, disk: &Disk, boot: Boot) {
        self.life = Life {
            state: Lifecycle::Starting,
            boot,
            started: cx.now,
            incarnation,
            previous_broker_epoch: disk.clean_shutdown,
            directory: disk.directory,
            log_dir: if disk.failed { LogDir::Failed } else { LogDir::Online },
            ..Life::default()
        };
        let after = boot.registers_after.unwrap_or(cx.spec.costs.broker_boot);
        cx.set_timer(after, Timer::Broker(BrokerTimer::Register));
    }

    /// The process has come up so far that it asks to be registered.
    pub fn begin_registering(&mut self, cx: &mut Context, replicas: &mut Replicas) {
        self.life.first_attempt = Some(cx.now);
        cx.set_timer(REGISTRATION_TIMEOUT, Timer::Broker(BrokerTimer::GiveUpRegistering));
        if cx.spec.version.uses_zookeeper() {
            // Logs are loaded before the broker shows itself.
            replicas.load_logs(cx);
        } else {
            self.link_wants(cx, LinkName::Feed);
        }
        self.beat_now(cx);
    }

    /// The log directory has failed: the controller is to know.
    pub fn report_log_dir(&mut self, cx: &mut Context) {
        if self.life.log_dir == LogDir::Online {
            self.life.log_dir = LogDir::Failed;
        }
        if self.life.broker_epoch.is_some() {
            self.beat_now(cx);
        }
        if cx.spec.version.ends_with_an_unreported_disk() {
            cx.set_timer(LOG_DIR_FAILURE_TIMEOUT, Timer::Broker(BrokerTimer::GiveUpReporting));
        }
    }

    pub fn beat(&mut self, cx: &mut Context) {
        if self.life.next_beat.is_some_and(|at| at <= cx.now) {
            self.beat_now(cx);
        }
    }

    /// At once, or right behind the request that is on its way.
    fn beat_now(&mut self, cx: &mut Context) {
        self.life.next_beat = None;
        self.life.beat_is_due = true;
        self.link_wants(cx, LinkName::Lifecycle);
    }

    pub fn on_registered(&mut self, cx: &mut Context, result: Result<BrokerEpoch, ErrorCode>) {
        let Ok(broker_epoch) = result else { return self.life.communication_failed(cx) };
        self.life.broker_epoch = Some(broker_epoch);
        self.life.failures = 0;
        if !self.isr_changes.is_empty() {
            // Proposed in an earlier registration, and held back without one.
            self.link_wants(cx, LinkName::Requests);
        }
        if !cx.spec.version.uses_zookeeper() {
            return self.beat_now(cx);
        }
        let life = &mut self.life;
        life.is_ready = true;
        if life.state == Lifecycle::Starting {
            life.state = Lifecycle::Running;
            // Not earlier: as long as its old life's session lasts, nobody may take this one for it.
            cx.listen(true);
            schedule_isr_check(cx);
        }
        // ZooKeeper sessions are pinged each at its own pace, whenever their processes came up.
        let first_ping = match self.life.boot.ready_after {
            Some(after) => (self.life.started + after).since(cx.now),
            None => cx.draw(Stream::Jitter, Duration::ZERO, heartbeat_interval(cx)),
        };
        self.life.schedule_beat(cx, first_ping);
    }

    pub fn on_heartbeat_answer(&mut self, cx: &mut Context, answer: &HeartbeatAnswer) -> Next {
        if answer.error.is_some() {
            if cx.spec.version.uses_zookeeper() {
                // The session is over: the broker puts itself back in place.
                self.life.broker_epoch = None;
            }
            self.life.communication_failed(cx);
            return Next::GoOn;
        }
        self.life.failures = 0;
        if self.life.log_dir == LogDir::Failed {
            self.life.log_dir = LogDir::Reported;
        }
        let interval = heartbeat_interval(cx);
        match self.life.state {
            Lifecycle::Starting => {
                if answer.is_caught_up {
                    self.life.state = Lifecycle::Recovery;
                    return Next::Recover;
                }
                self.life.schedule_next_beat(cx, CATCHING_UP);
            }
            Lifecycle::Recovery => {
                if !answer.is_fenced {
                    self.life.state = Lifecycle::Running;
                    cx.listen(true);
                }
                self.life.schedule_next_beat(cx, interval);
            }
            Lifecycle::Running => self.life.schedule_next_beat(cx, interval),
            Lifecycle::PendingControlledShutdown => {
                if answer.should_shut_down {
                    return Next::ShutDown;
                }
                self.life.shutdown_beats += 1;
                let first = self.life.shutdown_beats == 1;
                self.life.schedule_next_beat(cx, if first { SECOND_SHUTDOWN_BEAT } else { interval });
            }
            Lifecycle::ShuttingDown | Lifecycle::NotRunning => {}
        }
        Next::GoOn
    }

    /// KRaft: logs are opened, roles taken, fetchers started. `scan`: how long the logs take.
    pub fn recovered(&mut self, cx: &mut Context, scan: Duration) {
        let life = &self.life;
        let ready_at = match life.boot.ready_after {
            Some(after) => life.started + after,
            None => life.first_attempt.expect("it is registered") + START_UP,
        };
        let ready_at = ready_at.max(cx.now + scan);
        cx.set_timer_at(ready_at, Timer::Broker(BrokerTimer::Ready));
        if let Some(interval) = cx.spec.broker_config.isr_check_interval() {
            let first_check = (ready_at + interval).since(cx.now).saturating_sub(REPLICA_MANAGER_LEAD);
            cx.set_timer(first_check, Timer::Broker(BrokerTimer::ShrinkIsrs));
        }
        self.life.schedule_next_beat(cx, CATCHING_UP);
    }

    pub fn ready(&mut self, cx: &mut Context) {
        self.life.is_ready = true;
        if self.life.state == Lifecycle::Recovery {
            self.beat_now(cx);
        }
    }

    /// SIGTERM.
    pub fn stop(&mut self, cx: &mut Context) -> Next {
        let enabled = cx.spec.broker_config.controlled_shutdown_enable;
        match self.life.state {
            Lifecycle::Running if enabled => {
                self.life.state = Lifecycle::PendingControlledShutdown;
                cx.set_timer(SHUTDOWN_PATIENCE, Timer::Broker(BrokerTimer::ShutdownPatience));
                self.beat_now(cx);
                Next::GoOn
            }
            Lifecycle::Starting | Lifecycle::Recovery | Lifecycle::Running => Next::ShutDown,
            Lifecycle::PendingControlledShutdown | Lifecycle::ShuttingDown | Lifecycle::NotRunning => {
                Next::GoOn
            }
        }
    }

    /// ZooKeeper mode: so many partitions are still led here.
    pub fn on_controlled_shutdown_answer(&mut self, cx: &mut Context, remaining: u32) -> Next {
        self.life.shutdown_beats += 1;
        if remaining == 0 || self.life.shutdown_beats >= SHUTDOWN_TRIES {
            return Next::ShutDown;
        }
        self.life.schedule_next_beat(cx, SHUTDOWN_RETRY);
        Next::GoOn
    }

    /// What remains is to write everything down.
    pub fn begin_shutdown(&mut self, cx: &mut Context) {
        self.life.state = Lifecycle::ShuttingDown;
        self.life.next_beat = None;
        self.life.beat_is_due = false;
        self.producer_ids.clear();
        let closing = cx.draw(Stream::Jitter, CLOSING.0, CLOSING.1);
        cx.set_timer(closing, Timer::Broker(BrokerTimer::Closed));
    }
}

/// The ISR check runs from the start of the replica manager on.
pub fn schedule_isr_check(cx: &mut Context) {
    if let Some(interval) = cx.spec.broker_config.isr_check_interval() {
        cx.set_timer(interval, Timer::Broker(BrokerTimer::ShrinkIsrs));
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
