//! What must hold of every run, whatever was done to the cluster: the engine's invariants after every step, the same trace
//! again and at every seek, books that balance, and a cluster that comes to rest once nobody disturbs it any more.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use ackscope_sim::config::ProducerConfig;
use ackscope_sim::happening::Fact;
use ackscope_sim::ids::{BrokerId, NodeId, Partition};
use ackscope_sim::invariants::{Row, inspect};
use ackscope_sim::run::Run;
use ackscope_sim::script::{Action, Trigger};
use ackscope_sim::spec::Spec;
use ackscope_sim::time::{Duration, Time};
use ackscope_sim::view::{Lifecycle, ReplicaRole};

/// What was found in a run.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Nothing, if all is well.
    pub wrong: Vec<String>,
    pub rows: Vec<Row>,
}

/// Sentences begin with what was broken, so that a shrunk scenario can be asked for the same.
pub fn examine(spec: &Spec) -> Examined {
    match quietly(|| examine_run(spec)) {
        Ok(examined) => examined,
        Err(message) => Examined { wrong: vec![format!("Panic: {message}")], rows: Vec::new() },
    }
}

/// A panic's message instead of a panic.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    thread_local! { static QUIET: Cell<bool> = const { Cell::new(false) } }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    outcome.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("without a word").to_owned()
    })
}

fn examine_run(spec: &Spec) -> Examined {
    let inspection = inspect(spec.clone());
    let mut wrong: Vec<String> = inspection
        .violated()
        .map(|row| {
            let (at, how) = row.violated.clone().unwrap_or_default();
            format!("{} ({at}: {how})", row.name)
        })
        .collect();
    let run = Run::new(spec.clone());
    if run.hash != inspection.hash {
        wrong.push("Twice: the second run has another trace".to_owned());
    }
    seek(&run, &mut wrong);
    books(&run, &mut wrong);
    rest(&run, &mut wrong);
    Examined { wrong, rows: inspection.rows }
}

/// A moment that the seed chooses: sought, and run to.
pub(crate) fn seek(run: &Run, wrong: &mut Vec<String>) {
    let busy = 30_000_u64.min(run.end.nanos / 1_000_000);
    let time = Time::from_millis(run.spec.seed.wrapping_mul(7_919) % busy.max(1));
    let mut spec = (*run.spec).clone();
    spec.until = time;
    let direct = Run::new(spec);
    if format!("{:?}", run.view_at(time)) != format!("{:?}", direct.view_at(time)) {
        wrong.push(format!("Seek: at {time} the cluster stands otherwise than after running there"));
    }
    if run.until(time) != &direct.happenings[..] {
        wrong.push(format!("Seek: until {time} something else happened"));
    }
}

/// Every record is answered once and has one fate.
pub(crate) fn books(run: &Run, wrong: &mut Vec<String>) {
    let totals = &run.audit.totals;
    let fates = totals.kept
        + totals.acked_lost
        + totals.failed_absent
        + totals.failed_kept
        + totals.never_sent
        + totals.undecided;
    if totals.offered != fates || totals.offered as usize != run.audit.records.len() {
        wrong.push(format!("Books: {} records were offered, {fates} have a fate", totals.offered));
    }
    let mut answers = vec![0_u32; run.audit.records.len()];
    for happening in &run.happenings {
        if let Fact::Acknowledged { record, .. } | Fact::SendFailed { record, .. } = happening.fact {
            answers[record.0 as usize] += 1;
        }
    }
    if let Some(place) = answers.iter().position(|&count| count > 1) {
        wrong.push(format!("Books: record {place} was answered {} times", answers[place]));
    }
}

/// Every disturbance is over this long before the end, or nothing is said about rest.
const REST: Duration = Duration::from_secs(60);

/// What the cluster owes once it has been left alone: leaders, full ISRs, equal logs, everything answered and read.
fn rest(run: &Run, wrong: &mut Vec<String>) {
    let spec = &*run.spec;
    let Some(last) = last_disturbance(spec) else { return };
    if last + REST > run.end {
        return;
    }
    if is_busy(run) {
        return;
    }
    let view = run.last().view();
    let is_up = |id: BrokerId| {
        let broker = view.brokers.iter().find(|broker| broker.id == id).expect("a broker of this scenario");
        broker.lifecycle == Lifecycle::Running && !broker.log_dir_failed
    };
    for broker in view.brokers.iter().filter(|broker| !is_up(broker.id)) {
        if !may_stay_away(spec, broker.id) {
            wrong.push(format!("Rest: broker {} is {:?}", broker.id, broker.lifecycle));
        }
    }
    for (partition, placed) in (0..).map(Partition).zip(&spec.partitions) {
        if !placed.replicas.iter().all(|&id| is_up(id)) {
            continue;
        }
        let Some(Some(state)) = view.controller.partitions.get(usize::from(partition.0)) else {
            wrong.push(format!("Rest: partition {partition} does not exist"));
            continue;
        };
        if state.isr.is_empty() && state.elr.is_empty() && alters_topics(spec) {
            continue; // another min.insync.replicas clears the ELR, and nobody is left who may lead cleanly
        }
        if state.leader.is_none() && wipes_disks(spec) {
            continue; // refused while it points at the directory that is gone
        }
        if state.leader.is_none() || state.isr.len() != placed.replicas.len() {
            wrong.push(format!(
                "Rest: partition {partition} has leader {:?}, ISR {}",
                state.leader, state.isr
            ));
            continue;
        }
        let replicas = view.brokers.iter().flat_map(|broker| &broker.replicas);
        let mut end = None;
        for replica in replicas.filter(|replica| replica.partition == partition) {
            let is_leader = matches!(replica.role, ReplicaRole::Leader(_));
            let marks = (replica.log_end_offset, replica.high_watermark);
            if marks.0 != marks.1 {
                wrong.push(format!(
                    "Rest: partition {partition} ends at {}, its high watermark {} (leader: {is_leader})",
                    marks.0, marks.1
                ));
            }
            if *end.get_or_insert(marks.0) != marks.0 {
                wrong.push(format!("Rest: replicas of partition {partition} end at different offsets"));
            }
        }
        for consumer in &view.consumers {
            let position = consumer.positions.iter().find(|(of, _)| *of == partition);
            if let Some(&(_, position)) = position
                && position != end
                && !has_failed(run, NodeId::Consumer(consumer.client))
            {
                wrong.push(format!(
                    "Rest: consumer {} stands at {position:?} of partition {partition}, which ends at {end:?}",
                    spec.node_name(NodeId::Consumer(consumer.client))
                ));
            }
        }
    }
    let late = run.audit.records.iter().find(|audit| {
        let producer = &spec.producers[usize::from(run.ledger.get(audit.record).producer.0)];
        let patience = producer.config.as_ref().ok().and_then(|config| patience(spec, config));
        audit.answered_at.is_none() && patience.is_some_and(|patience| audit.offered_at + patience < run.end)
    });
    if let Some(audit) = late.filter(|_| !kills_applications(spec)) {
        wrong.push(format!("Rest: the application never heard of record {} ", audit.record));
    }
}

/// How long an application may have to wait for an answer. None: for ever.
fn patience(spec: &Spec, config: &ProducerConfig) -> Option<Duration> {
    let attempts = match (spec.version.has_delivery_timeout(), config.retries) {
        (true, _) => config.delivery_timeout + config.request_timeout,
        (false, retries @ 0..=3) => {
            (config.request_timeout * 2 + config.retry_backoff) * u64::from(retries + 1)
        }
        (false, _) => return None,
    };
    Some(config.max_block + config.linger + attempts + Duration::from_secs(5))
}

/// Loads that wait for answers may go on to the end.
fn is_busy(run: &Run) -> bool {
    let lately =
        run.happenings.iter().rev().take_while(|happening| happening.at + Duration::from_secs(2) > run.end);
    lately
        .into_iter()
        .any(|happening| matches!(happening.fact, Fact::Appended { .. } | Fact::SendCalled { .. }))
}

fn has_failed(run: &Run, node: NodeId) -> bool {
    let mut own = run.happenings.iter().filter(|happening| happening.node == node);
    own.any(|happening| matches!(happening.fact, Fact::ConsumerFailed { .. }))
}

/// When the script is done with the cluster; None: that depends on what happens.
fn last_disturbance(spec: &Spec) -> Option<Time> {
    let mut last = Time::ZERO;
    for entry in &spec.script {
        let Trigger::At(at) = entry.when else { return None };
        let is_load = matches!(entry.action, Action::Load(_) | Action::Send { .. });
        let heals = entry.lasts.is_some();
        let lasting = matches!(
            entry.action,
            Action::Kill { .. }
                | Action::Pause { .. }
                | Action::PowerLoss { .. }
                | Action::Cut { .. }
                | Action::SlowDisk { .. }
                | Action::StallDisk { .. }
                | Action::SlowLink { .. }
                | Action::SlowBroker { .. }
        );
        if lasting && !heals {
            return None;
        }
        if !is_load {
            last = last.max(at + entry.lasts.unwrap_or_default());
        }
    }
    Some(last)
}

/// A failed log directory stays away until the process is started anew.
fn may_stay_away(spec: &Spec, broker: BrokerId) -> bool {
    spec.script.iter().any(|entry| matches!(entry.action, Action::FailDisk { broker: own } if own == broker))
}

fn kills_applications(spec: &Spec) -> bool {
    spec.script.iter().any(|entry| matches!(entry.action, Action::KillApplication { .. }))
}

fn alters_topics(spec: &Spec) -> bool {
    spec.script.iter().any(|entry| matches!(entry.action, Action::AlterTopic { .. }))
}

fn wipes_disks(spec: &Spec) -> bool {
    spec.script.iter().any(|entry| matches!(entry.action, Action::Wipe { .. }))
}
