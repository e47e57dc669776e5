//! One scenario with its run, indexed for drawing and for playback. Never changed: an edit makes another one.

use ackscope_scenario::{Document, PinnedNote, Recording, Step, Variant, faults};
use ackscope_scene::axis::{Axis, AxisMode};
use ackscope_scene::narration::{Narrator, Verdict, verdict};
use ackscope_scene::picture::Source;
use ackscope_scene::story::Story;
use ackscope_sim::protocol::Acks;
use ackscope_sim::run::Trace;
use ackscope_sim::spec::Spec;
use ackscope_sim::time::Time;

use crate::pace::Pace;

pub struct Show {
    /// The document's own name.
    pub id: String,
    pub variant: Variant,
    /// Name and title of every run that the document has.
    pub variants: Vec<(String, String)>,
    /// What it is made of, in a few words: `acks=1, Kafka 4.3`.
    pub detail: String,
    pub run: Trace,
    pub story: Story,
    pub notes: Vec<PinnedNote>,
    /// Recorded runs of real Kafka of the same kind: none where the scenario is not the library's own, unchanged.
    pub recorded: Vec<Recording>,
    /// The time of every event that playback stops at.
    pub events: Vec<Time>,
    /// Moments worth jumping to.
    pub moments: Vec<Time>,
    pub pace: Pace,
    pub verdict: Verdict,
    /// Why the run ends before the scenario does, in a sentence.
    pub cut_short: Option<String>,
    /// When everything that the verdict speaks of has happened.
    pub decided: Time,
}

impl Show {
    /// A document and the run of one of its variants; of the first one where it has none of that name.
    pub fn new(document: Document, variant: &str, run: Trace, story: Story) -> Show {
        let variant = document.variant_or_first(variant).clone();
        let notes = variant.notes(&run);
        let landmarks = story.marks.iter().filter(|mark| mark.kind.is_landmark()).map(|mark| mark.at);
        let mut moments: Vec<Time> = landmarks.chain(notes.iter().map(|note| note.at)).collect();
        moments.sort_unstable();
        moments.dedup();
        let deciding = run.audit.records.iter().filter_map(|record| record.decided_by);
        let decided = deciding.map(|id| run.happening(id).at).chain(moments.last().copied()).max();
        Show {
            variants: document.variants.iter().map(|run| (run.name.clone(), run.title.clone())).collect(),
            id: document.id,
            detail: detail(&variant.spec),
            events: story.moments.iter().map(|moment| moment.at).collect(),
            moments,
            notes,
            recorded: variant.recorded.clone(),
            pace: Pace::new(Axis::new(AxisMode::Elastic, &story)),
            verdict: verdict(&run.audit),
            cut_short: ackscope_scenario::stopped(&run),
            decided: decided.unwrap_or(run.end).min(run.end),
            run,
            story,
            variant,
        }
    }

    pub fn narrator(&self) -> Narrator<'_> {
        Narrator::new(&self.run, &self.story)
    }

    /// The entry of the scenario that a selected sign was done by.
    pub fn step_of(&self, source: Source) -> Option<&Step> {
        let Source::Happening(id) = source else { return None };
        let happening = self.run.happening(id);
        faults::step_of(&self.variant, &happening.fact)
            .or_else(|| faults::step_of(&self.variant, &self.run.happening(happening.cause.id()?).fact))
    }

    /// The scenario's own words for this moment: the last note up to then.
    pub fn note_at(&self, now: Time) -> Option<usize> {
        self.notes.partition_point(|note| note.at <= now).checked_sub(1)
    }
}

impl PartialEq for Show {
    /// Never changed, so the same only as itself.
    fn eq(&self, other: &Show) -> bool {
        std::ptr::eq(self, other)
    }
}

fn detail(spec: &Spec) -> String {
    let mut parts = Vec::new();
    if let Some(Ok(config)) = spec.producers.first().map(|producer| &producer.config) {
        parts.push(match config.acks {
            Acks::None => "acks=0".to_owned(),
            Acks::Leader => "acks=1".to_owned(),
            Acks::All => "acks=all".to_owned(),
        });
    }
    parts.push(format!("Kafka {}", spec.version.name()));
    parts.join(", ")
}
