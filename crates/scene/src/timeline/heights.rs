//! Offset and height: within a lane a log grows upwards. Few records stand on whole pixels, ruled like paper; many share
//! the lane, and those whose fate was disputed keep the most of it.

use ackscope_sim::ids::Offset;

use crate::story::PartitionStory;

#[derive(Clone, Debug, PartialEq)]
pub struct Heights {
    /// (offset, height above the base), both rising.
    knots: Vec<(u32, f32)>,
    /// The records stand on rows of this many whole pixels.
    pub unit: Option<f32>,
}

/// Below this a row cannot be ruled.
const LEAST_UNIT: f32 = 3.0;
/// A row in which a name has room.
const MOST_UNIT: f32 = 12.0;

impl Heights {
    pub fn new(partition: &PartitionStory, room: f32) -> Heights {
        Heights::of(partition.end, &partition.disputed, room)
    }

    pub fn of(end: Offset, disputed: &[(Offset, Offset)], room: f32) -> Heights {
        let count = end.0.max(1);
        let unit = (room / count as f32).floor().min(MOST_UNIT);
        if unit >= LEAST_UNIT {
            return Heights { knots: vec![(0, 0.0), (count, count as f32 * unit)], unit: Some(unit) };
        }
        let in_dispute: u32 = disputed.iter().map(|(from, to)| to.0 - from.0).sum();
        // Half the room at most; the rest of the log shares the other half evenly.
        let each = (room * 0.5 / in_dispute.max(1) as f32).min(4.0);
        let rest = (count - in_dispute.min(count)).max(1);
        let plain = (room - each * in_dispute as f32) / rest as f32;
        let mut heights = Heights { knots: vec![(0, 0.0)], unit: None };
        let mut next = 0;
        for (from, to) in disputed {
            heights.push(from.0.saturating_sub(next), plain);
            heights.push(to.0 - from.0, each.max(plain));
            next = to.0;
        }
        heights.push(count.saturating_sub(next), plain);
        heights
    }

    fn push(&mut self, records: u32, each: f32) {
        let &(offset, height) = self.knots.last().expect("the first knot is there from the start");
        if records > 0 {
            self.knots.push((offset + records, height + records as f32 * each));
        }
    }

    /// Of the upper edge of the record before `offset`.
    pub fn height(&self, offset: Offset) -> f32 {
        let after = self.knots.partition_point(|knot| knot.0 <= offset.0);
        match (self.knots.get(after.wrapping_sub(1)), self.knots.get(after)) {
            (Some(&(o0, h0)), Some(&(o1, h1))) => h0 + (h1 - h0) * (offset.0 - o0) as f32 / (o1 - o0) as f32,
            (Some(&(_, last)), None) => last,
            (None, _) => 0.0,
        }
    }

    /// How many records there are at most.
    pub fn whole(&self) -> u32 {
        self.knots.last().map_or(0, |knot| knot.0)
    }

    pub fn total(&self) -> f32 {
        self.knots.last().map_or(0.0, |knot| knot.1)
    }

    /// The record at a height.
    pub fn offset(&self, height: f32) -> Offset {
        let after = self.knots.partition_point(|knot| knot.1 <= height);
        let offset = match (self.knots.get(after.wrapping_sub(1)), self.knots.get(after)) {
            (Some(&(o0, h0)), Some(&(o1, h1))) => {
                o0 + ((height - h0) / (h1 - h0) * (o1 - o0) as f32).floor() as u32
            }
            (Some(&(last, _)), None) => last.saturating_sub(1),
            (None, _) => 0,
        };
        Offset(offset)
    }
}

#[cfg(test)]
mod tests {
    use ackscope_sim::ids::Offset;

    use super::Heights;

    #[test]
    fn a_few_records_stand_on_whole_pixels() {
        let heights = Heights::of(Offset(10), &[], 60.0);
        assert_eq!((heights.unit, heights.height(Offset(5)), heights.total()), (Some(6.0), 30.0, 60.0));
        assert_eq!(heights.offset(29.9), Offset(4));
        assert_eq!(heights.offset(1000.0), Offset(9));
    }

    #[test]
    fn in_a_long_log_the_disputed_tail_keeps_its_room() {
        let heights = Heights::of(Offset(1005), &[(Offset(1000), Offset(1005))], 60.0);
        let tail = heights.height(Offset(1005)) - heights.height(Offset(1000));
        assert_eq!(heights.unit, None);
        assert!((19.9..20.1).contains(&tail), "{tail}");
        assert!((59.9..60.1).contains(&heights.total()), "{}", heights.total());
        assert_eq!(heights.offset(heights.height(Offset(1002)) + 0.5), Offset(1002));
    }
}
