//! Makes a failing scenario small: whatever can be left out, halved or set back to its default, and still fails in the same
//! way, is.

use crate::plan::{Plan, Settings};

/// The smallest plan on the way down from `plan` of which `fails` holds, after at most `attempts` runs.
pub fn shrink(plan: &Plan, mut attempts: u32, mut fails: impl FnMut(&Plan) -> bool) -> Plan {
    let mut best = plan.clone();
    'again: loop {
        for smaller in smaller(&best) {
            if attempts == 0 {
                return best;
            }
            attempts -= 1;
            if fails(&smaller) {
                best = smaller;
                continue 'again;
            }
        }
        return best;
    }
}

/// One step smaller, the boldest first.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    let mut offer = |changed: Plan| {
        if changed != *plan {
            all.push(changed);
        }
    };
    let half = plan.steps.len() / 2;
    if half > 1 {
        offer(Plan { steps: plan.steps[..half].to_vec(), ..plan.clone() });
        offer(Plan { steps: plan.steps[half..].to_vec(), ..plan.clone() });
    }
    for place in 0..plan.steps.len() {
        offer(edited(plan, |plan| _ = plan.steps.remove(place)));
    }
    for place in 0..plan.clients.len() {
        offer(plan.without_client(place));
    }
    if plan.brokers > 1 {
        offer(plan.without_last_broker());
    }
    if plan.replicas.len() > 1 {
        for place in 0..plan.replicas.len() {
            offer(edited(plan, |plan| plan.remove_partition(place)));
        }
    }
    for place in 0..plan.replicas.len() {
        if plan.replicas[place].len() > 1 {
            offer(edited(plan, |plan| _ = plan.replicas[place].pop()));
        }
    }
    let leave_out = |settings: &mut Settings, place: usize| _ = settings.remove(place);
    for place in 0..plan.broker_settings.len() {
        offer(edited(plan, |plan| leave_out(&mut plan.broker_settings, place)));
    }
    for place in 0..plan.topic_settings.len() {
        offer(edited(plan, |plan| leave_out(&mut plan.topic_settings, place)));
    }
    for client in 0..plan.clients.len() {
        for place in 0..plan.clients[client].settings.len() {
            offer(edited(plan, |plan| leave_out(&mut plan.clients[client].settings, place)));
        }
    }
    for place in 0..plan.steps.len() {
        let step = &plan.steps[place];
        if let Some(records) = step.records.filter(|&records| records > 1) {
            offer(edited(plan, |plan| plan.steps[place].records = Some(records / 2)));
            offer(edited(plan, |plan| plan.steps[place].records = Some(records - 1)));
        }
        if let Some(lasts) = step.lasts_ms.filter(|&lasts| lasts > 10) {
            offer(edited(plan, |plan| plan.steps[place].lasts_ms = Some(rounded(lasts / 2))));
        }
        if step.at_ms > 10 {
            offer(edited(plan, |plan| plan.steps[place].at_ms = rounded(step.at_ms / 2)));
        }
    }
    offer(Plan { controllers: 1, ..plan.clone() });
    offer(Plan { jitter_us: 0, ..plan.clone() });
    offer(Plan { latency_us: 500, ..plan.clone() });
    offer(Plan { until_ms: rounded(plan.until_ms / 2).max(100), ..plan.clone() });
    all
}

fn edited(plan: &Plan, edit: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = plan.clone();
    edit(&mut plan);
    plan
}

/// Numbers that read well.
fn rounded(millis: u64) -> u64 {
    if millis > 100 { millis / 10 * 10 } else { millis }
}

#[cfg(test)]
mod tests {
    use crate::generate;

    /// What matters stays, what does not goes.
    #[test]
    fn a_fault_that_matters_is_all_that_stays() {
        let plan = (0..).map(generate::plan).find(|plan| {
            plan.brokers > 2 && plan.steps.iter().any(|step| step.what.starts_with("pause = \"broker-1"))
        });
        let plan = plan.expect("pauses are common");
        let matters = |plan: &crate::plan::Plan| {
            plan.try_spec().is_some()
                && plan.steps.iter().any(|step| step.what.contains("pause = \"broker-1"))
        };
        let small = super::shrink(&plan, 10_000, matters);
        assert_eq!((small.steps.len(), small.brokers, small.replicas.len()), (1, 1, 1), "{}", small.toml());
        assert!(small.clients.is_empty() && small.broker_settings.is_empty(), "{}", small.toml());
    }
}
