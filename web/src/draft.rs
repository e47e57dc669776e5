//! What is being run: a text, and what has been changed in it. Every edit of the page is a value for a dotted path laid
//! over the text, so that any of them can be undone, and all of them travel in a link.

use ackscope_scenario::link::{self, Target, View};
use ackscope_scenario::{Document, Override, Problem, library};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub base: Base,
    /// Dotted paths and their values, in the order in which they were first changed.
    pub changes: Vec<(String, String)>,
    /// Empty: the first one.
    pub variant: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A document of the library, by its id.
    Library(&'static str),
    Text(String),
}

impl Draft {
    /// The library's document of that id.
    pub fn of_library(id: &str) -> Option<Draft> {
        let entry = library::find(id)?;
        Some(Draft { base: Base::Library(entry.id), changes: Vec::new(), variant: String::new() })
    }

    /// What a link holds; None where it names a document that the library does not have.
    pub fn of_target(target: &Target) -> Option<(Draft, View)> {
        match target {
            Target::Named { name, overrides, view } => {
                let draft = Draft::of_library(name)?;
                let variant = view.variant.clone().unwrap_or_default();
                Some((Draft { changes: overrides.clone(), variant, ..draft }, view.clone()))
            }
            Target::Text { text, view } => {
                let variant = view.variant.clone().unwrap_or_default();
                Some((Draft { base: Base::Text(text.clone()), changes: Vec::new(), variant }, view.clone()))
            }
        }
    }

    pub fn text(&self) -> &str {
        match &self.base {
            Base::Library(id) => library::find(id).map_or("", |entry| entry.text),
            Base::Text(text) => text,
        }
    }

    /// Read and judged, changes and all.
    pub fn document(&self) -> Result<Document, Vec<Problem>> {
        let changes: Vec<Override<'_>> =
            self.changes.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        Document::parse_with(self.text(), &changes)
    }

    /// The fragment, with its `#`, that leads here.
    pub fn hash(&self, view: View) -> String {
        let view = View { variant: (!self.variant.is_empty()).then(|| self.variant.clone()), ..view };
        match &self.base {
            Base::Library(id) => format!("#{}", link::to_named(id, &self.changes, &view)),
            Base::Text(text) => format!("#{}", link::to_text(text, &view)),
        }
    }

    pub fn value(&self, path: &str) -> Option<&str> {
        self.changes.iter().find(|(changed, _)| changed == path).map(|(_, value)| value.as_str())
    }

    pub fn set(&mut self, path: &str, value: &str) {
        match self.changes.iter_mut().find(|(changed, _)| changed == path) {
            Some((_, old)) => value.clone_into(old),
            None => self.changes.push((path.to_owned(), value.to_owned())),
        }
    }

    /// Back to what the text says.
    pub fn reset(&mut self, path: &str) {
        self.changes.retain(|(changed, _)| changed != path);
    }

    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::link::View;
    use ackscope_sim::time::Time;

    use super::Draft;
    use crate::route::{LANDING, Route};

    #[test]
    fn a_changed_draft_comes_back_from_its_link() {
        let mut draft = Draft::of_library(LANDING).expect("the landing scenario is in the library");
        draft.set("producer.p.config.acks", "all");
        draft.set("producer.p.config.acks", "-1");
        let view = View { time: Some(Time::from_millis(2_300)), ..View::default() };
        let Route::Scenario(target) = Route::parse(&draft.hash(view.clone())) else {
            panic!("not a scenario")
        };
        assert_eq!(Draft::of_target(&target), Some((draft.clone(), view)));
        draft.reset("producer.p.config.acks");
        assert!(!draft.is_changed());
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_key() {
        let mut draft = Draft::of_library(LANDING).expect("the landing scenario is in the library");
        draft.set("producer.p.config.acks", "some");
        let problems = draft.document().expect_err("acks=some is no setting");
        assert!(problems[0].to_string().contains("acks"), "{}", problems[0]);
    }
}
