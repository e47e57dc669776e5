//! What the benches of this workspace measure inside the engine: a bare queue loop to compare with, and the kernel with
//! nothing of Kafka in it. Compiled here, so that it is optimised as the engine is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::config::{BrokerConfig, Costs};
use crate::ids::{ClientId, MachineId, NodeId};
use crate::rng::{Purpose, Rng};
use crate::script::ActionId;
use crate::spec::{ControllerSpec, Links, Spec};
use crate::time::{Duration, Time};
use crate::version::KafkaVersion;
use crate::world::context::Context;
use crate::world::queue::{Event, Scheduled};

/// As many bytes as the engine's own entries have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Bare {
    at: u64,
    seq: u64,
    payload: [u64; (size_of::<Scheduled>() - 16) / 8],
}

/// Both loops draw the same.
const DRAWS: Purpose = Purpose::Load(ClientId(0), 0);

/// Handles `events` events of a bare `BinaryHeap` that always holds `pending`: pop the first, push it back later.
/// Returns something that hangs on all of them.
pub fn bare_queue(pending: u64, events: u64) -> u64 {
    let mut rng = Rng::new(1, DRAWS);
    let mut heap = BinaryHeap::new();
    let draw = |rng: &mut Rng| rng.below(1_000_000);
    for seq in 0..pending.max(1) {
        heap.push(Reverse(Bare { at: draw(&mut rng), seq, payload: Default::default() }));
    }
    let mut sum = 0_u64;
    for seq in pending..pending + events {
        let Some(Reverse(bare)) = heap.pop() else { break };
        sum = sum.wrapping_add(bare.at ^ bare.payload[0]);
        heap.push(Reverse(Bare { at: bare.at + draw(&mut rng), seq, payload: [seq; _] }));
    }
    sum
}

/// The same through the engine's kernel: its queue, its clock, one note for every event, no node behind it.
pub fn kernel(pending: u64, events: u64) -> u64 {
    let spec = Spec {
        version: KafkaVersion::default(),
        seed: 1,
        until: Time::NEVER,
        brokers: Vec::new(),
        controller: ControllerSpec { machine: MachineId(0), quorum: 1 },
        broker_config: BrokerConfig::defaults(KafkaVersion::default()),
        costs: Costs::default(),
        links: Links { default: Default::default(), between: Vec::new() },
        topics: Vec::new(),
        partitions: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        script: Vec::new(),
        warm: false,
    };
    let mut cx = Context::new(Arc::new(spec));
    let mut rng = Rng::new(1, DRAWS);
    let event = |seq: u64| Event::Act { action: ActionId(seq as u32) };
    for seq in 0..pending.max(1) {
        let after = Duration::from_nanos(rng.below(1_000_000));
        cx.queue.push(cx.now + after, None, event(seq));
    }
    let mut sum = 0_u64;
    for seq in 0..events {
        let Some(scheduled) = cx.queue.pop() else { break };
        cx.now = scheduled.at;
        cx.cause = scheduled.cause;
        cx.node = NodeId::World;
        let Event::Act { action } = scheduled.event else { continue };
        let noted = cx.note(crate::happening::Fact::ActionDone { action });
        let after = Duration::from_nanos(rng.below(1_000_000));
        cx.queue.push(cx.now + after, Some(noted), event(seq));
        for note in cx.notes.drain(..) {
            sum = sum.wrapping_add(note.at.nanos);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{Bare, bare_queue, kernel};
    use crate::world::queue::Scheduled;

    /// Whoever is compared with it must not win by a lighter load on the other side.
    #[test]
    fn the_bare_queue_moves_as_many_bytes() {
        assert_eq!(size_of::<Bare>(), size_of::<Scheduled>());
    }

    #[test]
    fn both_loops_handle_every_event() {
        for work in [bare_queue, kernel] {
            assert_ne!(work(100, 1_000), work(100, 1_001));
        }
    }
}
