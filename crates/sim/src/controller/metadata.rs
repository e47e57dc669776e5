//! The controller's log: what is written, what of it is committed, and who waits for that (broker.md §6.9).

use std::collections::VecDeque;

use crate::chunks::Chunks;
use crate::ids::{ConnectionId, HappeningId, MetadataOffset};
use crate::protocol::{Body, MetadataRecord};
use crate::rng::Stream;
use crate::time::{Duration, Time};
use crate::world::context::Context;

/// `controller.quorum.append.linger.ms`: what is written within it is committed together.
const APPEND_LINGER: Duration = Duration::from_millis(25);

#[derive(Clone, Debug)]
struct Batch {
    opened: Time,
    commits_at: Time,
    end: MetadataOffset,
    /// The last thing that led to it.
    cause: Option<HappeningId>,
}

/// An answer that must not leave before what it says is committed.
#[derive(Clone, Debug)]
struct Answer {
    after: MetadataOffset,
    connection: ConnectionId,
    correlation: u32,
    body: Body,
    cause: Option<HappeningId>,
}

#[derive(Clone, Copy, Debug)]
struct ParkedFetch {
    connection: ConnectionId,
    correlation: u32,
    from: MetadataOffset,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Metadata {
    records: Chunks<MetadataRecord>,
    /// Everything below is committed.
    committed: MetadataOffset,
    /// Everything below is known to the brokers' fetches as committed: the same from 4.1 on, before that what was
    /// committed when something more was written (broker.md §6.9.2).
    told: MetadataOffset,
    pending: VecDeque<Batch>,
    answers: VecDeque<Answer>,
    parked: Vec<ParkedFetch>,
}

impl Metadata {
    /// The offset of the next record.
    pub fn end(&self) -> MetadataOffset {
        MetadataOffset(self.records.len() as u64)
    }

    pub fn write(&mut self, record: MetadataRecord) {
        self.records.push(record);
    }

    /// Gives what was written since the last call its moment of commit: when to call `commit`.
    pub fn seal(&mut self, cx: &mut Context) -> Option<Time> {
        let end = self.end();
        if self.pending.back().map_or(self.committed, |batch| batch.end) == end {
            return None;
        }
        let delay = cx.spec.costs.metadata_commit;
        // ZooKeeper takes one write after the other.
        let linger = if cx.spec.version.uses_zookeeper() { Duration::ZERO } else { APPEND_LINGER.min(delay) };
        if let Some(open) = self.pending.back_mut()
            && cx.now.since(open.opened) < linger
        {
            (open.end, open.cause) = (end, cx.cause);
            return None;
        }
        let earliest = self.pending.back().map_or(Time::ZERO, |batch| batch.commits_at);
        let drawn = cx.draw(Stream::Jitter, delay - delay / 6, delay + delay / 6);
        let commits_at = (cx.now + drawn).max(earliest);
        self.pending.push_back(Batch { opened: cx.now, commits_at, end, cause: cx.cause });
        Some(commits_at)
    }

    /// What is due is committed: answers leave, parked fetches are answered. Returns the records that are new.
    pub fn commit(&mut self, cx: &mut Context) -> Vec<MetadataRecord> {
        let from = self.committed;
        while let Some(batch) = self.pending.front()
            && batch.commits_at <= cx.now
        {
            self.committed = batch.end;
            cx.cause = batch.cause;
            self.pending.pop_front();
        }
        self.told = if cx.spec.tells_commits_at_once() { self.committed } else { self.told.max(from) };
        let cause = cx.cause;
        while let Some(answer) = self.answers.front()
            && answer.after <= self.committed
        {
            cx.cause = answer.cause;
            // Who has gone will ask again.
            _ = cx.send(answer.connection, answer.correlation, answer.body.clone());
            self.answers.pop_front();
        }
        cx.cause = cause;
        self.answer_parked(cx);
        self.slice(from, self.committed)
    }

    /// Brokers do not know yet that the last batch is committed.
    pub fn is_behind(&self) -> bool {
        self.told < self.committed
    }

    /// A no-op record has followed: now the brokers hear of all that came before it.
    pub fn no_op(&mut self, cx: &mut Context) {
        self.told = self.committed;
        self.answer_parked(cx);
    }

    fn answer_parked(&mut self, cx: &mut Context) {
        for fetch in std::mem::take(&mut self.parked) {
            self.fetch(cx, fetch.connection, fetch.correlation, fetch.from);
        }
    }

    /// Sends the answer once everything written so far is committed.
    pub fn answer(&mut self, cx: &mut Context, connection: ConnectionId, correlation: u32, body: Body) {
        let after = self.end();
        if after == self.committed {
            _ = cx.send(connection, correlation, body);
        } else {
            let cause = cx.cause;
            self.answers.push_back(Answer { after, connection, correlation, body, cause });
        }
    }

    /// A broker's fetch: answered with what is committed, or parked until there is something.
    pub fn fetch(
        &mut self,
        cx: &mut Context,
        connection: ConnectionId,
        correlation: u32,
        from: MetadataOffset,
    ) {
        if from < self.told {
            let body = Body::MetadataFetchResponse { records: self.slice(from, self.told), next: self.told };
            _ = cx.send(connection, correlation, body);
        } else {
            self.parked.push(ParkedFetch { connection, correlation, from });
        }
    }

    fn slice(&self, from: MetadataOffset, to: MetadataOffset) -> Vec<MetadataRecord> {
        let count = (to.0 - from.0) as usize;
        self.records.iter_from(from.0 as usize).take(count).cloned().collect()
    }

    /// A peer has gone.
    pub fn forget_connection(&mut self, connection: ConnectionId) {
        self.parked.retain(|fetch| fetch.connection != connection);
        self.answers.retain(|answer| answer.connection != connection);
    }

    /// The active controller dies. What it has written counts as committed: the window is the linger of 25 ms, and
    /// what was noted stays true.
    pub fn lose_leadership(&mut self) {
        self.committed = self.end();
        self.told = self.committed;
        self.pending.clear();
        self.answers.clear();
        self.parked.clear();
    }
}
