//! Recorded runs of real Apache Kafka: reads what was done, lets the engine do the same, writes down what it saw in the
//! same form, and compares the two.

mod compare;
mod plan;
mod recorded;
mod sessions;
mod take;

pub use compare::{Row, compare};
pub use plan::{Plan, Unusable};
pub use recorded::{Inputs, Recorded, Step};
pub use take::take;

/// The simulated take of a recorded run. Of the file only `id`, `kafka` and `inputs` are read.
pub fn replay(text: &str) -> Result<serde_json::Value, Unusable> {
    replay_with(text, None)
}

/// The same with the dice of another seed.
pub fn replay_with(text: &str, seed: Option<u64>) -> Result<serde_json::Value, Unusable> {
    let recorded: Recorded = serde_json::from_str(text).map_err(|error| Unusable::Json(error.to_string()))?;
    let mut plan = Plan::of(&recorded)?;
    plan.spec.seed = seed.unwrap_or(plan.spec.seed);
    let run = ackscope_sim::run::Run::new(plan.spec.clone());
    Ok(take(&recorded, &plan, &run))
}
