//! Recorded runs: a file is understood or refused with a reason, and what is understood can be played for a while and
//! written down.

use ackscope_golden::{Plan, Recorded, take};

use super::playing::play;

pub fn recording(bytes: &[u8]) {
    let text = super::text(bytes);
    let Ok(recorded) = serde_json::from_str::<Recorded>(&text) else { return };
    match Plan::of(&recorded) {
        Ok(plan) => {
            let run = play(&plan.spec, bytes.len());
            take(&recorded, &plan, &run);
        }
        Err(unusable) => assert!(!unusable.to_string().is_empty(), "{unusable:?} says nothing"),
    }
}
