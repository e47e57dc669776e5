//! Everything the page knows, and what each command does to it. No browser in here: what has to happen outside is handed
//! back as an errand.

use std::sync::Arc;

use ackscope_scenario::Variant;
use ackscope_scenario::link::View;
use ackscope_scenario::paste::Pasted;
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::Stretch;
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;

use crate::command::{Command, Dialog};
use crate::compare::Baseline;
use crate::draft::Draft;
use crate::edit::{Edit, Refusal};
use crate::engine::Ask;
use crate::follow;
use crate::history::History;
use crate::lab::Question;
use crate::look::Look;
use crate::pending::{Pending, Purpose, Snapshot};
use crate::playback::{Playback, SPEEDS};
use crate::route::Route;
use crate::show::Show;

mod runs;

pub use runs::settle;

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
    /// What is open in front of the page.
    pub dialog: Option<Dialog>,
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
            dialog: None,
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
            Command::Open(dialog) => self.dialog = Some(dialog),
            Command::Close => self.dialog = None,
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

#[cfg(test)]
mod tests;
