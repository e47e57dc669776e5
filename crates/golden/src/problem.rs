//! What is wrong with a recording: what was found, where, and what is accepted.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::limits;

/// Why a file cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("not a recorded run: {0}")]
    Json(String),
    #[error("kafka {0:?}: expected a release such as \"4.3.1\", 0.10 or later")]
    Version(String),
    #[error("{place}: {problem}")]
    Inputs { place: &'static str, problem: Problem },
    #[error("step {place} ({step}): {problem}")]
    Step { place: usize, step: String, problem: Problem },
    #[error("broker_config: {0}")]
    BrokerConfig(String),
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("{what}: found {found}; accepted: {accepted}")]
    Odd { what: &'static str, found: String, accepted: String },
    #[error("{what}: found nothing; accepted: {accepted}")]
    Missing { what: &'static str, accepted: &'static str },
    #[error("{0}: not modelled yet")]
    NotModelled(&'static str),
    /// In Kafka's words.
    #[error("{0}")]
    Refused(String),
}

/// Long texts are cut off: what is wrong with them shows at their beginning.
const FOUND: usize = 80;

pub(crate) fn odd(what: &'static str, found: impl Display, accepted: impl Display) -> Problem {
    let mut found = found.to_string();
    if let Some((end, _)) = found.char_indices().nth(FOUND) {
        found.truncate(end);
        found.push('…');
    }
    Problem::Odd { what, found, accepted: accepted.to_string() }
}

pub(crate) fn missing(what: &'static str, accepted: &'static str) -> Problem {
    Problem::Missing { what, accepted }
}

/// A number within a range.
pub(crate) fn within<N: PartialOrd + Display>(
    what: &'static str,
    found: N,
    range: RangeInclusive<N>,
) -> Result<N, Problem> {
    if range.contains(&found) {
        return Ok(found);
    }
    Err(odd(what, found, format!("{} to {}", range.start(), range.end())))
}

/// A time or a span of a recording.
pub(crate) fn millis(what: &'static str, found: f64) -> Result<f64, Problem> {
    within(what, found, -limits::MILLIS..=limits::MILLIS)
}

/// No more than so many of something.
pub(crate) fn at_most(what: &'static str, count: usize, most: usize) -> Result<(), Problem> {
    if count > most { Err(odd(what, count, format!("at most {most}"))) } else { Ok(()) }
}
