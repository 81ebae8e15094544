//! Things in the order in which they are met, each once.

use std::collections::HashMap;
use std::hash::Hash;

use smallvec::SmallVec;

use crate::plan::EntityId;

/// Above this many, finding one by looking through all would cost more than an index.
const FEW: usize = 32;

/// A list without doubles. While it is short, nothing is allocated.
pub(super) struct Seen<T = EntityId> {
    list: SmallVec<[T; 16]>,
    index: HashMap<T, usize, rustc_hash::FxBuildHasher>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self {
            list: SmallVec::new(),
            index: HashMap::default(),
        }
    }
}

impl<T: Copy + Eq + Hash> Seen<T> {
    pub(super) fn from(first: T) -> Self {
        let mut seen = Self::default();
        seen.insert(first);
        seen
    }

    /// Where a thing stands in the list, if it is there.
    #[inline]
    pub(super) fn position(&self, thing: T) -> Option<usize> {
        if self.list.len() <= FEW {
            self.list.iter().position(|known| *known == thing)
        } else {
            self.index.get(&thing).copied()
        }
    }

    /// Adds a thing; whether it is new.
    pub(super) fn insert(&mut self, thing: T) -> bool {
        self.find_or_insert(thing).is_none()
    }

    /// Where a thing stands in the list; adds it where it is new.
    #[inline]
    pub(super) fn find_or_insert(&mut self, thing: T) -> Option<usize> {
        let found = self.position(thing);
        if found.is_some() {
            return found;
        }
        self.list.push(thing);
        if self.list.len() > FEW {
            // The first time, all that came before.
            let from = self.index.len();
            let new = self.list.iter().copied().enumerate().skip(from);
            self.index.extend(new.map(|(at, thing)| (thing, at)));
        }
        None
    }

    pub(super) fn get(&self, at: usize) -> Option<T> {
        self.list.get(at).copied()
    }

    pub(super) fn into_list(self) -> SmallVec<[T; 16]> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With few things and with many, and where the one becomes the other.
    #[test]
    fn each_is_there_once_and_in_its_place() {
        let mut seen: Seen<u32> = Seen::default();
        for thing in 0..100 {
            assert_eq!(seen.position(thing), None);
            assert!(seen.insert(thing));
            for before in 0..=thing {
                let at = Some(before as usize);
                assert_eq!(
                    (seen.position(before), seen.find_or_insert(before)),
                    (at, at)
                );
                assert_eq!(seen.get(before as usize), Some(before));
            }
            assert!(!seen.insert(thing));
        }
        assert_eq!(seen.into_list().len(), 100);
    }
}
