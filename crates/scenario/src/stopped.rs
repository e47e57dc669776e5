//! What to say of a run that ended before its scenario does: what was too much, and what to change.

use ackscope_sim::run::Trace;
use ackscope_sim::run::budget::Stopped;

/// None: it came to its end.
pub fn stopped(trace: &Trace) -> Option<String> {
    let (why, change) = match trace.stopped.as_ref()? {
        Stopped::Stalled(sentence) => return Some(sentence.to_string()),
        Stopped::Events(most) => (
            format!("its budget is {most} events"),
            " Use an earlier end (until), fewer records or longer intervals.",
        ),
        Stopped::Records(most) => (format!("its budget is {most} records"), " Use smaller loads."),
        Stopped::Memory(most) => (
            format!("its budget is {} MiB of memory", *most >> 20),
            " Use an earlier end (until), fewer records or fewer consumers.",
        ),
        Stopped::ByHand => ("it was stopped by hand".to_owned(), ""),
    };
    Some(format!("The run ended at {} of {}: {why}.{change}", trace.end, trace.spec.until))
}

#[cfg(test)]
mod tests {
    use ackscope_sim::run::Run;
    use ackscope_sim::run::budget::Budget;

    use super::stopped;
    use crate::{Document, check, compare};

    const TEXT: &str = "ackscope = 1\nid = 'x'\ntitle = 'X'\nuntil = '20 s'\n[topic.t]\n[producer.p]\n[do]\n\
                        x = { at = '1 s', load = 2000, rate = '1000/s' }\n[expect]\n'nothing is lost' = { acked_lost = 0 }\n\
                        [variant.a]\n[variant.b]\n[compare]\nx = { total = 'acked', in = 'a', versus = 'b', difference = 0 }\n";

    fn within(budget: Budget) -> (Document, Run) {
        let document = Document::parse_within(TEXT, &[], Budget::UNLIMITED).unwrap();
        let run = Run::within(document.variants[0].spec.clone(), budget);
        (document, run)
    }

    #[test]
    fn a_run_that_uses_up_its_budget_says_what_was_too_much() {
        let whole = Budget::default();
        for (budget, want) in [
            (Budget { events: 1_000, ..whole }, "its budget is 1000 events. Use an earlier end (until)"),
            (Budget { records: 10, ..whole }, "its budget is 10 records. Use smaller loads"),
            (
                Budget { memory: 1 << 20, ..whole },
                "its budget is 1 MiB of memory. Use an earlier end (until)",
            ),
        ] {
            let said = stopped(&within(budget).1).expect(want);
            assert!(said.starts_with("The run ended at ") && said.contains(" of 20.000 s: "), "{said}");
            assert!(said.contains(want), "{said}");
        }
        assert_eq!(stopped(&within(whole).1), None);
    }

    /// "Nothing is lost" would hold in a run that has hardly begun.
    #[test]
    fn a_run_that_ended_early_decides_nothing() {
        let (document, cut) = within(Budget { events: 1_000, ..Budget::default() });
        let outcome = &check(&document.variants[0], &cut)[0];
        assert_eq!((outcome.holds, outcome.found.as_str()), (false, "not decided: the run ended early"));
        let whole = within(Budget::default()).1;
        let outcome = &compare(&document, &[whole, cut])[0];
        assert_eq!((outcome.holds, outcome.found.as_str()), (false, "not decided: the run ended early"));
    }
}
