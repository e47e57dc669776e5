//! "Your epoch ends here": the answer that makes a follower cut its log, drawn from the leader that gave it to the cut.

use ackscope_sim::ids::{BrokerId, LeaderEpoch, NodeId, Offset};
use ackscope_sim::protocol::{Body, FetchAnswer};

use super::StageView;
use super::cells::{OffsetAxis, Row};
use crate::picture::{Anchor, Fill, Picture, Source, Stroke, Style, point};
use crate::story::{Message, Story};
use crate::tokens::Tone;

struct Answer<'s> {
    message: &'s Message,
    leader: BrokerId,
    follower: BrokerId,
    epoch: Option<LeaderEpoch>,
    end: Offset,
}

/// How far back an answer is looked for.
const BACK: usize = 200;

/// The last such answer, as long as what it took has not been replaced.
fn answer<'s>(story: &'s Story, view: &StageView<'_>) -> Option<Answer<'s>> {
    let (now, partition) = (view.cluster.now, view.partition?);
    let end = story.messages.partition_point(|message| message.sent <= now);
    story.messages[end.saturating_sub(BACK)..end].iter().rev().find_map(|message| {
        let (epoch, cut) = match &message.envelope.message.body {
            Body::FetchResponse { partitions } => {
                match &partitions.iter().find(|of| of.partition == partition)?.answer {
                    FetchAnswer::Diverging { leader_epoch, end_offset } => (*leader_epoch, (*end_offset)?),
                    FetchAnswer::Records { .. } | FetchAnswer::Error { .. } => return None,
                }
            }
            Body::OffsetsForLeaderEpochResponse { partitions } => {
                let of = partitions.iter().find(|of| of.partition == partition)?;
                let (epoch, end) = of.result.as_ref().ok()?.as_ref()?;
                (Some(*epoch), *end)
            }
            _ => return None,
        };
        let (NodeId::Broker(leader), NodeId::Broker(follower)) = (message.envelope.from, message.envelope.to)
        else {
            return None;
        };
        let history = story.replica(follower, partition)?;
        let truncated = history.cuts.iter().find(|log_cut| log_cut.at >= message.sent)?;
        let later = history.ends.iter().find(|&&(at, offset)| at > truncated.at && offset > cut);
        let replaced = later.is_some_and(|&(at, _)| at <= now);
        (!replaced).then_some(Answer { message, leader, follower, epoch, end: cut })
    })
}

/// Whether a broker is about to cut its log, or just has.
pub(super) fn cutting(story: &Story, view: &StageView<'_>, broker: BrokerId) -> bool {
    answer(story, view).is_some_and(|answer| answer.follower == broker)
}

pub(super) fn divergence(
    picture: &mut Picture,
    story: &Story,
    view: &StageView<'_>,
    axis: &OffsetAxis,
    row: impl Fn(BrokerId) -> Option<Row>,
) {
    let Some(answer) = answer(story, view).filter(|answer| answer.end.0 >= axis.first) else { return };
    let (Some(from), Some(to)) = (row(answer.leader), row(answer.follower)) else { return };
    let x = axis.x(answer.end) - 1.0;
    picture.source = Source::Message(answer.message.id);
    let (head, foot) = (to.top - 8.0, to.top + to.height + 8.0);
    picture.segment(point(x, head), point(x, foot), Stroke::new(Tone::LostFill, 2.2));
    let wedge = [point(x - 5.0, head - 6.0), point(x + 5.0, head - 6.0), point(x, head + 1.0)];
    picture.area(wedge, Some(Fill::plain(Tone::LostFill)), None);

    let up = from.top > to.top;
    let (start, stop, way) =
        if up { (from.top - 3.0, foot + 1.0, -1.0) } else { (from.top + from.height + 3.0, head - 7.0, 1.0) };
    picture.segment(point(x, start), point(x, stop - way * 4.0), Stroke::new(Tone::Lost, 1.5));
    let arrow = [point(x, stop), point(x - 3.2, stop - way * 7.0), point(x + 3.2, stop - way * 7.0)];
    picture.area(arrow, Some(Fill::plain(Tone::Lost)), None);

    let y = to.top + to.height + 14.5;
    let replica = view.cluster.brokers.iter().find(|broker| broker.id == answer.follower);
    let high =
        replica.and_then(|broker| broker.replicas.iter().find(|of| Some(of.partition) == view.partition));
    if let Some(high) = high.map(|replica| replica.high_watermark) {
        let style = Style::new(to.size - 1.5, Tone::Ink2).on(Tone::Surface);
        picture.words(point(x - 6.0, y), &format!("high watermark {high}"), style, Anchor::End);
    }
    let epoch = answer.epoch.map_or(String::new(), |epoch| format!("epoch {epoch} "));
    let words = format!("cut: “{epoch}ends at {}”", answer.end);
    let style = Style::new(to.size - 1.5, Tone::Lost).on(Tone::Surface);
    picture.words(point(x + 7.0, y), &words, style, Anchor::Start);
    picture.source = Source::None;
}
