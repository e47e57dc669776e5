//! The brokers as the controller knows them: registrations, sessions, and the order in which sessions end
//! (Kafka's ClusterControlManager and BrokerHeartbeatManager; broker.md §6.1, §6.2).

use crate::ids::{BrokerEpoch, BrokerId, Brokers, HappeningId, MetadataOffset};
use crate::protocol::MetadataRecord;
use crate::time::{Duration, Time};

#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub id: BrokerId,
    pub incarnation: u32,
    pub broker_epoch: BrokerEpoch,
    /// Where its registration lies in the metadata log.
    pub registered_at: MetadataOffset,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
    pub log_dir_online: bool,
    pub directory: u32,
    /// Its partitions are known to lie in this directory (KIP-858): not yet, right after the disk was replaced.
    pub directory_assigned: bool,
    /// When the session was last refreshed, and by what.
    pub last_contact: Time,
    pub contact: Option<HappeningId>,
    /// The session is watched; false once it has been found expired.
    pub session: bool,
    pub metadata_offset: MetadataOffset,
    /// Everybody must have replayed up to here before it may stop.
    pub shutdown_offset: Option<MetadataOffset>,
    /// It has been unfenced since its process first started.
    pub seen_running: bool,
}

impl Registered {
    /// Neither fenced nor about to stop.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    pub fn record(&self) -> MetadataRecord {
        MetadataRecord::BrokerRegistration {
            broker: self.id,
            broker_epoch: self.broker_epoch,
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
        }
    }

    /// Where Java's HashMap looks at it: sessions that end in the same pass end in this order (broker.md §6.2.3).
    fn hash_order(&self, table: u64) -> (u64, BrokerEpoch) {
        ((31 * u64::from(self.id.0) + self.broker_epoch.0) & (table - 1), self.broker_epoch)
    }
}

/// Ordered by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Cluster {
    brokers: Vec<Registered>,
}

impl Cluster {
    pub fn get(&self, id: BrokerId) -> Option<&Registered> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    pub fn get_mut(&mut self, id: BrokerId) -> Option<&mut Registered> {
        self.brokers.iter_mut().find(|broker| broker.id == id)
    }

    pub fn brokers(&self) -> &[Registered] {
        &self.brokers
    }

    pub fn is_active(&self, id: BrokerId) -> bool {
        self.get(id).is_some_and(Registered::is_active)
    }

    pub fn active(&self) -> Brokers {
        self.brokers.iter().filter(|broker| broker.is_active()).map(|broker| broker.id).collect()
    }

    pub fn is_acceptable_leader(&self, id: BrokerId) -> bool {
        self.get(id)
            .is_some_and(|broker| broker.is_active() && broker.log_dir_online && broker.directory_assigned)
    }

    /// ZooKeeper: its session lasts and its log directory is online.
    pub fn is_live(&self, id: BrokerId) -> bool {
        self.get(id).is_some_and(|broker| !broker.fenced && broker.log_dir_online)
    }

    /// Keeps the registration; a new incarnation starts afresh.
    pub fn keep(&mut self, new: Registered) {
        match self.get_mut(new.id) {
            Some(known) => *known = new,
            None => {
                let place = self.brokers.partition_point(|broker| broker.id < new.id);
                self.brokers.insert(place, new);
            }
        }
    }

    /// Every session counts as just refreshed: a new controller is not to blame the brokers for its own absence. One that
    /// had ended before begins again, unless ZooKeeper was the one to end it.
    pub fn touch_all(&mut self, now: Time, begin_again: bool) {
        for broker in &mut self.brokers {
            broker.last_contact = now;
            broker.session |= begin_again;
        }
    }

    /// The next broker whose session has ended, in the order of Kafka 4 (hash) or before (oldest contact first).
    pub fn next_expired(&self, now: Time, session: Duration, by_hash: bool) -> Option<BrokerId> {
        let expired = || {
            let is_over = |broker: &&Registered| {
                // Up to 3.9 only unfenced brokers were watched.
                broker.session && (by_hash || !broker.fenced) && now.since(broker.last_contact) >= session
            };
            self.brokers.iter().filter(is_over)
        };
        let found = if by_hash {
            // Sixteen buckets for up to twelve entries, and so on.
            let table = (self.brokers.len() as u64 * 4 / 3).next_power_of_two().max(16);
            expired().min_by_key(|broker| broker.hash_order(table))
        } else {
            expired().min_by_key(|broker| (broker.last_contact, broker.id))
        };
        found.map(|broker| broker.id)
    }

    /// When the first watched session of an unfenced broker will end.
    pub fn first_expiry(&self, session: Duration) -> Option<Time> {
        let watched = self.brokers.iter().filter(|broker| broker.session && !broker.fenced);
        watched.map(|broker| broker.last_contact + session).min()
    }

    /// How far the slowest active broker has replayed the metadata log; None: there is none.
    pub fn lowest_active_offset(&self) -> Option<MetadataOffset> {
        self.brokers.iter().filter(|broker| broker.is_active()).map(|broker| broker.metadata_offset).min()
    }
}
