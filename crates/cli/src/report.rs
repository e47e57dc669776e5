//! A run as JSON: the schema of SCHEMA.md.

use std::collections::BTreeMap;

use ackscope_scenario::{Outcome, Variant};
use ackscope_sim::audit::{Latency, Totals};
use ackscope_sim::happening::{Fact, Happening, PartitionChange, Truncation};
use ackscope_sim::ids::{Brokers, ClientId, NodeId};
use ackscope_sim::invariants::{Row, When};
use ackscope_sim::producer::ProducerMetrics;
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;
use serde::Serialize;

use crate::budget::Ended;
use crate::why::marks;

/// One expectation and what was found.
#[derive(Serialize)]
pub struct Said {
    pub name: String,
    pub holds: bool,
    pub found: String,
}

pub fn said(outcomes: &[Outcome]) -> Vec<Said> {
    let say = |outcome: &Outcome| Said {
        name: outcome.name.clone(),
        holds: outcome.holds,
        found: outcome.found.clone(),
    };
    outcomes.iter().map(say).collect()
}

#[derive(Serialize)]
pub struct Report<'r> {
    id: &'r str,
    variant: &'r str,
    title: &'r str,
    kafka: &'static str,
    seed: u64,
    end_ns: u64,
    trace_hash: String,
    events: u64,
    audit: Audit<'r>,
    elections: Vec<Election>,
    isr_changes: Vec<IsrChange>,
    truncations: Vec<Cut>,
    availability: Vec<Gap>,
    latency: Latency,
    /// By producer.
    metrics: BTreeMap<String, ProducerMetrics>,
    invariants: Vec<Held>,
    did_occur: Vec<Occurred>,
    settings: Vec<Settings<'r>>,
    expect: Vec<Said>,
    /// The run ended early: nothing is decided.
    stopped: Option<Ended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    happenings: Option<&'r [Happening]>,
}

#[derive(Serialize)]
struct Audit<'r> {
    totals: Totals,
    records: Vec<Record<'r>>,
}

#[derive(Serialize)]
struct Record<'r> {
    record: u32,
    value: &'r str,
    producer: String,
    fate: &'static str,
    marks: Vec<&'static str>,
    delivered: u32,
    partition: Option<String>,
    offset: Option<u32>,
    offered_at_ns: u64,
    answered_at_ns: Option<u64>,
    decided_by: Option<u32>,
}

#[derive(Serialize)]
struct Election {
    happening: u32,
    at_ns: u64,
    partition: String,
    leader: Option<u32>,
    previous_leader: Option<u32>,
    leader_epoch: u32,
    isr: Brokers,
    elr: Brokers,
    recovering: bool,
    because: &'static str,
    of: Option<String>,
}

#[derive(Serialize)]
struct IsrChange {
    happening: u32,
    at_ns: u64,
    partition: String,
    isr: Brokers,
    previous_isr: Brokers,
    elr: Brokers,
    partition_epoch: u32,
    because: &'static str,
    of: Option<String>,
}

#[derive(Serialize)]
struct Cut {
    happening: u32,
    at_ns: u64,
    broker: String,
    partition: String,
    from: u32,
    to: u32,
    because: String,
}

#[derive(Serialize)]
struct Gap {
    partition: String,
    from_ns: u64,
    to_ns: u64,
}

/// What must hold in every run.
#[derive(Serialize)]
struct Held {
    name: &'static str,
    checked: u64,
    violated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    violated_at_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

#[derive(Serialize)]
struct Occurred {
    name: &'static str,
    occurred: bool,
}

#[derive(Serialize)]
struct Settings<'r> {
    of: &'r str,
    notices: Vec<Notice<'r>>,
    without_effect: &'r [Box<str>],
    refused: Option<String>,
}

#[derive(Serialize)]
struct Notice<'r> {
    key: &'static str,
    now: Option<&'r str>,
    why: &'r str,
}

impl<'r> Report<'r> {
    pub fn of(
        id: &'r str,
        variant: &'r Variant,
        run: &'r Run,
        rows: Vec<Row>,
        outcomes: &[Outcome],
        happenings: bool,
    ) -> Report<'r> {
        let (occurrences, rules): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.when == When::DidOccur);
        let changes: Vec<(&Happening, &PartitionChange)> = run
            .happenings
            .iter()
            .filter_map(|happening| match &happening.fact {
                Fact::PartitionChanged(change) => Some((happening, &**change)),
                _ => None,
            })
            .collect();
        Report {
            id,
            variant: &variant.name,
            title: &variant.title,
            kafka: run.spec.version.name(),
            seed: run.spec.seed,
            end_ns: run.end.nanos,
            trace_hash: run.trace_hash(),
            events: run.events,
            audit: audit(run),
            elections: changes
                .iter()
                .filter(|(_, change)| change.leader != change.previous_leader)
                .map(|(happening, change)| Election {
                    happening: happening.id.0,
                    at_ns: happening.at.nanos,
                    partition: run.spec.partition_name(change.partition),
                    leader: change.leader.map(|leader| leader.0),
                    previous_leader: change.previous_leader.map(|leader| leader.0),
                    leader_epoch: change.leader_epoch.0,
                    isr: change.isr,
                    elr: change.elr,
                    recovering: change.recovering,
                    because: change.because.name().0,
                    of: change.because.name().1.map(|broker| run.spec.node_name(NodeId::Broker(broker))),
                })
                .collect(),
            isr_changes: changes
                .iter()
                .filter(|(_, change)| change.isr != change.previous_isr || change.elr != change.previous_elr)
                .map(|(happening, change)| IsrChange {
                    happening: happening.id.0,
                    at_ns: happening.at.nanos,
                    partition: run.spec.partition_name(change.partition),
                    isr: change.isr,
                    previous_isr: change.previous_isr,
                    elr: change.elr,
                    partition_epoch: change.partition_epoch.0,
                    because: change.because.name().0,
                    of: change.because.name().1.map(|broker| run.spec.node_name(NodeId::Broker(broker))),
                })
                .collect(),
            truncations: run.happenings.iter().filter_map(|happening| cut(run, happening)).collect(),
            availability: run
                .audit
                .availability
                .iter()
                .map(|gap| Gap {
                    partition: run.spec.partition_name(gap.partition),
                    from_ns: gap.from.nanos,
                    to_ns: gap.to.nanos,
                })
                .collect(),
            latency: run.audit.latency,
            metrics: (0..run.spec.producers.len() as u16)
                .map(|index| {
                    (run.spec.node_name(NodeId::Producer(ClientId(index))), run.metrics(ClientId(index)))
                })
                .collect(),
            invariants: rules.into_iter().map(held).collect(),
            did_occur: (occurrences.into_iter())
                .map(|row| Occurred { name: row.name, occurred: row.violated.is_none() })
                .collect(),
            settings: variant
                .settings
                .iter()
                .map(|settings| Settings {
                    of: &settings.of,
                    notices: settings
                        .notices
                        .iter()
                        .map(|notice| Notice {
                            key: notice.key,
                            now: notice.now.as_deref(),
                            why: &notice.why,
                        })
                        .collect(),
                    without_effect: &settings.without_effect,
                    refused: settings
                        .refused
                        .as_ref()
                        .map(|failure| format!("{}: {}", failure.exception, failure.message)),
                })
                .collect(),
            expect: said(outcomes),
            stopped: Ended::of(run),
            happenings: happenings.then_some(&run.happenings[..]),
        }
    }
}

fn held(row: Row) -> Held {
    let (at, found) = row.violated.unzip();
    Held {
        name: row.name,
        checked: row.checked,
        violated: at.is_some(),
        violated_at_ns: at.map(|at| at.nanos),
        found,
    }
}

fn audit(run: &Run) -> Audit<'_> {
    let nanos = |at: Time| at.nanos;
    let records = run.audit.records.iter().map(|audit| {
        let offered = run.ledger.get(audit.record);
        Record {
            record: audit.record.0,
            value: run.ledger.value(audit.record),
            producer: run.spec.node_name(NodeId::Producer(offered.producer)),
            fate: audit.fate.name(),
            marks: marks(audit),
            delivered: audit.delivered,
            partition: audit.partition.map(|partition| run.spec.partition_name(partition)),
            offset: audit.offset.map(|offset| offset.0),
            offered_at_ns: audit.offered_at.nanos,
            answered_at_ns: audit.answered_at.map(nanos),
            decided_by: audit.decided_by.map(|id| id.0),
        }
    });
    Audit { totals: run.audit.totals, records: records.collect() }
}

fn cut(run: &Run, happening: &Happening) -> Option<Cut> {
    let Fact::Truncated { partition, from, to, because } = &happening.fact else { return None };
    let because = match because {
        Truncation::DivergingEpoch { .. } => "diverging-epoch",
        Truncation::HighWatermark => "high-watermark",
        Truncation::LeaderLogEnd => "leader-log-end",
        Truncation::Unflushed => "unflushed",
        Truncation::Wiped => "wiped",
    };
    Some(Cut {
        happening: happening.id.0,
        at_ns: happening.at.nanos,
        broker: run.spec.node_name(happening.node),
        partition: run.spec.partition_name(*partition),
        from: from.0,
        to: to.0,
        because: because.to_owned(),
    })
}
