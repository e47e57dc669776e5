//! The session as narrow signals: each changes only when what it says has changed.

use std::sync::Arc;

use ackscope_scenario::Variant;
use ackscope_scenario::link::View;
use ackscope_scenario::paste::Pasted;
use ackscope_scene::narration::Sentence;
use ackscope_scene::picture::Source;
use ackscope_scene::timeline::{Future, Stretch};
use ackscope_scene::tokens::Theme;
use ackscope_sim::run::budget::Progress;
use ackscope_sim::time::Time;
use leptos::prelude::*;

use crate::command::Dialog;
use crate::draft::Draft;
use crate::edit::Refusal;
use crate::lab::Question;
use crate::look::Look;
use crate::pending::Snapshot;
use crate::playback::Playback;
use crate::route::Route;
use crate::session::Session;
use crate::show::Show;

#[derive(Clone, Copy)]
pub struct Signals {
    pub route: Memo<Route>,
    pub show: Memo<Option<Arc<Show>>>,
    /// The cluster at the playhead, as soon as the engine has told it.
    pub cluster: Memo<Option<Snapshot>>,
    /// The run that is under way, by number, and how far it has come.
    pub pending: Memo<Option<u32>>,
    pub progress: Memo<Option<Progress>>,
    pub look: Memo<Option<Look>>,
    pub playback: Memo<Playback>,
    pub now: Memo<Time>,
    /// What playback repeats.
    pub repeated: Memo<Option<Stretch>>,
    pub selection: Memo<Source>,
    pub theme: Memo<Theme>,
    /// What the lab is asked when it opens.
    pub workload: Memo<Option<Question>>,
    pub notice: Memo<Option<String>>,
    pub dialog: Memo<Option<Dialog>>,
    /// Whether the run has been watched to where the verdict can be told.
    pub reached: Memo<bool>,
    /// Before a first play-through the future is absent.
    pub future: Memo<Future>,
    /// What has just happened.
    pub present: Memo<Sentence>,
    /// The scenario's own words for this moment, by place.
    pub note: Memo<Option<usize>>,
    // changing what is run
    pub draft: Memo<Option<Draft>>,
    /// The fragment that leads to what is run.
    pub link: Memo<Option<String>>,
    pub origin: Memo<Option<Arc<Variant>>>,
    /// What differs from the run that is compared with; None: nothing was changed.
    pub compared: Memo<Option<String>>,
    pub refusal: Memo<Refusal>,
    pub pasted: Memo<Pasted>,
    pub verbs_of: Memo<Source>,
    /// Whether there is something to undo, and to redo.
    pub history: Memo<(bool, bool)>,
}

impl Signals {
    pub fn new(session: RwSignal<Session, LocalStorage>) -> Signals {
        let show = Memo::new(move |_| session.with(|session| session.show.clone()));
        let playback = Memo::new(move |_| session.with(|session| session.playback.clone()));
        let now = Memo::new(move |_| playback.with(|playback| playback.position.time));
        let draft = Memo::new(move |_| session.with(|session| session.draft.clone()));
        let reached = Memo::new(move |_| session.with(Session::is_reached));
        Signals {
            route: Memo::new(move |_| session.with(|session| session.route.clone())),
            show,
            cluster: Memo::new(move |_| session.with(|session| session.cluster.clone())),
            pending: Memo::new(move |_| session.with(|session| Some(session.pending.as_ref()?.number))),
            progress: Memo::new(move |_| session.with(|session| session.pending.as_ref()?.progress)),
            look: Memo::new(move |_| session.with(|session| session.look.clone())),
            playback,
            now,
            repeated: Memo::new(move |_| playback.with(|playback| playback.repeated)),
            selection: Memo::new(move |_| session.with(|session| session.selection)),
            theme: Memo::new(move |_| session.with(|session| session.theme)),
            workload: Memo::new(move |_| session.with(|session| session.workload.clone())),
            notice: Memo::new(move |_| session.with(|session| session.notice.clone())),
            dialog: Memo::new(move |_| session.with(|session| session.dialog)),
            reached,
            future: Memo::new(move |_| if reached.get() { Future::Veiled } else { Future::Absent }),
            present: Memo::new(move |_| {
                let now = now.get();
                let told = show.with(|show| show.as_ref()?.narrator().present(now));
                told.map(|(_, sentence)| sentence).unwrap_or_default()
            }),
            note: Memo::new(move |_| {
                let now = now.get();
                show.with(|show| show.as_ref()?.note_at(now))
            }),
            draft,
            link: Memo::new(move |_| draft.with(|draft| Some(draft.as_ref()?.hash(View::default())))),
            origin: Memo::new(move |_| session.with(|session| session.origin.clone())),
            compared: Memo::new(move |_| session.with(Session::compared)),
            refusal: Memo::new(move |_| session.with(|session| session.refusal.clone())),
            pasted: Memo::new(move |_| session.with(|session| session.pasted.clone())),
            verbs_of: Memo::new(move |_| session.with(|session| session.verbs_of)),
            history: Memo::new(move |_| {
                session.with(|session| (session.history.can_go_back(), session.history.can_go_forward()))
            }),
        }
    }

    /// Something that follows from the run alone.
    pub fn of_show<T: Clone + Default + PartialEq + Send + Sync + 'static>(
        self,
        read: fn(&Show) -> T,
    ) -> Memo<T> {
        let show = self.show;
        Memo::new(move |_| show.with(|show| show.as_deref().map(read).unwrap_or_default()))
    }
}
