//! What applications hand over, hear and read.

use ackscope_sim::happening::Happening;
use ackscope_sim::ids::{BatchId, Partition, RecordId};

use super::StoryBuilder;
use crate::story::{Answer, Delivery};

impl StoryBuilder {
    pub(super) fn send_called(&mut self, happening: &Happening, record: RecordId) {
        if let Some(story) = self.record(record) {
            (story.send, story.sent) = (Some(happening.id), happening.at);
        }
        if let Some(index) = self.node_index(happening.node) {
            self.story.nodes[index].sends.push(record);
        }
        self.moment(happening.at, true, false);
    }

    pub(super) fn buffered(&mut self, record: RecordId, partition: Partition, batch: BatchId) {
        self.batch(batch).push(record);
        if let Some(story) = self.record(record) {
            story.partition = Some(partition);
        }
    }

    pub(super) fn answered(&mut self, happening: &Happening, record: RecordId, acknowledged: bool) {
        let answer = Answer { at: happening.at, acknowledged, happening: happening.id };
        if let Some(story) = self.record(record) {
            story.answer = Some(answer);
        }
        if let Some(index) = self.node_index(happening.node) {
            self.story.nodes[index].answers.push(record);
        }
        self.moment(happening.at, false, false);
    }

    pub(super) fn delivered(&mut self, happening: &Happening, record: RecordId, partition: Partition) {
        let (at, happening, node) = (happening.at, happening.id, happening.node);
        if let Some(index) = self.node_index(node) {
            let delivery = Delivery { at, record, partition, happening };
            self.story.nodes[index].deliveries.push(delivery);
        }
        self.moment(at, false, false);
    }
}
