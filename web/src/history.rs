//! Undo and redo: earlier drafts and later ones.

use crate::draft::Draft;

/// More steps back than anyone remembers.
const LONGEST: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct History {
    past: Vec<Draft>,
    ahead: Vec<Draft>,
    /// What the last change was about: typing on in the same field is one change.
    about: Option<String>,
}

impl History {
    /// `before` is being replaced; `about` names what changes, where changes to the same thing belong together.
    pub fn record(&mut self, before: Draft, about: Option<&str>) {
        self.ahead.clear();
        if about.is_some() && self.about.as_deref() == about {
            return;
        }
        self.about = about.map(str::to_owned);
        if self.past.len() == LONGEST {
            self.past.remove(0);
        }
        self.past.push(before);
    }

    /// The draft before `now`.
    pub fn back(&mut self, now: Draft) -> Option<Draft> {
        let before = self.past.pop()?;
        self.about = None;
        self.ahead.push(now);
        Some(before)
    }

    /// The draft that `back` left.
    pub fn forward(&mut self, now: Draft) -> Option<Draft> {
        let after = self.ahead.pop()?;
        self.about = None;
        self.past.push(now);
        Some(after)
    }

    pub fn can_go_back(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_go_forward(&self) -> bool {
        !self.ahead.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::History;
    use crate::draft::Draft;

    fn draft(value: &str) -> Draft {
        let mut draft = Draft::of_library("healthy").expect("in the library");
        draft.text = format!("seed = {value}");
        draft
    }

    #[test]
    fn what_was_undone_can_be_done_again_until_something_else_is_done() {
        let mut history = History::default();
        history.record(draft("1"), None);
        history.record(draft("2"), None);
        assert_eq!(history.back(draft("3")), Some(draft("2")));
        assert_eq!(history.back(draft("2")), Some(draft("1")));
        assert_eq!(history.back(draft("1")), None);
        assert_eq!(history.forward(draft("1")), Some(draft("2")));
        history.record(draft("2"), None);
        assert!(!history.can_go_forward());
    }

    #[test]
    fn typing_in_one_field_is_one_change() {
        let mut history = History::default();
        history.record(draft("1"), Some("seed"));
        history.record(draft("12"), Some("seed"));
        history.record(draft("123"), Some("until"));
        assert_eq!(history.back(draft("x")), Some(draft("123")));
        assert_eq!(history.back(draft("123")), Some(draft("1")));
        assert!(!history.can_go_back());
    }
}
