//! How one run takes another's place: asked of the engine, awaited, shown. What an edit, a step back or an address means
//! for the run that is looked at.

use std::sync::Arc;

use ackscope_scenario::link::View;
use ackscope_scenario::{Document, Variant};
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::{Room, selected_record};
use ackscope_sim::run::Trace;
use ackscope_sim::time::Time;

use super::{Errand, Session};
use crate::compare::Baseline;
use crate::draft::{Base, Draft};
use crate::edit::{Edit, Refusal, Seen, named};
use crate::engine::{Arriving, Ask, Engine, Tell};
use crate::history::History;
use crate::look::Look;
use crate::pending::{Change, Pending, Purpose, Snapshot};
use crate::playback::Playback;
use crate::route::{LANDING, Route};
use crate::show::Show;

impl Session {
    /// Changes what is run, and runs it again, at the same moment. Edits that come faster than their runs add up.
    pub(super) fn edit(&mut self, edit: &Edit) {
        let (Some(draft), Some(show), Some(origin)) = (&self.draft, &self.show, &self.origin) else { return };
        let (draft, variant) = match &self.pending {
            Some(Pending { draft, document, purpose: Purpose::Edit(_), .. }) => {
                (draft, document.variant_or_first(&draft.variant))
            }
            Some(Pending { purpose: Purpose::Open(_), .. }) => return,
            Some(Pending { purpose: Purpose::Travel, .. }) | None => (draft, &show.variant),
        };
        let breaks = matches!(edit, Edit::Break { .. } | Edit::AddProducer | Edit::AddConsumer);
        let now = if breaks { just_after(self.playback.position.time) } else { self.playback.position.time };
        let seen = Seen { draft, variant, origin, now };
        let edited = match seen.edited(edit) {
            Ok((edited, pasted)) => {
                if let Some(pasted) = pasted {
                    self.pasted = pasted;
                }
                edited
            }
            Err(refusal) => return self.refusal = refusal,
        };
        if edited == *draft {
            return self.refusal = Refusal::default();
        }
        let before = (draft.clone(), edit.is_typed().then(|| edit.about().to_owned()));
        let select = match edit {
            Edit::Move { name, .. } => Some(name.clone()),
            _ => None,
        };
        let mut change = match self.pending.take() {
            Some(Pending { purpose: Purpose::Edit(change), .. }) => change,
            _ => Change::default(),
        };
        change.before.push(before);
        change.seek = breaks.then_some(now).or(change.seek);
        change.select = select.or(change.select);
        self.run(edited, Purpose::Edit(change), edit.about());
    }

    pub(super) fn travel(&mut self, go: fn(&mut History, Draft) -> Option<Draft>) {
        let pending = self.pending.as_ref().map(|pending| &pending.draft);
        let Some(draft) = pending.or(self.draft.as_ref()).cloned() else { return };
        if let Some(Pending { purpose: Purpose::Edit(change), .. }) = &mut self.pending {
            let before = std::mem::take(&mut change.before);
            self.record(before);
        }
        if let Some(other) = go(&mut self.history, draft) {
            self.run(other, Purpose::Travel, "");
        }
    }

    /// What undo goes back to.
    fn record(&mut self, before: Vec<(Draft, Option<String>)>) {
        before.into_iter().for_each(|(draft, about)| self.history.record(draft, about.as_deref()));
    }

    /// To the kept run; the present one is kept in its place.
    pub(super) fn swap(&mut self) {
        let Some(baseline) = self.baseline.clone() else { return };
        self.baseline = self.draft.clone().zip(self.show.as_deref()).map(Baseline::of);
        self.edit(&Edit::Draft(Box::new(baseline.draft.clone())));
    }

    /// Has a draft run, to take the shown run's place, or says why it cannot be run.
    fn run(&mut self, draft: Draft, purpose: Purpose, about: &str) {
        self.refusal = Refusal::default();
        match draft.document() {
            Ok(document) => self.ask(draft, document, purpose),
            Err(problems) => {
                self.refusal = Refusal { about: about.to_owned(), problems };
                self.drop_pending();
            }
        }
    }

    fn ask(&mut self, draft: Draft, document: Document, purpose: Purpose) {
        self.asked += 1;
        let (number, arriving) = (self.asked, None);
        let variant = document.variant_or_first(&draft.variant);
        let now = self.playback.position.time;
        let at = match &purpose {
            Purpose::Open(view) => view.time.unwrap_or(Time::ZERO),
            Purpose::Edit(change) => change.seek.unwrap_or(now),
            Purpose::Travel => now,
        };
        let spec = Box::new(variant.spec.clone());
        self.errands.push(Errand::Engine(Ask::Run { number, spec, at }));
        let (progress, plays) = (None, false);
        self.pending = Some(Pending { number, draft, document, purpose, arriving, progress, plays });
    }

    fn drop_pending(&mut self) {
        if let Some(Pending { number, .. }) = self.pending.take() {
            self.errands.push(Errand::Engine(Ask::Drop { number }));
        }
    }

    /// The run before stays; where there is none, the new one ends where it is.
    pub(super) fn stop_run(&mut self) {
        let Some(Pending { number, .. }) = &self.pending else { return };
        if self.show.is_none() {
            self.errands.push(Errand::Engine(Ask::Stop { number: *number }));
            return;
        }
        self.drop_pending();
        // The engine may have dropped its worlds for the new one.
        self.run_again();
        self.notice = Some("The new run was stopped. You see the previous run.".to_owned());
    }

    /// Has the shown run made once more: the engine has lost its worlds.
    fn run_again(&mut self) {
        if let Some(show) = &self.show {
            let spec = Box::new(show.variant.spec.clone());
            let (number, at) = (self.shown, self.playback.position.time);
            self.viewing = None;
            self.errands.push(Errand::Engine(Ask::Run { number, spec, at }));
        }
    }

    /// The engine has failed and begins anew, with nothing of what it had.
    fn engine_failed(&mut self, why: &str) {
        let failed = self.pending.take();
        self.notice = Some(format!("The engine has failed: {why}. You see the previous run."));
        match failed {
            Some(pending) if self.show.is_none() && pending.draft.base != Base::Library(LANDING) => {
                self.notice =
                    Some(format!("The engine has failed: {why}. You see the first scenario instead."));
                self.open_landing();
            }
            Some(_) | None => self.run_again(),
        }
    }

    /// The engine has told something.
    pub fn hear(&mut self, tell: Tell) -> Vec<Errand> {
        match tell {
            Tell::Progress { number, progress } => {
                if let Some(pending) = self.pending.as_mut().filter(|pending| pending.number == number) {
                    pending.progress = Some(progress);
                }
            }
            Tell::Ended { number, trace, view } => self.ended(number, *trace, Snapshot(Arc::from(view))),
            Tell::Happenings { number, happenings, last } => {
                if self.pending.as_ref().is_none_or(|pending| pending.number != number) {
                    // Nobody waits for it: the shown one's worlds are all that was wanted, or it was dropped too late.
                    if !last {
                        self.errands.push(Errand::Engine(Ask::More { number }));
                    } else if number != self.shown {
                        self.run_again();
                    }
                } else if let Some(mut pending) = self.pending.take() {
                    if let Some((arriving, _)) = &mut pending.arriving {
                        arriving.read(happenings);
                    }
                    if last {
                        self.arrive(pending);
                    } else {
                        self.pending = Some(pending);
                        self.errands.push(Errand::Engine(Ask::More { number }));
                    }
                }
            }
            Tell::View { number, view } => {
                if number == self.shown {
                    self.viewing = None;
                    self.cluster = Some(Snapshot(Arc::from(view)));
                }
            }
            Tell::Failed { why } => self.engine_failed(&why),
        }
        self.errands()
    }

    fn ended(&mut self, number: u32, trace: Trace, view: Snapshot) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.number == number) {
            pending.arriving = Some((Arriving::new(trace), view));
        } else if number == self.shown {
            self.cluster = Some(view);
        }
    }

    /// Asks for the cluster at the playhead, unless it is there or another moment is on its way.
    pub(super) fn ask_for_view(&mut self) {
        let (at, number) = (self.playback.position.time, self.shown);
        let known = self.cluster.as_ref().map(|cluster| cluster.0.now);
        if self.show.is_some() && self.viewing.is_none() && known != Some(at) {
            self.viewing = Some(at);
            self.errands.push(Errand::Engine(Ask::View { number, at }));
        }
    }

    /// A run has come: it takes the shown one's place.
    fn arrive(&mut self, pending: Pending) {
        let Pending { number, draft, document, purpose, arriving, plays, .. } = pending;
        let Some((arriving, view)) = arriving else { return };
        let (trace, story) = arriving.finish();
        let show = Show::new(document, &draft.variant, trace, story);
        (self.shown, self.viewing) = (number, None);
        self.cluster = Some(view);
        match purpose {
            Purpose::Open(view) => {
                self.open(draft, show, view);
                if plays {
                    self.toggle_play();
                }
            }
            Purpose::Travel => self.replace(draft, show),
            Purpose::Edit(change) => {
                self.replace(draft, show);
                self.changed(change);
            }
        }
    }

    /// What follows from an edit once its run is there.
    fn changed(&mut self, change: Change) {
        let Change { before, seek, select } = change;
        self.record(before);
        if let Some(time) = seek {
            self.seek(time);
            // It lies over the stage, where one looks next.
            if let Source::Link(..) = self.verbs_of {
                self.verbs_of = Source::None;
            }
        }
        if let Some(name) = select {
            self.select_step(&name);
        }
    }

    /// Its sign, wherever that is now.
    fn select_step(&mut self, name: &str) {
        let done = self.show.as_ref().and_then(|show| Some(named(&show.variant, name)?.done(&show.run)?.id));
        self.selection = done.map_or(Source::None, Source::Happening);
    }

    /// Another run of what is shown, at the same moment.
    fn replace(&mut self, draft: Draft, show: Show) {
        let told = self.is_reached();
        self.look = Some(match &self.look {
            Some(look) => look.of(&show.story),
            None => Look::new(&show.story, Room::Page),
        });
        self.playback.seek(&show.events, self.playback.position.time.min(show.run.end));
        self.playback.repeated = self.playback.repeated.filter(|stretch| stretch.to <= show.pace.end());
        self.playback.reached = if told { show.decided } else { self.playback.position.time };
        if selected_record(self.selection).is_none_or(|record| record.0 as usize >= show.story.records.len())
        {
            self.selection = Source::None;
        }
        // In another run another thing may have that number.
        if let Source::Happening(id) | Source::Message(id) = self.selection {
            let of = |run: &Trace| run.happenings.get(id.0 as usize).map(|it| (it.at, it.node, it.cause));
            if self.show.as_ref().is_none_or(|before| of(&before.run) != of(&show.run)) {
                self.selection = Source::None;
            }
        }
        self.hover = Source::None;
        if self.draft.as_ref().is_none_or(|before| before.variant != draft.variant) {
            self.origin = Some(origin(&draft, &show));
        }
        (self.draft, self.show) = (Some(draft), Some(Arc::new(show)));
    }

    /// Follows an address. What cannot be had gives a notice and the default scenario.
    pub fn go(&mut self, route: Route) -> Vec<Errand> {
        self.playback.playing = false;
        self.notice = None;
        self.drop_pending();
        match &route {
            Route::Gallery | Route::Lab | Route::About(_) => {}
            Route::Landing => self.open_landing(),
            Route::Scenario(target) => match Draft::of_target(target) {
                Some((draft, view)) => self.open_draft(draft, view),
                None => self.open_instead("The library has no scenario of that name. You see the first one."),
            },
            Route::Broken(error) => {
                self.open_instead(&format!(
                    "The link cannot be opened: {error}. You see the first scenario instead."
                ));
            }
        }
        self.route = route;
        self.errands()
    }

    fn open_draft(&mut self, draft: Draft, view: View) {
        match draft.document() {
            Ok(document) => self.ask(draft, document, Purpose::Open(view)),
            Err(problems) => {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                self.open_instead(&format!(
                    "The scenario of this link cannot be run: {first}. You see the first one instead."
                ));
            }
        }
    }

    fn open_instead(&mut self, notice: &str) {
        self.notice = Some(notice.to_owned());
        self.open_landing();
    }

    fn open_landing(&mut self) {
        let draft = Draft::of_library(LANDING).expect("the landing scenario is in the library");
        let document = draft.document().expect("the library's documents can be run");
        self.ask(draft, document, Purpose::Open(View::default()));
    }

    /// Shows another scenario, at its beginning or where the link says.
    fn open(&mut self, draft: Draft, show: Show, view: View) {
        self.look = Some(Look::new(&show.story, Room::Page));
        self.playback = Playback::at_speed(self.playback.speed);
        if let Some(time) = view.time {
            self.playback.seek(&show.events, time.min(show.run.end));
        }
        self.selection = Source::None;
        (self.lane, self.hover) = (None, Source::None);
        (self.history, self.refusal, self.pasted, self.verbs_of) = Default::default();
        self.origin = Some(origin(&draft, &show));
        self.baseline = Some(Baseline::of((draft.clone(), &show)));
        self.draft = Some(draft);
        self.show = Some(Arc::new(show));
    }
}

/// Does the errands that are for the engine, here and now, until there are none; the others are given back.
pub fn settle(session: &mut Session, engine: &mut Engine, errands: Vec<Errand>) -> Vec<Errand> {
    let mut rest = Vec::new();
    let mut waiting = errands;
    while !waiting.is_empty() {
        let mut told = Vec::new();
        for errand in waiting {
            match errand {
                Errand::Engine(ask) => engine.hear(ask, &mut |tell| told.push(tell)),
                other => rest.push(other),
            }
        }
        while engine.work(&mut |tell| told.push(tell)) {}
        waiting = told.into_iter().flat_map(|tell| session.hear(tell)).collect();
    }
    rest
}

/// Behind all that has been seen of this moment, and at a time that can be read.
fn just_after(now: Time) -> Time {
    if now == Time::ZERO { now } else { Time { nanos: now.nanos / 1_000 * 1_000 + 1_000 } }
}

/// The scenario before its changes: for somebody's text that of the library, where it has its name.
fn origin(draft: &Draft, show: &Show) -> Arc<Variant> {
    let id = show.id.as_str();
    let library = Draft::of_library(id).filter(|own| own.text != draft.text);
    let document = library.and_then(|own| own.document().ok());
    let variant = document.as_ref().and_then(|document| document.variant(&draft.variant));
    Arc::new(variant.unwrap_or(&show.variant).clone())
}
