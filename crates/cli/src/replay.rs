//! `ackscope replay`: a recorded run of real Kafka, done again by the engine. Standard output is the simulated take, as
//! JSON in the form of the recording. Of the file only `id`, `kafka` and `inputs` are read.

use std::fs::File;

use crate::args::{Args, Failed};
use crate::budget::{Ended, Verdict};
use crate::out::{Out, aside};
use crate::source;

/// Recordings of a few thousand records have two million bytes.
const BYTES: usize = 16 << 20;

pub fn replay(args: &Args, out: &mut Out) -> Result<Verdict, Failed> {
    let name = &args.exactly(1, "replay <recorded run>")?[0];
    let file =
        File::open(name).map_err(|error| Failed(format!("{name:?}: {error}; accepted: a recorded run")))?;
    let text = source::read_text(name, file, BYTES)?;
    let (mut take, run) = ackscope_golden::replay_within(&text, args.seed, args.budget)
        .map_err(|error| Failed(format!("{name:?}: {error}")))?;
    let ended = Ended::of(&run);
    if let Some(ended) = &ended {
        take["stopped"] = serde_json::json!(ended);
    }
    out.json(&take)?;
    aside(ended.as_ref());
    Ok(Verdict::of(ended.as_ref(), true))
}
