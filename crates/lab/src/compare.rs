//! Runs side by side: the same measures of each, and which of them differ.

use ackscope_sim::audit::Audit;
use ackscope_sim::time::Duration;
use serde::Serialize;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Records,
    Micros,
}

/// One measure of every run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    pub name: &'static str,
    pub unit: Unit,
    /// In the order of the runs.
    pub values: Vec<u64>,
}

impl Measure {
    /// Not all runs agree.
    pub fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// Every measure of each run, in a fixed order.
pub fn compare(audits: &[&Audit]) -> Vec<Measure> {
    let records = |name, of: fn(&Audit) -> u32| Measure {
        name,
        unit: Unit::Records,
        values: audits.iter().map(|audit| u64::from(of(audit))).collect(),
    };
    let micros = |name, of: fn(&Audit) -> u64| Measure {
        name,
        unit: Unit::Micros,
        values: audits.iter().map(|audit| of(audit)).collect(),
    };
    vec![
        records("offered", |audit| audit.totals.offered),
        records("acknowledged", |audit| audit.totals.acked),
        records("kept", |audit| audit.totals.kept),
        records("acked-but-lost", |audit| audit.totals.acked_lost),
        records("acked-but-unavailable", |audit| audit.totals.acked_unavailable),
        records("failed-and-absent", |audit| audit.totals.failed_absent),
        records("failed-but-kept", |audit| audit.totals.failed_kept),
        records("never-sent", |audit| audit.totals.never_sent),
        records("undecided", |audit| audit.totals.undecided),
        records("duplicated", |audit| audit.totals.duplicated),
        records("reordered", |audit| audit.totals.reordered),
        records("delivered", |audit| audit.totals.delivered),
        records("skipped", |audit| audit.totals.skipped),
        records("vanished", |audit| audit.totals.vanished),
        micros("latency p50", |audit| audit.latency.p50_us),
        micros("latency p99", |audit| audit.latency.p99_us),
        micros("latency max", |audit| audit.latency.max_us),
        micros("unavailable", |audit| {
            let gaps = audit.availability.iter().map(|gap| gap.to.since(gap.from));
            gaps.fold(Duration::ZERO, |sum, gap| sum + gap).nanos / 1_000
        }),
    ]
}

#[cfg(test)]
mod tests {
    use ackscope_sim::audit::{Audit, Gap, Latency, Totals};
    use ackscope_sim::ids::Partition;
    use ackscope_sim::time::Time;

    use super::{Unit, compare};

    #[test]
    fn only_what_differs_is_said_to_differ() {
        let audit = |acked_lost, gap| Audit {
            totals: Totals { offered: 15, acked: 15, kept: 15 - acked_lost, acked_lost, ..Totals::default() },
            records: Vec::new(),
            availability: vec![Gap { partition: Partition(0), from: Time::ZERO, to: Time::from_millis(gap) }],
            leaderless: Vec::new(),
            latency: Latency::default(),
        };
        let measures = compare(&[&audit(5, 9_000), &audit(0, 9_000)]);
        let differing: Vec<&str> =
            measures.iter().filter(|measure| measure.differs()).map(|measure| measure.name).collect();
        assert_eq!(differing, ["kept", "acked-but-lost"]);
        let gap = measures.last().expect("there are measures");
        assert_eq!((gap.unit, gap.values.as_slice()), (Unit::Micros, &[9_000_000, 9_000_000][..]));
    }
}
