//! A run under way that will take the shown one's place, and what is to be done when it has come.

use std::sync::Arc;

use ackscope_scenario::Document;
use ackscope_scenario::link::View;
use ackscope_sim::run::budget::Progress;
use ackscope_sim::time::Time;
use ackscope_sim::view::ClusterView;

use crate::draft::Draft;
use crate::engine::Arriving;

pub struct Pending {
    pub number: u32,
    pub draft: Draft,
    pub document: Document,
    pub purpose: Purpose,
    /// What has been told of it so far, and the view that came with it.
    pub arriving: Option<(Arriving, Snapshot)>,
    pub progress: Option<Progress>,
    /// Play was pressed meanwhile.
    pub plays: bool,
}

pub enum Purpose {
    /// Another scenario, looked at as an address says.
    Open(View),
    Edit(Change),
    /// An earlier draft, or a later one.
    Travel,
}

/// An edit, or several that came faster than their runs.
#[derive(Default)]
pub struct Change {
    /// The drafts that undo goes back to, each with what its edit was about where it was typed.
    pub before: Vec<(Draft, Option<String>)>,
    /// Where to look afterwards.
    pub seek: Option<Time>,
    /// The entry whose sign is selected afterwards.
    pub select: Option<String>,
}

/// The cluster at one moment. Never changed, so the same only as itself.
#[derive(Clone)]
pub struct Snapshot(pub Arc<ClusterView>);

impl PartialEq for Snapshot {
    fn eq(&self, other: &Snapshot) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
