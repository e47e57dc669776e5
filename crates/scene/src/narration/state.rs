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
