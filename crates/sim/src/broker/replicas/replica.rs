//! One replica on a broker: its log, its high watermark, and the part that the broker plays for the partition.

use crate::broker::replicas::log::Log;
use crate::broker::replicas::remote_replica::RemoteReplica;
use crate::ids::{BrokerEpoch, BrokerId, Brokers, LeaderEpoch, Offset, PartitionEpoch};
use crate::mutant::{Mutant, wrong};
use crate::time::{Duration, Time};

#[derive(Clone, Debug)]
pub struct Replica {
    pub log: Log,
    pub high_watermark: Offset,
    pub checkpoint: Checkpoint,
    pub role: Role,
    /// Of the newest state that this process has applied.
    pub leader: Option<BrokerId>,
    pub leader_epoch: Option<LeaderEpoch>,
    pub partition_epoch: Option<PartitionEpoch>,
}

#[derive(Clone, Debug)]
pub enum Role {
    /// No process, no state yet, or no disk.
    Offline,
    Leader(Leading),
    Follower,
}

/// What only the leader holds.
#[derive(Clone, Debug)]
pub struct Leading {
    /// The log's end when this leadership began.
    pub epoch_start: Offset,
    /// Committed by the controller.
    pub isr: Brokers,
    pub pending: Option<PendingIsr>,
    /// In assignment order.
    pub followers: Vec<RemoteReplica>,
}

/// An ISR that was proposed and about which the controller has not been heard (broker.md §4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingIsr {
    pub isr: Brokers,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
}

/// The high watermark as the checkpoint file has it, without a timer: the file is written at every tick, so a change
/// decides what the ticks before it wrote.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checkpoint {
    written: Offset,
    /// The number of ticks before the last change.
    ticks: u64,
}

impl Checkpoint {
    /// What the file says after `ticks` ticks, the high watermark standing at `current` since its last change.
    pub fn read(self, current: Offset, ticks: u64) -> Offset {
        if ticks > self.ticks { current } else { self.written }
    }

    /// The high watermark is about to leave `current`.
    fn changing(&mut self, current: Offset, ticks: u64) {
        self.written = self.read(current, ticks);
        self.ticks = ticks;
    }

    /// A process starts (its ticks are counted from zero) or writes the file now.
    pub fn restart(&mut self, written: Offset) {
        *self = Checkpoint { written, ticks: 0 };
    }
}

impl Default for Replica {
    /// An empty directory.
    fn default() -> Replica {
        Replica {
            log: Log::default(),
            high_watermark: Offset(0),
            checkpoint: Checkpoint::default(),
            role: Role::Offline,
            leader: None,
            leader_epoch: None,
            partition_epoch: None,
        }
    }
}

impl Replica {
    pub fn leading(&self) -> Option<&Leading> {
        match &self.role {
            Role::Leader(leading) => Some(leading),
            Role::Offline | Role::Follower => None,
        }
    }

    pub fn leading_mut(&mut self) -> Option<&mut Leading> {
        match &mut self.role {
            Role::Leader(leading) => Some(leading),
            Role::Offline | Role::Follower => None,
        }
    }

    /// Returns where it stood.
    pub fn move_high_watermark(&mut self, to: Offset, ticks: u64) -> Offset {
        self.checkpoint.changing(self.high_watermark, ticks);
        self.log.replicated(to);
        std::mem::replace(&mut self.high_watermark, to)
    }

    /// The process is gone after `ticks` ticks.
    pub fn forget(&mut self, ticks: u64) {
        self.log.forget();
        let written = self.checkpoint.read(self.high_watermark, ticks);
        self.checkpoint.restart(written);
        self.high_watermark = written;
        self.role = Role::Offline;
        self.leader = None;
        self.leader_epoch = None;
        self.partition_epoch = None;
    }
}

impl Leading {
    pub fn new(epoch_start: Offset) -> Leading {
        Leading { epoch_start, isr: Brokers::NONE, pending: None, followers: Vec::new() }
    }

    /// Every broker that is, or may already be, in the ISR: the high watermark honours them all.
    pub fn maximal_isr(&self) -> Brokers {
        self.pending.map_or(self.isr, |pending| self.isr.union(pending.isr))
    }

    pub fn follower(&self, id: BrokerId) -> Option<&RemoteReplica> {
        self.followers.iter().find(|follower| follower.id == id)
    }

    /// The least that every member of the maximal ISR and every caught-up, eligible outsider has (broker.md §4.3).
    /// None: one of them has not been heard of.
    pub fn common_end(
        &self,
        log_end: Offset,
        now: Time,
        lag_time_max: Duration,
        mut eligible: impl FnMut(&RemoteReplica) -> bool,
    ) -> Option<Offset> {
        let maximal = if wrong(Mutant::CommittedIsr) { self.isr } else { self.maximal_isr() };
        let mut common = log_end;
        for follower in &self.followers {
            let counts = maximal.contains(follower.id)
                || follower.is_caught_up(log_end, now, lag_time_max) && eligible(follower);
            if counts {
                common = common.min(follower.log_end_offset?);
            }
        }
        Some(common)
    }

    /// Members of the ISR that have not been caught up for too long. `log_end`: nobody whose log ends there is one.
    pub fn out_of_sync(&self, log_end: Option<Offset>, now: Time, lag_time_max: Duration) -> Brokers {
        let in_isr = self.followers.iter().filter(|follower| self.isr.contains(follower.id));
        let is_at_the_end =
            |follower: &RemoteReplica| log_end.is_some() && follower.log_end_offset == log_end;
        in_isr
            .filter(|follower| follower.lags(now, lag_time_max) && !is_at_the_end(follower))
            .map(|follower| follower.id)
            .collect()
    }

    /// A new assignment: who stays is remembered.
    pub fn assign(&mut self, replicas: &[BrokerId], own: BrokerId, now: Time) {
        let isr = self.isr;
        let old = std::mem::take(&mut self.followers);
        let others = replicas.iter().copied().filter(|&id| id != own);
        self.followers = others
            .map(|id| {
                let known = old.iter().find(|follower| follower.id == id).copied();
                known.unwrap_or_else(|| RemoteReplica::new(id, isr.contains(id), now))
            })
            .collect();
    }

    /// For the ISR proposal: with what epoch each member was last seen.
    pub fn epoch_of(&self, id: BrokerId) -> Option<BrokerEpoch> {
        self.follower(id).and_then(|follower| follower.broker_epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::Replica;
    use crate::ids::Offset;

    /// The file holds what the last tick found, whatever came after.
    #[test]
    fn the_checkpoint_is_as_old_as_the_last_tick() {
        let mut replica = Replica::default();
        // (ticks so far, new high watermark, what a crash would leave)
        for (ticks, moved_to, left) in [(0, 3, 0), (0, 5, 0), (1, 7, 5), (1, 8, 5), (4, 9, 8)] {
            replica.move_high_watermark(Offset(moved_to), ticks);
            assert_eq!(replica.checkpoint.read(replica.high_watermark, ticks), Offset(left));
        }
        replica.forget(5);
        assert_eq!(replica.high_watermark, Offset(9));
    }
}
