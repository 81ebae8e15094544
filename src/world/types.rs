//! The entities of the base by type: those of one type follow on each other.

use std::ops::Range;

use super::rows::Row;
use crate::plan::{EntityId, Id, Plan, TypeId};

/// Where the entities of each type begin, so that nothing need be read of an entity to know its type.
#[derive(Clone, Debug, Default)]
pub(super) struct Types {
    /// Of each type that has some, the first; sorted by both.
    firsts: Vec<(TypeId, EntityId)>,
    /// How many entities there are.
    count: usize,
}

impl Types {
    /// Of so many entities of each type, types in order.
    pub(super) fn counted(counts: impl IntoIterator<Item = (TypeId, usize)>) -> Self {
        let mut types = Self::default();
        for (ty, count) in counts {
            types.firsts.push((ty, EntityId::from_index(types.count)));
            types.count += count;
        }
        types
    }

    /// Of the entities that have these rows, if they stand type by type and each is one of the plan.
    pub(super) fn of_rows(plan: &Plan, rows: &[Row]) -> Option<Self> {
        let mut firsts: Vec<(TypeId, EntityId)> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let last = firsts.last().map(|(ty, _)| *ty);
            if last == Some(row.ty()) {
                continue;
            }
            plan.types.find(row.ty())?;
            if last.is_some_and(|last| row.ty() < last) {
                return None;
            }
            firsts.push((row.ty(), EntityId::from_index(index)));
        }
        let count = rows.len();
        Some(Self { firsts, count })
    }

    /// The types that have entities, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = TypeId> + Clone {
        self.firsts.iter().map(|(ty, _)| *ty)
    }

    /// The type of an entity.
    pub(super) fn of(&self, entity: EntityId) -> Option<TypeId> {
        Some(self.firsts.get(self.index(entity)?)?.0)
    }

    /// Which of [`iter`](Self::iter) is the type of an entity.
    pub(super) fn index(&self, entity: EntityId) -> Option<usize> {
        if entity.index() >= self.count {
            return None;
        }
        let after = self.firsts.partition_point(|(_, first)| *first <= entity);
        after.checked_sub(1)
    }

    /// The first entity of that which [`index`](Self::index) tells.
    pub(super) fn first(&self, index: usize) -> Option<EntityId> {
        self.firsts.get(index).map(|(_, first)| *first)
    }

    /// The entities of a type.
    pub(super) fn range(&self, ty: TypeId) -> Range<u32> {
        let found = self.firsts.binary_search_by_key(&ty, |(of, _)| *of);
        let end = EntityId::from_index(self.count);
        let first = |index| self.first(index).unwrap_or(end).0;
        match found {
            Ok(found) => first(found)..first(found + 1),
            Err(_) => end.0..end.0,
        }
    }
}
