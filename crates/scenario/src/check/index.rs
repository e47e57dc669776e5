//! The trace of a run as expectations ask for it. What is asked often is put in order once: places by kind of happening,
//! records by value, answers by record. And it counts what it looks at, so that no document keeps a check busy for long.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

use ackscope_sim::audit::RecordAudit;
use ackscope_sim::happening::{Fact, Happening};
use ackscope_sim::ids::{Offset, RecordId};
use ackscope_sim::run::Trace;
use ackscope_sim::script::ActionId;
use ackscope_sim::time::Time;

use crate::expect::{FieldWant, Moment, Nth, Pattern};
use crate::facts;
use crate::limits;

/// A moment that never came.
pub(super) struct Missing<'m>(pub &'m Moment);

pub(super) type Matching<'p> = Box<dyn Iterator<Item = (usize, &'p Happening)> + 'p>;

pub(super) struct Index<'r> {
    trace: &'r Trace,
    /// Places in the trace, for each of `facts::KINDS`.
    by_kind: Vec<Vec<u32>>,
    by_value: OnceCell<BTreeSet<(&'r str, RecordId)>>,
    /// For each record the places of its first acknowledgement with an offset and of its first failure.
    answers: OnceCell<Vec<(Option<u32>, Option<u32>)>>,
    /// How many happenings and records have been looked at, and how many may be.
    pub looks: Cell<u64>,
    pub most: u64,
}

impl<'r> Index<'r> {
    pub fn new(trace: &'r Trace) -> Index<'r> {
        let mut by_kind = vec![Vec::new(); facts::KINDS.len()];
        for (place, happening) in (0..).zip(&trace.happenings) {
            by_kind[facts::number(&happening.fact)].push(place);
        }
        let (by_value, answers) = (OnceCell::new(), OnceCell::new());
        Index { trace, by_kind, by_value, answers, looks: Cell::new(0), most: limits::LOOKS }
    }

    /// More was asked for than a check may look at: what it found is incomplete.
    pub fn is_exhausted(&self) -> bool {
        self.looks.get() > self.most
    }

    /// Counts one look; false: there have been enough.
    fn look(&self) -> bool {
        self.look_at(1);
        !self.is_exhausted()
    }

    /// Counts so many looks.
    pub fn look_at(&self, count: u64) {
        self.looks.set(self.looks.get().saturating_add(count));
    }

    fn places(&self, kind: &str) -> &[u32] {
        let number = facts::KINDS.iter().position(|known| *known == kind);
        number.map_or(&[], |number| &self.by_kind[number])
    }

    /// The records of that value: an application may send one twice.
    pub fn named<'s>(&'s self, value: &'s str) -> impl Iterator<Item = &'s RecordAudit> {
        let by_value = self.by_value.get_or_init(|| {
            let records = self.trace.audit.records.iter();
            records.map(|audit| (self.trace.ledger.value(audit.record), audit.record)).collect()
        });
        let all = by_value.range((value, RecordId(0))..=(value, RecordId(u32::MAX)));
        all.take_while(|_| self.look()).map(|(_, record)| &self.trace.audit.records[record.0 as usize])
    }

    pub fn acknowledged_offset(&self, record: RecordId) -> Option<Offset> {
        match self.trace.happenings[self.answer(record).0? as usize].fact {
            Fact::Acknowledged { offset, .. } => offset,
            _ => None,
        }
    }

    /// The exception that the application heard, and its text.
    pub fn failure(&self, record: RecordId) -> Option<(&str, &str)> {
        match &self.trace.happenings[self.answer(record).1? as usize].fact {
            Fact::SendFailed { failure, .. } => Some((&*failure.exception, &*failure.message)),
            _ => None,
        }
    }

    fn answer(&self, record: RecordId) -> (Option<u32>, Option<u32>) {
        let answers = self.answers.get_or_init(|| {
            let mut answers = vec![(None, None); self.trace.audit.records.len()];
            for &place in self.places("acknowledged").iter().chain(self.places("send-failed")) {
                match self.trace.happenings[place as usize].fact {
                    Fact::Acknowledged { record, offset: Some(_), .. } => {
                        answers[record.0 as usize].0.get_or_insert(place);
                    }
                    Fact::SendFailed { record, .. } => {
                        answers[record.0 as usize].1.get_or_insert(place);
                    }
                    _ => {}
                }
            }
            answers
        });
        answers[record.0 as usize]
    }

    /// The happenings that fit a pattern, in order; Err: a moment that bounds it never came, so there is nothing to say.
    pub fn matching<'p>(&'p self, pattern: &'p Pattern) -> Result<Matching<'p>, Missing<'p>> {
        let from = match &pattern.after {
            None => 0,
            Some(moment) => self.find(moment)?.0 + 1,
        };
        let to = match &pattern.before {
            None => self.trace.happenings.len(),
            Some(moment) => self.find(moment)?.0,
        };
        let records: Vec<Vec<RecordId>> = pattern.fields.iter().map(|(_, want)| self.wanted(want)).collect();
        let places = self.places(pattern.kind);
        let first = places.partition_point(|&place| (place as usize) < from);
        let inside = places[first..].iter().map(|&place| place as usize).take_while(move |&place| place < to);
        Ok(Box::new(inside.take_while(|_| self.look()).filter_map(move |place| {
            let happening = &self.trace.happenings[place];
            pattern.fits(happening.node, &happening.fact, &records).then_some((place, happening))
        })))
    }

    /// The records that a pattern names, in order.
    fn wanted(&self, want: &FieldWant) -> Vec<RecordId> {
        let FieldWant::Records(values) = want else { return Vec::new() };
        let all: BTreeSet<RecordId> =
            values.iter().flat_map(|value| self.named(value)).map(|audit| audit.record).collect();
        all.into_iter().collect()
    }

    /// Where a moment lies in the trace, and when it is.
    pub fn find<'m>(&'m self, moment: &'m Moment) -> Result<(usize, Time), Missing<'m>> {
        let found = match moment {
            Moment::At(time) => return Ok((self.trace.until(*time).len(), *time)),
            Moment::Step(action) => {
                let done = Fact::ActionDone { action: ActionId(*action) };
                let mut places = self.places("action-done").iter().map(|&place| place as usize);
                places.find(|&place| self.trace.happenings[place].fact == done)
            }
            Moment::Happening { pattern, nth } => {
                let mut all = self.matching(pattern)?;
                let found = match nth {
                    Nth::Number(number) => all.nth(*number as usize - 1),
                    Nth::Last => all.last(),
                };
                found.map(|(place, _)| place)
            }
        };
        found.map(|place| (place, self.trace.happenings[place].at)).ok_or(Missing(moment))
    }
}
