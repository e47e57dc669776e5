//! Which leader epoch began at which offset: `leader-epoch-checkpoint`, by which replicas find where their logs part.

use crate::ids::{LeaderEpoch, Offset};
use crate::version::KafkaVersion;

/// Ascending in both numbers (broker.md §3.2).
#[derive(Clone, Debug, Default)]
pub struct EpochCache {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl EpochCache {
    pub fn entries(&self) -> &[(LeaderEpoch, Offset)] {
        &self.entries
    }

    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|&(epoch, _)| epoch)
    }

    /// An epoch begins: with every append, and (since KIP-279) on becoming leader, even before any write. An epoch in which
    /// nothing was written gives way to the next one at the same offset, and so does a newer epoch to an older one that
    /// follows it. Before, nothing gave way, and what was not newer left no entry (`LeaderEpochFileCache.assign` of
    /// 0.11.0.2 and 1.1.1).
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset, version: KafkaVersion) {
        let latest = self.entries.last();
        if !version.truncation_is_iterative() {
            if latest.is_none_or(|&(latest, from)| epoch > latest && start >= from) {
                self.entries.push((epoch, start));
            }
            return;
        }
        if latest.is_some_and(|&(latest, from)| epoch == latest && start >= from) {
            return;
        }
        self.entries.retain(|&(other, from)| other < epoch && from < start);
        self.entries.push((epoch, start));
    }

    /// Where the largest own epoch up to `epoch` ends. None: unknown (the cache is empty, the epoch lies in the future or,
    /// before KIP-279, before the first one here).
    pub fn end_offset_for(
        &self,
        epoch: LeaderEpoch,
        log_end_offset: Offset,
        version: KafkaVersion,
    ) -> Option<(LeaderEpoch, Offset)> {
        if epoch == self.latest()? {
            return Some((epoch, log_end_offset));
        }
        let higher = self.entries.partition_point(|&(own, _)| own <= epoch);
        let &(_, end) = self.entries.get(higher)?;
        if higher == 0 && !version.truncation_is_iterative() {
            return None;
        }
        let floor = if higher == 0 { epoch } else { self.entries[higher - 1].0 };
        Some((floor, end))
    }

    pub fn truncate_from_end(&mut self, offset: Offset) {
        self.entries.retain(|&(_, start)| start < offset);
    }
}

#[cfg(test)]
mod tests {
    use super::EpochCache;
    use crate::ids::{LeaderEpoch, Offset};
    use crate::version::KafkaVersion;

    fn cache(entries: &[(u32, u32)]) -> EpochCache {
        let mut cache = EpochCache::default();
        for &(epoch, start) in entries {
            cache.assign(LeaderEpoch(epoch), Offset(start), KafkaVersion::V4_3);
        }
        cache
    }

    fn entries(cache: &EpochCache) -> Vec<(u32, u32)> {
        cache.entries().iter().map(|&(epoch, start)| (epoch.0, start.0)).collect()
    }

    /// cases.md B52, and B27, B29, B30 as questions to the cache.
    #[test]
    fn end_offsets() {
        let divergence = &[(0, 0), (3, 2), (4, 8), (7, 13), (9, 14), (10, 17)][..];
        type Entry = (u32, u32);
        type Case<'a> = (&'a [Entry], u32, u32, Option<Entry>);
        let cases: &[Case<'_>] = &[
            (&[(5, 11), (6, 12), (7, 13)], 20, 4, Some((4, 11))),
            (&[(0, 10), (2, 13), (4, 17)], 20, 1, Some((0, 13))),
            (&[(0, 10), (2, 13), (4, 17)], 20, 3, Some((2, 17))),
            (&[(0, 10), (2, 13), (4, 17)], 20, 4, Some((4, 20))),
            (&[(0, 10), (2, 13), (4, 17)], 20, 5, None),
            (&[], 20, 0, None),
            // a smaller start removes what it overtakes
            (&[(5, 11), (6, 12), (7, 13), (7, 12)], 20, 5, Some((5, 12))),
            (&[(5, 11), (6, 12), (7, 13), (7, 12)], 20, 6, Some((5, 12))),
            (divergence, 17, 6, Some((4, 13))),
            (divergence, 17, 5, Some((4, 13))),
            (divergence, 17, 0, Some((0, 2))),
            (divergence, 17, 7, Some((7, 14))),
            (divergence, 17, 9, Some((9, 17))),
            (divergence, 17, 10, Some((10, 17))),
            (divergence, 17, 11, None),
        ];
        for &(entries, log_end, epoch, expected) in cases {
            let found =
                cache(entries).end_offset_for(LeaderEpoch(epoch), Offset(log_end), KafkaVersion::V4_3);
            let expected = expected.map(|(epoch, end)| (LeaderEpoch(epoch), Offset(end)));
            assert_eq!(found, expected, "epoch {epoch} in {entries:?}");
        }
    }

    /// An older epoch behind a newer one: what two quick unclean elections leave (KIP-279).
    #[test]
    fn epochs_that_go_back() {
        for (version, left) in [
            (KafkaVersion::V1_1, &[(0, 0), (1, 1), (5, 2)][..]),
            (KafkaVersion::V2_4, &[(0, 0), (1, 1), (3, 3)]),
        ] {
            let mut cache = cache(&[(0, 0), (1, 1), (5, 2)]);
            cache.assign(LeaderEpoch(3), Offset(3), version);
            assert_eq!(entries(&cache), left, "{version:?}");
        }
    }

    /// 0.11 and 1.1: what lies before the first known epoch has no known end, and nothing gives way at the same offset.
    #[test]
    fn before_kip_279_the_cache_only_grows() {
        for version in [KafkaVersion::V0_11, KafkaVersion::V1_1] {
            let mut cache = EpochCache::default();
            for (epoch, start) in [(2, 4), (3, 8), (4, 8), (3, 9), (5, 7)] {
                cache.assign(LeaderEpoch(epoch), Offset(start), version);
            }
            assert_eq!(entries(&cache), [(2, 4), (3, 8), (4, 8)]);
            let end = |epoch| cache.end_offset_for(LeaderEpoch(epoch), Offset(12), version);
            assert_eq!((end(1), end(5)), (None, None));
            assert_eq!(end(2), Some((LeaderEpoch(2), Offset(8))));
            assert_eq!(end(4), Some((LeaderEpoch(4), Offset(12))));
        }
    }

    /// cases.md B54 (logs are never cut at their start here).
    #[test]
    fn truncation_from_the_end() {
        let full = [(2, 6), (3, 8), (4, 11)];
        for (offset, left) in [(8, &full[..1]), (9, &full[..2]), (6, &[]), (12, &full[..])] {
            let mut cache = cache(&full);
            cache.truncate_from_end(Offset(offset));
            assert_eq!(entries(&cache), left, "from the end at {offset}");
        }
    }

    /// cases.md B55: an epoch without a record leaves no trace once its leader has truncated.
    #[test]
    fn an_empty_epoch_disappears() {
        for to in [29, 30] {
            let mut cache = cache(&[(19, 27), (20, 29)]);
            cache.truncate_from_end(Offset(29.min(to)));
            assert_eq!(entries(&cache), [(19, 27)]);
        }
        assert_eq!(entries(&cache(&[(19, 27), (20, 29), (21, 29)])), [(19, 27), (21, 29)]);
    }
}
