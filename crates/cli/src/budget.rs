//! What runs may use, as the command line says it, and what became of those that it was not enough for.

use ackscope_scenario::{limits, read_bytes, stopped};
use ackscope_sim::run::Trace;
use ackscope_sim::run::budget::{Budget, Stopped};
use serde::Serialize;

use crate::args::Failed;

/// More than any machine has.
const MEMORY: u64 = 1 << 50;
const ACCEPTED: &str = "events=N, records=N, memory=SIZE (512 MiB), or some of them with commas between";

/// `events=2000000,memory=512 MiB`; what is not named stays as usual.
pub fn read(text: &str) -> Result<Budget, Failed> {
    let mut budget = Budget::default();
    let mut named: Vec<&str> = Vec::new();
    for part in text.split(',') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = name.trim();
        let (place, most) = match name {
            "events" => (&mut budget.events, i64::MAX as u64),
            "records" => (&mut budget.records, limits::RECORDS),
            "memory" => (&mut budget.memory, MEMORY),
            _ => return Err(Failed(format!("--budget: found {part:?}; accepted: {ACCEPTED}"))),
        };
        if named.contains(&name) {
            return Err(Failed(format!("--budget: {name} is given twice; accepted: once")));
        }
        named.push(name);
        let number = value.trim().parse().ok().or_else(|| read_bytes(value).filter(|_| name == "memory"));
        *place = number.filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            Failed(format!("--budget: found {part:?}; accepted: {name}= and a number from 1 to {most}"))
        })?;
    }
    Ok(budget)
}

/// A run that its budget was not enough for, or in which time stood still.
#[derive(Serialize)]
pub struct Ended {
    /// `events`, `records`, `memory` or `stall`.
    by: &'static str,
    /// None: no budget would be enough.
    budget: Option<u64>,
    at_ns: u64,
    pub said: String,
}

impl Ended {
    /// None: the run came to its end.
    pub fn of(run: &Trace) -> Option<Ended> {
        let (by, budget) = match run.stopped.as_ref()? {
            Stopped::Events(most) => ("events", Some(*most)),
            Stopped::Records(most) => ("records", Some(*most)),
            Stopped::Memory(most) => ("memory", Some(*most)),
            Stopped::Stalled(_) => ("stall", None),
            Stopped::ByHand => return None,
        };
        let more = budget.map(|budget| match by {
            "memory" => format!("{}MiB", budget.div_ceil(1 << 20).saturating_mul(4)),
            _ => budget.saturating_mul(4).to_string(),
        });
        let allows = more.map(|more| format!(" `--budget {by}={more}` allows more.")).unwrap_or_default();
        let said = stopped(run)? + &allows;
        Some(Ended { by, budget, at_ns: run.end.nanos, said })
    }
}

/// How a command came out, as the exit code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything that was expected holds.
    Holds,
    Fails,
    /// A run ended at its budget.
    Stopped,
}

impl Verdict {
    /// Of one run and what was expected of it.
    pub fn of(ended: Option<&Ended>, holds: bool) -> Verdict {
        match (ended, holds) {
            (Some(_), _) => Verdict::Stopped,
            (None, true) => Verdict::Holds,
            (None, false) => Verdict::Fails,
        }
    }

    pub fn code(self) -> u8 {
        match self {
            Verdict::Holds => 0,
            Verdict::Fails => 1,
            Verdict::Stopped => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use ackscope_sim::run::budget::Budget;

    use super::read;

    #[test]
    fn a_budget_is_what_is_named_and_the_usual() {
        let usual = Budget::default();
        for (text, want) in [
            ("events=2000000", Budget { events: 2_000_000, ..usual }),
            ("memory=512 MiB", Budget { memory: 512 << 20, ..usual }),
            ("records=5, events=7,memory=9", Budget { events: 7, records: 5, memory: 9 }),
        ] {
            assert_eq!(read(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn an_odd_budget_names_what_is_accepted() {
        for (text, want) in [
            ("", "--budget: found \"\"; accepted: events=N, records=N"),
            ("5", "--budget: found \"5\"; accepted: events=N"),
            ("time=5", "--budget: found \"time=5\"; accepted: events=N"),
            (
                "events=0",
                "--budget: found \"events=0\"; accepted: events= and a number from 1 to 9223372036854775807",
            ),
            ("events=-1", "from 1 to"),
            ("events=5 MiB", "--budget: found \"events=5 MiB\"; accepted: events= and a number"),
            ("records=1000001", "accepted: records= and a number from 1 to 1000000"),
            ("memory=99999999999 GiB", "accepted: memory= and a number from 1 to 1125899906842624"),
            ("events=1,", "--budget: found \"\"; accepted: events=N"),
            ("events=1,events=2", "--budget: events is given twice; accepted: once"),
        ] {
            let said = read(text).unwrap_err().0;
            assert!(said.contains(want), "{text}: {said}");
        }
    }
}
