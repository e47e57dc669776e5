//! Fetch, as the leader answers it: to followers up to the log's end, to consumers up to the high watermark; what a
//! follower's fetch tells the leader; and the long poll.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::replicas::log::Bounds;
use crate::broker::replicas::replica::{Replica, Role};
use crate::broker::server::Serving;
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerEpoch, BrokerId, ConnectionId, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::bytes_of;
use crate::protocol::transaction::Isolation;
use crate::protocol::{Body, Envelope, FetchAnswer, FetchPartition, FetchRequest, FetchResult};
use crate::time::Time;
use crate::world::context::Context;

/// A fetch that found too little.
#[derive(Clone, Debug)]
pub struct ParkedFetch {
    envelope: Arc<Envelope>,
    pub deadline: Time,
}

impl ParkedFetch {
    fn request(&self) -> &FetchRequest {
        match &self.envelope.message.body {
            Body::FetchRequest(request) => request,
            other => other.misplaced(),
        }
    }
}

/// What a fetch may not do, or that the asker has to truncate first.
enum Obstacle {
    Error(ErrorCode),
    Diverging(FetchAnswer),
}

impl Broker {
    pub(in crate::broker) fn handle_fetch(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        envelope: Arc<Envelope>,
    ) {
        let Body::FetchRequest(request) = &envelope.message.body else { envelope.message.body.misplaced() };
        let mut results = Vec::with_capacity(request.partitions.len());
        let mut bytes = 0_u32;
        let mut at_once = request.max_wait.is_zero() || request.partitions.is_empty();
        for asked in &request.partitions {
            at_once |= self.owes_high_watermark(cx, request.replica, asked.partition);
            let answer = match envelope.refuse {
                Some(error) => self.refuse_fetch(cx, asked.partition, &envelope, error),
                None => {
                    let room = self.room(cx, request, bytes);
                    let answer = self.fetch_partition(cx, request, asked, room);
                    match answer {
                        Ok(answer) => answer,
                        Err(error) => self.refuse_fetch(cx, asked.partition, &envelope, error),
                    }
                }
            };
            match &answer {
                FetchAnswer::Records { batches, .. } => {
                    bytes = bytes.saturating_add(bytes_of(batches));
                }
                FetchAnswer::Diverging { .. } | FetchAnswer::Error { .. } => at_once = true,
            }
            results.push(FetchResult { partition: asked.partition, answer });
        }
        if at_once || bytes >= request.min_bytes {
            let body = Body::FetchResponse { partitions: results };
            return self.answer(cx, connection, envelope.message.correlation, body);
        }
        // The fetch itself may have raised it.
        let owes = |asked: &FetchPartition| self.owes_high_watermark(cx, request.replica, asked.partition);
        if request.partitions.iter().any(owes) {
            let parked = ParkedFetch { envelope: Arc::clone(&envelope), deadline: cx.now };
            return self.complete_fetch(cx, connection, parked);
        }
        for asked in &request.partitions {
            if let Some(replica) = self.replica_mut(asked.partition)
                && !replica.fetch_waiters.contains(&connection)
            {
                replica.fetch_waiters.push(connection);
            }
        }
        let deadline = cx.now + request.max_wait;
        self.park(cx, connection, Serving::Fetch(ParkedFetch { envelope, deadline }), deadline);
    }

    /// How many bytes the response may still take; nothing yet: the first batch goes in whatever its size.
    fn room(&self, cx: &Context, request: &FetchRequest, bytes: u32) -> Room {
        let max = match request.replica {
            Some(_) => request.max_bytes,
            None => request.max_bytes.min(cx.spec.broker_config.fetch_max_bytes),
        };
        Room { bytes: max.saturating_sub(bytes), empty: bytes == 0 }
    }

    fn refuse_fetch(
        &mut self,
        cx: &mut Context,
        partition: Partition,
        envelope: &Envelope,
        error: ErrorCode,
    ) -> FetchAnswer {
        cx.note(Fact::FetchRefused { partition, from: envelope.from, error });
        let names = cx.spec.version.errors_name_the_leader()
            && matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        let current_leader = if names { self.memory.image.current_leader(partition) } else { None };
        FetchAnswer::Error { error, current_leader }
    }

    /// Reads, then lets the leader learn from it (broker.md §4.2).
    pub(in crate::broker) fn fetch_partition(
        &mut self,
        cx: &mut Context,
        request: &FetchRequest,
        asked: &FetchPartition,
        room: Room,
    ) -> Result<FetchAnswer, ErrorCode> {
        let replica = match self.look(cx, request.replica, asked) {
            Ok(replica) => replica,
            Err(Obstacle::Error(error)) => return Err(error),
            Err(Obstacle::Diverging(answer)) => return Ok(answer),
        };
        // What the response says is how things stood before this fetch had its effect.
        let leader_end = replica.log.end();
        let answer = read(replica, request, asked, room);
        if let Some((follower, epoch)) = request.replica {
            self.follower_fetched(cx, asked, follower, epoch, leader_end)?;
        }
        Ok(answer)
    }

    /// The replica that may be read, or what speaks against it.
    fn look(
        &self,
        cx: &Context,
        from: Option<(BrokerId, BrokerEpoch)>,
        asked: &FetchPartition,
    ) -> Result<&Replica, Obstacle> {
        let version = cx.spec.version;
        let replica = self.check_replica(asked.partition, asked.current_leader_epoch)?;
        let leader_only = from.is_some() || !version.serves_consumers_from_followers();
        match &replica.role {
            Role::Leader(leading) => {
                if let Some((follower, _)) = from
                    && leading.follower(follower).is_none()
                {
                    return Err(Obstacle::Error(match asked.current_leader_epoch {
                        Some(_) => ErrorCode::UnknownLeaderEpoch,
                        None => ErrorCode::NotLeaderOrFollower,
                    }));
                }
            }
            Role::Follower if !leader_only => {}
            Role::Follower | Role::Offline => return Err(Obstacle::Error(ErrorCode::NotLeaderOrFollower)),
        }
        if let Some(epoch) = asked.last_fetched_epoch {
            let Some((own, end)) = replica.log.epochs().end_offset_for(epoch, replica.log.end(), version)
            else {
                return Err(Obstacle::Error(ErrorCode::OffsetOutOfRange));
            };
            if asked.fetch_offset < replica.log.start() {
                return Err(Obstacle::Error(ErrorCode::OffsetOutOfRange));
            }
            if own < epoch || end < asked.fetch_offset {
                return Err(Obstacle::Diverging(FetchAnswer::Diverging {
                    leader_epoch: Some(own),
                    end_offset: Some(end),
                }));
            }
        }
        if asked.fetch_offset > replica.log.end() || asked.fetch_offset < replica.log.start() {
            return Err(Obstacle::Error(ErrorCode::OffsetOutOfRange));
        }
        Ok(replica)
    }

    /// Hosted, and both sides agree on the leader epoch.
    pub(in crate::broker) fn check_replica(
        &self,
        partition: Partition,
        current_leader_epoch: Option<crate::ids::LeaderEpoch>,
    ) -> Result<&Replica, ErrorCode> {
        self.check_hosted(partition)?;
        let replica = self.replica(partition).expect("checked above");
        match (current_leader_epoch, replica.leader_epoch) {
            _ if wrong(Mutant::StaleFetch) => Ok(replica),
            (Some(asked), Some(own)) if asked < own => Err(ErrorCode::FencedLeaderEpoch),
            (Some(asked), Some(own)) if asked > own => Err(ErrorCode::UnknownLeaderEpoch),
            (Some(_), None) => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(replica),
        }
    }

    /// A follower has everything up to its fetch offset: broker.md §4.4, then ISR, then high watermark.
    fn follower_fetched(
        &mut self,
        cx: &mut Context,
        asked: &FetchPartition,
        follower: BrokerId,
        epoch: BrokerEpoch,
        leader_end: Offset,
    ) -> Result<(), ErrorCode> {
        let partition = asked.partition;
        let epoch = cx.spec.version.knows_broker_epochs_of_followers().then_some(epoch);
        let registered = self.memory.image.broker_epoch(follower);
        if epoch.is_some() && epoch < registered && !wrong(Mutant::EarlierLife) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let replica = self.replica_mut(partition).expect("looked at above");
        let high_watermark = replica.high_watermark;
        let leading = replica.leading_mut().expect("looked at above");
        let remote = leading.followers.iter_mut().find(|remote| remote.id == follower);
        let remote = remote.expect("looked at above");
        let moved = remote.log_end_offset != Some(asked.fetch_offset);
        remote.fetched(asked.fetch_offset, leader_end, cx.now, epoch);
        remote.last_sent_high_watermark = high_watermark;
        self.maybe_expand_isr(cx, partition, follower);
        if moved && let Some(high_watermark) = self.maybe_increment_high_watermark(cx, partition) {
            self.after_high_watermark(cx, partition, high_watermark);
        }
        Ok(())
    }

    /// Something has happened to this partition: which parked fetches does it answer?
    pub(in crate::broker) fn wake_fetches(&mut self, cx: &mut Context, partition: Partition) {
        let Some(replica) = self.replica_mut(partition) else { return };
        if replica.fetch_waiters.is_empty() {
            return;
        }
        let mut waiters = std::mem::take(&mut replica.fetch_waiters);
        waiters.retain(|&connection| {
            let Some(parked) = self.memory.server.take_fetch(connection) else { return false };
            if self.is_worth_answering(cx, parked.request()) {
                self.complete_fetch(cx, connection, parked);
                false
            } else {
                let deadline = parked.deadline;
                self.park(cx, connection, Serving::Fetch(parked), deadline);
                true
            }
        });
        if let Some(replica) = self.replica_mut(partition) {
            debug_assert!(replica.fetch_waiters.is_empty(), "answering reads nothing into a purgatory");
            replica.fetch_waiters = waiters;
        }
    }

    /// In 2.4 and 2.5 a follower's fetch does not wait where the leader has a higher high watermark than it sent last.
    /// (Answering a parked fetch does not count as sending: the next one is answered at once, too.)
    fn owes_high_watermark(
        &self,
        cx: &Context,
        from: Option<(BrokerId, BrokerEpoch)>,
        partition: Partition,
    ) -> bool {
        let Some((follower, _)) = from.filter(|_| cx.spec.version.pushes_high_watermark()) else {
            return false;
        };
        let Some(replica) = self.replica(partition) else { return false };
        let remote = replica.leading().and_then(|leading| leading.follower(follower));
        remote.is_some_and(|remote| remote.last_sent_high_watermark < replica.high_watermark)
    }

    /// Enough bytes, or something that the asker must know.
    fn is_worth_answering(&self, cx: &Context, request: &FetchRequest) -> bool {
        let mut bytes = 0_u32;
        for asked in &request.partitions {
            let Ok(replica) = self.look(cx, request.replica, asked) else { return true };
            if self.owes_high_watermark(cx, request.replica, asked.partition) {
                return true;
            }
            let end = bound(replica, request);
            let missing = request.min_bytes.saturating_sub(bytes);
            bytes = bytes.saturating_add(replica.log.bytes_between(asked.fetch_offset, end, missing));
            if bytes >= request.min_bytes {
                return true;
            }
        }
        false
    }

    /// Reads again and answers with what there is. This tells the leader nothing new of the follower.
    pub(in crate::broker) fn complete_fetch(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        parked: ParkedFetch,
    ) {
        let request = parked.request();
        let mut bytes = 0_u32;
        let mut results = Vec::with_capacity(request.partitions.len());
        for asked in &request.partitions {
            let room = self.room(cx, request, bytes);
            let answer = match self.look(cx, request.replica, asked) {
                Ok(replica) => read(replica, request, asked, room),
                Err(Obstacle::Diverging(answer)) => answer,
                Err(Obstacle::Error(error)) => {
                    self.refuse_fetch(cx, asked.partition, &parked.envelope, error)
                }
            };
            if let FetchAnswer::Records { batches, .. } = &answer {
                bytes = bytes.saturating_add(bytes_of(batches));
            }
            results.push(FetchResult { partition: asked.partition, answer });
        }
        let correlation = parked.envelope.message.correlation;
        self.answer(cx, connection, correlation, Body::FetchResponse { partitions: results });
    }
}

impl From<ErrorCode> for Obstacle {
    fn from(error: ErrorCode) -> Obstacle {
        Obstacle::Error(error)
    }
}

#[derive(Clone, Copy)]
pub(in crate::broker) struct Room {
    pub bytes: u32,
    pub empty: bool,
}

/// How far this reader may read (consumer-and-transactions.md §2.1): followers everything, consumers what is replicated, or
/// of it what belongs to no open transaction.
fn bound(replica: &Replica, request: &FetchRequest) -> Offset {
    match request.isolation {
        _ if request.replica.is_some() || wrong(Mutant::ReadsToTheEnd) => replica.log.end(),
        Isolation::ReadUncommitted => replica.high_watermark,
        Isolation::ReadCommitted => replica.log.last_stable(replica.high_watermark),
    }
}

fn read(replica: &Replica, request: &FetchRequest, asked: &FetchPartition, room: Room) -> FetchAnswer {
    let bounds = Bounds {
        end: bound(replica, request),
        max_bytes: asked.max_bytes.min(room.bytes),
        at_least_one: room.empty,
    };
    FetchAnswer::Records {
        high_watermark: replica.high_watermark,
        log_start_offset: replica.log.start(),
        batches: replica.log.read(asked.fetch_offset, bounds),
    }
}
