//! A replica's steps, roles and bars as they change.

use ackscope_sim::happening::Happening;
use ackscope_sim::ids::{BatchId, LeaderEpoch, Offset, Partition};
use ackscope_sim::time::Time;

use super::StoryBuilder;
use crate::story::{BandRole, Bar, Lag, LogCut, MarkKind, Replica, RoleBand};

impl StoryBuilder {
    pub(super) fn appended(
        &mut self,
        happening: &Happening,
        partition: Partition,
        (base, next): (Offset, Offset),
        epoch: LeaderEpoch,
        batch: BatchId,
    ) {
        let (at, node) = (happening.at, happening.node);
        let (batch, skip) = self.resolve(node, partition, base, batch);
        let appended = happening.id;
        let bar = Bar {
            base,
            next,
            epoch,
            batch,
            skip,
            from: at,
            to: Time::NEVER,
            appended,
            doom: None,
            again: false,
        };
        for &record in bar.records() {
            if let Some(story) = self.story.records.get_mut(record.0 as usize) {
                story.stored = true;
            }
        }
        if let Some(replica) = self.replica(node, partition) {
            replica.ends.push((at, bar.next));
            replica.bars.push(bar);
        }
        self.moment(at, false, false);
    }

    pub(super) fn truncated(&mut self, happening: &Happening, partition: Partition, cut: LogCut) {
        let LogCut { from, to, because, .. } = cut;
        if let Some(replica) = self.replica(happening.node, partition) {
            truncate(replica, cut);
        }
        if from > to {
            self.mark(happening, Some(partition), MarkKind::Truncated { from, to, because });
        }
    }
}

pub(super) fn union(mut ranges: Vec<(Offset, Offset)>) -> Vec<(Offset, Offset)> {
    ranges.sort_unstable();
    let mut out: Vec<(Offset, Offset)> = Vec::new();
    for (from, to) in ranges {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

fn truncate(replica: &mut Replica, cut: LogCut) {
    let mut kept = Vec::new();
    for bar in replica.bars.iter_mut().filter(|bar| bar.to == Time::NEVER && bar.next > cut.to) {
        if bar.base < cut.to {
            // Cut through a batch: the part below stays.
            kept.push(Bar { next: cut.to, ..bar.clone() });
            bar.skip += (cut.to.0 - bar.base.0) as usize;
            bar.base = cut.to;
        }
        bar.to = cut.at;
    }
    replica.bars.append(&mut kept);
    replica.ends.push((cut.at, cut.to));
    if replica.high_watermarks.last().is_some_and(|&(_, offset)| offset > cut.to) {
        replica.high_watermarks.push((cut.at, cut.to));
    }
    replica.cuts.push(cut);
}

/// Both step lists run side by side.
pub(super) fn lags(replica: &Replica, end: Time) -> Vec<Lag> {
    let (mut ends, mut marks) = (replica.ends.iter().peekable(), replica.high_watermarks.iter().peekable());
    let (mut log_end, mut high) = (Offset(0), Offset(0));
    let mut lags: Vec<Lag> = Vec::new();
    loop {
        let at = match (ends.peek(), marks.peek()) {
            (Some(&&(a, _)), Some(&&(b, _))) => a.min(b),
            (Some(&&(at, _)), None) | (None, Some(&&(at, _))) => at,
            (None, None) => break,
        };
        while let Some(&(_, offset)) = ends.next_if(|step| step.0 == at) {
            log_end = offset;
        }
        while let Some(&(_, offset)) = marks.next_if(|step| step.0 == at) {
            high = offset;
        }
        let open = lags.last_mut().filter(|lag| lag.to == Time::NEVER);
        let still = open.as_ref().is_some_and(|lag| lag.high_watermark == high && log_end > high);
        if !still {
            open.into_iter().for_each(|lag| lag.to = at);
            if log_end > high {
                lags.push(Lag { from: at, to: Time::NEVER, high_watermark: high });
            }
        }
    }
    lags.iter_mut().for_each(|lag| lag.to = lag.to.min(end));
    lags
}

pub(super) fn close_role(replica: &mut Replica, at: Time) {
    if let Some(band) = replica.roles.last_mut().filter(|band| band.to == Time::NEVER) {
        band.to = at;
    }
}

pub(super) fn lead(replica: &mut Replica, at: Time, role: BandRole) {
    if replica.roles.last().is_some_and(|band| band.to == Time::NEVER && band.role == role) {
        return;
    }
    close_role(replica, at);
    replica.roles.push(RoleBand { from: at, to: Time::NEVER, role });
}

/// Offsets as a broker finds them when it loads a log or takes it over.
pub(super) fn settle(replica: &mut Replica, at: Time, end: Offset, high_watermark: Offset) {
    if replica.end_at(at) != end {
        replica.ends.push((at, end));
    }
    if replica.high_watermark_at(at) != high_watermark {
        replica.high_watermarks.push((at, high_watermark));
    }
}
