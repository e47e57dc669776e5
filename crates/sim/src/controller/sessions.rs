//! When the controller looks for sessions that have ended (broker.md §6.2.3; before KRaft: broker.md §6.11).

use crate::config::{TURN, ZOOKEEPER_TICK};
use crate::time::{Duration, Time};
use crate::world::context::Context;

use super::cluster::Cluster;

/// After activation the first look at the sessions comes this much after a whole interval, as recorded.
const SESSION_CHECK_PHASE: Duration = Duration::from_millis(15);
/// The pass that has found an expired session is repeated after this (broker.md §6.2.3).
const SESSION_CHECK_AGAIN: Duration = Duration::from_millis(10);

#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    /// ZooKeeper: one of the moments at which sessions end; None before the first one has.
    tick: Option<Time>,
}

impl Sessions {
    pub fn ticks_at(&mut self, tick: Time) {
        self.tick = Some(tick);
    }

    /// How long a new controller waits before it looks for the first time.
    pub fn first_check(&self, cx: &Context, cluster: &Cluster) -> Duration {
        let on_grid = cx.spec.version.checks_sessions_on_a_grid();
        let phase = if on_grid { SESSION_CHECK_PHASE } else { Duration::ZERO };
        self.next_check(cx, cluster) + phase
    }

    /// How long it waits after it has found a session to be over.
    pub fn check_again(&self, cx: &Context, cluster: &Cluster) -> Duration {
        if cx.spec.version.checks_sessions_on_a_grid() {
            SESSION_CHECK_AGAIN
        } else {
            self.next_check(cx, cluster)
        }
    }

    /// From 4.0 sessions are looked at every eighth of a session and no more often than once a millisecond
    /// (`maybeFenceStaleBrokerPeriodNs`); before, exactly when the next one would end.
    pub fn next_check(&self, cx: &Context, cluster: &Cluster) -> Duration {
        let session = cx.spec.broker_config.broker_session_timeout;
        if cx.spec.version.checks_sessions_on_a_grid() {
            return (session / 8).max(TURN);
        }
        let Some(ends) = cluster.first_expiry(session) else { return session };
        let found = if cx.spec.version.uses_zookeeper() { self.tick_after(ends) } else { ends };
        found.since(cx.now)
    }

    /// ZooKeeper: whether a session is found to be over now. That moment is a tick.
    pub fn tick(&mut self, cx: &Context, cluster: &Cluster) -> bool {
        let first = cluster.first_expiry(cx.spec.broker_config.broker_session_timeout);
        if first.is_none_or(|end| self.tick_after(end) > cx.now) {
            return false; // a heartbeat has come since
        }
        self.tick = Some(cx.now);
        true
    }

    /// When a session that is over at `end` is found to be. Sessions end at whole ticks. Where nobody knows when
    /// ZooKeeper's clock began, the first to end does so half a tick late, which is the mean.
    fn tick_after(&self, end: Time) -> Time {
        match self.tick {
            None => end + ZOOKEEPER_TICK / 2,
            Some(tick) => tick + ZOOKEEPER_TICK * end.since(tick).nanos.div_ceil(ZOOKEEPER_TICK.nanos),
        }
    }
}
