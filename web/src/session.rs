//! Everything the page knows, and what each command does to it. No browser in here: what has to happen outside is handed
//! back as an errand.

use std::sync::Arc;

use ackscope_scenario::link::View;
use ackscope_scenario::paste::Pasted;
use ackscope_scenario::{Document, Variant};
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::{Room, Stretch, selected_record};
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::NodeId;
use ackscope_sim::run::Trace;
use ackscope_sim::time::Time;

use crate::command::Command;
use crate::compare::Baseline;
use crate::draft::{Base, Draft};
use crate::edit::{Edit, Refusal, Seen, named};
use crate::engine::{Arriving, Ask, Ended, Engine, Tell};
use crate::follow;
use crate::history::History;
use crate::lab::Question;
use crate::look::Look;
use crate::pending::{Change, Pending, Purpose, Snapshot};
use crate::playback::{Playback, SPEEDS};
use crate::route::{LANDING, Route};
use crate::show::Show;

/// What a command wants done outside.
pub enum Errand {
    /// Ask the engine.
    Engine(Ask),
    /// Put this fragment into the address bar and the whole address on the clipboard.
    Share(String),
    /// To the lab's address.
    GoToLab,
    /// Remember the theme.
    KeepTheme(Theme),
}

pub struct Session {
    pub route: Route,
    /// What is run, and its run.
    pub draft: Option<Draft>,
    pub show: Option<Arc<Show>>,
    /// The cluster at a moment of that run: the last one that the engine has told.
    pub cluster: Option<Snapshot>,
    /// The run that is under way, to take that one's place.
    pub pending: Option<Pending>,
    /// How many runs have been asked for; the shown one's number is `shown`.
    asked: u32,
    shown: u32,
    /// The time of the view that was asked for last, until it is told.
    viewing: Option<Time>,
    pub playback: Playback,
    pub look: Option<Look>,
    pub selection: Source,
    /// Whose lane is stepped along.
    lane: Option<NodeId>,
    pub hover: Source,
    pub theme: Theme,
    pub history: History,
    /// The scenario as it was opened: what counts as changed, and what a reset goes back to.
    pub origin: Option<Arc<Variant>>,
    /// The run that others are compared with: the one that was opened, until another is kept.
    pub baseline: Option<Arc<Baseline>>,
    /// Why the last edit was not carried out.
    pub refusal: Refusal,
    /// What became of what was pasted.
    pub pasted: Pasted,
    /// Whose verbs are shown.
    pub verbs_of: Source,
    /// What the lab is asked when it opens.
    pub workload: Option<Question>,
    /// Something that the person should know, until dismissed.
    pub notice: Option<String>,
    pub help_open: bool,
    pub search_open: bool,
    /// What is to be done outside next.
    errands: Vec<Errand>,
}

impl Session {
    pub fn new(theme: Theme) -> Session {
        Session {
            route: Route::Landing,
            draft: None,
            show: None,
            cluster: None,
            pending: None,
            asked: 0,
            shown: 0,
            viewing: None,
            playback: Playback::default(),
            look: None,
            selection: Source::None,
            lane: None,
            hover: Source::None,
            theme,
            history: History::default(),
            origin: None,
            baseline: None,
            refusal: Refusal::default(),
            pasted: Pasted::default(),
            verbs_of: Source::None,
            workload: None,
            notice: None,
            help_open: false,
            search_open: false,
            errands: Vec::new(),
        }
    }

    pub fn apply(&mut self, command: Command) -> Vec<Errand> {
        let before = self.playback.position.time;
        match command {
            Command::TogglePlay => self.toggle_play(),
            Command::StepForward(count) => self.step(count.cast_signed()),
            Command::StepBack(count) => self.step(-count.cast_signed()),
            Command::NextMoment => {
                self.jump(|moments, now| moments.iter().find(|&&moment| moment > now).copied())
            }
            Command::PreviousMoment => {
                self.jump(|moments, now| {
                    moments.iter().rev().find(|&&moment| moment < now).copied().or(Some(Time::ZERO))
                });
            }
            Command::ToStart => self.seek(Time::ZERO),
            Command::ToEnd => self.seek(Time::NEVER),
            Command::Seek(time) => self.seek(time),
            Command::SetSpeed(speed) => self.playback.speed = speed.min(SPEEDS.len() - 1),
            Command::Slower => self.playback.speed = self.playback.speed.saturating_sub(1),
            Command::Faster => self.playback.speed = (self.playback.speed + 1).min(SPEEDS.len() - 1),
            Command::StepOn(node, forward) => self.step_on(node, forward),
            Command::Dwell(node) => self.lane = Some(node),
            Command::ToggleRepeat => self.playback.repeated = self.stretch(),
            Command::Repeat(stretch) => self.playback.repeated = Some(stretch),
            Command::RepeatEdge { left, time } => {
                if let Some(show) = &self.show {
                    self.playback.repeat_from(left, time.unwrap_or(before), show.pace.end());
                }
            }
            Command::Tick(seconds) => {
                if let Some(show) = &self.show {
                    self.playback.advance(&show.events, &show.pace, seconds);
                }
            }
            Command::Select(source) => {
                // The same key closes what is open and then lets go of what is selected.
                if std::mem::take(&mut self.verbs_of) == Source::None || source != Source::None {
                    self.selection = source;
                    let lane = self.show.as_ref().and_then(|show| show.story.node_of(source));
                    self.lane = lane.or(self.lane);
                }
            }
            Command::Hover(source) => self.hover = source,
            Command::ZoomIn => self.look(|look, now| look.zoom_step(now, true)),
            Command::ZoomOut => self.look(|look, now| look.zoom_step(now, false)),
            Command::Zoom { about, factor } => self.look(|look, _| look.zoom(about, factor)),
            Command::PanLeft => self.look(|look, _| look.pan_step(false)),
            Command::PanRight => self.look(|look, _| look.pan_step(true)),
            Command::PanBy(by) => self.look(|look, _| look.pan(by)),
            Command::Centre(time) => self.look(|look, _| look.centre(time)),
            Command::Fit => self.look(|look, _| look.fit()),
            Command::Edge { left, time } => self.look(|look, _| look.edge(left, time)),
            Command::Look(change) => {
                if let (Some(look), Some(show)) = (&mut self.look, &self.show) {
                    look.change(change, &show.story);
                }
            }
            Command::WhyNow => self.follow(|show, _, now| follow::present(show, now)),
            Command::FollowArrow => self.follow(|show, selection, _| follow::partner(show, selection)),
            Command::FollowCause => self.follow(follow::cause),
            Command::ToggleSearch => self.search_open = !self.search_open,
            Command::Edit(edit) => self.edit(&edit),
            Command::Nudge(millis) => self.nudge(millis),
            Command::Undo => self.travel(History::back),
            Command::Redo => self.travel(History::forward),
            Command::OpenVerbs(of) => {
                self.verbs_of = of;
                if let Source::Link(..) = of {
                    self.selection = of;
                }
            }
            Command::KeepRun => {
                self.baseline = self.draft.clone().zip(self.show.as_deref()).map(Baseline::of)
            }
            Command::SwapRuns => self.swap(),
            Command::ToLab(question) => {
                self.workload = Some(question);
                self.errands.push(Errand::GoToLab);
            }
            Command::Share => self.errands.extend(self.link().map(Errand::Share)),
            Command::ToggleTheme => {
                self.theme = match self.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                self.errands.push(Errand::KeepTheme(self.theme));
            }
            Command::StopRun => self.stop_run(),
            Command::DismissNotice => self.notice = None,
            Command::ToggleHelp => self.help_open = !self.help_open,
        }
        let now = self.playback.position.time;
        if now != before {
            self.look(|look, now| look.reveal(now));
        }
        self.errands()
    }

    /// What is to be done outside now.
    fn errands(&mut self) -> Vec<Errand> {
        self.ask_for_view();
        std::mem::take(&mut self.errands)
    }

    fn toggle_play(&mut self) {
        if let Some(Pending { purpose: Purpose::Open(_), plays, .. }) = &mut self.pending {
            *plays = !*plays;
            return;
        }
        let Some(show) = &self.show else { return };
        if !self.playback.playing {
            self.playback.begin(&show.events, &show.pace);
        }
        self.playback.playing = !self.playback.playing;
    }

    fn step(&mut self, by: isize) {
        if let Some(show) = &self.show {
            self.playback.step(&show.events, by);
        }
    }

    /// A lane's events one by one; without a lane the first one's.
    fn step_on(&mut self, node: Option<NodeId>, forward: bool) {
        let Some(show) = self.show.clone() else { return };
        let first = || Some(self.look.as_ref()?.shown().first()?.node);
        let Some(node) = node.or(self.lane).or_else(first) else { return };
        self.lane = Some(node);
        if self.selection == Source::None {
            self.selection = Source::Node(node);
        }
        self.playback.playing = false;
        if let Some(at) = show.story.step_on(node, self.playback.position.time, forward) {
            self.seek(at);
        }
    }

    /// What to repeat when nothing is: what is in sight, or where all of it is, from the moment before to the next one.
    fn stretch(&self) -> Option<Stretch> {
        let (show, look) = (self.show.as_ref()?, self.look.as_ref()?);
        if self.playback.repeated.is_some() {
            return None;
        }
        if !look.is_whole() {
            return Some(Stretch { from: look.window.from, to: look.window.to });
        }
        let next = show.moments.partition_point(|&moment| moment <= self.playback.position.time);
        let from = next.checked_sub(1).map_or(Time::ZERO, |before| show.moments[before]);
        let to = show.moments.get(next).copied().unwrap_or(show.pace.end());
        (from < to).then_some(Stretch { from, to })
    }

    /// The fault whose sign is selected comes later by that much.
    fn nudge(&mut self, millis: i64) {
        let step = self.show.as_ref().and_then(|show| show.step_of(self.selection));
        if let Some(name) = step.map(|step| step.name.clone()) {
            self.edit(&Edit::Move { name, by: millis * 1_000_000, unit: 1_000_000, nudged: true });
        }
    }

    fn seek(&mut self, time: Time) {
        if let Some(show) = &self.show {
            self.playback.seek(&show.events, time.min(show.pace.end()));
        }
    }

    fn jump(&mut self, find: impl Fn(&[Time], Time) -> Option<Time>) {
        let Some(show) = self.show.clone() else { return };
        self.playback.playing = false;
        let target = find(&show.moments, self.playback.position.time).unwrap_or(show.pace.end());
        self.seek(target);
    }

    /// Selects what is found, and goes there where it has a moment of its own.
    fn follow(&mut self, find: impl FnOnce(&Show, Source, Time) -> Option<(Source, Time)>) {
        let Some(show) = self.show.clone() else { return };
        if let Some((found, at)) = find(&show, self.selection, self.playback.position.time) {
            self.selection = found;
            self.playback.playing = false;
            self.seek(at);
        }
    }

    fn look(&mut self, change: impl FnOnce(&mut Look, Time)) {
        if let Some(look) = &mut self.look {
            change(look, self.playback.position.time);
        }
    }

    /// Changes what is run, and runs it again, at the same moment. Edits that come faster than their runs add up.
    fn edit(&mut self, edit: &Edit) {
        let (Some(draft), Some(show), Some(origin)) = (&self.draft, &self.show, &self.origin) else { return };
        let (draft, variant) = match &self.pending {
            Some(Pending { draft, document, purpose: Purpose::Edit(_), .. }) => {
                (draft, document.variant(&draft.variant).unwrap_or(&document.variants[0]))
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

    fn travel(&mut self, go: fn(&mut History, Draft) -> Option<Draft>) {
        let pending = self.pending.as_ref().map(|pending| &pending.draft);
        let Some(draft) = pending.or(self.draft.as_ref()).cloned() else { return };
        if let Some(Pending { purpose: Purpose::Edit(change), .. }) = &mut self.pending {
            let before = std::mem::take(&mut change.before);
            before.into_iter().for_each(|(draft, about)| self.history.record(draft, about.as_deref()));
        }
        if let Some(other) = go(&mut self.history, draft) {
            self.run(other, Purpose::Travel, "");
        }
    }

    /// To the kept run; the present one is kept in its place.
    fn swap(&mut self) {
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
        let variant = document.variant(&draft.variant).unwrap_or(&document.variants[0]);
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
    fn stop_run(&mut self) {
        let Some(Pending { number, .. }) = &self.pending else { return };
        if self.show.is_none() {
            self.errands.push(Errand::Engine(Ask::Stop { number: *number }));
            return;
        }
        self.drop_pending();
        // The engine may have dropped its worlds for the new one.
        self.run_again();
        self.notice = Some("The new run was stopped. This is the run before.".to_owned());
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
    pub fn engine_failed(&mut self, why: &str) -> Vec<Errand> {
        let failed = self.pending.take();
        self.notice = Some(format!("The engine has failed: {why}. What you see is the run before."));
        match failed {
            Some(pending) if self.show.is_none() && pending.draft.base != Base::Library(LANDING) => {
                self.notice =
                    Some(format!("The engine has failed: {why}. This is the first scenario instead."));
                self.open_landing();
            }
            Some(_) | None => self.run_again(),
        }
        self.errands()
    }

    /// The engine has told something.
    pub fn hear(&mut self, tell: Tell) -> Vec<Errand> {
        match tell {
            Tell::Progress { number, progress } => {
                if let Some(pending) = self.pending.as_mut().filter(|pending| pending.number == number) {
                    pending.progress = Some(progress);
                }
            }
            Tell::Ended { number, ended } => self.ended(number, *ended),
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
                    self.cluster = Some(Snapshot(Arc::new(*view)));
                }
            }
            Tell::Failed { why } => return self.engine_failed(&why),
        }
        self.errands()
    }

    fn ended(&mut self, number: u32, ended: Ended) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.number == number) {
            let Pending { document, draft, .. } = pending;
            let variant = document.variant(&draft.variant).unwrap_or(&document.variants[0]);
            pending.arriving = Some(Arriving::new(Arc::new(variant.spec.clone()), ended));
        } else if number == self.shown {
            self.cluster = Some(Snapshot(Arc::new(ended.view)));
        }
    }

    /// Asks for the cluster at the playhead, unless it is there or another moment is on its way.
    fn ask_for_view(&mut self) {
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
        self.cluster = Some(Snapshot(Arc::new(view)));
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
        before.into_iter().for_each(|(draft, about)| self.history.record(draft, about.as_deref()));
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
                None => self.open_instead("The library has no scenario of that name. This is the first one."),
            },
            Route::Broken(error) => {
                self.open_instead(&format!("Sorry: {error}. This is the first scenario instead."));
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
                    "The scenario of this link cannot be run: {first}. This is the first one instead."
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

    /// Whether the run has been watched to where the verdict can be told.
    pub fn is_reached(&self) -> bool {
        self.show.as_ref().is_some_and(|show| self.playback.reached >= show.decided)
    }

    /// What differs from the run that is compared with; None where that is the same run.
    pub fn compared(&self) -> Option<String> {
        let (baseline, draft, show) = (self.baseline.as_ref()?, self.draft.as_ref()?, self.show.as_ref()?);
        (baseline.draft != *draft).then(|| baseline.against(&show.run.audit.totals))
    }

    /// The fragment that leads to what is shown now.
    fn link(&self) -> Option<String> {
        let time = self.playback.position.time;
        let view = View { time: (time > Time::ZERO).then_some(time), ..View::default() };
        Some(self.draft.as_ref()?.hash(view))
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

#[cfg(test)]
mod tests {
    use ackscope_scenario::faults::Verb;
    use ackscope_scene::tokens::Theme;
    use ackscope_sim::ids::{BrokerId, NodeId};
    use ackscope_sim::time::Time;

    use std::ops::{Deref, DerefMut};

    use super::{Errand, Session, settle};
    use crate::command::Command;
    use crate::edit::Edit;
    use crate::engine::Engine;
    use crate::route::Route;

    /// A session with its engine beside it: every command has its run before the next one.
    struct Settled {
        session: Session,
        engine: Engine,
    }

    impl Deref for Settled {
        type Target = Session;

        fn deref(&self) -> &Session {
            &self.session
        }
    }

    impl DerefMut for Settled {
        fn deref_mut(&mut self) -> &mut Session {
            &mut self.session
        }
    }

    impl Settled {
        fn apply(&mut self, command: Command) -> Vec<Errand> {
            let errands = self.session.apply(command);
            settle(&mut self.session, &mut self.engine, errands)
        }

        fn go(&mut self, route: Route) {
            let errands = self.session.go(route);
            settle(&mut self.session, &mut self.engine, errands);
        }
    }

    fn at(hash: &str) -> Settled {
        let mut settled = Settled { session: Session::new(Theme::Light), engine: Engine::default() };
        settled.go(Route::parse(hash));
        settled
    }

    #[test]
    fn the_landing_page_opens_paused_at_the_beginning() {
        let session = at("");
        assert!(!session.playback.playing && session.playback.position.time == Time::ZERO);
        let show = session.show.clone().expect("a run");
        assert!(show.variant.question.ends_with('?'));
    }

    #[test]
    fn what_cannot_be_opened_says_so_and_opens_the_first_scenario() {
        for hash in
            ["#no-such-scenario", "#v1.abc", "#v7.abc", "#healthy?acks", "#healthy?cluster.brokers=many"]
        {
            let session = at(hash);
            assert!(session.notice.is_some(), "{hash} was opened without a word");
            assert_eq!(
                session.show.as_ref().map(|show| show.variant.title.clone()).as_deref(),
                Some("acks=1, and the leader dies")
            );
        }
    }

    #[test]
    fn a_shared_link_restores_scenario_and_time() {
        let mut session = at("#healthy");
        session.apply(Command::Seek(Time::from_millis(150)));
        let errands = session.apply(Command::Share);
        let [Errand::Share(hash)] = &errands[..] else { panic!("no link") };
        let restored = at(hash);
        assert_eq!(restored.notice, None);
        assert_eq!(restored.playback.position, session.playback.position);
        let hash_of = |session: &Settled| session.show.as_ref().map(|show| show.run.trace_hash());
        assert_eq!(hash_of(&restored), hash_of(&session));
    }

    fn edit(session: &mut Settled, edit: Edit) {
        session.apply(Command::Edit(edit));
    }

    fn acks(session: &mut Settled, value: &str) {
        edit(session, Edit::Set { path: "producer.p.config.acks".to_owned(), value: value.to_owned() });
    }

    fn crash(session: &mut Settled) {
        let node = NodeId::Broker(BrokerId(1));
        let verb =
            Verb::of_node(node).into_iter().find(|verb| verb.id == "crash").expect("a broker can crash");
        edit(session, Edit::Break { node, verb, peer: None, next: None });
    }

    fn lost(session: &Settled) -> u32 {
        session.show.as_ref().map_or(0, |show| show.run.audit.totals.acked_lost)
    }

    fn hash(session: &Settled) -> Option<String> {
        session.show.as_ref().map(|show| show.run.trace_hash())
    }

    fn compared(session: &Settled) -> String {
        session.compared().unwrap_or_default()
    }

    #[test]
    fn an_edit_runs_again_at_the_same_moment_and_can_be_undone() {
        let mut session = at("");
        session.apply(Command::ToEnd);
        session.apply(Command::Seek(Time::from_millis(500)));
        assert!(session.is_reached() && lost(&session) == 5);
        acks(&mut session, "all");
        assert_eq!((lost(&session), session.playback.position.time), (0, Time::from_millis(500)));
        assert!(
            session.is_reached() && compared(&session).starts_with("was 5 lost, now 0"),
            "{}",
            compared(&session)
        );
        session.apply(Command::Undo);
        assert_eq!((lost(&session), compared(&session).as_str()), (5, ""));
        session.apply(Command::Redo);
        assert_eq!(lost(&session), 0);
    }

    #[test]
    fn what_cannot_be_run_leaves_the_run_alone() {
        let mut session = at("");
        acks(&mut session, "some");
        assert!(
            session.refusal.words().starts_with("ConfigException: Invalid value some"),
            "{}",
            session.refusal.words()
        );
        assert!(lost(&session) == 5 && !session.history.can_go_back());
        acks(&mut session, "1");
        assert_eq!(session.refusal.about, "");
        edit(&mut session, Edit::Text("ackscope = 1\nid = 5".to_owned()));
        assert!(session.refusal.problems[0].line > 0 && session.refusal.about == "text");
    }

    #[test]
    fn a_fault_is_an_entry_that_can_be_moved_and_taken_out_and_shared() {
        let mut session = at("#healthy");
        let untouched = hash(&session);
        session.apply(Command::Seek(Time::from_millis(150)));
        crash(&mut session);
        let broken = hash(&session);
        assert_ne!(broken, untouched);
        let [Errand::Share(link)] = &session.apply(Command::Share)[..] else { panic!("no link") };
        assert_eq!(hash(&at(link)), broken);
        let name = "crash broker-1".to_owned();
        let moved = Edit::Entry { name: name.clone(), key: "at", value: "180 ms".to_owned() };
        edit(&mut session, moved);
        assert_ne!(hash(&session), broken);
        edit(&mut session, Edit::LeaveOut(name));
        assert_eq!(hash(&session), untouched);
        for _ in 0..3 {
            session.apply(Command::Undo);
        }
        assert_eq!((hash(&session), session.history.can_go_back()), (untouched, false));
    }

    #[test]
    fn an_entry_of_the_text_can_be_left_out_and_put_back() {
        let mut session = at("");
        edit(&mut session, Edit::LeaveOut("leader dies".to_owned()));
        assert_eq!((session.refusal.words().as_str(), lost(&session)), ("", 0));
        edit(&mut session, Edit::PutBack("leader dies".to_owned()));
        assert_eq!(lost(&session), 5);
    }

    #[test]
    fn pasting_applies_what_is_known_and_lists_the_rest() {
        let mut session = at("");
        edit(&mut session, Edit::Paste("acks=all\nno.such.key=1".to_owned()));
        assert_eq!((lost(&session), session.pasted.unknown.len()), (0, 1));
    }

    #[test]
    fn two_runs_can_be_held_against_each_other() {
        let mut session = at("");
        acks(&mut session, "all");
        session.apply(Command::KeepRun);
        assert_eq!(compared(&session), "");
        acks(&mut session, "1");
        assert!(compared(&session).starts_with("was 0 lost, now 5"), "{}", compared(&session));
        session.apply(Command::SwapRuns);
        assert_eq!(lost(&session), 0);
        assert!(compared(&session).starts_with("was 5 lost, now 0"), "{}", compared(&session));
    }

    #[test]
    fn what_was_recorded_is_claimed_for_the_librarys_own_text_alone() {
        let recorded =
            |session: &Settled| session.show.as_ref().is_some_and(|show| !show.recorded.is_empty());
        let mut session = at("");
        assert!(recorded(&session));
        acks(&mut session, "all");
        assert!(!recorded(&session));
        // Keeping a changed run makes it what others are compared with, not what was recorded.
        session.apply(Command::KeepRun);
        assert!(!recorded(&session));
        session.apply(Command::Undo);
        assert!(recorded(&session));
        session.go(Route::parse("#acks-1-leader-crash?seed=2"));
        assert!(!recorded(&session));
    }

    #[test]
    fn a_notice_of_a_bad_link_goes_with_the_next_one() {
        let mut session = at("#no-such-scenario");
        assert!(session.notice.is_some());
        session.go(Route::parse("#healthy"));
        assert_eq!(session.notice, None);
    }

    #[test]
    fn a_reset_goes_back_to_the_scenario() {
        let mut session = at("");
        let untouched = session.draft.clone();
        acks(&mut session, "all");
        edit(&mut session, Edit::Reset("producer.p.config.acks".to_owned()));
        edit(
            &mut session,
            Edit::Set { path: "producer.p.config.linger.ms".to_owned(), value: "7".to_owned() },
        );
        edit(&mut session, Edit::Reset("producer.p.config.linger.ms".to_owned()));
        assert_eq!(session.draft, untouched);
    }
}
