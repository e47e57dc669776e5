//! Before KRaft, how long a dead broker's session lives hangs on two clocks that a recording does not show: ZooKeeper's,
//! which ends sessions at whole ticks only, and the pings of the broker. What the script waited for tells when sessions
//! did end, and so how those clocks stood.

use crate::recorded::{Inputs, Step};

/// ZooKeeper's tickTime where nobody sets it.
const TICK_MS: f64 = 3_000.0;
/// A session is pinged three times in its length.
const PINGS: f64 = 3.0;

/// A broker that pinged no more.
struct Silenced<'a> {
    broker: &'a str,
    at_ms: f64,
    /// When its session ended, if that was seen.
    ended_ms: Option<f64>,
}

pub struct Sessions<'a> {
    silenced: Vec<Silenced<'a>>,
    timeout_ms: f64,
}

impl<'a> Sessions<'a> {
    pub fn of(inputs: &'a Inputs) -> Sessions<'a> {
        let configured =
            inputs.broker_config.get("zookeeper.session.timeout.ms").and_then(|text| text.parse().ok());
        let mut sessions = Sessions { silenced: Vec::new(), timeout_ms: configured.unwrap_or(6_000.0) };
        let mut leader = None;
        // The leader's silence, unless somebody else was let in since.
        let mut suspect: Option<usize> = None;
        for step in &inputs.steps {
            if let Some(after) = step.after.as_ref().filter(|after| after.state.is_some()) {
                let mut states = after.partitions.iter().flatten().map(|(_, state)| state);
                let now = states.next_back().map(|state| state.leader.to_string());
                let ended_ms = step.t_ms - after.delay_ms;
                if let Some(place) = suspect.take()
                    && now.as_deref() != Some(sessions.silenced[place].broker)
                    && sessions.may_last(ended_ms - sessions.silenced[place].at_ms)
                {
                    sessions.silenced[place].ended_ms = Some(ended_ms);
                }
                leader = now;
            }
            if let Some(broker) = silenced_by(step) {
                if leader.as_deref() == Some(broker) {
                    suspect = Some(sessions.silenced.len());
                }
                sessions.silenced.push(Silenced { broker, at_ms: step.t_ms, ended_ms: None });
            } else if matches!(step.step.as_str(), "start" | "resume" | "heal") {
                suspect = None;
            }
        }
        sessions
    }

    fn ping_ms(&self) -> f64 {
        self.timeout_ms / PINGS
    }

    fn may_last(&self, ms: f64) -> bool {
        const SLACK_MS: f64 = 100.0;
        (self.timeout_ms - self.ping_ms() - SLACK_MS..=self.timeout_ms + TICK_MS + SLACK_MS).contains(&ms)
    }

    /// A moment after `since_ms` at which sessions end.
    pub fn tick_ms(&self, since_ms: f64) -> Option<f64> {
        let ended = self.silenced.iter().find_map(|silenced| silenced.ended_ms)?;
        Some(since_ms + (ended - since_ms).rem_euclid(TICK_MS))
    }

    /// From the start of a broker to its first ping: such that it died as long before its session's end as it did, or
    /// half-way between two pings, which is the mean.
    pub fn first_ping_ms(&self, broker: &str, started_ms: f64) -> Option<f64> {
        let mut of_it = self.silenced.iter().filter(|silenced| silenced.broker == broker);
        let silenced = of_it.find(|silenced| silenced.at_ms > started_ms)?;
        let (mut earliest, mut latest) = (silenced.at_ms - self.ping_ms(), silenced.at_ms);
        if let Some(ended) = silenced.ended_ms {
            earliest = earliest.max(ended - self.timeout_ms - TICK_MS);
            latest = latest.min(ended - self.timeout_ms);
        }
        let last_ping = earliest + (latest - earliest) / 2.0;
        // Not while it is still coming up.
        const UP_MS: f64 = 2_000.0;
        (latest > earliest).then(|| UP_MS + (last_ping - started_ms - UP_MS).rem_euclid(self.ping_ms()))
    }
}

/// The broker that this step keeps from pinging.
fn silenced_by(step: &Step) -> Option<&str> {
    match step.step.as_str() {
        "kill -9" | "pause" => step.node.as_deref(),
        "cut" => match (step.a.as_deref()?, step.b.as_deref()?) {
            ("kc", broker) | (broker, "kc") => Some(broker),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(steps: &str) -> Inputs {
        let text = format!(r#"{{"brokers": 4, "steps": [{steps}]}}"#);
        serde_json::from_str(&text).expect("inputs")
    }

    /// Killed at 17,098.5, gone at 23,739.6: ticks lie 2,739.6 after a multiple of 3 s. Killed at 24,812.6, gone at
    /// 29,744.6: its last ping came before 23,744.6.
    #[test]
    fn what_was_waited_for_tells_how_the_clocks_stood() {
        let inputs = inputs(
            r#"{"t_ms": 6102, "step": "start", "node": "1"}, {"t_ms": 6103, "step": "start", "node": "2"},
               {"t_ms": 15400.5, "step": "note", "after": {"state": "t", "delay_ms": 0,
                "partitions": {"0": {"leader": 1, "isr": [1, 2]}}}},
               {"t_ms": 17098.5, "step": "kill -9", "node": "1"},
               {"t_ms": 23775.6, "step": "note", "after": {"state": "t", "delay_ms": 36,
                "partitions": {"0": {"leader": 2, "isr": [2]}}}},
               {"t_ms": 24812.6, "step": "kill -9", "node": "2"},
               {"t_ms": 29782.1, "step": "start", "node": "1", "after": {"state": "t", "delay_ms": 37.5,
                "partitions": {"0": {"leader": -1, "isr": []}}}}"#,
        );
        let sessions = Sessions::of(&inputs);
        assert_eq!(sessions.tick_ms(0.0).map(f64::round), Some(2_740.0));
        let ping = sessions.first_ping_ms("2", 6_103.0).expect("its end was seen");
        let last = 24_812.6 - (24_812.6 - 6_103.0 - ping).rem_euclid(2_000.0);
        assert!((22_812.6..23_744.6).contains(&last), "{last}");
        assert_eq!(sessions.first_ping_ms("2", 25_000.0), None);
    }

    /// Nobody waited for a leader that died: nothing is known.
    #[test]
    fn a_run_without_a_seen_end_says_nothing() {
        let sessions = inputs(r#"{"t_ms": 19000, "step": "kill -9", "node": "1"}"#);
        let sessions = Sessions::of(&sessions);
        assert_eq!(sessions.tick_ms(0.0), None);
        assert_eq!(sessions.first_ping_ms("1", 0.0), Some(2_000.0));
    }
}
