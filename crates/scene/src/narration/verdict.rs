//! The verdict: one sentence with the number in it, one of context, and the balance.

use ackscope_sim::audit::{Audit, Totals};

use super::names::counted;
use crate::tokens::Tone;

/// What the whole run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What stands out, in its tone: `5 of 15`; empty where all is well.
    pub number: String,
    /// The rest of the sentence: `acknowledged records are lost`.
    pub sentence: String,
    pub context: String,
    pub tone: Tone,
    /// offered = the sum of these.
    pub balance: Vec<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub count: u32,
    pub label: &'static str,
    pub tone: Tone,
}

impl Verdict {
    /// The whole sentence.
    pub fn text(&self) -> String {
        if self.number.is_empty() {
            self.sentence.clone()
        } else {
            format!("{} {}", self.number, self.sentence)
        }
    }
}

pub fn verdict(audit: &Audit) -> Verdict {
    let totals = &audit.totals;
    let (number, sentence, tone) = headline(totals);
    Verdict {
        number,
        sentence,
        context: context(totals, audit.leaderless.len()),
        tone,
        balance: balance(totals),
    }
}

fn headline(totals: &Totals) -> (String, String, Tone) {
    let Totals { offered, acked, acked_lost, acked_unavailable, .. } = *totals;
    let Totals { duplicated, reordered, failed_kept, vanished, skipped, .. } = *totals;
    if acked_lost > 0 {
        let what = if acked == 1 { "acknowledged record is lost" } else { "acknowledged records are lost" };
        return (format!("{acked_lost} of {acked}"), what.to_owned(), Tone::Lost);
    }
    if acked_unavailable > 0 {
        let what = if acked == 1 {
            "acknowledged record cannot be read"
        } else {
            "acknowledged records cannot be read"
        };
        return (format!("{acked_unavailable} of {acked}"), what.to_owned(), Tone::Ink);
    }
    if duplicated > 0 {
        let what = if duplicated == 1 { "record is stored twice" } else { "records are stored twice" };
        return (duplicated.to_string(), what.to_owned(), Tone::Lost);
    }
    if reordered > 0 {
        let what = if reordered == 1 { "record is out of order" } else { "records are out of order" };
        return (reordered.to_string(), what.to_owned(), Tone::Lost);
    }
    if vanished > 0 {
        let what = "read by a consumer and then lost from the log";
        return (counted(u64::from(vanished), "record"), what.to_owned(), Tone::Lost);
    }
    if failed_kept > 0 {
        let what = if failed_kept == 1 {
            "failed record is stored all the same"
        } else {
            "failed records are stored all the same"
        };
        return (failed_kept.to_string(), what.to_owned(), Tone::Lost);
    }
    if skipped > 0 {
        return (counted(u64::from(skipped), "record"), "never given to the consumer".to_owned(), Tone::Lost);
    }
    if totals.never_sent > 0 {
        let what = "died with the application, unsent";
        return (counted(u64::from(totals.never_sent), "record"), what.to_owned(), Tone::Lost);
    }
    if totals.failed_absent > 0 {
        let what = format!("of {offered} failed, and the application knows");
        return (totals.failed_absent.to_string(), what, Tone::Ink);
    }
    if totals.undecided > 0 {
        return (totals.undecided.to_string(), "still undecided when the run ends".to_owned(), Tone::Ink);
    }
    if offered == 0 {
        return (String::new(), "Nothing was sent".to_owned(), Tone::Ink);
    }
    let what = if acked == 1 {
        "The one acknowledged record is kept".to_owned()
    } else {
        format!("All {acked} acknowledged records are kept")
    };
    (String::new(), what, Tone::Kept)
}

fn context(totals: &Totals, leaderless: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    let failed = totals.failed_absent + totals.failed_kept;
    if totals.acked_lost > 0 {
        let errors = if failed == 0 { "no error".to_owned() } else { counted(u64::from(failed), "error") };
        parts.push(format!(
            "The producer got {} and {errors}.",
            counted(u64::from(totals.acked), "acknowledgement")
        ));
    } else if failed > 0 {
        parts.push(format!("{} of {} were acknowledged.", totals.acked, totals.offered));
    }
    let more = [
        (totals.duplicated, totals.acked_lost > 0, "stored twice"),
        (totals.reordered, totals.acked_lost + totals.duplicated > 0, "out of order"),
        (
            totals.failed_kept,
            totals.acked_lost + totals.duplicated + totals.reordered > 0,
            "failed but stored",
        ),
        (totals.never_sent, totals.acked_lost > 0, "never sent"),
        (totals.vanished, totals.acked_lost > 0, "read and then lost"),
        (totals.skipped, totals.acked_lost > 0, "never delivered"),
    ];
    for (count, also, words) in more {
        if count > 0 && also {
            parts.push(format!("{count} {words}."));
        }
    }
    if totals.acked_lost > 0 && totals.acked_unavailable > 0 {
        parts.push(format!("{} more cannot be read.", totals.acked_unavailable));
    }
    let in_order = totals.duplicated == 0 && totals.reordered == 0;
    let all_kept = totals.undecided == 0 && totals.acked_unavailable == 0 && totals.offered > 0;
    if parts.is_empty() && in_order && all_kept {
        parts.push("None twice, none out of order.".to_owned());
    }
    if leaderless > 0 {
        let many = counted(leaderless as u64, "partition");
        let verb = if leaderless == 1 { "has" } else { "have" };
        parts.push(format!("{many} {verb} no leader when the run ends."));
    }
    if totals.acked_unavailable > 0 {
        parts.push("Records that cannot be read are on replicas that may not lead.".to_owned());
    }
    parts.join(" ")
}

fn balance(totals: &Totals) -> Vec<Share> {
    let shares = [
        (totals.kept, "kept", Tone::KeptFill),
        (totals.acked_lost, "acknowledged, lost", Tone::LostFill),
        (totals.acked_unavailable, "acknowledged, out of reach", Tone::E2Fill),
        (totals.failed_kept, "failed, yet kept", Tone::E1Fill),
        (totals.failed_absent, "failed", Tone::LineStrong),
        (totals.never_sent, "never sent", Tone::Line),
        (totals.undecided, "undecided", Tone::Sunken),
    ];
    shares
        .into_iter()
        .filter(|&(count, ..)| count > 0)
        .map(|(count, label, tone)| Share { count, label, tone })
        .collect()
}

#[cfg(test)]
mod tests {
    use ackscope_sim::audit::{Audit, Latency, Totals};
    use ackscope_sim::ids::Partition;

    use super::verdict;

    #[track_caller]
    fn check(totals: Totals, text: &str, context: &str) {
        check_without_leader(0, totals, text, context);
    }

    #[track_caller]
    fn check_without_leader(leaderless: u16, totals: Totals, text: &str, context: &str) {
        let audit = Audit {
            totals,
            records: Vec::new(),
            availability: Vec::new(),
            leaderless: (0..leaderless).map(Partition).collect(),
            latency: Latency::default(),
        };
        let verdict = verdict(&audit);
        assert_eq!((verdict.text().as_str(), verdict.context.as_str()), (text, context));
        let sum: u32 = verdict.balance.iter().map(|share| share.count).sum();
        assert_eq!(sum, totals.offered);
    }

    #[test]
    fn the_worst_comes_first_and_the_balance_adds_up() {
        let none = Totals::default();
        check(none, "Nothing was sent", "");
        check(
            Totals { offered: 15, acked: 15, kept: 10, acked_lost: 5, ..none },
            "5 of 15 acknowledged records are lost",
            "The producer got 15 acknowledgements and no error.",
        );
        check(
            Totals { offered: 4, acked: 4, kept: 4, ..none },
            "All 4 acknowledged records are kept",
            "None twice, none out of order.",
        );
        check(
            Totals { offered: 10, acked: 8, kept: 8, failed_absent: 2, ..none },
            "2 of 10 failed, and the application knows",
            "8 of 10 were acknowledged.",
        );
        check(
            Totals { offered: 6, acked: 6, kept: 6, reordered: 4, ..none },
            "4 records are out of order",
            "",
        );
        check(
            Totals { offered: 5, acked: 5, kept: 5, duplicated: 1, reordered: 2, ..none },
            "1 record is stored twice",
            "2 out of order.",
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_lost() {
        let none = Totals::default();
        check_without_leader(
            1,
            Totals { offered: 9, acked: 9, kept: 4, acked_unavailable: 5, ..none },
            "5 of 9 acknowledged records cannot be read",
            "1 partition has no leader when the run ends. Records that cannot be read are on replicas that may not lead.",
        );
        check_without_leader(
            2,
            Totals { offered: 4, acked: 4, kept: 4, ..none },
            "All 4 acknowledged records are kept",
            "None twice, none out of order. 2 partitions have no leader when the run ends.",
        );
        check_without_leader(
            1,
            Totals { offered: 6, acked: 6, kept: 3, acked_lost: 1, acked_unavailable: 2, ..none },
            "1 of 6 acknowledged records are lost",
            "The producer got 6 acknowledgements and no error. 2 more cannot be read. 1 partition has no leader when \
             the run ends. Records that cannot be read are on replicas that may not lead.",
        );
    }
}
