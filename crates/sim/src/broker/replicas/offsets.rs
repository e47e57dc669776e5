//! What a leader says of its log when it is asked: where it begins and ends, and where an epoch ended.

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
use crate::broker::replicas::replica::Replica;
use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset};
use crate::protocol::{Body, EpochAnswer, EpochQuestion, ListOffset, ListOffsetAt, ListOffsetResult};
use crate::version::KafkaVersion;

impl Replicas {
    pub fn list_offsets(
        &self,
        version: KafkaVersion,
        image: &Image,
        partitions: &[ListOffset],
        refuse: Option<ErrorCode>,
    ) -> Body {
        let answer = |asked: &ListOffset| {
            let result = match refuse {
                Some(error) => Err(error),
                None => (self.check_replica(image, asked.partition, asked.current_leader_epoch))
                    .and_then(|replica| replica.offset(version, asked.at, asked.from_replica)),
            };
            ListOffsetResult { partition: asked.partition, at: asked.at, result }
        };
        Body::ListOffsetsResponse { partitions: partitions.iter().map(answer).collect() }
    }

    pub fn ends_of_epochs(
        &self,
        version: KafkaVersion,
        image: &Image,
        partitions: &[EpochQuestion],
        refuse: Option<ErrorCode>,
    ) -> Body {
        let answer = |asked: &EpochQuestion| {
            let result = match refuse {
                Some(error) => Err(error),
                None => (self.check_replica(image, asked.partition, asked.current_leader_epoch))
                    .and_then(|replica| replica.end_of_epoch(version, asked.leader_epoch)),
            };
            EpochAnswer { partition: asked.partition, result }
        };
        Body::OffsetsForLeaderEpochResponse { partitions: partitions.iter().map(answer).collect() }
    }
}

impl Replica {
    fn offset(
        &self,
        version: KafkaVersion,
        at: ListOffsetAt,
        from_replica: bool,
    ) -> Result<(Offset, LeaderEpoch), ErrorCode> {
        let (Some(leading), Some(leader_epoch)) = (self.leading(), self.leader_epoch) else {
            return Err(ErrorCode::NotLeaderOrFollower);
        };
        let offset = match at {
            ListOffsetAt::Earliest => self.log.start(),
            ListOffsetAt::Latest if from_replica => self.log.end(),
            ListOffsetAt::Latest => {
                // A new leader does not yet know how much its predecessor had shown.
                let uncertain = self.high_watermark < leading.epoch_start;
                if uncertain && version.withholds_latest_offset() {
                    return Err(ErrorCode::OffsetNotAvailable);
                }
                self.high_watermark
            }
        };
        Ok((offset, leader_epoch))
    }

    fn end_of_epoch(
        &self,
        version: KafkaVersion,
        epoch: LeaderEpoch,
    ) -> Result<Option<(LeaderEpoch, Offset)>, ErrorCode> {
        if self.leading().is_none() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        Ok(self.log.epochs().end_offset_for(epoch, self.log.end(), version))
    }
}
