//! Experiments made of many runs: what `linger.ms` and `batch.size` buy and cost under a workload, and runs side by side.

mod compare;
mod sweep;
mod workload;

pub use compare::{Measure, Unit, compare};
pub use sweep::{Grid, Measured, Sweep, frontier};
pub use workload::{Pace, Workload};
