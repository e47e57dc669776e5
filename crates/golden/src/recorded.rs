//! The file of a recorded run, as far as the engine may read it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::limits;
use crate::problem::{Problem, at_most, millis, within};

#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    pub id: String,
    #[serde(default)]
    pub question: String,
    pub kafka: String,
    pub inputs: Inputs,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Inputs {
    pub brokers: u32,
    #[serde(default)]
    pub broker_config: BTreeMap<String, String>,
    pub eligible_leader_replicas: Option<bool>,
    pub link_delay_ms: Option<f64>,
    #[serde(default)]
    pub clients: BTreeMap<String, Client>,
    pub steps: Vec<Step>,
    #[serde(default)]
    pub exact_batches: bool,
}

/// A client process.
#[derive(Clone, Debug, Deserialize)]
pub struct Client {
    pub machine: String,
    pub bootstrap: Vec<u32>,
}

/// What was done, and when. Which fields are there hangs on `step`.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    pub t_ms: f64,
    pub step: String,
    pub node: Option<String>,
    pub a: Option<String>,
    pub b: Option<String>,
    pub oneway: Option<bool>,
    pub client: Option<String>,
    pub cmd: Option<Vec<String>>,
    pub topic: Option<String>,
    pub partition: Option<u32>,
    pub keep: Option<u64>,
    pub text: Option<String>,
    pub active_after_ms: Option<f64>,
    pub registered_after_ms: Option<f64>,
    pub unfenced_after_ms: Option<f64>,
    pub broker_epoch: Option<u64>,
    pub after: Option<After>,
}

/// What the script waited for before the step.
#[derive(Clone, Debug, Deserialize)]
pub struct After {
    pub delay_ms: f64,
    pub state: Option<String>,
    pub partitions: Option<BTreeMap<String, StateOf>>,
    pub client: Option<String>,
    pub answers: Option<String>,
    pub event: Option<String>,
    pub n: Option<u32>,
    pub kind: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct StateOf {
    pub leader: i64,
    pub isr: Vec<u32>,
}

impl Inputs {
    /// Whether the cluster and the processes are of a size that can be played.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        within("brokers", self.brokers, 1..=limits::BROKERS)?;
        within("link_delay_ms", self.link_delay_ms.unwrap_or(0.0), 0.0..=limits::MILLIS)?;
        at_most("clients", self.clients.len(), limits::CLIENTS)?;
        at_most("steps", self.steps.len(), limits::STEPS)?;
        for client in self.clients.values() {
            at_most("bootstrap", client.bootstrap.len(), limits::CLIENTS)?;
        }
        Ok(())
    }
}

impl Step {
    /// Whether its times are such that can be played.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        millis("t_ms", self.t_ms)?;
        let after = self.after.as_ref().map_or(0.0, |after| after.delay_ms);
        for (what, span) in [
            ("delay_ms", Some(after)),
            ("active_after_ms", self.active_after_ms),
            ("registered_after_ms", self.registered_after_ms),
            ("unfenced_after_ms", self.unfenced_after_ms),
        ] {
            millis(what, span.unwrap_or(0.0))?;
        }
        Ok(())
    }
}
