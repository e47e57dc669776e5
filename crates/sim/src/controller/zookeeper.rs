//! Before KRaft: sessions in ZooKeeper, a controller broker that elects and pushes what it decided to every broker
//! (broker.md §6.11). Requests to one broker go over one connection, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::ZOOKEEPER_TICK;
use crate::happening::{ChangeReason, Disconnect, Fact};
use crate::ids::{BrokerId, Brokers, ConnectionId, LeaderEpoch, NodeId, Partition, TopicId};
use crate::network::Dialled;
use crate::protocol::{Body, MetadataRecord, PartitionState};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::world::context::Context;

use super::Controller;
use super::partition_change::Election;
use super::timer::Due;

/// Between two dials of a broker that does not answer (ControllerChannelManager).
const DIAL_AGAIN: Duration = Duration::from_millis(100);

/// The way to one live broker.
#[derive(Clone, Debug)]
struct Channel {
    broker: BrokerId,
    connection: ConnectionId,
    established: bool,
    /// It has yet to be told everything.
    is_new: bool,
    queue: VecDeque<Body>,
    /// Sent and not yet answered; sent again over the next connection if this one breaks.
    in_flight: Option<Body>,
    correlation: u32,
}

impl Channel {
    fn send_next(&mut self, cx: &mut Context) {
        if !self.established || self.in_flight.is_some() {
            return;
        }
        if let Some(body) = self.queue.pop_front() {
            self.correlation += 1;
            // A broken connection is noticed when it is read.
            _ = cx.send(self.connection, self.correlation, body.clone());
            self.in_flight = Some(body);
        }
    }
}

/// What ZooKeeper and the controller broker keep beside the cluster's state.
#[derive(Clone, Debug, Default)]
pub(super) struct ZooKeeper {
    /// Ordered by broker.
    channels: Vec<Channel>,
    /// One of the moments at which sessions end; None before the first one has.
    tick: Option<Time>,
    /// The leader epoch that brokers were last told of, by partition.
    told: Vec<Option<LeaderEpoch>>,
}

impl ZooKeeper {
    pub fn ticks_at(&mut self, tick: Time) {
        self.tick = Some(tick);
    }

    /// When a session that is over at `end` is found to be. Sessions end at whole ticks. Where nobody knows when
    /// ZooKeeper's clock began, the first to end does so half a tick late, which is the mean.
    pub fn tick_after(&self, end: Time) -> Time {
        match self.tick {
            None => end + ZOOKEEPER_TICK / 2,
            Some(tick) => tick + ZOOKEEPER_TICK * end.since(tick).nanos.div_ceil(ZOOKEEPER_TICK.nanos),
        }
    }

    fn open(&mut self, cx: &mut Context, broker: BrokerId) {
        self.remove(cx, broker);
        let channel = Channel {
            broker,
            connection: cx.connect(NodeId::Broker(broker)),
            established: false,
            is_new: true,
            queue: VecDeque::new(),
            in_flight: None,
            correlation: 0,
        };
        let place = self.channels.partition_point(|known| known.broker < broker);
        self.channels.insert(place, channel);
    }

    fn remove(&mut self, cx: &mut Context, broker: BrokerId) {
        if let Some(place) = self.channels.iter().position(|channel| channel.broker == broker) {
            let channel = self.channels.remove(place);
            cx.close(channel.connection, Disconnect::Closed);
        }
    }

    fn over(&mut self, connection: ConnectionId) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.connection == connection)
    }

    pub fn close(&mut self, cx: &mut Context) {
        for channel in std::mem::take(&mut self.channels) {
            cx.close(channel.connection, Disconnect::Closed);
        }
    }
}

impl Controller {
    fn is_live(&self, broker: BrokerId) -> bool {
        self.cluster.get(broker).is_some_and(|known| !known.fenced && known.log_dir_online)
    }

    /// A new controller tells everybody everything.
    pub(super) fn zookeeper_resume(&mut self, cx: &mut Context) {
        let live: Vec<BrokerId> =
            self.cluster.brokers.iter().filter(|broker| !broker.fenced).map(|broker| broker.id).collect();
        for broker in live {
            self.zookeeper.open(cx, broker);
        }
    }

    /// A broker has registered: there is no fence here, it is in at once.
    pub(super) fn zookeeper_broker_started(&mut self, cx: &mut Context, broker: BrokerId) {
        cx.cause = Some(cx.note(Fact::BrokerUnfenced { broker }));
        if let Some(known) = self.cluster.get_mut(broker) {
            known.seen_running = true;
        }
        self.zookeeper.open(cx, broker);
        for partition in self.partitions_where(|state| state.leader.is_none()) {
            let election = self.usual_election(cx, partition);
            self.zookeeper_elect(cx, partition, election, ChangeReason::Unfenced(broker));
        }
        self.create_wanted_topics(cx);
    }

    /// A tick: every session that is over by now ends, and the controller hears of all of them together.
    pub(super) fn zookeeper_check_sessions(&mut self, cx: &mut Context) {
        let session = cx.spec.broker_config.broker_session_timeout;
        let first = self.cluster.first_expiry(session);
        if first.is_none_or(|end| self.zookeeper.tick_after(end) > cx.now) {
            return; // a heartbeat has come since
        }
        self.zookeeper.tick = Some(cx.now);
        while let Some(broker) = self.cluster.next_expired(cx.now, session, false) {
            let others = self.zookeeper_session_ended(cx, broker, session);
            self.zookeeper_brokers_lost(cx, others.with(broker), ChangeReason::Fenced(broker));
        }
    }

    /// Ends this session and all others that are over. Returns those others.
    fn zookeeper_session_ended(&mut self, cx: &mut Context, first: BrokerId, session: Duration) -> Brokers {
        let mut others = Brokers::NONE;
        let mut next = Some(first);
        let mut cause = None;
        while let Some(broker) = next {
            self.end_session(cx, broker);
            let fenced = cx.note(Fact::BrokerFenced { broker });
            cause = cause.or(Some(fenced));
            if let Some(known) = self.cluster.get_mut(broker) {
                known.fenced = true;
                let record = known.record();
                self.metadata.write(record);
            }
            self.zookeeper.remove(cx, broker);
            if broker != first {
                others = others.with(broker);
            }
            next = self.cluster.next_expired(cx.now, session, false);
        }
        cx.cause = cause;
        others
    }

    /// A broker that stops in order closes its session.
    pub(super) fn zookeeper_broker_left(&mut self, cx: &mut Context, broker: BrokerId) {
        let is_leaving =
            self.cluster.get(broker).is_some_and(|known| known.in_controlled_shutdown && !known.fenced);
        if is_leaving {
            self.zookeeper_session_ended(cx, broker, Duration::MAX);
            self.zookeeper_brokers_lost(cx, Brokers::NONE.with(broker), ChangeReason::Fenced(broker));
        }
    }

    /// KafkaController.onReplicasBecomeOffline: elect where a leader is gone, then take the others out of the ISR. Every
    /// such change raises the leader epoch, even where nobody is found.
    pub(super) fn zookeeper_brokers_lost(&mut self, cx: &mut Context, lost: Brokers, because: ChangeReason) {
        for partition in self.partitions_where(|state| state.isr.minus(lost) != state.isr) {
            let leader = self.state(partition).and_then(|state| state.leader);
            if leader.is_some_and(|leader| lost.contains(leader)) {
                let election = self.usual_election(cx, partition);
                if self.zookeeper_elect(cx, partition, election, because) {
                    continue;
                }
            }
            for broker in in_order_of_removal(cx.spec.version, lost) {
                self.remove_from_isr(cx, partition, broker, because);
            }
        }
    }

    /// The last member stays, without a leader; before 1.1 it did not where unclean elections were allowed.
    fn remove_from_isr(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        broker: BrokerId,
        because: ChangeReason,
    ) {
        let Some(state) = self.state(partition).filter(|state| state.isr.contains(broker)) else { return };
        let mut next = raised(state);
        let may_empty =
            !cx.spec.version.keeps_the_last_in_sync_replica() && self.allows_unclean(cx, partition);
        if next.isr.len() > 1 || may_empty {
            next.isr = next.isr.without(broker);
        }
        if next.leader == Some(broker) {
            next.leader = None;
        }
        self.change(cx, partition, next, because);
    }

    /// True where somebody else leads now.
    pub(super) fn zookeeper_elect(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        election: Election,
        because: ChangeReason,
    ) -> bool {
        let Some(state) = self.state(partition) else { return false };
        let live_isr: Brokers = state.isr.iter().filter(|&id| self.is_live(id)).collect();
        let mut candidates = state.replicas.iter().copied();
        let chosen = match election {
            Election::Preferred => candidates.next().filter(|&id| live_isr.contains(id)),
            Election::Online | Election::Unclean => candidates.find(|&id| live_isr.contains(id)),
        };
        let mut next = raised(state);
        match chosen {
            Some(leader) if state.leader == Some(leader) => return false,
            Some(leader) => {
                next.leader = Some(leader);
                if election != Election::Preferred {
                    next.isr = live_isr;
                }
            }
            None if election == Election::Unclean => {
                let mut replicas = state.replicas.iter().copied();
                let Some(leader) = replicas.find(|&id| self.is_live(id)) else { return false };
                next.leader = Some(leader);
                next.isr = Brokers::NONE.with(leader);
            }
            None => return false,
        }
        self.change(cx, partition, next, because);
        true
    }

    /// ControlledShutdown, asked up to three times: moves what it can, refuses to move what has no other replica in
    /// sync. Returns how many partitions the broker still leads.
    pub(super) fn controlled_shutdown(&mut self, cx: &mut Context, broker: BrokerId) -> u32 {
        let Some(known) = self.cluster.get_mut(broker) else { return 0 };
        if !std::mem::replace(&mut known.in_controlled_shutdown, true) {
            cx.cause = Some(cx.note(Fact::ControlledShutdownBegan { broker }));
        }
        let because = ChangeReason::ControlledShutdown(broker);
        let mut remaining = 0;
        let concerned = |state: &PartitionState| state.replicas.len() > 1 && state.isr.contains(broker);
        for partition in self.partitions_where(concerned) {
            let Some(state) = self.state(partition) else { continue };
            if state.leader != Some(broker) {
                self.remove_from_isr(cx, partition, broker, because);
                continue;
            }
            let isr: Brokers = state.isr.iter().filter(|&id| self.cluster.is_active(id)).collect();
            let leader = state.replicas.iter().copied().find(|&id| isr.contains(id));
            if leader.is_some() {
                let next = PartitionState { leader, isr, ..raised(state) };
                self.change(cx, partition, next, because);
            } else {
                remaining += 1;
            }
        }
        if remaining == 0 {
            cx.note(Fact::ControlledShutdownGranted { broker });
        }
        remaining
    }

    /// What is committed goes to every broker: to replicas what they are to do, to all what to tell clients.
    pub(super) fn push(&mut self, cx: &mut Context, committed: &[MetadataRecord]) {
        let everything = self.everything();
        let mut now_told = self.zookeeper.told.clone();
        now_told.resize(self.partitions.len(), None);
        for record in committed {
            if let MetadataRecord::Partition { partition, state } = record {
                now_told[usize::from(partition.0)] = Some(state.leader_epoch);
            }
        }
        // What a leader changed itself is no news to its followers.
        let told = std::mem::replace(&mut self.zookeeper.told, now_told);
        for channel in &mut self.zookeeper.channels {
            let broker = channel.broker;
            let everything_is_news = std::mem::take(&mut channel.is_new);
            let records = if everything_is_news { &everything } else { committed };
            let is_order = |record: &&MetadataRecord| match record {
                MetadataRecord::Partition { partition, state } => {
                    let told = told.get(usize::from(partition.0)).copied().flatten();
                    state.replicas.contains(&broker)
                        && (everything_is_news || told != Some(state.leader_epoch))
                }
                _ => false,
            };
            let roles: Vec<MetadataRecord> = records.iter().filter(is_order).cloned().collect();
            if !roles.is_empty() {
                let body = Body::LeaderAndIsrRequest { controller_epoch: self.term, records: roles };
                channel.queue.push_back(body);
            }
            let known: Vec<MetadataRecord> =
                records.iter().filter(|record| **record != MetadataRecord::NoOp).cloned().collect();
            if !known.is_empty() {
                let body = Body::UpdateMetadataRequest { controller_epoch: self.term, records: known };
                channel.queue.push_back(body);
            }
            channel.send_next(cx);
        }
    }

    /// What a broker that has just come is told.
    fn everything(&self) -> Vec<MetadataRecord> {
        let brokers = self.cluster.brokers.iter().map(|broker| broker.record());
        let topics = (0..).map(TopicId).zip(&self.topics);
        let topics =
            topics.map(|(topic, config)| MetadataRecord::TopicConfig { topic, config: Arc::clone(config) });
        let partitions = (0..).map(Partition).zip(&self.partitions);
        let partitions = partitions.filter_map(|(partition, state)| {
            state.as_ref().map(|state| MetadataRecord::Partition { partition, state: Arc::clone(state) })
        });
        brokers.chain(topics).chain(partitions).collect()
    }

    pub(super) fn push_dialled(&mut self, cx: &mut Context, connection: ConnectionId, dialled: Dialled) {
        let Some(channel) = self.zookeeper.over(connection) else { return };
        match dialled {
            Dialled::Connected => {
                channel.established = true;
                if let Some(body) = channel.in_flight.take() {
                    channel.queue.push_front(body);
                }
                channel.send_next(cx);
            }
            Dialled::Refused => {
                let broker = channel.broker;
                self.set_timer(cx, DIAL_AGAIN, Due::Dial(broker));
            }
        }
    }

    pub(super) fn push_dial(&mut self, cx: &mut Context, broker: BrokerId) {
        let channel = self.zookeeper.channels.iter_mut().find(|channel| channel.broker == broker);
        if let Some(channel) = channel.filter(|channel| !channel.established) {
            channel.connection = cx.connect(NodeId::Broker(broker));
        }
    }

    pub(super) fn push_answered(&mut self, cx: &mut Context, connection: ConnectionId, correlation: u32) {
        if let Some(channel) = self.zookeeper.over(connection)
            && channel.correlation == correlation
        {
            channel.in_flight = None;
            channel.send_next(cx);
        }
    }

    pub(super) fn push_closed(&mut self, cx: &mut Context, connection: ConnectionId) {
        if let Some(channel) = self.zookeeper.over(connection) {
            channel.established = false;
            let broker = channel.broker;
            self.set_timer(cx, DIAL_AGAIN, Due::Dial(broker));
        }
    }
}

/// From 1.1 to 2.4 lost brokers are gone through in the order of a Scala 2.11 hash map: 2 before 1, as recorded with
/// 1.1.1. Before and after that it is ascending.
fn in_order_of_removal(version: KafkaVersion, lost: Brokers) -> Vec<BrokerId> {
    let mut brokers: Vec<BrokerId> = lost.iter().collect();
    if version.removes_brokers_in_hash_order() {
        // Sixteen buckets, read from the last to the first; the hash is scala.util.hashing.byteswap32, turned by the
        // table's seed.
        let swapped = |id: u32| id.wrapping_mul(0x9e37_75cd).swap_bytes().wrapping_mul(0x9e37_75cd);
        brokers = crate::order::sorted(brokers, |id| std::cmp::Reverse(swapped(id.0).rotate_right(4) >> 28));
    }
    brokers
}

fn raised(state: &PartitionState) -> PartitionState {
    PartitionState {
        leader_epoch: state.leader_epoch.next(),
        partition_epoch: state.partition_epoch.next(),
        ..state.clone()
    }
}
