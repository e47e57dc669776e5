//! A broker's part in the cluster: its life with the controller, what it asks of it, and what it knows of the others.
//! What follows for replicas and connections is returned (`Next`), or done by `Broker` with what is asked for here.

pub(in crate::broker) mod controller_link;
pub(in crate::broker) mod feed;
pub(in crate::broker) mod image;
pub(in crate::broker) mod isr_changes;
pub(in crate::broker) mod lifecycle;
pub(in crate::broker) mod producer_ids;

use controller_link::Links;
use feed::Feed;
use image::Image;
use isr_changes::IsrChanges;
use lifecycle::Life;
use producer_ids::ProducerIds;

use crate::ids::BrokerId;

/// All of it ends with the process.
#[derive(Clone, Debug)]
pub struct Membership {
    pub id: BrokerId,
    pub life: Life,
    pub image: Image,
    pub feed: Feed,
    pub links: Links,
    /// Roles are taken as metadata says.
    pub is_published: bool,
    pub isr_changes: IsrChanges,
    pub producer_ids: ProducerIds,
}

/// What a process has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    GoOn,
    /// KRaft: it knows the cluster up to its own registration. Logs are opened, roles taken, fetchers started.
    Recover,
    /// It serves nobody any more; what remains is to write everything down.
    ShutDown,
    /// The process ends.
    End,
}

impl Membership {
    /// Of a process that does not run.
    pub fn new(id: BrokerId) -> Membership {
        Membership {
            id,
            life: Life::default(),
            image: Image::default(),
            feed: Feed::default(),
            links: Links::default(),
            is_published: false,
            isr_changes: IsrChanges::default(),
            producer_ids: ProducerIds::default(),
        }
    }
}
