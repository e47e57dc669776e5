//! A scenario as data that can be taken apart: it becomes a document, and the document a run, so that whatever is found
//! in a random run is found again by anybody who has the file.

use std::fmt::Write;

use ackscope_scenario::Document;
use ackscope_sim::spec::Spec;
use ackscope_sim::version::KafkaVersion;

/// Settings under Kafka's names, as TOML values.
pub type Settings = Vec<(&'static str, String)>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub version: KafkaVersion,
    pub until_ms: u64,
    pub brokers: u32,
    pub controllers: u32,
    pub latency_us: u64,
    pub jitter_us: u64,
    pub broker_settings: Settings,
    pub topic_settings: Settings,
    /// Of the one topic `t`.
    pub replicas: Vec<Vec<u32>>,
    pub clients: Vec<Client>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub kind: &'static str,
    pub name: String,
    pub settings: Settings,
}

impl Client {
    pub fn node(&self) -> String {
        format!("{}-{}", self.kind, self.name)
    }
}

/// One entry of the `do` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub at_ms: u64,
    pub lasts_ms: Option<u64>,
    /// Records of a load.
    pub records: Option<u32>,
    /// What is done, as TOML: `kill = "broker-1"`.
    pub what: String,
}

impl Plan {
    /// The document.
    pub fn toml(&self) -> String {
        let mut text = format!(
            "ackscope = 1\nid = \"generated-{seed}\"\ntitle = \"Generated scenario {seed}\"\nkafka = \"{}\"\n\
             seed = {seed}\nuntil = \"{} ms\"\n\n[cluster]\nbrokers = {}\ncontrollers = {}\n",
            self.version.name(),
            self.until_ms,
            self.brokers,
            self.controllers,
            seed = self.seed,
        );
        settings(&mut text, &self.broker_settings);
        _ = write!(
            text,
            "\n[network]\nlatency = \"{} us\"\njitter = \"{} us\"\n\n[topic.t]\nreplicas = {:?}\n",
            self.latency_us, self.jitter_us, self.replicas
        );
        settings(&mut text, &self.topic_settings);
        for client in &self.clients {
            _ = write!(text, "\n[{}.{}]\n", client.kind, client.name);
            settings(&mut text, &client.settings);
        }
        text += "\n[do]\n";
        for (place, step) in self.steps.iter().enumerate() {
            _ = write!(text, "step-{place} = {{ at = \"{} ms\", ", step.at_ms);
            if let Some(records) = step.records {
                _ = write!(text, "load = {records}, ");
            }
            text += &step.what;
            if let Some(lasts) = step.lasts_ms {
                _ = write!(text, ", for = \"{lasts} ms\"");
            }
            text += " }\n";
        }
        text
    }

    /// What the engine takes. None: the document is refused, as a plan that has been taken apart too far may be.
    pub fn try_spec(&self) -> Option<Spec> {
        Document::parse(&self.toml()).ok()?.spec("")
    }

    pub fn spec(&self) -> Spec {
        let document = Document::parse(&self.toml()).unwrap_or_else(|problems| {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}\n{}", said.join("\n"), self.toml())
        });
        document.spec("").expect("a document has a first variant")
    }

    /// Without a client, and what was done with it.
    pub fn without_client(&self, place: usize) -> Plan {
        let mut plan = self.clone();
        let node = format!("{}\"", plan.clients.remove(place).node());
        plan.steps.retain(|step| !step.what.contains(&node));
        plan
    }

    /// What was done with the partition is done with the first one.
    pub fn remove_partition(&mut self, place: usize) {
        self.replicas.remove(place);
        for gone in self.replicas.len()..=self.replicas.len() + 1 {
            for step in &mut self.steps {
                step.what = step.what.replace(&format!("to_partition = {gone}"), "to_partition = 0");
                step.what = step.what.replace(&format!("\"t-{gone}\""), "\"t-0\"");
            }
        }
    }

    /// Without the broker of the highest number, and what was done to it.
    pub fn without_last_broker(&self) -> Plan {
        let mut plan = self.clone();
        let node = format!("broker-{}", plan.brokers);
        plan.steps.retain(|step| !step.what.contains(&node));
        for replicas in &mut plan.replicas {
            replicas.retain(|&broker| broker != plan.brokers);
        }
        plan.replicas.retain(|replicas| !replicas.is_empty());
        plan.brokers -= 1;
        plan
    }
}

fn settings(text: &mut String, settings: &Settings) {
    for (key, value) in settings {
        _ = writeln!(text, "config.{key} = {value}");
    }
}
