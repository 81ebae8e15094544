//! Sets of entities as ranges of ids.

use crate::plan::EntityId;

/// Entities as sorted ranges that do not touch, each from the first to before the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    all: Vec<(u32, u32)>,
}

/// One entity as a range.
pub(super) fn only(entity: EntityId) -> (u32, u32) {
    (entity.0, entity.0.saturating_add(1))
}

impl FromIterator<(u32, u32)> for Ranges {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(ranges: I) -> Self {
        let mut ranges: Vec<(u32, u32)> = ranges.into_iter().collect();
        ranges.retain(|(start, end)| start < end);
        ranges.sort_unstable_by_key(|(start, end)| u64::from(*start) << 32 | u64::from(*end));
        ranges.dedup_by(|(start, end), (_, last)| {
            let touches = *start <= *last;
            if touches {
                *last = (*last).max(*end);
            }
            touches
        });
        Self { all: ranges }
    }
}

impl Ranges {
    pub(super) fn union(mut self, mut other: Self) -> Self {
        if other.all.is_empty() {
            return self;
        }
        if self.all.is_empty() {
            return other;
        }
        self.all.append(&mut other.all);
        self.all.into_iter().collect()
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let (mut all, mut next) = (Vec::new(), 0);
        for (start, end) in &self.all {
            // Those that end before this one begins are of no use to the ones behind it either.
            while other.all.get(next).is_some_and(|(_, last)| last <= start) {
                next += 1;
            }
            let rest = other.all.iter().skip(next);
            for (other_start, other_end) in rest.take_while(|(first, _)| first < end) {
                all.push((*start.max(other_start), *end.min(other_end)));
            }
        }
        Self { all }
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        let (mut all, mut next) = (Vec::new(), 0);
        for (start, end) in &self.all {
            while other.all.get(next).is_some_and(|(_, last)| last <= start) {
                next += 1;
            }
            let mut from = *start;
            let rest = other.all.iter().skip(next);
            for (other_start, other_end) in rest.take_while(|(first, _)| first < end) {
                if from < *other_start {
                    all.push((from, *other_start));
                }
                from = *other_end;
            }
            if from < *end {
                all.push((from, *end));
            }
        }
        Self { all }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.all.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(ranges: &Ranges) -> Vec<u32> {
        ranges.iter().flat_map(|(start, end)| start..end).collect()
    }

    #[test]
    fn nothing_is_no_range() {
        let ranges: Ranges = [(3, 3), (5, 4), (1, 2)].into_iter().collect();
        assert_eq!(ranges.all, [(1, 2)]);
    }

    /// Every pair of sets of the numbers below 8, against the sets themselves.
    #[test]
    fn they_are_sets() {
        let sets: Vec<u32> = (0..256).collect();
        let ranges = |set: u32| {
            let inside = (0..8).filter(|bit| set >> bit & 1 == 1);
            inside.map(|bit| (bit, bit + 1)).collect::<Ranges>()
        };
        let list = |set: u32| {
            (0..8)
                .filter(|bit| set >> bit & 1 == 1)
                .collect::<Vec<u32>>()
        };
        for a in &sets {
            for b in &sets {
                let (left, right) = (ranges(*a), ranges(*b));
                assert_eq!(left.clone().union(right.clone()), ranges(a | b));
                assert_eq!(left.intersection(&right), ranges(a & b));
                assert_eq!(left.difference(&right), ranges(a & !b));
            }
            assert_eq!(members(&ranges(*a)), list(*a));
            let apart = |pair: &[(u32, u32); 2]| pair[0].1 < pair[1].0;
            assert!(ranges(*a).all.array_windows().all(apart));
        }
    }
}
