//! What is being run: the text of a scenario, and where it came from. The text is the one truth: every change of the page is
//! a change of it, so that all of them can be undone, read, and sent as a link.

use ackscope_scenario::link::{self, Target, View};
use ackscope_scenario::{Document, Problem, adjust, library};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub base: Base,
    pub text: String,
    /// Empty: the first one.
    pub variant: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A document of the library, by its id.
    Library(&'static str),
    /// Somebody's own.
    Own,
}

impl Draft {
    /// The library's document of that id.
    pub fn of_library(id: &str) -> Option<Draft> {
        let entry = library::find(id)?;
        Some(Draft { base: Base::Library(entry.id), text: entry.text.to_owned(), variant: String::new() })
    }

    /// What a link holds; None where it names a document that the library does not have.
    pub fn of_target(target: &Target) -> Option<(Draft, View)> {
        match target {
            Target::Named { name, overrides, view } => {
                let mut draft = Draft::of_library(name)?;
                draft.variant = view.variant.clone().unwrap_or_default();
                draft.lay_over(overrides);
                Some((draft, view.clone()))
            }
            Target::Text { text, view } => {
                let variant = view.variant.clone().unwrap_or_default();
                Some((Draft { base: Base::Own, text: text.clone(), variant }, view.clone()))
            }
        }
    }

    /// A link to a document of the library may change values in it. What cannot be changed is left for the document's own
    /// complaint.
    fn lay_over(&mut self, values: &[(String, String)]) {
        if values.is_empty() {
            return;
        }
        let Ok(document) = self.document() else { return };
        for variant in &document.variants {
            for (path, value) in values {
                if let Ok(changed) = adjust::set(&self.text, variant, path, value) {
                    self.text = changed;
                }
            }
        }
    }

    /// Read and judged.
    pub fn document(&self) -> Result<Document, Vec<Problem>> {
        Document::parse(&self.text)
    }

    /// The fragment, with its `#`, that leads here.
    pub fn hash(&self, view: View) -> String {
        let view = View { variant: (!self.variant.is_empty()).then(|| self.variant.clone()), ..view };
        match &self.base {
            Base::Library(id) if library::holds(id, &self.text) => {
                format!("#{}", link::to_named(id, &[], &view))
            }
            Base::Library(_) | Base::Own => format!("#{}", link::to_text(&self.text, &view)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::link::View;
    use ackscope_sim::time::Time;

    use super::Draft;
    use crate::route::{LANDING, Route};

    fn of_hash(hash: &str) -> (Draft, View) {
        let Route::Scenario(target) = Route::parse(hash) else { panic!("not a scenario: {hash}") };
        Draft::of_target(&target).expect("a scenario")
    }

    #[test]
    fn a_changed_draft_comes_back_from_its_link() {
        let mut draft = Draft::of_library(LANDING).expect("the landing scenario is in the library");
        let view = View { time: Some(Time::from_millis(2_300)), ..View::default() };
        let named = draft.hash(view.clone());
        assert!(named.starts_with("#acks-1-leader-crash?"), "{named}");
        assert_eq!(of_hash(&named), (draft.clone(), view.clone()));
        draft.text = draft.text.replace("acks = 1", "acks = \"all\"");
        let (back, seen) = of_hash(&draft.hash(view.clone()));
        assert_eq!((back.text, seen), (draft.text, view));
    }

    #[test]
    fn a_named_link_can_change_values() {
        let (draft, _) = of_hash("#acks-1-leader-crash?producer.p.config.acks=all");
        assert!(draft.text.contains("config.acks = \"all\""), "{}", draft.text);
        let (draft, _) = of_hash("#split-brain-zombie-leader?seed=7");
        let document = draft.document().expect("it can be run");
        assert!(document.variants.iter().all(|variant| variant.spec.seed == 7));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_key() {
        let (draft, _) = of_hash("#acks-1-leader-crash?cluster.brokers=many");
        let problems = draft.document().expect_err("\"many\" is no number");
        assert!(problems[0].to_string().contains("brokers"), "{}", problems[0]);
    }
}
