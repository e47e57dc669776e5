//! How brokers come and go: what registrations, heartbeats and sessions that end mean for partitions and for the ways to
//! brokers (broker.md §6.1 to §6.7; before KRaft: broker.md §6.11).

use crate::controller::Controller;
use crate::error::ErrorCode;
use crate::happening::{ChangeReason, Fact};
use crate::ids::{BrokerEpoch, BrokerId, Brokers};
use crate::mutant::{Mutant, wrong};
use crate::protocol::{Heartbeat, HeartbeatAnswer, Registration};
use crate::time::Duration;
use crate::world::context::Context;

use super::cluster::Registered;
use super::registration::BrokerState;
use super::timer::Due;

impl Controller {
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
        let accepted = self.cluster.register(cx, &mut self.metadata, request)?;
        if zookeeper {
            self.session_began(cx, broker);
        } else if accepted.is_new && cx.spec.version.notices_restarts() {
            let (cluster, metadata) = (&self.cluster, &mut self.metadata);
            self.partitions.broker_restarted(cx, cluster, metadata, broker, accepted.clean);
        }
        Ok(accepted.broker_epoch)
    }

    pub(super) fn heartbeat(
        &mut self,
        cx: &mut Context,
        request: &Heartbeat,
        refuse: Option<ErrorCode>,
    ) -> HeartbeatAnswer {
        let broker = request.broker;
        let contact = match refuse.map_or_else(|| self.cluster.contact(cx, request), Err) {
            Ok(contact) => contact,
            Err(error) => {
                return HeartbeatAnswer {
                    error: Some(error),
                    is_caught_up: false,
                    is_fenced: true,
                    should_shut_down: false,
                };
            }
        };
        if contact.log_dir_failed {
            self.log_dir_failed(cx, broker);
        }
        if cx.spec.version.uses_zookeeper() {
            return HeartbeatAnswer {
                error: None,
                is_caught_up: true,
                is_fenced: false,
                should_shut_down: false,
            };
        }
        let leads = self.partitions.any_led_by(broker);
        let next = self.cluster.next_state(request, contact.is_caught_up, leads);
        match next {
            BrokerState::Fenced => self.fence(cx, broker),
            BrokerState::Unfenced => self.unfence(cx, broker),
            BrokerState::ControlledShutdown => self.begin_controlled_shutdown(cx, broker),
            BrokerState::ShutdownNow => self.grant_controlled_shutdown(cx, broker),
        }
        let is_fenced = self.cluster.get(broker).expect("it was there a moment ago").fenced;
        if !is_fenced {
            // By now it has told where its partitions lie.
            self.cluster.assign_directory(broker);
        }
        HeartbeatAnswer {
            error: None,
            is_caught_up: contact.is_caught_up,
            is_fenced,
            should_shut_down: next == BrokerState::ShutdownNow,
        }
    }

    fn take_out_of_isrs(&mut self, cx: &mut Context, broker: BrokerId, because: ChangeReason) {
        self.partitions.take_out_of_isrs(cx, &self.cluster, &mut self.metadata, broker, because);
    }

    fn log_dir_failed(&mut self, cx: &mut Context, broker: BrokerId) {
        let because = ChangeReason::LogDirFailed(broker);
        if cx.spec.version.uses_zookeeper() {
            self.brokers_lost(cx, Brokers::NONE.with(broker), because);
        } else {
            self.take_out_of_isrs(cx, broker, because);
        }
    }

    fn fence(&mut self, cx: &mut Context, broker: BrokerId) {
        if self.cluster.fence(cx, &mut self.metadata, broker) {
            self.take_out_of_isrs(cx, broker, ChangeReason::Fenced(broker));
        }
    }

    fn unfence(&mut self, cx: &mut Context, broker: BrokerId) {
        if self.cluster.unfence(cx, &mut self.metadata, broker) {
            self.elect_where_leaderless(cx, ChangeReason::Unfenced(broker));
            self.create_wanted_topics(cx);
        }
    }

    fn elect_where_leaderless(&mut self, cx: &mut Context, because: ChangeReason) {
        self.partitions.elect_where_leaderless(cx, &self.cluster, &mut self.metadata, because);
    }

    fn begin_controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) {
        self.cluster.begin_controlled_shutdown(cx, &mut self.metadata, broker);
        self.take_out_of_isrs(cx, broker, ChangeReason::ControlledShutdown(broker));
        self.cluster.set_shutdown_offset(&self.metadata, broker);
    }

    fn grant_controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) {
        if self.cluster.grant_controlled_shutdown(cx, &mut self.metadata, broker) {
            self.take_out_of_isrs(cx, broker, ChangeReason::ControlledShutdown(broker));
        }
    }

    fn fence_if_expired(&mut self, cx: &mut Context, broker: BrokerId) {
        let session = cx.spec.broker_config.broker_session_timeout;
        let is_over = |known: &Registered| {
            known.session && !known.fenced && cx.now.since(known.last_contact) >= session
        };
        if self.cluster.get(broker).is_some_and(is_over) && !wrong(Mutant::NeverFences) {
            let cause = cx.cause;
            self.cluster.end_session(cx, broker);
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
            if self.sessions.tick(cx, &self.cluster) {
                self.end_sessions(cx, session);
            }
            self.sessions.next_check(cx, &self.cluster)
        } else if let Some(broker) = self.cluster.next_expired(cx.now, session, on_grid) {
            self.cluster.end_session(cx, broker);
            self.fence(cx, broker);
            self.sessions.check_again(cx, &self.cluster)
        } else {
            self.sessions.next_check(cx, &self.cluster)
        };
        self.term.set_timer(cx, next, Due::Sessions);
    }
}

/// Before KRaft.
impl Controller {
    /// A broker has registered: there is no fence here, it is in at once.
    fn session_began(&mut self, cx: &mut Context, broker: BrokerId) {
        self.cluster.session_began(cx, broker);
        self.channels.open(cx, broker);
        self.elect_where_leaderless(cx, ChangeReason::Unfenced(broker));
        self.create_wanted_topics(cx);
    }

    /// A tick: every session that is over by now ends, and the controller hears of all of them together.
    fn end_sessions(&mut self, cx: &mut Context, session: Duration) {
        while let Some(broker) = self.cluster.next_expired(cx.now, session, false) {
            let others = self.session_ended(cx, broker, session);
            self.brokers_lost(cx, others.with(broker), ChangeReason::Fenced(broker));
        }
    }

    /// Ends this session and all others that are over. Returns those others.
    fn session_ended(&mut self, cx: &mut Context, first: BrokerId, session: Duration) -> Brokers {
        let mut others = Brokers::NONE;
        let mut next = Some(first);
        let mut cause = None;
        while let Some(broker) = next {
            let ended = self.cluster.session_ended(cx, &mut self.metadata, broker);
            cause = cause.or(Some(ended));
            self.channels.remove(cx, broker);
            if broker != first {
                others = others.with(broker);
            }
            next = self.cluster.next_expired(cx.now, session, false);
        }
        cx.cause = cause;
        others
    }

    /// A broker that stops in order closes its session.
    pub(super) fn broker_left(&mut self, cx: &mut Context, broker: BrokerId) {
        let is_leaving =
            self.cluster.get(broker).is_some_and(|known| known.in_controlled_shutdown && !known.fenced);
        if is_leaving {
            self.session_ended(cx, broker, Duration::MAX);
            self.brokers_lost(cx, Brokers::NONE.with(broker), ChangeReason::Fenced(broker));
        }
    }

    fn brokers_lost(&mut self, cx: &mut Context, lost: Brokers, because: ChangeReason) {
        self.partitions.brokers_lost(cx, &self.cluster, &mut self.metadata, lost, because);
    }

    /// ControlledShutdown, asked up to three times. Returns how many partitions the broker still leads.
    pub(super) fn controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) -> u32 {
        if !self.cluster.begin_leaving(cx, broker) {
            return 0;
        }
        let remaining = self.partitions.move_away(cx, &self.cluster, &mut self.metadata, broker);
        if remaining == 0 {
            cx.note(Fact::ControlledShutdownGranted { broker });
        }
        remaining
    }
}
