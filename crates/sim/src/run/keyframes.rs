//! Copies of the world, from which any moment of a run can be reached again.

use crate::time::Time;
use crate::world::World;

/// The most keyframes that a run keeps, and the fewest events between two of them: what a seek replays, and what makes up
/// for the copy.
const KEYFRAMES: usize = 32;
const SPACING: u64 = 4_096;

/// Copies of the world, spread over the run's events; when there are too many, every other one goes.
pub(crate) struct Keyframes {
    frames: Vec<World>,
    /// Events between two of them, at least.
    spacing: u64,
    /// When the next one is due.
    next: u64,
    /// Bytes that they hold for themselves, by estimate.
    memory: u64,
}

impl Keyframes {
    pub fn new(world: &World) -> Keyframes {
        Keyframes { frames: vec![world.clone()], spacing: SPACING, next: world.steps() + SPACING, memory: 0 }
    }

    pub fn offer(&mut self, world: &World) {
        if world.steps() < self.next {
            return;
        }
        self.frames.push(world.clone());
        self.memory += world.memory();
        if self.frames.len() > KEYFRAMES {
            let mut place = 0;
            self.frames.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.spacing *= 2;
            self.memory = self.frames.iter().map(World::memory).sum();
        }
        // What lies in producers' memory is copied batch by batch; a few events make up for each.
        self.next = world.steps() + self.spacing + 4 * world.unsent_batches();
    }

    /// Bytes that they hold, by estimate.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The last one from which `time` can be reached by going on.
    pub fn before(&self, time: Time) -> &World {
        let place = self.frames.partition_point(|frame| frame.now() <= time);
        &self.frames[place.saturating_sub(1)]
    }
}
