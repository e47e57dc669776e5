//! Where the consumer stands in each partition, and in which state: waiting for a reset, for validation, or fetching
//! (SubscriptionState; consumer-and-transactions.md §2.4 to §2.6).

use crate::happening::Reset;
use crate::ids::{BrokerId, LeaderEpoch, Offset, Partition};
use crate::protocol::ListOffsetAt;
use crate::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchState {
    /// The log must be asked where to begin.
    AwaitReset {
        at: ListOffsetAt,
        because: Reset,
    },
    /// The leader has changed: does it have what was read?
    AwaitValidation,
    Fetching,
    /// Every poll throws until the application seeks.
    Failed,
}

#[derive(Clone, Debug)]
pub(super) struct Position {
    pub partition: Partition,
    pub state: FetchState,
    /// The next offset that the application will be given.
    pub offset: Option<Offset>,
    /// The epoch of the last record that it was given.
    pub offset_epoch: Option<LeaderEpoch>,
    /// Whom to fetch from.
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    /// Not to be asked for before.
    pub retry_at: Time,
}

impl Position {
    pub fn new(partition: Partition, state: FetchState) -> Position {
        Position {
            partition,
            state,
            offset: None,
            offset_epoch: None,
            leader: None,
            leader_epoch: LeaderEpoch::default(),
            retry_at: Time::ZERO,
        }
    }

    /// Metadata names a leader, with its epoch from 2.1 on; an older epoch than the known one is not believed.
    pub fn learn(&mut self, leader: BrokerId, leader_epoch: Option<LeaderEpoch>) {
        let has_epochs = leader_epoch.is_some();
        let leader_epoch = leader_epoch.unwrap_or_default();
        let is_known = (self.leader, self.leader_epoch) == (Some(leader), leader_epoch);
        let is_older = self.leader.is_some() && leader_epoch < self.leader_epoch;
        if is_known || is_older {
            return;
        }
        (self.leader, self.leader_epoch) = (Some(leader), leader_epoch);
        self.retry_at = Time::ZERO;
        if self.state == FetchState::Fetching && has_epochs && self.offset_epoch.is_some() {
            self.state = FetchState::AwaitValidation;
        }
    }

    /// From here on it is read at this place, whose epoch may be known.
    pub fn seek(&mut self, offset: Offset, epoch: Option<LeaderEpoch>) {
        self.offset = Some(offset);
        self.offset_epoch = epoch;
        self.state = FetchState::Fetching;
        self.retry_at = Time::ZERO;
    }
}
