//! The stage: the cluster at one instant. Brokers are rows, their logs share one offset axis, so that a divergence is a
//! column; messages travel as beads on the links.

mod beads;
mod cards;
mod cells;
mod desk;
mod divergence;
mod links;
mod phone;

use ackscope_sim::ids::{BrokerId, NodeId, Partition};
use ackscope_sim::view::ClusterView;

pub use links::{LinkPlace, links};

use crate::picture::{Picture, Source};
use crate::story::Story;
use crate::timeline::Room;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct StageView<'a> {
    pub width: f32,
    pub room: Room,
    /// The cluster at that moment; its `now` is the stage's.
    pub cluster: &'a ClusterView,
    /// Whose logs the brokers show; None: all, small.
    pub partition: Option<Partition>,
    pub selection: Source,
    /// Draw the links that nothing uses, too.
    pub all_links: bool,
}

/// Draws the stage; its height follows from the number of brokers and clients and does not change during a run.
pub fn draw(story: &Story, view: &StageView<'_>, picture: &mut Picture) {
    match view.room {
        Room::Page => desk::draw(story, view, picture),
        Room::Figure | Room::Phone => phone::draw(story, view, picture),
    }
}

/// The partition whose controller line and offsets are shown.
fn principal(view: &StageView<'_>) -> Partition {
    view.partition.unwrap_or(Partition(0))
}

fn is_selected(view: &StageView<'_>, node: NodeId) -> bool {
    view.selection == Source::Node(node)
}

/// `broker-2`'s place among the rows.
fn row_of(story: &Story, broker: BrokerId) -> Option<usize> {
    story.brokers().iter().position(|&id| id == broker)
}
