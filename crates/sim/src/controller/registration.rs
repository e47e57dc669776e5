//! Registrations, heartbeats, sessions: how brokers come and go (broker.md §6.1, §6.2, §6.7).

use crate::error::ErrorCode;
use crate::happening::{ChangeReason, Fact};
use crate::ids::{BrokerEpoch, BrokerId, MetadataOffset, NodeId};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{Heartbeat, HeartbeatAnswer, Registration};
use crate::world::context::Context;

use super::Controller;
use super::cluster::Registered;
use super::timer::Due;

/// What a heartbeat makes of a broker (BrokerControlState).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrokerState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl Controller {
    /// broker.md §6.1: accepted unless another incarnation's session is still valid. The new one starts fenced.
    pub(super) fn register(
        &mut self,
        cx: &mut Context,
        request: &Registration,
    ) -> Result<BrokerEpoch, ErrorCode> {
        let broker = request.broker;
        let zookeeper = cx.spec.version.uses_zookeeper();
        if !zookeeper && !cx.spec.version.checks_sessions_on_a_grid() {
            // What is due goes before what has arrived, even where the controller was stopped meanwhile (KafkaEventQueue).
            self.fence_if_expired(cx, broker);
        }
        let known = self.cluster.get(broker);
        let same = known.is_some_and(|known| known.incarnation == request.incarnation);
        if let Some(known) = known
            && !same
            && self.has_valid_session(cx, known)
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
                let offset = BrokerEpoch(self.metadata.end().0);
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
            registered_at: self.metadata.end(),
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
        let record = registered.record();
        self.cluster.register(request, registered);
        self.metadata.write(record);
        if zookeeper {
            self.zookeeper_broker_started(cx, broker);
        } else if is_new && cx.spec.version.notices_restarts() {
            self.broker_restarted(cx, broker, clean);
        }
        Ok(epoch)
    }

    fn has_valid_session(&self, cx: &Context, broker: &Registered) -> bool {
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

    pub(super) fn heartbeat(
        &mut self,
        cx: &mut Context,
        request: &Heartbeat,
        refuse: Option<ErrorCode>,
    ) -> HeartbeatAnswer {
        let refused = |error| HeartbeatAnswer {
            error: Some(error),
            is_caught_up: false,
            is_fenced: true,
            should_shut_down: false,
        };
        if let Some(error) = refuse {
            return refused(error);
        }
        let zookeeper = cx.spec.version.uses_zookeeper();
        let Some(broker) = self.cluster.get_mut(request.broker) else {
            return refused(ErrorCode::StaleBrokerEpoch);
        };
        // A ZooKeeper session that has ended stays ended: the broker must register anew.
        if broker.broker_epoch != request.broker_epoch || zookeeper && !broker.session {
            return refused(ErrorCode::StaleBrokerEpoch);
        }
        broker.last_contact = cx.now;
        broker.contact = cx.cause;
        broker.session = true;
        broker.metadata_offset = request.current_metadata_offset;
        let is_caught_up = request.current_metadata_offset >= broker.registered_at;
        if request.log_dir_failed && broker.log_dir_online {
            broker.log_dir_online = false;
            self.log_dir_failed(cx, request.broker);
        }
        if zookeeper {
            return HeartbeatAnswer {
                error: None,
                is_caught_up: true,
                is_fenced: false,
                should_shut_down: false,
            };
        }
        let next = self.next_state(request, is_caught_up);
        match next {
            BrokerState::Fenced => self.fence(cx, request.broker),
            BrokerState::Unfenced => self.unfence(cx, request.broker),
            BrokerState::ControlledShutdown => self.begin_controlled_shutdown(cx, request.broker),
            BrokerState::ShutdownNow => self.grant_controlled_shutdown(cx, request.broker),
        }
        let broker = self.cluster.get_mut(request.broker).expect("it was there a moment ago");
        if !broker.fenced {
            // By now it has told where its partitions lie.
            broker.directory_assigned = true;
        }
        HeartbeatAnswer {
            error: None,
            is_caught_up,
            is_fenced: broker.fenced,
            should_shut_down: next == BrokerState::ShutdownNow,
        }
    }

    /// BrokerHeartbeatManager.calculateNextBrokerState.
    fn next_state(&self, request: &Heartbeat, is_caught_up: bool) -> BrokerState {
        let broker = self.cluster.get(request.broker).expect("looked up by the caller");
        if broker.fenced {
            return match (request.want_shut_down, request.want_fence) {
                (true, _) => BrokerState::ShutdownNow,
                (false, false) if is_caught_up => BrokerState::Unfenced,
                (false, _) => BrokerState::Fenced,
            };
        }
        let leads = self.leads_anything(request.broker);
        if broker.in_controlled_shutdown {
            let replayed = match (broker.shutdown_offset, self.cluster.lowest_active_offset()) {
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

    fn write_registration(&mut self, broker: BrokerId, change: impl FnOnce(&mut Registered)) {
        let registered = self.cluster.get_mut(broker).expect("a registered broker");
        change(registered);
        let record = registered.record();
        self.metadata.write(record);
    }

    pub(super) fn fence(&mut self, cx: &mut Context, broker: BrokerId) {
        if self.cluster.get(broker).is_none_or(|known| known.fenced) {
            return;
        }
        cx.cause = Some(cx.note(Fact::BrokerFenced { broker }));
        self.write_registration(broker, |known| known.fenced = true);
        self.take_out_of_isrs(cx, broker, ChangeReason::Fenced(broker));
    }

    fn unfence(&mut self, cx: &mut Context, broker: BrokerId) {
        if self.cluster.is_active(broker) {
            return;
        }
        cx.cause = Some(cx.note(Fact::BrokerUnfenced { broker }));
        self.write_registration(broker, |known| {
            known.fenced = false;
            known.seen_running = true;
        });
        self.elect_where_leaderless(cx, ChangeReason::Unfenced(broker));
        self.create_wanted_topics(cx);
    }

    fn begin_controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) {
        if !self.cluster.get(broker).is_some_and(|known| known.in_controlled_shutdown) {
            cx.cause = Some(cx.note(Fact::ControlledShutdownBegan { broker }));
            self.write_registration(broker, |known| known.in_controlled_shutdown = true);
        }
        self.take_out_of_isrs(cx, broker, ChangeReason::ControlledShutdown(broker));
        let last = MetadataOffset(self.metadata.end().0 - 1);
        if let Some(known) = self.cluster.get_mut(broker) {
            known.shutdown_offset.get_or_insert(last);
        }
    }

    fn grant_controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) {
        if self.cluster.get(broker).is_none_or(|known| known.fenced) {
            return;
        }
        cx.cause = Some(cx.note(Fact::ControlledShutdownGranted { broker }));
        cx.cause = Some(cx.note(Fact::BrokerFenced { broker }));
        self.write_registration(broker, |known| known.fenced = true);
        self.take_out_of_isrs(cx, broker, ChangeReason::ControlledShutdown(broker));
    }

    fn fence_if_expired(&mut self, cx: &mut Context, broker: BrokerId) {
        let session = cx.spec.broker_config.broker_session_timeout;
        let is_over = |known: &Registered| {
            known.session && !known.fenced && cx.now.since(known.last_contact) >= session
        };
        if self.cluster.get(broker).is_some_and(is_over) && !wrong(Mutant::NeverFences) {
            let cause = cx.cause;
            self.end_session(cx, broker);
            self.fence(cx, broker);
            cx.cause = cause;
        }
    }

    /// broker.md §6.2.3: one broker a pass; another pass soon after one that has found one.
    pub(super) fn check_sessions(&mut self, cx: &mut Context) {
        if wrong(Mutant::NeverFences) {
            return;
        }
        let session = cx.spec.broker_config.broker_session_timeout;
        let on_grid = cx.spec.version.checks_sessions_on_a_grid();
        let next = if cx.spec.version.uses_zookeeper() {
            self.zookeeper_check_sessions(cx);
            self.sessions.next_check(cx, &self.cluster)
        } else if let Some(broker) = self.cluster.next_expired(cx.now, session, on_grid) {
            self.end_session(cx, broker);
            self.fence(cx, broker);
            self.sessions.check_again(cx, &self.cluster)
        } else {
            self.sessions.next_check(cx, &self.cluster)
        };
        self.term.set_timer(cx, next, Due::Sessions);
    }

    /// The session is over. What follows was caused by whatever keeps the broker from sending heartbeats, as far as
    /// that can be told, else by the last one that came.
    pub(super) fn end_session(&mut self, cx: &mut Context, broker: BrokerId) {
        let known = self.cluster.get_mut(broker).expect("its session has just ended");
        known.session = false;
        cx.cause =
            cx.silenced_by(NodeId::Broker(broker), NodeId::Controller, known.contact).or(known.contact);
    }
}
