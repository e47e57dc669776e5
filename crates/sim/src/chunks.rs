//! A vector that only grows or is cut at its end, and whose clones share what they have in common: logs and ledgers are
//! copied into every keyframe.

use std::sync::Arc;

const CHUNK: usize = 128;

/// Append-only but for `truncate`; `clone` copies one pointer for every 128 entries.
#[derive(Clone, Debug)]
pub struct Chunks<T> {
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Chunks<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn push(&mut self, item: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        let last = self.chunks.last_mut().expect("a chunk was just made or has room");
        Arc::make_mut(last).push(item);
        self.len += 1;
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// Keeps the first `len` entries.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.chunks.truncate(len.div_ceil(CHUNK));
        if !len.is_multiple_of(CHUNK) {
            let last = self.chunks.last_mut().expect("len is not zero");
            Arc::make_mut(last).truncate(len % CHUNK);
        }
        self.len = len;
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// From `start` on; cheap wherever it starts.
    pub fn iter_from(&self, start: usize) -> impl Iterator<Item = &T> {
        let chunks = self.chunks.get(start / CHUNK..).unwrap_or(&[]);
        chunks.iter().flat_map(|chunk| chunk.iter()).skip(start % CHUNK)
    }

    /// The first index at which `is_before` no longer holds (entries are ordered so that it holds first).
    pub fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(&mut is_before));
        match self.chunks.get(chunk) {
            Some(found) => chunk * CHUNK + found.partition_point(is_before),
            None => self.len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    fn of(count: usize) -> Chunks<usize> {
        let mut chunks = Chunks::default();
        (0..count).for_each(|item| chunks.push(item));
        chunks
    }

    #[test]
    fn behaves_like_a_vector_around_the_chunk_borders() {
        for count in [0, 1, 127, 128, 129, 256, 300] {
            let chunks = of(count);
            assert_eq!(chunks.iter().copied().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            for cut in 0..=count {
                let mut short = chunks.clone();
                short.truncate(cut);
                assert_eq!((short.len(), short.last().copied()), (cut, cut.checked_sub(1)));
                short.push(7);
                assert_eq!(short.get(cut), Some(&7));
                assert_eq!(chunks.partition_point(|&item| item < cut), cut);
                assert_eq!(
                    chunks.iter_from(cut).copied().collect::<Vec<_>>(),
                    (cut..count).collect::<Vec<_>>()
                );
            }
        }
    }
}
