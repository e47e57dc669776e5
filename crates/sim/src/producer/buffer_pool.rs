//! The pool that `buffer.memory` sizes (producer.md §2.12): buffers of `batch.size` are kept, everything else returns to
//! the byte counter. One application thread per producer, so at most one waits.

#[derive(Clone, Debug)]
pub(super) struct BufferPool {
    total: u64,
    /// `batch.size`.
    poolable: u32,
    non_pooled: u64,
    /// Kept buffers of the poolable size.
    free: u32,
    waiter: Option<Waiter>,
}

/// It gathers memory piecemeal.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    size: u32,
    gathered: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allocation {
    Granted,
    /// Ask again with `take_waited` after each deallocation.
    Waits,
    /// Larger than the whole pool: IllegalArgumentException.
    Impossible,
}

impl BufferPool {
    pub fn new(total: u64, poolable: u32) -> BufferPool {
        BufferPool { total, poolable, non_pooled: total, free: 0, waiter: None }
    }

    pub fn allocate(&mut self, size: u32) -> Allocation {
        if u64::from(size) > self.total {
            return Allocation::Impossible;
        }
        if size == self.poolable && self.free > 0 {
            self.free -= 1;
            return Allocation::Granted;
        }
        if self.available() >= u64::from(size) {
            self.free_up(size);
            self.non_pooled -= u64::from(size);
            return Allocation::Granted;
        }
        self.waiter = Some(Waiter { size, gathered: 0 });
        Allocation::Waits
    }

    /// The waiter has got all it needs, and is no longer one.
    pub fn take_waited(&mut self) -> bool {
        let Some(mut waiter) = self.waiter else { return false };
        if waiter.gathered == 0 && waiter.size == self.poolable && self.free > 0 {
            self.free -= 1;
            waiter.gathered = waiter.size;
        } else {
            self.free_up(waiter.size - waiter.gathered);
            let got = u64::from(waiter.size - waiter.gathered).min(self.non_pooled) as u32;
            self.non_pooled -= u64::from(got);
            waiter.gathered += got;
        }
        let done = waiter.gathered == waiter.size;
        self.waiter = if done { None } else { Some(waiter) };
        done
    }

    /// Its time is over: what it had gathered returns.
    pub fn give_up(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            self.non_pooled += u64::from(waiter.gathered);
        }
    }

    pub fn deallocate(&mut self, size: u32) {
        if size == self.poolable {
            self.free += 1;
        } else {
            self.non_pooled += u64::from(size);
        }
    }

    fn free_up(&mut self, size: u32) {
        while self.free > 0 && self.non_pooled < u64::from(size) {
            self.free -= 1;
            self.non_pooled += u64::from(self.poolable);
        }
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn poolable(&self) -> u32 {
        self.poolable
    }

    /// Unallocated and kept buffers together.
    pub fn available(&self) -> u64 {
        self.non_pooled + u64::from(self.free) * u64::from(self.poolable)
    }

    pub fn is_waited_for(&self) -> bool {
        self.waiter.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Allocation, BufferPool};

    /// cases.md P27.
    #[test]
    fn buffers_of_the_batch_size_are_kept_and_others_are_not() {
        const K: u32 = 1_024;
        let mut pool = BufferPool::new(64 * u64::from(K), K);
        for size in [K, K, 2 * K] {
            assert_eq!(pool.allocate(size), Allocation::Granted);
            assert_eq!(pool.available(), u64::from(64 * K - size));
            pool.deallocate(size);
            assert_eq!((pool.available(), pool.non_pooled), (u64::from(64 * K), u64::from(63 * K)));
        }
    }

    /// cases.md P29.
    #[test]
    fn who_asks_for_more_than_is_left_waits_until_it_is_returned() {
        let mut pool = BufferPool::new(5 * 1_024, 1_024);
        assert_eq!(pool.allocate(1_024), Allocation::Granted);
        assert_eq!(pool.allocate(5 * 1_024), Allocation::Waits);
        assert!(!pool.take_waited());
        pool.deallocate(1_024);
        assert!(pool.take_waited());
        assert_eq!((pool.available(), pool.is_waited_for()), (0, false));
    }

    /// cases.md P30.
    #[test]
    fn a_waiter_that_gives_up_returns_what_it_had_gathered() {
        let mut pool = BufferPool::new(2, 1);
        assert_eq!(pool.allocate(1), Allocation::Granted);
        assert_eq!(pool.allocate(2), Allocation::Waits);
        assert!(!pool.take_waited());
        pool.give_up();
        assert_eq!((pool.available(), pool.is_waited_for()), (1, false));
        assert_eq!(pool.allocate(3), Allocation::Impossible);
    }
}
