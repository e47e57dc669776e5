//! What was asked of the controller and has to wait: topics for their brokers, settings for an active controller.

use crate::config::TopicConfig;
use crate::ids::{BrokerId, TopicId};
use crate::time::{Duration, Time};
use crate::world::context::Context;

use super::cluster::Cluster;
use super::metadata::Metadata;
use super::partitions::Partitions;
use super::term::Term;
use super::timer::Due;

/// Whoever creates a topic waits this long for brokers that have yet to come up.
const TOPIC_PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Not created yet, and since when it is wanted.
    topics: Vec<(TopicId, Time)>,
    /// Asked for while there was no active controller.
    settings: Vec<(TopicId, TopicConfig)>,
}

impl Wanted {
    pub fn add_topic(&mut self, topic: TopicId, since: Time) {
        self.topics.push((topic, since));
    }

    pub fn add_settings(&mut self, topic: TopicId, config: TopicConfig) {
        self.settings.push((topic, config));
    }

    pub fn take_settings(&mut self) -> Vec<(TopicId, TopicConfig)> {
        std::mem::take(&mut self.settings)
    }

    /// Topics that can be created are. One waits for an active replica of each partition, and a while for brokers that
    /// have yet to come up for the first time.
    pub fn create_topics(
        &mut self,
        cx: &mut Context,
        term: Term,
        cluster: &Cluster,
        partitions: &mut Partitions,
        metadata: &mut Metadata,
    ) {
        self.topics.retain(|&(topic, since)| {
            let waited = cx.now.since(since);
            let patient = waited < TOPIC_PATIENCE;
            if is_ready(cx, cluster, topic, patient) {
                partitions.create(cx, cluster, metadata, topic);
                return false;
            }
            if patient {
                term.set_timer(cx, TOPIC_PATIENCE.saturating_sub(waited), Due::Topic);
            }
            true
        });
    }
}

fn is_ready(cx: &Context, cluster: &Cluster, topic: TopicId, patient: bool) -> bool {
    let active = cluster.active();
    cx.spec.partitions_of(topic).all(|partition| {
        let replicas = &cx.spec.partition(partition).replicas;
        let may_come = |id: BrokerId| cluster.get(id).is_none_or(|broker| !broker.seen_running);
        replicas.iter().any(|&id| active.contains(id))
            && !(patient && replicas.iter().any(|&id| may_come(id)))
    })
}
