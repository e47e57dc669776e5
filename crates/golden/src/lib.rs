//! Recorded runs of real Apache Kafka: reads what was done, lets the engine do the same, writes down what it saw in the
//! same form, and compares the two.

mod compare;
mod limits;
mod plan;
mod problem;
mod recorded;
mod sessions;
mod take;

use ackscope_sim::run::Run;
use ackscope_sim::run::budget::Budget;

pub use compare::{Row, compare};
pub use plan::Plan;
pub use problem::{Problem, Unusable};
pub use recorded::{Inputs, Recorded, Step};
pub use take::take;

/// How often a replay is made longer at most.
const LONGER_RUNS: u32 = 6;

/// The simulated take of a recorded run. Of the file only `id`, `kafka` and `inputs` are read.
pub fn replay(text: &str) -> Result<serde_json::Value, Unusable> {
    replay_with(text, None)
}

/// The same with the dice of another seed.
pub fn replay_with(text: &str, seed: Option<u64>) -> Result<serde_json::Value, Unusable> {
    replay_within(text, seed, Budget::default()).map(|(take, _)| take)
}

/// The same within a budget, and the run itself, which may have ended early.
pub fn replay_within(
    text: &str,
    seed: Option<u64>,
    budget: Budget,
) -> Result<(serde_json::Value, Run), Unusable> {
    let recorded = Recorded::read(text)?;
    let mut plan = Plan::of(&recorded)?;
    plan.spec.seed = seed.unwrap_or(plan.spec.seed);
    let mut run = Run::within(plan.spec.clone(), budget);
    // What a step waits for may take longer here than it did there: then the end comes later too.
    for _ in 0..LONGER_RUNS {
        let wanted = plan.end_after(&run);
        if wanted <= plan.spec.until || run.stopped.is_some() {
            break;
        }
        plan.spec.until = wanted;
        run = Run::within(plan.spec.clone(), budget);
    }
    Ok((take(&recorded, &plan, &run), run))
}
