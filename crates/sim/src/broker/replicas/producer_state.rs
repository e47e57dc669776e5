//! What a log remembers of its producers: by it the leader recognises repeated batches and refuses gaps. Every replica
//! records it from the batches; only the leader judges by it.

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};
use crate::mutant::{Mutant, wrong};
use crate::protocol::batch::{Content, LogBatch, ProducerStamp};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;

/// As many as a producer may have in flight.
const REMEMBERED: usize = 5;

/// How often a broker looks for producers that have been silent for too long.
const EXPIRATION_CHECK: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remembered {
    first: Sequence,
    last: Sequence,
    base_offset: Offset,
    next_offset: Offset,
}

#[derive(Clone, Debug)]
struct Entry {
    producer: ProducerId,
    epoch: ProducerEpoch,
    /// The newest last.
    batches: [Option<Remembered>; REMEMBERED],
    last_write: Time,
}

impl Entry {
    fn last(&self) -> Option<Remembered> {
        self.batches[REMEMBERED - 1]
    }

    fn remember(&mut self, batch: Remembered) {
        self.batches.rotate_left(1);
        self.batches[REMEMBERED - 1] = Some(batch);
    }
}

/// A snapshot file: per producer the last batch only.
#[derive(Clone, Debug)]
struct Snapshot {
    offset: Offset,
    entries: Arc<[Entry]>,
}

/// What the leader makes of a batch with a producer id (broker.md §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Append,
    /// Stored already, there.
    Duplicate {
        base_offset: Offset,
        next_offset: Offset,
    },
    Refuse(ErrorCode),
}

/// How long a silent producer is remembered, as of now.
#[derive(Clone, Copy, Debug)]
pub struct Expiration {
    pub after: Duration,
    pub now: Time,
    /// The checks run at a fixed pace from here.
    pub process_started: Time,
}

impl Expiration {
    fn has_expired(self, last_write: Time) -> bool {
        let checks = self.now.since(self.process_started).nanos / EXPIRATION_CHECK.nanos;
        self.process_started + EXPIRATION_CHECK * checks >= last_write + self.after
    }
}

#[derive(Clone, Debug, Default)]
pub struct ProducerStates {
    /// Ascending by producer id.
    entries: Vec<Entry>,
    /// Ascending by offset.
    snapshots: Vec<Snapshot>,
}

impl ProducerStates {
    /// Leader only.
    pub fn judge(
        &mut self,
        stamp: ProducerStamp,
        records: u32,
        expiration: Expiration,
        version: KafkaVersion,
    ) -> Verdict {
        let place = self.entries.partition_point(|entry| entry.producer < stamp.id);
        let found = self.entries.get(place).filter(|entry| entry.producer == stamp.id);
        if found.is_some_and(|entry| expiration.has_expired(entry.last_write)) {
            self.entries.remove(place);
        }
        let Some(entry) = self.entries.get(place).filter(|entry| entry.producer == stamp.id) else {
            return match version.answer_to_an_unknown_producer() {
                Some(error) if stamp.base_sequence != Sequence(0) => Verdict::Refuse(error),
                _ => Verdict::Append,
            };
        };
        let (first, last) = (stamp.base_sequence, stamp.last_sequence(records));
        if entry.epoch == stamp.epoch {
            let known =
                entry.batches.iter().flatten().find(|batch| (batch.first, batch.last) == (first, last));
            let known = known.filter(|known| !wrong(Mutant::RemembersOne) || Some(**known) == entry.last());
            if let Some(known) = known {
                return Verdict::Duplicate { base_offset: known.base_offset, next_offset: known.next_offset };
            }
        }
        if stamp.epoch < entry.epoch {
            return Verdict::Refuse(ErrorCode::InvalidProducerEpoch);
        }
        let expected = match entry.last() {
            Some(batch) if stamp.epoch == entry.epoch => Sequence((batch.last.0 + 1) & 0x7fff_ffff),
            _ => Sequence(0),
        };
        if first == expected || wrong(Mutant::NoSequenceCheck) {
            Verdict::Append
        } else {
            Verdict::Refuse(ErrorCode::OutOfOrderSequenceNumber)
        }
    }

    /// A batch is in the log now.
    pub fn record(&mut self, batch: &LogBatch, now: Time) {
        let Some(stamp) = batch.batch.stamp else { return };
        let place = self.entries.partition_point(|entry| entry.producer < stamp.id);
        let fresh =
            Entry { producer: stamp.id, epoch: stamp.epoch, batches: [None; REMEMBERED], last_write: now };
        match self.entries.get_mut(place) {
            Some(entry) if entry.producer == stamp.id => {
                if entry.epoch != stamp.epoch {
                    *entry = fresh;
                }
            }
            _ => self.entries.insert(place, fresh),
        }
        let entry = &mut self.entries[place];
        entry.last_write = now;
        // A marker raises the epoch and takes no sequence.
        if matches!(batch.batch.content, Content::Marker(_)) {
            return;
        }
        entry.remember(Remembered {
            first: stamp.base_sequence,
            last: stamp.last_sequence(batch.batch.count()),
            base_offset: batch.base_offset,
            next_offset: batch.next_offset(),
        });
    }

    /// At clean shutdown, after recovery and after a truncation.
    pub fn take_snapshot(&mut self, offset: Offset) {
        if self.snapshots.last().is_some_and(|last| last.offset >= offset) {
            return;
        }
        let entries = self.entries.iter().map(|entry| {
            let mut batches = [None; REMEMBERED];
            batches[REMEMBERED - 1] = entry.last();
            Entry { batches, ..entry.clone() }
        });
        self.snapshots.push(Snapshot { offset, entries: entries.collect() });
    }

    /// Back to the newest snapshot up to `offset`. Returns where to replay the log from (None: from its start).
    pub fn load(&mut self, offset: Offset) -> Option<Offset> {
        self.snapshots.retain(|snapshot| snapshot.offset <= offset);
        let newest = self.snapshots.last();
        self.entries = newest.map(|snapshot| snapshot.entries.to_vec()).unwrap_or_default();
        newest.map(|snapshot| snapshot.offset)
    }

    /// Older snapshots belong to no segment: loading removes them.
    pub fn keep_newest_snapshot(&mut self) {
        self.snapshots.drain(..self.snapshots.len().saturating_sub(1));
    }

    /// The process has ended: only the files are left.
    pub fn forget(&mut self) {
        self.entries.clear();
    }
}
