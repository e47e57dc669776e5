//! What a broker is at a moment, in words.

use ackscope_sim::ids::{BrokerId, NodeId, Partition};
use ackscope_sim::time::Time;

use crate::story::{BandRole, State, Story};

/// What a broker is for one partition: `leader, epoch 1`.
pub fn broker_state(story: &Story, broker: BrokerId, partition: Partition, at: Time) -> String {
    let mut words = String::new();
    for state in story.states_at(NodeId::Broker(broker), at) {
        let word = match state {
            State::Down => return "down".to_owned(),
            State::Dark => return "no power".to_owned(),
            State::Paused => "paused",
            State::Starting => "fenced, starting",
            State::Fenced => "fenced",
            State::DiskFailed => "disk failed",
        };
        if !words.is_empty() {
            words.push_str(", ");
        }
        words.push_str(word);
    }
    match story.replica(broker, partition).and_then(|replica| replica.role_at(at)) {
        Some(BandRole::Leading(epoch)) if words.is_empty() => format!("leader, epoch {epoch}"),
        Some(BandRole::Leading(_)) => format!("leader, {words}"),
        Some(BandRole::Following) if words.is_empty() => "follower".to_owned(),
        Some(BandRole::Following) | None => words,
    }
}

/// The same where there is no room: `leads`, `fenced`.
pub fn broker_state_short(story: &Story, broker: BrokerId, partition: Partition, at: Time) -> String {
    let word = story.states_at(NodeId::Broker(broker), at).last().map(|state| match state {
        State::Down => "down",
        State::Dark => "no power",
        State::Paused => "paused",
        State::Starting => "starting",
        State::Fenced => "fenced",
        State::DiskFailed => "disk failed",
    });
    let role = story.replica(broker, partition).and_then(|replica| replica.role_at(at));
    match (word, role) {
        (Some(word), _) => word.to_owned(),
        (None, Some(BandRole::Leading(epoch))) => format!("epoch {epoch}"),
        (None, Some(BandRole::Following)) => "follows".to_owned(),
        (None, None) => String::new(),
    }
}

/// How many partitions are gone through one by one.
const MOST_PARTITIONS: usize = 3;

/// What a node is and has at a moment, in numbers.
pub fn node_state(story: &Story, node: NodeId, at: Time) -> String {
    let partitions = || story.partitions.iter().zip(0..).map(|(of, place)| (of, Partition(place)));
    let mut parts: Vec<String> = match node {
        NodeId::Broker(broker) => partitions()
            .filter_map(|(of, partition)| {
                let replica = story.replica(broker, partition)?;
                let state = broker_state(story, broker, partition, at);
                let (high, end) = (replica.high_watermark_at(at), replica.end_at(at));
                let isr = if story.isr_at(partition, at).contains(broker) { "in" } else { "not in" };
                let name = &of.name;
                Some(format!("{name}: {state}, {isr} the ISR, high watermark {high}, log end {end}."))
            })
            .collect(),
        NodeId::Controller => partitions()
            .map(|(of, partition)| format!("{}: ISR {}.", of.name, story.isr_at(partition, at)))
            .collect(),
        NodeId::Producer(_) => story.node(node).map_or_else(Vec::new, |of| {
            let sent = of.sends.partition_point(|&record| story.record(record).sent <= at);
            let answers = of.answers.iter().filter_map(|&record| story.record(record).answer);
            let heard: Vec<bool> =
                answers.take_while(|answer| answer.at <= at).map(|answer| answer.acknowledged).collect();
            let acked = heard.iter().filter(|&&acknowledged| acknowledged).count();
            let failed = heard.len() - acked;
            vec![format!("{}: {sent} sent, {acked} acknowledged, {failed} failed.", of.detail)]
        }),
        NodeId::Consumer(_) => story.node(node).map_or_else(Vec::new, |of| {
            let read = of.deliveries.partition_point(|delivery| delivery.at <= at);
            let last = read.checked_sub(1).map(|last| &story.record(of.deliveries[last].record).name);
            vec![match last {
                Some(last) => format!("{read} read, {last} the last."),
                None => "Nothing read yet.".to_owned(),
            }]
        }),
        NodeId::World => Vec::new(),
    };
    let more = parts.len().saturating_sub(MOST_PARTITIONS);
    parts.truncate(MOST_PARTITIONS);
    if more > 0 {
        parts.push(format!("And {more} more partitions."));
    }
    parts.join(" ")
}
