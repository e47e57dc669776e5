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
        draft.changes.push(("producer.p.config.acks".to_owned(), "-1".to_owned()));
        let view = View { time: Some(Time::from_millis(2_300)), ..View::default() };
        let Route::Scenario(target) = Route::parse(&draft.hash(view.clone())) else {
            panic!("not a scenario")
        };
        assert_eq!(Draft::of_target(&target), Some((draft, view)));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_key() {
        let mut draft = Draft::of_library(LANDING).expect("the landing scenario is in the library");
        draft.changes.push(("cluster.brokers".to_owned(), "many".to_owned()));
        let problems = draft.document().expect_err("\"many\" is no number");
        assert!(problems[0].to_string().contains("brokers"), "{}", problems[0]);
    }
}
