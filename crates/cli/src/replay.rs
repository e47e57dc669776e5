//! `ackscope replay`: a recorded run of real Kafka, done again by the engine. Standard output is the simulated take, as
//! JSON in the form of the recording. Of the file only `id`, `kafka` and `inputs` are read.

use crate::args::{Args, Failed};
use crate::report::print_json;

pub fn replay(args: &Args) -> Result<bool, Failed> {
    let name = &args.exactly(1, "replay <recorded run>")?[0];
    let text = std::fs::read_to_string(name).map_err(|error| Failed(format!("{name}: {error}")))?;
    let take =
        ackscope_golden::replay_with(&text, args.seed).map_err(|error| Failed(format!("{name}: {error}")))?;
    print_json(&take)?;
    Ok(true)
}
