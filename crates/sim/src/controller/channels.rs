//! Before KRaft: how brokers hear of what the controller broker decided (Kafka's ControllerChannelManager; broker.md
//! §6.11). Requests to one broker go over one connection, one after the other.

use std::collections::VecDeque;

use crate::happening::Disconnect;
use crate::ids::{BrokerId, ConnectionId, LeaderEpoch, NodeId};
use crate::network::Dialled;
use crate::protocol::{Body, MetadataRecord};
use crate::time::Duration;
use crate::world::context::Context;

use super::term::Term;
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

#[derive(Clone, Debug, Default)]
pub(super) struct Channels {
    /// Ordered by broker.
    channels: Vec<Channel>,
    /// The leader epoch that brokers were last told of, by partition.
    told: Vec<Option<LeaderEpoch>>,
}

impl Channels {
    pub fn open(&mut self, cx: &mut Context, broker: BrokerId) {
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

    pub fn remove(&mut self, cx: &mut Context, broker: BrokerId) {
        if let Some(place) = self.channels.iter().position(|channel| channel.broker == broker) {
            let channel = self.channels.remove(place);
            cx.close(channel.connection, Disconnect::Closed);
        }
    }

    pub fn close(&mut self, cx: &mut Context) {
        for channel in std::mem::take(&mut self.channels) {
            cx.close(channel.connection, Disconnect::Closed);
        }
    }

    fn over(&mut self, connection: ConnectionId) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.connection == connection)
    }

    /// What is committed goes to every broker: to replicas what they are to do, to all what to tell clients. A broker
    /// that has just come is told everything.
    pub fn push(
        &mut self,
        cx: &mut Context,
        controller_epoch: u32,
        everything: &[MetadataRecord],
        committed: &[MetadataRecord],
    ) {
        let mut now_told = self.told.clone();
        now_told.resize(cx.spec.partitions.len(), None);
        for record in committed {
            if let MetadataRecord::Partition { partition, state } = record {
                now_told[usize::from(partition.0)] = Some(state.leader_epoch);
            }
        }
        // What a leader changed itself is no news to its followers.
        let told = std::mem::replace(&mut self.told, now_told);
        for channel in &mut self.channels {
            let broker = channel.broker;
            let everything_is_news = std::mem::take(&mut channel.is_new);
            let records = if everything_is_news { everything } else { committed };
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
                channel.queue.push_back(Body::LeaderAndIsrRequest { controller_epoch, records: roles });
            }
            let known: Vec<MetadataRecord> =
                records.iter().filter(|record| **record != MetadataRecord::NoOp).cloned().collect();
            if !known.is_empty() {
                channel.queue.push_back(Body::UpdateMetadataRequest { controller_epoch, records: known });
            }
            channel.send_next(cx);
        }
    }

    pub fn dialled(&mut self, cx: &mut Context, term: Term, connection: ConnectionId, dialled: Dialled) {
        let Some(channel) = self.over(connection) else { return };
        match dialled {
            Dialled::Connected => {
                channel.established = true;
                if let Some(body) = channel.in_flight.take() {
                    channel.queue.push_front(body);
                }
                channel.send_next(cx);
            }
            Dialled::Refused => term.set_timer(cx, DIAL_AGAIN, Due::Dial(channel.broker)),
        }
    }

    pub fn dial(&mut self, cx: &mut Context, broker: BrokerId) {
        let channel = self.channels.iter_mut().find(|channel| channel.broker == broker);
        if let Some(channel) = channel.filter(|channel| !channel.established) {
            channel.connection = cx.connect(NodeId::Broker(broker));
        }
    }

    pub fn answered(&mut self, cx: &mut Context, connection: ConnectionId, correlation: u32) {
        if let Some(channel) = self.over(connection)
            && channel.correlation == correlation
        {
            channel.in_flight = None;
            channel.send_next(cx);
        }
    }

    /// The other end has closed the connection, or it broke.
    pub fn closed(&mut self, cx: &mut Context, term: Term, connection: ConnectionId) {
        if let Some(channel) = self.over(connection) {
            channel.established = false;
            term.set_timer(cx, DIAL_AGAIN, Due::Dial(channel.broker));
        }
    }
}
