//! What becomes of one partition when its ISR or its leader changes: election, eligible leader replicas, epochs.
//! Pure: from one state to the next (Kafka's PartitionChangeBuilder; broker.md §6.4 to §6.6).

use crate::ids::{BrokerId, Brokers};
use crate::mutant::{Mutant, wrong};
use crate::protocol::PartitionState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// The first replica of the assignment, if it is in sync.
    Preferred,
    /// The present leader if it may stay, else the first replica in sync.
    Online,
    /// As Online; if nobody is in sync, the first that is there at all.
    Unclean,
}

/// A change in the making.
pub(super) struct PartitionChangeBuilder<'a, F> {
    partition: &'a PartitionState,
    /// Registered, unfenced, not shutting down, its log directory online.
    is_acceptable_leader: F,
    election: Election,
    target_isr: Brokers,
    /// Restarted after an unclean stop: no longer eligible.
    unclean_shutdown: Brokers,
    /// With the feature `eligible.leader.replicas`: the effective `min.insync.replicas`.
    min_isr_for_elr: Option<usize>,
    /// The leader says that an unclean recovery is over.
    recovered: bool,
}

impl<'a, F: Fn(BrokerId) -> bool> PartitionChangeBuilder<'a, F> {
    pub fn new(partition: &'a PartitionState, is_acceptable_leader: F) -> Self {
        PartitionChangeBuilder {
            partition,
            is_acceptable_leader,
            election: Election::Online,
            target_isr: partition.isr,
            unclean_shutdown: Brokers::NONE,
            min_isr_for_elr: None,
            recovered: false,
        }
    }

    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    pub fn target_isr(mut self, isr: Brokers) -> Self {
        self.target_isr = isr;
        self
    }

    pub fn unclean_shutdown(mut self, brokers: Brokers) -> Self {
        self.unclean_shutdown = brokers;
        self
    }

    pub fn eligible_leader_replicas(mut self, min_isr: Option<usize>) -> Self {
        self.min_isr_for_elr = min_isr;
        self
    }

    pub fn recovered(mut self, recovered: bool) -> Self {
        self.recovered = recovered;
        self
    }

    /// The next state; None where nothing would change.
    pub fn build(self) -> Option<PartitionState> {
        let before = self.partition;
        let with_elr = self.min_isr_for_elr.is_some();
        let mut isr = self.target_isr;
        let mut elr = self.target_elr();
        let mut next = before.clone();
        let (leader, unclean) = self.elect(elr);
        if leader != before.leader {
            next.leader = leader;
            if !wrong(Mutant::SameEpoch) {
                next.leader_epoch = before.leader_epoch.next();
            }
            if let Some(leader) = leader {
                if unclean {
                    isr = Brokers::NONE.with(leader);
                    elr = Brokers::NONE;
                    next.recovering = true;
                } else if isr.is_empty() {
                    // A clean election from the ELR makes its winner the whole ISR.
                    isr = Brokers::NONE.with(leader);
                    elr = elr.without(leader);
                }
            }
        }
        if !isr.is_empty() || with_elr || wrong(Mutant::LastMemberLeaves) {
            next.isr = isr;
        } // else the last member stays (broker.md §6.5)
        next.elr = elr;
        if with_elr {
            if next.leader.is_some() {
                next.last_known_leader = None;
            } else if next.isr.is_empty() && !before.isr.is_empty() && before.leader.is_some() {
                next.last_known_leader = before.leader;
            }
        } else {
            next.last_known_leader = None;
        }
        next.recovering &= !self.recovered;
        if next == *before {
            return None;
        }
        next.partition_epoch = before.partition_epoch.next();
        Some(next)
    }

    /// While the ISR is below the minimum, whoever leaves it stays eligible: the high watermark stands still.
    fn target_elr(&self) -> Brokers {
        match self.min_isr_for_elr {
            _ if wrong(Mutant::ForgetsEligible) => Brokers::NONE,
            Some(min) if self.target_isr.len() < min.min(self.partition.replicas.len()) => {
                let candidates = self.partition.isr.union(self.partition.elr);
                let unclean =
                    if wrong(Mutant::UncleanStaysEligible) { Brokers::NONE } else { self.unclean_shutdown };
                candidates.minus(self.target_isr).minus(unclean)
            }
            _ => Brokers::NONE,
        }
    }

    fn elect(&self, elr: Brokers) -> (Option<BrokerId>, bool) {
        let replicas = || self.partition.replicas.iter().copied();
        let accepts = |&replica: &BrokerId| (self.is_acceptable_leader)(replica);
        let candidates = if self.target_isr.is_empty() { elr } else { self.target_isr };
        let anybody = wrong(Mutant::AnyReplicaLeads)
            || wrong(Mutant::LastMemberLeaves) && self.target_isr.is_empty() && self.partition.isr.is_empty();
        let is_valid = |replica: &BrokerId| (anybody || candidates.contains(*replica)) && accepts(replica);
        let preferred = match self.election {
            Election::Preferred => replicas().next().filter(is_valid),
            Election::Online | Election::Unclean => None,
        };
        let clean = preferred.or(self.partition.leader.filter(is_valid)).or(replicas().find(is_valid));
        if clean.is_some() {
            return (clean, false);
        }
        if self.min_isr_for_elr.is_some()
            && candidates.is_empty()
            && let Some(last_known) = self.partition.last_known_leader.filter(accepts)
        {
            return (Some(last_known), true);
        }
        match self.election {
            Election::Unclean => (replicas().find(accepts), true),
            Election::Preferred | Election::Online => (None, false),
        }
    }
}
