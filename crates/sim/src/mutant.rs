//! Deliberately wrong rules, one at a time, to find out whether the checks notice. Only with the feature `mutants`: without
//! it `wrong` is a constant, and nothing of this is in the program.

macro_rules! mutants {
    ($($name:ident $sentence:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($name),* }

        impl Mutant {
            pub const ALL: &[Mutant] = &[$(Mutant::$name),*];

            /// What is done wrong.
            pub fn sentence(self) -> &'static str {
                match self { $(Mutant::$name => $sentence),* }
            }
        }
    };
}

mutants! {
    // the leader
    CommittedIsr "the high watermark honours the committed ISR only while an expansion is pending"
    NoEpochStart "a follower joins the ISR without having reached the start of the leader's epoch"
    StaleFetch "a fetch of another leader epoch is answered, and counted"
    EarlierLife "a broker joins the ISR although it has been started anew since its fetch"
    AckOnAppend "acks=all is answered once the leader has the record"
    NoMinIsr "acks=all is taken with fewer than min.insync.replicas"
    ThawedHighWatermark "the high watermark moves on while the ISR is below min.insync.replicas"
    ReadsToTheEnd "consumers are given what is not committed"
    LeaderTrustsItsEnd "a new leader takes its whole log for committed"
    NeverShrinks "followers that lag stay in the ISR"
    // the follower
    TruncatesToHighWatermark "a follower cuts its log at its own high watermark"
    TruncatesOnce "a follower cuts where the leader says, and does not ask again"
    NeverTruncates "a follower keeps what its leader does not have"
    KillLosesPageCache "what was not flushed is lost with the process"
    PowerLossKeeps "a power loss leaves everything on the disk"
    // producers and what brokers remember of them
    ForgetsProducers "a new leader knows nothing of its producers' batches"
    RemembersOne "of each producer the last batch is remembered only"
    NoSequenceCheck "gaps in the sequence are not refused"
    RetryGoesBehind "a batch that is sent again goes to the back of its queue"
    StaleMetadata "a producer that hears NOT_LEADER_OR_FOLLOWER asks nobody for the leader"
    // the controller
    SameEpoch "a new leader is elected without a new leader epoch"
    AnyReplicaLeads "any live replica is elected, in sync or not"
    LastMemberLeaves "the last member leaves the ISR, and the next one to come leads"
    UncleanStaysEligible "a broker that restarts after an unclean stop stays eligible"
    ForgetsEligible "whoever leaves an ISR below its minimum is not eligible any more"
    QuickRestart "a new incarnation does not wait for the old one's session to end"
    NeverFences "sessions do not end"
    // the consumer
    KeepsPosition "a consumer goes on at its offset whatever became of the log"
}

#[cfg(feature = "mutants")]
mod switch {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static ACTIVE: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Works with that rule done wrong, on this thread.
    pub fn with<T>(mutant: Mutant, work: impl FnOnce() -> T) -> T {
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                ACTIVE.set(None);
            }
        }
        let _reset = Reset;
        ACTIVE.set(Some(mutant));
        work()
    }

    pub(crate) fn wrong(mutant: Mutant) -> bool {
        ACTIVE.get() == Some(mutant)
    }
}

#[cfg(feature = "mutants")]
pub use switch::with;
#[cfg(feature = "mutants")]
pub(crate) use switch::wrong;

#[cfg(not(feature = "mutants"))]
#[inline(always)]
pub(crate) const fn wrong(_: Mutant) -> bool {
    false
}
