//! The controller: one node stands for the whole quorum, and before KRaft for ZooKeeper and the controller broker
//! together. `Controller` owns the parts and lets them work together; each part has its own state and knows another only
//! where it is handed it:
//!
//! - `Cluster`: who is registered (ClusterControlManager, BrokerHeartbeatManager); `Sessions`: when to look who is gone;
//! - `Partitions`: the truth about every partition (ReplicationControlManager); `Wanted`: topics that have to wait;
//! - `Metadata`: the log of all that was decided, and who waits for it to be committed;
//! - `Channels`: before KRaft, the ways by which brokers are told (ControllerChannelManager).
//!
//! This file is its life: who is active, which message and which timer goes where. Brokers that come and go concern
//! several parts: that is in `membership`.

mod alter_partition;
mod channels;
mod cluster;
mod membership;
mod metadata;
mod partition_change;
mod partitions;
mod registration;
mod sessions;
mod term;
#[cfg(test)]
mod tests;
pub(crate) mod timer;
mod wanted;
mod zookeeper;

use crate::config::TopicConfig;
use crate::error::ErrorCode;
use crate::happening::{ChangeReason, Disconnect, Fact};
use crate::ids::{BrokerId, ConnectionId, NodeId, Partition, ProducerId, TopicId};
use crate::network::{Dialled, Read};
use crate::protocol::{Body, Envelope, MetadataRecord, any_response};
use crate::rng::Stream;
use crate::script::Boot;
use crate::spec::Spec;
use crate::time::{Duration, Time};
use crate::view::{ControllerView, ProcessState, RegisteredBroker};
use crate::world::context::Context;

use self::channels::Channels;
use self::cluster::{Cluster, Registered};
use self::metadata::Metadata;
use self::partitions::Partitions;
use self::sessions::Sessions;
use self::term::Term;
use self::timer::{ControllerTimer, Due};
use self::wanted::Wanted;

#[derive(Clone, Debug)]
pub struct Controller {
    active: bool,
    activated: Time,
    term: Term,
    metadata: Metadata,
    cluster: Cluster,
    partitions: Partitions,
    wanted: Wanted,
    next_producer_id: u64,
    /// Opened by brokers.
    connections: Vec<(ConnectionId, BrokerId)>,
    rebalance_scheduled: bool,
    sessions: Sessions,
    channels: Channels,
}

/// `metadata.max.idle.interval.ms`.
const NO_OP_INTERVAL: Duration = Duration::from_millis(500);
/// A quorum's voters miss their leader after `controller.quorum.fetch.timeout.ms`, and elect within two seconds
/// (broker.md §6.10).
const TAKEOVER: (Duration, Duration) = (Duration::from_millis(2_000), Duration::from_millis(4_000));
/// A leader that leaves in order tells the others (EndQuorumEpoch).
const ORDERLY_TAKEOVER: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(200));
/// Producer ids are handed to brokers in blocks of this size.
const PRODUCER_ID_BLOCK: u64 = 1_000;

impl Controller {
    pub fn new(spec: &Spec) -> Controller {
        Controller {
            active: false,
            activated: Time::ZERO,
            term: Term::default(),
            metadata: Metadata::default(),
            cluster: Cluster::default(),
            partitions: Partitions::new(spec),
            wanted: Wanted::default(),
            next_producer_id: 0,
            connections: Vec::new(),
            rebalance_scheduled: false,
            sessions: Sessions::default(),
            channels: Channels::default(),
        }
    }

    pub fn start(&mut self, cx: &mut Context, boot: Boot) {
        self.term.0 += 1;
        if let Some(after) = boot.ready_after.filter(|_| cx.spec.version.uses_zookeeper()) {
            self.sessions.ticks_at(cx.now + after);
        }
        let after = boot.registers_after.unwrap_or(cx.spec.costs.controller_boot);
        self.term.set_timer(cx, after, Due::Activation);
    }

    /// SIGTERM. The other voters, if there are any, are told and take over at once.
    pub fn stop(&mut self, cx: &mut Context) {
        self.lose_leadership(cx);
        if cx.spec.controller.quorum > 1 {
            self.take_over(cx, ORDERLY_TAKEOVER);
        } else {
            cx.exit();
        }
    }

    /// The active controller dies; its connections are gone already.
    pub fn kill(&mut self, cx: &mut Context) {
        self.lose_leadership(cx);
        if cx.spec.controller.quorum > 1 {
            // The node stands for all voters: the others go on.
            let process = cx.process_mut(NodeId::Controller);
            (process.running, process.dark) = (true, false);
            self.take_over(cx, TAKEOVER);
        }
    }

    pub fn power_loss(&mut self, cx: &mut Context) {
        self.kill(cx);
    }

    fn take_over(&mut self, cx: &mut Context, within: (Duration, Duration)) {
        let after = cx.draw(Stream::Jitter, within.0, within.1);
        self.term.set_timer(cx, after, Due::Activation);
    }

    fn lose_leadership(&mut self, cx: &mut Context) {
        if std::mem::take(&mut self.active) {
            cx.cause = Some(cx.note(Fact::ControllerLost));
        }
        self.term.0 += 1;
        self.rebalance_scheduled = false;
        self.metadata.lose_leadership();
        cx.listen(false);
        for (connection, _) in std::mem::take(&mut self.connections) {
            cx.close(connection, Disconnect::Closed);
        }
        self.channels.close(cx);
    }

    fn activate(&mut self, cx: &mut Context) {
        self.active = true;
        self.activated = cx.now;
        cx.cause = Some(cx.note(Fact::ControllerActivated));
        cx.listen(true);
        self.cluster.touch_all(cx.now, !cx.spec.version.uses_zookeeper());
        self.metadata.write(MetadataRecord::NoOp);
        let first_check = self.sessions.first_check(cx, &self.cluster);
        self.term.set_timer(cx, first_check, Due::Sessions);
        if cx.spec.version.elects_uncleanly_by_itself() {
            self.schedule_unclean_sweep(cx);
        }
        if cx.spec.version.uses_zookeeper() {
            self.term.set_timer(cx, cx.spec.broker_config.leader_imbalance_check_interval, Due::Rebalance);
            // A new controller tells everybody everything.
            for broker in self.cluster.brokers().iter().filter(|broker| !broker.fenced) {
                self.channels.open(cx, broker.id);
            }
        }
        self.create_wanted_topics(cx);
        for (topic, config) in self.wanted.take_settings() {
            self.partitions.change_topic(cx, &self.cluster, &mut self.metadata, topic, config);
        }
        self.after_change(cx);
    }

    pub fn on_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        self.channels.dialled(cx, self.term, connection, dialled);
    }

    pub fn on_readable(&mut self, cx: &mut Context, connection: ConnectionId) {
        loop {
            match cx.read(connection) {
                Read::Message(envelope) => self.on_message(cx, &envelope),
                Read::Nothing => return,
                Read::Closed => {
                    cx.close(connection, Disconnect::ByPeer);
                    self.on_closed(cx, connection);
                    return;
                }
            }
        }
    }

    fn on_closed(&mut self, cx: &mut Context, connection: ConnectionId) {
        self.metadata.forget_connection(connection);
        self.channels.closed(cx, self.term, connection);
        if let Some(place) = self.connections.iter().position(|(known, _)| *known == connection) {
            let (_, broker) = self.connections.swap_remove(place);
            if cx.spec.version.uses_zookeeper() {
                self.broker_left(cx, broker);
                self.after_change(cx);
            }
        }
    }

    pub fn on_timer(&mut self, cx: &mut Context, timer: ControllerTimer) {
        if timer.term != self.term.0 {
            return;
        }
        match timer.due {
            Due::Activation => self.activate(cx),
            Due::Commit => {
                let committed = self.metadata.commit(cx);
                if self.metadata.is_behind() {
                    let passed = cx.now.since(self.activated).nanos % NO_OP_INTERVAL.nanos;
                    self.term.set_timer(cx, Duration::from_nanos(NO_OP_INTERVAL.nanos - passed), Due::NoOp);
                }
                if cx.spec.version.uses_zookeeper() {
                    let brokers = self.cluster.brokers().iter().map(Registered::record);
                    let everything: Vec<MetadataRecord> = brokers.chain(self.partitions.records()).collect();
                    self.channels.push(cx, self.term.0, &everything, &committed);
                }
            }
            Due::NoOp => self.metadata.no_op(cx),
            Due::Sessions => self.check_sessions(cx),
            Due::Topic => self.create_wanted_topics(cx),
            Due::Rebalance => self.rebalance(cx),
            Due::UncleanSweep => {
                let because = ChangeReason::UncleanElection;
                self.partitions.elect_uncleanly(cx, &self.cluster, &mut self.metadata, because);
                self.schedule_unclean_sweep(cx);
            }
            Due::Dial(broker) => self.channels.dial(cx, broker),
        }
        self.after_change(cx);
    }

    fn on_message(&mut self, cx: &mut Context, envelope: &Envelope) {
        let (connection, correlation) = (envelope.connection, envelope.message.correlation);
        if !envelope.message.body.is_request() {
            self.channels.answered(cx, connection, correlation);
            return;
        }
        let Some(from) = envelope.from.broker() else { envelope.message.body.misplaced() };
        if self.connections.iter().all(|(known, _)| *known != connection) {
            self.connections.push((connection, from));
        }
        let refuse = envelope.refuse;
        let body = match &envelope.message.body {
            Body::MetadataFetchRequest { from } => {
                self.metadata.fetch(cx, connection, correlation, *from);
                return;
            }
            Body::BrokerRegistrationRequest(registration) => Body::BrokerRegistrationResponse {
                result: refuse.map_or_else(|| self.register(cx, registration), Err),
            },
            Body::BrokerHeartbeatRequest(heartbeat) => {
                Body::BrokerHeartbeatResponse(self.heartbeat(cx, heartbeat, refuse))
            }
            Body::AlterPartitionRequest { broker_epoch, partitions } => {
                let alter = || {
                    let (cluster, metadata) = (&self.cluster, &mut self.metadata);
                    self.partitions.alter(cx, cluster, metadata, from, *broker_epoch, partitions)
                };
                Body::AlterPartitionResponse { result: refuse.map_or_else(alter, Err) }
            }
            Body::ControlledShutdownRequest { .. } => {
                Body::ControlledShutdownResponse { remaining: self.controlled_shutdown(cx, from) }
            }
            Body::AllocateProducerIdsRequest { .. } => {
                let first = ProducerId(self.next_producer_id);
                self.next_producer_id += PRODUCER_ID_BLOCK;
                Body::AllocateProducerIdsResponse { result: refuse.map_or(Ok(first), Err) }
            }
            // For a broker.
            Body::ApiVersionsRequest
            | Body::MetadataRequest { .. }
            | Body::InitProducerIdRequest
            | Body::ProduceRequest(_)
            | Body::FetchRequest(_)
            | Body::ListOffsetsRequest { .. }
            | Body::OffsetsForLeaderEpochRequest { .. }
            | Body::LeaderAndIsrRequest { .. }
            | Body::UpdateMetadataRequest { .. } => envelope.message.body.misplaced(),
            any_response!() => envelope.message.body.misplaced(),
        };
        self.metadata.answer(cx, connection, correlation, body);
        self.after_change(cx);
    }

    /// The end of every input: what was written is on its way to being committed.
    fn after_change(&mut self, cx: &mut Context) {
        if let Some(at) = self.metadata.seal(cx) {
            self.term.set_timer_at(cx, at, Due::Commit);
            self.schedule_rebalance(cx);
        }
    }

    fn create_wanted_topics(&mut self, cx: &mut Context) {
        if self.active {
            let (cluster, metadata) = (&self.cluster, &mut self.metadata);
            self.wanted.create_topics(cx, self.term, cluster, &mut self.partitions, metadata);
        }
    }

    fn schedule_unclean_sweep(&mut self, cx: &mut Context) {
        let interval = cx.spec.broker_config.unclean_leader_election_interval;
        self.term.set_timer(cx, interval, Due::UncleanSweep);
    }

    /// KRaft: `leader.imbalance.check.interval.seconds` after the first imbalance was noticed.
    fn schedule_rebalance(&mut self, cx: &mut Context) {
        let config = &cx.spec.broker_config;
        if self.rebalance_scheduled
            || cx.spec.version.uses_zookeeper()
            || !config.auto_leader_rebalance_enable
            || !self.partitions.has_imbalance()
        {
            return;
        }
        self.rebalance_scheduled = true;
        self.term.set_timer(cx, config.leader_imbalance_check_interval, Due::Rebalance);
    }

    /// Before KRaft it comes round whether or not there is anything to do.
    fn rebalance(&mut self, cx: &mut Context) {
        let config = &cx.spec.broker_config;
        let enabled = config.auto_leader_rebalance_enable;
        self.rebalance_scheduled = false;
        if cx.spec.version.uses_zookeeper() {
            self.term.set_timer(cx, config.leader_imbalance_check_interval, Due::Rebalance);
        }
        if enabled {
            self.partitions.rebalance(cx, &self.cluster, &mut self.metadata);
            self.schedule_rebalance(cx);
        }
    }

    /// Creates the topic as soon as its brokers are there: who asks waits for them.
    pub fn create_topic(&mut self, cx: &mut Context, topic: TopicId) {
        self.wanted.add_topic(topic, cx.now);
        if self.active {
            self.create_wanted_topics(cx);
            self.after_change(cx);
        }
    }

    /// `kafka-leader-election`.
    pub fn elect(&mut self, cx: &mut Context, partition: Partition, unclean: bool) -> Result<(), ErrorCode> {
        if !self.active {
            return Err(ErrorCode::NotController);
        }
        let result =
            self.partitions.elect_on_request(cx, &self.cluster, &mut self.metadata, partition, unclean);
        self.after_change(cx);
        result
    }

    /// Who asks waits for an active controller.
    pub fn alter_topic(&mut self, cx: &mut Context, topic: TopicId, config: TopicConfig) {
        if !self.active {
            self.wanted.add_settings(topic, config);
            return;
        }
        self.partitions.change_topic(cx, &self.cluster, &mut self.metadata, topic, config);
        self.after_change(cx);
    }

    pub fn view(&self, process: ProcessState) -> ControllerView {
        ControllerView {
            process,
            active: self.active,
            partitions: self
                .partitions
                .all()
                .iter()
                .map(|state| state.as_ref().map(|state| (**state).clone()))
                .collect(),
            brokers: self
                .cluster
                .brokers()
                .iter()
                .map(|broker| RegisteredBroker {
                    id: broker.id,
                    broker_epoch: broker.broker_epoch,
                    fenced: broker.fenced,
                    in_controlled_shutdown: broker.in_controlled_shutdown,
                })
                .collect(),
        }
    }
}
