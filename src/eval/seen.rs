//! Entities in the order in which they are met, each once.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::plan::EntityId;

/// Above this many, finding one by looking through all would cost more than an index.
const FEW: usize = 32;

/// A list without doubles. While it is short, nothing is allocated.
#[derive(Default)]
pub(super) struct Seen {
    list: SmallVec<[EntityId; 16]>,
    index: HashMap<EntityId, usize, rustc_hash::FxBuildHasher>,
}

impl Seen {
    pub(super) fn from(first: EntityId) -> Self {
        let mut seen = Self::default();
        seen.insert(first);
        seen
    }

    /// Where an entity stands in the list, if it is there.
    pub(super) fn position(&self, entity: EntityId) -> Option<usize> {
        if self.list.len() <= FEW {
            self.list.iter().position(|known| *known == entity)
        } else {
            self.index.get(&entity).copied()
        }
    }

    /// Adds an entity; whether it is new.
    pub(super) fn insert(&mut self, entity: EntityId) -> bool {
        if self.position(entity).is_some() {
            return false;
        }
        self.list.push(entity);
        if self.list.len() > FEW {
            // The first time, all that came before.
            let from = self.index.len();
            let new = self.list.iter().copied().enumerate().skip(from);
            self.index.extend(new.map(|(at, entity)| (entity, at)));
        }
        true
    }

    pub(super) fn get(&self, at: usize) -> Option<EntityId> {
        self.list.get(at).copied()
    }

    pub(super) fn into_list(self) -> SmallVec<[EntityId; 16]> {
        self.list
    }
}
