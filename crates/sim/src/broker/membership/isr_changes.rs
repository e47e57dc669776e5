//! ISR changes on their way to the controller: one for each partition, one request at a time (AlterPartitionManager).

use crate::broker::membership::Membership;
use crate::broker::membership::controller_link::RETRY;
use crate::broker::timer::LinkName;
use crate::error::ErrorCode;
use crate::ids::{BrokerEpoch, LeaderEpoch, Partition, PartitionEpoch};
use crate::protocol::{AlterPartition, AlterPartitionResult, Body};
use crate::world::context::Context;

#[derive(Clone, Debug, Default)]
pub struct IsrChanges {
    /// Ascending by partition; an entry stays until it is answered.
    unanswered: Vec<AlterPartition>,
    /// As many of the first entries as the request on its way holds.
    in_flight: Vec<Partition>,
}

impl IsrChanges {
    pub fn is_open(&self, partition: Partition) -> bool {
        self.unanswered.iter().any(|change| change.partition == partition)
    }

    pub fn is_empty(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// The request was not answered: all of it goes again.
    pub fn lost(&mut self) {
        self.in_flight.clear();
    }

    pub fn request(&mut self, broker_epoch: BrokerEpoch) -> Body {
        self.in_flight = self.unanswered.iter().map(|change| change.partition).collect();
        Body::AlterPartitionRequest { broker_epoch, partitions: self.unanswered.clone() }
    }

    /// Which partitions the request was about.
    pub fn take_in_flight(&mut self) -> Vec<Partition> {
        std::mem::take(&mut self.in_flight)
    }

    /// Takes out the change that this answers. None: there is none, or it stays and goes with the next request.
    pub fn answered(&mut self, answer: &AlterPartitionResult) -> Option<(LeaderEpoch, PartitionEpoch)> {
        let again = matches!(
            answer.result,
            Err(ErrorCode::NetworkException | ErrorCode::UnknownServerError | ErrorCode::NotController)
        );
        if again {
            return None;
        }
        let place = self.unanswered.iter().position(|change| change.partition == answer.partition)?;
        let change = self.unanswered.remove(place);
        Some((change.leader_epoch, change.partition_epoch))
    }
}

impl Membership {
    /// A leader proposes another ISR.
    pub fn propose(&mut self, cx: &mut Context, change: AlterPartition) {
        let unanswered = &mut self.isr_changes.unanswered;
        let place = unanswered.partition_point(|other| other.partition < change.partition);
        unanswered.insert(place, change);
        self.link_wants(cx, LinkName::Requests);
    }

    /// What has not been decided is proposed again.
    pub fn propose_again(&mut self, cx: &mut Context) {
        if !self.isr_changes.is_empty() {
            self.retry_link(cx, LinkName::Requests, RETRY);
        }
    }
}
