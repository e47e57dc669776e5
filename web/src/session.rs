//! Everything the page knows, and what each command does to it. No browser in here: what has to happen outside is handed
//! back as an errand.

use std::sync::Arc;

use ackscope_scenario::Document;
use ackscope_scenario::link::View;
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::Room;
use ackscope_scene::tokens::Theme;
use ackscope_sim::time::Time;

use crate::command::Command;
use crate::draft::Draft;
use crate::follow;
use crate::look::Look;
use crate::playback::{Playback, SPEEDS};
use crate::route::{LANDING, Route};
use crate::show::Show;

/// What a command wants done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Put this fragment into the address bar and the whole address on the clipboard.
    Share(String),
    /// Remember the theme.
    KeepTheme(Theme),
}

pub struct Session {
    pub route: Route,
    /// What is run, and its run.
    pub draft: Option<Draft>,
    pub show: Option<Arc<Show>>,
    pub playback: Playback,
    pub look: Option<Look>,
    pub selection: Source,
    pub hover: Source,
    pub theme: Theme,
    /// Something that the person should know, until dismissed.
    pub notice: Option<String>,
    pub help_open: bool,
    pub search_open: bool,
}

impl Session {
    pub fn new(theme: Theme) -> Session {
        Session {
            route: Route::Landing,
            draft: None,
            show: None,
            playback: Playback::default(),
            look: None,
            selection: Source::None,
            hover: Source::None,
            theme,
            notice: None,
            help_open: false,
            search_open: false,
        }
    }

    pub fn apply(&mut self, command: Command) -> Vec<Errand> {
        let mut errands = Vec::new();
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
            Command::Tick(seconds) => {
                if let Some(show) = &self.show {
                    self.playback.advance(&show.events, &show.pace, seconds);
                }
            }
            Command::Select(source) => self.selection = source,
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
            Command::Share => errands.extend(self.link().map(Errand::Share)),
            Command::ToggleTheme => {
                self.theme = match self.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                errands.push(Errand::KeepTheme(self.theme));
            }
            Command::DismissNotice => self.notice = None,
            Command::ToggleHelp => self.help_open = !self.help_open,
        }
        let now = self.playback.position.time;
        if now != before {
            self.look(|look, now| look.reveal(now));
        }
        errands
    }

    fn toggle_play(&mut self) {
        let Some(show) = &self.show else { return };
        if !self.playback.playing && self.playback.position.time >= show.pace.end() {
            self.playback.seek(&show.events, Time::ZERO);
        }
        self.playback.playing = !self.playback.playing;
    }

    fn step(&mut self, by: isize) {
        if let Some(show) = &self.show {
            self.playback.step(&show.events, by);
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

    /// Follows an address. What cannot be had gives a notice and the default scenario.
    pub fn go(&mut self, route: Route) {
        self.playback.playing = false;
        let asked = match &route {
            Route::Landing => None,
            Route::Gallery | Route::Lab | Route::About => {
                self.route = route;
                return;
            }
            Route::Scenario(target) => match Draft::of_target(target) {
                Some(asked) => Some(asked),
                None => {
                    self.notice =
                        Some("The library has no scenario of that name. This is the first one.".to_owned());
                    None
                }
            },
            Route::Broken(error) => {
                self.notice = Some(format!("Sorry: {error}. This is the first scenario instead."));
                None
            }
        };
        self.route = route;
        if let Some((draft, view)) = asked {
            match draft.document() {
                Ok(document) => return self.open(draft, document, view),
                Err(problems) => {
                    let first = problems.first().map(ToString::to_string).unwrap_or_default();
                    self.notice = Some(format!(
                        "The scenario of this link cannot be run: {first}. This is the first one instead."
                    ));
                }
            }
        }
        let draft = Draft::of_library(LANDING).expect("the landing scenario is in the library");
        let document = draft.document().expect("the library's documents can be run");
        self.open(draft, document, View::default());
    }

    /// Shows another scenario, at its beginning or where the link says.
    fn open(&mut self, draft: Draft, document: Document, view: View) {
        let show = Show::new(document, &draft.variant);
        self.look = Some(Look::new(&show.story, Room::Page));
        self.playback = Playback::at_speed(self.playback.speed);
        if let Some(time) = view.time {
            self.playback.seek(&show.events, time.min(show.run.end));
        }
        self.selection = Source::None;
        self.hover = Source::None;
        self.draft = Some(draft);
        self.show = Some(Arc::new(show));
    }

    /// Whether the run has been watched to where the verdict can be told.
    pub fn is_reached(&self) -> bool {
        self.show.as_ref().is_some_and(|show| self.playback.reached >= show.decided)
    }

    /// The fragment that leads to what is shown now.
    fn link(&self) -> Option<String> {
        let time = self.playback.position.time;
        let view = View { time: (time > Time::ZERO).then_some(time), ..View::default() };
        Some(self.draft.as_ref()?.hash(view))
    }
}

#[cfg(test)]
mod tests {
    use ackscope_scene::tokens::Theme;
    use ackscope_sim::time::Time;

    use super::{Errand, Session};
    use crate::command::Command;
    use crate::route::Route;

    fn at(hash: &str) -> Session {
        let mut session = Session::new(Theme::Light);
        session.go(Route::parse(hash));
        session
    }

    #[test]
    fn the_landing_page_opens_paused_at_the_beginning() {
        let session = at("");
        assert!(!session.playback.playing && session.playback.position.time == Time::ZERO);
        let show = session.show.expect("a run");
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
                session.show.map(|show| show.variant.title.clone()).as_deref(),
                Some("acks=1, and the leader dies")
            );
        }
    }

    #[test]
    fn a_shared_link_restores_scenario_and_time() {
        let mut session = at("#healthy");
        session.apply(Command::Seek(Time::from_millis(150)));
        let errands = session.apply(Command::Share);
        let [Errand::Share(hash)] = &errands[..] else { panic!("{errands:?}") };
        let restored = at(hash);
        assert_eq!(restored.notice, None);
        assert_eq!(restored.playback.position, session.playback.position);
        let hash_of = |session: &Session| session.show.as_ref().map(|show| show.run.trace_hash());
        assert_eq!(hash_of(&restored), hash_of(&session));
    }
}
