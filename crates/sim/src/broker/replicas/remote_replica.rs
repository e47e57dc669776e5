//! What a leader knows of one follower, from nothing but the follower's fetches.

use crate::ids::{BrokerEpoch, BrokerId, Offset};
use crate::time::{Duration, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteReplica {
    pub id: BrokerId,
    /// The offset of its last fetch; None: not heard of it in this leadership.
    pub log_end_offset: Option<Offset>,
    /// None: never.
    pub last_caught_up: Option<Time>,
    /// The leader's own end when it last fetched.
    last_fetch_leader_end: Option<Offset>,
    last_fetch: Option<Time>,
    /// The high watermark that its last fetch was answered with, as far as the leader took note of it.
    pub last_sent_high_watermark: Offset,
    /// From its last fetch.
    pub broker_epoch: Option<BrokerEpoch>,
}

impl RemoteReplica {
    pub fn new(id: BrokerId, in_sync: bool, now: Time) -> RemoteReplica {
        RemoteReplica {
            id,
            log_end_offset: None,
            last_caught_up: in_sync.then_some(now),
            last_fetch_leader_end: None,
            last_fetch: None,
            last_sent_high_watermark: Offset(0),
            broker_epoch: None,
        }
    }

    /// A leader is elected again without having been anything else between: what it knows of the log ends still holds.
    pub fn reset(&mut self, epoch_start: Offset, in_sync: bool, now: Time) {
        self.last_fetch_leader_end = Some(epoch_start);
        self.last_fetch = in_sync.then_some(now);
        self.last_caught_up = in_sync.then_some(now);
    }

    /// A fetch at `offset`, read when the leader's log ended at `leader_end` (broker.md §4.4). Lag is time, not messages:
    /// a follower that has reached where the leader stood at its previous fetch was caught up then.
    pub fn fetched(
        &mut self,
        offset: Offset,
        leader_end: Offset,
        now: Time,
        broker_epoch: Option<BrokerEpoch>,
    ) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if self.last_fetch_leader_end.is_none_or(|end| offset >= end) {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end_offset = Some(offset);
        self.last_fetch_leader_end = self.last_fetch_leader_end.max(Some(leader_end));
        self.last_fetch = Some(now);
        self.broker_epoch = broker_epoch;
    }

    pub fn is_caught_up(&self, leader_end: Offset, now: Time, lag_time_max: Duration) -> bool {
        self.log_end_offset == Some(leader_end) || !self.lags(now, lag_time_max)
    }

    /// It has not been caught up for too long, wherever it is now.
    pub fn lags(&self, now: Time, lag_time_max: Duration) -> bool {
        self.last_caught_up.is_none_or(|at| now.since(at) > lag_time_max)
    }
}
