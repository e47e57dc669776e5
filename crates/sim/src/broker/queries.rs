//! The requests that change nothing: metadata, offsets, ends of epochs. And producer ids, of which a broker gives out
//! what the controller has given it.

use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::membership::controller_link::LinkName;
use crate::broker::server::Serving;
use crate::error::ErrorCode;
use crate::ids::{ConnectionId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId};
use crate::protocol::{Body, EpochAnswer, EpochQuestion, ListOffset, ListOffsetAt, ListOffsetResult};
use crate::time::Time;
use crate::version::KafkaVersion;
use crate::world::context::Context;

/// How many producer ids the controller gives out at once.
pub const PRODUCER_ID_BLOCK: u64 = 1_000;

/// What is left of the broker's block.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProducerIds {
    next: u64,
    end: u64,
}

impl Broker {
    pub(super) fn describe_cluster(
        &self,
        cx: &Context,
        topics: &[TopicId],
        refuse: Option<ErrorCode>,
    ) -> Body {
        let mut answer = self.memory.image.describe(&cx.spec, topics);
        if let Some(error) = refuse {
            answer.partitions.clear();
            answer.topic_errors = topics.iter().map(|&topic| (topic, error)).collect();
        }
        Body::MetadataResponse(Arc::new(answer))
    }

    pub(super) fn list_offsets(
        &self,
        cx: &Context,
        partitions: &[ListOffset],
        refuse: Option<ErrorCode>,
    ) -> Body {
        let answer = |asked: &ListOffset| {
            let result = match refuse {
                Some(error) => Err(error),
                None => self.list_offset(cx, asked),
            };
            ListOffsetResult { partition: asked.partition, at: asked.at, result }
        };
        Body::ListOffsetsResponse { partitions: partitions.iter().map(answer).collect() }
    }

    fn list_offset(&self, cx: &Context, asked: &ListOffset) -> Result<(Offset, LeaderEpoch), ErrorCode> {
        let replica = self.check_replica(asked.partition, asked.current_leader_epoch)?;
        let (Some(leading), Some(leader_epoch)) = (replica.leading(), replica.leader_epoch) else {
            return Err(ErrorCode::NotLeaderOrFollower);
        };
        let offset = match asked.at {
            ListOffsetAt::Earliest => replica.log.start(),
            ListOffsetAt::Latest if asked.from_replica => replica.log.end(),
            ListOffsetAt::Latest => {
                // A new leader does not yet know how much its predecessor had shown.
                let uncertain = replica.high_watermark < leading.epoch_start;
                if uncertain && cx.spec.version.withholds_latest_offset() {
                    return Err(ErrorCode::OffsetNotAvailable);
                }
                replica.high_watermark
            }
        };
        Ok((offset, leader_epoch))
    }

    pub(super) fn ends_of_epochs(
        &self,
        version: KafkaVersion,
        partitions: &[EpochQuestion],
        refuse: Option<ErrorCode>,
    ) -> Body {
        let answer = |asked: &EpochQuestion| {
            let result = match refuse {
                Some(error) => Err(error),
                None => self.end_of_epoch(version, asked),
            };
            EpochAnswer { partition: asked.partition, result }
        };
        Body::OffsetsForLeaderEpochResponse { partitions: partitions.iter().map(answer).collect() }
    }

    fn end_of_epoch(
        &self,
        version: KafkaVersion,
        asked: &EpochQuestion,
    ) -> Result<Option<(LeaderEpoch, Offset)>, ErrorCode> {
        let replica = self.check_replica(asked.partition, asked.current_leader_epoch)?;
        if replica.leading().is_none() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        Ok(replica.log.epochs().end_offset_for(asked.leader_epoch, replica.log.end(), version))
    }

    pub(super) fn init_producer_id(&mut self, cx: &mut Context, connection: ConnectionId, correlation: u32) {
        let ids = &mut self.memory.producer_ids;
        if ids.next < ids.end {
            let id = ProducerId(ids.next);
            ids.next += 1;
            let result = Ok((id, ProducerEpoch(0)));
            return self.answer(cx, connection, correlation, Body::InitProducerIdResponse { result });
        }
        self.park(cx, connection, Serving::ProducerId { correlation }, Time::NEVER);
        self.link_wants(cx, LinkName::Requests);
    }

    pub(super) fn on_producer_ids(&mut self, cx: &mut Context, result: Result<ProducerId, ErrorCode>) {
        let Ok(ProducerId(first)) = result else {
            return self.retry_link(
                cx,
                LinkName::Requests,
                crate::broker::replicas::in_sync::ALTER_PARTITION_RETRY,
            );
        };
        self.memory.producer_ids = ProducerIds { next: first, end: first + PRODUCER_ID_BLOCK };
        let waiting: Vec<_> = self.memory.server.waiting_for_producer_ids().collect();
        for (connection, correlation) in waiting {
            self.init_producer_id(cx, connection, correlation);
        }
    }
}
