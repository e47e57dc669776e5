//! Registrations and heartbeats, for the brokers alone: who is let in, and what each heartbeat makes of a broker
//! (broker.md §6.1, §6.2, §6.7). What follows for partitions is up to the controller.

use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerEpoch, BrokerId, HappeningId, MetadataOffset, NodeId};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{Heartbeat, Registration};
use crate::world::context::Context;

use super::cluster::{Cluster, Registered};
use super::metadata::Metadata;

/// What a heartbeat makes of a broker (BrokerControlState).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

/// A registration that was accepted.
pub(super) struct Accepted {
    pub broker_epoch: BrokerEpoch,
    /// Another incarnation than the one known before.
    pub is_new: bool,
    /// The one before stopped in order.
    pub clean: bool,
}

/// A heartbeat that counts.
pub(super) struct Contact {
    pub is_caught_up: bool,
    /// Its log directory has failed since the last one.
    pub log_dir_failed: bool,
}

impl Cluster {
    /// broker.md §6.1: accepted unless another incarnation's session is still valid. The new one starts fenced.
    pub fn register(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        request: &Registration,
    ) -> Result<Accepted, ErrorCode> {
        let broker = request.broker;
        let zookeeper = cx.spec.version.uses_zookeeper();
        let known = self.get(broker);
        let same = known.is_some_and(|known| known.incarnation == request.incarnation);
        if let Some(known) = known
            && !same
            && has_valid_session(cx, known)
        {
            let error = ErrorCode::DuplicateBrokerRegistration;
            cx.note(Fact::RegistrationRefused { broker, error });
            return Err(error);
        }
        let clean =
            known.is_none_or(|known| same || request.previous_broker_epoch == Some(known.broker_epoch));
        let seen_running = known.is_some_and(|known| known.seen_running);
        let directory_assigned = !cx.spec.version.assigns_directories()
            || known.is_none_or(|known| known.directory == request.directory && known.directory_assigned);
        let epoch = match known {
            Some(known) if same && !zookeeper => known.broker_epoch,
            _ => {
                let offset = BrokerEpoch(metadata.end().0);
                let above = known.map_or(BrokerEpoch(0), |known| known.broker_epoch.next());
                request.prescribed_epoch.unwrap_or(offset).max(above)
            }
        };
        let is_new = known.is_some() && !same;
        let noted = cx.note(Fact::BrokerRegistered { broker, broker_epoch: epoch, clean });
        cx.cause = Some(noted);
        let registered = Registered {
            id: broker,
            incarnation: request.incarnation,
            broker_epoch: epoch,
            registered_at: metadata.end(),
            fenced: !zookeeper,
            in_controlled_shutdown: false,
            log_dir_online: true,
            directory: request.directory,
            directory_assigned,
            last_contact: cx.now,
            contact: Some(noted),
            session: true,
            metadata_offset: MetadataOffset::default(),
            shutdown_offset: None,
            seen_running,
        };
        metadata.write(registered.record());
        self.keep(registered);
        Ok(Accepted { broker_epoch: epoch, is_new, clean })
    }

    /// The broker has been heard of, unless it is another than the registered one.
    pub fn contact(&mut self, cx: &Context, request: &Heartbeat) -> Result<Contact, ErrorCode> {
        let Some(broker) = self.get_mut(request.broker) else {
            return Err(ErrorCode::StaleBrokerEpoch);
        };
        // A ZooKeeper session that has ended stays ended: the broker must register anew.
        let has_ended = cx.spec.version.uses_zookeeper() && !broker.session;
        if broker.broker_epoch != request.broker_epoch || has_ended {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        broker.last_contact = cx.now;
        broker.contact = cx.cause;
        broker.session = true;
        broker.metadata_offset = request.current_metadata_offset;
        let is_caught_up = request.current_metadata_offset >= broker.registered_at;
        let log_dir_failed = request.log_dir_failed && broker.log_dir_online;
        broker.log_dir_online &= !request.log_dir_failed;
        Ok(Contact { is_caught_up, log_dir_failed })
    }

    /// BrokerHeartbeatManager.calculateNextBrokerState.
    pub fn next_state(&self, request: &Heartbeat, is_caught_up: bool, leads: bool) -> BrokerState {
        let broker = self.get(request.broker).expect("looked up by the caller");
        if broker.fenced {
            return match (request.want_shut_down, request.want_fence) {
                (true, _) => BrokerState::ShutdownNow,
                (false, false) if is_caught_up => BrokerState::Unfenced,
                (false, _) => BrokerState::Fenced,
            };
        }
        if broker.in_controlled_shutdown {
            let replayed = match (broker.shutdown_offset, self.lowest_active_offset()) {
                (Some(needed), Some(lowest)) => lowest >= needed,
                _ => true,
            };
            return if leads || !replayed {
                BrokerState::ControlledShutdown
            } else {
                BrokerState::ShutdownNow
            };
        }
        match (request.want_shut_down, request.want_fence) {
            (true, false) if leads => BrokerState::ControlledShutdown,
            (true, _) => BrokerState::ShutdownNow,
            (false, true) => BrokerState::Fenced,
            (false, false) => BrokerState::Unfenced,
        }
    }

    fn write_registration(
        &mut self,
        metadata: &mut Metadata,
        broker: BrokerId,
        change: impl FnOnce(&mut Registered),
    ) {
        let registered = self.get_mut(broker).expect("a registered broker");
        change(registered);
        metadata.write(registered.record());
    }

    /// False where nothing changes; the same below.
    pub fn fence(&mut self, cx: &mut Context, metadata: &mut Metadata, broker: BrokerId) -> bool {
        if self.get(broker).is_none_or(|known| known.fenced) {
            return false;
        }
        cx.cause = Some(cx.note(Fact::BrokerFenced { broker }));
        self.write_registration(metadata, broker, |known| known.fenced = true);
        true
    }

    pub fn unfence(&mut self, cx: &mut Context, metadata: &mut Metadata, broker: BrokerId) -> bool {
        if self.is_active(broker) {
            return false;
        }
        cx.cause = Some(cx.note(Fact::BrokerUnfenced { broker }));
        self.write_registration(metadata, broker, |known| {
            known.fenced = false;
            known.seen_running = true;
        });
        true
    }

    pub fn begin_controlled_shutdown(&mut self, cx: &mut Context, metadata: &mut Metadata, broker: BrokerId) {
        if !self.get(broker).is_some_and(|known| known.in_controlled_shutdown) {
            cx.cause = Some(cx.note(Fact::ControlledShutdownBegan { broker }));
            self.write_registration(metadata, broker, |known| known.in_controlled_shutdown = true);
        }
    }

    /// Everybody must have replayed what was written so far before it may stop.
    pub fn set_shutdown_offset(&mut self, metadata: &Metadata, broker: BrokerId) {
        let last = MetadataOffset(metadata.end().0 - 1);
        if let Some(known) = self.get_mut(broker) {
            known.shutdown_offset.get_or_insert(last);
        }
    }

    pub fn grant_controlled_shutdown(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        broker: BrokerId,
    ) -> bool {
        if self.get(broker).is_none_or(|known| known.fenced) {
            return false;
        }
        cx.cause = Some(cx.note(Fact::ControlledShutdownGranted { broker }));
        self.fence(cx, metadata, broker)
    }

    /// The session is over. What follows was caused by whatever keeps the broker from sending heartbeats, as far as
    /// that can be told, else by the last one that came.
    pub fn end_session(&mut self, cx: &mut Context, broker: BrokerId) {
        let known = self.get_mut(broker).expect("its session has just ended");
        known.session = false;
        cx.cause =
            cx.silenced_by(NodeId::Broker(broker), NodeId::Controller, known.contact).or(known.contact);
    }

    pub fn assign_directory(&mut self, broker: BrokerId) {
        if let Some(known) = self.get_mut(broker) {
            known.directory_assigned = true;
        }
    }
}

/// Before KRaft (broker.md §6.11).
impl Cluster {
    /// There is no fence here: a broker that has registered is in at once.
    pub fn session_began(&mut self, cx: &mut Context, broker: BrokerId) {
        cx.cause = Some(cx.note(Fact::BrokerUnfenced { broker }));
        if let Some(known) = self.get_mut(broker) {
            known.seen_running = true;
        }
    }

    /// Returns what was noted of it.
    pub fn session_ended(
        &mut self,
        cx: &mut Context,
        metadata: &mut Metadata,
        broker: BrokerId,
    ) -> HappeningId {
        self.end_session(cx, broker);
        let noted = cx.note(Fact::BrokerFenced { broker });
        self.write_registration(metadata, broker, |known| known.fenced = true);
        noted
    }

    /// The broker is about to stop; nobody else is told. False for one that is not registered.
    pub fn begin_leaving(&mut self, cx: &mut Context, broker: BrokerId) -> bool {
        let Some(known) = self.get_mut(broker) else { return false };
        if !std::mem::replace(&mut known.in_controlled_shutdown, true) {
            cx.cause = Some(cx.note(Fact::ControlledShutdownBegan { broker }));
        }
        true
    }
}

fn has_valid_session(cx: &Context, broker: &Registered) -> bool {
    if cx.spec.version.uses_zookeeper() {
        // The node of the old session stands in the way until ZooKeeper has found that session over.
        return broker.session;
    }
    if wrong(Mutant::QuickRestart) {
        return false;
    }
    let in_time = cx.now.since(broker.last_contact) < cx.spec.broker_config.broker_session_timeout;
    // From 4.0 neither a clean stop nor fencing ends a session.
    broker.session && in_time && (cx.spec.version.keeps_sessions_of_fenced_brokers() || !broker.fenced)
}
