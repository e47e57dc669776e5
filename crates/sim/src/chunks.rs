//! A vector that only grows or is cut at its end, and whose clones share what they have in common: logs and ledgers are
//! copied into every keyframe.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const CHUNK: usize = 128;

/// Append-only but for `truncate`; `clone` copies one pointer for every 128 entries, and those that fill no chunk yet.
#[derive(Clone, Debug)]
pub struct Chunks<T> {
    full: Vec<Arc<Vec<T>>>,
    rest: Vec<T>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks { full: Vec::new(), rest: Vec::new() }
    }
}

impl<T: Clone> Chunks<T> {
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn push(&mut self, item: T) {
        if self.rest.len() == CHUNK {
            self.close();
        }
        self.rest.push(item);
    }

    #[cold]
    fn close(&mut self) {
        let full = std::mem::replace(&mut self.rest, Vec::with_capacity(CHUNK));
        self.full.push(Arc::new(full));
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunk(index / CHUNK)?.get(index % CHUNK)
    }

    /// The last one may not be full.
    fn chunk(&self, number: usize) -> Option<&Vec<T>> {
        match self.full.get(number) {
            Some(full) => Some(full),
            None => (number == self.full.len()).then_some(&self.rest),
        }
    }

    pub fn last(&self) -> Option<&T> {
        self.rest.last().or_else(|| self.full.last()?.last())
    }

    /// Keeps the first `len` entries.
    pub fn truncate(&mut self, len: usize) {
        if len / CHUNK < self.full.len() {
            self.rest = Arc::unwrap_or_clone(self.full.swap_remove(len / CHUNK));
            self.full.truncate(len / CHUNK);
        }
        self.rest.truncate(len.saturating_sub(self.full.len() * CHUNK));
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.full.iter().flat_map(|chunk| chunk.iter()).chain(&self.rest)
    }

    /// From `start` on; cheap wherever it starts.
    pub fn iter_from(&self, start: usize) -> impl Iterator<Item = &T> {
        let full = self.full.get(start / CHUNK..).unwrap_or(&[]);
        let before = if full.is_empty() { start - self.full.len() * CHUNK } else { start % CHUNK };
        let (whole, rest) = if full.is_empty() { (0, before) } else { (before, 0) };
        full.iter().flat_map(|chunk| chunk.iter()).skip(whole).chain(self.rest.iter().skip(rest))
    }

    /// The first index at which `is_before` no longer holds (entries are ordered so that it holds first).
    pub fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        let chunk = self.full.partition_point(|chunk| chunk.last().is_some_and(&mut is_before));
        let found = self.chunk(chunk).expect("there is one behind the full ones");
        chunk * CHUNK + found.partition_point(is_before)
    }
}

impl<T: Clone> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Chunks<T> {
        let mut chunks = Chunks::default();
        items.into_iter().for_each(|item| chunks.push(item));
        chunks
    }
}

impl<T: Clone + Serialize> Serialize for Chunks<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Its length has to be known beforehand.
        self.iter().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de, T: Clone + Deserialize<'de>> Deserialize<'de> for Chunks<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Chunks<T>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    fn of(count: usize) -> Chunks<usize> {
        (0..count).collect()
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
