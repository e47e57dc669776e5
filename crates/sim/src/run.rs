//! A whole run with its trace: the one thing that page, command line and tests hold.

use std::sync::Arc;

use crate::audit::Audit;
use crate::happening::Happening;
use crate::ids::HappeningId;
use crate::ledger::Ledger;
use crate::spec::Spec;
use crate::time::Time;
use crate::view::ClusterView;

/// A finished run: full trace, audit, and keyframes to look at any moment again.
pub struct Run {
    pub spec: Arc<Spec>,
    pub happenings: Vec<Happening>,
    pub ledger: Ledger,
    pub audit: Audit,
    /// When the run ended.
    pub end: Time,
    pub hash: u64,
}

impl Run {
    /// Runs the scenario to its end.
    pub fn new(_spec: Spec) -> Run {
        unreachable!("replaced by the world loop before anything calls it")
    }

    /// 16 hexadecimal digits over every byte of every happening.
    pub fn trace_hash(&self) -> String {
        format!("{:016x}", self.hash)
    }

    pub fn happening(&self, id: HappeningId) -> &Happening {
        &self.happenings[id.0 as usize]
    }

    /// The chain of causes, the happening itself first.
    pub fn causes(&self, id: HappeningId) -> impl Iterator<Item = &Happening> {
        std::iter::successors(Some(self.happening(id)), |happening| {
            happening.cause.map(|cause| self.happening(cause))
        })
    }

    /// The happenings up to and including `time`.
    pub fn until(&self, time: Time) -> &[Happening] {
        &self.happenings[..self.happenings.partition_point(|happening| happening.at <= time)]
    }

    /// The cluster as it stood at `time`: the nearest keyframe and a short replay.
    pub fn view_at(&self, _time: Time) -> ClusterView {
        unreachable!("replaced by the world loop before anything calls it")
    }
}
