//! What is only known when the whole trace has been read.

use ackscope_sim::ids::Offset;
use ackscope_sim::time::Time;

use super::logs::{lags, union};
use super::{StoryBuilder, messages};
use crate::story::{Replica, Story, doom};

impl StoryBuilder {
    pub fn finish(mut self) -> Story {
        let story = &mut self.story;
        let end = story.end;
        story.moments.shrink_to_fit();
        for replica in &mut story.replicas {
            replica.bars.shrink_to_fit();
            replica.high_watermarks.shrink_to_fit();
            replica.ends.shrink_to_fit();
        }
        // What lasts to the end holds at the run's last moment, too.
        let after = Time { nanos: end.nanos.saturating_add(1) };
        for node in &mut story.nodes {
            for band in &mut node.bands {
                band.to = band.to.min(after);
            }
        }
        let mut reach = Time::ZERO;
        story.reach = story
            .messages
            .iter()
            .map(|message| {
                reach = reach.max(message.until(end));
                reach
            })
            .collect();
        story.flows = messages::flows(&story.messages, end);
        for index in 0..story.partitions.len() {
            finish_partition(story, index, after);
        }
        self.story
    }
}

/// What a partition's logs came to: copies doomed by elections, blocks, lags, disputed offsets.
fn finish_partition(story: &mut Story, index: usize, after: Time) {
    let (end, partitions) = (story.end, story.partitions.len());
    let elections: Vec<doom::Election> = story.partitions[index]
        .changes
        .iter()
        .filter_map(|change| {
            let elected = change.change.leader?;
            let changed = Some(elected) != change.change.previous_leader;
            changed.then_some((change.at, elected, change.change.leader_epoch))
        })
        .collect();
    let mut replicas: Vec<&mut Replica> = story.replicas.iter_mut().skip(index).step_by(partitions).collect();
    doom::condemn(&mut replicas, &elections, &story.records, end);
    for replica in replicas {
        doom::repeat(&mut replica.bars, story.records.len());
        replica.blocks = doom::blocks(&replica.bars);
        replica.by_batch =
            (0..).zip(&replica.bars).filter_map(|(at, bar)| Some((bar.batch.as_ref()?.id, at))).collect();
        replica.by_batch.sort_unstable();
        replica.lags = lags(replica, end);
        for band in &mut replica.roles {
            band.to = band.to.min(after);
        }
        let partition = &mut story.partitions[index];
        partition.end = replica.bars.iter().map(|bar| bar.next).fold(partition.end, Offset::max);
        let disputed = replica.blocks.iter().filter(|block| block.doom.is_some() || block.to < end);
        partition.disputed.extend(disputed.map(|block| (block.base, block.next)));
    }
    story.partitions[index].disputed = union(std::mem::take(&mut story.partitions[index].disputed));
}
