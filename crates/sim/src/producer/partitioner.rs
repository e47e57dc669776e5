//! Which partition a record goes to (producer.md §2.7 to §2.11): murmur2 of the key; without key the sticky partition,
//! weighted by queue lengths; round robin before 2.4.

use crate::ids::Partition;
use crate::rng::Stream;
use crate::world::context::Context;

/// The partitions of one topic lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partitions {
    pub first: Partition,
    pub count: u32,
}

impl Partitions {
    pub fn at(self, number: u32) -> Partition {
        Partition(self.first.0 + number as u16)
    }

    pub fn numbers(self) -> std::ops::Range<u32> {
        0..self.count
    }

    /// For keyed records, over all partitions, available or not.
    pub fn for_key(self, key: &[u8]) -> u32 {
        partition_for_key(key, self.count)
    }

    /// The `draw`th partition that has a leader, in turn; of all, where none has.
    pub fn pick(self, draw: u32, has_leader: impl Fn(Partition) -> bool) -> u32 {
        let available = || self.numbers().filter(|&number| has_leader(self.at(number)));
        match available().count() as u32 {
            0 => draw % self.count,
            count => available().nth((draw % count) as usize).expect("counted"),
        }
    }
}

/// Where a key lands among `count` partitions.
pub fn partition_for_key(key: &[u8], count: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % count
}

/// MurmurHash2 as Kafka seeds it.
pub(super) fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let (blocks, tail) = data.as_chunks::<4>();
    for block in blocks {
        let mut k = u32::from_le_bytes(*block).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let last = tail.iter().rev().fold(0, |bytes, &byte| bytes << 8 | u32::from(byte));
        hash = (hash ^ last).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// The built-in partitioner of one topic since 3.3 (KIP-794): changes by produced bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Sticky {
    current: Option<Current>,
    /// Running sums of the weights, with the partition that each belongs to; empty: even chances.
    load: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    number: u32,
    produced_bytes: u32,
}

impl Sticky {
    fn next(&self, draw: u32, partitions: Partitions, has_leader: impl Fn(Partition) -> bool) -> u32 {
        match self.load.last() {
            None => partitions.pick(draw, has_leader),
            Some(&(total, _)) => {
                let drawn = draw % total;
                let place = self.load.partition_point(|&(sum, _)| sum <= drawn);
                self.load[place].1
            }
        }
    }

    /// The current partition; the first time it is drawn.
    pub fn peek(
        &mut self,
        draw: impl FnOnce() -> u32,
        partitions: Partitions,
        has_leader: impl Fn(Partition) -> bool,
    ) -> u32 {
        if let Some(current) = self.current {
            return current.number;
        }
        let number = self.next(draw(), partitions, has_leader);
        self.current = Some(Current { number, produced_bytes: 0 });
        number
    }

    /// Counts what was appended. True where another partition was drawn (which may be the same one again).
    pub fn update(
        &mut self,
        appended_bytes: u32,
        batch_size: u32,
        batches_full: bool,
        draw: impl FnOnce() -> u32,
        partitions: Partitions,
        has_leader: impl Fn(Partition) -> bool,
    ) -> bool {
        let Some(current) = &mut self.current else { return false };
        current.produced_bytes = current.produced_bytes.saturating_add(appended_bytes);
        let produced = current.produced_bytes;
        // A change while the last batch is open would leave fragments; beyond twice the size it is made regardless.
        if !(produced >= batch_size && batches_full || produced >= batch_size.saturating_mul(2)) {
            return false;
        }
        let number = self.next(draw(), partitions, has_leader);
        self.current = Some(Current { number, produced_bytes: 0 });
        true
    }

    /// From the queue sizes of the available partitions (producer.md §2.8); `all`: none was left out as too slow.
    pub fn learn_load(&mut self, sizes: &[(u32, u32)], partition_count: u32) {
        self.load.clear();
        let all_equal = sizes.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let all_there = sizes.len() as u32 == partition_count;
        if sizes.is_empty() || partition_count < 2 || all_equal && all_there {
            return;
        }
        let longest = sizes.iter().map(|&(_, size)| size).max().unwrap_or(0);
        let mut sum = 0;
        self.load.extend(sizes.iter().map(|&(number, size)| {
            sum += longest + 1 - size;
            (sum, number)
        }));
    }

    pub fn forget_load(&mut self) {
        self.load.clear();
    }
}

/// 31 even bits.
pub(super) fn draw(cx: &mut Context) -> u32 {
    cx.draw_below(Stream::Partitioner, 1 << 31) as u32
}

#[cfg(test)]
mod tests {
    use super::{Partitions, Sticky, murmur2};
    use crate::ids::Partition;

    const THREE: Partitions = Partitions { first: Partition(0), count: 3 };

    #[test]
    fn murmur2_gives_kafkas_numbers() {
        let vectors = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
        // An empty key is a key.
        assert_eq!(Partitions { first: Partition(0), count: 1 }.for_key(b""), 0);
    }

    /// cases.md P22.
    #[test]
    fn it_stays_until_the_threshold_is_reached() {
        let mut sticky = Sticky::default();
        let mut draws = 0..;
        let mut seen = Vec::new();
        for _ in 0..7 {
            seen.push(sticky.peek(|| draws.next().unwrap_or(0), THREE, |_| true));
            sticky.update(1, 3, true, || draws.next().unwrap_or(0), THREE, |_| true);
        }
        assert_eq!(seen, [0, 0, 0, 1, 1, 1, 2]);
        let one = Partitions { first: Partition(0), count: 1 };
        let mut lone = Sticky::default();
        for draw in 0..10 {
            assert_eq!(lone.peek(|| draw, one, |_| true), 0);
            lone.update(3, 3, true, || draw, one, |_| true);
        }
    }

    #[test]
    fn an_open_batch_puts_the_change_off_but_not_beyond_twice_the_size() {
        let mut sticky = Sticky::default();
        sticky.peek(|| 0, THREE, |_| true);
        assert!(!sticky.update(15, 10, false, || 1, THREE, |_| true));
        assert!(sticky.update(5, 10, false, || 1, THREE, |_| true));
    }

    /// cases.md P20: queues 1, 7, 2 give the weights 7, 1, 6.
    #[test]
    fn longer_queues_are_drawn_less_often() {
        let mut sticky = Sticky::default();
        sticky.learn_load(&[(0, 1), (1, 7), (2, 2)], 3);
        let mut counts = [0; 3];
        for draw in 0..28 {
            counts[sticky.next(draw, THREE, |_| true) as usize] += 1;
        }
        assert_eq!(counts, [14, 2, 12]);
        // Then the slow broker's partitions are left out.
        sticky.learn_load(&[(2, 2)], 3);
        assert!((0..28).all(|draw| sticky.next(draw, THREE, |_| true) == 2));
        sticky.learn_load(&[(0, 4), (1, 4), (2, 4)], 3);
        assert!(sticky.load.is_empty());
    }

    #[test]
    fn partitions_without_a_leader_are_not_drawn_unless_none_has_one() {
        assert!((0..9).all(|draw| THREE.pick(draw, |partition| partition == Partition(1)) == 1));
        assert_eq!((0..3).map(|draw| THREE.pick(draw, |_| false)).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
