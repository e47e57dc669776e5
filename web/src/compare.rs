//! One run held against another: what the totals were, what they are.

use std::sync::Arc;

use ackscope_sim::audit::Totals;

use crate::draft::Draft;
use crate::show::Show;

/// The run that others are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub draft: Draft,
    pub totals: Totals,
}

/// A total and what it is called.
type Row = (&'static str, fn(&Totals) -> u32);

/// What people ask first comes first.
const ROWS: [Row; 10] = [
    ("lost", |totals| totals.acked_lost),
    ("out of reach", |totals| totals.acked_unavailable),
    ("stored twice", |totals| totals.duplicated),
    ("out of order", |totals| totals.reordered),
    ("failed", |totals| totals.failed_absent + totals.failed_kept),
    ("never sent", |totals| totals.never_sent),
    ("kept", |totals| totals.kept),
    ("read and then lost", |totals| totals.vanished),
    ("deliveries", |totals| totals.delivered),
    ("sent", |totals| totals.offered),
];

impl Baseline {
    pub fn of((draft, show): (Draft, &Show)) -> Arc<Baseline> {
        Arc::new(Baseline { draft, totals: show.run.audit.totals })
    }

    /// `was 5 lost, now 0; was 10 kept, now 15`; empty where all is the same.
    pub fn against(&self, now: &Totals) -> String {
        let differing = ROWS.iter().filter(|(_, read)| read(&self.totals) != read(now));
        let words =
            differing.map(|(name, read)| format!("was {} {name}, now {}", read(&self.totals), read(now)));
        words.take(3).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::draft::Draft;
    use ackscope_sim::audit::Totals;

    #[test]
    fn only_what_differs_is_said_and_loss_comes_first() {
        let totals = Totals { offered: 15, kept: 10, acked_lost: 5, ..Totals::default() };
        let baseline = Baseline { draft: Draft::of_library("healthy").expect("in the library"), totals };
        assert_eq!(baseline.against(&totals), "");
        let now = Totals { kept: 15, acked_lost: 0, ..totals };
        assert_eq!(baseline.against(&now), "was 5 lost, now 0; was 10 kept, now 15");
    }
}
