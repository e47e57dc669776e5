//! What a person does with the page, and what it then knows. The engine stands beside it, without a browser.

use ackscope_scenario::faults::Verb;
use ackscope_scene::tokens::Theme;
use ackscope_sim::ids::{BrokerId, NodeId};
use ackscope_sim::time::Time;

use std::ops::{Deref, DerefMut};

use super::{Errand, Session, settle};
use crate::command::Command;
use crate::edit::Edit;
use crate::engine::{Engine, Tell};
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
    for hash in ["#no-such-scenario", "#v1.abc", "#v7.abc", "#healthy?acks", "#healthy?cluster.brokers=many"]
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
    let verb = Verb::of_node(node).into_iter().find(|verb| verb.id == "crash").expect("a broker can crash");
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
    let recorded = |session: &Settled| session.show.as_ref().is_some_and(|show| !show.recorded.is_empty());
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
    edit(&mut session, Edit::Set { path: "producer.p.config.linger.ms".to_owned(), value: "7".to_owned() });
    edit(&mut session, Edit::Reset("producer.p.config.linger.ms".to_owned()));
    assert_eq!(session.draft, untouched);
}

fn set(path: &str, value: &str) -> Command {
    Command::Edit(Edit::Set { path: format!("producer.p.config.{path}"), value: value.to_owned() })
}

#[test]
fn edits_that_come_faster_than_their_runs_add_up_and_are_undone_one_by_one() {
    let mut session = at("");
    let untouched = session.draft.clone();
    let first = session.session.apply(set("acks", "all"));
    let second = session.session.apply(set("linger.ms", "7"));
    assert_eq!(session.draft, untouched, "nothing is shown before its run is there");
    let Settled { session: inner, engine } = &mut session;
    settle(inner, engine, first.into_iter().chain(second).collect());
    let text = |session: &Settled| session.draft.as_ref().map(|draft| draft.text.clone()).unwrap_or_default();
    assert!(
        text(&session).contains("\"all\"") && text(&session).contains("linger.ms = 7"),
        "{}",
        text(&session)
    );
    session.apply(Command::Undo);
    assert!(
        text(&session).contains("\"all\"") && !text(&session).contains("linger.ms"),
        "{}",
        text(&session)
    );
    session.apply(Command::Undo);
    assert_eq!(session.draft, untouched);
}

#[test]
fn a_run_that_is_stopped_leaves_the_one_before() {
    let mut session = at("");
    let before = hash(&session);
    let errands = session.session.apply(set("acks", "all"));
    assert!(session.pending.is_some());
    let stopped = session.session.apply(Command::StopRun);
    let Settled { session: inner, engine } = &mut session;
    settle(inner, engine, errands.into_iter().chain(stopped).collect());
    assert_eq!((hash(&session), session.history.can_go_back()), (before, false));
    assert!(session.notice.as_deref().is_some_and(|notice| notice.contains("stopped")));
    // It can be looked at as before.
    session.apply(Command::Seek(Time::from_millis(500)));
    assert_eq!(session.cluster.as_ref().map(|cluster| cluster.0.now), Some(Time::from_millis(500)));
}

#[test]
fn a_run_that_asks_for_too_much_is_shown_as_far_as_it_goes_and_says_so() {
    let mut session = at("#healthy?cluster.config.replica.fetch.wait.max.ms=1&until=24%20h");
    let words = |session: &Settled| session.show.as_ref().and_then(|show| show.cut_short.clone());
    assert!(words(&session).is_some_and(|words| words.contains("its budget is")), "{:?}", words(&session));
    session.apply(Command::ToEnd);
    assert!(session.playback.position.time > Time::ZERO);
    session.go(Route::parse("#healthy"));
    assert_eq!(words(&session), None);
}

#[test]
fn where_the_engine_fails_the_run_before_stays_and_another_engine_goes_on() {
    let mut session = at("#healthy");
    let before = hash(&session);
    session.session.apply(set("acks", "1"));
    session.engine = Engine::default();
    let errands = session.session.hear(Tell::Failed { why: "unreachable".to_owned() });
    let Settled { session: inner, engine } = &mut session;
    settle(inner, engine, errands);
    assert_eq!(hash(&session), before);
    assert!(session.notice.as_deref().is_some_and(|notice| notice.contains("unreachable")));
    session.apply(Command::Seek(Time::from_millis(120)));
    assert_eq!(session.cluster.as_ref().map(|cluster| cluster.0.now), Some(Time::from_millis(120)));
    session.apply(set("acks", "1"));
    assert_ne!(hash(&session), before);
}
