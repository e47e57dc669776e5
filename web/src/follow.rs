//! From one thing to the next: a request's response, the cause of what is selected, what the narration speaks of. Each says
//! what to select and when that was.

use ackscope_scene::picture::Source;
use ackscope_sim::ids::HappeningId;
use ackscope_sim::time::Time;

use crate::show::Show;

/// The happening that the narration tells at a moment.
pub fn present(show: &Show, now: Time) -> Option<(Source, Time)> {
    let (id, _) = show.narrator().present(now)?;
    Some((Source::Happening(id), now))
}

/// The response to a selected request, or the request of a selected response.
pub fn partner(show: &Show, selection: Source) -> Option<(Source, Time)> {
    let Source::Message(id) = selection else { return None };
    let partner = show.story.message(id)?.partner?;
    let partner = show.story.messages.get(partner as usize)?;
    Some((Source::Message(partner.id), partner.sent))
}

/// What the selected thing followed from, as far as it is worth telling.
pub fn cause(show: &Show, selection: Source, now: Time) -> Option<(Source, Time)> {
    let id = show.story.subject(selection, now)?;
    let step = show.narrator().why(id).into_iter().nth(1)?;
    Some((source_of(show, step.happening), step.at))
}

/// A message is selected as an arrow, anything else as what happened.
fn source_of(show: &Show, id: HappeningId) -> Source {
    if show.story.message(id).is_some() { Source::Message(id) } else { Source::Happening(id) }
}
