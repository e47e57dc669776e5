//! Putting a few things in order. The standard library's sorts are made for many and cost the page four kilobytes for each
//! kind of thing; this one costs a few hundred bytes.

/// In the order of their keys; equal ones stay as they came. For a few hundred things at most.
pub fn sorted<T, K: Ord>(things: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut sorted: Vec<T> = Vec::new();
    for thing in things {
        let after = key(&thing);
        let place = sorted.partition_point(|other| key(other) <= after);
        sorted.insert(place, thing);
    }
    sorted
}

/// Each once, in order. For a few hundred things at most, or for more that come nearly in order.
pub fn distinct<T: Ord>(things: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut distinct: Vec<T> = Vec::new();
    for thing in things {
        if let Err(place) = distinct.binary_search(&thing) {
            distinct.insert(place, thing);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    #[test]
    fn equal_keys_stay_as_they_came_or_go() {
        let sorted = super::sorted(["bb", "a", "cc", "b"], |word| word.len());
        assert_eq!(sorted, ["a", "b", "bb", "cc"]);
        assert_eq!(super::distinct([3, 1, 3, 2, 1]), [1, 2, 3]);
    }
}
