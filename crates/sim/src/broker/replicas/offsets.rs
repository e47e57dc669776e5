//! What a leader says of its log when it is asked: where it begins and ends, and where an epoch ended.

use crate::broker::membership::image::Image;
use crate::broker::replicas::Replicas;
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
                None => self.list_offset(version, image, asked),
            };
            ListOffsetResult { partition: asked.partition, at: asked.at, result }
        };
        Body::ListOffsetsResponse { partitions: partitions.iter().map(answer).collect() }
    }

    fn list_offset(
        &self,
        version: KafkaVersion,
        image: &Image,
        asked: &ListOffset,
    ) -> Result<(Offset, LeaderEpoch), ErrorCode> {
        let replica = self.check_replica(image, asked.partition, asked.current_leader_epoch)?;
        let (Some(leading), Some(leader_epoch)) = (replica.leading(), replica.leader_epoch) else {
            return Err(ErrorCode::NotLeaderOrFollower);
        };
        let offset = match asked.at {
            ListOffsetAt::Earliest => replica.log.start(),
            ListOffsetAt::Latest if asked.from_replica => replica.log.end(),
            ListOffsetAt::Latest => {
                // A new leader does not yet know how much its predecessor had shown.
                let uncertain = replica.high_watermark < leading.epoch_start;
                if uncertain && version.withholds_latest_offset() {
                    return Err(ErrorCode::OffsetNotAvailable);
                }
                replica.high_watermark
            }
        };
        Ok((offset, leader_epoch))
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
                None => self.end_of_epoch(version, image, asked),
            };
            EpochAnswer { partition: asked.partition, result }
        };
        Body::OffsetsForLeaderEpochResponse { partitions: partitions.iter().map(answer).collect() }
    }

    fn end_of_epoch(
        &self,
        version: KafkaVersion,
        image: &Image,
        asked: &EpochQuestion,
    ) -> Result<Option<(LeaderEpoch, Offset)>, ErrorCode> {
        let replica = self.check_replica(image, asked.partition, asked.current_leader_epoch)?;
        if replica.leading().is_none() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        Ok(replica.log.epochs().end_offset_for(asked.leader_epoch, replica.log.end(), version))
    }
}
