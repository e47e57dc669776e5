//! Fetch, as the leader answers it: to followers up to the log's end, to consumers up to the high watermark; what a
//! follower's fetch tells the leader; and what the long poll waits for.

use std::sync::Arc;

use crate::broker::membership::Membership;
use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::log::Bounds;
use crate::broker::replicas::replica::{Replica, Role};
use crate::error::ErrorCode;
use crate::happening::Fact;
use crate::ids::{BrokerEpoch, BrokerId, HappeningId, LeaderEpoch, NodeId, Offset, Partition};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::bytes_of;
use crate::protocol::transaction::Isolation;
use crate::protocol::{Body, Envelope, FetchAnswer, FetchPartition, FetchRequest, FetchResult};
use crate::spec::Spec;
use crate::world::context::Context;

/// A fetch that found too little.
#[derive(Clone, Debug)]
pub struct DelayedFetch(pub Arc<Envelope>);

impl DelayedFetch {
    fn request(&self) -> &FetchRequest {
        let Body::FetchRequest(request) = &self.0.message.body else { self.0.message.body.misplaced() };
        request
    }

    /// Enough bytes, or something that the asker must know.
    pub fn is_worth_answering(&self, cx: &Context, replicas: &Replicas, image: &Image) -> bool {
        let request = self.request();
        let mut bytes = 0_u32;
        for asked in &request.partitions {
            let Ok(replica) = replicas.look(cx, image, request.replica, asked) else { return true };
            if replicas.owes_high_watermark(cx, request.replica, asked.partition) {
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
    pub fn complete(self, cx: &mut Context, replicas: &Replicas, image: &Image) -> Body {
        let request = self.request();
        let mut bytes = 0_u32;
        let mut results = Vec::with_capacity(request.partitions.len());
        for asked in &request.partitions {
            let room = Room::of(&cx.spec, request, bytes);
            let answer = match replicas.look(cx, image, request.replica, asked) {
                Ok(replica) => read(replica, request, asked, room),
                Err(Obstacle::Diverging(answer)) => answer,
                Err(Obstacle::Error(error)) => refuse(cx, image, asked.partition, self.0.from, error),
            };
            if let FetchAnswer::Records { batches, .. } = &answer {
                bytes = bytes.saturating_add(bytes_of(batches));
            }
            results.push(FetchResult { partition: asked.partition, answer });
        }
        Body::FetchResponse { partitions: results }
    }
}

/// What a fetch may not do, or that the asker has to truncate first.
enum Obstacle {
    Error(ErrorCode),
    Diverging(FetchAnswer),
}

impl From<ErrorCode> for Obstacle {
    fn from(error: ErrorCode) -> Obstacle {
        Obstacle::Error(error)
    }
}

/// One partition of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub answer: FetchAnswer,
    /// What the leader has learnt has raised its high watermark.
    pub high_watermark: Option<HappeningId>,
}

/// How many bytes the response may still take; nothing yet: the first batch goes in whatever its size.
#[derive(Clone, Copy)]
pub struct Room {
    pub bytes: u32,
    pub empty: bool,
}

impl Room {
    pub fn of(spec: &Spec, request: &FetchRequest, bytes: u32) -> Room {
        let max = match request.replica {
            Some(_) => request.max_bytes,
            None => request.max_bytes.min(spec.broker_config.fetch_max_bytes),
        };
        Room { bytes: max.saturating_sub(bytes), empty: bytes == 0 }
    }
}

pub fn refuse(
    cx: &mut Context,
    image: &Image,
    partition: Partition,
    from: NodeId,
    error: ErrorCode,
) -> FetchAnswer {
    cx.note(Fact::FetchRefused { partition, from, error });
    let names = cx.spec.version.errors_name_the_leader()
        && matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
    let current_leader = if names { image.current_leader(partition) } else { None };
    FetchAnswer::Error { error, current_leader }
}

impl Replicas {
    /// Reads, then lets the leader learn from it (broker.md §4.2).
    pub fn fetch_partition(
        &mut self,
        cx: &mut Context,
        membership: &mut Membership,
        request: &FetchRequest,
        asked: &FetchPartition,
        room: Room,
    ) -> Result<Fetched, ErrorCode> {
        let replica = match self.look(cx, &membership.image, request.replica, asked) {
            Ok(replica) => replica,
            Err(Obstacle::Error(error)) => return Err(error),
            Err(Obstacle::Diverging(answer)) => return Ok(Fetched { answer, high_watermark: None }),
        };
        // What the response says is how things stood before this fetch had its effect.
        let leader_end = replica.log.end();
        let answer = read(replica, request, asked, room);
        let high_watermark = match request.replica {
            Some(from) => self.follower_fetched(cx, membership, asked, from, leader_end)?,
            None => None,
        };
        Ok(Fetched { answer, high_watermark })
    }

    /// The replica that may be read, or what speaks against it.
    fn look(
        &self,
        cx: &Context,
        image: &Image,
        from: Option<(BrokerId, BrokerEpoch)>,
        asked: &FetchPartition,
    ) -> Result<&Replica, Obstacle> {
        let version = cx.spec.version;
        let replica = self.check_replica(image, asked.partition, asked.current_leader_epoch)?;
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
    pub(super) fn check_replica(
        &self,
        image: &Image,
        partition: Partition,
        current_leader_epoch: Option<LeaderEpoch>,
    ) -> Result<&Replica, ErrorCode> {
        self.check_hosted(image, partition)?;
        let replica = self.get(partition).expect("checked above");
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
        membership: &mut Membership,
        asked: &FetchPartition,
        (follower, epoch): (BrokerId, BrokerEpoch),
        leader_end: Offset,
    ) -> Result<Option<HappeningId>, ErrorCode> {
        let partition = asked.partition;
        let epoch = cx.spec.version.knows_broker_epochs_of_followers().then_some(epoch);
        let registered = membership.image.broker_epoch(follower);
        if epoch.is_some() && epoch < registered && !wrong(Mutant::EarlierLife) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let replica = self.get_mut(partition).expect("looked at above");
        let high_watermark = replica.high_watermark;
        let leading = replica.leading_mut().expect("looked at above");
        let remote = leading.followers.iter_mut().find(|remote| remote.id == follower);
        let remote = remote.expect("looked at above");
        let moved = remote.log_end_offset != Some(asked.fetch_offset);
        remote.fetched(asked.fetch_offset, leader_end, cx.now, epoch);
        remote.last_sent_high_watermark = high_watermark;
        self.maybe_expand_isr(cx, membership, partition, follower);
        Ok(if moved { self.maybe_increment_high_watermark(cx, &membership.image, partition) } else { None })
    }

    /// In 2.4 and 2.5 a follower's fetch does not wait where the leader has a higher high watermark than it sent last.
    /// (Answering a parked fetch does not count as sending: the next one is answered at once, too.)
    pub fn owes_high_watermark(
        &self,
        cx: &Context,
        from: Option<(BrokerId, BrokerEpoch)>,
        partition: Partition,
    ) -> bool {
        let Some((follower, _)) = from.filter(|_| cx.spec.version.pushes_high_watermark()) else {
            return false;
        };
        let Some(replica) = self.get(partition) else { return false };
        let remote = replica.leading().and_then(|leading| leading.follower(follower));
        remote.is_some_and(|remote| remote.last_sent_high_watermark < replica.high_watermark)
    }
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
