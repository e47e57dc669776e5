//! Producer ids, of which a broker gives out what the controller has given it.

use crate::broker::membership::Membership;
use crate::broker::membership::controller_link::RETRY;
use crate::broker::timer::LinkName;
use crate::error::ErrorCode;
use crate::ids::{ConnectionId, ProducerId};
use crate::world::context::Context;

/// How many producer ids the controller gives out at once.
const PRODUCER_ID_BLOCK: u64 = 1_000;

/// What is left of the broker's block.
#[derive(Clone, Debug, Default)]
pub struct ProducerIds {
    next: u64,
    end: u64,
    /// Requests until the controller has given out another block, ascending.
    waiting: Vec<ConnectionId>,
}

impl ProducerIds {
    pub fn are_wanted(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Nobody waits any more: all connections are closed.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl Membership {
    /// None: this connection's request waits for a block.
    pub fn next_producer_id(&mut self, cx: &mut Context, connection: ConnectionId) -> Option<ProducerId> {
        let ids = &mut self.producer_ids;
        if ids.next < ids.end {
            ids.next += 1;
            return Some(ProducerId(ids.next - 1));
        }
        if let Err(place) = ids.waiting.binary_search(&connection) {
            ids.waiting.insert(place, connection);
        }
        self.link_wants(cx, LinkName::Requests);
        None
    }

    /// The controller has given out a block, or not. Returns the requests that waited for it.
    pub fn on_producer_ids(
        &mut self,
        cx: &mut Context,
        result: Result<ProducerId, ErrorCode>,
    ) -> Vec<ConnectionId> {
        let Ok(ProducerId(first)) = result else {
            self.retry_link(cx, LinkName::Requests, RETRY);
            return Vec::new();
        };
        (self.producer_ids.next, self.producer_ids.end) = (first, first + PRODUCER_ID_BLOCK);
        std::mem::take(&mut self.producer_ids.waiting)
    }
}
