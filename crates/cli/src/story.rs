//! A run told in a terminal: which happenings are told, and which share a line. `scene::narration` words them.

use ackscope_scenario::Variant;
use ackscope_scene::narration::Narrator;
use ackscope_sim::happening::{Fact, Happening};
use ackscope_sim::ids::HappeningId;
use ackscope_sim::run::Run;
use ackscope_sim::time::Time;

use crate::out::Out;

/// A line of the story.
pub enum Line {
    /// Happenings, each of which continues the one before.
    Told { at: Time, happenings: Vec<HappeningId> },
    /// The document's own words.
    Quoted { at: Time, text: String },
}

impl Line {
    fn text(&self, narrator: Narrator<'_>) -> (Time, String) {
        match self {
            Line::Told { at, happenings } => (*at, narrator.together(happenings).text()),
            Line::Quoted { at, text } => (*at, text.clone()),
        }
    }
}

/// The story of a run; `all`: with the steps that are usually left out.
pub fn tell(run: &Run, narrator: Narrator<'_>, variant: &Variant, all: bool) -> Vec<Line> {
    let mut lines = Lines { run, narrator, done: Vec::new(), open: Vec::new() };
    let mut notes = variant.notes(run).into_iter().peekable();
    for (place, happening) in run.happenings.iter().enumerate() {
        if let Some(step) = step(variant, happening) {
            lines.quote(happening.at, step);
        }
        if is_told(narrator, happening, all) {
            lines.add(happening);
        }
        while let Some(note) = notes.next_if(|note| note.place <= place) {
            lines.quote(note.at, format!("| {}", note.text));
        }
    }
    lines.close();
    lines.done
}

/// The story's lines so far. Acknowledgements and deliveries alternate: several lines are open at a time.
struct Lines<'r> {
    run: &'r Run,
    narrator: Narrator<'r>,
    done: Vec<Line>,
    open: Vec<Vec<HappeningId>>,
}

impl Lines<'_> {
    fn add(&mut self, happening: &Happening) {
        let id = happening.id;
        let continued =
            |line: &&mut Vec<HappeningId>| line.last().is_some_and(|&last| self.narrator.continues(last, id));
        match self.open.iter_mut().rev().find(continued) {
            Some(line) => line.push(id),
            None => {
                if !self.narrator.is_of_record(id) {
                    self.close();
                }
                self.open.push(vec![id]);
            }
        }
    }

    fn close(&mut self) {
        for happenings in self.open.drain(..) {
            let at = self.run.happening(happenings[0]).at;
            self.done.push(Line::Told { at, happenings });
        }
    }

    /// Adds a line of the document itself.
    fn quote(&mut self, at: Time, text: String) {
        self.close();
        self.done.push(Line::Quoted { at, text });
    }
}

/// The document's step that begins with this happening: `* leader dies: kill broker-1`.
fn step(variant: &Variant, happening: &Happening) -> Option<String> {
    let Fact::ActionDone { action } = happening.fact else { return None };
    let step =
        variant.steps.iter().find(|step| !step.actions.is_empty() && step.actions.start == action.0)?;
    Some(match step.verb {
        "note" => format!("* {}", step.name),
        verb => format!("* {}: {} {}", step.name, verb.replace('_', " "), step.object),
    })
}

fn is_told(narrator: Narrator<'_>, happening: &Happening, all: bool) -> bool {
    match happening.fact {
        // Its sending is told.
        Fact::MessageArrived { .. } => false,
        // Its step is quoted.
        Fact::ActionDone { .. } => all,
        Fact::Delivered { .. } => true,
        _ => all || narrator.weight(happening) > 2,
    }
}

pub fn print(out: &mut Out, narrator: Narrator<'_>, lines: &[Line]) {
    for line in lines {
        let (at, text) = line.text(narrator);
        out.paragraph(&format!("{:>9}  ", clock(at)), &text);
    }
}

/// Seconds with three places.
pub fn clock(at: Time) -> String {
    format!("{}.{:03}", at.nanos / 1_000_000_000, at.nanos / 1_000_000 % 1_000)
}

#[cfg(test)]
mod tests {
    use ackscope_scenario::library;
    use ackscope_scene::narration::Narrator;
    use ackscope_scene::story::Story;
    use ackscope_sim::run::Run;

    use super::{Line, tell};

    #[test]
    fn each_line_is_what_the_page_says_of_its_happenings() {
        for scenario in ["acks-1-leader-crash", "unclean-on", "five-retries-reversed", "healthy"] {
            let document = library::find(scenario).expect("it is in the library").document();
            let variant = &document.variants[0];
            let run = Run::new(variant.spec.clone());
            let story = Story::new(&run);
            let narrator = Narrator::new(&run, &story);
            let page: Vec<_> = narrator.transcript().collect();
            for line in tell(&run, narrator, variant, false) {
                let Line::Told { happenings, .. } = &line else { continue };
                for id in happenings {
                    let row = page.iter().find(|row| row.happening == *id);
                    let row = row.unwrap_or_else(|| panic!("{scenario}: the page does not tell {id}"));
                    if happenings.len() == 1 {
                        assert_eq!(line.text(narrator), (row.at, row.text.clone()), "{scenario}");
                    }
                }
            }
        }
    }

    #[test]
    fn records_that_fare_alike_share_a_line() {
        let document = library::find("acks-1-leader-crash").expect("it is in the library").document();
        let run = Run::new(document.variants[0].spec.clone());
        let story = Story::new(&run);
        let narrator = Narrator::new(&run, &story);
        let lines = tell(&run, narrator, &document.variants[0], false);
        let texts: Vec<String> = lines.iter().map(|line| line.text(narrator).1).collect();
        for text in [
            "* leader dies: kill broker-1",
            "w0–w4 are acknowledged at offsets 5–9 by broker 1 alone. With acks=1 the leader answers by itself; no follower is \
             asked.",
            "The consumer reads x0–x4 at offsets 5–9.",
        ] {
            assert!(texts.iter().any(|told| told == text), "{text:?} is not in {texts:#?}");
        }
    }
}
