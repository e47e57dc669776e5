//! What a person changes about a scenario, as changes of its text. What the changes mean, the scenario crate knows.

use ackscope_scenario::edit::{self, EditError, literal};
use ackscope_scenario::faults::{self, Next, Verb};
use ackscope_scenario::paste::{self, Pasted};
use ackscope_scenario::{Problem, Step, Variant, adjust};
use ackscope_sim::ids::NodeId;
use ackscope_sim::time::Time;

use crate::draft::Draft;

#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A setting's path; an empty value is Kafka's default.
    Set {
        path: String,
        value: String,
    },
    /// Back to what the scenario had when it was opened.
    Reset(String),
    /// Something is done to a node, now.
    Break {
        node: NodeId,
        verb: &'static Verb,
        peer: Option<NodeId>,
        next: Option<Next>,
    },
    AddProducer,
    AddConsumer,
    /// An entry goes: one of the text's own is left out, so that what hangs on it still has its moment.
    LeaveOut(String),
    PutBack(String),
    /// A value of an entry: `at`, `for`, `delay`; an empty one goes.
    Entry {
        name: String,
        key: &'static str,
        value: String,
    },
    /// An entry comes some nanoseconds later, rounded to `unit`; `nudged`: by one of several small steps.
    Move {
        name: String,
        by: i64,
        unit: u64,
        nudged: bool,
    },
    /// Configuration as it stands in somebody's files.
    Paste(String),
    /// The whole text anew.
    Text(String),
    /// Another variant of the same document.
    Variant(String),
    /// Another draft altogether.
    Draft(Box<Draft>),
}

/// Why an edit was not carried out, beside what it was about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// A path, an entry, `text`, `paste`; empty: nothing was refused.
    pub about: String,
    pub problems: Vec<Problem>,
}

impl Refusal {
    pub fn words(&self) -> String {
        let words: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        words.join(". ")
    }

    /// One sentence, without a place.
    pub fn of(about: &str, message: String) -> Refusal {
        Refusal { about: about.to_owned(), problems: vec![Problem { message, ..Problem::default() }] }
    }
}

impl Edit {
    /// What the edit is about: edits of the same thing that follow each other are one step back, where that is so.
    pub fn about(&self) -> &str {
        match self {
            Edit::Set { path, .. } | Edit::Reset(path) => path,
            Edit::Entry { name, .. }
            | Edit::Move { name, .. }
            | Edit::LeaveOut(name)
            | Edit::PutBack(name) => name,
            Edit::Text(_) => "text",
            Edit::Paste(_) => "paste",
            Edit::Break { .. } | Edit::AddProducer | Edit::AddConsumer => "break",
            Edit::Variant(_) | Edit::Draft(_) => "",
        }
    }

    /// Typed letter by letter, or moved step by step.
    pub fn is_typed(&self) -> bool {
        matches!(self, Edit::Set { .. } | Edit::Text(_) | Edit::Paste(_) | Edit::Move { nudged: true, .. })
    }
}

/// A draft as somebody looks at it.
pub struct Seen<'s> {
    pub draft: &'s Draft,
    pub variant: &'s Variant,
    /// As it was opened.
    pub origin: &'s Variant,
    pub now: Time,
}

impl Seen<'_> {
    /// The draft after an edit, and for a paste what became of its lines.
    pub fn edited(&self, edit: &Edit) -> Result<(Draft, Option<Pasted>), Refusal> {
        let Seen { draft, variant, origin, now } = *self;
        let mut pasted = None;
        let text = draft.text.as_str();
        let entry = |name: &str, key: &[&str]| -> Vec<String> {
            let path: Vec<&str> = ["do", name].iter().chain(key).copied().collect();
            faults::place(variant, &path).into_iter().map(str::to_owned).collect()
        };
        let changed = match edit {
            Edit::Set { path, value } if value.trim().is_empty() => adjust::unset(text, variant, path),
            Edit::Set { path, value } => {
                if let Some(complaint) = adjust::complaint(variant, path, value.trim()) {
                    return Err(Refusal::of(path, complaint));
                }
                adjust::set(text, variant, path, value.trim())
            }
            Edit::Reset(path) => adjust::reset(text, variant, origin, path),
            Edit::Break { node, verb, peer, next } => {
                let (stem, made) = verb.entry(&variant.spec, *node, *peer, next.as_ref(), now);
                let text = set(text, &entry(&faults::fresh_name(variant, &stem), &[]), &made);
                text.and_then(|text| faults::go_on(&text, variant, now))
            }
            Edit::AddProducer => {
                faults::add_producer(text, variant, now).and_then(|text| faults::go_on(&text, variant, now))
            }
            Edit::AddConsumer => {
                faults::add_consumer(text, variant, now).and_then(|text| faults::go_on(&text, variant, now))
            }
            Edit::LeaveOut(name) => match named(variant, name) {
                Some(step) if named(origin, name).is_none() => faults::remove(text, variant, step)
                    .and_then(|text| faults::go_on_no_more(&text, variant, origin, step)),
                _ => set(text, &entry(name, &["off"]), "true"),
            },
            Edit::PutBack(name) => remove(text, &entry(name, &["off"])),
            Edit::Entry { name, key, value } if value.trim().is_empty() => remove(text, &entry(name, &[key])),
            Edit::Entry { name, key, value } => set(text, &entry(name, &[key]), &literal(value.trim())),
            Edit::Move { name, by, unit, .. } => {
                let Some((key, value)) =
                    named(variant, name).and_then(|step| faults::moved(variant, step, *by, *unit))
                else {
                    return Ok((draft.clone(), None));
                };
                let path = entry(name, &[key]);
                if value.is_empty() { remove(text, &path) } else { set(text, &path, &literal(&value)) }
            }
            Edit::Paste(given) => {
                let read = paste::read(given, variant);
                let mut changes = read.changes.iter();
                let changed = changes.try_fold(text.to_owned(), |text, (path, value)| {
                    adjust::set(&text, variant, path, value)
                });
                pasted = Some(read);
                changed
            }
            Edit::Text(text) => Ok(text.clone()),
            Edit::Variant(name) => return Ok((Draft { variant: name.clone(), ..draft.clone() }, None)),
            Edit::Draft(other) => return Ok(((**other).clone(), None)),
        };
        let text = changed.map_err(|error| Refusal::of(edit.about(), error.to_string()))?;
        Ok((Draft { text, ..draft.clone() }, pasted))
    }
}

pub fn named<'v>(variant: &'v Variant, name: &str) -> Option<&'v Step> {
    variant.steps.iter().find(|step| step.name == name)
}

fn set(text: &str, path: &[String], value: &str) -> Result<String, EditError> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    edit::set(text, &path, value)
}

/// What is not there is gone already.
fn remove(text: &str, path: &[String]) -> Result<String, EditError> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if edit::has(text, &path) { edit::remove(text, &path) } else { Ok(text.to_owned()) }
}
